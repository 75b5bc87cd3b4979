"""The rows of the key table: what is kept of a key, which states it goes through, and what a store of such rows has to do.

Against one key that opens everything for ever: each key has a class, an owner, a state and dates, and only its wrapped bytes are kept.
Against a row that is edited in the database: its immutable fields are bound to the wrapped bytes, and the check value to the key.
Source: data-protection.md, section 8; NIST SP 800-57 part 1, 7 (states).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from ringwork.crypto.places import framed
from ringwork.errors import KeyUnavailable, StoreDown
from ringwork.frozen import Frozen

T = TypeVar("T")

_AAD = b"ringwork key row 1"
LONGEST = 200
"""Characters of a class, tenant or subject."""


class State(StrEnum):
    """Where a key stands in its life. Append-only: the word stands in the table."""

    PENDING = "pending"  # published, so that every process can read with it before the first one writes
    ACTIVE = "active"  # seals and opens; one of each owner
    DECRYPT_ONLY = "decrypt-only"
    RETIRED = "retired"  # neither seals nor opens, and can be called back
    DESTROYED = "destroyed"  # its bytes are gone; the row stays, so that its number is never given again


READS = frozenset({State.PENDING, State.ACTIVE, State.DECRYPT_ONLY})

MOVES = frozenset({
    (State.PENDING, State.ACTIVE),
    (State.PENDING, State.DESTROYED),
    (State.DECRYPT_ONLY, State.RETIRED),
    (State.RETIRED, State.DECRYPT_ONLY),
    (State.RETIRED, State.DESTROYED),
})  # fmt: skip
"""What one step may change; an active key gives way to the next one and to nothing else. Destroying
what still opens takes its own step before: to be retired is to be seen missing."""


class Purpose(StrEnum):
    """What a key is for; a key of one purpose is never used for another. Append-only."""

    DATA = "data"
    WRAPPING = "wrapping"  # a tenant's own key, which wraps that tenant's data keys


class Owner(Frozen):
    """Whose values a key seals. data_class: "default", "health". tenant, subject: "" for none."""

    purpose: Purpose = Purpose.DATA
    data_class: str = "default"
    tenant: str = ""
    subject: str = ""

    def __post_init__(self) -> None:
        for name, text in (("data_class", self.data_class), ("tenant", self.tenant), ("subject", self.subject)):
            if len(text) > LONGEST or not text.isprintable():
                raise ValueError(f"{name}: give up to {LONGEST} printable characters, such as an id")
        if not self.data_class:
            raise ValueError('data_class: name one, for example "default"')

    def __str__(self) -> str:
        parts = [f"class {self.data_class}" if self.purpose is Purpose.DATA else "wrapping key"]
        parts += [f"{name} {text}" for name, text in (("tenant", self.tenant), ("subject", self.subject)) if text]
        return ", ".join(parts)


class KeyRow(Frozen):
    """One key as it is kept.

    kid: 1 to 4,294,967,295, drawn at random, never given twice. created, activated, changed: seconds since 1970 UTC, 0 for never.
    wrapped: the key's bytes, wrapped; b"" once destroyed. wrapped_by: the root's reference, or "kid:7" of a tenant's wrapping key.
    check: 16 bytes that only this key gives. written: values that processes have leased the right to seal.
    """

    kid: int
    owner: Owner
    created: int
    state: State
    wrapped: bytes = field(repr=False)
    wrapped_by: str
    check: bytes = field(repr=False)
    activated: int = 0
    changed: int = 0
    written: int = 0

    @property
    def bound(self) -> bytes:
        """What never changes, as bytes; wrapped bytes of another row do not open under them."""
        return bound(self.kid, self.owner, self.created)


def bound(kid: int, owner: Owner, created: int) -> bytes:
    """The immutable fields of a row, framed so that no two rows share them."""
    numbers = kid.to_bytes(4, "big"), created.to_bytes(8, "big")
    texts = (owner.purpose.value, owner.data_class, owner.tenant, owner.subject)
    return framed(_AAD, *numbers, *(text.encode() for text in texts))


NAMES = (
    "kid", "purpose", "data_class", "tenant", "subject", "created", "state", "wrapped", "wrapped_by", "check_value",
    "activated", "changed", "written",
)  # fmt: skip
"""The columns of a stored row, in the order of `values_of` and `row_of`."""


def values_of(row: KeyRow) -> tuple[str | int | bytes, ...]:
    """A row as stores keep it."""
    return (
        row.kid, *told(row.owner), row.created, row.state.value, row.wrapped, row.wrapped_by, row.check, row.activated, row.changed,
        row.written,
    )  # fmt: skip


def told(owner: Owner) -> tuple[str, str, str, str]:
    """An owner as stores keep it: purpose, class, tenant, subject."""
    return owner.purpose.value, owner.data_class, owner.tenant, owner.subject


def row_of(values: Sequence[Any]) -> KeyRow:
    """A row out of what a store has kept. Raises StoreDown for what no ringwork has written."""
    kid, purpose, data_class, tenant, subject, created, state, wrapped, wrapped_by, check, activated, changed, written = values
    try:
        owner = Owner(purpose=Purpose(purpose), data_class=data_class, tenant=tenant, subject=subject)
        return KeyRow(
            kid=kid, owner=owner, created=created, state=State(state), wrapped=bytes(wrapped), wrapped_by=wrapped_by, check=bytes(check),
            activated=activated, changed=changed, written=written,
        )  # fmt: skip
    except (TypeError, ValueError) as error:
        raise StoreDown(f"row {kid} of the key table is none that ringwork has written; restore the table") from error


def answer(question: Callable[[], T], *, whose: str = "the key table") -> T:
    """What a key table answers; one that does not answer raises KeyUnavailable instead of StoreDown. whose: for the error."""
    try:
        return question()
    except StoreDown as error:
        raise KeyUnavailable(f"{whose} does not answer: {error}") from error


class KeyTable(Protocol):
    """Keeps the rows. Every change is one atomic step. Raises StoreDown when it does not answer. Suite: tests/stores/test_key_tables.py."""

    def prepare(self) -> None:
        """Make what it needs to keep rows, where that is missing."""
        ...

    def find(self, kid: int) -> KeyRow | None:
        """The row of this number."""
        ...

    def active(self, owner: Owner) -> KeyRow | None:
        """The owner's active key."""
        ...

    def rows(self, *, states: Collection[State] = tuple(State), owner: Owner | None = None) -> Iterator[KeyRow]:
        """The rows in these states, of this owner or of all, by creation and number."""
        ...

    def add(self, row: KeyRow) -> bool:
        """Keep a new row. False, and nothing kept, where the number is taken, or it is active and the owner has an active key."""
        ...

    def activate(self, kid: int, *, at: int) -> bool:
        """In one step: the owner's active key becomes decrypt-only, and this pending one active. False where it is not pending."""
        ...

    def move(self, kid: int, *, old: State, new: State, at: int) -> bool:
        """Change the state from `old` to `new`; towards destroyed the wrapped bytes go as well. False where it is not `old`."""
        ...

    def rewrap(self, kid: int, *, old: bytes, wrapped: bytes, wrapped_by: str) -> bool:
        """Replace the wrapped bytes. False where they are not `old` any more."""
        ...

    def lease(self, kid: int, *, count: int, limit: int) -> bool:
        """Add `count` to what was written. False, and nothing added, where that would pass `limit`."""
        ...
