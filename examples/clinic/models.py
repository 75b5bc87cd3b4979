"""The clinic's tables as Django sees them, for its admin site: the same rows, so the same people and visits.

They are read here and changed through the desk alone: the rules stay in `domain.py`, whoever asks and whatever asks for them. What
the domain seals opens here too: both name the same labels, and the same keyring.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from examples.clinic import domain
from ringwork.sealed.django.fields import SealedField


class User(AbstractBaseUser):
    """Someone who can sign in."""

    password: models.CharField[str, str] = models.CharField(max_length=200, db_column="password_hash", editable=False)
    last_login = None
    username: models.CharField[str, str] = models.CharField(max_length=32, unique=True)
    name: models.CharField[str, str] = models.CharField(max_length=domain.LINE_LIMIT)
    role: models.CharField[str, str] = models.CharField(max_length=20, choices=[(role.value, role.value) for role in domain.Role])
    blocked: models.BooleanField[bool, bool] = models.BooleanField(default=False)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name", "role"]

    class Meta:
        """The table of the domain, which makes it."""

        managed = False
        db_table = domain.User.__tablename__
        ordering: ClassVar[list[str]] = ["username"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:  # type: ignore[override]  # Django asks, and sets nothing
        """Whether the account is open."""
        return not self.blocked

    @property
    def is_staff(self) -> bool:
        """Whether the admin site has anything for this person."""
        return self.role != domain.Role.PATIENT

    def has_usable_password(self) -> bool:
        """No: passwords are made and checked at the desk."""
        return False


class Patient(models.Model):
    """Someone who is treated."""

    user: models.OneToOneField[User | None, User | None] = models.OneToOneField(User, models.DO_NOTHING, null=True, blank=True)
    name: models.CharField[str, str] = models.CharField(max_length=domain.LINE_LIMIT)
    born = SealedField(str, label="patients.born", max_length=10, blank=True)

    class Meta:
        """The table of the domain, which makes it."""

        managed = False
        db_table = domain.Patient.__tablename__
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class Appointment(models.Model):
    """One visit."""

    patient: models.ForeignKey[Patient, Patient] = models.ForeignKey(Patient, models.DO_NOTHING)
    clinician: models.ForeignKey[User, User] = models.ForeignKey(User, models.DO_NOTHING)
    starts_at: models.CharField[str, str] = models.CharField(max_length=16)
    reason = SealedField(str, label="appointments.reason", max_length=domain.LINE_LIMIT)
    state: models.CharField[str, str] = models.CharField(max_length=10, choices=[(state.value, state.value) for state in domain.State])

    class Meta:
        """The table of the domain, which makes it."""

        managed = False
        db_table = domain.Appointment.__tablename__
        ordering: ClassVar[list[str]] = ["starts_at"]

    def __str__(self) -> str:
        return f"{self.patient}, {self.starts_at}"


class Note(models.Model):
    """What a clinician wrote about a patient."""

    patient: models.ForeignKey[Patient, Patient] = models.ForeignKey(Patient, models.DO_NOTHING)
    author: models.ForeignKey[User, User] = models.ForeignKey(User, models.DO_NOTHING)
    written_at: models.CharField[str, str] = models.CharField(max_length=16)
    text = SealedField(str, label="notes.text")

    class Meta:
        """The table of the domain, which makes it."""

        managed = False
        db_table = domain.Note.__tablename__
        ordering: ClassVar[list[str]] = ["-written_at"]

    def __str__(self) -> str:
        return f"{self.patient}, {self.written_at}"
