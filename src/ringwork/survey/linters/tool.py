"""What one of the other tools is to us: how it is started, and what of its result file is kept.

Against a result that is believed because a process ended well: what counts is the file that it wrote, and what that file does not speak of
was not looked at.
"""

from __future__ import annotations

import configparser
import contextlib
import functools
import importlib.util
import json
import os
import shutil
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ringwork.survey import copies
from ringwork.survey.flows import Entry, Flow, Step, Strength, Unread

RESULT_LIMIT_BYTES = 50_000_000


class State(StrEnum):
    """What became of a tool."""

    RAN = "ran"
    ABSENT = "absent"  # it is not installed
    UNASKED = "not asked"  # the project has nothing for it to read, or its settings leave it out
    FAILED = "failed"  # it wrote no result that could be read
    LATE = "late"  # its time was over before it had written its result


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be read. root: of the project. files: Python files below it, relative, with slashes; sorted.

    is_whole: whether they are all of the project; tools that judge a project as a whole are asked only then.
    is_kept: whether a tool that judges each file by itself is asked only of those that changed.
    """

    root: Path
    files: tuple[str, ...]
    is_whole: bool = True
    is_kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """Why a tool is not asked, and what would change that."""

    why: str
    unlock: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saw:
    """What a result file says. hidden: findings that a comment of the project switches off."""

    flows: tuple[Flow, ...] = ()
    unread: tuple[Unread, ...] = ()
    hidden: tuple[Flow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """How the result of a tool that judges each file by itself is taken apart, and put together again of parts of several runs.

    about: what a part stands on beside the file, in words; "" where nobody knows, and nothing is kept.
    parts: a result by file, relative to the root. whole: the result.
    """

    about: Callable[[Asked], str]
    parts: Callable[[Any, Path], Mapping[str, Any]]
    whole: Callable[[Sequence[Any]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """What the result of a tool that judges a project as a whole stands on, beside the files below the root that are no Python.

    about: what lies elsewhere, in words; "" where nobody knows, and nothing is kept. of_file: what it reads of a Python file, as a digest.
    """

    about: Callable[[Asked], str]
    of_file: Callable[[bytes], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool. start: the words that start it in the project's folder and let it write to a path; or why not.

    read: what the result file says, for paths as it wrote them. prints: its result is what it prints, kept in the same file.
    apart, together: how its word is kept, one of them or none.
    """

    name: str
    start: Callable[[Asked, Path], Sequence[str] | Declined]
    read: Callable[[Path, Asked], Saw]
    prints: bool = False
    apart: Apart | None = None
    together: Together | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one tool in one run. why: for every state but RAN. unlock: the line that would let it run."""

    tool: str
    version: str
    state: State
    why: str = ""
    unlock: str = ""
    flows: tuple[Flow, ...] = ()
    unread: tuple[Unread, ...] = ()
    hidden: tuple[Flow, ...] = ()


_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "VIRTUAL_ENV", "MYPYPATH", "DJANGO_SETTINGS_MODULE")


def environment() -> Mapping[str, str]:
    """Little of ours: no variable of the user's changes what a tool does, and no secret reaches it."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0"}


def words_of(name: str) -> tuple[str, ...]:
    """How a tool is started: as a module of this environment, else by the path; () where it is not installed."""
    if importlib.util.find_spec(name) is not None:
        # Against a file of the project that has the name of a module of the tool's: -P keeps the project's folder out of its path.
        return (sys.executable, "-P", "-m", name)
    found = program(name)
    return (found,) if found else ()


def program(name: str) -> str:
    """The path of a program: beside this interpreter, else as the shell finds it; "" where there is none."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name) or ""


def absent(name: str) -> Declined:
    """The tool is not installed."""
    return Declined(why=f"{name} is not installed", unlock="pip install 'ringwork[tools]'")


def json_of(path: Path) -> Any:
    """The contents of a result file. Raises ValueError with what is wrong."""
    if not path.is_file() or not path.stat().st_size:
        raise ValueError("it wrote no result")
    if path.stat().st_size > RESULT_LIMIT_BYTES:
        raise ValueError(f"its result is larger than {RESULT_LIMIT_BYTES // 1_000_000} MB")
    return json.loads(path.read_text(encoding="utf-8", errors="replace"))


@functools.lru_cache(maxsize=10_000)
def inside(path: str, root: Path) -> str:
    """A path as a tool wrote it, relative to the root, with slashes; as it stands where it leads elsewhere."""
    whole = Path(path) if Path(path).is_absolute() else root / path
    try:
        return whole.resolve().relative_to(root.resolve()).as_posix()
    except (ValueError, OSError):
        return Path(path).as_posix()


def seen(*, tool: str, code: str, kind: str, file: str, line: int, column: int = 0, said: str, function: str = "") -> Flow:
    """A finding of a tool as a flow of one step; weak, because no tool but ours followed a value there."""
    step = Step(file=file, line=max(line, 1), column=max(column, 0), said=said)
    return Flow(kind=kind, strength=Strength.WEAK, sink=f"{tool} {code}", entry=Entry(), steps=(step,), function=function, detail=said)


def sections(path: Path) -> configparser.RawConfigParser:
    """A file of the form of INI; without a section where there is none, or where it is of another form."""
    reader = configparser.RawConfigParser()
    with contextlib.suppress(configparser.Error):
        reader.read_string(copies.text_of(path))
        return reader
    return configparser.RawConfigParser()


def settings(root: Path, *names: str) -> Mapping[str, Any]:
    """A table of pyproject.toml, by the names that lead to it; empty where there is none, or where the file is no TOML."""
    try:
        found: Any = tomllib.loads(copies.text_of(root / "pyproject.toml"))
    except tomllib.TOMLDecodeError:
        return {}
    for name in names:
        found = found.get(name, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}
