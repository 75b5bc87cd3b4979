"""A20 to A22 of data-protection.md: errors that print the plaintext, migrations that cannot run, and all at once on a sealed column."""

from __future__ import annotations

import io
import traceback
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool
from sqlalchemy_utils.types.encrypted.encrypted_type import AesGcmEngine, StringEncryptedType

from ringwork.crypto import sealing
from ringwork.crypto.places import Place
from ringwork.errors import KeyRefused, KeyUnavailable, SealBroken
from ringwork.keys.keyring import Keyring
from ringwork.sealed import keyrings
from ringwork.sealed.sqlalchemy import sealed
from tests.attacks.vaults import Sealed, SealedColumns, Vault

SSN = "123-45-6789"


class _Down:
    """A keyring whose root cannot be reached."""

    def to_seal(self, table: str, column: str, **_: Any) -> sealing.Cipher:
        raise KeyUnavailable("the root key cannot be reached")

    def to_open(self, kid: int, table: str, column: str, **_: Any) -> sealing.Cipher:
        raise KeyUnavailable("the root key cannot be reached")


class _AnyType(sa.types.TypeDecorator[bytes]):
    """How encrypting types of SQLAlchemy are written: the value is a parameter of the statement until the last moment."""

    impl, cache_ok = sa.LargeBinary, True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> bytes:
        raise RuntimeError("the key service is down")


def _tables(column: Any) -> tuple[Any, sa.Engine]:
    class Base(DeclarativeBase):
        pass

    class Person(Base):
        __tablename__ = "people"
        id: Mapped[int] = mapped_column(primary_key=True)
        ssn: Mapped[Any] = column

    engine = sa.create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    return Person, engine


def prints_the_plaintext(column: Any, *, through_core: bool) -> bool:
    """A20: the key service is down while a row is written, and the error that is logged shows what should have been protected."""
    person, engine = _tables(column)
    with pytest.raises((sa.exc.StatementError, KeyUnavailable)) as caught, Session(engine) as session:  # noqa: PT012  # both are the write
        if through_core:
            session.execute(sa.insert(person), [{"id": 1, "ssn": SSN}])
        else:
            session.add(person(id=1, ssn=SSN))
        session.commit()
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + str(caught.value)
    return SSN in shown.replace(repr(SSN) + ")", "")


@pytest.mark.parametrize("through_core", [False, True], ids=["orm", "core"])
def test_a20_an_error_prints_the_plaintext_of_any_type(*, through_core: bool) -> None:
    """A type encrypts while the statement is bound, so its failure is told with the parameters."""
    assert prints_the_plaintext(mapped_column(_AnyType), through_core=through_core)


@pytest.mark.parametrize("through_core", [False, True], ids=["orm", "core"])
def test_a20_an_error_prints_nothing_of_a_sealed_column(*, through_core: bool) -> None:
    """A value is sealed before there is a statement, so none ever held it."""
    with keyrings.using(_Down()):
        assert not prints_the_plaintext(sealed(str), through_core=through_core)


ENVIRONMENT = """
from alembic import context
told = context.config.attributes
context.configure(connection=told["connection"], target_metadata=told["metadata"])
with context.begin_transaction():
    context.run_migrations()
"""


def migrates(column: Any, folder: Path) -> bool:
    """A21: `alembic revision --autogenerate` for a table with the column, then `alembic upgrade head`, and nobody edits in between."""
    folder.mkdir(exist_ok=True)
    config = Config(folder / "alembic.ini", stdout=io.StringIO())
    command.init(config, str(folder / "migrations"))
    (folder / "migrations/env.py").write_text(ENVIRONMENT)
    with sa.create_engine("sqlite://", poolclass=StaticPool).connect() as connection:
        config.attributes.update(connection=connection, metadata=_tables(column)[0].metadata)
        command.revision(config, autogenerate=True)
        try:
            command.upgrade(config, "head")
        except (NameError, TypeError):
            return False
        return "ssn" in {found["name"] for found in sa.inspect(connection).get_columns("people")}


def test_a21_a_migration_of_theirs_cannot_run(tmp_path: Path) -> None:
    """Their type is rendered with neither its inner type and engine nor an import."""
    assert migrates(mapped_column(sa.LargeBinary), tmp_path / "plain"), "the control: a migration of a plain column runs"
    assert not migrates(mapped_column(StringEncryptedType(sa.Unicode, "secretkey1234", AesGcmEngine)), tmp_path / "theirs")


def test_a21_a_migration_of_ours_runs(tmp_path: Path) -> None:
    """A sealed column is the plain binary type to a migration, which needs no key and no ringwork."""
    assert migrates(sealed(str), tmp_path)


@pytest.mark.parametrize("make", [Sealed, lambda: Sealed(sealing.Suite.XAES_256_GCM), SealedColumns], ids=["siv", "xaes", "sqlalchemy"])
def test_a22_nothing_that_was_done_to_a_cell_is_read(make: Any) -> None:
    """Another row, another column, every single bit, every cut, plain text and nothing: refused, all of them."""
    vault: Vault = make()
    for row, column in ((1, "secret"), (1, "public"), (2, "secret")):
        vault.store(row, column, f"{column} of {row}")
    cell = vault.cell(1, "secret")
    bits = [cell[: bit // 8] + bytes([cell[bit // 8] ^ 1 << bit % 8]) + cell[bit // 8 + 1 :] for bit in range(len(cell) * 8)]
    done = [vault.cell(2, "secret"), vault.cell(1, "public"), *bits, *(cell[:at] for at in range(len(cell))), b"role=admin", cell + b"\0"]
    assert len(done) > 400
    for forged in done:
        with pytest.raises((SealBroken, KeyRefused)):
            vault.try_cell(forged)
    vault.overwrite(1, "secret", cell)
    assert vault.read(1, "secret") == "secret of 1"


def test_a22_an_older_value_of_the_row_is_taken_unless_its_version_is_bound(keyring: Keyring) -> None:
    """The limit that we state: rows alone do not stop a roll-back; a version that is kept elsewhere does."""
    cipher = keyring.to_seal("people", "secret")
    old, new = (Place(table="people", column="secret", row=(1,), version=version) for version in (1, 2))
    assert cipher.open(cipher.seal(b"old", old), new) == b"old"
    with pytest.raises(SealBroken):
        cipher.open(cipher.seal(b"old", old, profile=sealing.Profile.VERSION), new, profile=sealing.Profile.VERSION)
