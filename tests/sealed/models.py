"""Tables with sealed fields, for the tests: one with a key of the database's making, others with keys of the application's."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from ringwork.sealed.sqlalchemy import Json, SealedValue, sealed


class Base(DeclarativeBase):
    """All tables of the tests."""


class Person(Base):
    """The database makes its key."""

    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="somebody")
    born: Mapped[str] = sealed(str)
    letters: Mapped[list[Letter]] = relationship(back_populates="person", cascade="all, delete-orphan")


class Letter(Base):
    """The application makes its key, by a default."""

    __tablename__ = "letters"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    text: Mapped[str] = sealed(str)
    hint: Mapped[str | None] = sealed(str, optional=True)
    spare: Mapped[str | None] = sealed(str, nullable=True)
    person: Mapped[Person | None] = relationship(back_populates="letters", lazy="joined")


class Visit(Base):
    """A key of two parts, a value of every kind."""

    __tablename__ = "visits"
    ward: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    raw: Mapped[bytes] = sealed(bytes, default=b"\0\xff")
    count: Mapped[int] = sealed(int, default=0)
    price: Mapped[Decimal] = sealed(Decimal, default=Decimal("1.50"))
    urgent: Mapped[bool] = sealed(bool, default=False)
    day: Mapped[datetime.date] = sealed(datetime.date, default=datetime.date(2026, 1, 2))
    at: Mapped[datetime.datetime] = sealed(datetime.datetime, default=lambda: datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC))
    token: Mapped[UUID] = sealed(UUID, default=UUID(int=7))
    data: Mapped[Any] = sealed(Json, default=dict)
    long: Mapped[str] = sealed(str, bucket=64, default="", deferred=True)


class File(Base):
    """A field that only a reveal opens."""

    __tablename__ = "files"
    id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str | SealedValue[str]] = sealed(str, audited=True)


def owned_tables() -> tuple[type[DeclarativeBase], type[Any]]:
    """A class whose field is bound to a tenant, and has keys of its subject."""

    class Owners(DeclarativeBase):
        pass

    class Owned(Owners):
        __tablename__ = "owned"
        id: Mapped[int] = mapped_column(primary_key=True)
        clinic: Mapped[str | None]
        person: Mapped[int]
        text: Mapped[str] = sealed(str, tenant="clinic", subject="person")

    return Owners, Owned
