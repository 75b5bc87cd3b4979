"""A sealed field has the type that it was declared with; mypy holds the declarations to it."""

from __future__ import annotations

from typing import assert_type
from uuid import UUID

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ringwork.keys.keyring import Keyring
from ringwork.sealed.keyrings import Ciphers
from ringwork.sealed.sqlalchemy import SealedValue, sealed

RING: type[Ciphers] = Keyring


class Base(DeclarativeBase):
    """The tables of this file."""


class Note(Base):
    """One field of each sort."""

    __tablename__ = "notes"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    text: Mapped[str] = sealed(str)
    count: Mapped[int | None] = sealed(int, optional=True, label="notes.count")
    hint: Mapped[str | None] = sealed(str, nullable=True)
    code: Mapped[str | SealedValue[str]] = sealed(str, audited=True)


def read(note: Note) -> None:
    """What the attributes give."""
    assert_type(note.text, str)
    assert_type(note.count, int | None)
    assert_type(note.hint, str | None)
    assert_type(note.code, str | SealedValue[str])
    note.text, note.code = "written", "written"
