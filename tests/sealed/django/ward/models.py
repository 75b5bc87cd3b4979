"""Models of every shape that a sealed field can stand in."""

# ruff: noqa: D106, DJ001, DJ008  # models as short as their tests need them

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from uuid import UUID

from django.db import models

from ringwork.crypto.plaintexts import Json
from ringwork.sealed.django.fields import SealedField


class Bed(models.Model):
    """What a note stands at; nothing of it is sealed."""

    name = models.CharField(max_length=20)


class Note(models.Model):
    """Its key comes from the database."""

    title = models.CharField(max_length=40, default="")
    bed = models.ForeignKey(Bed, models.CASCADE, null=True, blank=True, related_name="notes")
    text = SealedField(str)
    weight = SealedField(int, default=0)


class Letter(models.Model):
    """Its key is its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    slug = models.CharField(max_length=20, unique=True, null=True)
    text = SealedField(str, label="ward_letter.text", max_length=200)
    data = SealedField(Json, optional=True, blank=True, default=None)


class Chart(models.Model):
    """Every kind."""

    raw = SealedField(bytes, default=b"")
    number = SealedField(int, default=0)
    price = SealedField(Decimal, default=Decimal(0))
    known = SealedField(bool, default=False)
    day = SealedField(datetime.date, optional=True, default=None, blank=True)
    at = SealedField(datetime.datetime, optional=True, default=None, blank=True)
    reference = SealedField(UUID, optional=True, default=None, blank=True)
    data = SealedField(Json, optional=True, default=None, blank=True)
    late = SealedField(str, null=True, default=None, blank=True)


class Secret(models.Model):
    """Opened by a reveal alone."""

    owner = models.CharField(max_length=20, default="")
    number = SealedField(str, audited=True)


class Owned(models.Model):
    """Bound to its tenant too."""

    clinic = models.CharField(max_length=20)
    text = SealedField(str, tenant="clinic")


class Consent(models.Model):
    """Has a key of its subject."""

    patient = models.CharField(max_length=20, null=True)
    text = SealedField(str, subject="patient")


class Filed(models.Model):
    """Bound to a number of its own, and to the keys of one person."""

    number = models.CharField(max_length=20, unique=True)
    person = models.ForeignKey(Bed, models.SET_NULL, null=True, related_name="filed")
    text = SealedField(str, row=("number",), subject="person")


class Stamped(models.Model):
    """Brings a sealed field along."""

    remark = SealedField(str, default="")

    class Meta:
        abstract = True


class Visit(Stamped):
    """Inherits it, and the primary key comes after it."""

    number = models.CharField(max_length=10, primary_key=True)


class Call(Stamped):
    """The same field in another table."""


class SickNote(Note):
    """A table of its own beside that of the note."""

    reason = SealedField(str)


class ShortNote(Note):
    """The same table by another name."""

    class Meta:
        proxy = True


MODELS = (Bed, Note, Letter, Chart, Secret, Owned, Consent, Filed, Visit, Call, SickNote)
