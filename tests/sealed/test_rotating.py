"""The rotation of keys walks through the sealed columns of mapped classes."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, MetaData, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from ringwork.clock import FixedClock
from ringwork.errors import SealMisused
from ringwork.keys.columns_sqlalchemy import TableSource
from ringwork.keys.held import Limits
from ringwork.keys.keyring import Keyring, memory_keyring
from ringwork.keys.lifecycle import Lifecycle
from ringwork.keys.rotation import Rotation
from ringwork.keys.rows import Owner
from ringwork.sealed import keyrings
from ringwork.sealed.rotating import table_columns
from ringwork.sealed.sqlalchemy import sealed
from tests.sealed.models import Base, Letter, Person, Visit, owned_tables

both = pytest.mark.parametrize(
    "engine", ["sqlite", pytest.param("postgresql", marks=[pytest.mark.real, pytest.mark.xdist_group("postgresql")])], indirect=True
)


@both
def test_seals_every_row_of_every_mapped_class_again(engine: Engine) -> None:
    """After a rotation all values name the new key, open in their rows as before, and the old key opens nothing."""
    clock = FixedClock()
    ring = memory_keyring(limits=Limits(cache_seconds=60, root_seconds=600), clock=clock)
    with keyrings.using(ring), Session(engine) as db:
        db.add_all([Person(born=f"born {n}") for n in range(5)])
        db.add_all([Letter(text="t", hint="h"), Visit(ward="a", number=1, data={"a": 1})])
        db.commit()
        source = TableSource(engine, table_columns(Base.metadata))
        came = Rotation(Lifecycle(ring, events=lambda event: None), [source], batch=3, sleep=clock.advance).run(Owner())
        assert (came.left, came.broken, len(came.retired)) == ((), (), 1)
        assert {kid for column in source.columns() for kid in source.count(column)} == {came.seals}
        db.expire_all()
        assert [person.born for person in db.query(Person).order_by(Person.id)] == [f"born {n}" for n in range(5)]
        assert [(letter.text, letter.hint) for letter in db.query(Letter)] == [("t", "h")]
        assert db.get_one(Visit, ("a", 1)).data == {"a": 1}


def test_refuses_two_columns_under_one_label() -> None:
    """Values of two columns that nothing tells apart could be exchanged."""

    class Twins(DeclarativeBase):
        metadata = MetaData()

    class One(Twins):
        __tablename__ = "one"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str] = sealed(str)

    class Two(Twins):
        __tablename__ = "two"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str] = sealed(str, label="one.text")

    with pytest.raises(SealMisused, match=r"one\.text"):
        table_columns(Twins.metadata)
    with pytest.raises(SealMisused, match=r"one\.text and two\.text are both sealed as one\.text"):
        Twins.registry.configure()


def test_goes_on_after_a_row_that_has_lost_its_tenant(ring: Keyring, tmp_path: Path) -> None:
    """One row whose tenant somebody emptied is reported, and all others are sealed again."""
    clock = FixedClock()
    ring = memory_keyring(limits=Limits(cache_seconds=60, root_seconds=600), clock=clock)
    owners, owned = owned_tables()
    engine = create_engine(f"sqlite:///{tmp_path}/app.db")
    owners.metadata.create_all(engine)
    with keyrings.using(ring), Session(engine) as db:
        db.add_all([owned(id=n, clinic="north", person=5, text=f"text {n}") for n in (1, 2, 3)])
        db.commit()
        db.execute(text("update owned set clinic = null where id = 2"))
        db.commit()
        source = TableSource(engine, table_columns(owners.metadata))
        came = Rotation(Lifecycle(ring, events=lambda event: None), [source], batch=1, sleep=clock.advance).run(
            Owner(tenant="north", subject="5")
        )
        assert [(each.place, "lost" in each.problem) for each in came.broken] == [("owned.text of row 2", True)]
        assert (came.resealed, [count for _, count in came.left]) == (2, [1])
        assert [db.get_one(owned, n).text for n in (1, 3)] == ["text 1", "text 3"]
    engine.dispose()
