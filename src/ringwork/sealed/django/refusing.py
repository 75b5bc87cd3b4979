"""What a database cannot do with a sealed column, refused with what to write instead.

Against a search that finds nothing, an order that means nothing and a copy that opens nowhere: ciphertext compares with nothing, and
is bound to its row. What SQL would compute from it raises before it is sent. Against a row whose key, tenant or subject is written
alone, under values that were sealed for the old one: they would open no more.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NoReturn

from django.core.exceptions import FieldError
from django.db.models import Case, Model, Value
from django.db.models.constants import OnConflict
from django.db.models.expressions import Col
from django.db.models.functions import Cast
from django.db.models.lookups import IsNull
from django.db.models.sql import UpdateQuery

from ringwork.errors import SealMisused
from ringwork.sealed.django import rows
from ringwork.sealed.values import SealedValue


class SealedCol(Col):
    """The column in a query: it can be selected. Whatever is computed from it, sorted or aggregated by it raises FieldError."""

    def resolve_expression(self, *args: Any, **named: Any) -> NoReturn:
        """Called where the column became part of another expression, an order or an update."""
        raise refused(self.target, "is used in an expression")

    @property
    def _output_field_or_none(self) -> NoReturn:  # Django asks it of the parts of a computation
        raise refused(self.target, "is used in an expression")


class HasValue(IsNull):
    """Whether there is anything in the column: the one thing that a query may ask of it."""

    def __init__(self, lhs: Any, rhs: Any) -> None:
        super().__init__(Col(lhs.alias, lhs.target), rhs)


def refused(field: Any, what: str) -> FieldError:
    """The error for a query; names the field and the way out."""
    return FieldError(
        f"{field.cell.label} {what}, and it is sealed: the database holds ciphertext, which neither compares nor sorts;"
        " select the rows by another column, and read the attribute of each"
    )


def require_sealed(field: Any, value: Any) -> Any:
    """A value that may be bound to the column: sealed, or a computation that chooses among sealed ones. Raises SealMisused."""
    if isinstance(value, SealedValue):
        if value.cell.label != field.cell.label:
            raise SealMisused(f"{field.cell.label} was given a value that is sealed for {value.cell.label}; read that, and set it here")
        return value
    if hasattr(value, "as_sql") and _chooses_sealed(field, value):
        return value
    # Against a plain value that reaches the database, or its log, by a way on which nothing seals.
    raise SealMisused(
        f"{field.cell.label} is sealed, and here nobody knows for which row: set the attribute and save() each instance,"
        " or use ringwork.sealed.django.bulk.update(instances, fields)"
    )


def _chooses_sealed(field: Any, value: Any) -> bool:
    """Whether it is what bulk_update makes: a sealed value of this field for each primary key, and NULL for a row that is none of them."""
    if isinstance(value, Cast):
        return _chooses_sealed(field, value.get_source_expressions()[0])
    # Against plain text beside the sealed values: Django puts `default` into the statement, and its log, as it is.
    if type(value) is not Case or not value.cases or not _is_sealed(field, value.default, nullable=True):
        return False
    return all(_is_sealed(field, when.result, nullable=field.cell.nullable) for when in value.cases)


def _is_sealed(field: Any, expression: Any, *, nullable: bool) -> bool:
    if type(expression) is not Value:
        return False
    value = expression.value
    return nullable if value is None else isinstance(value, SealedValue) and value.cell.label == field.cell.label


def guard_updates() -> None:
    """Have every UPDATE of a query ask `require_unmoved`; Django sends no signal for one. Done once, by the first model that seals."""
    add: Any = UpdateQuery.add_update_values
    if hasattr(add, "seals"):
        return

    @functools.wraps(add)
    def add_update_values(self: Any, values: Mapping[str, Any]) -> Any:
        for name in values:
            require_unmoved(self.get_meta().get_field(name), values)
        return add(self, values)

    add_update_values.seals = True  # type: ignore[attr-defined]  # so that it is wrapped once
    UpdateQuery.add_update_values = add_update_values  # type: ignore[method-assign]


def require_unmoved(written: Any, values: Mapping[str, Any]) -> None:
    """Raise SealMisused for an update of many rows that writes what sealed values are bound to, and not these too, row by row."""
    for field in _bound_to(written):
        # Each row its own value: what bulk.update writes, and seals for the row as it will be.
        if not isinstance(values.get(field.attname), Case | Cast):
            raise _moved(field, written.name)


def require_carried(instance: Model, written: Collection[str]) -> None:
    """The same for save(update_fields=...): raise SealMisused where what changed of row, tenant or subject is written without the value."""
    for field in rows.sealed_fields(type(instance)):
        if field.attname in written:
            continue
        for name in _names_of_place(field):
            bound = instance._meta.get_field(name)  # noqa: SLF001  # Django's name for what it gives to everybody
            if (bound.name in written or name in written) and field.is_moved(instance):
                raise _moved(field, bound.name)


def _bound_to(written: Any) -> Iterator[Any]:
    """The sealed fields that are bound to a field: of its model, and of those that inherit it."""
    name = getattr(written, "attname", None)
    if name is None:
        return
    for model in _kinds(written.model):
        yield from (field for field in rows.sealed_fields(model) if name in _names_of_place(field))


def _names_of_place(field: Any) -> tuple[str, ...]:
    return (*field.row_names.names, *(name for name in field.owners if name))


def _kinds(model: type[Model]) -> Iterator[type[Model]]:
    if not model._meta.abstract:  # noqa: SLF001
        yield model
    for child in model.__subclasses__():
        yield from _kinds(child)


def _moved(field: Any, name: str) -> SealMisused:
    return SealMisused(
        f"{field.cell.label} is bound to {name!r} of its row, and would open no more when that is written alone: set it on each instance"
        f" and save() the whole instance, or use ringwork.sealed.django.bulk.update(instances, [{name!r}, {field.name!r}])"
    )


def require_own_row(field: Any, query: Any) -> None:
    """Raise SealMisused for an upsert that could write a value that was sealed for one row into another, or another tenant beside it."""
    if getattr(query, "on_conflict", None) != OnConflict.UPDATE:
        return
    written = _names(query.update_fields)
    if field.name not in written:
        for name in _names_of_place(field):
            if name in written and name not in _names(query.unique_fields):
                raise _moved(field, field.model._meta.get_field(name).name)  # noqa: SLF001
        return
    # Against a row that is found by another unique column: it keeps its own key, and the value is bound to the new one.
    if not set(field.row_names.names) <= set(_names(query.unique_fields)):
        raise SealMisused(
            f"{field.cell.label} is sealed for the key of the new row, and this upsert may meet another row by"
            f" {', '.join(_names(query.unique_fields)) or 'any unique column'}; use update_or_create for each,"
            f" or unique_fields={list(field.row_names.names)}"
        )


def _names(fields: Any) -> list[str]:
    return [getattr(field, "attname", field) for field in fields or ()]
