"""The identity of a model's row: its primary key, as the plain values that a sealed value is bound to.

Against "7" and 7, or a UUID and its text, that stand for one row and open differently: each part has the type of its field, however
the application wrote it. Against a copy of a row whose values were bound to the first: what a row was when it was loaded is remembered.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import models

from ringwork.crypto.places import Scalar
from ringwork.sealed.cells import Row

LOADED = "sealed_row"
"""Attribute of an instance's `_state`: what named its row when it came from the database."""


class RowNames:
    """Which attributes name the row of one model. names: those of the key, in its order, or those that the field was declared with."""

    __slots__ = ("names", "_parts")

    def __init__(self, model: type[models.Model], declared: tuple[str, ...]) -> None:
        meta = model._meta  # noqa: SLF001  # Django's name for what it gives to everybody
        key = tuple(getattr(meta, "pk_fields", (meta.pk,)))
        fields: list[Any] = [meta.get_field(name) for name in declared] if declared else list(key)
        self._parts = tuple((field.attname, _kind(field), field, field in key) for field in fields)
        self.names = tuple(part[0] for part in self._parts)

    def read(self, values: Mapping[str, Any], instance: models.Model | None) -> Row | None:
        """The row that `values`, and where they are silent `instance`, tell; None while the database has yet to assign it."""
        row: list[Scalar] = []
        for name, kind, field, is_key in self._parts:
            value = values[name] if name in values else getattr(instance, name)
            if type(value) is not kind:
                if value is None and is_key:
                    return None
                # A part that is no key may be nothing; it stands as empty bytes, which no key is.
                value = b"" if value is None else field.to_python(value)
            row.append(value)
        return tuple(row)


def _kind(field: Any) -> type:
    while field.remote_field is not None:
        field = field.target_field
    if isinstance(field, models.UUIDField):
        return UUID
    return int if isinstance(field, models.IntegerField) else str


@functools.cache
def sealed_fields(model: type[models.Model]) -> tuple[Any, ...]:
    """The sealed fields of a model, those of its parents included."""
    return tuple(field for field in model._meta.concrete_fields if hasattr(field, "cell"))  # noqa: SLF001


@functools.cache
def _remembered(model: type[models.Model]) -> tuple[str, ...]:
    names = [name for field in sealed_fields(model) for name in (*field.row_names.names, field.cell.tenant) if name]
    return tuple(dict.fromkeys(names))


def remember(instance: models.Model) -> None:
    """Keep what names the row of an instance that was just loaded."""
    values = instance.__dict__
    setattr(instance._state, LOADED, {name: values[name] for name in _remembered(type(instance)) if name in values})  # noqa: SLF001


def loaded(instance: models.Model) -> Mapping[str, Any]:
    """What named the row when it was loaded; nothing for one that the application made."""
    return getattr(instance._state, LOADED, {})  # noqa: SLF001
