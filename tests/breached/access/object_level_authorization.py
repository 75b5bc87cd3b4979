"""The clinic that looks an appointment up by its number alone, whoever asks; source that does so stands in prove/breached_source.toml."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from examples.clinic import domain

CONTROL = "access.object-level-authorization"
WITHOUT = ()
"""No guard stands in its place; the clinic's own look-up is put out by `replace`."""


def unscoped(db: Session, _: domain.User, appointment_id: int) -> domain.Appointment:
    """What people write in place of a look-up among the caller's own."""
    found = db.scalar(select(domain.Appointment).where(domain.Appointment.id == appointment_id))
    if found is None:
        raise domain.Missing("There is no such appointment.")
    return found


def replace() -> None:
    """Let the clinic look appointments up by it."""
    domain.appointment = unscoped
