"""Records that the copy holds: rows of its tables, and entries of what its modules keep. Read, and one field of them changed in the copy.

Against code of the application that runs by being looked at: of objects the interpreter itself gives their own dictionary, and nothing
else is asked; a proxy that answers for another, and a container that counts its own way, are read as what they are.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ringwork.survey import state

_MOST, _MOST_INSIDE = 200, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One of them. place: as `state` names its table or variable. under: the key under which it stands in a dictionary, else "".

    put: change the field of this name; raises what its store raises.
    """

    place: str
    fields: Mapping[str, Any]
    put: Callable[[str, Any], None] = field(repr=False)
    under: str = ""


def of_tables(folder: Path, is_wanted: Callable[[str], object]) -> Iterator[Record]:
    """The rows of every table that has a column of a wanted name."""
    for name, connection in state.databases(folder):
        with contextlib.suppress(sqlite3.Error):  # locked, or of another thread
            asked = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            for (table,) in connection.execute(asked).fetchall():
                yield from _of_table(folder, name, connection, str(table), is_wanted)


def _of_table(
    folder: Path, database: str, connection: sqlite3.Connection, table: str, is_wanted: Callable[[str], object]
) -> Iterator[Record]:
    quoted = _quoted(table)
    columns = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({quoted})").fetchall()]
    if not any(is_wanted(column) for column in columns):
        return
    for rowid, *values in _rows(connection, quoted):

        def put(column: str, value: Any, rowid: int | None = rowid) -> None:
            change = f"UPDATE {quoted} SET {_quoted(column)} = ? WHERE rowid = ?"  # noqa: S608  # quoted
            if database == state.MEMORY:
                connection.execute(change, (value, rowid))
                connection.commit()
                return
            path = folder / database.removeprefix("sqlite:").rstrip("/")
            with contextlib.closing(sqlite3.connect(path, timeout=2)) as writing, writing:
                writing.execute(change, (value, rowid))

        yield Record(place=f"{database}{table}", fields=dict(zip(columns, values, strict=True)), put=put)


def _rows(connection: sqlite3.Connection, quoted: str) -> list[tuple[Any, ...]]:
    """Each with its number in front; None in tables that number no rows, which are read alone."""
    try:
        return connection.execute(f"SELECT rowid, * FROM {quoted} ORDER BY rowid LIMIT {_MOST}").fetchall()  # noqa: S608  # quoted
    except sqlite3.OperationalError:
        return connection.execute(f"SELECT NULL, * FROM {quoted} LIMIT {_MOST}").fetchall()  # noqa: S608  # quoted


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def of_modules(folder: Path, *, depth: int) -> Iterator[Record]:
    """Dictionaries and objects of what modules keep, down to so many levels; a container that is a dictionary is the first of its own."""
    for place, container in state.containers(folder):
        with contextlib.suppress(RuntimeError):  # it changes while it is read
            yield from _inside(place, container, "", depth, set(), _MOST)


def _inside(place: str, value: Any, under: str, depth: int, seen: set[int], most: int) -> Iterator[Record]:
    if depth == 0 or id(value) in seen:
        return
    seen.add(id(value))
    kind = type(value)
    many = next((base for base in state.MANY if issubclass(kind, base)), None)
    if many is not None:
        for one in list(itertools.islice(many.__iter__(value), most)):
            yield from _inside(place, one, "", depth - 1, seen, _MOST_INSIDE)
        return
    fields = value if issubclass(kind, dict) else state.own_fields(value) if not issubclass(kind, type) else None
    if fields is None:
        return
    held = list(itertools.islice(dict.items(fields), most))
    named = {key: one for key, one in held if isinstance(key, str)}
    yield Record(place=place, fields=named, under=under, put=functools.partial(_put, value))
    for key, one in held:
        yield from _inside(place, one, key if isinstance(key, str) else "", depth - 1, seen, _MOST_INSIDE)


def text(value: Any) -> str | None:
    """A text as it is; None for all else, also for a proxy of one, which would be asked for its class."""
    return str.__str__(value) if issubclass(type(value), str) else None


def _put(owner: Any, name: str, value: Any) -> None:
    if issubclass(type(owner), dict):
        owner[name] = value
    else:
        setattr(owner, name, value)
