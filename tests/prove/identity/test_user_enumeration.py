"""The proof of identity.user-enumeration: the clinics answer alike, one that looks for the name first does not, and small applications."""

from __future__ import annotations

import pytest

from ringwork.prove.check import Check
from ringwork.prove.evidence import Evidence, Outcome
from ringwork.prove.identity import user_enumeration
from ringwork.prove.identity.user_enumeration import LOGIN, RECOVERY, REGISTRATION, Pair, Told, response_difference
from ringwork.survey.facts import AppFacts, ParameterFacts, RouteFacts
from ringwork.survey.wire import entry
from ringwork.survey.wire.client import Answer
from tests.prove import clinics, showing, unguarded

CHECKS = clinics.checks_of("identity.user-enumeration")

FLASK = """
import secrets, sqlite3
from flask import Flask, flash, get_flashed_messages, redirect, request, session
app = Flask(__name__)
app.secret_key = "x" * 40
def db():
    return sqlite3.connect("data.sqlite", isolation_level=None)
db().execute("create table if not exists people (id integer primary key, name text unique, email text, word text)")
PAGE = "<form method=post><input name=username><input name=password type=password></form><p>%s</p><input type=hidden value=%s>"
@app.route("/register", methods=["GET", "POST"])
def register():
    if request.method == "POST":
        f = request.form
        try:
            db().execute("insert into people (name, email, word) values (?, ?, ?)", (f["username"], f["email"], f["password"]))
        except sqlite3.IntegrityError:
            return "<p>That name is taken.</p>", 409
        return redirect("/login")
    return "<form method=post><input name=username><input name=email type=email><input name=password type=password></form>"
@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST":
        name = request.form["username"]
        row = db().execute("select id, word from people where name = ?", (name,)).fetchone()
        if row is None:
            flash(UNKNOWN)
            return redirect("/login")
        if row[1] != request.form["password"]:
            flash(f"Wrong password, {name}.")
            return redirect("/login")
        session["id"] = row[0]
        return redirect("/home")
    return PAGE % (" ".join(get_flashed_messages()), secrets.token_hex(8))
@app.get("/home")
def home():
    return "hello" if "id" in session else redirect("/login")
@app.route("/forgot-password", methods=["GET", "POST"])
def forgot():
    if request.method == "POST":
        row = db().execute("select id from people where email = ?", (request.form["email"],)).fetchone()
        return ANSWER
    return "<form method=post><input type=email name=email></form>"
"""
TELLS = FLASK.replace("UNKNOWN", 'f"Nobody is called {name}."').replace("ANSWER", '("sent", 200) if row else ("unknown", 404)')
ALIKE = FLASK.replace("UNKNOWN", 'f"Wrong password, {name}."').replace(
    "ANSWER", "f\"Look at {request.form['email']} ({secrets.token_hex(4)})\""
)
FAILS = FLASK.replace("UNKNOWN", 'f"Wrong password, {name}."').replace("ANSWER", '("no mail server", 500) if row else "sent"')

NOBODY = """
from fastapi import FastAPI
from pydantic import BaseModel
app = FastAPI()
class Given(BaseModel):
    username: str
    password: str
@app.post("/login")
def login(given: Given):
    return {}
"""


DEAF = """
import secrets, sqlite3
from flask import Flask, abort, request, session
app = Flask(__name__)
app.secret_key = "x" * 40
PEOPLE = {}
@app.post("/register")
def register():
    PEOPLE[request.form["username"]] = request.form["password"]
    return "made"
@app.post("/login")
def login():
    if "device" not in request.form:
        return "something is missing", 400
    name, password = request.form["username"], request.form["password"]
    if PEOPLE.get(name) != password:
        return "wrong", 401
    session["name"] = name
    return "in"
@app.post("/forgot-password")
def forgot():
    return ("sent", 200) if "device" in request.form and request.form["username"] else ("something is missing", 400)
@app.get("/home")
def home():
    return "hello" if "name" in session else abort(401)
"""


def _outcomes(evidence: Evidence) -> dict[str, Outcome]:
    return {one.attack: one.outcome for one in evidence.observations}


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """A wrong password and a wrong name are told in the same words."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """Against a login that says that there is no such user."""
    assert {one.attack for one in showing.falls(framework, check)} == {LOGIN}


@pytest.mark.parametrize(
    ("text", "login", "recovery"),
    [
        (TELLS, Outcome.BROKEN, Outcome.BROKEN),
        (ALIKE, Outcome.HELD, Outcome.HELD),
        (FAILS, Outcome.HELD, Outcome.UNTRIED),
    ],
    ids=["tells", "alike", "fails"],
)
def test_tells_a_difference_from_an_echo(text: str, login: Outcome, recovery: Outcome) -> None:
    """Words on the page that a login leads to, and a status; the name itself, a token and a mail that cannot be sent say nothing."""
    with unguarded.serving(text) as stage:
        assert _outcomes(response_difference(stage)) == {LOGIN: login, RECOVERY: recovery, REGISTRATION: Outcome.UNCLEAR}


def test_a_login_that_lets_nobody_in_tells_nothing() -> None:
    """Against a pass of a login that refuses whatever the prover sends for its shape: nobody was seen to get in."""
    with unguarded.serving(DEAF) as stage:
        seen = {one.attack: one for one in response_difference(stage).observations}
    assert seen[LOGIN].outcome is Outcome.UNTRIED
    assert "nobody was seen to get in here" in seen[LOGIN].detail
    assert seen[RECOVERY].outcome is Outcome.UNTRIED


def test_a_pass_names_the_login_that_succeeded() -> None:
    """A user got in by the same way before its refusals counted."""
    with unguarded.serving(ALIKE) as stage:
        held = next(one for one in response_difference(stage).observations if one.attack == LOGIN)
    assert held.control is not None
    assert held.control.request.startswith("POST /login")


def test_says_that_no_name_is_known() -> None:
    """Where nobody can be registered or is declared, nothing is claimed."""
    with unguarded.serving(NOBODY) as stage:
        evidence = response_difference(stage)
    assert evidence.not_verified == "no name is known that has an account"
    assert "[[prove.users]]" in evidence.unlock


def test_has_nothing_to_ask_without_a_login() -> None:
    """An application without accounts tells nobody's name."""
    with unguarded.serving(unguarded.PLAIN) as stage:
        assert response_difference(stage).not_applicable


def _told(status: int, *signs: str) -> Told:
    answer = Answer(status=status, reason="", http_version="1.1", headers=[], body=b"", request=b"", answer=b"")
    return Told(answer=answer, signs=frozenset({f"status {status}", *signs}))


def test_counts_only_what_is_always_so() -> None:
    """A word that one answer of three has is chance; one that all of one kind have, and none of the other, is told."""
    pair = Pair(known=[_told(401, "word wrong", "word a")] * 2 + [_told(401, "word wrong")], unknown=[_told(401), _told(401, "word b")] * 2)
    assert pair.difference() == (["word wrong"], [])
    assert not pair.is_limited()


@pytest.mark.parametrize("statuses", [(401, 401, 429), (401, 403, 401), (500, 500, 500)])
def test_takes_a_limit_or_a_fault_for_no_answer(statuses: tuple[int, ...]) -> None:
    """What begins to refuse on the way tells nothing of names."""
    assert Pair(known=[_told(one) for one in statuses], unknown=[_told(401)] * 3).is_limited()


@pytest.mark.parametrize(
    ("path", "fields", "is_one"),
    [
        ("/forgot-password", ("email",), True),
        ("/auth/reset", ("username",), True),
        ("/password-reset/confirm", ("email", "token"), False),
        ("/reset", ("token", "new_password"), False),
        ("/presets", ("email",), False),
        ("/notes", ("email",), False),
    ],
)
def test_knows_the_way_to_recover_a_password(path: str, fields: tuple[str, ...], is_one: bool) -> None:
    """Where a token is asked for, or a new password, the name was told before."""
    inputs = tuple(ParameterFacts(name=name, where="json") for name in fields)
    route = RouteFacts(kind="http", path=path, methods=("POST",), handler="f", parameters=inputs, body="json")
    facts = AppFacts(target="t", framework="fastapi", framework_version="0", root="", routes=(route,))
    assert [way.path for way in entry.find_recovery(facts)] == ([path] if is_one else [])


def test_names_what_tells_before_the_words() -> None:
    """A reader looks at a status first."""
    assert user_enumeration._words((["status 404", "word unknown"], [])) == (
        "for known names always: status 404, unknown; for names that nobody has: nothing of the kind"
    )
