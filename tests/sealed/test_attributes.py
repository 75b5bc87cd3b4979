"""Sealed attributes of SQLAlchemy's instances: what goes in comes out, in its own row and nowhere else."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.orm import Session

from ringwork.errors import KeyUnavailable, SealBroken, SealMisused
from ringwork.keys.keyring import Keyring
from ringwork.sealed.values import MASK, SealedBytes, SealedValue
from tests.sealed.models import File, Letter, Person, Visit

SECRET = "canary-1984-05-17"

VALUES: dict[str, Any] = {
    "raw": b"\0\x01",
    "count": -7,
    "price": Decimal("19.90"),
    "urgent": True,
    "day": datetime.date(1999, 12, 31),
    "at": datetime.datetime(1999, 12, 31, 23, 59, tzinfo=datetime.UTC),
    "token": UUID(int=9),
    "data": {"a": [1, None, {"b": "c"}]},
    "long": "x" * 70,
}


def stored(db: Session, sql: str) -> list[Any]:
    """What the database holds, asked in SQL."""
    return [row[0] for row in db.execute(text(sql))]


def test_stores_sealed_bytes_and_gives_back_the_value(db: Session) -> None:
    """A copied database shows no value; the application reads it."""
    db.add(Person(born=SECRET))
    db.commit()
    (held,) = stored(db, "select born from people")
    assert held[0] == 0xB3
    assert SECRET.encode() not in held
    assert db.query(Person).one().born == SECRET


def test_keeps_each_kind_of_value_as_it_was(db: Session) -> None:
    """0, False, "", decimals, dates and JSON come back as what they were."""
    db.add_all([Visit(ward="a", number=1), Visit(ward="a", number=2, **VALUES)])
    db.commit()
    first, second = db.query(Visit).order_by(Visit.number)
    assert (first.count, first.urgent, first.long, first.data, first.price) == (0, False, "", {}, Decimal("1.50"))
    assert first.at == datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)
    assert {name: getattr(second, name) for name in VALUES} == VALUES
    assert type(second.count) is int


@pytest.mark.parametrize(
    ("model", "copying"),
    [
        (Person, "update people set born = (select born from people where id = 1) where id = 2"),
        (Letter, "update letters set text = (select text from letters where rowid = 1) where rowid = 2"),
        (Letter, "update letters set text = hint"),
    ],
    ids=["row", "row of a client-made key", "column"],
)
def test_refuses_a_value_that_was_copied_by_sql(db: Session, model: type[Any], copying: str) -> None:
    """A2: somebody who can write to the database shows a stranger's secret to himself."""
    db.add_all([Person(born=SECRET), Person(born="mine"), Letter(text=SECRET, hint="h"), Letter(text="mine", hint="h")])
    db.commit()
    db.execute(text(copying))
    db.commit()
    column = "born" if model is Person else "text"
    row = db.query(model).all()[-1]
    with pytest.raises(SealBroken):
        getattr(row, column)


@pytest.mark.parametrize("written", ["'plain'", "x'706c61696e'", "null", "x''", "x'b301'"])
def test_refuses_what_the_database_holds_unsealed(db: Session, written: str) -> None:
    """A9: what somebody writes into the column in clear, or empties, is an error and never a value."""
    db.add(Letter(text=SECRET))
    db.commit()
    # A table whose columns ask for nothing, so that the application alone is in the way.
    for sql in ("create table loose as select * from letters", "drop table letters", "alter table loose rename to letters"):
        db.execute(text(sql))
    db.execute(text(f"update letters set text = {written}, hint = {written}"))
    db.commit()
    letter = db.query(Letter).one()
    for name in ("text", "hint"):
        with pytest.raises(SealBroken):
            getattr(letter, name)


def test_tells_null_from_a_sealed_null_as_declared(db: Session) -> None:
    """An optional field hides that it is empty; a nullable one keeps NULL in the open."""
    db.add(Letter(text="t"))
    db.commit()
    (letter,) = db.query(Letter)
    assert (letter.hint, letter.spare) == (None, None)
    assert stored(db, "select hint is null from letters") == [0]
    assert stored(db, "select spare is null from letters") == [1]


def test_refuses_to_forget_a_required_field(db: Session) -> None:
    """A row without its required value is refused by name, before it is written."""
    db.add(Letter())
    with pytest.raises(TypeError, match=r"letters\.text"):
        db.flush()


def test_refuses_a_wrong_type_when_it_is_assigned(ring: Keyring) -> None:
    """The line that was wrong is in the traceback, and the value is not."""
    letter = Letter(text="t")
    with pytest.raises(TypeError, match=r"letters\.text") as caught:
        letter.text = 19840517  # type: ignore[assignment]  # what is refused
    assert "19840517" not in str(caught.value)


def test_opens_nothing_that_nobody_reads(db: Session, ring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading a row costs no decryption, and reading a field costs one."""
    db.add(Letter(text=SECRET, hint="h"))
    db.commit()
    asked: list[str] = []
    real = type(ring).to_open
    monkeypatch.setattr(
        type(ring), "to_open", lambda self, kid, table, column, **of: asked.append(column) or real(self, kid, table, column, **of)
    )
    letter = db.query(Letter).one()
    assert asked == []
    assert (letter.text, letter.text) == (SECRET, SECRET)
    assert asked == ["text"]


def test_shows_a_mask_in_everything_that_prints_an_instance(db: Session) -> None:
    """A log of an instance's values, its history or its pending changes holds no secret."""
    letter = Letter(text=SECRET)
    db.add(letter)
    shown = [repr(vars(letter))]
    db.commit()
    assert letter.text == SECRET
    shown.append(repr(vars(letter)))
    letter.text = SECRET + "2"
    shown += [repr(vars(letter)), repr(inspect(letter).attrs.text.history), repr(inspect(letter).committed_state)]
    assert MASK in shown[1]
    assert not any(SECRET in each for each in shown), shown


def test_writes_nothing_when_the_same_value_is_assigned(db: Session) -> None:
    """A form that sends back what was shown changes no row."""
    db.add(Letter(text=SECRET))
    db.commit()
    (letter,) = db.query(Letter)
    before = stored(db, "select text from letters")
    letter.text = letter.text
    db.commit()
    assert stored(db, "select text from letters") == before
    letter.text = "other"
    db.commit()
    assert stored(db, "select text from letters") != before


def test_gives_a_masked_value_where_the_field_is_audited(db: Session) -> None:
    """What is audited opens by no attribute."""
    db.add(File(id="f", code=SECRET))
    db.commit()
    held = db.query(File).one().code
    assert isinstance(held, SealedValue | SealedBytes)
    assert SECRET not in f"{held} {held!r}"


def test_refuses_a_sealed_value_of_another_row(db: Session) -> None:
    """A value that is carried to another row by hand would be unreadable there."""
    db.add_all([File(id="f", code=SECRET), File(id="g", code="mine")])
    db.commit()
    first, second = db.query(File).order_by(File.id)
    with pytest.raises(SealMisused, match="belongs to its row"):
        second.code = first.code


def test_refuses_a_key_that_would_come_back_as_another(db: Session) -> None:
    """A number given as text is sealed for text and read back for a number: the value would be lost."""
    db.add(Visit(ward="a", number="7"))
    with pytest.raises(SealMisused, match="number holds int"):
        db.flush()


def test_undoes_the_row_when_its_value_cannot_be_sealed(engine: Engine, ring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row whose key the database made never stays without its value."""

    def refuse(*_given: object, **_named: object) -> None:
        raise KeyUnavailable("the root is down")

    monkeypatch.setattr(type(ring), "to_seal", refuse)
    with Session(engine) as db:
        db.add(Person(born=SECRET))
        with pytest.raises(KeyUnavailable):
            db.commit()
    with Session(engine) as db:
        assert db.query(Person).count() == 0
