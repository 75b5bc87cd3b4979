"""The column of a sealed field in SQLAlchemy: binary in the database, a masked value in Python, and no operator in between.

Against plaintext in statements, logs and errors: what is bound is sealed already, and whatever is not has no way to the driver.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, Dialect, LargeBinary
from sqlalchemy.sql import ClauseElement, operators
from sqlalchemy.sql.elements import BinaryExpression, Null
from sqlalchemy.types import TypeDecorator

from ringwork.errors import SealMisused
from ringwork.sealed.cells import Cell
from ringwork.sealed.values import MASK, STORED, SealedBytes, sealed_bytes

_EMPTINESS = frozenset({operators.is_, operators.is_not, operators.eq, operators.ne})


class Declaration:
    """What `sealed(...)` was told. Table and column may be known only once the model is mapped."""

    __slots__ = ("kind", "label", "default", "row", "options")

    def __init__(self, kind: type, *, label: str | None, default: object, row: tuple[str, ...], options: dict[str, Any]) -> None:
        if label is not None and (label.count(".") != 1 or not all(label.split("."))):
            raise SealMisused(
                f'a label is "table.column", as the table and the column were called when they were sealed first, not {label!r}'
            )
        self.kind, self.label, self.default, self.row, self.options = kind, label, default, row, options
        self.cell("table", "column")

    def cell(self, table: str, column: str) -> Cell:
        """The cell under these labels. Raises TypeError or ValueError for options that do not fit the kind."""
        if self.label is not None:
            table, column = self.label.split(".")
        return Cell(table, column, self.kind, **self.options)


class SealedBinary(TypeDecorator[SealedBytes]):
    """Sealed bytes. Results are SealedBytes, NULL is None; only sealed values are bound."""

    impl = LargeBinary
    cache_ok = True
    # Alembic writes a type by the module of its class. In a migration this one is the plain binary type, whose import is always there.
    __module__ = "sqlalchemy.types"

    def __init__(self, declared: Declaration) -> None:
        super().__init__()
        self.declared = declared
        self._column: Column[Any] | None = None
        self._cell: Cell | None = None

    @property
    def cell(self) -> Cell:
        """The cell of the column that the type stands in."""
        if self._cell is None:
            if self._column is None or self._column.table is None:
                raise SealMisused("a sealed column belongs to a table; use sealed(...) in a mapped class")
            self._cell = self.declared.cell(self._column.table.name, self._column.key)
        return self._cell

    def _set_parent(self, parent: Any, outer: bool = False, **kw: Any) -> None:  # noqa: FBT001, FBT002  # SQLAlchemy's signature
        super()._set_parent(parent, outer, **kw)
        # A mixin's column is copied for each class: the copy is another cell.
        self._column, self._cell = parent, None

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Binds sealed values; in place of all others a mark that no driver takes."""
        inner = self.impl_instance.bind_processor(dialect)

        def process(value: Any) -> Any:
            if isinstance(value, STORED):
                stored = bytes(value.stored)
                return stored if inner is None else inner(stored)
            return None if value is None else Unsealed()

        return process

    def literal_processor(self, dialect: Dialect) -> None:
        """None: a sealed value is never written into the text of a statement."""

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], SealedBytes | None]:
        """Wraps what the database gave, without looking at it."""
        inner = self.impl_instance.result_processor(dialect, coltype)
        wrap = sealed_bytes(self.cell)

        def process(value: Any) -> SealedBytes | None:
            if type(value) is bytes:
                return wrap(value)
            if value is None:
                return None
            stored: Any = value if inner is None or isinstance(value, str) else inner(value)
            # What is no bytes was not written by us; it becomes what never opens.
            return wrap(stored if isinstance(stored, bytes | bytearray | memoryview) else b"")

        return process

    def compare_values(self, x: Any, y: Any) -> bool:
        """Whether a write can be spared: the same sealed bytes."""
        return x is y or (isinstance(x, STORED) and isinstance(y, STORED) and bool(x.stored == y.stored))

    def coerce_compared_value(self, op: Any, value: Any) -> SealedBinary:
        """Whatever is bound beside the column is judged as its own values are."""
        return self

    def __repr__(self) -> str:
        return "LargeBinary()"

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.declared,)

    class Comparator(TypeDecorator.Comparator[Any]):
        """Only asks whether something is there."""

        __slots__ = ()

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            """`IS NULL` and `IS NOT NULL`; SealMisused for everything else."""
            if op in _EMPTINESS and other:
                if other[0] is None or isinstance(other[0], Null):
                    return super().operate(op, *other, **kwargs)
                if isinstance(other[0], ClauseElement):
                    # SQLAlchemy compares columns with columns, to find them in its own tables; only a statement must not.
                    made = super().operate(op, *other, **kwargs)
                    made.__class__ = _Comparison
                    return made
            raise SealMisused(incomparable(self.expr.type))

        reverse_operate = operate

    comparator_factory = Comparator  # the class itself, instead of one that is made for each impl


class _Comparison(BinaryExpression[Any]):
    """A sealed column beside another: to be asked for its truth, and no part of a statement."""

    inherit_cache = True

    def _compiler_dispatch(self, visitor: Any, **kw: Any) -> str:
        sides = [side.type for side in (self.left, self.right) if isinstance(side.type, SealedBinary)]
        raise SealMisused(incomparable(sides[0]))


class Unsealed:
    """Stands where an unsealed value was bound. Drivers refuse it, and their errors show this instead of the value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{MASK} (an unsealed value for a sealed column)"


def incomparable(kind: Any) -> str:
    """Why a sealed column stands in no condition and no order, and what to do instead."""
    name = kind.cell.label if isinstance(kind, SealedBinary) else "the field"
    return (
        f"{name} is sealed, so the database can neither compare nor sort it: select the rows by other columns and compare the opened"
        " values in Python; searchable indexes come later"
    )


def _again(declared: Declaration) -> SealedBinary:
    return SealedBinary(declared)
