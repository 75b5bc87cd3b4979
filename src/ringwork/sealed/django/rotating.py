"""The sealed fields of a Django project, for `ringwork keys rotate`: `columns = "ringwork.sealed.django.rotating:source"` under [keys].

Against a write that is lost while values are sealed anew: a value is replaced only where it still holds the bytes that were read, and
how far the rotation came is committed with what it changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import django
from django.apps import apps
from django.db import DatabaseError, connections, models, transaction

from ringwork.crypto.places import Place
from ringwork.crypto.sealing import Profile
from ringwork.errors import StoreDown
from ringwork.keys.sealed_columns import KID_AT, KID_BYTES, Cell, Key, SealedColumn, key_of, key_text
from ringwork.sealed.django import rows
from ringwork.sealed.values import SealedValue

PROGRESS = "ringwork_progress_1"
"""How far each task came; the table that rotation keeps on other databases too."""


def source() -> ModelSource:
    """All sealed fields of the project that DJANGO_SETTINGS_MODULE names, on its default database."""
    if not apps.ready:
        django.setup()
    return ModelSource()


class ModelSource:
    """The sealed fields of one database's models; see SealedSource. Raises StoreDown where the database does not answer."""

    def __init__(self, *, using: str = "default") -> None:
        self._using = using
        self._fields = {
            _told(field).label: field
            for model in apps.get_models(include_auto_created=True)
            if not model._meta.proxy  # noqa: SLF001  # Django's name for what it gives to everybody
            for field in rows.sealed_fields(model)
            if field.model is model
        }

    def columns(self) -> Sequence[SealedColumn]:
        """All of them."""
        return [_told(field) for field in self._fields.values()]

    @contextmanager
    def batch(self) -> Iterator[ModelBatch]:
        """One transaction."""
        try:
            with transaction.atomic(using=self._using):
                yield ModelBatch(self._using, self._fields)
        except DatabaseError as error:
            raise _down(error) from error

    def count(self, column: SealedColumn) -> Mapping[int, int]:
        """How many values there are of each key; 0 stands for what is not sealed."""
        field = self._fields[column.label]
        kid = _kid(self._using, field)
        asked = f"SELECT {kid}, COUNT(*) FROM {_table(self._using, field)} WHERE {kid} IS NOT NULL GROUP BY {kid}"  # noqa: S608  # quoted names
        found: dict[int, int] = {}
        try:
            with connections[self._using].cursor() as cursor:
                cursor.execute(asked)
                for part, number in cursor.fetchall():
                    raw = bytes(part) if isinstance(part, bytes | memoryview) else b""
                    key = int.from_bytes(raw, "big") if len(raw) == KID_BYTES else 0
                    found[key] = found.get(key, 0) + number
        except DatabaseError as error:
            raise _down(error) from error
        return found


class ModelBatch:
    """One transaction of a ModelSource; see Batch."""

    def __init__(self, using: str, fields: Mapping[str, Any]) -> None:
        self._using, self._fields = using, fields
        self._connection: Any = connections[using]
        # A write comes first: on SQLite the transaction has its lock before it reads, and cannot lose its turn to a writer.
        self._execute(
            f"CREATE TABLE IF NOT EXISTS {PROGRESS} (task VARCHAR(80) NOT NULL, place VARCHAR(200) NOT NULL,"
            " position TEXT NOT NULL, PRIMARY KEY (task, place))"
        )
        self._execute(f"UPDATE {PROGRESS} SET position = position WHERE task = ''")  # noqa: S608  # a name of our own

    def cells(self, column: SealedColumn, *, kid: int, after: Key | None, limit: int) -> Sequence[Cell]:
        """The next values under this key."""
        field = self._fields[column.label]
        key, tenant_name = rows.names_of(field.model, ()), field.owners[0]
        names = dict.fromkeys((*key.names, *field.row_names.names, *((tenant_name,) if tenant_name else ())))
        found = self._where(field, f"{_kid(self._using, field)} = %s", kid.to_bytes(KID_BYTES, "big")).order_by("pk")
        if after is not None:
            found = found.filter(pk__gt=after if len(after) > 1 else after[0])
        cells = []
        for row in found.values(*names, field.attname)[:limit]:
            place = Place(
                table=field.cell.table,
                column=field.cell.column,
                row=field.row_names.read(row, None) or (),
                tenant=None if tenant_name is None else str(row[tenant_name]),
            )
            cells.append(Cell(key=key.read(row, None) or (), place=place, sealed=row[field.attname].stored))
        return cells

    def swap(self, column: SealedColumn, changes: Sequence[tuple[Cell, bytes]]) -> int:
        """Compare and swap."""
        field = self._fields[column.label]
        return sum(self._swap(field, cell, sealed) for cell, sealed in changes)

    def _swap(self, field: Any, cell: Cell, sealed: bytes) -> int:
        # Against a write that is lost: whoever wrote after we have read keeps what was written.
        found = self._where(field, f"{_column(self._using, field)} = %s", cell.sealed)
        key = cell.key if len(cell.key) > 1 else cell.key[0]
        return found.filter(pk=key).update(**{field.attname: SealedValue(field.cell, sealed)})

    def position(self, task: str, column: SealedColumn) -> Key | None:
        """How far the task came."""
        asked = f"SELECT position FROM {PROGRESS} WHERE task = %s AND place = %s"  # noqa: S608  # a name of our own
        found = self._execute(asked, task, column.label)
        return key_of(found[0][0]) if found else None

    def note(self, task: str, column: SealedColumn, position: Key | None) -> None:
        """Keep how far it came."""
        self._execute(f"DELETE FROM {PROGRESS} WHERE task = %s AND place = %s", task, column.label)  # noqa: S608  # the same
        if position is not None:
            insert = f"INSERT INTO {PROGRESS} (task, place, position) VALUES (%s, %s, %s)"  # noqa: S608  # the same
            self._execute(insert, task, column.label, key_text(position))

    def _where(self, field: Any, condition: str, raw: bytes) -> models.QuerySet[Any]:
        everything: models.QuerySet[Any] = field.model._base_manager.using(self._using)  # noqa: SLF001  # the manager that hides no rows
        return everything.extra(where=[condition], params=[self._connection.Database.Binary(raw)])  # noqa: S610  # quoted names, bound values

    def _execute(self, statement: str, *given: str) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, given or None)
            return cursor.fetchall() if cursor.description else []


def _down(error: DatabaseError) -> StoreDown:
    return StoreDown(f"the database of the sealed values does not answer ({type(error).__name__})")


def _told(field: Any) -> SealedColumn:
    cell = field.cell
    profile = Profile.ROW if cell.tenant is None else Profile.TENANT
    return SealedColumn(table=cell.table, column=cell.column, data_class=cell.data_class, profile=profile)


def _table(using: str, field: Any) -> str:
    return str(connections[using].ops.quote_name(field.model._meta.db_table))  # noqa: SLF001


def _column(using: str, field: Any) -> str:
    return f"{_table(using, field)}.{connections[using].ops.quote_name(field.column)}"


def _kid(using: str, field: Any) -> str:
    return f"substr({_column(using, field)}, {KID_AT + 1}, {KID_BYTES})"
