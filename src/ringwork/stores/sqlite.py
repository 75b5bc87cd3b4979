"""State in one SQLite file, shared by the worker processes of one machine.

Against a spent token that is sent again to another worker: the claim is one atomic insert.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

from ringwork.errors import StoreDown

SKEW_SECONDS = 300.0
"""How long an id is kept beyond its expiry, for workers whose clocks differ."""

SWEEP_SECONDS = 60.0
"""How often expired ids are deleted, at most."""

_TABLE = "CREATE TABLE IF NOT EXISTS ringwork_spent_1 (id BLOB PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID"
_INDEX = "CREATE INDEX IF NOT EXISTS ringwork_spent_1_until ON ringwork_spent_1 (until)"
_CLAIM = "INSERT OR IGNORE INTO ringwork_spent_1 (id, until) VALUES (?, ?)"
_SWEEP = "DELETE FROM ringwork_spent_1 WHERE until < ?"


class SqliteSpentTokens:
    """Spent tokens in a file. Grows with the tokens spent within one lifetime; expired ones are swept."""

    __slots__ = ("_path", "_wait_seconds", "_lock", "_connection", "_owner", "_inherited", "_swept")

    blocking = True

    def __init__(self, path: str | Path, *, wait_seconds: float = 2.0) -> None:
        """path: the file, made when missing; its folder must exist. wait_seconds: how long a claim waits for other workers."""
        self._path, self._wait_seconds = str(path), wait_seconds
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._owner = 0
        self._inherited: list[sqlite3.Connection] = []
        self._swept = 0.0

    def claim(self, token_id: bytes, *, now: float, until: float) -> bool:
        """True for the first caller with this id; see SpentTokens. Raises StoreDown when the file cannot be written."""
        if until <= now:
            return False
        with self._lock:
            try:
                return self._insert(token_id, now, until)
            except sqlite3.Error as error:
                self._drop()
                problem = f"store: the SQLite file of spent tokens cannot be used ({type(error).__name__})"
                raise StoreDown(f"{problem}; check that its folder is there and writable") from error

    def close(self) -> None:
        """Close the file; a later claim opens it again."""
        with self._lock:
            self._drop()

    def _insert(self, token_id: bytes, now: float, until: float) -> bool:
        connection = self._own() or self._open()
        with connection:
            won = connection.execute(_CLAIM, (token_id, until)).rowcount == 1
            if abs(now - self._swept) >= SWEEP_SECONDS:
                self._swept = now
                connection.execute(_SWEEP, (now - SKEW_SECONDS,))
        return won

    def _own(self) -> sqlite3.Connection | None:
        process = os.getpid()
        if self._connection is not None and self._owner != process:
            # Against a damaged file: a connection must not be used, nor closed, on the far side of a fork (sqlite.org/howtocorrupt, 2.6).
            self._inherited.append(self._connection)
            self._connection = None
        self._owner = process
        return self._connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=self._wait_seconds, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            # With a write-ahead log NORMAL survives a killed process; a power cut may forget the last claims.
            connection.execute("PRAGMA synchronous=NORMAL")
            with connection:
                connection.execute(_TABLE)
                connection.execute(_INDEX)
        except sqlite3.Error:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
