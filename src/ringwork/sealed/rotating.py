"""The sealed columns of mapped classes, as the rotation of keys walks through them.

Against a key that can never be retired because nobody knows what it sealed: every sealed column of the metadata is listed, with how the
identity of its rows is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import Column, LargeBinary, MetaData, Table

from ringwork.crypto.places import Place
from ringwork.crypto.sealing import Profile
from ringwork.errors import SealMisused
from ringwork.keys.columns_sqlalchemy import TableColumn
from ringwork.sealed.cells import Cell
from ringwork.sealed.columns import SealedBinary


def table_columns(metadata: MetaData) -> list[TableColumn]:
    """What `keys.columns_sqlalchemy.TableSource` asks for: all sealed columns of `metadata`, such as `Base.metadata`.

    Raises SealMisused where two columns have the same label, or a row is told by what is no column of its table.
    """
    found = [
        _column_of(table, column) for table in metadata.sorted_tables for column in table.columns if isinstance(column.type, SealedBinary)
    ]
    labels = [column.label for column in found]
    twice = sorted({".".join(label) for label in labels if labels.count(label) > 1})
    if twice:
        # Against values that may be exchanged between two columns, because nothing tells them apart.
        raise SealMisused(f"several columns are sealed as {', '.join(twice)}; give one of them another label=")
    return found


def _column_of(table: Table, column: Column[Any]) -> TableColumn:
    kind: Any = column.type
    cell: Cell = kind.cell
    names = kind.declared.row or tuple(key.key for key in table.primary_key)
    reads = (*names, *(name for name in (cell.tenant, cell.subject) if name is not None))
    missing = [name for name in reads if name not in table.columns]
    if missing:
        raise SealMisused(f"{cell.label} is bound to {', '.join(missing)}, which is no column of {table.name}")
    # A copy without our types: rotation moves sealed bytes, and opens them itself.
    plain = Table(
        table.name,
        MetaData(),
        *(
            Column(each.name, LargeBinary() if isinstance(each.type, SealedBinary) else each.type, primary_key=each.primary_key)
            for each in table.columns
        ),
        schema=table.schema,
    )
    return TableColumn(
        table=plain,
        column=column.name,
        label=(cell.table, cell.column),
        place=partial(
            _place,
            cell,
            tuple(table.columns[name].name for name in names),
            None if cell.tenant is None else table.columns[cell.tenant].name,
        ),
        reads=tuple(table.columns[name].name for name in reads),
        data_class=cell.data_class,
        profile=Profile.ROW if cell.tenant is None else Profile.TENANT,
    )


def _place(cell: Cell, names: tuple[str, ...], tenant: str | None, row: Mapping[str, Any]) -> Place:
    identity = tuple(b"" if row[name] is None else row[name] for name in names)
    owner = None if tenant is None or row[tenant] is None else str(row[tenant])
    return Place(table=cell.table, column=cell.column, row=identity, tenant=owner)
