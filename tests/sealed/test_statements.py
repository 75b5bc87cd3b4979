"""What goes round the unit of work: bulk inserts, Core statements and conditions are sealed for their row, or refused and not quoted."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, bindparam, create_engine, delete, func, insert, literal, select, text, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.attributes import set_committed_value

from ringwork.errors import SealBroken, SealMisused
from ringwork.sealed.sqlalchemy import reveal, seal_row
from ringwork.sealed.values import MASK
from tests.sealed.models import File, Letter, Person, Visit, owned_tables

SECRET = "canary-of-the-statements"
KEY = UUID(int=1)

both = pytest.mark.parametrize(
    "engine", ["sqlite", pytest.param("postgresql", marks=[pytest.mark.real, pytest.mark.xdist_group("postgresql")])], indirect=True
)


def insert_of(engine: Engine) -> Any:
    """The INSERT that can say what to do on a conflict."""
    return postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert


SEALED: dict[str, Callable[[Session], Any]] = {
    "bulk": lambda db: db.execute(insert(Letter), [{"id": KEY, "text": SECRET}, {"id": uuid4(), "text": "other"}]),
    "bulk, returning": lambda db: db.scalars(insert(Letter).returning(Letter), [{"id": KEY, "text": SECRET}]).all(),
    "mappings": lambda db: db.bulk_insert_mappings(Letter.__mapper__, [{"id": KEY, "text": SECRET}]),
    "objects": lambda db: db.bulk_save_objects([Letter(id=KEY, text=SECRET)]),
    "core values": lambda db: db.execute(Letter.__table__.insert().values(id=KEY, text=SECRET)),
    "core parameters": lambda db: db.connection().execute(Letter.__table__.insert(), [{"id": KEY, "text": SECRET}]),
    "named parameter": lambda db: db.execute(insert(Letter).values(id=KEY, text=bindparam("said")), {"said": SECRET}),
    "sealed by hand": lambda db: db.execute(insert(Letter), [seal_row(Letter, {"id": KEY, "text": SECRET})]),
    "seen by the key": lambda db: [
        db.execute(insert(Letter), [{"id": KEY, "text": "before"}]),
        db.execute(update(Letter).where(Letter.id == KEY).values(text=SECRET)),
    ],
    "bulk update": lambda db: [
        db.execute(insert(Letter), [{"id": KEY, "text": "before"}]),
        db.execute(update(Letter), [{"id": KEY, "text": SECRET}]),
    ],
}


@both
@pytest.mark.parametrize("way", SEALED)
def test_seals_for_the_row_whose_key_is_given(db: Session, way: str) -> None:
    """Bulk and Core writes go through the same sealer as instances do."""
    SEALED[way](db)
    db.commit()
    stored = bytes(db.execute(text("select text from letters where hint is not null")).first()[0])
    assert stored[0] == 0xB3
    assert SECRET.encode() not in stored
    assert db.get_one(Letter, KEY).text == SECRET


def test_makes_the_key_that_sqlalchemy_would_make(db: Session) -> None:
    """A row of a bulk insert without a key gets the default of its key first, because the value is bound to it."""
    db.execute(insert(Letter), [{"text": SECRET}, {"text": "other"}])
    assert {letter.text for letter in db.scalars(select(Letter))} == {SECRET, "other"}


def test_fills_the_defaults_of_a_bulk_insert(db: Session) -> None:
    """A field that a row does not name gets its declared default, sealed."""
    db.execute(insert(Visit), [{"ward": "a", "number": 1}])
    visit = db.get_one(Visit, ("a", 1))
    assert (visit.count, visit.data, visit.raw) == (0, {}, b"\0\xff")


@both
def test_gives_core_rows_that_open_with_their_key(db: Session) -> None:
    """A result row shows a mask, and opens for the key that it came with and no other."""
    db.add_all([Person(born=SECRET), Person(born="other")])
    db.commit()
    first, second = db.execute(select(Person.id, Person.born).order_by(Person.id))
    assert SECRET not in repr(first)
    assert MASK in f"{first}"
    assert first.born.open((first.id,)) == SECRET
    with pytest.raises(SealBroken):
        first.born.open((second.id,))


SYNCHRONIZED: dict[str, Callable[[Session, Any, dict[str, Any]], Any]] = {
    **{
        how: lambda db, kind, values, how=how: db.execute(  # type: ignore[misc]
            update(kind).where(kind.id == values["id"]).values(**{name: values[name] for name in values if name != "id"}),
            execution_options={"synchronize_session": how},
        )
        for how in ("auto", "evaluate", "fetch")
    },
    "query": lambda db, kind, values: db.query(kind).filter(kind.id == values.pop("id")).update(values),
    "bulk": lambda db, kind, values: db.execute(update(kind), [values]),
}


@pytest.mark.parametrize("way", SYNCHRONIZED)
def test_leaves_no_plain_value_in_an_instance_that_an_update_synchronizes(db: Session, way: str) -> None:
    """What SQLAlchemy copies from an UPDATE into loaded instances is in no log or pickle of them, and reads as it was written."""
    letter = Letter(id=KEY, text="before", hint="before", spare="before")
    db.add(letter)
    db.commit()
    assert (letter.text, letter.hint, letter.spare) == ("before", "before", "before")
    SYNCHRONIZED[way](db, Letter, {"id": KEY, "text": SECRET, "hint": None, "spare": None})
    assert SECRET not in repr(vars(letter))
    kept = pickle.dumps(letter)
    assert SECRET.encode() not in kept
    assert pickle.loads(kept).text == SECRET
    assert (letter.text, letter.hint, letter.spare) == (SECRET, None, None)
    db.commit()
    assert (letter.text, letter.hint, letter.spare) == (SECRET, None, None)


@pytest.mark.parametrize("way", SYNCHRONIZED)
def test_mends_nothing_that_an_update_does_not_name(db: Session, way: str) -> None:
    """A value that somebody emptied in the database stays tampering, when another field of its row is written."""
    letter = Letter(id=KEY, text="before", hint="before")
    db.add(letter)
    db.commit()
    assert letter.text == "before"
    set_committed_value(letter, "hint", None)  # as it is read from a table that has lost its NOT NULL
    SYNCHRONIZED[way](db, Letter, {"id": KEY, "text": SECRET})
    assert letter.text == SECRET
    with pytest.raises(SealBroken, match=r"letters\.hint"):
        _ = letter.hint


@pytest.mark.parametrize("way", SYNCHRONIZED)
def test_shows_no_audited_value_that_an_update_synchronizes(db: Session, way: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever reads the instance after the UPDATE gets a mask, and the value on the record alone."""
    file = File(id="f", code="before")
    db.add(file)
    db.commit()
    assert file.id == "f"
    SYNCHRONIZED[way](db, File, {"id": "f", "code": SECRET})
    assert repr(file.code) == MASK
    with caplog.at_level("INFO", "ringwork.security"):
        assert reveal(file, "code", reason="the test asks") == SECRET
    assert "the test asks" in caplog.text


def test_masks_an_audited_value_that_came_past_the_attribute(db: Session) -> None:
    """A stored instance gives no plain value of an audited field, whoever put it there."""
    file = File(id="f", code="before")
    db.add(file)
    db.commit()
    set_committed_value(file, "code", SECRET)
    assert repr(file.code) == MASK


def test_refuses_an_update_that_moves_a_row_from_under_its_values(ring: object) -> None:
    """A row whose key, tenant or subject SQL changes opens no more, so it is refused unless all that is bound to it is given anew."""
    owners, owned = owned_tables()
    engine = create_engine("sqlite://")
    owners.metadata.create_all(engine)
    with Session(engine) as db:
        db.add(row := owned(id=1, clinic="north", person=5, text="before"))
        db.commit()
        for moved in ({"clinic": "south"}, {"person": 6}, {"id": 2}):
            with pytest.raises(SealMisused, match=f"to change {next(iter(moved))}, load the rows"):
                db.execute(update(owned).where(owned.id == 1).values(**moved))
        assert row.text == "before"
        db.execute(update(owned).where(owned.id == 1).values(clinic="south", person=6, text=SECRET))
        assert SECRET not in repr(vars(row))
        assert row.text == SECRET
        db.commit()
        assert (row.clinic, row.text) == ("south", SECRET)


REFUSED: dict[str, Callable[[Session], Any]] = {
    "update of many": lambda db: db.execute(update(Letter).values(text=SECRET)),
    "update by another column": lambda db: db.execute(update(Letter).where(Letter.person_id == 1).values(text=SECRET)),
    "update of either": lambda db: db.execute(update(Letter).where((Letter.id == KEY) | (Letter.person_id == 1)).values(text=SECRET)),
    "update to another field": lambda db: db.execute(update(Letter).values(text=Letter.hint)),
    "update by a function": lambda db: db.execute(update(Letter).values(text=func.lower(literal(SECRET)))),
    "insert without a key": lambda db: db.execute(insert(Person), [{"born": SECRET}]),
    "rows in values": lambda db: db.execute(insert(Letter).values([{"id": KEY, "text": SECRET}, {"id": uuid4(), "text": SECRET}])),
    "one value for many rows": lambda db: db.execute(insert(Letter).values(text=SECRET), [{"id": KEY}, {"id": uuid4()}]),
    "insert from select": lambda db: db.execute(insert(Letter).from_select(["id", "text"], select(Letter.id, Letter.text))),
    "a sealed value of another field": lambda db: db.execute(
        insert(Person), [{"id": 5, "born": seal_row(Letter, {"id": KEY, "text": SECRET})["text"]}]
    ),
    "a key of another type": lambda db: db.execute(insert(Person), [{"id": "5", "born": SECRET}]),
    "none where one is required": lambda db: db.execute(Letter.__table__.insert(), [{"id": KEY, "text": None}]),
    "equality": lambda db: db.scalars(select(Letter).where(Letter.text == SECRET)).all(),
    "likeness": lambda db: db.scalars(select(Letter).where(Letter.text.like(SECRET))).all(),
    "membership": lambda db: db.scalars(select(Letter).where(Letter.text.in_([SECRET]))).all(),
    "two fields": lambda db: db.scalars(select(Letter).where(Letter.text == Letter.hint)).all(),
    "filter_by": lambda db: db.query(Letter).filter_by(text=SECRET).all(),
    "order": lambda db: db.scalars(select(Letter).order_by(Letter.text)).all(),
    "descending order": lambda db: db.scalars(select(Letter).order_by(Letter.text.desc())).all(),
    "order of a union": lambda db: db.execute(union_all(select(Letter.text), select(Letter.text)).order_by(Letter.__table__.c.text)).all(),
    "group": lambda db: db.execute(select(func.count()).group_by(Letter.text)).all(),
    "join": lambda db: db.execute(select(Letter).join(other := aliased(Letter), Letter.text == other.text)).all(),
    "delete": lambda db: db.execute(delete(Letter).where(Letter.text == SECRET)),
}


@pytest.mark.parametrize("way", REFUSED)
def test_refuses_what_cannot_be_bound_or_compared(db: Session, way: str) -> None:
    """What would be stored for the wrong row, or would find nothing in silence, says what to write; the value is in no error."""
    db.add(Letter(id=UUID(int=2), text="kept"))
    db.commit()
    with pytest.raises((SealMisused, TypeError)) as caught:
        REFUSED[way](db)
    assert SECRET not in f"{caught.value!r} {caught.value}"
    assert SECRET not in repr(getattr(caught.value, "__cause__", None))
    db.rollback()
    assert [letter.text for letter in db.scalars(select(Letter))] == ["kept"]


@both
def test_counts_and_asks_for_emptiness(db: Session) -> None:
    """What says nothing of a value stays possible: NULL, counting, distinct keys, whole rows in the order of their key."""
    db.add_all([Letter(text="a", spare="x"), Letter(text="b")])
    db.commit()
    assert db.scalar(select(func.count(Letter.text))) == 2
    assert [letter.text for letter in db.scalars(select(Letter).where(Letter.spare.is_(None)))] == ["b"]
    assert [letter.text for letter in db.scalars(select(Letter).where(Letter.spare != None))] == ["a"]  # noqa: E711  # what SQLAlchemy reads as IS NOT NULL
    assert len(db.scalars(select(Letter.id).distinct().order_by(Letter.id)).all()) == 2


@both
def test_writes_over_a_conflict_on_the_key_alone(db: Session, engine: Engine) -> None:
    """An upsert keeps the row's key where it conflicts on the key; on any other column the value would be bound to the wrong row."""
    db.execute(insert(Person), [{"id": 1, "name": "a", "born": "before"}])
    made = insert_of(engine)(Person).values(id=1, name="a", born=SECRET)
    db.execute(made.on_conflict_do_update(index_elements=["id"], set_={"born": made.excluded.born}))
    db.commit()
    assert db.get_one(Person, 1).born == SECRET
    for clause in (
        {"index_elements": ["name"], "set_": {"born": made.excluded.born}},
        {"index_elements": ["id"], "set_": {"born": SECRET}},
    ):
        with pytest.raises(SealMisused) as caught:
            db.execute(made.on_conflict_do_update(**clause))
        assert SECRET not in str(caught.value)
    db.execute(made.on_conflict_do_nothing())


@both
def test_binds_no_unsealed_value_behind_its_back(db: Session, engine: Engine) -> None:
    """A value that reaches the driver by a way that nobody thought of is refused there, and its error shows a mask (A20)."""
    unusual = select(literal(SECRET, Letter.__table__.c.text.type))
    with pytest.raises(Exception, match="Unsealed") as caught:
        db.execute(unusual)
    assert SECRET not in str(caught.value)


def test_reads_what_raw_sql_wrote_in_clear_as_broken(db: Session) -> None:
    """Nobody here understands SQL text; what it stores in clear is never returned as a value."""
    db.execute(insert(Letter), [{"id": KEY, "text": SECRET}])
    db.execute(text("update letters set text = :said"), {"said": b"plain"})
    db.commit()
    with pytest.raises(SealBroken, match=r"letters\.text"):
        _ = db.get_one(Letter, KEY).text


def test_leaves_statements_of_other_tables_alone(ring: object, engine: Engine) -> None:
    """A table without sealed columns is written as ever."""
    other = create_engine("sqlite://")
    with other.begin() as connection:
        connection.execute(text("create table plain (id integer primary key, text text)"))
        connection.execute(text("insert into plain (text) values ('x')"))
        assert connection.execute(text("select text from plain")).scalar_one() == "x"
