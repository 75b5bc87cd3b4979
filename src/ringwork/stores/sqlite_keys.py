"""A key table in one SQLite file, shared by the processes of one machine; for applications without a database of their own.

Against two processes that each make or activate a key: every step is one transaction, and the file allows one active key of an owner.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ringwork.errors import StoreDown
from ringwork.keys.rows import NAMES, KeyRow, Owner, State, row_of, told, values_of

_COLUMNS = ", ".join(NAMES)
_TABLE = """
CREATE TABLE IF NOT EXISTS ringwork_keys_1 (
  kid INTEGER PRIMARY KEY, purpose TEXT NOT NULL, data_class TEXT NOT NULL, tenant TEXT NOT NULL, subject TEXT NOT NULL,
  created INTEGER NOT NULL, state TEXT NOT NULL, wrapped BLOB NOT NULL, wrapped_by TEXT NOT NULL, check_value BLOB NOT NULL,
  activated INTEGER NOT NULL, changed INTEGER NOT NULL, written INTEGER NOT NULL
)"""
_ONE_ACTIVE = """
CREATE UNIQUE INDEX IF NOT EXISTS ringwork_keys_1_active ON ringwork_keys_1 (subject, tenant, data_class, purpose) WHERE state = 'active'"""
_OWNER = "purpose = ? AND data_class = ? AND tenant = ? AND subject = ?"


class SqliteKeyTable:
    """Key rows in a file; see KeyTable. Opens it anew for each question, which comes once in a while, so forks need no care."""

    __slots__ = ("_path", "_wait_seconds")

    def __init__(self, path: str | Path, *, wait_seconds: float = 2.0) -> None:
        """path: the file, made by `prepare`; its folder must exist. wait_seconds: how long a change waits for other processes."""
        self._path, self._wait_seconds = str(path), wait_seconds

    def prepare(self) -> None:
        """Make the file and its table. Whoever may read it sees owners and wrapped keys, so it is for this user alone."""
        path = Path(self._path)
        if not path.exists():
            try:
                path.touch(mode=0o600)
            except OSError as error:
                raise StoreDown(f"the key table {path.name} cannot be made ({error.strerror}); check its folder") from error
        with self._changing(may_make=True) as connection:
            connection.execute(_TABLE)
            connection.execute(_ONE_ACTIVE)

    def find(self, kid: int) -> KeyRow | None:
        """The row of this number."""
        return next(self._select("kid = ?", (kid,)), None)

    def active(self, owner: Owner) -> KeyRow | None:
        """The owner's active key."""
        return next(self._select(f"{_OWNER} AND state = 'active'", told(owner)), None)

    def rows(self, *, states: Collection[State] = tuple(State), owner: Owner | None = None) -> Iterator[KeyRow]:
        """The rows in these states."""
        marks = ", ".join("?" * len(states))
        of, values = (f" AND {_OWNER}", told(owner)) if owner is not None else ("", ())
        yield from self._select(f"state IN ({marks}){of}", (*(state.value for state in states), *values))

    def add(self, row: KeyRow) -> bool:
        """Keep a new row; see KeyTable."""
        values = values_of(row)
        with self._changing() as connection:
            marks = ", ".join("?" * len(values))
            return connection.execute(f"INSERT OR IGNORE INTO ringwork_keys_1 ({_COLUMNS}) VALUES ({marks})", values).rowcount == 1  # noqa: S608

    def activate(self, kid: int, *, at: int) -> bool:
        """Let a pending key take the active one's place; see KeyTable."""
        with self._changing() as connection:
            found = connection.execute(
                "SELECT purpose, data_class, tenant, subject FROM ringwork_keys_1 WHERE kid = ? AND state = 'pending'", (kid,)
            ).fetchone()
            if found is None:
                return False
            before = f"UPDATE ringwork_keys_1 SET state = 'decrypt-only', changed = ? WHERE {_OWNER} AND state = 'active'"  # noqa: S608
            connection.execute(before, (at, *found))
            connection.execute("UPDATE ringwork_keys_1 SET state = 'active', activated = ?, changed = ? WHERE kid = ?", (at, at, kid))
            return True

    def move(self, kid: int, *, old: State, new: State, at: int) -> bool:
        """Change the state; see KeyTable."""
        bytes_go = ", wrapped = x''" if new is State.DESTROYED else ""
        with self._changing() as connection:
            change = f"UPDATE ringwork_keys_1 SET state = ?, changed = ?{bytes_go} WHERE kid = ? AND state = ?"  # noqa: S608
            return connection.execute(change, (new.value, at, kid, old.value)).rowcount == 1

    def rewrap(self, kid: int, *, old: bytes, wrapped: bytes, wrapped_by: str) -> bool:
        """Replace the wrapped bytes; see KeyTable."""
        with self._changing() as connection:
            change = "UPDATE ringwork_keys_1 SET wrapped = ?, wrapped_by = ? WHERE kid = ? AND wrapped = ?"
            return connection.execute(change, (wrapped, wrapped_by, kid, old)).rowcount == 1

    def lease(self, kid: int, *, count: int, limit: int) -> bool:
        """Add to what was written; see KeyTable."""
        with self._changing() as connection:
            change = "UPDATE ringwork_keys_1 SET written = written + ? WHERE kid = ? AND written + ? <= ?"
            return connection.execute(change, (count, kid, count, limit)).rowcount == 1

    def _select(self, where: str, values: tuple[object, ...]) -> Iterator[KeyRow]:
        with self._telling_when_down(), closing(self._open()) as connection:
            asked = f"SELECT {_COLUMNS} FROM ringwork_keys_1 WHERE {where} ORDER BY created, kid"  # noqa: S608  # words of this file
            found = connection.execute(asked, values).fetchall()
        yield from map(row_of, found)

    @contextmanager
    def _changing(self, *, may_make: bool = False) -> Iterator[sqlite3.Connection]:
        with self._telling_when_down(), closing(self._open(may_make=may_make)) as connection:
            # At once, so that what is read in it is still so when it is changed.
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def _open(self, *, may_make: bool = False) -> sqlite3.Connection:
        # Against an empty table in the wrong folder: only `prepare` makes the file.
        uri = f"{Path(self._path).absolute().as_uri()}?mode={'rwc' if may_make else 'rw'}"
        connection = sqlite3.connect(uri, uri=True, timeout=self._wait_seconds, isolation_level=None)
        # Against bytes of a destroyed key that stay in free pages of the file.
        connection.execute("PRAGMA secure_delete = ON")
        return connection

    @contextmanager
    def _telling_when_down(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            name = Path(self._path).name
            raise StoreDown(f"the key table in {name} cannot be used ({error}); make it with: ringwork keys init") from error
