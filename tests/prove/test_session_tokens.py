"""One token for every form of a session is no fault, and a form that asks for none still is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ringwork.prove import settings, users
from ringwork.prove.browser import csrf
from ringwork.prove.evidence import Observation, Outcome
from ringwork.prove.stage import LiveStage
from tests.prove import copies_of

SHOP = """
import hmac, secrets
from flask import Flask, abort, redirect, request, session
app = Flask(__name__)
app.secret_key = "probe-" + "k" * 60
PEOPLE, NOTES, WISHES = {}, [], []
def token():
    session.setdefault("csrf", secrets.token_hex(16))
    return f"<input type=hidden name=csrf_token value={session['csrf']}>"
def checked():
    if not hmac.compare_digest(session.get("csrf", "-"), request.form.get("csrf_token", "")):
        abort(400)
@app.route("/register", methods=["GET", "POST"])
def register():
    if request.method == "POST":
        PEOPLE[request.form["username"]] = request.form["password"]
        return redirect("/login")
    return "<form method=post><input name=username><input type=password name=password></form>"
@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST" and PEOPLE.get(request.form["username"]) == request.form["password"]:
        session["user"] = request.form["username"]
        return redirect("/notes")
    return "<form method=post><input name=username><input type=password name=password></form>"
@app.route("/notes", methods=["GET", "POST"])
def notes():
    if "user" not in session:
        return redirect("/login")
    if request.method == "POST":
        checked()
        NOTES.append(request.form["text"])
    return f"{len(NOTES)}<form method=post>{token()}<input name=text></form><a href=/wishes>wishes</a>"
@app.route("/wishes", methods=["GET", "POST"])
def wishes():
    if "user" not in session:
        return redirect("/login")
    if request.method == "POST":
        CHECKED
        WISHES.append(request.form["wish"])
    return f"{len(WISHES)}<form method=post>{token()}<input name=wish></form>"
"""


def _seen(folder: Path, checked: str) -> Sequence[Observation]:
    with copies_of.loaded(folder, {"app.py": SHOP.replace("CHECKED", checked)}, "app.py", anybody=True) as (launcher, loaded):
        stage = LiveStage(launcher, loaded.facts, users.find(loaded.facts, settings.Settings(), launcher))
        try:
            return csrf.token_matrix(stage).observations
        finally:
            stage.close()


def _broken(seen: Sequence[Observation]) -> set[tuple[str, str]]:
    return {(o.attack, o.where) for o in seen if o.outcome is Outcome.BROKEN}


def test_a_token_of_the_session_is_no_fault(tmp_path: Path) -> None:
    """Another user's and another login's are refused; that it serves two forms, and twice, is said and held against nobody."""
    seen = _seen(tmp_path, "checked()")
    assert not _broken(seen)
    held = {o.attack for o in seen if o.outcome is Outcome.HELD}
    assert {"form without a token", "form with another user's token", "form with the token of another login of the same user"} <= held
    assert [o.detail for o in seen if o.attack == "form with a used token"] == [
        "the form carries a token that serves every form of its session, and more than once"
    ] * 2


def test_a_form_that_looks_at_no_token_is_named(tmp_path: Path) -> None:
    """The form beside it, which asks for the same token, is not."""
    assert ("form without a token", "GET,POST /wishes") in _broken(_seen(tmp_path, "pass"))
    assert not {where for _, where in _broken(_seen(tmp_path, "pass"))} - {"GET,POST /wishes"}
