"""Alembic writes a sealed column as the plain binary type, and the migration runs up and down (A21)."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from ringwork.keys.keyring import Keyring
from tests.sealed.conftest import emptied
from tests.sealed.models import Base, Person

ENVIRONMENT = """
from alembic import context
from sqlalchemy import create_engine, pool
from tests.sealed.conftest import emptied
from tests.sealed.models import Base

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
"""


def configured(folder: Path, url: str) -> Config:
    """An Alembic folder as `alembic init` makes it, with an environment that knows our tables and nothing of sealing."""
    config = Config(str(folder / "alembic.ini"))
    command.init(config, str(folder / "migrations"), template="generic")
    config = Config(str(folder / "alembic.ini"), stdout=io.StringIO())
    config.set_main_option("sqlalchemy.url", url)
    (folder / "migrations" / "env.py").write_text(ENVIRONMENT)
    return config


@pytest.mark.parametrize("server", ["sqlite", pytest.param("postgresql", marks=[pytest.mark.real, pytest.mark.xdist_group("postgresql")])])
def test_writes_a_migration_that_runs_up_and_down(
    tmp_path: Path, server: str, request: pytest.FixtureRequest, ring: Keyring, capsys: pytest.CaptureFixture[str]
) -> None:
    """The migration names the binary type and nothing of ours, makes columns that hold sealed values, and takes them away again."""
    url = f"sqlite:///{tmp_path}/app.db" if server == "sqlite" else request.getfixturevalue("postgresql").url
    engine = create_engine(url, poolclass=NullPool) if server == "sqlite" else emptied(url)
    config = configured(tmp_path, url)
    command.revision(config, "sealed", autogenerate=True)
    (script,) = (tmp_path / "migrations" / "versions").glob("*.py")
    written = script.read_text()
    assert "sa.Column('born', sa.LargeBinary(), nullable=False)" in written
    assert "ringwork" not in written
    command.upgrade(config, "head")
    with Session(engine) as db:
        db.add(Person(born="1984"))
        db.commit()
        assert db.query(Person).one().born == "1984"
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)
    assert found == []
    command.downgrade(config, "base")
    assert "people" not in inspect(engine).get_table_names()
