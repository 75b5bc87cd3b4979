"""Sealed values on their way through forms, fixtures and serializers.

Against plain text in a fixture or an answer that nobody meant to hold it: what leaves is the sealed value as text. Against a stolen
token that is pasted into a form: text is taken for a sealed value in one place alone, where a fixture is loaded, and is not opened there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeGuard

from django.db import models

from ringwork.crypto import sealing
from ringwork.errors import SealBroken, SealMisused
from ringwork.sealed.django.held import Bare, Unsealed
from ringwork.sealed.values import Masked, SealedValue

MARK = "ringwork.sealed:"
"""Before a sealed value in a fixture."""


class InPlace(Masked):
    """A field of an instance, as forms and serializers get it. A form's field opens it; all else sees the mask."""

    __slots__ = ("_field", "_instance")

    def __init__(self, field: Any, instance: models.Model) -> None:
        self._field, self._instance = field, instance

    def is_stored(self) -> bool:
        """Whether there is a value that a form could leave as it is."""
        return not self._instance._state.adding and self._instance.__dict__.get(self._field.attname) is not None  # noqa: SLF001

    def opened(self) -> Any:
        """The value, for the page of a form."""
        return getattr(self._instance, self._field.attname)


def may_be(value: object) -> TypeGuard[str]:
    """Whether it is marked as a value out of a fixture; says nothing of whether it is one."""
    return isinstance(value, str) and value.startswith(MARK)


def of_instance(field: Any, instance: models.Model) -> str:
    """The sealed value of an instance as text; what was set in clear is sealed for its row. "" for NULL."""
    sealed = field.pre_save(instance, add=False)
    return "" if sealed is None else MARK + sealing.to_text(field.cell.require_sealed(sealed.stored))


@contextmanager
def carried(instance: models.Model, fields: Sequence[Any]) -> Iterator[None]:
    """While a fixture's instance is written as it came: its marked texts are sealed bytes, and anything else is refused."""
    before = {field.attname: instance.__dict__.get(field.attname) for field in fields}
    made = {field.attname: Bare(_sealed(field, instance, before[field.attname])) for field in fields}
    instance.__dict__.update(made)
    try:
        yield
    finally:
        for name, bare in made.items():
            setattr(instance, name, bare.opened)


def _sealed(field: Any, instance: models.Model, held: Any) -> SealedValue[Any] | None:
    if isinstance(held, SealedValue):
        return held
    value = held.opened if isinstance(held, Unsealed) else held
    if field.cell.nullable and value in {None, ""}:
        return None
    if value is None and field.cell.optional:
        # XML writes an element of its own for None.
        row, tenant, subject = field.place_for(instance)
        return SealedValue(field.cell, field.cell.seal(None, row or (), tenant=tenant, subject=subject))
    if not may_be(value):
        # Against plain text that travels in fixtures and stays there.
        raise SealMisused(
            f"the fixture holds {field.cell.label} in clear; make it with dumpdata, which writes sealed values,"
            " or create the rows in code, where they are sealed"
        )
    try:
        return SealedValue(field.cell, field.cell.require_sealed(sealing.from_text(value.removeprefix(MARK))))
    except SealBroken as error:
        raise SealMisused(f"the fixture holds a damaged {field.cell.label}: {error.problem}") from None
