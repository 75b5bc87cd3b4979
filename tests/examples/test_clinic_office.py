"""Django's admin site of the clinic: each role sees its tables, and what is changed goes through the desk."""

from __future__ import annotations

import base64
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
USERS, PATIENTS, VISITS, NOTES = (f"/office/clinic/{name}/" for name in ("user", "patient", "appointment", "note"))
BORN = "1984-05-17"


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


def reveal(browser: Browser, page: str, reason: str, *, token: bool = True) -> Page:
    """Ask for one sealed field, as the page's own form does."""
    fields = dict(re.findall(r'name="(csrf[a-z]+)" value="([^"]+)"', browser.get(page).text)) if token else {}
    return browser.submit(page, {**fields, "reason": reason})


def test_shows_masks_and_reveals_on_record(opens: Callable[[], Browser]) -> None:
    """Birthdays, reasons and notes stand masked in lists and forms; one is seen for a reason, which the history keeps."""
    carol, dave = opens(), opens()
    carol.sign_in("carol")
    dave.sign_in("dave")
    for browser, pages in ((carol, (PATIENTS, f"{PATIENTS}1/change/", NOTES, f"{NOTES}1/change/")), (dave, (VISITS, f"{VISITS}1/change/"))):
        for page in pages:
            shown = browser.get(page).text
            assert "********" in shown
            assert not any(value in shown for value in (BORN, "Blood pressure", "138/88"))
    asked = f"{PATIENTS}1/reveal/born/"
    assert asked in carol.get(f"{PATIENTS}1/change/").text
    assert BORN not in reveal(carol, asked, "").text
    answer = reveal(carol, asked, "she asked for her file")
    assert BORN in answer.text
    assert "no-store" in answer.headers["cache-control"]
    assert "she asked for her file" in carol.get(f"{PATIENTS}1/history/").text
    assert "138/88" in reveal(carol, f"{NOTES}1/reveal/text/", "second opinion").text


def test_reveals_to_nobody_else(opens: Callable[[], Browser]) -> None:
    """The reception reads no notes, the administrator no patients, and a form from elsewhere reveals nothing."""
    carol, dave, erin = opens(), opens(), opens()
    for browser, name in ((carol, "carol"), (dave, "dave"), (erin, "erin")):
        browser.sign_in(name)
    assert dave.get(f"{NOTES}1/reveal/text/").status == 403
    assert erin.get(f"{PATIENTS}1/reveal/born/").status == 403
    assert carol.get(f"{PATIENTS}1/reveal/name/").status == 404
    refused = reveal(carol, f"{PATIENTS}1/reveal/born/", "no token", token=False)
    assert refused.status == 403
    assert BORN not in refused.text


def test_leaves_nothing_to_read_in_a_stolen_file(opens: Callable[[], Browser], store: Store) -> None:
    """What staff write by the pages, and what was revealed at the office, is nowhere in the database's file, in any spelling."""
    carol = opens()
    carol.sign_in("carol")
    note, visit = "canary note 7f3a", "canary reason 7f3a"
    assert carol.fill("/patients/1", "/patients/1/notes", text=note).status == 303
    with store.writing() as db:
        db.add(Appointment(patient_id=1, clinician_id=3, starts_at="2027-01-04T09:00", reason=visit, state=State.BOOKED.value))
    assert note in carol.get("/patients/1").text
    reveal(carol, f"{PATIENTS}1/reveal/born/", "a test")
    with store.reading() as db:
        path = Path(str(db.connection().engine.url.database))
    stolen = b"".join(each.read_bytes() for each in sorted(path.parent.glob(f"{path.name}*")))
    for value in (note, visit, BORN, "Blood pressure", "138/88", "Sore knee"):
        raw = value.encode()
        for spelling in (raw, raw.hex().encode(), base64.b64encode(raw)[:-4], value.encode("utf-16-le"), raw[::-1]):
            assert spelling not in stolen
    assert b"Alice Lindqvist" in stolen  # what is not sealed is found, so the search finds
