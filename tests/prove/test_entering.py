"""What reading found in a login is attacked behind the password, by somebody whom the login lets in."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.prove import settings, users
from ringwork.prove.asking import Asker, Entering, askers
from ringwork.prove.confirming import Confirmed, Confirmer
from ringwork.prove.stage import LiveStage
from ringwork.prove.witness import Cast
from ringwork.survey.flows import Entry, Flow, Step, Strength
from tests.prove import copies_of

HEAD = """
from urllib.parse import urlsplit
from flask import Flask, redirect, request, session
app = Flask(__name__)
app.secret_key = "probe-" + "k" * 60
PEOPLE = {}
FORM = "<form method=post><input name=username><input type=password name=password></form>"
def own(place):
    return place if place.startswith("/") and not place.startswith(("//", "/" + chr(92))) else "/"
@app.route("/register", methods=["GET", "POST"])
def register():
    if request.method == "POST":
        PEOPLE[request.form["username"]] = request.form["password"]
        return redirect("/login")
    return FORM
@app.get("/")
def home():
    return session["user"] if "user" in session else redirect("/login")
@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST" and PEOPLE.get(request.form["username"]) == request.form["password"]:
        session["user"] = request.form["username"]
"""
LOGINS = {
    "form": 'redirect(request.form.get("next") or "/")',
    "query": 'redirect(request.args.get("next") or "/")',
}


def _flow(kind: str, name: str = "next") -> Flow:
    step = Step(file="app.py", line=1, column=1, said="")
    where = {"function": "app.login", "routes": ("GET,POST /login",), "entry": Entry(kind=kind, name=name)}
    return Flow(kind="redirect", strength=Strength.STRONG, sink="flask.redirect", steps=(step,), **where)


def _confirmed(folder: Path, line: str, flow: Flow) -> tuple[Confirmed | None, list[Asker | Entering]]:
    source = f"{HEAD}        return {line}\n    return FORM\n"
    with copies_of.loaded(folder, {"app.py": source}, "app.py", anybody=True) as (launcher, loaded):
        stage = LiveStage(launcher, loaded.facts, users.find(loaded.facts, settings.Settings(), launcher))
        try:
            return Confirmer(stage).confirm(flow), list(askers(Cast(stage), flow.routes, flow.entry))
        finally:
            stage.close()


@pytest.mark.parametrize("kind", LOGINS)
def test_a_redirect_behind_a_login_is_confirmed(tmp_path: Path, kind: str) -> None:
    """Nobody is led anywhere with a wrong password."""
    found, who = _confirmed(tmp_path, LOGINS[kind], _flow(kind))
    assert found is not None
    assert found.said.startswith("it leads to rw")
    assert found.exchanged.as_user == who[0].name == "anna"


@pytest.mark.parametrize("kind", LOGINS)
def test_a_login_that_stays_on_its_site_is_not(tmp_path: Path, kind: str) -> None:
    """The same login, led by a place that was looked at; who asks it beside the user is nobody, once."""
    found, who = _confirmed(
        tmp_path, LOGINS[kind].replace("redirect(request", "redirect(own(request").replace(' or "/")', ' or "/"))'), _flow(kind)
    )
    assert found is None
    assert [(type(one), one.name) for one in who] == [(Entering, "anna"), (Asker, "")]


def test_the_name_itself_is_attacked_by_nobody(tmp_path: Path) -> None:
    """Against a login that refuses every attack on its name for the name that it replaces."""
    _, who = _confirmed(tmp_path, 'redirect("/")', _flow("form", "username"))
    assert [(type(one), one.name) for one in who] == [(Asker, "")]
