"""SQLite files outside the copy are replaced by copies, and databases of servers by empty files, so that nothing in use is harmed."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import sqlite3.dbapi2
import urllib.parse
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from ringwork.survey.harness import confine, reopening, server_databases

OUTSIDE = ".ringwork-outside"
"""The folder inside the copy that holds copies of databases from elsewhere."""


_TOLD: list[Callable[[sqlite3.Connection], None]] = []


def tell(opened: Callable[[sqlite3.Connection], None]) -> None:
    """Hand every connection that is opened from here on to `opened`."""
    _TOLD.append(opened)


def redirect_databases(*, copy: Path, original: Path, imports: Collection[str] = ()) -> None:
    """Make every later `sqlite3.connect` stay inside `copy`, and what goes to a server through an ORM of `imports`, top-level names.

    original: the user's own root, whose files are mapped to the copy's.
    """
    true_connect = sqlite3.connect

    def connect(database: Any = ":memory:", *args: Any, **keywords: Any) -> Any:
        kept = _inside(database, copy, original, uri=bool(keywords.get("uri")))
        made = true_connect(kept, *args, **keywords)
        is_path = isinstance(kept, str) and kept and not kept.startswith((":", "file:"))
        reopening.note(made, str(Path(kept).absolute()) if is_path else kept, args, keywords)
        for told in _TOLD:
            told(made)
        return made

    sqlite3.connect = connect
    sqlite3.dbapi2.connect = connect
    server_databases.replace(copy=copy, imports=imports)


def _inside(database: Any, copy: Path, original: Path, *, uri: bool) -> Any:
    if not isinstance(database, str | bytes | os.PathLike):
        return database
    text = os.fsdecode(database)
    if uri and text.startswith("file:"):
        parts = urllib.parse.urlsplit(text)
        path = urllib.parse.unquote(parts.path)
        if path in {"", ":memory:"} or "mode=memory" in parts.query:
            return database
        return f"file:{urllib.parse.quote(str(_kept(path, copy, original)))}{'?' + parts.query if parts.query else ''}"
    if text in {"", ":memory:"}:
        return database
    return str(_kept(text, copy, original))


def _kept(text: str, copy: Path, original: Path) -> Path:
    path = Path(os.path.realpath(text))
    if path.is_relative_to(copy):
        if not path.parent.exists():  # a folder of data that a checkout does not have
            path.parent.mkdir(parents=True)
            confine.note(f"the folder {path.parent.relative_to(copy)} of a database was made")
        return path
    if path.is_relative_to(original):
        return _mapped(path, copy / path.relative_to(original))
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    return _mapped(path, copy / OUTSIDE / f"{digest}-{path.name}")


def _mapped(source: Path, kept: Path) -> Path:
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("", "-wal"):
            if Path(f"{source}{suffix}").is_file():
                shutil.copyfile(f"{source}{suffix}", f"{kept}{suffix}")
    confine.note(f"the database {source} was replaced by a copy of it")
    return kept
