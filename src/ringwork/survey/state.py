"""What a copy keeps: a digest for each store, so that an effect is seen even when the answer says it was refused."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import re
import sqlite3
import stat
import sys
import time
import types
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_MAGIC = b"SQLite format 3\0"
MEMORY = "sqlite:memory/"
"""The beginning of the names of tables that no file holds."""
IN_MODULES = "memory:"
"""The beginning of the names of what modules keep."""
_DEPTH, _ITEMS = 6, 20_000
MANY: tuple[Any, ...] = (list, tuple, set, frozenset, deque)
"""Kinds of containers that hold values without names."""
_CLASS_FIELDS = type.__dict__["__dict__"]
# Not stores: what the interpreter and SQLite keep beside files, and logs, which grow with every request.
_PASSED_OVER = ("-wal", "-shm", "-journal", ".pyc", ".log", ".pid", ".sock")
_ROTATED = re.compile(r"\.log\.[\d-]+$")
_FOLDERS = frozenset({"__pycache__", ".ringwork-tmp"})
# Against a request that is blamed for what a library's own objects (routes, templates, tables) work out at first use and keep.
_MACHINERY = (
    "django.urls", "django.template", "rest_framework.routers", "flask.app", "flask.blueprints", "flask.sansio", "werkzeug.routing",
    "starlette.routing", "starlette.templating", "starlette.applications", "fastapi.routing", "fastapi.applications",
    "aiohttp.web_urldispatcher", "aiohttp.web_app", "jinja2", "blinker", "sqlalchemy",
)  # fmt: skip


def dispose_engines() -> None:
    """Close pooled SQLite connections, so that no variant shares one (SQLAlchemy's own advice before a fork)."""
    sqlalchemy = sys.modules.get("sqlalchemy")
    if sqlalchemy is None:
        return
    for engine in [item for item in gc.get_objects() if issubclass(type(item), sqlalchemy.engine.Engine)]:
        if engine.url.database and ":memory:" not in engine.url.database:
            engine.dispose()


def digest(folder: Path) -> dict[str, str]:
    """Name of each store to 16 hexadecimal characters: tables of SQLite databases, files, module-level containers of `folder`'s modules."""
    found = dict[str, str]()
    start = len(str(folder)) + 1
    for path, key in _files(str(folder)):
        known = _KNOWN.get(path)
        found.update(known[1] if known is not None and known[0] == key else _read(path, path[start:], key))
    found.update(_memory_databases())
    found.update(_containers(folder))
    return found


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The names of the stores that differ, sorted; those that came or went too."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


Stamp = tuple[int, ...]
"""Inode, time and size of a file, and of the log that SQLite keeps beside it."""

_NO_LOG: Stamp = (0, 0, 0)


def _files(folder: str) -> Iterator[tuple[str, Stamp]]:
    """Each regular file with its stamp. Plain text, for this is done hundreds of times in a proof and over every file."""
    waiting = [folder]
    while waiting:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(waiting.pop()) as listed:  # gone since it was listed
            there = {entry.name: entry for entry in listed}
            for name, entry in there.items():
                if entry.is_dir(follow_symlinks=False):
                    if name not in _FOLDERS:
                        waiting.append(entry.path)
                elif not name.endswith(_PASSED_OVER) and not (".log." in name and _ROTATED.search(name)):
                    try:
                        seen = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    if stat.S_ISREG(seen.st_mode):
                        beside = _beside(f"{entry.path}-wal") if f"{name}-wal" in there else _NO_LOG
                        yield entry.path, (seen.st_ino, seen.st_mtime_ns, seen.st_size, *beside)


def _stamp(seen: os.stat_result) -> Stamp:
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


def _beside(log: str) -> Stamp:
    with contextlib.suppress(OSError):
        return _stamp(os.lstat(log))
    return _NO_LOG


_SETTLED_NS = 100_000_000
_KNOWN: dict[str, tuple[Stamp, dict[str, str]]] = {}


def _read(path: str, name: str, key: Stamp) -> dict[str, str]:
    """The digests of one file, kept for as long as inode, time and size stay as they are.

    Against a change that leaves no trace in coarse file times: what was written a moment before a look is looked at again.
    """
    place = Path(path)
    found = _database(place, name) if _is_database(place) else {f"file:{name}": _short(place.read_bytes())}
    if time.time_ns() - max(key[1], key[4]) > _SETTLED_NS:
        _KNOWN[path] = (key, found)
    else:
        _KNOWN.pop(path, None)
    return found


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


_opened: list[str] | None = None
"""Databases that were opened since `watch_databases`; None before it, when any may be open."""


def watch_databases() -> None:
    """Note from now on which databases are opened, so that memory is searched for open ones only where there can be one."""
    global _opened  # noqa: PLW0603  # an audit hook is for the whole process and for ever
    if _opened is None:
        _opened = []
        sys.addaudithook(_note_database)


def _note_database(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "sqlite3.connect" and _opened is not None:
        name = str(arguments[0])
        if (":memory:" in name or "mode=memory" in name or not name) and name not in _opened:
            _opened.append(name)


def _memory_databases() -> dict[str, str]:
    found = dict[str, str]()
    for connection in _in_memory():
        with contextlib.suppress(sqlite3.Error):
            found.update({f"{MEMORY}{table}": value for table, value in _tables(connection)})
    return found


_resting: list[sqlite3.Connection] = []
"""Connections that the collector was told to leave alone, and no longer tells of."""


def note_connections() -> None:
    """Keep hold of the connections that are open, before the collector is told to leave what there is alone (`gc.freeze`)."""
    _resting.extend(item for item in gc.get_objects() if _is(item, sqlite3.Connection))


def connections() -> list[sqlite3.Connection]:
    """Every connection to a database of SQLite that this process has, closed ones perhaps among them."""
    return [*_resting, *(item for item in gc.get_objects() if _is(item, sqlite3.Connection))]


def _in_memory() -> Iterator[sqlite3.Connection]:
    """The open connections to databases that no file holds."""
    if _opened is not None and not _opened:
        return
    for connection in connections():
        with contextlib.suppress(sqlite3.Error):  # closed, or of another thread: nothing to read
            if not any(row[1] == "main" and row[2] for row in connection.execute("PRAGMA database_list")):
                yield connection


def databases(folder: Path) -> Iterator[tuple[str, sqlite3.Connection]]:
    """Each SQLite database of the copy that can be read, with the beginning of its tables' names in `digest`."""
    for path, _ in _files(str(folder)):
        place = Path(path)
        with contextlib.suppress(sqlite3.Error, OSError):
            if _is_database(place):
                with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)) as connection:
                    yield f"sqlite:{place.relative_to(folder)}/", connection
    yield from ((MEMORY, connection) for connection in _in_memory())


def _containers(folder: Path) -> dict[str, str]:
    found = dict[str, str]()
    for name, value in containers(folder):
        with contextlib.suppress(RuntimeError):  # it changed while it was read; the next look sees it
            found[name] = _short(_shown(value, _DEPTH, set()).encode(errors="backslashreplace"))
    return found


def containers(folder: Path) -> Iterator[tuple[str, Any]]:
    """Name and value of each module-level container of the folder's modules; the prover's own, where it lies there too, are none."""
    inside = f"{folder}{os.sep}"
    for name, module in sorted(sys.modules.copy().items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not file.startswith(inside) or name.partition(".")[0] == "ringwork":
            continue
        for variable, value in sorted(vars(module).copy().items()):
            if not variable.startswith("__") and _is(value, dict | list | set | deque):
                yield f"{IN_MODULES}{name}.{variable}", value


def _shown(value: Any, depth: int, seen: set[int]) -> str:
    """Text that is the same for equal plain data, and never calls code of the application."""
    if value is None or _is(value, bool | int | float | str | bytes):
        return repr(value)
    if depth == 0 or id(value) in seen:
        return type(value).__name__
    inner = seen | {id(value)}
    if _is(value, dict):
        return (
            "{"
            + ",".join(sorted(f"{_shown(k, depth - 1, inner)}:{_shown(v, depth - 1, inner)}" for k, v in list(dict.items(value))[:_ITEMS]))
            + "}"
        )
    many = next((base for base in MANY if _is(value, base)), None)
    if many in {set, frozenset}:
        return "{" + ",".join(sorted(_shown(item, depth - 1, inner) for item in many.__iter__(value))) + "}"
    if many is not None:
        return "[" + ",".join(_shown(item, depth - 1, inner) for item in list(many.__iter__(value))[:_ITEMS]) + "]"
    if _is(value, types.FunctionType | types.ModuleType | type):
        return getattr(value, "__name__", "object")
    if type(value).__module__.startswith(_MACHINERY):
        return type(value).__name__
    fields = own_fields(value)
    return type(value).__name__ + (_shown(fields, depth - 1, inner) if fields is not None else "")


def own_fields(value: Any) -> dict[Any, Any] | None:
    """The dictionary that the interpreter keeps for an object; None for one without, and where its class answers by code of its own."""
    for base in type.__dict__["__mro__"].__get__(type(value)):
        found = _CLASS_FIELDS.__get__(base).get("__dict__")
        if found is not None:
            fields = found.__get__(value) if type(found) is types.GetSetDescriptorType else None
            return fields if issubclass(type(fields), dict) else None
    return None


def _is(value: object, kinds: type | types.UnionType) -> bool:
    """As isinstance, without asking the value: lazy objects (Django's settings) run the application's code when they are asked."""
    return issubclass(type(value), kinds)
