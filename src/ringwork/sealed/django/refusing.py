"""What a database cannot do with a sealed column, refused with what to write instead.

Against a search that finds nothing, an order that means nothing and a copy that opens nowhere: ciphertext compares with nothing, and
is bound to its row. What SQL would compute from it raises before it is sent.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.exceptions import FieldError
from django.db.models import Case, Value
from django.db.models.constants import OnConflict
from django.db.models.expressions import Col
from django.db.models.functions import Cast
from django.db.models.lookups import IsNull

from ringwork.errors import SealMisused
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
    if hasattr(value, "as_sql") and _chooses_sealed(value):
        return value
    # Against a plain value that reaches the database, or its log, by a way on which nothing seals.
    raise SealMisused(
        f"{field.cell.label} is sealed, and here nobody knows for which row: set the attribute and save() each instance,"
        " or use ringwork.sealed.django.bulk.update(instances, fields)"
    )


def _chooses_sealed(value: Any) -> bool:
    """Whether it is what bulk_update makes: a sealed value for each primary key."""
    if isinstance(value, Cast):
        return _chooses_sealed(value.get_source_expressions()[0])
    return isinstance(value, Case) and all(isinstance(when.result, Value) and _is_sealed(when.result) for when in value.cases)


def _is_sealed(value: Value) -> bool:
    return isinstance(value.value, SealedValue) or value.value is None


def require_own_row(field: Any, query: Any) -> None:
    """Raise SealMisused for an upsert that could write a value that was sealed for one row into another."""
    if getattr(query, "on_conflict", None) != OnConflict.UPDATE or field.name not in _names(query.update_fields):
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
