"""Connections to SQLite files that the import left open, opened anew in each forked copy, on its own file.

Against a proof that imports an application again for each of hundreds of copies because it keeps one connection in its module, and
against two processes that share one: SQLite forbids that, and the other's file would be written to.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from pathlib import Path
from typing import Any

from ringwork.survey import state

_ASKED: dict[int, tuple[Any, tuple[Any, ...], dict[str, Any]]] = {}
"""How each connection was asked for, by its identity: it can be held by no weak reference, and a strong one would keep it open."""
_OWN = ("create_function", "create_aggregate", "create_window_function", "create_collation", "set_authorizer", "load_extension")


def note(connection: object, database: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    """Remember how a connection was asked for."""
    _ASKED[id(connection)] = (database, args, keywords)


def left_open(folder: Path) -> list[str]:
    """Files whose connections cannot be opened anew as they are now: in a transaction, with a log of its own, with functions of code."""
    own = _has_own(folder)
    return [name for connection in state.connections() for name in _files(connection) if own or not _is_plain(connection)]


def open_anew() -> None:
    """Give every connection to a file a handle of this process. Called once, right after the fork, before any other thread."""
    for connection in state.connections():
        if _files(connection) and id(connection) in _ASKED:
            database, args, keywords = _ASKED[id(connection)]
            kept = connection.row_factory, connection.text_factory, connection.isolation_level
            connection.__init__(database, *args, **keywords)  # type: ignore[misc]  # it closes what it had, and is the same object to all
            connection.row_factory, connection.text_factory, connection.isolation_level = kept


def _files(connection: sqlite3.Connection) -> list[str]:
    with contextlib.suppress(sqlite3.Error):  # closed, or of another thread
        return [row[2] for row in connection.execute("PRAGMA database_list") if row[2]]
    return []


def _is_plain(connection: sqlite3.Connection) -> bool:
    if id(connection) not in _ASKED or connection.in_transaction or len(_files(connection)) > 1:
        return False
    with contextlib.suppress(sqlite3.Error):
        return connection.execute("PRAGMA journal_mode").fetchone()[0] not in {"wal", "memory", "off"}
    return False


def _has_own(folder: Path) -> bool:
    """Whether the project gives a connection functions of its own, which a new handle would lack."""
    inside = f"{folder}/"
    for module in sys.modules.copy().values():
        file = str(getattr(module, "__file__", None) or "")
        if file.startswith(inside):
            with contextlib.suppress(OSError):
                text = Path(file).read_text(encoding="utf-8", errors="replace")
                if any(name in text for name in _OWN):
                    return True
    return False
