"""How rotation reaches the values that an application has sealed: small protocols, one transaction at a time.

Against writes that are lost while a rotation goes on: a value is replaced only where it still holds the bytes that were read. Against a
rotation that begins anew after each restart: how far it came is written in the same transaction as what it changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

from ringwork.crypto.places import Place, Scalar
from ringwork.crypto.sealing import Profile, to_text
from ringwork.frozen import Frozen

Key = tuple[Scalar, ...]
"""A row's primary key, in the order of the key."""

KID_AT, KID_BYTES = 4, 4
"""Where the number of the key stands in a sealed value: data-protection.md, section 8."""


class SealedColumn(Frozen):
    """One column with sealed values. table, column: their labels. profile: what its values are bound to."""

    table: str
    column: str
    data_class: str = "default"
    profile: Profile = Profile.ROW

    @property
    def label(self) -> str:
        """How it is told."""
        return f"{self.table}.{self.column}"


class Cell(Frozen):
    """One sealed value as it was read. key: by which its row is found again. place: what it is bound to.

    problem: what is wrong with a value that cannot be read, or whose row cannot be told; "" for all others.
    """

    key: Key
    place: Place
    sealed: bytes
    problem: str = ""


class Batch(Protocol):
    """One transaction of the database that holds the values; it may wait for others, and others for it."""

    def cells(self, column: SealedColumn, *, kid: int, after: Key | None, limit: int) -> Sequence[Cell]:
        """Up to `limit` values that are sealed under key `kid`, by primary key, of rows whose key is above `after`."""
        ...

    def swap(self, column: SealedColumn, changes: Sequence[tuple[Cell, bytes]]) -> int:
        """Replace each value that still holds `cell.sealed`; where somebody else has written it, or the row is gone, nothing is done.

        All in one statement with many rows, since building it costs more than running it. Returns how many were replaced.
        """
        ...

    def position(self, task: str, column: SealedColumn) -> Key | None:
        """How far the task came in this column, None for the beginning."""
        ...

    def note(self, task: str, column: SealedColumn, position: Key | None) -> None:
        """Keep how far the task came, in this transaction."""
        ...


class SealedSource(Protocol):
    """The sealed columns of one database."""

    def columns(self) -> Sequence[SealedColumn]:
        """All of them."""
        ...

    def batch(self) -> AbstractContextManager[Batch]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        ...

    def count(self, column: SealedColumn) -> Mapping[int, int]:
        """How many values of the column are sealed under each key, by its number."""
        ...


def kid_text(kid: int) -> str:
    """Characters 4 to 11 of a sealed value in a column of text: the number of the key, with the zero bytes on either side of it."""
    return to_text(b"\0" + kid.to_bytes(KID_BYTES, "big") + b"\0")


def key_text(key: Key) -> str:
    """A primary key as text, for the row that says how far a task came."""
    parts = []
    for part in key:
        text = part.hex() if isinstance(part, bytes) else str(part)
        parts.append([next(name for name, kind in _KINDS.items() if isinstance(part, kind)), text])
    return json.dumps(parts)


def key_of(text: str) -> Key:
    """The primary key behind its text."""
    return tuple(bytes.fromhex(value) if name == "bytes" else _KINDS[name](value) for name, value in json.loads(text))


_KINDS: dict[str, type[int | str | bytes | UUID]] = {"int": int, "str": str, "bytes": bytes, "uuid": UUID}
