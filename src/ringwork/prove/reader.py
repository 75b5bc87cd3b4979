"""The process that reads the source: started by sources.py as `python -P -m ringwork.prove.reader ASKED FOUND`, ends when it has read.

It imports nothing of what it reads.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from ringwork.prove import breached_source
from ringwork.survey import reading
from ringwork.survey.facts import to_plain
from ringwork.survey.flows import SourceFacts


def breached(framework: str) -> SourceFacts:
    """What reading finds in source as nobody should write it."""
    with tempfile.TemporaryDirectory(prefix="ringwork-read-") as folder:
        breached_source.write(Path(folder), framework)
        return reading.read(Path(folder))


def main(arguments: list[str]) -> None:
    """Read what the first file names, and write what was found into the second."""
    asked = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    found = {"project": reading.read(Path(asked["root"]), only=asked["files"]), "breached": breached(asked["framework"])}
    Path(arguments[1]).write_text(json.dumps({name: to_plain(facts) for name, facts in found.items()}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
