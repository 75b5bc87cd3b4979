"""Which rows of a copy's stores are others than at the last look, cell by cell.

Against a verdict about a whole table: that a page counts its readers and that it gives money away change the same one.
"""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ringwork.survey import state

_MOST_ROWS, _MOST_TOLD, _LONGEST, _DEPTH = 5_000, 200, 200, 6

Rows = dict[str, dict[str, Any]]
"""The cells of each row by its key: the primary key, the number of the row, or where an object stands in its container."""


class Looks:
    """What was there at the last look; at the first everything is new, and nothing is told."""

    def __init__(self) -> None:
        self._digests: dict[str, str] | None = None
        self._rows: dict[str, Rows | None] = {}

    def differences(self, folder: Path) -> list[dict[str, Any]]:
        """Each row that differs, as prove.rows.Difference has it, at most 200; a store whose rows cannot be read is one of kind `other`."""
        before, self._digests = self._digests, state.digest(folder)
        names = set(self._digests) if before is None else set(state.changed(before, self._digests))
        read = dict(_read(folder, names)) if names else {}
        found = list[dict[str, Any]]()
        for name in sorted(names if before is not None else ()):
            told = list(_differing(name, self._rows.get(name), read.get(name)))
            found += told or [_told(name, "other")]
        self._rows.update({name: read.get(name) for name in names})
        return found[:_MOST_TOLD]


def _read(folder: Path, names: set[str]) -> Iterator[tuple[str, Rows | None]]:
    """The rows of these stores; None for one with too many."""
    for beginning, connection in state.databases(folder):
        for name in [name for name in names if name.startswith(beginning)]:
            with contextlib.suppress(sqlite3.Error):  # locked, gone, or of another thread
                yield name, _of_table(connection, name.removeprefix(beginning))
    for name, container in state.containers(folder):
        if name in names:
            with contextlib.suppress(RuntimeError):  # it changed while it was read; the next look sees it
                found = Rows()
                _flatten(container, (), _DEPTH, found)
                yield name, found if len(found) <= _MOST_ROWS else None


def _of_table(connection: sqlite3.Connection, table: str) -> Rows | None:
    quoted = '"' + table.replace('"', '""') + '"'
    keys = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({quoted})") if row[5]]
    asked = f"SELECT {'*' if keys else 'rowid, *'} FROM {quoted} LIMIT {_MOST_ROWS + 1}"  # noqa: S608  # a name of the schema, quoted
    told = connection.execute(asked)
    columns = [str(column[0]) for column in told.description]
    rows = told.fetchall()
    if len(rows) > _MOST_ROWS:
        return None
    found = Rows()
    for row in rows:
        cells = dict(zip(columns, row, strict=True)) if keys else dict(zip(columns[1:], row[1:], strict=True))
        found[repr([cells[name] for name in keys]) if keys else str(row[0])] = {name: _plain(value) for name, value in cells.items()}
    return found


def _flatten(value: Any, place: tuple[str, ...], depth: int, found: Rows) -> None:
    """Each dictionary, object and list of a container as a row of what it holds itself. Never calls code of the application."""
    if depth == 0 or len(found) > _MOST_ROWS:
        return
    kind = type(value)
    many = next((base for base in state.MANY if issubclass(kind, base)), None)
    if many is not None:
        is_set = many in {set, frozenset}
        held: list[tuple[str, Any]] = [(repr(one) if is_set else f"[{at}]", one) for at, one in enumerate(many.__iter__(value))
                                       if not is_set or _is_plain(one)]  # fmt: skip
    else:
        fields = value if issubclass(kind, dict) else state.own_fields(value) if not issubclass(kind, type) else None
        held = [(str(key), one) for key, one in dict.items(fields) if _is_plain(key)] if fields is not None else []
    row = {name: _plain(one) for name, one in held if _is_plain(one)}
    if row:
        found["/".join(place)] = row
    for name, one in held:
        if not _is_plain(one):
            _flatten(one, (*place, name), depth - 1, found)


def _is_plain(value: Any) -> bool:
    return value is None or type(value) in {bool, int, float, str, bytes, datetime.datetime, datetime.date}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_LONGEST]
    if isinstance(value, datetime.date):  # a time is one too
        return value.isoformat()
    return value if value is None or type(value) in {bool, int, float} else repr(value)[:_LONGEST]


def _differing(name: str, before: Rows | None, after: Rows | None) -> Iterator[dict[str, Any]]:
    """The rows that differ; nothing where one of the two cannot be read."""
    if before is None or after is None:
        return
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was is None or now is None:
            yield _told(name, "added", now, dict.fromkeys(now)) if now is not None else _told(name, "removed")
        elif was != now:
            gone = was.keys() - now.keys()
            other = {cell: was.get(cell) for cell in now if cell not in was or was[cell] != now[cell]}
            if gone:
                yield _told(name, "removed")
            if other:
                yield _told(name, "changed", now, other)


def _told(store: str, kind: str, cells: Mapping[str, Any] | None = None, was: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"store": store, "kind": kind, "cells": dict(cells or {}), "was": dict(was or {})}
