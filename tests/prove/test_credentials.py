"""What lets a user in: each credential is found by a page that is refused without it, whichever way it travels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringwork.prove import credentials, judge, settings, users
from ringwork.prove.evidence import Verdict
from ringwork.prove.identity import jwt_validation
from ringwork.prove.stage import LiveStage
from ringwork.prove.witness import Cast
from tests.prove import copies_of

BOTH = """
import jwt
from flask import Flask, jsonify, request, session
app = Flask(__name__)
app.secret_key = "k" * 40
KEY = "s" * 40
USERS = {{"mia": {{"password": "m-secret-1"}}, "lea": {{"password": "l-secret-1"}}}}
def fits(name, word):
    return name in USERS and USERS[name]["password"] == word
@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST" and fits(request.form["username"], request.form["password"]):
        session["name"] = request.form["username"]
        return "in"
    return "<form method=post><input name=username><input type=password name=password></form>"
@app.get("/mine")
def mine():
    return session.get("name") or ("nobody", 401)
@app.post("/api/token")
def token():
    given = request.get_json()
    if not fits(given["username"], given["password"]):
        return jsonify(error="no"), 401
    return jsonify(token=jwt.encode({{"sub": given["username"]}}, KEY, algorithm="HS256"))
@app.get("/api/me")
def me():
    try:
        found = jwt.decode(request.headers.get("Authorization", "").removeprefix("Bearer "), KEY, algorithms=["HS256"]{options})
    except jwt.PyJWTError:
        return jsonify(error="no"), 401
    return jsonify(name=found["sub"])
"""
KEYED = """
from flask import Flask, jsonify, request
app = Flask(__name__)
CLIENTS = [{"name": "mia", "api_key": "mia-key-4711-0815"}, {"name": "lea", "api_key": "lea-key-2342-9999"}]
@app.get("/shelf")
def shelf():
    found = next((one for one in CLIENTS if one["api_key"] == request.headers.get("X-API-Key")), None)
    return jsonify(name=found["name"]) if found else (jsonify(error="no"), 401)
"""


@contextmanager
def stage_of(folder: Path, text: str) -> Iterator[LiveStage]:
    """A stage on a copy of an application, with whoever gets in."""
    with copies_of.loaded(folder, {"app.py": text}, "app.py", anybody=True) as (launcher, loaded):
        stage = LiveStage(launcher, loaded.facts, users.find(loaded.facts, settings.Settings(), launcher))
        try:
            yield stage
        finally:
            stage.close()


def test_a_cookie_and_the_token_of_an_api_beside_it_are_both_found(tmp_path: Path) -> None:
    """The first page that asks for a cookie is not all that lets somebody in."""
    with stage_of(tmp_path, BOTH.format(options="")) as stage:
        found = {one.called: one for one in credentials.of_user(Cast(stage))}
        assert {name: one.path for name, one in found.items()} == {"cookie session": "/mine", "bearer token": "/api/me"}
        token = found["bearer token"]
        presenter = credentials.Presenter(token)
        try:
            assert [presenter.show(value).status for value in (token.value, None, f"{token.value}x", token.value)] == [200, 401, 401, 200]
        finally:
            presenter.close()
        assert token.value_on(token.client) == token.value


def test_a_key_is_found_by_its_header(tmp_path: Path) -> None:
    """Machines have no login, and what lets them in is compared all the same."""
    with stage_of(tmp_path, KEYED) as stage:
        (one,) = credentials.of_user(Cast(stage))
        assert (one.called, one.path) == ("key x-api-key", "/shelf")
        presenter = credentials.Presenter(one)
        try:
            assert [presenter.show(value).status for value in (one.value, None, "another-key-1234")] == [200, 401, 401]
        finally:
            presenter.close()


@pytest.mark.parametrize(
    ("options", "verdict"), [("", None), (', options={"verify_signature": False}', Verdict.VIOLATED)], ids=["verified", "not verified"]
)
def test_the_token_of_an_api_beside_the_pages_is_forged(options: str, verdict: Verdict | None, tmp_path: Path) -> None:
    """It was said that nobody is let in by a JSON Web Token, since the pages ask for a cookie."""
    with stage_of(tmp_path, BOTH.format(options=options)) as stage:
        evidence = jwt_validation.token_matrix(stage)
        assert not evidence.not_applicable
        assert any(seen.where == "GET /api/me" for seen in evidence.observations)
        assert (judge.first_verdict(evidence) is Verdict.VIOLATED) is (verdict is Verdict.VIOLATED)
