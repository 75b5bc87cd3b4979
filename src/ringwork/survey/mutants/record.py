"""What became of the project's tests, kept in its folder of reports, with a digest of the code that they were run on.

Against a record of other code that is taken for one of this: where a file of code, of a template or of a test differs, there is no record.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from ringwork.survey import copies
from ringwork.survey.flows import Fate, Mutant, Suite

FILE = Path(".ringwork", "mutants.json")
FORMAT = "ringwork-mutants/1"
_CODE = frozenset({
    ".py", ".pyi", ".html", ".htm", ".j2", ".jinja", ".jinja2", ".sql", ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".txt", ".env",
})  # fmt: skip
"""Settings too: they say which tests there are, and what the code does."""
_LIMIT_BYTES = 20_000_000


def digest(root: Path) -> str:
    """SHA-256 of the names and contents of a project's code, in hexadecimal."""
    whole = hashlib.sha256()
    for path in copies.walk(root):
        if (path.suffix or path.name) in _CODE and path.is_file():
            whole.update(f"{path.relative_to(root).as_posix()}\0".encode())
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def write(root: Path, suite: Suite, *, code: str) -> None:
    """Keep a record. code: the digest of what the tests were run on."""
    path = root / FILE
    path.parent.mkdir(exist_ok=True)
    told = json.dumps({"format": FORMAT, "code": code, "suite": dataclasses.asdict(suite)}, indent=1) + "\n"
    beside = path.with_suffix(".new")
    beside.write_text(told, encoding="utf-8")
    beside.replace(path)  # a run that is ended here leaves the old record or the new one


def read(root: Path) -> Suite:
    """The record of this code; why there is none, else."""
    text = copies.text_of(root / FILE, limit_bytes=_LIMIT_BYTES)
    if not text:
        return Suite(why="there is no record of the project's tests")
    try:
        told = json.loads(text)
        if told["format"] != FORMAT:
            return Suite(why=f"{FILE.as_posix()} is of another version of ringwork")
        suite = _suite(told["suite"])
        is_of_this = told["code"] == digest(root)
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        return Suite(why=f"{FILE.as_posix()} cannot be read")
    return suite if is_of_this else Suite(why=f"{FILE.as_posix()} is of other code: a file was changed since")


def _suite(told: dict[str, Any]) -> Suite:
    mutants = tuple(Mutant(**{**one, "fate": Fate(one["fate"])}) for one in told["mutants"])
    return Suite(**{**told, "failed": tuple(told["failed"]), "unreasoned": tuple(told["unreasoned"]), "mutants": mutants})
