"""Attacks that succeed on columns of pgcrypto in PostgreSQL, and fail on sealed ones: A2 of data-protection.md, and the query log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import NullPool

from ringwork.errors import SealBroken
from ringwork.sealed.sqlalchemy import sealed
from tests.stores import postgresql_server

pytestmark = pytest.mark.real

PASSPHRASE = "a-passphrase-for-the-attack"
VICTIM, ATTACKER = "the victim's diagnosis", "the attacker's own"


class Base(DeclarativeBase):
    """Of this file alone."""


class Person(Base):
    """A sealed column beside one that pgcrypto encrypts, in one row."""

    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    ours: Mapped[str] = sealed(str)
    theirs: Mapped[bytes] = mapped_column(sa.LargeBinary)


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql_server.Server]:
    """A real server, whose log has every statement."""
    if postgresql_server.programs() is None:
        pytest.skip("PostgreSQL is not installed; ./run setup-system")
    with postgresql_server.running() as started:
        yield started


@pytest.fixture
def session(server: postgresql_server.Server) -> Iterator[Session]:
    """The victim in row 1, the attacker in row 2."""
    engine = sa.create_engine(server.url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("create extension if not exists pgcrypto")
        Base.metadata.drop_all(connection)
        Base.metadata.create_all(connection)
    with Session(engine) as made:
        for row, text in ((1, VICTIM), (2, ATTACKER)):
            made.add(Person(id=row, ours=text, theirs=sa.func.pgp_sym_encrypt(text, PASSPHRASE, type_=sa.LargeBinary)))
        made.commit()
        yield made
    engine.dispose()


def _theirs(session: Session, row: int) -> str:
    opened = sa.func.pgp_sym_decrypt(Person.theirs, PASSPHRASE, type_=sa.Text)
    return session.scalars(sa.select(opened).where(Person.id == row)).one()


def _copied(session: Session, column: str) -> None:
    """A2: the attacker, who can write to the database, puts the victim's cell into his own row."""
    session.execute(sa.text(f"update people set {column} = (select {column} from people where id = 1) where id = 2"))
    session.commit()


def test_a02_pgcrypto_reads_a_copied_cell_as_its_own(session: Session) -> None:
    """Nothing binds what `pgp_sym_encrypt` wrote to its row."""
    assert _theirs(session, 2) == ATTACKER
    _copied(session, "theirs")
    assert _theirs(session, 2) == VICTIM


def test_a02_a_sealed_column_refuses_a_copied_cell(session: Session) -> None:
    """The same statement on the sealed column of the same rows; the victim's own cell still opens."""
    assert session.get_one(Person, 2).ours == ATTACKER
    _copied(session, "ours")
    with pytest.raises(SealBroken):
        _ = session.get_one(Person, 2).ours
    assert session.get_one(Person, 1).ours == VICTIM


def test_the_query_log_holds_key_and_value_of_pgcrypto_and_none_of_ours(session: Session, server: postgresql_server.Server) -> None:
    """Whoever reads the server's log has everything that pgcrypto protects; the sealed value was sealed before the statement was made."""
    session.add(Person(id=3, ours="only-ours-5f1c", theirs=sa.func.pgp_sym_encrypt("only-theirs-5f1c", PASSPHRASE, type_=sa.LargeBinary)))
    session.commit()
    log = server.log.read_text(encoding="utf-8", errors="replace")
    assert PASSPHRASE in log
    assert "only-theirs-5f1c" in log
    assert "only-ours-5f1c" not in log
