"""What stands in an instance or a result row in place of a sealed field: a value that shows nothing of itself.

Against secrets in logs, errors, pages, pickles and caches: repr, str, format and JSON give a mask, a pickle carries the sealed bytes
alone, and what was not sealed yet is never pickled.
"""

from __future__ import annotations

from typing import Any, Generic, NoReturn, TypeVar

from ringwork.sealed import json_values
from ringwork.sealed.cells import Cell, Row

T = TypeVar("T")

MASK = "********"
"""What is shown in place of a sealed value, everywhere."""


class _NotOpened:
    __slots__ = ()


NOT_OPENED = _NotOpened()
"""What `SealedValue.opened` is before somebody read the value."""


class Masked:
    """Shows a mask, however it is printed, and is compared by identity alone."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __bool__(self) -> NoReturn:
        # Against `if note.text` on a value that nobody opened, which would always be true.
        raise TypeError("a sealed value is neither true nor false before it is opened")


class SealedValue(Masked, Generic[T]):
    """The sealed bytes of one field, as the database gave them. They may be altered: only opening tells.

    opened: for the instance that it stands in, which keeps there what it read.
    """

    __slots__ = ("cell", "stored", "opened")

    cell: Cell
    stored: bytes
    opened: Any

    def __init__(self, cell: Cell, stored: bytes, opened: Any = NOT_OPENED) -> None:
        self.cell, self.stored, self.opened = cell, stored, opened

    def open(self, row: Row, *, tenant: str | None = None, subject: str | None = None) -> T:
        """The value that was sealed for `row`, the primary key of the row that it was read from: `found.text.open((found.id,))`.

        tenant, subject: what stands in the row's fields of the field's tenant and subject, as text. Raises SealBroken when it was
        altered, or belongs to another row, KeyMisplaced when to another class, tenant or subject, SealMisused where one is not given.
        """
        self.cell.require_subject(subject)
        value: T = self.cell.open(self.stored, row, tenant=tenant, subject=subject)
        return value

    def __copy__(self) -> SealedValue[T]:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> SealedValue[T]:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return SealedValue, (self.cell, bytes(self.stored))


class SealedBytes(Masked, bytes):
    """The same in result rows and unread instances of SQLAlchemy: bytes, so that many rows cost the collector nothing.

    Each cell has a class of its own, whose `cell` it is.
    """

    __slots__ = ()

    cell: Cell

    @property
    def stored(self) -> bytes:
        """The plain sealed bytes."""
        return bytes(self)

    def open(self, row: Row, *, tenant: str | None = None, subject: str | None = None) -> Any:
        """As of a SealedValue."""
        self.cell.require_subject(subject)
        return self.cell.open(bytes(self), row, tenant=tenant, subject=subject)

    def __copy__(self) -> SealedBytes:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> SealedBytes:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return SealedValue, (self.cell, bytes(self))


STORED = (SealedValue, SealedBytes)
"""Both kinds of what the database gave or gets; a union would be put together again for each value that is asked."""


def sealed_bytes(cell: Cell) -> type[SealedBytes]:
    """The class for the values of one cell."""
    return type("SealedBytes", (SealedBytes,), {"__slots__": (), "cell": cell})


class Waiting(Masked):
    """A value that the application set, and that waits for the identity of its row to be sealed. data: the same as it will be sealed."""

    __slots__ = ("cell", "value", "data")

    def __init__(self, cell: Cell, value: object) -> None:
        self.data = None if value is None and not cell.optional else cell.encode(value)
        if self.data is None:
            cell.check(value)
        # Against a dict that changes under the instance between here and the statement: JSON is copied.
        self.cell, self.value = cell, json_values.frozen(value)

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self.cell.label} is not sealed yet, and is never pickled in clear; write the row to the database first")
