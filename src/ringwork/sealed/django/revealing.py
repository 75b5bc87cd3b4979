"""Opening an audited field: for a reason, and on record.

Against a curious insider who leaves no trace: the record is written first, and where it cannot be kept nothing is opened.
"""

from __future__ import annotations

from typing import Any

from django.db import models

from ringwork.errors import SealMisused
from ringwork.sealed import revealing
from ringwork.sealed.django import rows
from ringwork.sealed.values import NOT_OPENED, SealedValue


def reveal(instance: models.Model, name: str, *, reason: str) -> Any:
    """The value of the sealed field `name` of a stored instance; tells who had it opened, of which row, and why.

    Raises ValueError for an empty reason, SealMisused for a field that is not sealed or an instance that is not stored.
    """
    field = next((each for each in rows.sealed_fields(type(instance)) if each.name == name), None)
    if field is None:
        raise SealMisused(f"{type(instance).__name__} has no sealed field {name!r}; read the attribute")
    held = field.attribute.held(instance)
    row = field.place_of(instance, held)[0] if isinstance(held, SealedValue) else None
    if row is None:
        raise SealMisused(f"{field.cell.label} of this instance is not stored yet; save it first, or read what was set")
    revealing.told(field.cell, row, reason)
    return field.open_held(instance, held) if held.opened is NOT_OPENED else held.opened
