"""The database: one SQLite file, opened and filled at first use, and safe to use in processes that are forked later."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from examples.clinic import keys, sample
from examples.clinic.domain import Appointment, Base, Note, Patient, Result, User
from examples.clinic.sessions import Login
from ringwork.clock import SYSTEM_CLOCK, Clock, as_utc

TABLES = [Base.metadata.tables[kind.__tablename__] for kind in (User, Patient, Appointment, Note, Result, Login)]


class Store:
    """Hands out database sessions. path: a file; None reads CLINIC_DATABASE at first use, else "clinic.sqlite3" in the working folder."""

    def __init__(self, path: str | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self._path, self.clock = path, clock
        self._engine: Engine | None = None
        self._more: list[Callable[[Session], None]] = []
        self._starting = threading.Lock()
        # Against a lock that a thread of the parent held while the process was forked: the child gets a fresh one.
        os.register_at_fork(after_in_child=self._forget_parent)

    def seconds(self) -> float:
        """Now, in seconds since 1970."""
        return self.clock.now()

    def now(self) -> datetime:
        """Now as the clinic's clock on the wall shows it: UTC, naive, to the second."""
        return as_utc(self.clock.now()).replace(tzinfo=None, microsecond=0)

    def open(self) -> None:
        """Make the tables and sample people now instead of at the first request."""
        self._opened()

    def when_opened(self, prepare: Callable[[Session], None]) -> None:
        """Have `prepare` called in the same transaction that makes the tables, where they are there already too."""
        self._more.append(prepare)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that changes nothing; what it loaded may be used afterwards."""
        with Session(self._opened(), expire_on_commit=False) as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are kept when the block ends well, and undone when it raises."""
        with _writing(self._opened()) as db:
            yield db

    def _opened(self) -> Engine:
        with self._starting:
            if self._engine is None:
                path = self._path or os.environ.get("CLINIC_DATABASE") or "clinic.sqlite3"
                _make_private(path)
                keys.install(path)
                engine = _engine(path)
                _prepare(engine, self.now(), self._more)
                self._engine = engine
            return self._engine

    def _forget_parent(self) -> None:
        self._starting = threading.Lock()
        self._engine = None


def _make_private(path: str) -> None:
    # Against other accounts of the machine that read patients' notes: a new file is its owner's alone.
    # Only a new one is touched: closing a file drops the locks that this process holds on it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _engine(path: str) -> Engine:
    # NullPool: a connection never outlives its use, so none is shared between threads or carried over a fork.
    # hide_parameters: against personal data in tracebacks of failed statements.
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _begin does
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA busy_timeout = 5000")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("clinic_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _writing(engine: Engine) -> Iterator[Session]:
    # Against two writers that both read before either wrote: the file is locked from the first statement on.
    with Session(engine.execution_options(clinic_writes=True), expire_on_commit=False) as db, db.begin():
        yield db


def _prepare(engine: Engine, now: datetime, more: Iterable[Callable[[Session], None]]) -> None:
    """Tables and sample people, once, even when several processes start together."""
    with _writing(engine) as db:
        Base.metadata.create_all(db.connection(), tables=TABLES)
        if not db.scalar(select(func.count()).select_from(User)):
            sample.fill(db, now)
        for prepare in more:
            prepare(db)
