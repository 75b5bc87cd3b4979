"""What comes in and goes out without a login: results of the laboratory, which signs them, and calendar files, by a signed link.

Knows no framework. Who may come here is decided before: the routes are marked `signed("laboratory", ...)` and `signed_link(...)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

import ringwork
from examples.clinic import desk, domain
from examples.clinic.domain import Appointment, Invalid, Missing, Result, User

RESULT = "laboratory result 1"
"""The purpose of the laboratory's signature, the same at both ends."""

CALENDAR = "calendar file 1"
CALENDAR_LIFETIME = timedelta(hours=1)


def receive_result(*, patient_id: object, test: object, value: object) -> None:
    """Keep a result of the laboratory, whose signature was found right. Takes values as JSON carries them; raises ClinicError."""
    with desk.STORE.writing() as db:
        about = db.get(domain.Patient, patient_id) if isinstance(patient_id, int) and 0 < patient_id < 2**63 else None
        if about is None:
            raise Missing("There is no such patient.")
        kept = {"test": _line(test, "test"), "value": _line(value, "value")}
        db.add(Result(patient_id=about.id, received_at=desk.STORE.now().isoformat(timespec="minutes"), **kept))


def results_of(db: Session, actor: User, patient_id: int) -> Sequence[Result]:
    """The results of a patient, newest first, for who may read the notes on that patient."""
    domain.notes_of(db, actor, patient_id)
    return db.scalars(select(Result).where(Result.patient_id == patient_id).order_by(Result.id.desc())).all()


def calendar_link(appointment_id: int) -> str:
    """Where a calendar fetches one visit, without a login, for an hour."""
    return ringwork.current().issue_link(f"/appointments/{appointment_id}/calendar", CALENDAR, lifetime=CALENDAR_LIFETIME)


def calendar_file(appointment_id: int) -> str:
    """One visit as iCalendar (RFC 5545): when, and where; not why, and not with whom. Raises Missing."""
    with desk.STORE.reading() as db:
        found = db.get(Appointment, appointment_id) if 0 < appointment_id < 2**63 else None
        if found is None:
            raise Missing("There is no such appointment.")
        start = datetime.fromisoformat(found.starts_at)
        lines = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//ringwork//clinic//EN",
            "BEGIN:VEVENT",
            f"UID:visit-{found.id}@clinic.example",
            f"DTSTAMP:{desk.STORE.now():%Y%m%dT%H%M%SZ}",
            f"DTSTART:{start:%Y%m%dT%H%M%S}",
            f"DTEND:{start + timedelta(minutes=30):%Y%m%dT%H%M%S}",
            "SUMMARY:Visit at the clinic",
            f"STATUS:{'CANCELLED' if found.state == domain.State.CANCELLED else 'CONFIRMED'}",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    return "\r\n".join(lines)


def _line(value: object, what: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > domain.LINE_LIMIT or not value.isprintable():
        raise Invalid(f"Give the {what} as a line of text.")
    return value.strip()
