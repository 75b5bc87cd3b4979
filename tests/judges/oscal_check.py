"""Read OSCAL documents and print, as JSON, what NIST's schema objects to in each: `oscal_check.py FILE...`.

Run by the judges' own interpreter, which alone has the types that are generated from that schema.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from oscal_bindings import OscalDocument
from pydantic import ValidationError


def main() -> None:
    """Documents are read as values first: the types' own reader of text drops keys that are spelled in Python's way."""
    found = {}
    for name in sys.argv[1:]:
        try:
            OscalDocument.model_validate(json.loads(Path(name).read_text(encoding="utf-8")))
        except ValidationError as error:
            found[name] = [f"{fault['loc']}: {fault['msg']}" for fault in error.errors()[:10]]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
