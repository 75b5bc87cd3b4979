"""Sealed attributes of SQLAlchemy's instances: opened when they are read.

Against one row's secret shown in another: a value opens with the identity of the instance that it was read into, so what was moved
in the database raises. What stands in the instance itself shows nothing, so neither does a log of it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column
from sqlalchemy.orm import InstanceState, InstrumentedAttribute, Mapper
from sqlalchemy.orm.attributes import instance_state

from ringwork.errors import SealMisused
from ringwork.sealed.cells import Cell, Row
from ringwork.sealed.columns import SealedBinary
from ringwork.sealed.values import NOT_OPENED, STORED, SealedBytes, SealedValue, Waiting

FIELD = "ringwork sealed field"
"""The key under which a mapped property knows its Field."""

Binding = tuple[Row, str | None, str | None]
"""What a value is bound to: row, tenant and subject."""


class Field:
    """One sealed field of a mapped class. names: the attributes that identify its row."""

    __slots__ = ("key", "cell", "column", "default", "names", "kinds", "by_key", "watched")

    def __init__(self, mapper: Mapper[Any], key: str, column: Column[Any], kind: SealedBinary) -> None:
        self.key, self.column, self.cell = key, column, kind.cell
        self.default = kind.declared.default
        # Most rows are told by their primary key, which SQLAlchemy keeps at hand.
        self.by_key = not kind.declared.row and kind.cell.tenant is None and kind.cell.subject is None
        keys = tuple(mapper.get_property_by_column(each).key for each in mapper.primary_key)
        self.names = kind.declared.row or keys
        owners = [name for name in (kind.cell.tenant, kind.cell.subject) if name is not None]
        missing = [name for name in (*self.names, *owners) if name not in mapper.columns]
        if missing:
            raise SealMisused(
                f"{kind.cell.label}: {mapper.class_.__name__} has no column {', '.join(missing)}; name mapped columns of the same class"
            )
        self.kinds = {name: kind_of(mapper.columns[name]) for name in self.names}
        self.watched = frozenset((*self.names, *owners))

    def binding(self, instance: Any) -> Binding | None:
        """What a value is bound to when it is written now; None while the database has not given the row its key."""
        row = [getattr(instance, name) for name in self.names]
        if None in row:
            if not self._declared_row(instance):
                return None
            row = [b"" if part is None else part for part in row]
        for name, part in zip(self.names, row, strict=True):
            require_kind(self.cell, name, self.kinds[name], part)
        return tuple(row), self._owner(instance, self.cell.tenant), self._owner(instance, self.cell.subject)

    def stored_binding(self, instance: Any) -> Binding:
        """What the value in the database is bound to: the same, as it was before unwritten changes."""
        state = instance_state(instance)
        if self.by_key and state.key is not None:
            return state.key[1], None, None
        row = tuple(b"" if part is None else part for part in (_before(state, instance, name) for name in self.names))
        tenant, subject = (
            None if name is None else _text(_before(state, instance, name)) for name in (self.cell.tenant, self.cell.subject)
        )
        return row, tenant, subject

    def open(self, instance: Any, held: SealedBytes | SealedValue[Any]) -> Any:
        """The value of `held`, which stands in `instance`, kept there for the next time."""
        cell, stored = self.cell, held if isinstance(held, SealedBytes) else held.stored
        if self.by_key and (key := instance_state(instance).key) is not None:
            value = cell.open(stored, key[1])
        else:
            row, tenant, subject = self.stored_binding(instance)
            value = cell.open(stored, row, tenant=tenant, subject=subject)
        kept: SealedValue[Any] = SealedValue(cell, stored, value)
        instance.__dict__[self.key] = kept
        return value

    def known(self, value: Any, stored: bytes) -> SealedValue[Any]:
        """What stands in an instance that knows what was sealed."""
        return SealedValue(self.cell, stored, value)

    def sealed(self, held: Waiting, bound: Binding) -> SealedValue[Any]:
        """What waited, for the database. Its own instance goes on knowing what it holds."""
        row, tenant, subject = bound
        data = self.cell.encode(held.value) if held.data is None else held.data
        return self.known(held.value, self.cell.seal_encoded(data, row, tenant=tenant, subject=subject))

    def _declared_row(self, instance: Any) -> bool:
        return any(getattr(instance, name) is not None for name in self.names) and not self.by_key and len(self.names) > 1

    def _owner(self, instance: Any, name: str | None) -> str | None:
        return None if name is None else _text(getattr(instance, name))


class SealedAttribute(InstrumentedAttribute[Any]):
    """The attribute of one sealed field. In the instance stands a masked value; reading the attribute opens it, once."""

    __slots__ = ()
    inherit_cache = True

    def __get__(self, instance: Any, owner: Any) -> Any:
        """The value. Raises SealBroken for what was altered, moved, emptied or never sealed."""
        if instance is None:
            return self
        inside = instance.__dict__
        held = inside[self.key] if self.key in inside else self.held(instance)
        if isinstance(held, STORED):
            if held.cell.audited:
                return held
            if type(held) is SealedValue and held.opened is not NOT_OPENED:
                return held.opened
            field: Field = self.property.info[FIELD]
            return field.open(instance, held)
        if type(held) is Waiting:
            return held if held.cell.audited else held.value
        return self.without_value(instance, held)

    def __set__(self, instance: Any, value: Any) -> None:
        """Take a value, to be sealed when the row is written. Raises TypeError or ValueError, which quote nothing of it."""
        field: Field = self.property.info[FIELD]
        super().__set__(instance, waiting(field.cell, value))

    def held(self, instance: Any) -> Any:
        """What stands in the instance, loaded where it has to be, and not opened."""
        inside = instance.__dict__
        if self.key in inside:
            return inside[self.key]
        return self.impl.get(instance_state(instance), inside)

    def without_value(self, instance: Any, held: Any) -> Any:
        """What the attribute gives where no sealed value stands in the instance. Raises SealBroken where the database lost one."""
        cell = field_of(self).cell
        if held is not None and cell.audited and instance_state(instance).key is not None:
            # Against a plain value that came past the attribute and would be shown without a reveal.
            return waiting(cell, held)
        if held is not None or cell.nullable or instance_state(instance).key is None:
            # Not read from the database: the application's own value, by a way past the attribute, or none yet.
            return held
        return cell.open(None, ())


def field_of(attribute: Any) -> Field:
    """The field behind a sealed attribute of a class. Raises SealMisused for any other attribute."""
    found = attribute.property.info.get(FIELD) if isinstance(attribute, InstrumentedAttribute) else None
    if not isinstance(found, Field):
        raise SealMisused(f"{attribute} is no sealed field")
    return found


def waiting(cell: Cell, value: Any) -> Waiting | None:
    """What stands in the instance for a value of the application. None stays None where the column keeps NULL."""
    if type(value) is Waiting:
        return value
    if isinstance(value, STORED):
        # Against a value that is carried to another row in the belief that it stays readable.
        raise SealMisused(f"{cell.label} was given a sealed value, which belongs to its row; open it there, and assign what it holds")
    if value is None and not cell.optional:
        cell.check(value)
        return None
    return Waiting(cell, value)


def require_kind(cell: Cell, name: str, kind: type, part: object) -> None:
    """Raise SealMisused for a part of a row's identity that the database would give back as something else."""
    # Against a key that is written as "7" and comes back as 7: the value would not open any more.
    if part != b"" and not isinstance(part, kind):
        raise SealMisused(f"{cell.label}: the column {name} holds {kind.__name__}, and was given {type(part).__name__}; convert it")


def kind_of(column: Column[Any]) -> type:
    """What the database gives back for a column."""
    try:
        return column.type.python_type
    except RuntimeError:  # of a type that names none
        return object


def _before(state: InstanceState[Any], instance: Any, name: str) -> Any:
    """An attribute as it is in the database."""
    value = state.committed_state.get(name, state)
    if value is state:
        return getattr(instance, name)
    if value is not None and type(value).__module__.startswith("sqlalchemy"):
        raise SealMisused(f"{name} is part of what the sealed fields of its row are bound to; read it before it is changed")
    return value


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
