"""The pages, as text: the same templates for every application, with every value escaped."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

import ringwork
from examples.clinic import desk, domain, outside, recent
from examples.clinic.domain import Role, User

HERE = Path(__file__).parent
STATIC = HERE / "static"
DAYS_AHEAD = 21


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        # Against stored script: whatever patients and staff typed is text on every page.
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["day"] = lambda text: f"{datetime.fromisoformat(text):%A, %d %B %Y}"
    made.filters["at"] = lambda text: f"{datetime.fromisoformat(text):%H:%M}"
    return made


_TEMPLATES = _environment()


def _page(template: str, actor: User | None, **values: Any) -> str:
    shared = {"me": actor, "csrf_field": ringwork.current().csrf_field, "Role": Role, "live": False}
    return _TEMPLATES.get_template(template).render(shared | values)


def home() -> str:
    """The front page; greets who is signed in."""
    if ringwork.current().principal is None:
        return _page("home.html", None, next_visit=None)
    with desk.looking() as visit:
        soon = visit.now.isoformat(timespec="minutes")
        mine = domain.appointments_of(visit.db, visit.actor) if visit.actor.role == Role.PATIENT else ()
        coming = [a for a in mine if a.starts_at > soon and a.state == domain.State.BOOKED]
        return _page("home.html", visit.actor, next_visit=coming[0] if coming else None)


def visiting() -> str:
    """Opening hours and the way to the clinic."""
    return _page("visiting.html", _whoever())


def rota() -> str:
    """Who is on duty and where the keys are. Only the route's rule stands before it: the page asks nobody who they are."""
    return _page("rota.html", _whoever())


def login(*, failed: bool = False, username: str = "") -> str:
    """The form to sign in."""
    return _page("login.html", _whoever(), failed=failed, username=username)


def appointments(*, live: bool) -> str:
    """The appointments that concern the signed-in person, and the form to book. live: the application has a socket for news."""
    with desk.looking() as visit:
        db, actor = visit.db, visit.actor
        return _page(
            "appointments.html",
            actor,
            live=live,
            appointments=domain.appointments_of(db, actor),
            clinicians=domain.clinicians(db),
            patients=() if actor.role == Role.PATIENT else domain.patients(db, actor),
            days=_days_to_book(visit.now),
            times=_times_to_book(),
            now=visit.now.isoformat(timespec="minutes"),
            calendar_link=outside.calendar_link,
        )


def notes() -> str:
    """A patient's own notes."""
    with desk.looking() as visit:
        own = domain.own_record(visit.db, visit.actor)
        return _page("notes.html", visit.actor, notes=domain.notes_of(visit.db, visit.actor, own.id))


def patients(raw_recent: str | None = None) -> str:
    """All patients, for clinicians and the reception, and those that were opened last. raw_recent: the cookie that says so."""
    with desk.looking() as visit:
        known = domain.patients(visit.db, visit.actor)
        by_id = {one.id: one for one in known}
        opened = [by_id[one] for one in recent.recall(raw_recent) if one in by_id]
        return _page("patients.html", visit.actor, patients=known, opened=opened)


def patient(patient_id: int) -> str:
    """One patient's notes, and the form to write one."""
    with desk.looking() as visit:
        about = domain.patient(visit.db, visit.actor, patient_id)
        notes, results = domain.notes_of(visit.db, visit.actor, patient_id), outside.results_of(visit.db, visit.actor, patient_id)
        return _page("patient.html", visit.actor, patient=about, notes=notes, results=results)


def users() -> str:
    """All accounts, for the administrator."""
    with desk.looking() as visit:
        return _page("users.html", visit.actor, users=domain.users(visit.db, visit.actor), roles=tuple(Role))


def report() -> str:
    """Booked visits by day of the week, for the administrator."""
    with desk.looking() as visit:
        days = domain.workload(visit.db, visit.actor)
        return _page("report.html", visit.actor, days=days, most=max(1, *(visits for _, visits in days)))


def error(status: int, message: str) -> str:
    """Something did not work; `message` is for the person who asked."""
    title = HTTPStatus(status).phrase
    return _page("error.html", _whoever(), status=status, title=title, message=message)


def _whoever() -> User | None:
    if ringwork.current().principal is None:
        return None
    with desk.looking() as visit:
        return visit.actor


def _days_to_book(now: datetime) -> list[date]:
    following = (now.date() + timedelta(days=n) for n in range(1, DAYS_AHEAD + 1))
    return [day for day in following if day.weekday() < 5]


def _times_to_book() -> list[time]:
    halves = range(domain.OPENS.hour * 2, domain.CLOSES.hour * 2)
    return [time(half // 2, half % 2 * 30) for half in halves]
