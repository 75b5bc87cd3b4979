"""What the tests of sealed fields share: a keyring in memory, and a database with their tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from ringwork.keys.keyring import Keyring, memory_keyring
from ringwork.sealed import keyrings
from tests.sealed.models import Base


@pytest.fixture
def ring() -> Iterator[Keyring]:
    """A keyring of this test alone."""
    made = memory_keyring()
    with keyrings.using(made):
        yield made


@pytest.fixture
def engine(ring: Keyring) -> Iterator[Engine]:
    """A fresh SQLite database in memory, with all tables."""
    made = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def db(engine: Engine) -> Iterator[Session]:
    """A session on it."""
    with Session(engine) as session:
        yield session
