"""A key table that lives in this process and ends with it, for tests and loopback development.

Against keys that are lost with a restart while their values stay: it says in its name that it keeps nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator

from ringwork.frozen import replace
from ringwork.keys.rows import KeyRow, Owner, State


class MemoryKeyTable:
    """Key rows in a dictionary. One process only; see KeyTable."""

    __slots__ = ("_lock", "_rows")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[int, KeyRow] = {}

    def prepare(self) -> None:
        """Nothing is needed."""

    def find(self, kid: int) -> KeyRow | None:
        """The row of this number."""
        return self._rows.get(kid)

    def active(self, owner: Owner) -> KeyRow | None:
        """The owner's active key."""
        return next((row for row in list(self._rows.values()) if row.owner == owner and row.state is State.ACTIVE), None)

    def rows(self, *, states: Collection[State] = tuple(State), owner: Owner | None = None) -> Iterator[KeyRow]:
        """The rows in these states, of this owner or of all."""
        found = [row for row in list(self._rows.values()) if row.state in states and owner in (None, row.owner)]
        yield from sorted(found, key=lambda row: (row.created, row.kid))

    def add(self, row: KeyRow) -> bool:
        """Keep a new row; see KeyTable."""
        with self._lock:
            if row.kid in self._rows or (row.state is State.ACTIVE and self.active(row.owner)):
                return False
            self._rows[row.kid] = row
            return True

    def activate(self, kid: int, *, at: int) -> bool:
        """Let a pending key take the active one's place; see KeyTable."""
        with self._lock:
            row = self._rows.get(kid)
            if row is None or row.state is not State.PENDING:
                return False
            before = self.active(row.owner)
            if before is not None:
                self._rows[before.kid] = replace(before, state=State.DECRYPT_ONLY, changed=at)
            self._rows[kid] = replace(row, state=State.ACTIVE, activated=at, changed=at)
            return True

    def move(self, kid: int, *, old: State, new: State, at: int) -> bool:
        """Change the state; see KeyTable."""
        with self._lock:
            row = self._rows.get(kid)
            if row is None or row.state is not old:
                return False
            self._rows[kid] = replace(row, state=new, changed=at, wrapped=b"" if new is State.DESTROYED else row.wrapped)
            return True

    def rewrap(self, kid: int, *, old: bytes, wrapped: bytes, wrapped_by: str) -> bool:
        """Replace the wrapped bytes; see KeyTable."""
        with self._lock:
            row = self._rows.get(kid)
            if row is None or row.wrapped != old:
                return False
            self._rows[kid] = replace(row, wrapped=wrapped, wrapped_by=wrapped_by)
            return True

    def lease(self, kid: int, *, count: int, limit: int) -> bool:
        """Add to what was written; see KeyTable."""
        with self._lock:
            row = self._rows.get(kid)
            if row is None or row.written + count > limit:
                return False
            self._rows[kid] = replace(row, written=row.written + count)
            return True
