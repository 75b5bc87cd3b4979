"""Sealed columns of tables that SQLAlchemy knows, for rotation: SQLite and PostgreSQL, columns of bytes or of text.

Against a batch that waits for ever behind a writer, or a writer behind it: batches are short, and on SQLite take their lock at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from ringwork.crypto.places import Place
from ringwork.crypto.sealing import Profile, from_text, to_text
from ringwork.errors import SealBroken, StoreDown
from ringwork.frozen import Frozen, filled
from ringwork.keys.sealed_columns import KID_AT, KID_BYTES, Cell, Key, SealedColumn, key_of, key_text, kid_text

PROGRESS = sa.Table(
    "ringwork_progress_1",
    sa.MetaData(),
    sa.Column("task", sa.String(80), primary_key=True),
    sa.Column("place", sa.String(200), primary_key=True),
    sa.Column("position", sa.Text, nullable=False),
)
"""How far each task came in each column; it stands in the database of the values, so that both are committed together."""


class TableColumn(Frozen):
    """One sealed column. column: its name in `table`. place: from a row (all of `reads` and the primary key) to what a value is bound to.

    label: the labels of table and column. reads: names of further columns that `place` needs. is_text: base64url instead of bytes.
    """

    table: sa.Table
    column: str
    label: tuple[str, str]
    place: Callable[[Mapping[str, Any]], Place]
    reads: tuple[str, ...] = ()
    data_class: str = "default"
    profile: Profile = Profile.ROW
    is_text: bool = False

    @property
    def told(self) -> SealedColumn:
        """The same as rotation knows it."""
        return SealedColumn(table=self.label[0], column=self.label[1], data_class=self.data_class, profile=self.profile)

    @property
    def stored(self) -> sa.ColumnElement[Any]:
        """What stands in the column, without the types that the application gave it."""
        return sa.type_coerce(self.table.c[self.column], sa.Text() if self.is_text else sa.LargeBinary())

    @property
    def kid(self) -> sa.ColumnElement[Any]:
        """The part that names the key."""
        # Numbers spelled out: PostgreSQL takes two parameters for two expressions, of which one is not what is grouped by.
        start: sa.ColumnElement[int] = sa.literal_column(str(KID_AT + 1))
        length: sa.ColumnElement[int] = sa.literal_column(str(2 * KID_BYTES if self.is_text else KID_BYTES))
        return sa.func.substr(self.stored, start, length, type_=sa.Text() if self.is_text else sa.LargeBinary())

    def as_stored(self, sealed: bytes) -> bytes | str:
        """A sealed value as the column holds it."""
        return to_text(sealed) if self.is_text else sealed


class TableSource:
    """The sealed columns of one engine's database; see SealedSource. Raises StoreDown where the database does not answer."""

    def __init__(self, engine: sa.Engine, columns: Sequence[TableColumn]) -> None:
        self._engine = engine
        self._columns = {column.told.label: column for column in columns}

    def columns(self) -> Sequence[SealedColumn]:
        """All of them."""
        return [column.told for column in self._columns.values()]

    @contextmanager
    def batch(self) -> Iterator[TableBatch]:
        """One transaction."""
        try:
            with self._engine.connect() as connection:
                if self._engine.dialect.name == "sqlite":
                    # Against a batch that has read, and then may not write since somebody else has: it takes its turn before it reads.
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                PROGRESS.create(connection, checkfirst=True)
                yield TableBatch(connection, self._columns)
                connection.commit()
        except sa.exc.DBAPIError as error:
            raise StoreDown(f"the database of the sealed values does not answer ({type(error.orig).__name__})") from error

    def count(self, column: SealedColumn) -> Mapping[int, int]:
        """How many values there are of each key."""
        found = self._columns[column.label]
        asked = sa.select(found.kid, sa.func.count()).where(found.stored.is_not(None)).group_by(found.kid)
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(asked).all()
        except sa.exc.DBAPIError as error:
            raise StoreDown(f"the database of the sealed values does not answer ({type(error.orig).__name__})") from error
        return {_number(part, is_text=found.is_text): number for part, number in rows}


class TableBatch:
    """One transaction of a TableSource; see Batch."""

    def __init__(self, connection: sa.Connection, columns: Mapping[str, TableColumn]) -> None:
        self._connection, self._columns = connection, columns

    def cells(self, column: SealedColumn, *, kid: int, after: Key | None, limit: int) -> Sequence[Cell]:
        """The next values under this key."""
        found = self._columns[column.label]
        keys = list(found.table.primary_key.columns)
        wanted = kid_text(kid) if found.is_text else kid.to_bytes(KID_BYTES, "big")
        asked = sa.select(*keys, *(found.table.c[name] for name in found.reads if name not in found.table.primary_key.columns))
        asked = asked.add_columns(found.stored.label("ringwork_stored")).where(found.kid == wanted).order_by(*keys).limit(limit)
        if after is not None:
            asked = asked.where(sa.tuple_(*keys) > sa.tuple_(*(sa.literal(part, key.type) for key, part in zip(keys, after, strict=True))))
        result = self._connection.execute(asked)
        names, many = tuple(result.keys()), len(keys)
        # The key stands in front, as it was asked for.
        return [_cell(found, values[:many], dict(zip(names, values, strict=True)), values[-1]) for values in map(tuple, result)]

    def swap(self, column: SealedColumn, changes: Sequence[tuple[Cell, bytes]]) -> int:
        """Compare and swap, all in one go."""
        found = self._columns[column.label]
        keys = found.table.primary_key.columns
        kind = found.stored.type
        statement = (
            sa.update(found.table)
            .where(*(key == sa.bindparam(f"ringwork_key_{at}", type_=key.type) for at, key in enumerate(keys)))
            # Against a write that is lost: whoever wrote after we have read keeps what was written.
            .where(found.stored == sa.bindparam("ringwork_old", type_=kind))
            .values({found.table.c[found.column]: sa.type_coerce(sa.bindparam("ringwork_new", type_=kind), kind)})
        )
        names = [*(f"ringwork_key_{at}" for at, _ in enumerate(keys)), "ringwork_old", "ringwork_new"]
        stored = found.as_stored
        rows = [dict(zip(names, (*cell.key, stored(cell.sealed), stored(sealed)), strict=True)) for cell, sealed in changes]
        if self._connection.dialect.supports_sane_multi_rowcount:
            return self._connection.execute(statement, rows).rowcount
        # Drivers that count only the last row of many.
        return sum(self._connection.execute(statement, row).rowcount for row in rows)

    def position(self, task: str, column: SealedColumn) -> Key | None:
        """How far the task came."""
        asked = sa.select(PROGRESS.c.position).where(PROGRESS.c.task == task, PROGRESS.c.place == column.label)
        text = self._connection.execute(asked).scalar_one_or_none()
        return None if text is None else key_of(text)

    def note(self, task: str, column: SealedColumn, position: Key | None) -> None:
        """Keep how far it came."""
        self._connection.execute(sa.delete(PROGRESS).where(PROGRESS.c.task == task, PROGRESS.c.place == column.label))
        if position is not None:
            self._connection.execute(sa.insert(PROGRESS).values(task=task, place=column.label, position=key_text(position)))


def _cell(column: TableColumn, key: Key, row: Mapping[str, Any], stored: Any) -> Cell:
    try:
        return filled(Cell, key, column.place(row), from_text(stored) if column.is_text else bytes(stored), "")
    except (SealBroken, TypeError, ValueError) as error:
        # Against one damaged value that keeps all others under the old key: it is told, and the walk goes on.
        problem = error.problem if isinstance(error, SealBroken) else "its row cannot be told from what stands in it"
        return Cell(key=key, place=Place(table=column.label[0], column=column.label[1], row=key), sealed=b"", problem=problem)


def _number(part: bytes | str, *, is_text: bool) -> int:
    """The key's number; 0, which no key has, for a value that is not sealed."""
    try:
        raw = from_text(part)[1 : 1 + KID_BYTES] if is_text and isinstance(part, str) else bytes(part)  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001  # whatever a foreign value in the column leads to
        return 0
    return int.from_bytes(raw, "big") if len(raw) == KID_BYTES else 0
