"""What a copy keeps of one request: the rows and objects that hold a word which was in it.

Against an effect that no answer tells: a field that a request was not meant to set is looked for where the application keeps it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ringwork.survey import state

_DEPTH, _NEWEST, _MOST, _LONGEST = 5, 2_000, 20, 200


def holding(folder: Path, word: str) -> list[dict[str, Any]]:
    """Each row of a database and each object of a module-level container in which a text holds the word, at most 20.

    Each has `store`, as digests name it, and `values`: name to text, number, truth value or None; long texts cut, bytes left out.
    """
    found = [{"store": store, "values": values} for store, values in _rows(folder, word)]
    for name, value in state.containers(folder):
        with contextlib.suppress(RuntimeError):  # it changed while it was read
            found += [{"store": name, "values": values} for values in _objects(value, word, _DEPTH, set())]
    return found[:_MOST]


def _rows(folder: Path, word: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for beginning, connection in state.databases(folder):
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
        for (table,) in names.fetchall():
            with contextlib.suppress(sqlite3.Error):  # a table of another kind, without numbers of its rows
                quoted = table.replace('"', '""')
                asked = f'SELECT * FROM "{quoted}" ORDER BY rowid DESC LIMIT {_NEWEST}'  # noqa: S608  # a name of the schema, quoted
                told = connection.execute(asked)
                columns = [column[0] for column in told.description]
                for row in told:
                    if any(isinstance(value, str) and word in value for value in row):
                        yield f"{beginning}{table}", _plain(dict(zip(columns, row, strict=True)))


def _objects(value: Any, word: str, depth: int, seen: set[int]) -> Iterator[dict[str, Any]]:
    """The innermost objects of a container in which a text holds the word. Never calls code of the application."""
    if depth == 0 or id(value) in seen:
        return
    seen.add(id(value))
    kind = type(value)
    if issubclass(kind, list | tuple | set | frozenset | deque):
        for one in list(value):
            yield from _objects(one, word, depth - 1, seen)
        return
    fields = value if issubclass(kind, dict) else getattr(value, "__dict__", None) if not issubclass(kind, type) else None
    if not isinstance(fields, dict):
        return
    items = list(fields.items())
    if any(isinstance(key, str) and isinstance(one, str) and word in one for key, one in items):
        yield _plain({key: one for key, one in items if isinstance(key, str)})
    for _, one in items:
        yield from _objects(one, word, depth - 1, seen)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    told = dict[str, Any]()
    for name, value in values.items():
        if isinstance(value, str):
            told[name] = value[:_LONGEST]
        elif value is None or type(value) in {bool, int, float}:
            told[name] = value
        elif isinstance(value, list | tuple) and all(isinstance(one, str | int) for one in value):
            told[name] = ", ".join(map(str, value))[:_LONGEST]
    return told
