"""Sealed fields through all that a session does with instances: expiry, merging, inheritance, changed keys, pickles, threads, loops."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, ForeignKey, create_engine, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, make_transient, mapped_column, selectinload, undefer

from ringwork.errors import KeyMisplaced, SealBroken, SealMisused
from ringwork.keys.keyring import Keyring, memory_keyring
from ringwork.sealed import keyrings
from ringwork.sealed.sqlalchemy import labels, sealed
from tests.sealed.models import Base, Letter, Person, Visit, owned_tables

SECRET = "canary-of-the-sessions"
KEY = UUID(int=1)


def test_reads_again_what_was_refreshed_or_expired(db: Session) -> None:
    """What another transaction wrote is seen after a refresh, and not what this instance remembered."""
    db.add(Person(born="before"))
    db.commit()
    (person,) = db.query(Person)
    assert person.born == "before"
    with Session(db.get_bind()) as other:
        other.query(Person).one().born = SECRET
        other.commit()
    db.refresh(person)
    assert person.born == SECRET
    db.expire(person, ["born"])
    assert person.born == SECRET


def test_undoes_a_change_with_the_transaction(db: Session) -> None:
    """After a rollback the attribute is what the database has."""
    db.add(Person(born=SECRET))
    db.commit()
    (person,) = db.query(Person)
    person.born = "changed"
    db.flush()
    db.rollback()
    assert person.born == SECRET


def test_merges_a_detached_and_a_new_instance(db: Session) -> None:
    """A merge carries sealed and waiting values to the instance of the same row."""
    db.add(Letter(id=KEY, text=SECRET))
    db.commit()
    with Session(db.get_bind()) as first:
        detached = first.get_one(Letter, KEY)
        assert detached.text == SECRET
    assert db.merge(detached).text == SECRET
    assert db.merge(Letter(id=KEY, text="new")).text == "new"
    db.commit()
    db.expire_all()
    assert db.get_one(Letter, KEY).text == "new"
    assert db.merge(detached, load=False) is not None


def test_loads_through_relationships_and_deferred_columns(db: Session) -> None:
    """Joined, selected and deferred loading give each value to its own row."""
    db.add_all([Person(born=f"born {n}", letters=[Letter(text=f"letter {n}.{m}") for m in range(2)]) for n in range(2)])
    db.add(Visit(ward="a", number=1, long="long"))
    db.commit()
    for option in (joinedload(Person.letters), selectinload(Person.letters)):
        db.expunge_all()
        people = db.scalars(select(Person).options(option).order_by(Person.id).limit(2)).unique().all()
        assert [(p.born, sorted(letter.text for letter in p.letters)) for p in people] == [
            (f"born {n}", [f"letter {n}.0", f"letter {n}.1"]) for n in range(2)
        ]
    visit = db.scalars(select(Visit)).one()
    assert "long" in inspect(visit).unloaded
    assert visit.long == "long"
    db.expunge_all()
    assert "long" not in inspect(db.scalars(select(Visit).options(undefer(Visit.long))).one()).unloaded


def test_gives_nothing_where_an_outer_join_found_no_row(db: Session) -> None:
    """A missing row is no tampering: its columns are None in the result row."""
    db.add(Letter(text="alone"))
    db.commit()
    assert db.execute(select(Letter.id, Person.born).outerjoin(Letter.person)).one()[1] is None


def test_seals_all_fields_anew_when_the_key_changes(db: Session) -> None:
    """A row that gets another key keeps its values, also those that nobody had read."""
    db.add_all([Person(born=SECRET), Letter(id=KEY, text="t", hint="h")])
    db.commit()
    (person,) = db.query(Person)
    person.id = 70
    letter = db.get_one(Letter, KEY)
    letter.id, letter.hint = UUID(int=2), "new"
    db.commit()
    db.expunge_all()
    assert db.get_one(Person, 70).born == SECRET
    moved = db.get_one(Letter, UUID(int=2))
    assert (moved.text, moved.hint, moved.spare) == ("t", "new", None)


def test_refuses_to_make_a_row_anew_whose_value_nobody_read(db: Session) -> None:
    """An instance that is copied into another row needs its values opened first; with them it is sealed for its new row."""
    db.add(Letter(id=KEY, text=SECRET))
    db.commit()
    letter = db.get_one(Letter, KEY)
    db.expunge(letter)
    make_transient(letter)
    letter.id = UUID(int=2)
    db.add(letter)
    with pytest.raises(SealMisused, match="read it before"):
        db.flush()
    db.rollback()
    letter = db.get_one(Letter, KEY)
    assert (letter.text, letter.hint) == (SECRET, None)
    db.expunge(letter)
    make_transient(letter)
    letter.id = UUID(int=2)
    db.add(letter)
    db.commit()
    assert [each.text for each in db.query(Letter)] == [SECRET, SECRET]


def test_writes_no_plaintext_into_a_pickle(db: Session) -> None:
    """A cache of instances holds sealed values, which open again where they are loaded; what was never sealed is not pickled."""
    db.add(Person(born=SECRET))
    db.commit()
    (person,) = db.query(Person)
    assert person.born == SECRET
    carried = pickle.dumps(person)
    assert SECRET.encode() not in carried
    assert pickle.loads(carried).born == SECRET
    row = db.execute(select(Person.id, Person.born)).one()
    assert pickle.loads(pickle.dumps(row.born)).open((row.id,)) == SECRET
    assert copy.deepcopy(row.born) is copy.copy(row.born) is row.born
    with pytest.raises(TypeError, match="not sealed yet"):
        pickle.dumps(Person(born=SECRET))


def test_refuses_to_change_json_in_place(db: Session) -> None:
    """A change that the database would never learn of is an error, and a new value is not."""
    db.add(Visit(ward="a", number=1, data={"a": [1]}))
    db.commit()
    (visit,) = db.query(Visit)
    with pytest.raises(SealMisused, match="assign"):
        visit.data["a"].append(2)
    visit.data = {**visit.data, "b": 2}
    db.commit()
    assert visit.data == {"a": [1], "b": 2}


def test_copies_json_when_it_is_assigned(db: Session) -> None:
    """What the caller does with his own dict afterwards changes no row."""
    mine: dict[str, Any] = {"a": 1}
    db.add(Visit(ward="a", number=1, data=mine))
    mine["b"] = 2
    db.commit()
    assert db.query(Visit).one().data == {"a": 1}


class Animals(DeclarativeBase):
    """Tables of the inheritance tests."""


class Marked:
    """A mixin with a field of its own."""

    mark: Mapped[str] = sealed(str)


class Animal(Marked, Animals):
    """The base of both kinds of inheritance."""

    __tablename__ = "animals"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str] = sealed(str)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}  # noqa: RUF012  # SQLAlchemy's own way


class Dog(Animal):
    """In a table of its own."""

    __tablename__ = "dogs"
    id: Mapped[int] = mapped_column(ForeignKey("animals.id"), primary_key=True)
    tag: Mapped[str] = sealed(str)
    __mapper_args__ = {"polymorphic_identity": "dog"}  # noqa: RUF012  # the same


class Cat(Animal):
    """In the table of its base."""

    whim: Mapped[str | None] = sealed(str, nullable=True)
    __mapper_args__ = {"polymorphic_identity": "cat"}  # noqa: RUF012  # the same


class Renamed(DeclarativeBase):
    """The same tables after a rename."""


class Pinned(Renamed):
    """Renamed, with the labels of before."""

    __tablename__ = "strays"
    id: Mapped[int] = mapped_column(primary_key=True)
    called: Mapped[str] = sealed(str, label="animals.name")


def test_seals_the_fields_of_every_table_of_a_hierarchy(ring: Keyring) -> None:
    """Joined and single-table inheritance and mixins: each field is sealed in its own table, for the key of the hierarchy."""
    engine = create_engine("sqlite://")
    Animals.metadata.create_all(engine)
    with Session(engine) as db:
        db.add_all([Dog(name="Rex", tag="t1", mark="m"), Cat(name="Tom", whim="w", mark="m"), Animal(name="Ant", mark="m")])
        db.commit()
        assert sorted((type(a).__name__, a.name, a.mark) for a in db.query(Animal)) == [
            ("Animal", "Ant", "m"), ("Cat", "Tom", "m"), ("Dog", "Rex", "m"),
        ]  # fmt: skip
        assert (db.query(Dog).one().tag, db.query(Cat).one().whim) == ("t1", "w")
        held = [
            bytes(row[0]) for row in db.execute(text("select name from animals union select tag from dogs union select mark from animals"))
        ]
    assert len(held) == 7
    assert all(each[0] == 0xB3 for each in held)


def test_reads_the_data_of_a_renamed_table_by_its_pinned_label(ring: Keyring) -> None:
    """A rename in code or database keeps its data, once the old names are given."""
    engine = create_engine("sqlite://")
    Animals.metadata.create_all(engine)
    Renamed.metadata.create_all(engine)
    with Session(engine) as db:
        db.add(Animal(name=SECRET, mark="m"))
        db.commit()
        db.execute(text("insert into strays (id, called) select id, name from animals"))
        db.commit()
        assert db.query(Pinned).one().called == SECRET
        db.execute(text("update strays set id = 9"))
        db.commit()
        with pytest.raises(SealBroken):
            _ = db.query(Pinned).one().called


def test_lists_what_every_column_is_bound_to() -> None:
    """A manifest in a test of one's own shows a label that changed with a rename, before any data is lost."""
    assert labels(Animals.metadata) == {
        "animals.name": "animals.name", "animals.mark": "animals.mark", "animals.whim": "animals.whim", "dogs.tag": "dogs.tag",
    }  # fmt: skip
    assert labels(Renamed.metadata) == {"strays.called": "animals.name"}


def test_binds_to_tenant_and_subject_of_the_row(ring: Keyring) -> None:
    """A row that SQL moves to another tenant does not open there; one that the application moves is sealed anew."""
    owners, owned = owned_tables()
    engine = create_engine("sqlite://")
    owners.metadata.create_all(engine)
    with Session(engine) as db:
        db.add(owned(clinic="north", person=5, text=SECRET))
        db.commit()
        (row,) = db.query(owned)
        assert row.text == SECRET
        row.clinic, row.person = "south", 6
        db.commit()
        assert row.text == SECRET
        db.execute(text("update owned set clinic = 'north'"))
        db.commit()
        with pytest.raises(SealBroken):
            _ = row.text
        db.add(owned(clinic=None, person=5, text=SECRET))
        with pytest.raises(SealMisused, match="clinic"):
            db.flush()


def test_opens_no_row_that_was_given_to_another_subject(ring: Keyring) -> None:
    """A row that SQL files under another person does not open there, so whoever erases that person's key has erased all that was read."""
    owners, owned = owned_tables()
    engine = create_engine("sqlite://")
    owners.metadata.create_all(engine)
    with Session(engine) as db:
        db.add(owned(id=1, clinic="north", person=5, text=SECRET))
        db.commit()
        db.execute(text("update owned set person = 6"))
        db.commit()
        with pytest.raises(KeyMisplaced):
            _ = db.get_one(owned, 1).text
        db.execute(text("update owned set person = 5"))
        db.commit()
        assert db.get_one(owned, 1).text == SECRET


def test_gives_each_thread_the_values_of_its_own_tenant(tmp_path: Path, ring: Keyring) -> None:
    """A7: many threads share models and fields, and nobody gets a value under another's key or row."""
    owners, owned = owned_tables()
    engine = create_engine(f"sqlite:///{tmp_path}/threads.db", connect_args={"timeout": 30})
    owners.metadata.create_all(engine)

    def work(number: int) -> bool:
        with keyrings.using(ring), Session(engine) as db:
            rows = [owned(id=number * 100 + n, clinic=f"clinic {number}", person=number, text=f"text {number}.{n}") for n in range(20)]
            db.add_all(rows)
            db.commit()
            found = db.query(owned).filter_by(clinic=f"clinic {number}").order_by(owned.id).all()
            return [each.text for each in found] == [f"text {number}.{n}" for n in range(20)]

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(work, range(1, 7)))


def test_works_in_asynchronous_sessions(tmp_path: Path, ring: Keyring) -> None:
    """The same models on an event loop; reading an attribute waits for nothing."""

    async def run() -> tuple[str, str, int]:
        engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/async.db")
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with AsyncSession(engine, expire_on_commit=False) as db:
            person = Person(born=SECRET)
            db.add(person)
            await db.commit()
            found = (await db.scalars(select(Person))).one()
            row = (await db.execute(select(Person.id, Person.born))).one()
            result = found.born, str(row.born.open((row.id,))), row.id
        await engine.dispose()
        return result

    assert asyncio.run(run()) == (SECRET, SECRET, 1)


def test_reads_under_the_keyring_of_each_context(engine: Engine) -> None:
    """A value of one keyring is none of another's."""
    with Session(engine) as db:
        db.add(Person(born=SECRET))
        db.commit()
        db.expire_all()
        with keyrings.using(memory_keyring()), pytest.raises(Exception, match=r"people\.born|key"):
            _ = db.query(Person).one().born
        assert db.query(Person).one().born == SECRET


@pytest.mark.parametrize(
    "declare",
    [lambda: sealed(list), lambda: sealed(str, label="name"), lambda: sealed(bool, bucket=8), lambda: sealed(str, width=0)],
    ids=["kind", "label", "bucket", "width"],
)
def test_refuses_a_declaration_that_cannot_hold(declare: Callable[[], object]) -> None:
    """What is declared wrongly is told where it is declared."""
    with pytest.raises((TypeError, ValueError), match=r"declare|label|bucket|wide"):
        declare()
