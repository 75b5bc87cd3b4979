"""A key table in the application's own database, by SQLAlchemy: PostgreSQL, SQLite, and what else has partial unique indexes.

Against keys and values that drift apart in two backups: both stand in one database. Against two active keys of one owner, under which
two processes would seal: the database itself allows one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ringwork.errors import StoreDown
from ringwork.keys.rows import NAMES, KeyRow, Owner, State, row_of, told, values_of

METADATA = sa.MetaData()
"""For Alembic: add it to your target_metadata, and the key table comes with your other migrations."""

KEYS = sa.Table(
    "ringwork_keys_1",
    METADATA,
    sa.Column("kid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("purpose", sa.String(20), nullable=False),
    sa.Column("data_class", sa.String(200), nullable=False),
    sa.Column("tenant", sa.String(200), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sa.Column("wrapped_by", sa.String(300), nullable=False),
    sa.Column("check_value", sa.LargeBinary, nullable=False),
    sa.Column("activated", sa.BigInteger, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Column("written", sa.BigInteger, nullable=False),
)
_ACTIVE = sa.Index(
    "ringwork_keys_1_active",
    *(KEYS.c[name] for name in ("subject", "tenant", "data_class", "purpose")),
    unique=True,
    sqlite_where=KEYS.c.state == "active",
    postgresql_where=KEYS.c.state == "active",
)
_SERVES = ("sqlite", "postgresql")


class SqlalchemyKeyTable:
    """Key rows in one table of an engine's database; see KeyTable. Every question is a short transaction of its own connection."""

    def __init__(self, engine: sa.Engine) -> None:
        """engine: a synchronous one, also beside an asynchronous application; statements wait for it only where a key is not held.

        Raises StoreDown for a database that cannot keep two processes from activating two keys of one owner.
        """
        if engine.dialect.name not in _SERVES:
            raise StoreDown(f"a key table needs partial unique indexes; use PostgreSQL or SQLite, not {engine.dialect.name}")
        self._engine = engine

    def prepare(self) -> None:
        """Make the table where it is missing; where migrations are made by Alembic, it is there already."""
        with self._transaction() as connection:
            METADATA.create_all(connection, checkfirst=True)

    def find(self, kid: int) -> KeyRow | None:
        """The row of this number."""
        return next(self._select(KEYS.c.kid == kid), None)

    def active(self, owner: Owner) -> KeyRow | None:
        """The owner's active key."""
        return next(self._select(_of(owner), KEYS.c.state == State.ACTIVE.value), None)

    def rows(self, *, states: Collection[State] = tuple(State), owner: Owner | None = None) -> Iterator[KeyRow]:
        """The rows in these states."""
        wanted = [KEYS.c.state.in_([state.value for state in states]), *([_of(owner)] if owner is not None else [])]
        yield from self._select(*wanted)

    def add(self, row: KeyRow) -> bool:
        """Keep a new row; see KeyTable."""
        try:
            with self._transaction() as connection:
                connection.execute(sa.insert(KEYS).values(dict(zip(NAMES, values_of(row), strict=True))))
        except StoreDown as error:
            if isinstance(error.__cause__, sa.exc.IntegrityError):
                return False
            raise
        return True

    def activate(self, kid: int, *, at: int) -> bool:
        """Let a pending key take the active one's place; see KeyTable."""
        with self._transaction() as connection:
            pending = sa.select(KEYS).where(KEYS.c.kid == kid, KEYS.c.state == State.PENDING.value).with_for_update()
            found = connection.execute(pending).first()
            if found is None:
                return False
            before = sa.update(KEYS).where(_of(row_of(found).owner), KEYS.c.state == State.ACTIVE.value)
            connection.execute(before.values(state=State.DECRYPT_ONLY.value, changed=at))
            still = sa.update(KEYS).where(KEYS.c.kid == kid, KEYS.c.state == State.PENDING.value)
            if connection.execute(still.values(state=State.ACTIVE.value, activated=at, changed=at)).rowcount != 1:
                connection.rollback()
                return False
            return True

    def move(self, kid: int, *, old: State, new: State, at: int) -> bool:
        """Change the state; see KeyTable."""
        gone: dict[str, bytes] = {"wrapped": b""} if new is State.DESTROYED else {}
        return self._change(KEYS.c.kid == kid, KEYS.c.state == old.value, values={"state": new.value, "changed": at, **gone})

    def rewrap(self, kid: int, *, old: bytes, wrapped: bytes, wrapped_by: str) -> bool:
        """Replace the wrapped bytes; see KeyTable."""
        return self._change(KEYS.c.kid == kid, KEYS.c.wrapped == old, values={"wrapped": wrapped, "wrapped_by": wrapped_by})

    def lease(self, kid: int, *, count: int, limit: int) -> bool:
        """Add to what was written; see KeyTable."""
        return self._change(KEYS.c.kid == kid, KEYS.c.written + count <= limit, values={"written": KEYS.c.written + count})

    def _change(self, *where: sa.ColumnElement[bool], values: dict[str, object]) -> bool:
        with self._transaction() as connection:
            return connection.execute(sa.update(KEYS).where(*where).values(values)).rowcount == 1

    def _select(self, *where: sa.ColumnElement[bool]) -> Iterator[KeyRow]:
        with self._transaction() as connection:
            found = connection.execute(sa.select(KEYS).where(*where).order_by(KEYS.c.created, KEYS.c.kid)).all()
        yield from map(row_of, found)

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            # Against parameters in a message, which hold wrapped keys: only the driver's kind of error is shown.
            told_kind = f"the key table cannot be used ({type(error.orig).__name__})"
            raise StoreDown(f"{told_kind}; make it with: ringwork keys init, or by your migrations") from error


def _of(owner: Owner) -> sa.ColumnElement[bool]:
    names = ("purpose", "data_class", "tenant", "subject")
    return sa.and_(*(KEYS.c[name] == value for name, value in zip(names, told(owner), strict=True)))
