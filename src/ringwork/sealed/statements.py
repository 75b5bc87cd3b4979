"""Sealing in statements that no unit of work made: bulk inserts, Core inserts and updates; and refusing what cannot be sealed.

Against a plaintext that goes round the ORM into the database, its log, or the error of a failed statement: all statements pass here
before they are compiled. Values of one row whose primary key is given are sealed for it; everything else is refused, and not quoted.
What is written as text, `text("INSERT ...")`, nobody here understands: what that stores in clear raises when it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Insert, Select, Table, Update
from sqlalchemy.sql import CompoundSelect, operators, visitors
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, BooleanClauseList, ColumnClause, Null

from ringwork.errors import SealMisused
from ringwork.sealed.attributes import kind_of, require_kind
from ringwork.sealed.cells import Cell, Row
from ringwork.sealed.columns import SealedBinary, incomparable
from ringwork.sealed.flushing import UNSET, maker
from ringwork.sealed.values import STORED, SealedValue, Waiting

Values = dict[str, Any]


def sealed_statement(
    _connection: object, statement: Any, many: Sequence[Mapping[str, Any]], one: Mapping[str, Any], _options: object
) -> tuple[Any, Any, Any]:
    """The statement and its parameters, with all values of sealed columns sealed. For `before_execute`.

    Raises SealMisused, before anything is compiled, for what would be stored unsealed, or sealed for a row that is not known.
    """
    if isinstance(statement, Insert | Update):
        columns = sealed_columns(statement.table)
        if columns and isinstance(statement, Update):
            _require_same_place(statement, columns)
        if columns and not _is_sealed(statement, columns, many or [one]):
            _require_plain_form(statement, columns)
            return _Write(statement, columns).sealed(many, one)
    elif isinstance(statement, Select | CompoundSelect):
        _require_no_order(statement)
    return statement, many, one


def sealed_columns(table: Any) -> dict[str, Column[Any]]:
    """The sealed columns of a table by key."""
    return {column.key: column for column in table.c if isinstance(column.type, SealedBinary)}


def sealed_values(table: Table, values: Values) -> Values:
    """`values` of one row with those of its sealed columns sealed. Raises SealMisused without the row's key."""
    return _Write(table.insert(), sealed_columns(table)).row(values)


def _is_sealed(statement: Any, columns: Mapping[str, Column[Any]], rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether nothing is left to do: what the unit of work hands over is sealed already."""
    if statement._values or statement._multi_values:
        return False
    if isinstance(statement, Insert) and (statement.select is not None or _after(statement)):
        return False
    cells = {name: column.type.cell for name, column in columns.items() if isinstance(column.type, SealedBinary)}
    if isinstance(statement, Update):
        return all(_is_of(row[name], cell) for row in rows for name, cell in cells.items() if name in row)
    return all(_is_of(row.get(name), cell) for row in rows for name, cell in cells.items())


def _is_of(value: Any, cell: Cell) -> bool:
    return isinstance(value, STORED) and value.cell is cell


class _Write:
    """One INSERT or UPDATE of a table with sealed columns."""

    def __init__(self, statement: Insert | Update, columns: Mapping[str, Column[Any]]) -> None:
        self._statement, self._columns = statement, columns
        self._keys: list[Column[Any]] = [each for each in statement.table.primary_key if isinstance(each, Column)]
        self._fixed: dict[str, tuple[Any, Any]] = {_name(key): (key, value) for key, value in (statement._values or {}).items()}
        self._where = dict(_equals(statement._where_criteria)) if isinstance(statement, Update) else {}

    def sealed(self, many: Sequence[Mapping[str, Any]], one: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """Statement and parameters to execute instead."""
        rows = [self.row(dict(row)) for row in (many or [one])]
        statement: Any = self._statement
        for name in self._columns:
            key, element = self._fixed.get(name, (None, None))
            if key is None or (isinstance(element, BindParameter) and element.key in rows[0]):
                continue
            if len(rows) > 1:
                raise SealMisused(
                    f"{self._cell(name).label}: one value for many rows cannot be sealed; give it in the parameters of each row"
                )
            if not isinstance(element, Null):
                statement = statement.values({key: rows[0].pop(name)})
        return (statement, rows, {}) if many else (statement, [], rows[0])

    def row(self, given: Values) -> Values:
        """The parameters of one row, sealed."""
        for name in self._columns:
            cell, where, value = self._cell(name), name, given.get(name, UNSET)
            element = self._fixed[name][1] if name in self._fixed else None
            if isinstance(element, BindParameter):
                where, value = (element.key, given[element.key]) if element.key in given else (name, element.value)
            elif element is not None and not isinstance(element, Null):
                raise SealMisused(f"{cell.label} is sealed, so SQL cannot compute it; load the rows, assign the field, and commit")
            elif value is UNSET:
                value = self._default(name, cell, given_null=element is not None)
            if value is UNSET:
                continue
            given[where] = self._sealed(cell, value, given)
        return given

    def _default(self, name: str, cell: Cell, *, given_null: bool) -> Any:
        """What an INSERT stores for a field that it does not name."""
        if given_null:
            cell.check(None)
        default = self._columns[name].type.declared.default  # type: ignore[attr-defined]  # SealedBinary, as sealed_columns looked
        if isinstance(self._statement, Update) or given_null:
            return UNSET
        if default is UNSET:
            return None if cell.optional else UNSET
        return default() if callable(default) else default

    def _sealed(self, cell: Cell, value: Any, given: Values) -> Any:
        if isinstance(value, STORED):
            if value.cell.label != cell.label:
                raise SealMisused(f"{cell.label} was given a sealed value of {value.cell.label}; open it there, and give what it holds")
            return value
        value = value.value if isinstance(value, Waiting) else value
        cell.check(value)
        if value is None and not cell.optional:
            return None
        return SealedValue(cell, cell.seal(value, self._identity(cell, given), **self._owners(cell, given)))

    def _identity(self, cell: Cell, given: Values) -> Row:
        """The primary key of the row that is written; what SQLAlchemy would make by itself is made now."""
        found = []
        for key in self._keys:
            value = self._key_part(key, given)
            if value is None:
                raise SealMisused(
                    f"{cell.label}: the statement does not say for which row; give the primary key {key.key} in its values (INSERT) or as"
                    f" `{key.key} == ...` in its condition (UPDATE), or write instances with session.add"
                )
            require_kind(cell, key.key, kind_of(key), value)
            found.append(value)
        return tuple(found)

    def _key_part(self, key: Column[Any], given: Values) -> Any:
        if isinstance(self._statement, Update):
            element = self._where.get(key.key)
            if element is None or key.key in given or key.key in self._fixed:
                return None
        else:
            element = self._fixed.get(key.key, (None, None))[1]
            if element is None:
                if given.get(key.key) is None and key.default is not None and (make := maker(key.default)) is not None:
                    given[key.key] = make()
                return given.get(key.key)
        return given.get(element.key, element.value) if isinstance(element, BindParameter) else None

    def _owners(self, cell: Cell, given: Values) -> dict[str, str | None]:
        """Tenant and subject of the row, which the statement writes beside the value."""
        names = {"tenant": cell.tenant, "subject": cell.subject}
        found = {name: self._said(name, given) for name in names.values() if name is not None}
        missing = [name for name, value in found.items() if value is None]
        if missing:
            raise SealMisused(f"{cell.label} is bound to {', '.join(missing)}, which the statement does not give; give it beside the value")
        return {what: None if name is None else str(found[name]) for what, name in names.items()}

    def _said(self, name: str, given: Values) -> Any:
        """What the statement writes into another column of the row; None where it does not say, or the database computes it."""
        if name not in self._fixed:
            return given.get(name)
        element = self._fixed[name][1]
        return given.get(element.key, element.value) if isinstance(element, BindParameter) else None

    def _cell(self, name: str) -> Cell:
        kind = self._columns[name].type
        if not isinstance(kind, SealedBinary):
            raise SealMisused(f"{name} is no sealed column")
        if kind.declared.row:
            raise SealMisused(f"{kind.cell.label} is bound to {', '.join(kind.declared.row)}; write its rows as instances with session.add")
        return kind.cell


def _require_same_place(statement: Update, columns: Mapping[str, Column[Any]]) -> None:
    """Raise SealMisused where an UPDATE gives a row another key, tenant or subject, and leaves values as they were sealed for the old."""
    named = {_name(key) for key in {**(statement._values or {}), **dict(getattr(statement, "_ordered_values", None) or ())}}
    keys = {column.key for column in statement.table.primary_key}
    for name, column in columns.items():
        kind: Any = column.type
        moved = named & {*(kind.declared.row or keys), *(owner for owner in (kind.cell.tenant, kind.cell.subject) if owner)}
        if moved and name not in named:
            # Against rows that nobody can read any more: the database cannot seal them anew.
            raise SealMisused(_unbound({name: column}, f"to change {', '.join(sorted(moved))}, load the rows, assign it, and commit"))


def _require_plain_form(statement: Any, columns: Mapping[str, Column[Any]]) -> None:
    """Raise SealMisused for forms of a write in which a sealed column gets what nobody can bind to its row."""
    if isinstance(statement, Insert) and statement.select is not None and not columns.keys().isdisjoint(statement._select_names or ()):
        raise SealMisused(_unbound(columns, "INSERT FROM SELECT would copy sealed values to other rows, where they do not open"))
    if any(not columns.keys().isdisjoint(_named(statement, row)) for rows in statement._multi_values for row in rows):
        raise SealMisused(
            _unbound(columns, "values([...]) keeps its rows out of sight; give them as parameters: execute(insert(Model), [...])")
        )
    ordered = dict(getattr(statement, "_ordered_values", None) or ())
    if not columns.keys().isdisjoint(map(_name, ordered)):
        raise SealMisused(_unbound(columns, "ordered_values() is not looked into; use values()"))
    for clause in _after(statement) if isinstance(statement, Insert) else ():
        _require_same_row(statement, clause, columns)


def _named(statement: Any, row: Any) -> Iterator[str]:
    keys = row if isinstance(row, Mapping) else [column for column, _ in zip(statement.table.c, row, strict=False)]
    return map(_name, keys)


def _after(statement: Any) -> list[Any]:
    """The clauses behind VALUES that change a row which is there already."""
    clause = statement._post_values_clause
    return [] if clause is None else [each for each in visitors.iterate(clause) if _changes(each)]


def _changes(clause: Any) -> dict[Any, Any]:
    found = getattr(clause, "update_values_to_set", None) or getattr(clause, "update", None)
    return dict(found) if isinstance(found, Mapping | list) else {}


def _require_same_row(statement: Any, clause: Any, columns: Mapping[str, Column[Any]]) -> None:
    """ON CONFLICT may write a sealed column only where the row that is there has the very key of the one that was given."""
    touched = {name: value for name, value in ((_name(key), value) for key, value in _changes(clause).items()) if name in columns}
    if not touched:
        return
    keys = {column.key for column in statement.table.primary_key}
    if {_name(each) for each in getattr(clause, "inferred_target_elements", None) or ()} != keys:
        raise SealMisused(
            _unbound(touched, "a conflict with another row keeps that row's key; name the primary key alone in index_elements")
        )
    for name, value in touched.items():
        if not (isinstance(value, ColumnClause) and value.key == name and getattr(value.table, "name", "") == "excluded"):
            raise SealMisused(_unbound({name: columns[name]}, f"on a conflict it takes the value that was given; write excluded.{name}"))


def _unbound(columns: Mapping[str, Any], why: str) -> str:
    return f"{', '.join(columns)}: sealed values are bound to their row; {why}"


def _require_no_order(statement: Any) -> None:
    """Against a list in an order that looks right and means nothing: sealed bytes sort at random."""
    for clause in (*statement._order_by_clauses, *statement._group_by_clauses):
        if isinstance(getattr(clause, "type", None), SealedBinary):
            raise SealMisused(incomparable(clause.type))


def _equals(criteria: Sequence[Any]) -> Iterator[tuple[str, BindParameter[Any]]]:
    """Columns that the conditions hold to one value each, by key."""
    for each in criteria:
        if isinstance(each, BooleanClauseList) and each.operator is operators.and_:
            yield from _equals(each.clauses)
        elif isinstance(each, BinaryExpression) and each.operator is operators.eq and isinstance(each.right, BindParameter):
            yield _name(each.left), each.right


def _name(key: Any) -> str:
    return key if isinstance(key, str) else str(key.key)
