"""Read XML documents and print, as JSON, what a schema objects to in each: `xml_check.py SCHEMA FILE...`.

Run by the judges' own interpreter, which alone has xmlschema.
"""

from __future__ import annotations

import json
import sys

import xmlschema


def main() -> None:
    """At most ten objections for each document."""
    schema = xmlschema.XMLSchema(sys.argv[1])
    found = {name: [f"{error.path}: {error.reason}" for error in schema.iter_errors(name)][:10] for name in sys.argv[2:]}
    print(json.dumps({name: said for name, said in found.items() if said}))


if __name__ == "__main__":
    main()
