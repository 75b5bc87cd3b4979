"""What stands in a model's instance in place of a sealed field, and the attribute that opens it where it is read.

Against values in logs, error pages and pickles: what an instance holds shows a mask, and a pickle carries the sealed bytes. Against
state that threads share: everything here belongs to one instance; the field keeps nothing.
"""

from __future__ import annotations

from typing import Any, Generic, NoReturn, TypeVar

from django.db.models.query_utils import DeferredAttribute

from ringwork.errors import SealMisused
from ringwork.sealed.cells import Cell, Row
from ringwork.sealed.values import NOT_OPENED, Masked, SealedValue

T = TypeVar("T")


class Unsealed(Masked):
    """What the application set, and nothing has sealed yet. opened: the value."""

    __slots__ = ("cell", "opened")

    def __init__(self, cell: Cell, value: object) -> None:
        self.cell, self.opened = cell, value

    def __reduce__(self) -> NoReturn:
        raise SealMisused(f"{self.cell.label} is not sealed yet, and is never pickled in clear; save the instance first")


class Placed(SealedValue[T], Generic[T]):
    """What was sealed here, for a row that is known whatever becomes of the instance's key."""

    __slots__ = ("row", "tenant", "subject")

    def __init__(self, cell: Cell, stored: bytes, row: Row, tenant: str | None, subject: str | None = None) -> None:
        super().__init__(cell, stored)
        self.row, self.tenant, self.subject = row, tenant, subject

    def __reduce__(self) -> tuple[Any, ...]:
        return Placed, (self.cell, self.stored, self.row, self.tenant, self.subject)


class Bare(Masked):
    """Sealed bytes that are to be written as they are. opened: they themselves, so that Django's `getattr` finds no plain value."""

    __slots__ = ("opened",)

    def __init__(self, sealed: SealedValue[Any] | None) -> None:
        self.opened = sealed


class SealedAttribute(DeferredAttribute):
    """The attribute of an instance: set in clear, kept masked, opened at its first reading."""

    field: Any

    def __init__(self, field: Any) -> None:
        super().__init__(field)
        self.name = field.attname

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        held = self.held(instance)
        value = held.opened
        if value is NOT_OPENED:
            value = held.opened = self.field.open_held(instance, held)
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        if isinstance(value, SealedValue):
            instance.__dict__[self.name] = value
            return
        if hasattr(value, "resolve_expression"):
            # Against F("title") that is taken for a text: its repr would be sealed in place of what it means.
            raise SealMisused(
                f"{self.field.cell.label} was given an expression ({type(value).__name__}), and the database can compute nothing that is"
                " sealed: compute the value in Python, and set that"
            )
        instance.__dict__[self.name] = Unsealed(self.field.cell, value)

    def held(self, instance: Any) -> Any:
        """What the instance holds; a field that was left out of the query is read from the database first."""
        values = instance.__dict__
        if self.name not in values:
            super().__get__(instance)
        return values[self.name]


class AuditedAttribute(SealedAttribute):
    """The attribute of a field that only a reveal opens: it gives the sealed value."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        held = self.held(instance)
        return held.opened if type(held) is Bare else held
