"""A thief has the clinic's database file, its side files and a log of every query with its values: none of what is sealed stands there."""

from __future__ import annotations

import base64
import datetime
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from examples.clinic import domain
from examples.clinic.domain import Appointment, Booking, Note, Patient, User
from examples.clinic.store import Store
from ringwork.sealed import keyrings

CANARIES = {"notes.text": "Zwölf-Canary-notes-7f3a", "appointments.reason": "Zwölf-Canary-reason-91bc", "patients.born": "1907-03-29"}
PLAIN = "Zwölf-Canary-name-55de"
"""A name, which the clinic keeps in clear: it shows that the search finds what is there."""


def encodings(text: str) -> dict[str, bytes]:
    """The text as it might stand in a file or a log."""
    raw = text.encode()
    shifted = {f"base64 at {n}": base64.b64encode(bytes(n) + raw)[4 if n else 0 : -4] for n in range(3)}
    return {
        "utf-8": raw,
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "latin-1": text.encode("latin-1"),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "percent": quote(text).encode(),
        "json": json.dumps(text)[1:-1].encode(),
        "python": repr(raw)[2:-1].encode(),
        "reversed": raw[::-1],
        "deflated": zlib.compress(raw)[2:-6],
        **shifted,
    }


def found(text: str, taken: bytes) -> list[str]:
    """In which encodings the text stands in what was taken."""
    return [name for name, encoded in encodings(text).items() if encoded in taken]


class Theft:
    """A clinic that was used, and what a thief took of it."""

    def __init__(self, folder: Path) -> None:
        self.queries: list[str] = []
        event.listen(Engine, "connect", self._log)
        try:
            self.store = Store(str(folder / "clinic.sqlite3"))
            self._use()
        finally:
            event.remove(Engine, "connect", self._log)
        self.files = {path.name: path.read_bytes() for path in folder.iterdir() if "clinic.sqlite3" in path.name}

    def _log(self, connection: object, _record: object) -> None:
        connection.set_trace_callback(self.queries.append)  # type: ignore[attr-defined]  # SQLite's own: each statement with its values

    def _use(self) -> None:
        now = self.store.now()
        with self.store.writing() as db:
            carol = db.scalars(select(User).where(User.username == "carol")).one()
            patient = Patient(name=PLAIN, born=CANARIES["patients.born"])
            db.add(patient)
            db.flush()
            domain.write_note(db, carol, patient.id, CANARIES["notes.text"], now)
            day = now.date() + datetime.timedelta(days=7 - now.weekday())
            wanted = Booking(
                clinician_id=carol.id, day=day, at=datetime.time(9), reason=CANARIES["appointments.reason"], patient_id=patient.id
            )
            domain.book(db, carol, wanted, now)
        with self.store.writing() as db:
            # Changed and deleted again: pages that are free now are searched as well.
            note = next(each for each in db.scalars(select(Note)) if each.text == CANARIES["notes.text"])
            note.text += ", and more"
            db.flush()
            db.delete(note)

    def read(self, db: Session) -> set[str]:
        """What the application itself reads."""
        patients = {patient.born for patient in db.scalars(select(Patient))}
        return patients | {visit.reason for visit in db.scalars(select(Appointment))}


@pytest.fixture(scope="module")
def theft(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theft]:
    """One clinic, robbed once."""
    kept = list(keyrings._installed)
    yield Theft(tmp_path_factory.mktemp("clinic"))
    keyrings._installed[:] = kept


@pytest.mark.parametrize("field", CANARIES)
def test_finds_nothing_sealed_in_the_stolen_files(theft: Theft, field: str) -> None:
    """A17: the database, its journal and the files beside it are searched in many encodings."""
    assert theft.files
    assert {name: found(CANARIES[field], taken) for name, taken in theft.files.items() if found(CANARIES[field], taken)} == {}


@pytest.mark.parametrize("field", CANARIES)
def test_finds_nothing_sealed_in_the_log_of_queries(theft: Theft, field: str) -> None:
    """Every statement was logged with its values written in, and the values are sealed."""
    log = "\n".join(theft.queries)
    assert "INSERT INTO notes" in log
    assert found(CANARIES[field], log.encode()) == []


def test_finds_what_is_kept_in_clear(theft: Theft) -> None:
    """The same search on a plain column finds it in file and log, so that finding nothing means something."""
    assert "utf-8" in found(PLAIN, theft.files["clinic.sqlite3"])
    assert "utf-8" in found(PLAIN, "\n".join(theft.queries).encode())
    for name, encoded in encodings(PLAIN).items():
        assert found(PLAIN, b"before " + encoded + b" after"), name


def test_lets_the_clinic_itself_read_all_of_it(theft: Theft) -> None:
    """What no thief finds is there, and opens for the clinic."""
    with theft.store.reading() as db:
        assert theft.read(db) >= {CANARIES["patients.born"], CANARIES["appointments.reason"]}


def test_opens_nothing_without_the_keys(theft: Theft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database file alone, on the thief's own machine: it makes keys of its own there, and none of them opens anything."""
    monkeypatch.delenv("CLINIC_KEYS", raising=False)
    (tmp_path / "clinic.sqlite3").write_bytes(theft.files["clinic.sqlite3"])
    kept = list(keyrings._installed)
    try:
        with Store(str(tmp_path / "clinic.sqlite3")).reading() as db, pytest.raises(Exception, match=r"key|patients\.born"):
            theft.read(db)
    finally:
        keyrings._installed[:] = kept
