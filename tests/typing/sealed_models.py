"""A sealed field of a Django model has the type that it was declared with; mypy holds the declarations to it."""

from __future__ import annotations

from datetime import date
from typing import Any, assert_type

from django.db import models

from ringwork.crypto.plaintexts import Json
from ringwork.keys.sealed_columns import Batch, SealedSource
from ringwork.sealed.django.fields import SealedField
from ringwork.sealed.django.rotating import ModelBatch, ModelSource
from ringwork.sealed.values import SealedValue

SOURCE: type[SealedSource] = ModelSource
BATCH: type[Batch] = ModelBatch


class Note(models.Model):
    """One field of each sort."""

    text = SealedField(str, label="clinic_note.text", max_length=4000)
    born = SealedField(date, optional=True)
    number = SealedField(str, audited=True)
    data = SealedField(Json)

    def __str__(self) -> str:
        return f"note {self.pk}"


def reads(note: Note) -> None:
    """What the attributes give."""
    assert_type(note.text, str)
    assert_type(note.born, date | None)
    assert_type(note.number, SealedValue[str])
    data: Any = note.data
    note.text = data
    note.born = None
