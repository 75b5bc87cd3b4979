"""Where the mapped classes of an application keep what ringwork sealed, told as an operator tells it to `ringwork keys rotate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from ringwork.crypto.places import Place
from ringwork.keys.columns_sqlalchemy import TableColumn, TableSource
from ringwork.survey.harness import sqlalchemy_models


def source() -> TableSource:
    """The sealed columns that are bound to the primary key of their row, in the store in which they lie."""
    engine, columns = None, list[TableColumn]()
    for mapper, column, cell, shelf_engine in sqlalchemy_models.sealed_columns():
        keys = [key.name for key in mapper.primary_key]
        engine = shelf_engine
        columns.append(
            TableColumn(
                table=_plain(column),
                column=column.name,
                label=(cell.table, cell.column),
                place=_place(cell.table, cell.column, keys),
                data_class=cell.data_class,
            )
        )
    if engine is None:
        raise LookupError("no sealed column lies in a store that a copy reaches")
    return TableSource(_own(engine), columns)


def _own(engine: sa.Engine) -> sa.Engine:
    """Another engine on the same file, as the command has one: what the application has its transactions begin with is left out."""
    if engine.url.database in {None, "", ":memory:"}:
        return engine
    return sa.create_engine(engine.url, poolclass=NullPool, hide_parameters=True)


def _plain(column: sa.Column[Any]) -> sa.Table:
    """The table as the database has it: its sealed column takes bytes, which the mapped one refuses as what nobody sealed."""
    keys = [sa.Column(key.name, key.type, primary_key=True) for key in column.table.primary_key]
    return sa.Table(str(column.table.name), sa.MetaData(), *keys, sa.Column(column.name, sa.LargeBinary()))


def _place(table: str, column: str, keys: list[str]) -> Any:
    def place(row: Mapping[str, Any]) -> Place:
        return Place(table=table, column=column, row=tuple(row[name] for name in keys))

    return place
