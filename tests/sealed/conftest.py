"""What the tests of sealed fields share: a keyring in memory, and a database with their tables, also on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool, StaticPool

from ringwork.keys.keyring import Keyring, memory_keyring
from ringwork.sealed import keyrings
from tests.sealed.models import Base
from tests.stores import postgresql_server


@pytest.fixture
def ring() -> Iterator[Keyring]:
    """A keyring of this test alone."""
    made = memory_keyring()
    with keyrings.using(made):
        yield made


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgresql_server.Server]:
    """A real server, shared by the tests of one process; its log has every statement."""
    with postgresql_server.running() as server:
        yield server


def emptied(url: str) -> Engine:
    """An engine of a PostgreSQL database in which no other test has left anything."""
    made = create_engine(url, poolclass=NullPool)
    with made.begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
    return made


@pytest.fixture
def engine(request: pytest.FixtureRequest, ring: Keyring) -> Iterator[Engine]:
    """A fresh database with all tables: SQLite in memory, or what a test asks for by parameter."""
    if getattr(request, "param", "sqlite") == "postgresql":
        made = emptied(request.getfixturevalue("postgresql").url)
    else:
        made = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def db(engine: Engine) -> Iterator[Session]:
    """A session on it."""
    with Session(engine) as session:
        yield session
