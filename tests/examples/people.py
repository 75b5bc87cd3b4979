"""Finding the sample people in the database."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from examples.clinic.domain import Patient, User


def who(db: Session, username: str) -> User:
    """The sample person of that name."""
    return db.scalars(select(User).where(User.username == username)).one()


def record(db: Session, name: str) -> Patient:
    """The patient whose name begins so."""
    return db.scalars(select(Patient).where(Patient.name.startswith(name))).one()
