"""What every application does with a request, told once: who is asking, in one database session, at one moment.

Handlers stay three lines long; rules are the domain's, and who may call a route at all is ringwork's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy.orm import Session

import ringwork
from examples.clinic import domain, sessions
from examples.clinic.domain import Appointment, Booking, Invalid, Note, User
from examples.clinic.store import Store
from ringwork.crypto.passwords import hash_password, needs_rehash, verify_password
from ringwork.errors import Refused
from ringwork.secret import Secret

STORE = Store()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of a signed-in person. now: the clinic's own time, naive."""

    db: Session
    actor: User
    now: datetime


@contextmanager
def looking() -> Iterator[Visit]:
    """The signed-in person's request, changing nothing."""
    with STORE.reading() as db:
        yield _visit(db)


@contextmanager
def changing() -> Iterator[Visit]:
    """The signed-in person's request; its changes are kept when the block ends well."""
    with STORE.writing() as db:
        yield _visit(db)


def _visit(db: Session) -> Visit:
    principal = ringwork.current().principal
    actor = db.get(User, int(principal.id)) if principal else None
    if actor is None:
        raise domain.NotAllowed("Please sign in first.")
    return Visit(db=db, actor=actor, now=STORE.now())


def sign_in(username: str, raw_password: str, raw_old_key: str | None) -> tuple[User, str] | None:
    """Check a password and start a login: the user and the new key, or None, which does not tell what was wrong."""
    password = Secret(raw_password)
    with STORE.reading() as db:
        found = domain.account(db, username)
    try:
        verify_password(password, found.password_hash if found else None)
    except Refused:
        return None
    if found is None or found.blocked:
        return None
    renewed = hash_password(password) if needs_rehash(found.password_hash) else None
    with STORE.writing() as db:
        user = db.get_one(User, found.id)
        user.password_hash = renewed or user.password_hash
        return user, sessions.issue_login(db, user, raw_old_key, STORE.seconds())


def sign_out(raw_key: str | None) -> None:
    """End the login behind the key."""
    with STORE.writing() as db:
        sessions.end_login(db, raw_key)


def book(*, clinician_id: object, day: object, at: object, reason: object, patient_id: object = None) -> Appointment:
    """Book for the signed-in person or, at the desk, for anyone. Takes texts as forms and JSON carry them; raises ClinicError."""
    with changing() as visit:
        wanted = Booking(
            clinician_id=_number(clinician_id, "clinician"),
            day=_day(day),
            at=_time(at),
            reason=_text(reason, "reason"),
            patient_id=None if patient_id in (None, "") else _number(patient_id, "patient"),
        )
        return domain.book(visit.db, visit.actor, wanted, visit.now)


def cancel(appointment_id: int) -> Appointment:
    """Call an appointment off."""
    with changing() as visit:
        return domain.cancel(visit.db, visit.actor, appointment_id)


def write_note(patient_id: int, text: object) -> Note:
    """A new note of the signed-in clinician."""
    with changing() as visit:
        return domain.write_note(visit.db, visit.actor, patient_id, _text(text, "text"), visit.now)


def add_user(*, username: object, name: object, role: object, password: object) -> User:
    """A new account; the password has at least 15 characters."""
    secret = Secret(_text(password, "password"))
    if len(secret) < domain.PASSWORD_FROM:
        raise Invalid(f"A password has at least {domain.PASSWORD_FROM} characters; a short sentence is easy to remember.")
    try:
        password_hash = hash_password(secret)
    except Refused as refused:
        raise Invalid("That password is too long.") from refused
    with changing() as visit:
        return domain.add_user(
            visit.db,
            visit.actor,
            username=_text(username, "username"),
            name=_text(name, "name"),
            role=_text(role, "role"),
            password_hash=password_hash,
        )


def set_blocked(user_id: int, *, blocked: bool) -> User:
    """Shut an account out, and its open logins with it, or let it in again."""
    with changing() as visit:
        user = domain.set_blocked(visit.db, visit.actor, user_id, blocked=blocked)
        if blocked:
            sessions.end_all_logins(visit.db, user)
        return user


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise Invalid(f"Please give the {what} as text.")
    return value


def _number(value: object, what: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    raise Invalid(f"Choose a {what}.")


def _day(value: object) -> date:
    try:
        return date.fromisoformat(_text(value, "day"))
    except ValueError as error:
        raise Invalid("Give the day as year, month and day: 2027-01-31.") from error


def _time(value: object) -> time:
    try:
        return time.fromisoformat(_text(value, "time"))
    except ValueError as error:
        raise Invalid("Give the time as hours and minutes: 09:30.") from error
