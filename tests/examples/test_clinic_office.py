"""Django's admin site of the clinic: each role sees its tables, and what is changed goes through the desk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from examples.clinic import desk
from examples.clinic.domain import Appointment, State, User
from examples.clinic.store import Store
from tests.examples import apart
from tests.examples.browsing import Browser, Page, on_django

pytestmark = pytest.mark.slow  # the clinic on Django starts in a process of its own
USERS, PATIENTS, VISITS = (f"/office/clinic/{name}/" for name in ("user", "patient", "appointment"))


@pytest.fixture
def store(filled: bytes, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The clinic's database, fresh for each test."""
    path: Path = apart.django().fill(filled)
    fresh = Store(str(path))
    monkeypatch.setattr(desk, "STORE", fresh)
    return fresh


@pytest.fixture
def opens(store: Store) -> Iterator[Callable[[], Browser]]:
    """A way to open browsers."""
    assert store is desk.STORE
    yield from on_django()


def run(browser: Browser, table: str, action: str, row: int, *, token: bool = True) -> Page:
    """Choose one row of a table and send the form with an action, as the page's own button does."""
    fields = dict(re.findall(r'name="(csrf[a-z]+)" value="([^"]+)"', browser.get(table).text)) if token else {}
    return browser.submit(table, {**fields, "action": action, "_selected_action": str(row), "index": "0"})


@pytest.mark.parametrize(("username", "sees"), [("alice", set()), ("carol", {PATIENTS}), ("dave", {PATIENTS, VISITS}), ("erin", {USERS})])
def test_shows_each_role_its_tables(opens: Callable[[], Browser], username: str, sees: set[str]) -> None:
    """The domain's rules hold here too: the administrator reads no patients, the reception no accounts, a patient nothing."""
    browser = opens()
    browser.sign_in(username)
    assert {table for table in (USERS, PATIENTS, VISITS) if browser.get(table).status == 200} == sees
    assert browser.get("/office/").status == (200 if sees else 403)


def test_shows_a_visitor_nothing(opens: Callable[[], Browser]) -> None:
    """Its own login page stands behind the same rule: people sign in at the clinic's door."""
    assert [opens().get(path).status for path in ("/office/", "/office/login/", USERS, f"{USERS}1/change/")] == [401] * 4


def test_blocks_an_account_and_ends_its_logins(opens: Callable[[], Browser], store: Store) -> None:
    """As the desk does it, whoever asks; and the site's own history tells of it."""
    alice, erin = opens(), opens()
    alice.sign_in("alice")
    erin.sign_in("erin")
    assert run(erin, USERS, "block", 1).headers["location"] == USERS
    assert alice.get("/appointments").status == 401
    assert "blocked" in erin.get(f"{USERS}1/history/").text
    assert run(erin, USERS, "unblock", 1).status == 302
    with store.reading() as db:
        assert not db.get_one(User, 1).blocked


def test_refuses_what_the_desk_refuses(opens: Callable[[], Browser], store: Store) -> None:
    """Nobody shuts himself out; the page tells why."""
    erin = opens()
    erin.sign_in("erin")
    run(erin, USERS, "block", 5)
    assert "cannot block your own account" in erin.get(USERS).text
    with store.reading() as db:
        assert not db.get_one(User, 5).blocked


def test_cancels_a_visit(opens: Callable[[], Browser], store: Store) -> None:
    """The reception calls it off."""
    dave = opens()
    dave.sign_in("dave")
    run(dave, VISITS, "cancel", 1)
    with store.reading() as db:
        assert db.get_one(Appointment, 1).state == State.CANCELLED


def test_refuses_an_action_without_its_token(opens: Callable[[], Browser], store: Store) -> None:
    """A form that did not come from the site's own page changes nothing."""
    dave = opens()
    dave.sign_in("dave")
    assert run(dave, VISITS, "cancel", 1, token=False).status == 403
    with store.reading() as db:
        assert set(db.scalars(select(Appointment.state))) == {State.BOOKED}


@pytest.mark.parametrize("path", [f"{USERS}add/", f"{USERS}1/delete/", "/office/password_change/", "/office/autocomplete/"])
def test_has_no_way_past_the_desk(opens: Callable[[], Browser], path: str) -> None:
    """Pages that would write rows by themselves are not there."""
    erin = opens()
    erin.sign_in("erin")
    assert erin.get(path).status == 404
