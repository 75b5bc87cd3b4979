"""The process that reads the source: started by sources.py as `python -P -m ringwork.prove.reader ASKED FOUND`, ends when it has read.

It imports nothing of what it reads.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from ringwork.prove import breached_source
from ringwork.prove.checking import is_test
from ringwork.survey import reading
from ringwork.survey.facts import to_plain
from ringwork.survey.flows import SourceFacts
from ringwork.survey.linters import hearing, sensitive
from ringwork.survey.taint import files


def breached(framework: str, *, typed: bool = True) -> SourceFacts:
    """What reading finds in source as nobody should write it. typed: whether the type checker is asked too, which takes seconds."""
    with tempfile.TemporaryDirectory(prefix="ringwork-read-") as folder:
        root = Path(folder)
        breached_source.write(root, framework)
        return whole(root, (), breached_source.SENSITIVE if typed else breached_source.SENSITIVE[:1])


def whole(root: Path, only: Collection[str], marked: Sequence[str], *, floor: float = sensitive.FLOOR) -> SourceFacts:
    """What we read, what other tools say of the same files, and what is known of those that are marked sensitive.

    only: the application's modules, () for all that are no tests.
    """
    facts = reading.read(root, only=only)
    names = only or [found.file for found in files.listing(root).files if not is_test(found.file)]
    facts = hearing.with_others(facts, root, names)
    return replace(facts, sensitive=sensitive.read(root, names, marked, floor=floor))


def main(arguments: list[str]) -> None:
    """Read what the first file names, and write what was found into the second."""
    asked = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    project = whole(Path(asked["root"]), asked["files"], asked["sensitive"], floor=asked["floor"])
    found = {"project": project, "breached": breached(asked["framework"], typed=bool(asked["sensitive"]))}
    Path(arguments[1]).write_text(json.dumps({name: to_plain(facts) for name, facts in found.items()}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
