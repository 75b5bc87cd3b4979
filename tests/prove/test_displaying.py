"""What users write in applications that never heard of ringwork, on the pages of others."""

from __future__ import annotations

import pytest

from ringwork.prove import displaying
from ringwork.prove.evidence import Observation, Outcome
from ringwork.prove.output.xss import context_markers
from ringwork.survey.wire.client import Answer
from tests.prove import unguarded

SHARED = """
import json
from html import escape
USERS = {}
NOTES = []
def plain(text):
    return text
def encoded(text):
    return escape(str(text))
shown = SHOWN
def listed():
    return "".join(f"<li title='{shown(n['title'])}'><a href='/notes/{i}'>{encoded(n['title'])}</a></li>" for i, n in enumerate(NOTES))
def detail(note):
    return "<!doctype html><title>" + encoded(note["title"]) + "</title><p>" + shown(note["text"]) + "</p>"
def form(*names):
    inputs = "".join(f"<input name={n} type={'password' if n == 'password' else 'text'}>" for n in names)
    return f"<form method=post>{inputs}<button>ok</button></form>"
"""
FLASK = (
    SHARED
    + """
from flask import Flask, abort, redirect, request, session
app = Flask(__name__)
app.secret_key = "0123456789abcdef0123456789abcdef"
def me():
    return session.get("user") or abort(redirect("/login"))
@app.route("/register", methods=["GET", "POST"])
def register():
    if request.method == "POST":
        USERS[request.form["username"]] = request.form["password"]
        return redirect("/login")
    return form("username", "password")
@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST":
        if USERS.get(request.form["username"]) != request.form["password"]:
            return "wrong", 401
        session["user"] = request.form["username"]
        return redirect("/notes")
    return form("username", "password")
@app.get("/notes")
def notes():
    me()
    return listed()
@app.route("/notes/new", methods=["GET", "POST"])
def new():
    me()
    if request.method == "POST":
        NOTES.append({"title": request.form["title"], "text": request.form["text"]})
        return redirect(f"/notes/{len(NOTES) - 1}")
    return form("title", "text")
@app.get("/notes/<int:at>")
def note(at):
    me()
    return detail(NOTES[at]) if at < len(NOTES) else abort(404)
@app.get("/find")
def find():
    return "<b>" + shown(request.args.get("q", "")) + "</b>"
@app.get("/raw")
def raw():
    return "".join(n["text"] for n in NOTES), 200, {"content-type": "text/plain"}
"""
)
FASTAPI = (
    SHARED
    + """
from fastapi import Depends, FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel
app = FastAPI()
class Note(BaseModel):
    title: str
    text: str
def me(request: Request):
    if request.cookies.get("who") not in USERS:
        raise HTTPException(401)
@app.post("/register")
def register(username: str = Form(), password: str = Form()):
    USERS[username] = password
@app.post("/login")
def login(response: Response, username: str = Form(), password: str = Form()):
    if USERS.get(username) != password:
        raise HTTPException(401)
    response.set_cookie("who", username)
@app.get("/notes", response_class=HTMLResponse)
def notes(_=Depends(me)):
    return listed()
@app.post("/notes")
def new(note: Note, _=Depends(me)):
    NOTES.append(note.model_dump())
    return {"id": len(NOTES) - 1}
@app.get("/notes/{at}", response_class=HTMLResponse)
def note(at: int, _=Depends(me)):
    if at >= len(NOTES):
        raise HTTPException(404)
    return detail(NOTES[at])
@app.get("/find", response_class=HTMLResponse)
def find(q: str = ""):
    return "<b>" + shown(q) + "</b>"
@app.get("/notes.json")
def all(_=Depends(me)):
    return NOTES
"""
)
APPS = [pytest.param(FLASK, id="flask"), pytest.param(FASTAPI, id="fastapi")]


def _seen(text: str) -> list[Observation]:
    with unguarded.serving(text) as stage:
        return list(context_markers(stage).observations)


def _told(seen: list[Observation], outcome: Outcome) -> set[str]:
    return {f"{o.where.partition(' ')[2]} {o.detail.partition(' of ')[0]}" for o in seen if o.outcome is outcome}


@pytest.mark.parametrize("text", APPS)
def test_markup_is_found_on_lists_details_and_in_addresses(text: str) -> None:
    """Against one user's script on another's page, in an attribute, in text, and out of an address."""
    broken = _told(_seen(text.replace("SHOWN", "plain")), Outcome.BROKEN)
    assert {one.replace("{at}", "{}").replace("{int:at}", "{}") for one in broken} == {"/notes title", "/notes/{} text", "/find q"}


@pytest.mark.parametrize("text", APPS)
def test_what_is_encoded_holds_on_the_same_pages(text: str) -> None:
    """The same application as text: each place is told as tried, and none is accused."""
    seen = _seen(text.replace("SHOWN", "encoded"))
    assert _told(seen, Outcome.BROKEN) == set()
    assert {one.rpartition(" ")[2] for one in _told(seen, Outcome.HELD)} == {"title", "text", "q"}
    assert all(o.is_grounded for o in seen if o.outcome is Outcome.HELD)


def test_who_looks_takes_nothing_away() -> None:
    """Against a page of a deed that is looked at like one about the note, and removes what was to be seen."""
    removing = '\n@app.get("/notes/<int:at>/remove")\ndef remove(at):\n    me()\n    NOTES.clear()\n    return redirect("/notes")\n'
    broken = _told(_seen(FLASK.replace("SHOWN", "plain") + removing), Outcome.BROKEN)
    assert broken == {"/notes title", "/notes/{at} text", "/find q"}


def test_a_filter_of_some_letters_is_no_encoding() -> None:
    """Against a pass by what takes out script elements and handlers alone: a link that is a script came through."""
    filtered = "import re\ndef filtered(t):\n    return re.sub(r'(?i)</?script[^>]*>|\\bon\\w+=[^ >]*', '', str(t))\nshown = filtered"
    broken = _told(_seen(FLASK.replace("shown = SHOWN", filtered)), Outcome.BROKEN)
    assert broken == {"/notes title", "/notes/{at} text", "/find q"}


def test_what_each_user_may_write_once_is_no_refusal_of_markup() -> None:
    """Against a pass by a limit: where honest text is not taken a second time either, nothing was tried of markup."""
    once = FLASK.replace("        NOTES.append(", "        if NOTES:\n            return 'one for each', 409\n        NOTES.append(")
    seen = [o for o in _seen(once.replace("SHOWN", "plain")) if o.where != "GET /find"]
    assert {o.outcome for o in seen} == {Outcome.UNTRIED}
    assert any("honest text is not taken a second time either: answered 409" in o.detail for o in seen)


def test_an_address_that_is_repeated_is_nothing_that_was_written() -> None:
    """A page that says whom it was asked for keeps nothing of it: neither a pass nor a finding of what users write."""
    echoing = (
        FLASK.replace("SHOWN", "encoded")
        + """
@app.get("/by/<name>")
def by(name):
    return "<p>Nothing by " + shown(name) + "</p>"
"""
    )
    assert not [one for one in _seen(echoing) if one.where.startswith("GET /by/")]


def test_a_page_of_ones_own_is_told_as_itself_and_as_none_about_a_thing() -> None:
    """Where the maker leads is a page of its own, though its address looks like one with an id; nothing is told of the other route."""
    card = """
CARDS = {}
@app.route("/notes/card", methods=["GET", "POST"])
def card():
    me()
    if request.method == "POST":
        CARDS[session["user"]] = request.form["about"]
        return redirect("/notes/card")
    return form("about") + "<p>" + plain(CARDS.get(session["user"], "")) + "</p>"
"""
    broken = [one.where for one in _seen(FLASK.replace("SHOWN", "encoded") + card) if one.outcome is Outcome.BROKEN]
    assert broken == ["GET,POST /notes/card"]


def test_it_is_said_on_whose_page_it_came_into_being() -> None:
    """What one user wrote is told as another one sees it, with the page as the answer that counts."""
    found = next(o for o in _seen(FLASK.replace("SHOWN", "plain")) if o.where == "GET /notes" and o.outcome is Outcome.BROKEN)
    assert "written by anna, on this page as ben sees it" in found.detail
    assert "GET /notes" in found.exchanged[-1].request


def test_a_policy_that_lets_no_script_run_makes_it_less_grave() -> None:
    """Markup that cannot run still changes the page."""
    kept = (
        FLASK.replace("SHOWN", "plain")
        + """
@app.after_request
def policy(answer):
    answer.headers["Content-Security-Policy"] = "default-src 'self'"
    return answer
"""
    )
    assert {o.severity for o in _seen(kept) if o.outcome is Outcome.BROKEN} == {"medium"}


def test_a_field_that_asks_for_markup_is_listed_and_no_finding() -> None:
    """A page builder's own field is meant to hold tags; who may use it is another question."""
    seen = _seen(
        FLASK.replace("SHOWN", "plain")
        .replace("text", "body_html")
        .replace("body_html/plain", "text/plain")
        .replace("'body_html'", "'text'")
    )
    assert "/notes/{at} body_html" not in {f"{one}" for one in _told(seen, Outcome.BROKEN)}
    assert any("markup is meant" in o.detail for o in seen if o.outcome is Outcome.UNCLEAR)


@pytest.mark.parametrize(
    ("policy", "is_kept"),
    [
        ("default-src 'self'", True),
        ("script-src 'self' 'unsafe-inline'", False),
        ("script-src-attr 'none'; script-src 'unsafe-inline'", False),
        ("script-src-attr 'none'", False),
        ("script-src-attr 'none'; script-src-elem 'nonce-a'", True),
        ("style-src 'self'", False),
    ],
)
def test_a_policy_keeps_scripts_from_running_only_where_neither_attribute_nor_element_runs(policy: str, is_kept: bool) -> None:
    """Against a finding that is told as less grave: one rule closes attributes, and an element runs all the same."""
    headers = [(b"content-security-policy", policy.encode())]
    answer = Answer(status=200, reason="OK", http_version="1.1", headers=headers, body=b"", request=b"", answer=b"")
    assert displaying.is_kept_from_running(answer) is is_kept
