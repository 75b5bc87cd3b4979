"""A filled clinic for each test of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from examples.clinic.store import Store
from ringwork.clock import FixedClock


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database file with the sample people; hashing their passwords is done once."""
    path = tmp_path_factory.mktemp("clinic") / "filled.sqlite3"
    # The file is copied to other places and processes of these tests, and its keys stay where they are.
    os.environ["CLINIC_KEYS"] = str(path)
    Store(str(path), FixedClock()).open()
    return path.read_bytes()


@pytest.fixture
def store(filled: bytes, tmp_path: Path) -> Store:
    """A clinic of this test's own, at a clock that stands still."""
    path = tmp_path / "clinic.sqlite3"
    path.write_bytes(filled)
    return Store(str(path), FixedClock())


@pytest.fixture
def db(store: Store) -> Iterator[Session]:
    """A session on it that keeps nothing."""
    with store.reading() as session:
        yield session
