"""The identity of a model's row: its primary key, as the plain values that a sealed value is bound to.

Against "7" and 7, or a UUID and its text, that stand for one row and open differently: each part has the type of its field, however
the application wrote it. Against a copy of a row whose values were bound to the first: what a row was when it was loaded is remembered.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django.db import models

from ringwork.crypto.places import Scalar
from ringwork.sealed.cells import Row

LOADED, NOW, THEN = "sealed_row", "sealed_now", "sealed_then"
"""Attributes of an instance's `_state`: what named its row when it came from the database, and the rows that were made of that last."""


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


@functools.cache
def names_of(model: type[models.Model], declared: tuple[str, ...]) -> RowNames:
    """One for all fields of a model that name their row alike."""
    return RowNames(model, declared)


def attname(model: type[models.Model], name: str | None) -> str | None:
    """The attribute that holds the plain value of a field: "clinic_id" for a foreign key `clinic`."""
    field: Any = None if name is None else model._meta.get_field(name)  # noqa: SLF001
    return None if field is None else str(field.attname)


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
    names = [name for field in sealed_fields(model) for name in (*field.row_names.names, *field.owners) if name]
    return tuple(dict.fromkeys(names))


def remember(instance: models.Model) -> None:
    """Keep what names the row of an instance that was just loaded."""
    values, kind = instance.__dict__, type(instance)
    names = _remembered(kind)
    state = instance._state.__dict__  # noqa: SLF001
    if len(names) == 1 and names[0] in values:
        state[LOADED] = {names[0]: values[names[0]]}
    else:
        state[LOADED] = {name: values[name] for name in names if name in values}


def now(instance: models.Model, names: RowNames) -> Row | None:
    """The row of an instance as it stands; None while the database has yet to assign it."""
    row = names.read(instance.__dict__, instance)
    kept = instance._state.__dict__.get(NOW)  # noqa: SLF001
    # The same tuple as for the field before: who seals for it need not write it out again.
    if kept is not None and kept == row:
        return cast(Row, kept)
    setattr(instance._state, NOW, row)  # noqa: SLF001
    return row


def then(instance: models.Model, names: RowNames) -> Row | None:
    """The row that an instance was loaded from; of one that the application made, as it stands."""
    state = instance._state.__dict__  # noqa: SLF001
    kept = state.get(THEN)
    if kept is not None and kept[0] is names:
        return cast(Row, kept[1])
    values = state.get(LOADED)
    if values is None:
        return now(instance, names)
    row = names.read(values, instance)
    state[THEN] = names, row
    return row


def loaded(instance: models.Model, name: str) -> Any:
    """The value that the attribute had when the instance was loaded; as it stands for one that the application made."""
    values = instance._state.__dict__.get(LOADED) or {}  # noqa: SLF001
    return values[name] if name in values else getattr(instance, name)
