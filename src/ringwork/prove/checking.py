"""One static run: what is to be read, who reads it, and how it ends. Nothing of the project is imported or started.

Against a run that reads less than it was asked for: a name that is no file is refused, and files that were left out are counted.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ringwork.errors import TargetFailed
from ringwork.prove import checked, grades, project, revision, rotations
from ringwork.prove.checked import Checked
from ringwork.survey import copies, remembered
from ringwork.survey.flows import Flow, Past, SourceFacts, Strength, Unread
from ringwork.survey.linters import hearing, merging, run, suppressions
from ringwork.survey.linters.tool import Asked, Result
from ringwork.survey.syntax import Files

_MARKS = ("ringwork.toml", "pyproject.toml", "setup.cfg", "setup.py", ".git")
_TESTS = frozenset({"tests", "test", "testing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for. select, ignore: layers, controls, checks. is_weak: weak findings too. tests: files of tests too.

    jobs: processes that read. is_kept: what was read before is read again only where something changed.
    history: secrets that earlier commits added, too.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str = "low"
    is_weak: bool = False
    tools: bool = True
    tests: bool = False
    jobs: int = 1
    is_kept: bool = False
    history: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is to be read. names: Python files below the root, relative, sorted. is_whole: whether they are all that it has.

    others: files that are no Python, where only some are read. left_out: how many files of tests were left out.
    """

    root: Path
    names: tuple[str, ...]
    is_whole: bool
    others: tuple[str, ...] = ()
    left_out: int = 0


def place(paths: Sequence[Path], *, here: Path, since: str, tests: bool) -> Place:
    """The project and its files. since: a revision, for files that differ from it alone; "" for all.

    Raises TargetFailed where a path is not there, or lies outside of the project.
    """
    for path in paths:
        if not (here / path).exists():
            raise TargetFailed(step="check", problem=f"there is no {path}", advice="name a folder, or Python files")
    folders = [here / path for path in paths if (here / path).is_dir()]
    if len(paths) == 1 and folders:
        root = folders[0].resolve()
        return _some(root, _changed(root, since), tests=tests) if since else _whole(root, tests=tests)
    if not paths:
        root = here.resolve()
        return _some(root, _changed(root, since), tests=tests) if since else _whole(root, tests=tests)
    files = [file for path in paths for file in _below(here / path)]
    root = _root(Path(os.path.commonpath([file.resolve().parent for file in files])) if files else here)
    if since:
        wanted = set(_changed(root, since))
        files = [file for file in files if file.resolve().is_relative_to(root) and file.resolve().relative_to(root).as_posix() in wanted]
    outside = [file for file in files if not file.resolve().is_relative_to(root)]
    if outside:
        advice = f"run it in the folder that holds {outside[0].name}"
        raise TargetFailed(step="check", problem=f"{outside[0]} lies outside of {root}", advice=advice)
    return _some(root, [file.resolve().relative_to(root).as_posix() for file in files], tests=True)


def _below(path: Path) -> Iterable[Path]:
    return copies.walk(path) if path.is_dir() else (path,)


def _root(here: Path) -> Path:
    """The project around a folder: the nearest one with settings or a repository."""
    return next((folder for folder in (here, *here.parents) if any((folder / mark).exists() for mark in _MARKS)), here).resolve()


def _changed(root: Path, since: str) -> list[str]:
    return [name for name in revision.changes(root, since) if (root / name).is_file()]


def _whole(root: Path, *, tests: bool) -> Place:
    named = (name for name in copies.names(root) if name.endswith(".py") and not name.endswith("/.py") and name != ".py")
    names = [name for name in named if os.path.isfile(f"{root}{os.sep}{name}")]  # noqa: PTH113  # asked of every file
    kept = [name for name in names if tests or not is_test(name)]
    return Place(root=root, names=tuple(sorted(kept)), is_whole=True, left_out=len(names) - len(kept))


def _some(root: Path, names: Iterable[str], *, tests: bool) -> Place:
    every = sorted(set(names))
    given = [name for name in every if name.endswith(".py")]
    others = tuple(name for name in every if not name.endswith(".py"))
    kept = [name for name in given if tests or not is_test(name)]
    return Place(root=root, names=tuple(kept), is_whole=False, others=others, left_out=len(given) - len(kept))


def is_test(name: str) -> bool:
    """Whether a file is one of the project's tests: what stands there is attacked by nobody."""
    path = PurePosixPath(name)
    return bool(_TESTS & set(path.parts[:-1])) or path.name == "conftest.py" or path.name.startswith("test_") or path.stem.endswith("_test")


def check(asked: Place, options: Options, *, today: datetime.date) -> Checked:
    """Read, merge, judge. Raises TargetFailed for names that the catalogue does not have."""
    begun = time.monotonic()
    grades.require_severity(options.fail_on)
    checked.require_known((*options.select, *options.ignore))
    files = Files(asked.root)
    results, facts = _read(asked, options)
    comments = list(suppressions.of_files(files, asked.names))
    every = (*comments, *(suppressions.of_settings(asked.root) if asked.is_whole else ()))
    hidden = tuple(suppressions.met(every, hearing.known_behind(facts.flows, results)))
    past = _past(asked.root) if options.history else None
    _require_read(past)
    ours = [*touching(facts.flows, asked), *(one.flow for one in hidden if one.fault)]
    rows = merging.merged(ours, [flow for one in results for flow in one.flows], spans=files.span)
    found = checked.found(rows, hidden, select=options.select, ignore=options.ignore, today=today, past=past)
    faults = checked.faults(hidden, today)
    shown = [one for one in found if not one.accepted and (options.is_weak or one.strength is Strength.STRONG)]
    unread = tuple(sorted(_unread(facts, results, asked), key=lambda one: (one.why, one.file, one.line)))
    code, reason = checked.ended(
        shown,
        fail_on=options.fail_on,
        files=len(asked.names),
        lost=len({one.file for one in facts.unread if not one.line} & set(asked.names)),
        unread=len({one.file for one in unread} & set(asked.names)),
        broken_waivers=len(faults),
        is_whole=asked.is_whole,
    )
    return Checked(
        root=asked.root.name,
        version=importlib.metadata.version("ringwork"),
        found=found,
        unread=unread,
        tools=results,
        suppressed=hidden,
        files=len(asked.names),
        lines=sum(files.file(name).data.count(b"\n") for name in asked.names),
        seconds=time.monotonic() - begun,
        fail_on=options.fail_on,
        shows_weak=options.is_weak,
        exit_code=code,
        exit_reason=reason,
        asked=0 if asked.is_whole else len(asked.names),
        left_out=asked.left_out,
        faults=faults,
        past=past,
    )


def _past(root: Path) -> Past:
    """What earlier commits added."""
    from ringwork.survey.looks import history

    return history.read(root, rotated=rotations.of_table(project.table(root)))


def _require_read(past: Past | None) -> None:
    """Against a history that was asked for and is silently left out."""
    if past is not None and past.why:
        raise TargetFailed(step="history", problem=past.why, advice="run it in a clone of the whole repository, or without --history")


def _read(asked: Place, options: Options) -> tuple[tuple[Result, ...], SourceFacts]:
    """What other tools say, and what we read ourselves: of the whole project, for what it is depends on all of it.

    One process reads while the others run. Several read first: a process that has threads cannot be copied.
    """
    given = Asked(root=asked.root, files=asked.names, is_whole=asked.is_whole, is_kept=options.is_kept)
    if options.jobs > 1:
        facts = _ours(asked, options)
        return (run.run(given) if options.tools else ()), facts
    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(run.run, given) if options.tools else None
        facts = _ours(asked, options)
        return (others.result() if others is not None else ()), facts


def _ours(asked: Place, options: Options) -> SourceFacts:
    if not asked.names and not asked.others:
        return SourceFacts()
    if options.is_kept:
        return remembered.read(asked.root, jobs=options.jobs)
    from ringwork.survey import reading

    return reading.read(asked.root, jobs=options.jobs)


def touching(flows: Iterable[Flow], asked: Place) -> list[Flow]:
    """Those of whose steps one stands in a file that was asked for."""
    wanted = {*asked.names, *asked.others}
    if asked.is_whole:
        return [flow for flow in flows if flow.place.file in wanted or not is_test(flow.place.file)]
    return [flow for flow in flows if any(step.file in wanted for step in flow.steps)]


def _unread(facts: SourceFacts, results: Iterable[Result], asked: Place) -> Iterable[Unread]:
    wanted = set(asked.names)
    yield from (one for one in facts.unread if one.file in wanted or (asked.is_whole and not is_test(one.file)))
    yield from (one for result in results for one in result.unread)
