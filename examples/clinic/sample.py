"""Sample people and visits, so that a new clinic is not empty. The passwords are public: never sign in real patients here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from examples.clinic.domain import Appointment, Note, Patient, Role, State, User
from ringwork.crypto.passwords import hash_password
from ringwork.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A sample account; `password` is printed for whoever tries the clinic."""

    username: str
    name: str
    role: Role
    password: str


PEOPLE = (
    Person(username="alice", name="Alice Lindqvist", role=Role.PATIENT, password="alice-walks-by-the-river"),
    Person(username="bob", name="Bob Okafor", role=Role.PATIENT, password="bob-bakes-rye-on-sundays"),
    Person(username="carol", name="Dr Carol Mensah", role=Role.CLINICIAN, password="carol-reads-old-atlases"),
    Person(username="dave", name="Dave Petrov", role=Role.RECEPTIONIST, password="dave-keeps-seven-ferns"),
    Person(username="erin", name="Erin Castillo", role=Role.ADMINISTRATOR, password="erin-counts-every-key"),
)


def fill(db: Session, now: datetime) -> None:
    """The sample people, four patients, their visits of the coming days and a few notes. `now`: the clinic's own time, naive."""
    accounts = {person.username: _account(person) for person in PEOPLE}
    db.add_all(accounts.values())
    db.flush()
    treated = [
        Patient(user_id=accounts["alice"].id, name="Alice Lindqvist", born="1984-05-17"),
        Patient(user_id=accounts["bob"].id, name="Bob Okafor", born="1971-11-02"),
        Patient(name="Farid Haddad", born="1959-02-23"),
        Patient(name="Grace Novak", born="2001-08-09"),
    ]
    db.add_all(treated)
    db.flush()
    _visits(db, treated, accounts["carol"], now)
    _notes(db, treated, accounts["carol"], now)


def _account(person: Person) -> User:
    return User(
        username=person.username,
        name=person.name,
        role=person.role.value,
        password_hash=hash_password(Secret(person.password)),
        blocked=False,
    )


def _visits(db: Session, treated: list[Patient], clinician: User, now: datetime) -> None:
    planned = (
        (0, 1, time(9, 0), "Blood pressure check"),
        (0, 6, time(14, 30), "Results of the blood test"),
        (1, 1, time(10, 30), "Sore knee"),
        (1, 3, time(8, 30), "Vaccination"),
        (2, 2, time(11, 0), "Yearly check-up"),
        (3, 4, time(16, 0), "First visit"),
    )
    for whose, days, at, reason in planned:
        starts_at = datetime.combine(_weekday_after(now, days), at).isoformat(timespec="minutes")
        db.add(Appointment(patient=treated[whose], clinician=clinician, starts_at=starts_at, reason=reason, state=State.BOOKED.value))


def _weekday_after(now: datetime, days: int) -> datetime:
    day = now + timedelta(days=days)
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() >= 5 else day


def _notes(db: Session, treated: list[Patient], author: User, now: datetime) -> None:
    written = (
        (0, 30, "Blood pressure 138/88. Advised a daily walk; check again in a month."),
        (0, 9, "Blood drawn for lipids and glucose."),
        (1, 14, "Knee swollen after a fall, no fracture seen. Rest, cold packs, see again in two weeks."),
        (2, 60, "Stable on the present dose."),
    )
    for whose, days, text in written:
        written_at = (now - timedelta(days=days)).isoformat(timespec="minutes")
        db.add(Note(patient_id=treated[whose].id, author=author, written_at=written_at, text=text))
