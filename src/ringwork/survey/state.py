"""What a copy keeps: a digest for each store, so that an effect is seen even when the answer says it was refused."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import sqlite3
import sys
import types
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ringwork.survey import copies

_MAGIC = b"SQLite format 3\0"
_DEPTH, _ITEMS = 6, 20_000
# Not stores: what the interpreter and SQLite keep beside files, and logs, which grow with every request.
_PASSED_OVER = ("-wal", "-shm", "-journal", ".pyc", ".log", ".pid", ".sock")
_FOLDERS = frozenset({"__pycache__", ".ringwork-tmp"})


def digest(folder: Path) -> dict[str, str]:
    """Name of each store to 16 hexadecimal characters: tables of SQLite databases, files, module-level containers of `folder`'s modules."""
    found = dict[str, str]()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.name.endswith(_PASSED_OVER) or _FOLDERS & set(path.parts):
            continue
        name = str(path.relative_to(folder))
        if path.suffix in copies.SOURCES:
            found[f"file:{name}"] = _source(path)
        else:
            found.update(_database(path, name) if _is_database(path) else {f"file:{name}": _short(path.read_bytes())})
    found.update(_memory_databases())
    found.update(_containers(folder))
    return found


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The names of the stores that differ, sorted; those that came or went too."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


_SOURCES: dict[Path, tuple[tuple[int, int, int], str]] = {}


def _source(path: Path) -> str:
    """The digest of a source file, read anew only when its inode, time or size differ: those do not change many times a second."""
    stat = path.stat()
    key = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    kept = _SOURCES.get(path)
    if kept is None or kept[0] != key:
        kept = _SOURCES[path] = (key, _short(path.read_bytes()))
    return kept[1]


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == _MAGIC


def _database(path: Path, name: str) -> dict[str, str]:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)) as connection:
            return {f"sqlite:{name}/{table}": value for table, value in _tables(connection)}
    except sqlite3.Error:  # locked or broken: its bytes still tell whether it changed
        return {f"file:{name}": _short(path.read_bytes())}


def _tables(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    for (table,) in names.fetchall():
        quoted = table.replace('"', '""')
        rows = sorted(repr(tuple(row)) for row in connection.execute(f'SELECT * FROM "{quoted}"'))  # noqa: S608  # a name of the schema, quoted
        yield table, _short("\n".join(rows).encode(errors="backslashreplace"))


def _memory_databases() -> dict[str, str]:
    found = dict[str, str]()
    for connection in [item for item in gc.get_objects() if isinstance(item, sqlite3.Connection)]:
        try:
            if any(row[1] == "main" and row[2] for row in connection.execute("PRAGMA database_list")):
                continue
            tables = dict(_tables(connection))
        except sqlite3.Error:  # closed, or of another thread: nothing to read
            continue
        found.update({f"sqlite:memory/{table}": value for table, value in tables.items()})
    return found


def open_database_files() -> list[str]:
    """Files that this process holds open through sqlite3 connections right now."""
    files = list[str]()
    for connection in [item for item in gc.get_objects() if isinstance(item, sqlite3.Connection)]:
        with contextlib.suppress(sqlite3.Error):
            files += [row[2] for row in connection.execute("PRAGMA database_list") if row[2]]
    return files


def _containers(folder: Path) -> dict[str, str]:
    found = dict[str, str]()
    for name, module in sorted(sys.modules.copy().items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not Path(file).is_relative_to(folder):
            continue
        for variable, value in sorted(vars(module).copy().items()):
            if not variable.startswith("__") and isinstance(value, dict | list | set | deque):
                with contextlib.suppress(RuntimeError):  # it changed while it was read; the next look sees it
                    found[f"memory:{name}.{variable}"] = _short(_shown(value, _DEPTH, set()).encode(errors="backslashreplace"))
    return found


def _shown(value: Any, depth: int, seen: set[int]) -> str:
    """Text that is the same for equal plain data, and never calls code of the application."""
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return repr(value)
    if depth == 0 or id(value) in seen:
        return type(value).__name__
    inner = seen | {id(value)}
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(sorted(f"{_shown(k, depth - 1, inner)}:{_shown(v, depth - 1, inner)}" for k, v in list(value.items())[:_ITEMS]))
            + "}"
        )
    if isinstance(value, set | frozenset):
        return "{" + ",".join(sorted(_shown(item, depth - 1, inner) for item in value)) + "}"
    if isinstance(value, list | tuple | deque):
        return "[" + ",".join(_shown(item, depth - 1, inner) for item in list(value)[:_ITEMS]) + "]"
    if isinstance(value, types.FunctionType | types.ModuleType | type):
        return getattr(value, "__name__", "object")
    fields = getattr(value, "__dict__", None)
    return type(value).__name__ + (_shown(fields, depth - 1, inner) if isinstance(fields, dict) else "")
