"""Who is known by a key or by settings: rows and objects with a key, and names and passwords that modules hold as plain texts.

Against a proof that stays outside an API of machines: nobody registers there, and whoever may ask has a row with his key.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ringwork.survey import state

_MOST, _ROWS, _DEPTH, _LONGEST = 40, 20, 4, 400
_NAMES = ("username", "user_name", "login", "email", "mail", "user", "name", "handle", "client", "owner")
_KEY = re.compile(r"(?:^|_)(?:api_?key|access_?key|api_?token|auth_?token|access_?token)$|^(?:key|token)$", re.IGNORECASE)
_SHARED = re.compile(r"(?:API|ACCESS|AUTH|ADMIN|SERVICE)_?(?:KEY|TOKEN)$", re.IGNORECASE)
_USER_SETTING = re.compile(r"^(.*?)(?:USER_?NAME|USER|LOGIN|EMAIL|MAIL)$", re.IGNORECASE)
_PASS_SETTING = re.compile(r"^(.*?)(?:PASSWORD|PASSWD|PASS|PWD)$", re.IGNORECASE)


def known(folder: Path) -> list[dict[str, Any]]:
    """Each as `name` ("" where none stands beside it), and `key` or `password`; at most 40."""
    found = [*_of_tables(folder), *_of_modules(folder), *_of_settings(folder)]
    return found[:_MOST]


def _of_tables(folder: Path) -> Iterator[dict[str, Any]]:
    for _, connection in state.databases(folder):
        with contextlib.suppress(sqlite3.Error):
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
            for (table,) in names.fetchall():
                quoted = table.replace('"', '""')
                told = connection.execute(f'SELECT * FROM "{quoted}" LIMIT {_ROWS}')  # noqa: S608  # a name of the schema, quoted
                columns = [column[0] for column in told.description]
                if any(_KEY.search(column) for column in columns):
                    yield from _read(dict(zip(columns, row, strict=True)) for row in told.fetchall())


def _of_modules(folder: Path) -> Iterator[dict[str, Any]]:
    for _, value in state.containers(folder):
        with contextlib.suppress(RuntimeError):  # it changed while it was read
            yield from _read(_records(value, "", _DEPTH, set()))


def _records(value: Any, under: str, depth: int, seen: set[int]) -> Iterator[dict[str, Any]]:
    """The objects of a container, each with the name under which it stands. Never calls code of the application."""
    if depth == 0 or id(value) in seen:
        return
    seen.add(id(value))
    kind = type(value)
    if issubclass(kind, list | tuple | set | frozenset | deque):
        for one in list(value)[:_ROWS]:
            yield from _records(one, "", depth - 1, seen)
        return
    fields = value if issubclass(kind, dict) else getattr(value, "__dict__", None) if not issubclass(kind, type) else None
    if isinstance(fields, dict):
        texts = {key: one for key, one in list(fields.items())[:_ROWS] if isinstance(key, str)}
        yield {**({"name": under} if under else {}), **texts}
        for key, one in texts.items():
            yield from _records(one, key, depth - 1, seen)


def _read(records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for record in records:
        low = {key.lower(): value for key, value in record.items()}
        key = next((value for name, value in low.items() if _KEY.search(name) and isinstance(value, str) and len(value) >= 6), "")
        name = next((low[one] for one in _NAMES if isinstance(low.get(one), str) and low[one]), "")
        if key and name:
            yield {"name": name, "key": key[:_LONGEST], "role": str(low.get("role") or "")}


def _of_settings(folder: Path) -> Iterator[dict[str, Any]]:
    """Keys that stand alone, and ADMIN_USER beside ADMIN_PASSWORD."""
    inside = f"{folder}/"
    for module in list(sys.modules.copy().values()):
        if not str(getattr(module, "__file__", None) or "").startswith(inside):
            continue
        texts = {key: value for key, value in vars(module).copy().items() if type(value) is str and value and len(value) <= _LONGEST}
        named = {match[1]: texts[key] for key in texts if (match := _USER_SETTING.fullmatch(key))}
        for key, value in texts.items():
            match = _PASS_SETTING.fullmatch(key)
            if _SHARED.search(key) and len(value) >= 6:
                yield {"name": "", "key": value}
            if match and match[1] in named:
                yield {"name": named[match[1]], "password": value}
