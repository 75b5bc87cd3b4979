"""Sealed fields for SQLAlchemy 2: `text: Mapped[str] = sealed(str)`.

Against a copied database, backup or query log that is read, and against a database that somebody else writes to: the column holds
sealed bytes that are bound to table, column and primary key of their row. See docs/sealing.md.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict, TypeVar, Unpack, overload

from sqlalchemy import Engine, MetaData, event
from sqlalchemy.orm import Mapped, Mapper, Session, mapped_column
from sqlalchemy.orm.attributes import instance_state

from ringwork.crypto.plaintexts import Json
from ringwork.errors import SealMisused
from ringwork.sealed import flushing, revealing, statements
from ringwork.sealed.attributes import SealedAttribute, field_of
from ringwork.sealed.columns import Declaration, SealedBinary
from ringwork.sealed.values import STORED, SealedValue

__all__ = ["Json", "SealedValue", "labels", "reveal", "seal_row", "sealed"]

T = TypeVar("T")


class Options(TypedDict, total=False):
    """What `sealed` may be told beside the kind of value."""

    label: str
    default: Any
    row: tuple[str, ...]
    data_class: str
    tenant: str
    subject: str
    bucket: int
    width: int
    name: str
    deferred: bool
    sort_order: int


@overload
def sealed(
    kind: type[Json], *, optional: bool = ..., nullable: bool = ..., audited: bool = ..., **options: Unpack[Options]
) -> Mapped[Any]: ...
@overload
def sealed(
    kind: type[T], *, audited: Literal[True], optional: Literal[False] = ..., nullable: Literal[False] = ..., **options: Unpack[Options]
) -> Mapped[T | SealedValue[T]]: ...
@overload
def sealed(
    kind: type[T], *, audited: Literal[True], optional: bool = ..., nullable: bool = ..., **options: Unpack[Options]
) -> Mapped[T | SealedValue[T] | None]: ...
@overload
def sealed(
    kind: type[T], *, optional: Literal[True], nullable: bool = ..., audited: Literal[False] = ..., **options: Unpack[Options]
) -> Mapped[T | None]: ...
@overload
def sealed(
    kind: type[T], *, nullable: Literal[True], optional: bool = ..., audited: Literal[False] = ..., **options: Unpack[Options]
) -> Mapped[T | None]: ...
@overload
def sealed(
    kind: type[T],
    *,
    optional: Literal[False] = ...,
    nullable: Literal[False] = ...,
    audited: Literal[False] = ...,
    **options: Unpack[Options],
) -> Mapped[T]: ...


def sealed(kind: type[Any], *, optional: bool = False, nullable: bool = False, audited: bool = False, **options: Unpack[Options]) -> Any:
    """A column whose values are sealed before they reach the database, and opened when the attribute is read.

    kind: str, bytes, int, Decimal, bool, date, datetime, UUID or Json. optional: None may be stored, and looks like any other value.
    nullable: NULL in the database reads as None; without it NULL is tampering. audited: the attribute gives a masked SealedValue, and
    only `reveal(...)` opens it. label: "table.column" as they were called at first, once one of them is renamed. default: a value or a
    function without arguments. row: attributes that identify the row in place of the primary key. tenant, subject: attributes of the
    same class whose value the field is bound to, or has a key of its own for. data_class: which keys. bucket, width: as in
    `plaintexts.codec`. name, deferred, sort_order: as in `mapped_column`.

    Raises TypeError, ValueError and SealMisused, which say what to write instead. Does not hide how long a value is, except up to a
    bucket, nor that an older value of the same row and field was put back.
    """
    kept: dict[str, Any] = {"optional": optional, "nullable": nullable, "audited": audited, **options}
    column = {word: kept.pop(word) for word in ("deferred", "sort_order") if word in kept}
    named = (kept.pop("name"),) if "name" in kept else ()
    label, row, default = kept.pop("label", None), kept.pop("row", ()), kept.pop("default", flushing.UNSET)
    _watch()
    made: Any = mapped_column(
        *named, SealedBinary(Declaration(kind, label=label, default=default, row=row, options=kept)), nullable=nullable, **column
    )
    # Against the repr that a mapped dataclass writes, which would show what it opened. Said as a parameter, other classes refuse it.
    made._attribute_options = made._attribute_options._replace(dataclasses_repr=False)  # noqa: SLF001
    return made


def _watch() -> None:
    """Have SQLAlchemy ask us, from the first sealed field on; where none is declared, nothing is asked."""
    if not event.contains(Mapper, "mapper_configured", flushing.prepare):
        event.listen(Mapper, "mapper_configured", flushing.prepare)
        event.listen(Session, "before_flush", flushing.begin_later)
        event.listen(Session, "after_flush", flushing.write_later)
        event.listen(Engine, "before_execute", statements.sealed_statement, retval=True)


def reveal(instance: object, field: str, *, reason: str) -> Any:
    """The value of a sealed field, opened on the record: who, which field of which row, and why. Never what it was.

    reason: for a reviewer. Raises ValueError without one, SealMisused for what is no sealed field or not yet in the database, or when
    the record could not be kept; SealBroken as reading does.
    """
    attribute = getattr(type(instance), field, None)
    if not isinstance(attribute, SealedAttribute):
        raise SealMisused(f"{type(instance).__name__}.{field} is no sealed field")
    held, known = attribute.held(instance), field_of(attribute)
    if instance_state(instance).key is None:
        raise SealMisused(f"{known.cell.label} is not in the database yet, so nobody can be shown it; write the row first")
    if not isinstance(held, STORED):
        return attribute.without_value(instance, held)
    revealing.told(known.cell, known.stored_binding(instance)[0], reason)
    return known.open(instance, held)


def seal_row(model: type[Any], values: dict[str, Any]) -> dict[str, Any]:
    """`values` of one row, attributes to values, with those of sealed fields sealed for it; for statements that SQLAlchemy does not bind.

    The primary key has to be among them.
    """
    return statements.sealed_values(model.__table__, values)


def labels(metadata: MetaData) -> dict[str, str]:
    """The label of every sealed column, by "table.column" as the database has it: for a test that holds what values are bound to."""
    found = [(table, column, column.type) for table in metadata.sorted_tables for column in table.columns]
    return {f"{table.fullname}.{column.name}": kind.cell.label for table, column, kind in found if isinstance(kind, SealedBinary)}
