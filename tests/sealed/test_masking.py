"""Where a plaintext would leak beside the database: logs of statements, errors of statements, pages; and the record of a reveal."""

from __future__ import annotations

import json
import logging

import pytest
from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, Session, mapped_column
from sqlalchemy.pool import StaticPool

import ringwork
from ringwork.errors import KeyUnavailable, SealMisused
from ringwork.events import Event, Outcome, as_fields
from ringwork.keys.keyring import Keyring
from ringwork.sealed.sqlalchemy import reveal, sealed
from ringwork.sealed.values import MASK
from tests.sealed.models import Base, File, Letter, Person

SECRET = "canary-of-the-masks"


def test_leaves_no_plaintext_in_the_log_of_statements(caplog: pytest.LogCaptureFixture, ring: Keyring) -> None:
    """A17: with all of SQLAlchemy's logging on, the log of the queries has sealed values only."""
    with caplog.at_level(logging.DEBUG):
        engine = create_engine("sqlite://", poolclass=StaticPool, echo="debug")
        Base.metadata.create_all(engine)
        with Session(engine) as db:
            db.add_all([Person(born=SECRET), Letter(text=SECRET)])
            db.commit()
            person = db.query(Person).one()
            person.born = SECRET + "2"
            db.commit()
            assert person.born == SECRET + "2"
    assert "UPDATE people" in caplog.text
    assert SECRET not in caplog.text


def test_leaves_no_plaintext_in_the_error_of_a_statement(db: Session) -> None:
    """A20: a statement that fails prints its parameters, and they are sealed."""
    db.execute(text("create unique index one_name on people (name)"))
    db.add_all([Person(name="same", born=SECRET), Person(name="same", born=SECRET)])
    with pytest.raises(IntegrityError) as caught:
        db.commit()
    assert "same" in str(caught.value)
    assert SECRET not in f"{caught.value} {caught.value!r} {caught.value.params}"


def test_leaves_no_plaintext_in_the_error_of_a_root_that_is_down(db: Session, ring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """A20 as it was found: no key can be had, and the error of the write quotes nothing."""

    def refuse(*_given: object, **_named: object) -> None:
        raise KeyUnavailable("the root is down")

    monkeypatch.setattr(type(ring), "to_seal", refuse)
    db.add(Letter(text=SECRET))
    with pytest.raises(KeyUnavailable) as caught:
        db.commit()
    assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


class Records(MappedAsDataclass, DeclarativeBase):
    """Tables whose classes are dataclasses."""


class Record(Records):
    """Its repr is written by dataclasses."""

    __tablename__ = "records"
    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    text: Mapped[str] = sealed(str)


def test_leaves_no_plaintext_in_the_repr_of_a_mapped_dataclass(ring: Keyring) -> None:
    """A dataclass prints what its attributes give; the sealed ones are left out."""
    assert SECRET not in repr(Record(text=SECRET))
    assert Record(text=SECRET).text == SECRET


class Shown(BaseModel):
    """What the API shows of a letter."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    text: str


class Listed(BaseModel):
    """What a list shows: nothing sealed."""

    model_config = ConfigDict(from_attributes=True)
    id: str


def test_opens_for_a_response_model_what_it_asks_for(engine: Engine, ring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """A response model that names the field gets it opened, and one that does not opens nothing; what comes in is sealed."""
    app = FastAPI()

    class Written(BaseModel):
        text: str

    @app.post("/files/{name}", response_model=Listed)
    def write(name: str, given: Written) -> File:
        with Session(engine, expire_on_commit=False) as db:
            made = File(id=name, code=given.text)
            db.add(made)
            db.commit()
            return made

    @app.get("/letters", response_model=list[Listed])
    def listed() -> list[dict[str, str]]:
        with Session(engine) as db:
            return [{"id": str(letter.id)} for letter in db.scalars(select(Letter))]

    @app.get("/letters/one")
    def one() -> Shown:
        with Session(engine) as db:
            letter = db.scalars(select(Letter)).one()
            return Shown(id=str(letter.id), text=letter.text)

    with Session(engine) as db:
        db.add(Letter(text=SECRET))
        db.commit()
    opened: list[str] = []
    real = type(ring).to_open
    monkeypatch.setattr(
        type(ring), "to_open", lambda self, kid, table, column, **of: opened.append(column) or real(self, kid, table, column, **of)
    )
    with TestClient(app) as client:
        assert SECRET not in client.post("/files/f", json={"text": SECRET}).text
        assert SECRET not in client.get("/letters").text
        assert opened == []
        assert client.get("/letters/one").json()["text"] == SECRET
        assert opened == ["text"]


def test_gives_no_way_into_json_to_what_is_audited(db: Session) -> None:
    """A field that nobody revealed has no way into an answer, neither as text nor by an encoder."""
    db.add(File(id="f", code=SECRET))
    db.commit()
    held = db.query(File).one().code
    for encode in (json.dumps, jsonable_encoder):
        with pytest.raises((TypeError, ValueError)) as caught:
            encode({"code": held})
        assert SECRET not in str(caught.value)
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(held)
    assert f"{held:>10}" == str(held) == MASK


def test_reveals_on_the_record_and_never_without(db: Session, caplog: pytest.LogCaptureFixture) -> None:
    """A reveal is one event with field, row and reason and without the value; no reason or no record, no value."""
    db.add(File(id="f", code=SECRET))
    db.commit()
    (file,) = db.query(File)
    with caplog.at_level(logging.INFO, logger="ringwork.security"):
        assert reveal(file, "code", reason="the patient asked") == SECRET
    (record,) = [json.loads(record.message) for record in caplog.records if record.name == "ringwork.security"]
    assert (record["event"].partition(":")[0], record["outcome"], record["control"]) == (
        "sensitive_read",
        "allowed",
        "data.encryption-at-rest",
    )
    assert record["detail"] == "files.code of row f: the patient asked"
    assert SECRET not in caplog.text
    with pytest.raises(ValueError, match="reason"):
        reveal(file, "code", reason=" ")
    with caplog.at_level(logging.ERROR, logger="ringwork.security"), pytest.raises(SealMisused, match="no record"):
        reveal(file, "code", reason="unseen")
    with pytest.raises(SealMisused, match="no sealed field"):
        reveal(file, "id", reason="none")
    with pytest.raises(SealMisused, match="not in the database yet"):
        reveal(File(id="g", code="new"), "code", reason="early")


def test_reveals_in_the_name_of_the_request(engine: Engine) -> None:
    """Inside a guarded request the event goes to the policy's sink, with who asked and where."""
    seen: list[Event] = []
    app = FastAPI()

    @app.get("/files/{name}")
    @ringwork.requires()
    def show(name: str) -> dict[str, str]:
        with Session(engine) as db:
            return {"code": reveal(db.get_one(File, name), "code", reason="treatment")}

    with Session(engine) as db:
        db.add(File(id="f", code=SECRET))
        db.commit()
    ringwork.protect(app, ringwork.Policy(identify=lambda _: ringwork.Principal(id="carol"), events=seen.append))
    with TestClient(app) as client:
        assert client.get("/files/f").json() == {"code": SECRET}
    (event,) = [event for event in seen if event.reason == "revealed"]
    assert (event.principal, event.route, event.outcome) == ("carol", "GET /files/{name}", Outcome.ALLOWED)
    assert SECRET not in json.dumps(as_fields(event))
