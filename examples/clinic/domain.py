"""The clinic itself: who its people are, what it keeps about them, and who may see or do what.

Knows no framework and no page. Every function takes the database session and the person who acts, and holds the rule itself:
against a handler that forgets to ask, there is no way around these functions to the tables.
"""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import ForeignKey, Select, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from ringwork.sealed.sqlalchemy import sealed

OPENS, CLOSES = time(8, 0), time(17, 0)
TEXT_LIMIT = 4000
LINE_LIMIT = 200
PASSWORD_FROM = 15


class Role(StrEnum):
    """What a person is at the clinic; each has one."""

    PATIENT = "patient"
    CLINICIAN = "clinician"
    RECEPTIONIST = "receptionist"
    ADMINISTRATOR = "administrator"


class State(StrEnum):
    """What became of an appointment."""

    BOOKED = "booked"
    CANCELLED = "cancelled"


class ClinicError(Exception):
    """The clinic says no; the text may be shown to the person who asked. status: the HTTP status that says the same."""

    status = 400


class NotAllowed(ClinicError):
    """This person may not do that."""

    status = 403


class Missing(ClinicError):
    """There is no such thing, or none that this person may know of."""

    status = 404


class Invalid(ClinicError):
    """What was asked for makes no sense; the text says what would."""

    status = 422


class Base(DeclarativeBase):
    """All tables of the clinic."""


class User(Base):
    """Someone who can sign in. username: lower case. password_hash: as ringwork.crypto.passwords makes it."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str]
    blocked: Mapped[bool] = mapped_column(default=False)


class Patient(Base):
    """Someone who is treated; has an account or not. born: ISO date."""

    __tablename__ = "patients"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), unique=True)
    name: Mapped[str]
    born: Mapped[str] = sealed(str, label="patients.born")


class Appointment(Base):
    """One visit. starts_at: ISO date and minute in the clinic's own time, "2026-11-30T09:30"."""

    __tablename__ = "appointments"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    clinician_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    starts_at: Mapped[str]
    reason: Mapped[str] = sealed(str, label="appointments.reason")
    state: Mapped[str] = mapped_column(default=State.BOOKED.value)
    patient: Mapped[Patient] = relationship(lazy="joined")
    clinician: Mapped[User] = relationship(lazy="joined")


class Note(Base):
    """What a clinician wrote about a patient. written_at: ISO date and minute."""

    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    written_at: Mapped[str]
    text: Mapped[str] = sealed(str, label="notes.text")
    author: Mapped[User] = relationship(lazy="joined")


class Result(Base):
    """What the laboratory found. received_at: ISO date and minute."""

    __tablename__ = "results"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    received_at: Mapped[str]
    test: Mapped[str]
    value: Mapped[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What somebody asks for. patient_id: only staff names one; a patient books for nobody else."""

    clinician_id: int
    day: date
    at: time
    reason: str
    patient_id: int | None = None


# Appointments


def appointments_of(db: Session, actor: User) -> Sequence[Appointment]:
    """Those that concern `actor`, soonest first: a patient's own, a clinician's diary, everything at the reception."""
    wanted = select(Appointment).order_by(Appointment.starts_at, Appointment.id)
    return db.scalars(_only_theirs(wanted, actor)).all()


def appointment(db: Session, actor: User, appointment_id: int) -> Appointment:
    """One appointment that concerns `actor`; Missing for all others, whether they exist or not."""
    # Against reading other people's visits by counting upward: the row is looked for among the actor's own.
    found = db.scalar(_only_theirs(select(Appointment).where(Appointment.id == _row_id(appointment_id)), actor))
    if found is None:
        raise Missing("There is no such appointment.")
    return found


def _only_theirs(wanted: Select[Appointment], actor: User) -> Select[Appointment]:
    match actor.role:
        case Role.PATIENT:
            return wanted.join(Patient, Appointment.patient_id == Patient.id).where(Patient.user_id == actor.id)
        case Role.CLINICIAN:
            return wanted.where(Appointment.clinician_id == actor.id)
        case Role.RECEPTIONIST:
            return wanted
        case _:
            raise NotAllowed("Appointments are for patients, clinicians and the reception.")


def book(db: Session, actor: User, booking: Booking, now: datetime) -> Appointment:
    """A new appointment, in the future and within opening hours. `now`: the clinic's own time, naive."""
    patient = _patient_to_book(db, actor, booking.patient_id)
    clinician = db.get(User, _row_id(booking.clinician_id))
    if clinician is None or clinician.role != Role.CLINICIAN:
        raise Invalid("Choose one of our clinicians.")
    made = Appointment(
        patient=patient,
        clinician=clinician,
        starts_at=_open_hours(booking, now).isoformat(timespec="minutes"),
        reason=_line(booking.reason, "the reason"),
        state=State.BOOKED.value,
    )
    db.add(made)
    db.flush()
    return made


def _patient_to_book(db: Session, actor: User, patient_id: int | None) -> Patient:
    if actor.role == Role.PATIENT:
        own = own_record(db, actor)
        if patient_id not in (None, own.id):
            raise NotAllowed("You can book for yourself only.")
        return own
    if actor.role not in (Role.RECEPTIONIST, Role.CLINICIAN):
        raise NotAllowed("Appointments are for patients, clinicians and the reception.")
    if patient_id is None:
        raise Invalid("Choose the patient.")
    return patient(db, actor, patient_id)


def _open_hours(booking: Booking, now: datetime) -> datetime:
    start = datetime.combine(booking.day, booking.at.replace(tzinfo=None))
    if start <= now:
        raise Invalid("Choose a time that is still to come.")
    if start.weekday() >= 5 or not OPENS <= start.time() < CLOSES or start.minute % 30 or start.second:
        raise Invalid(f"We are open on weekdays from {OPENS:%H:%M} to {CLOSES:%H:%M}; visits start at the full or half hour.")
    return start


def cancel(db: Session, actor: User, appointment_id: int) -> Appointment:
    """Call off an appointment that concerns `actor`; one that is cancelled already stays so."""
    found = appointment(db, actor, appointment_id)
    found.state = State.CANCELLED.value
    return found


def clinicians(db: Session) -> Sequence[User]:
    """Those with whom one can book, by name; their names are no secret to anyone who is signed in."""
    return db.scalars(select(User).where(User.role == Role.CLINICIAN.value, User.blocked.is_(False)).order_by(User.name)).all()


# Patients and notes


def patients(db: Session, actor: User) -> Sequence[Patient]:
    """All patients, by name; for clinicians and the reception."""
    _require_role(actor, Role.CLINICIAN, Role.RECEPTIONIST)
    return db.scalars(select(Patient).order_by(Patient.name)).all()


def patient(db: Session, actor: User, patient_id: int) -> Patient:
    """One patient's name and birthday; for clinicians and the reception."""
    _require_role(actor, Role.CLINICIAN, Role.RECEPTIONIST)
    found = db.get(Patient, _row_id(patient_id))
    if found is None:
        raise Missing("There is no such patient.")
    return found


def own_record(db: Session, actor: User) -> Patient:
    """The patient who `actor` is."""
    found = db.scalar(select(Patient).where(Patient.user_id == actor.id))
    if found is None:
        raise NotAllowed("Only patients have a record of their own.")
    return found


def notes_of(db: Session, actor: User, patient_id: int) -> Sequence[Note]:
    """The notes on a patient, newest first: for clinicians, and for that patient. The reception reads none."""
    if actor.role == Role.PATIENT:
        # Against reading other people's notes by counting upward: another's record is as missing as none at all.
        if own_record(db, actor).id != patient_id:
            raise Missing("There is no such patient.")
    else:
        _require_role(actor, Role.CLINICIAN)
        patient(db, actor, patient_id)
    return db.scalars(select(Note).where(Note.patient_id == patient_id).order_by(Note.written_at.desc(), Note.id.desc())).all()


def write_note(db: Session, actor: User, patient_id: int, text: str, now: datetime) -> Note:
    """A clinician's new note on a patient; at most 4,000 characters, kept as plain text."""
    _require_role(actor, Role.CLINICIAN)
    about = patient(db, actor, patient_id)
    made = Note(patient_id=about.id, author=actor, written_at=now.isoformat(timespec="minutes"), text=_text(text, "the note", TEXT_LIMIT))
    db.add(made)
    db.flush()
    return made


# Administration


def users(db: Session, actor: User) -> Sequence[User]:
    """All accounts, by user name; for administrators."""
    _require_role(actor, Role.ADMINISTRATOR)
    return db.scalars(select(User).order_by(User.username)).all()


def account(db: Session, username: str) -> User | None:
    """The account of that name, however it is capitalised; for signing in, so without a rule."""
    claimed = username.strip().lower()
    # Against a crash in the driver: what is no user name is not looked up.
    return db.scalar(select(User).where(User.username == claimed)) if _is_username(claimed) else None


def _is_username(text: str) -> bool:
    return text.isascii() and text.isalnum() and len(text) <= 32


def add_user(db: Session, actor: User, *, username: str, name: str, role: str, password_hash: str) -> User:
    """A new account; a patient also gets a record. password_hash: made already, the domain never sees passwords."""
    _require_role(actor, Role.ADMINISTRATOR)
    username = _line(username, "the user name").lower()
    if role not in tuple(Role):
        raise Invalid(f"The role is one of {', '.join(Role)}.")
    if not _is_username(username):
        raise Invalid("A user name has up to 32 letters and digits.")
    if account(db, username) is not None:
        raise Invalid("That user name is taken.")
    made = User(username=username, name=_line(name, "the name"), role=Role(role).value, password_hash=password_hash, blocked=False)
    db.add(made)
    db.flush()
    if made.role == Role.PATIENT:
        db.add(Patient(user_id=made.id, name=made.name, born=""))
    return made


def set_blocked(db: Session, actor: User, user_id: int, *, blocked: bool) -> User:
    """Shut an account out, or let it in again; nobody shuts out himself."""
    _require_role(actor, Role.ADMINISTRATOR)
    found = db.get(User, _row_id(user_id))
    if found is None:
        raise Missing("There is no such account.")
    if found.id == actor.id:
        raise Invalid("You cannot block your own account.")
    found.blocked = blocked
    return found


def workload(db: Session, actor: User) -> list[tuple[str, int]]:
    """Booked visits for each day of the week, Monday first. Raises ValueError when a stored time is no time."""
    _require_role(actor, Role.ADMINISTRATOR)
    stored = db.scalars(select(Appointment.starts_at).where(Appointment.state == State.BOOKED.value))
    visits = Counter(datetime.fromisoformat(text).weekday() for text in stored)
    return [(calendar.day_name[weekday], visits[weekday]) for weekday in range(5)]


# Shared rules


def _require_role(actor: User, *roles: Role) -> None:
    if actor.role not in roles:
        raise NotAllowed("Your role does not allow that.")


def _row_id(claimed: int) -> int:
    # Against a crash in the driver: SQLite's integers have 64 bits, a path may carry more digits.
    if not 0 < claimed < 2**63:
        raise Missing("There is no such entry.")
    return claimed


def _line(text: str, what: str) -> str:
    return _text(" ".join(text.split()), what, LINE_LIMIT)


def _text(text: str, what: str, limit: int) -> str:
    text = text.strip()
    if not text:
        raise Invalid(f"Please fill in {what}.")
    if len(text) > limit:
        raise Invalid(f"At most {limit} characters fit into {what}.")
    # Against a crash in the driver: half a surrogate pair, which JSON can carry, has no UTF-8.
    if any(0xD800 <= ord(letter) < 0xE000 for letter in text):
        raise Invalid(f"Please use plain text for {what}.")
    return text
