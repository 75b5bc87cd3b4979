"""The clinic as people use it, on every framework: the same claims through each application's own test client."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient, WebSocketDenialResponse

from examples.clinic import desk, fastapi_app
from examples.clinic.domain import Appointment, Note, State
from examples.clinic.policy import ORIGIN
from examples.clinic.store import Store
from ringwork.clock import FixedClock
from tests.examples import apart
from tests.examples.browsing import PASSWORDS, Browser, Forms, on_django, on_fastapi, on_flask


@pytest.fixture
def store(request: pytest.FixtureRequest, filled: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The applications' database, fresh for each test."""
    if _asked(request) is on_django:
        path = apart.django().fill(filled)
    else:
        path = tmp_path / "clinic.sqlite3"
        path.write_bytes(filled)
    fresh = Store(str(path))
    monkeypatch.setattr(desk, "STORE", fresh)
    return fresh


def _asked(request: pytest.FixtureRequest) -> object:
    call = getattr(request.node, "callspec", None)
    return call.params.get("opens") if call is not None else None


@pytest.fixture(params=[on_fastapi, on_flask, pytest.param(on_django, marks=pytest.mark.slow)], ids=["fastapi", "flask", "django"])
def opens(request: pytest.FixtureRequest, store: Store) -> Iterator[Callable[[], Browser]]:
    """A way to open browsers, on each framework in turn."""
    assert store is desk.STORE
    yield from request.param()


@pytest.fixture
def browser(opens: Callable[[], Browser]) -> Browser:
    """One person's browser."""
    return opens()


def booked(store: Store, reason: str) -> list[Appointment]:
    """The appointments with that reason, as stored."""
    with store.reading() as db:
        return [found for found in db.scalars(select(Appointment)) if found.reason == reason]


# Anyone


@pytest.mark.parametrize("path", ["/", "/login", "/visiting/", "/static/clinic.css", "/static/clinic.js", "/static/icon.svg"])
def test_opens_the_public_pages_to_anyone(browser: Browser, path: str) -> None:
    """A visitor who has no account sees the front door."""
    assert browser.get(path).status == 200


@pytest.mark.parametrize(
    "path",
    ["/appointments", "/notes", "/patients", "/patients/1", "/admin/users", "/admin/report", "/api/me", "/api/appointments", "/api/users"],
)
def test_refuses_the_rest_to_a_visitor(browser: Browser, path: str) -> None:
    """Without signing in nothing about anyone is told."""
    answer = browser.get(path)
    assert answer.status == 401
    assert "Lindqvist" not in answer.text


def test_redirects_to_the_slash_and_keeps_its_defences(browser: Browser) -> None:
    """The framework's own redirect leaves with the policy's headers like any other answer."""
    answer = browser.get("/visiting")
    assert answer.status in (301, 307, 308)
    assert answer.headers["x-content-type-options"] == "nosniff"


# Signing in


def test_signs_in_and_greets(browser: Browser) -> None:
    """The front page then knows the name."""
    browser.sign_in("alice")
    assert "Alice Lindqvist" in browser.get("/").text


@pytest.mark.parametrize("username", ["alice", "nobody"], ids=["known", "unknown"])
def test_tells_a_wrong_password_and_an_unknown_user_alike(browser: Browser, username: str) -> None:
    """The page must not tell which user names exist."""
    answer = browser.fill("/login", "/login", username=username, password="wrong")
    assert answer.status == 401
    assert "do not match" in answer.text
    assert answer.headers.get("set-cookie") is None


def test_hands_out_a_cookie_that_stays_with_the_site(browser: Browser) -> None:
    """The application sets it bare; on the wire it is confined to this host, to https and to the server."""
    answer = browser.fill("/login", "/login", username="alice", password=PASSWORDS["alice"])
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")[1:]}


def test_makes_a_new_key_at_each_signing_in(browser: Browser) -> None:
    """Session fixation: the key from before is not the key from after."""
    first = browser.fill("/login", "/login", username="alice", password=PASSWORDS["alice"]).headers["set-cookie"]
    second = browser.fill("/login", "/login", username="alice", password=PASSWORDS["alice"]).headers["set-cookie"]
    assert first.split(";")[0] != second.split(";")[0]


def test_signs_out_for_good(browser: Browser) -> None:
    """After signing out the pages are shut again."""
    browser.sign_in("alice")
    assert browser.fill("/", "/logout").status == 303
    assert browser.get("/appointments").status == 401


def test_signs_in_through_the_api(browser: Browser) -> None:
    """A JSON client gets the same login."""
    assert browser.json("POST", "/api/login", {"username": "alice", "password": PASSWORDS["alice"]}).status == 200
    assert browser.json("GET", "/api/me").json()["username"] == "alice"


def test_refuses_a_login_that_has_idled(browser: Browser, store: Store) -> None:
    """Thirty minutes without a request end it."""
    store.clock = FixedClock(store.seconds())
    browser.sign_in("alice")
    assert browser.get("/appointments").status == 200
    store.clock = FixedClock(store.seconds() + 1801)
    assert browser.get("/appointments").status == 401


# A patient


def test_shows_a_patient_nothing_of_others(browser: Browser) -> None:
    """Bob's reason for coming is his own affair."""
    browser.sign_in("alice")
    page = browser.get("/appointments").text
    assert "Blood pressure check" in page
    assert "Sore knee" not in page


def test_books_with_the_form_as_it_stands(browser: Browser, store: Store) -> None:
    """Every field but the reason is filled in sensibly already."""
    browser.sign_in("alice")
    assert browser.fill("/appointments", "/appointments", reason="Earache").status == 303
    assert [a.patient.name for a in booked(store, "Earache")] == ["Alice Lindqvist"]


def test_refuses_the_form_without_its_token(browser: Browser, store: Store) -> None:
    """A form that did not come from the clinic's own page changes nothing."""
    browser.sign_in("alice")
    form = Forms(browser.get("/appointments").text).of("/appointments")
    assert browser.submit("/appointments", {**form, "reason": "Forged", "csrf_token": ""}).status == 403
    assert booked(store, "Forged") == []


def test_cancels_with_the_form(browser: Browser, store: Store) -> None:
    """The visit stays in the list, marked."""
    browser.sign_in("alice")
    (visit,) = booked(store, "Blood pressure check")
    assert browser.fill("/appointments", f"/appointments/{visit.id}/cancel").status == 303
    assert [a.state for a in booked(store, "Blood pressure check")] == [State.CANCELLED]


def test_hides_anothers_visit_behind_the_api(browser: Browser, store: Store) -> None:
    """Neither reading nor cancelling works by number."""
    browser.sign_in("alice")
    (visit,) = booked(store, "Sore knee")
    assert browser.json("GET", f"/api/appointments/{visit.id}").status == 404
    assert browser.json("DELETE", f"/api/appointments/{visit.id}").status == 404
    assert [a.state for a in booked(store, "Sore knee")] == [State.BOOKED]


def test_books_and_cancels_through_the_api(browser: Browser) -> None:
    """The JSON API does what the pages do."""
    browser.sign_in("alice")
    body = {"clinician_id": 3, "day": "2035-03-05", "time": "09:30", "reason": "Sore throat"}
    made = browser.json("POST", "/api/appointments", body)
    assert (made.status, made.json()["starts_at"]) == (201, "2035-03-05T09:30")
    path = f"/api/appointments/{made.json()['id']}"
    assert browser.json("DELETE", path).json()["state"] == "cancelled"
    assert browser.json("GET", path).json()["state"] == "cancelled"


@pytest.mark.parametrize(
    "body", [{}, [], {"clinician_id": "x"}, {"clinician_id": 3, "day": "soon", "time": "9", "reason": "x"}, {"clinician_id": 3, "day": 5}]
)
def test_refuses_a_booking_that_makes_no_sense(browser: Browser, body: object) -> None:
    """Bad input is told apart from a crash."""
    browser.sign_in("alice")
    assert browser.json("POST", "/api/appointments", body).status == 422


def test_answers_a_bad_form_with_a_page(browser: Browser) -> None:
    """A blank reason is refused, and nothing of the machinery is shown."""
    browser.sign_in("alice")
    answer = browser.fill("/appointments", "/appointments", reason="   ")
    assert answer.status == 422
    assert "Traceback" not in answer.text


def test_shows_a_patient_own_notes(browser: Browser) -> None:
    """The notes page holds what the clinician wrote about this patient."""
    browser.sign_in("bob")
    page = browser.get("/notes").text
    assert "Knee swollen" in page
    assert "138/88" not in page


# Staff


def test_writes_a_note_that_stays_text(browser: Browser, store: Store) -> None:
    """Stored script: markup in a note is shown, not run."""
    browser.sign_in("carol")
    answer = browser.fill("/patients/1", "/patients/1/notes", text="<script>alert(1)</script>")
    assert (answer.status, answer.headers["location"]) == (303, "/patients/1")
    page = browser.get("/patients/1").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    with store.reading() as db:
        assert [note.text for note in db.scalars(select(Note)) if note.text.startswith("<script>")] == ["<script>alert(1)</script>"]


def test_writes_a_note_through_the_api(browser: Browser) -> None:
    """And the list then holds it."""
    browser.sign_in("carol")
    assert browser.json("POST", "/api/patients/2/notes", {"text": "Healing well."}).status == 201
    assert "Healing well." in [note["text"] for note in browser.json("GET", "/api/patients/2/notes").json()]


def test_lets_the_reception_book_for_a_chosen_patient(browser: Browser, store: Store) -> None:
    """The form then has a field for the patient."""
    browser.sign_in("dave")
    assert browser.fill("/appointments", "/appointments", reason="By telephone", patient_id="3").status == 303
    assert [a.patient.name for a in booked(store, "By telephone")] == ["Farid Haddad"]


@pytest.mark.parametrize(
    ("username", "path"),
    [("dave", "/patients/1"), ("dave", "/notes"), ("erin", "/appointments"), ("carol", "/admin/users"), ("alice", "/admin/report")],
)
def test_refuses_the_wrong_role(browser: Browser, username: str, path: str) -> None:
    """Signed in is not enough."""
    browser.sign_in(username)
    assert browser.get(path).status == 403


# The administrator


def test_adds_someone_who_can_sign_in(browser: Browser, opens: Callable[[], Browser], monkeypatch: pytest.MonkeyPatch) -> None:
    """A new account works at once."""
    browser.sign_in("erin")
    monkeypatch.setitem(PASSWORDS, "grace", "grace-paints-blue-doors")
    added = browser.fill("/admin/users", "/admin/users", username="grace", name="Grace Hall", role="patient", password=PASSWORDS["grace"])
    assert added.status == 303
    other = opens()
    other.sign_in("grace")
    assert "Grace Hall" in other.get("/").text


def test_refuses_a_short_password(browser: Browser) -> None:
    """Fifteen characters at least."""
    browser.sign_in("erin")
    account = {"username": "zoe", "name": "Zoe", "role": "patient", "password": "short"}
    assert browser.json("POST", "/api/users", account).status == 422
    assert "zoe" not in [user["username"] for user in browser.json("GET", "/api/users").json()]


def test_shuts_a_blocked_person_out_at_once(browser: Browser, opens: Callable[[], Browser]) -> None:
    """The open login ends with the blocking."""
    alice = opens()
    alice.sign_in("alice")
    browser.sign_in("erin")
    assert browser.fill("/admin/users", "/admin/users/1/block").status == 303
    assert alice.get("/appointments").status == 401
    assert browser.fill("/admin/users", "/admin/users/1/unblock").status == 303
    alice.sign_in("alice")


def test_shows_no_hash_in_the_list_of_accounts(browser: Browser) -> None:
    """Password hashes leave the database in no form."""
    browser.sign_in("erin")
    assert "argon2" not in browser.get("/admin/users").text
    assert "argon2" not in browser.json("GET", "/api/users").text


def test_tells_nothing_when_the_report_breaks(browser: Browser, store: Store) -> None:
    """A stored time that is no time: the page fails, and neither the value nor the code is shown."""
    with store.writing() as db:
        db.scalars(select(Appointment)).first().starts_at = "half past never"  # type: ignore[union-attr]  # there are sample visits
    browser.sign_in("erin")
    answer = browser.get("/admin/report")
    assert answer.status == 500
    assert not re.search(r"half past|Traceback|ValueError|\.py", answer.text)
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["incident-id"])


# Every page


def test_holds_no_inline_script_or_style(browser: Browser) -> None:
    """The strict policy would stop them; the pages need none."""
    for username, paths in {
        "alice": ["/", "/appointments", "/notes"],
        "carol": ["/patients", "/patients/1"],
        "erin": ["/admin/users", "/admin/report"],
    }.items():
        browser.sign_in(username)
        for path in [*paths, "/login", "/visiting/"]:
            page = browser.get(path)
            assert page.status == 200
            assert not re.search(r"<style|style=|\son[a-z]+=|<script(?![^>]*\ssrc=\"/static/)|(src|href)=\"(https?:)?//", page.text)


def test_labels_every_field(browser: Browser) -> None:
    """Who cannot see the page hears what each field is for."""
    for username, path in {"alice": "/appointments", "carol": "/patients/1", "erin": "/admin/users", "dave": "/appointments"}.items():
        browser.sign_in(username)
        page = browser.get(path).text
        fields = re.findall(r'<(?:input|select|textarea) id="([^"]+)"', page)
        assert fields
        assert set(fields) <= set(re.findall(r'<label for="([^"]+)"', page))


# News, on FastAPI only


def test_tells_the_patient_that_a_visit_changed(store: Store) -> None:
    """An open page hears of it without loading again."""
    with TestClient(fastapi_app.app, base_url=ORIGIN, follow_redirects=False) as client:
        headers = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
        client.post("/api/login", json={"username": "alice", "password": PASSWORDS["alice"]}, headers=headers)
        (visit,) = booked(store, "Blood pressure check")
        with client.websocket_connect(f"wss{ORIGIN.removeprefix('https')}/live", headers=headers) as socket:
            assert socket.receive_json() == {"news": "listening"}
            client.delete(f"/api/appointments/{visit.id}", headers=headers)
            assert socket.receive_json() == {"news": "appointment cancelled"}


def test_refuses_the_socket_to_a_visitor(store: Store) -> None:
    """Nobody listens without signing in."""
    assert store is desk.STORE
    with TestClient(fastapi_app.app, base_url=ORIGIN) as client:
        socket = client.websocket_connect(f"wss{ORIGIN.removeprefix('https')}/live", headers={"origin": ORIGIN})
        with pytest.raises(WebSocketDenialResponse) as refused:
            socket.__enter__()
    assert refused.value.status_code == 401
