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

from ringwork import alone
from ringwork.prove import breached_source
from ringwork.prove.checking import is_test
from ringwork.survey import reading
from ringwork.survey.facts import to_plain
from ringwork.survey.flows import Fate, Mutant, Past, Rotated, SourceFacts, Suite
from ringwork.survey.linters import hearing, layered, sensitive
from ringwork.survey.looks import history, repository
from ringwork.survey.mutants import places, record
from ringwork.survey.syntax import File
from ringwork.survey.taint import files

_HISTORY_SECONDS = 90.0
"""Of the three minutes that reading may take."""


def breached(framework: str, *, typed: bool = True) -> SourceFacts:
    """What reading finds in source as nobody should write it. typed: whether the type checker is asked too, which takes seconds."""
    with tempfile.TemporaryDirectory(prefix="ringwork-read-") as folder:
        root = Path(folder)
        breached_source.write(root, framework)
        suite = breached_suite(root)
        return replace(whole(root, (), breached_source.SENSITIVE if typed else breached_source.SENSITIVE[:1]), suite=suite)


def whole(root: Path, only: Collection[str], marked: Sequence[str], *, floor: float = sensitive.FLOOR) -> SourceFacts:
    """What we read, what other tools say of the same files, and what is known of those that are marked sensitive.

    only: the application's modules, () for all that are no tests.
    """
    facts = reading.read(root, only=only)
    names = only or [found.file for found in files.listing(root).files if not is_test(found.file)]
    facts = hearing.with_others(facts, root, names)
    return replace(
        facts,
        sensitive=sensitive.read(root, names, marked, floor=floor),
        suite=record.read(root),
        layered=layered.of(root, tuple(sorted(names))),
    )


def breached_suite(root: Path) -> Suite:
    """A record of tests as nobody should leave it: one that fails, and a line that vanishes unnoticed."""
    test, guard = (f"{breached_source.stem_of(f'source.security-tests/{name}')}.py" for name in ("suite-runs", "mutation-of-controls"))
    found = [
        Mutant(file=guard, line=one.line, said=one.said, fate=Fate.SURVIVED, tests=1)
        for one in places.of(File((root / guard).read_bytes()))
    ]
    suite = Suite(passed=1, failed=(f"{test}::test_a_stranger_is_refused",), places=len(found), mutants=tuple(found))
    record.write(root, suite, code=record.digest(root))
    return record.read(root)


def past(root: Path, rotated: Sequence[Rotated]) -> Past:
    """What earlier commits added."""
    return history.read(root, seconds=_HISTORY_SECONDS, rotated=tuple(rotated))


def breached_past() -> Past:
    """The same of a repository in which a secret was added and deleted; why not, where no git is there to make one."""
    author = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.invalid", "-c", "commit.gpgSign=false")
    added, deleted = (*author, "commit", "-qm", "added"), (*author, "commit", "-qm", "deleted")
    with tempfile.TemporaryDirectory(prefix="ringwork-read-") as folder:
        root, once = Path(folder), breached_source.past()
        for name, text in once.items():
            (root / name).write_text(text, encoding="utf-8")
        steps = (("init", "-q"), ("add", *once), added, ("rm", "-q", *once), deleted)
        if any(repository.asked(root, *step) is None for step in steps):
            return Past(why="git could make no repository, so that nothing shows that this check can fail")
        return history.read(root)


def main(arguments: list[str]) -> None:
    """Read what the first file names, and write what was found into the second."""
    asked = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    rotated = [Rotated(**one) for one in asked["rotated"]]
    found = {"project": whole(Path(asked["root"]), asked["files"], asked["sensitive"], floor=asked["floor"])}
    if asked["breached"]:
        found["breached"] = breached(asked["framework"], typed=bool(asked["sensitive"]))
    if asked["history"]:
        pasts = {"project": past(Path(asked["root"]), rotated), **({"breached": breached_past()} if asked["breached"] else {})}
        found = {name: replace(facts, past=pasts[name]) for name, facts in found.items()}
    Path(arguments[1]).write_text(json.dumps({name: to_plain(facts) for name, facts in found.items()}), encoding="utf-8")


if __name__ == "__main__":
    alone.until_the_end()
    main(sys.argv[1:])
