"""Sealing in SQLAlchemy's unit of work: before the statement is made, so that neither statement, log nor error ever held a plaintext.

Against a value bound to the wrong row: where the database makes the key, nobody knows it before the INSERT. Such a row is inserted with an
empty mark, which never opens, and gets its sealed value in the same flush and transaction. Where key, tenant or subject of a row
change, all its fields are sealed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, event
from sqlalchemy.orm import InstanceState, Mapper, Session, object_session
from sqlalchemy.orm.attributes import flag_modified, instance_state

from ringwork.errors import SealBroken, SealMisused
from ringwork.sealed.attributes import FIELD, Binding, Field, SealedAttribute, waiting
from ringwork.sealed.columns import SealedBinary
from ringwork.sealed.values import NOT_OPENED, STORED, Masked, SealedBytes, SealedValue, Waiting

UNSET: Any = object()
"""The default of a field without one."""

_LABELS = "ringwork labels of sealed columns"
_LATER = "ringwork rows to be sealed"
_MARK = b""

Held = SealedValue[Any] | SealedBytes
_Batch = tuple[Connection, Table, tuple[str, ...]]


def prepare(mapper: Mapper[Any], kind: type) -> None:
    """Make the sealed fields of a mapped class sealed attributes, and seal them when its rows are written. For `mapper_configured`."""
    columns = {key: column for key, column in mapper.columns.items() if isinstance(column.type, SealedBinary)}
    if not columns:
        return
    _require_own_labels(columns)
    fields = tuple(_field(mapper, key, column) for key, column in columns.items())
    keys = keys_made_here(mapper)
    for key in columns:
        # SQLAlchemy's own attribute, which goes on doing what it did.
        mapper.class_manager[key].__class__ = SealedAttribute

    def before_insert(_mapper: Mapper[Any], _connection: Connection, state: InstanceState[Any]) -> None:
        _seal_new(fields, keys, state)

    def after_insert(_mapper: Mapper[Any], connection: Connection, state: InstanceState[Any]) -> None:
        _seal_known(fields, connection, state)

    def before_update(_mapper: Mapper[Any], _connection: Connection, state: InstanceState[Any]) -> None:
        _seal_changed(fields, state.obj())

    def refresh(state: InstanceState[Any], context: object, names: Collection[str]) -> None:
        if context is None:  # what was loaded comes with one
            _seal_synchronized([field for field in fields if field.key in names], state)

    event.listen(mapper, "refresh", refresh, raw=True)
    # With both, SQLAlchemy puts no step of its own between itself and what is asked for each row; what comes back is not looked at.
    event.listen(mapper, "before_insert", before_insert, raw=True, retval=True)
    event.listen(mapper, "after_insert", after_insert, raw=True, retval=True)
    event.listen(mapper, "before_update", before_update, raw=True, retval=True)


def _require_own_labels(columns: Mapping[str, Column[Any]]) -> None:
    """Raise SealMisused for a column whose label another one of the same metadata has."""
    for column in columns.values():
        kind, here = column.type, f"{column.table.fullname}.{column.key}"
        if isinstance(kind, SealedBinary) and isinstance(column.table, Table):
            first = column.table.metadata.info.setdefault(_LABELS, {}).setdefault(kind.cell.label, here)
            if first != here:
                # Against values of equal keys that are exchanged between two tables, because nothing tells them apart.
                raise SealMisused(f"{first} and {here} are both sealed as {kind.cell.label}; give one of them a label= of its own")


def _field(mapper: Mapper[Any], key: str, column: Any) -> Field:
    # A subclass shares the properties of its base, and their fields.
    known: dict[str, Any] = mapper.get_property(key, _configure_mappers=False).info
    if FIELD not in known:
        known[FIELD] = Field(mapper, key, column, column.type)
    field: Field = known[FIELD]
    return field


def keys_made_here(mapper: Mapper[Any]) -> dict[str, Callable[[], Any]]:
    """Of the primary key: attributes whose default SQLAlchemy would make by itself while it runs the INSERT, with their makers."""
    found: dict[str, Callable[[], Any]] = {}
    for column in mapper.primary_key:
        default: Any = column.default
        made = None if default is None else maker(default)
        if made is not None:
            found[mapper.get_property_by_column(column).key] = made
    return found


def maker(default: Any) -> Callable[[], Any] | None:
    """What makes a column's default without the database and without the rest of the row; None where nothing does."""
    if default.is_scalar:
        return partial(getattr, default, "arg")
    return getattr(default.arg, "__wrapped__", None) if default.is_callable else None


def _seal_new(fields: tuple[Field, ...], keys: dict[str, Callable[[], Any]], state: InstanceState[Any]) -> None:
    inside, target = state.dict, state.obj()
    for name, make in keys.items():
        if inside.get(name) is None:
            setattr(target, name, make())
    known: Binding | None = None
    for field in fields:
        held = inside.get(field.key)
        if type(held) is Waiting and known is not None and field.by_key:  # as most do, and its row is bound already
            inside[field.key] = field.sealed(held, known)
            continue
        held = _given(field, inside)
        if held is None:
            continue
        # One identity for all fields that are bound by the key alone.
        bound = known if known is not None and field.by_key else field.binding(target)
        if field.by_key:
            known = bound
        # Where the key is the database's to make, the row gets a mark that never opens, until `_seal_known`.
        inside[field.key] = field.known(_value(field, held), _MARK) if bound is None else _for_row(field, held, bound)


def _given(field: Field, inside: dict[str, Any]) -> Waiting | Held | None:
    """What is to be stored for a new row; None for NULL."""
    held = inside.get(field.key, UNSET)
    if held is UNSET:
        if field.default is UNSET:
            # Against a required field that is forgotten, and stored as anything.
            return waiting(field.cell, None)
        held = field.default() if callable(field.default) else field.default
    return held if isinstance(held, STORED) else waiting(field.cell, held)


def _for_row(field: Field, held: Waiting | Held, bound: Binding) -> SealedValue[Any]:
    if isinstance(held, Waiting):
        return field.sealed(held, bound)
    try:
        # Of an instance that was merged, or made new again: right when it is the same row.
        return field.known(held.cell.open(held.stored, bound[0], tenant=bound[1], subject=bound[2]), held.stored)
    except SealBroken:
        return field.sealed(Waiting(field.cell, _value(field, held)), bound)


def _value(field: Field, held: Waiting | Held) -> Any:
    if isinstance(held, Waiting):
        return held.value
    if isinstance(held, SealedBytes) or held.opened is NOT_OPENED:
        raise SealMisused(f"{field.cell.label} of a row with another key was never read; read it before the row is made anew")
    return held.opened


def _seal_known(fields: tuple[Field, ...], connection: Connection, state: InstanceState[Any]) -> None:
    """Seal what waited for its key; all rows of the flush are written together by `write_later`."""
    inside, target = state.dict, state.obj()
    found: dict[Table, dict[str, Any]] = {}
    known: Binding | None = None
    for field in fields:
        held = inside.get(field.key)
        if type(held) is not SealedValue or held.stored != _MARK:
            continue
        bound = known = known if known is not None and field.by_key else field.binding(target)
        table = field.column.table
        if bound is None or not isinstance(table, Table):
            raise SealMisused(f"{field.cell.label}: the database gave the row no key, so nothing can be bound to it")
        row, tenant, subject = bound
        held = field.known(held.opened, field.cell.seal(held.opened, row, tenant=tenant, subject=subject))
        inside[field.key] = found.setdefault(table, {})[field.column.key] = held
    session = object_session(target) if found and target is not None else None
    for table, values in found.items():
        if session is not None:
            batch = (connection, table, tuple(values))
            row_of = {f"ringwork_{column.key}": _key_part(target, column) for column in table.primary_key}
            session.info.setdefault(_LATER, {}).setdefault(batch, []).append({**values, **row_of})


def _key_part(target: Any, column: Any) -> Any:
    mapper = instance_state(target).mapper
    return getattr(target, mapper.get_property_by_column(column).key)


def begin_later(session: Session, _context: object, _instances: object) -> None:
    """Forget what a flush that failed left behind. For `before_flush`."""
    session.info.pop(_LATER, None)


def write_later(session: Session, _context: object) -> None:
    """Write the sealed values of rows that got their key in this flush. For `after_flush`: the same transaction, before anybody reads."""
    batches: dict[_Batch, list[dict[str, Any]]] = session.info.pop(_LATER, {})
    for (connection, table, _), rows in batches.items():
        this_row = [column == bindparam(f"ringwork_{column.key}") for column in table.primary_key]
        done = connection.execute(table.update().where(*this_row), rows)
        if connection.dialect.supports_sane_multi_rowcount and done.rowcount != len(rows):
            raise SealMisused(
                f"{table.name}: {len(rows)} rows were inserted, and {done.rowcount} of them could be sealed; the flush is undone"
            )


def _seal_changed(fields: tuple[Field, ...], target: Any) -> None:
    state = instance_state(target)
    changed, inside = state.committed_state, state.dict
    for field in fields:
        moved = not field.watched.isdisjoint(changed) and field.stored_binding(target) != field.binding(target)
        if field.key not in changed and not moved:
            continue
        held = inside[field.key] if field.key in changed else getattr(type(target), field.key).held(target)
        if not isinstance(held, STORED):
            held = waiting(field.cell, held)
        if held is None:
            continue
        old = changed.get(field.key)
        if not moved and isinstance(held, Waiting) and _is_same(old, held):
            inside[field.key] = old
            continue
        if moved and not isinstance(held, Waiting):
            held = Waiting(field.cell, field.open(target, held))
        _seal_again(field, target, held)


def _seal_synchronized(fields: Sequence[Field], state: InstanceState[Any]) -> None:
    """Seal what `synchronize_session` has just copied into an instance from the values of an UPDATE."""
    inside, target = state.dict, state.obj()
    for field in fields:
        held = inside.get(field.key, UNSET)
        if held is UNSET or isinstance(held, Masked) or (held is None and not field.cell.optional):
            continue
        # Against a plaintext that logs, pickles and readers of an audited field find in the instance: taken out first, in case we fail.
        del inside[field.key]
        if target is not None:
            inside[field.key] = field.sealed(Waiting(field.cell, held), field.stored_binding(target))


def _is_same(old: Any, held: Waiting) -> bool:
    """Whether the value that was set is the one that the row has already, so that nothing needs to be written."""
    return type(old) is SealedValue and type(old.opened) is type(held.value) and bool(old.opened == held.value)


def _seal_again(field: Field, target: Any, held: Waiting | Held) -> None:
    bound = field.binding(target)
    if bound is None:
        raise SealMisused(f"{field.cell.label}: a row that is stored keeps a key; give it the new one")
    instance_state(target).dict[field.key] = _for_row(field, held, bound)
    flag_modified(target, field.key)
