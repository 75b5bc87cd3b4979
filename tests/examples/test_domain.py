"""The clinic's own rules: who sees what, and who may do what."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from examples.clinic import domain
from examples.clinic.domain import Appointment, Booking, Invalid, Missing, NotAllowed, State
from tests.examples.people import record, who

NOW = datetime.fromisoformat("2026-11-23T12:00")
MONDAY = date(2026, 11, 30)


def visit_of(db: Session, name: str) -> Appointment:
    """The first appointment of the patient whose name begins so."""
    return db.scalars(select(Appointment).where(Appointment.patient_id == record(db, name).id)).first() or pytest.fail("no visit")


def wish(db: Session, *, day: date = MONDAY, at: time = time(9, 30), reason: str = "Sore throat", patient_id: int | None = None) -> Booking:
    """A booking that is in order, unless told otherwise."""
    return Booking(clinician_id=who(db, "carol").id, day=day, at=at, reason=reason, patient_id=patient_id)


# Appointments


def test_shows_a_patient_own_appointments_only(db: Session) -> None:
    """Bob's visits are not in Alice's list."""
    found = domain.appointments_of(db, who(db, "alice"))
    assert {a.patient.name for a in found} == {"Alice Lindqvist"}


def test_shows_the_reception_everybody(db: Session) -> None:
    """The reception answers the telephone for all."""
    found = domain.appointments_of(db, who(db, "dave"))
    assert {a.patient.name for a in found} >= {"Alice Lindqvist", "Bob Okafor", "Farid Haddad"}


def test_shows_no_appointment_to_the_administrator(db: Session) -> None:
    """Looking after accounts needs no visits."""
    with pytest.raises(NotAllowed):
        domain.appointments_of(db, who(db, "erin"))


@pytest.mark.parametrize("act", [domain.appointment, domain.cancel], ids=["read", "cancel"])
def test_hides_anothers_appointment_by_number(db: Session, act: object) -> None:
    """Counting upward in the address finds nothing, and does not tell that there is something."""
    assert callable(act)
    with pytest.raises(Missing) as theirs:
        act(db, who(db, "alice"), visit_of(db, "Bob").id)
    with pytest.raises(Missing) as nobodys:
        act(db, who(db, "alice"), 10_000)
    assert str(theirs.value) == str(nobodys.value)
    assert visit_of(db, "Bob").state == State.BOOKED


@pytest.mark.parametrize("claimed", [0, -1, 2**63, 10**30])
def test_takes_an_impossible_number_for_a_missing_entry(db: Session, claimed: int) -> None:
    """A path with thirty digits must not crash the driver."""
    with pytest.raises(Missing):
        domain.appointment(db, who(db, "dave"), claimed)


def test_books_for_the_patient_who_asks(db: Session) -> None:
    """The honest booking: it is in the patient's list, at the time asked for."""
    alice = who(db, "alice")
    made = domain.book(db, alice, wish(db), NOW)
    assert made in domain.appointments_of(db, alice)
    assert (made.starts_at, made.reason, made.state) == ("2026-11-30T09:30", "Sore throat", State.BOOKED)


def test_refuses_a_patient_who_books_for_another(db: Session) -> None:
    """The patient's number in the form is a claim, not a right."""
    with pytest.raises(NotAllowed):
        domain.book(db, who(db, "alice"), wish(db, patient_id=record(db, "Bob").id), NOW)


def test_lets_the_reception_book_for_anyone(db: Session) -> None:
    """Farid has no account; the reception books for him."""
    farid = record(db, "Farid")
    assert domain.book(db, who(db, "dave"), wish(db, patient_id=farid.id), NOW).patient is farid


def test_asks_the_reception_for_whom(db: Session) -> None:
    """Staff has no record of its own to book for."""
    with pytest.raises(Invalid, match="patient"):
        domain.book(db, who(db, "dave"), wish(db), NOW)


@pytest.mark.parametrize(
    ("day", "at"),
    [
        (NOW.date(), time(11, 30)),
        (date(2026, 11, 28), time(9, 0)),
        (MONDAY, time(7, 30)),
        (MONDAY, time(17, 0)),
        (MONDAY, time(9, 10)),
    ],
    ids=["past", "saturday", "too early", "too late", "between the half hours"],
)
def test_refuses_a_time_outside_the_rules(db: Session, day: date, at: time) -> None:
    """Visits are to come, on weekdays, in opening hours, at the half hour."""
    with pytest.raises(Invalid):
        domain.book(db, who(db, "alice"), wish(db, day=day, at=at), NOW)


def test_refuses_a_visit_with_someone_who_is_no_clinician(db: Session) -> None:
    """The clinician's number in the form is a claim too."""
    wanted = Booking(clinician_id=who(db, "dave").id, day=MONDAY, at=time(9), reason="x")
    with pytest.raises(Invalid, match="clinicians"):
        domain.book(db, who(db, "alice"), wanted, NOW)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201, "half \ud800 a pair"], ids=["empty", "blank", "long", "surrogate"])
def test_refuses_a_reason_that_does_not_fit(db: Session, reason: str) -> None:
    """Each text has a length and is text; the driver never sees the rest."""
    with pytest.raises(Invalid):
        domain.book(db, who(db, "alice"), wish(db, reason=reason), NOW)


def test_cancels_the_patients_own_visit(db: Session) -> None:
    """The honest cancellation; doing it twice changes nothing more."""
    alice, visit = who(db, "alice"), visit_of(db, "Alice")
    domain.cancel(db, alice, visit.id)
    assert domain.cancel(db, alice, visit.id).state == State.CANCELLED


# Notes


def test_shows_a_patient_own_notes(db: Session) -> None:
    """Alice reads what was written about her."""
    alice = who(db, "alice")
    mine = domain.own_record(db, alice)
    assert {note.patient_id for note in domain.notes_of(db, alice, mine.id)} == {mine.id}


def test_hides_anothers_notes_from_a_patient(db: Session) -> None:
    """Another's record looks like no record."""
    with pytest.raises(Missing):
        domain.notes_of(db, who(db, "alice"), record(db, "Bob").id)


@pytest.mark.parametrize("username", ["dave", "erin"])
def test_hides_notes_from_those_who_do_not_treat(db: Session, username: str) -> None:
    """Neither the reception nor the administrator reads notes."""
    with pytest.raises(NotAllowed):
        domain.notes_of(db, who(db, username), record(db, "Alice").id)


def test_lets_a_clinician_write_and_the_patient_read(db: Session) -> None:
    """The newest note comes first."""
    about = record(db, "Alice")
    domain.write_note(db, who(db, "carol"), about.id, "All well.\nSee again in May.", NOW + timedelta(days=4000))
    assert domain.notes_of(db, who(db, "alice"), about.id)[0].text == "All well.\nSee again in May."


@pytest.mark.parametrize("username", ["alice", "dave", "erin"])
def test_refuses_a_note_of_anyone_else(db: Session, username: str) -> None:
    """Only clinicians write notes."""
    with pytest.raises(NotAllowed):
        domain.write_note(db, who(db, username), record(db, "Alice").id, "x", NOW)


@pytest.mark.parametrize("username", ["alice", "erin"])
def test_hides_the_list_of_patients(db: Session, username: str) -> None:
    """Who is treated here is private already."""
    with pytest.raises(NotAllowed):
        domain.patients(db, who(db, username))


# Administration


@pytest.mark.parametrize("username", ["alice", "carol", "dave"])
def test_refuses_administration_by_others(db: Session, username: str) -> None:
    """Accounts, blocking and the report belong to the administrator."""
    actor = who(db, username)
    for attempt in (
        lambda: domain.users(db, actor),
        lambda: domain.set_blocked(db, actor, who(db, "bob").id, blocked=True),
        lambda: domain.add_user(db, actor, username="mallory", name="M", role="administrator", password_hash="x"),
        lambda: domain.workload(db, actor),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_adds_a_patient_with_a_record(db: Session) -> None:
    """A new patient can book at once."""
    made = domain.add_user(db, who(db, "erin"), username="Grace", name="Grace Hall", role="patient", password_hash="x")
    assert (made.username, domain.own_record(db, made).name) == ("grace", "Grace Hall")


@pytest.mark.parametrize(
    ("username", "role"),
    [("alice", "patient"), ("ALICE", "patient"), ("x y", "patient"), ("é", "patient"), ("x" * 33, "patient"), ("zoe", "king")],
)
def test_refuses_an_account_that_is_not_in_order(db: Session, username: str, role: str) -> None:
    """Names are unique however capitalised, and roles are those of the clinic."""
    with pytest.raises(Invalid):
        domain.add_user(db, who(db, "erin"), username=username, name="Z", role=role, password_hash="x")


def test_refuses_an_administrator_who_blocks_himself(db: Session) -> None:
    """Otherwise nobody could let him in again."""
    with pytest.raises(Invalid):
        domain.set_blocked(db, who(db, "erin"), who(db, "erin").id, blocked=True)


def test_counts_booked_visits_by_weekday(db: Session) -> None:
    """Cancelled visits are no work."""
    booked = db.scalars(select(Appointment).where(Appointment.state == State.BOOKED.value)).all()
    domain.cancel(db, who(db, "dave"), booked[0].id)
    assert sum(visits for _, visits in domain.workload(db, who(db, "erin"))) == len(booked) - 1
