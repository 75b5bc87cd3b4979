"""The answers of the JSON API, as frozen values that become JSON: the same for every application."""

from __future__ import annotations

from dataclasses import dataclass

from examples.clinic import desk, domain
from examples.clinic.domain import Appointment, Note, Patient, User


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentJson:
    """One visit. starts_at: ISO date and minute in the clinic's own time."""

    id: int
    patient: str
    patient_id: int
    clinician: str
    clinician_id: int
    starts_at: str
    reason: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteJson:
    """One note. written_at: ISO date and minute."""

    id: int
    patient_id: int
    author: str
    written_at: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientJson:
    """A patient's name and birthday (ISO date)."""

    id: int
    name: str
    born: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserJson:
    """An account, without its password's hash."""

    id: int
    username: str
    name: str
    role: str
    blocked: bool


def of_appointment(a: Appointment) -> AppointmentJson:
    """`a` as the API shows it."""
    return AppointmentJson(
        id=a.id,
        patient=a.patient.name,
        patient_id=a.patient_id,
        clinician=a.clinician.name,
        clinician_id=a.clinician_id,
        starts_at=a.starts_at,
        reason=a.reason,
        state=a.state,
    )


def of_note(note: Note) -> NoteJson:
    """`note` as the API shows it."""
    return NoteJson(id=note.id, patient_id=note.patient_id, author=note.author.name, written_at=note.written_at, text=note.text)


def of_patient(patient: Patient) -> PatientJson:
    """`patient` as the API shows it."""
    return PatientJson(id=patient.id, name=patient.name, born=patient.born)


def of_user(user: User) -> UserJson:
    """`user` as the API shows it."""
    return UserJson(id=user.id, username=user.username, name=user.name, role=user.role, blocked=user.blocked)


def me() -> UserJson:
    """Who is signed in."""
    with desk.looking() as visit:
        return of_user(visit.actor)


def appointments() -> list[AppointmentJson]:
    """The appointments that concern the signed-in person."""
    with desk.looking() as visit:
        return [of_appointment(a) for a in domain.appointments_of(visit.db, visit.actor)]


def appointment(appointment_id: int) -> AppointmentJson:
    """One of them."""
    with desk.looking() as visit:
        return of_appointment(domain.appointment(visit.db, visit.actor, appointment_id))


def patients() -> list[PatientJson]:
    """All patients, for clinicians and the reception."""
    with desk.looking() as visit:
        return [of_patient(p) for p in domain.patients(visit.db, visit.actor)]


def notes(patient_id: int) -> list[NoteJson]:
    """The notes on one patient, for clinicians and that patient."""
    with desk.looking() as visit:
        return [of_note(note) for note in domain.notes_of(visit.db, visit.actor, patient_id)]


def users() -> list[UserJson]:
    """All accounts, for the administrator."""
    with desk.looking() as visit:
        return [of_user(user) for user in domain.users(visit.db, visit.actor)]
