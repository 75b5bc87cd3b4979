"""The token that each login gives while it is good is one token; one that is counted up is still found."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.prove import settings, users
from ringwork.prove.data import secure_randomness
from ringwork.prove.evidence import Observation, Outcome
from ringwork.prove.stage import LiveStage
from tests.prove import copies_of

API = """
import hashlib, itertools, secrets
from flask import Flask, abort, jsonify, request
app = Flask(__name__)
PEOPLE, TOKENS = {}, {}
COUNT = itertools.count(1)
def again(name):
    return next((token for token, owner in TOKENS.items() if owner == name), None) or secrets.token_hex(16)
def counted(name):
    return hashlib.md5(str(next(COUNT)).encode()).hexdigest()
@app.post("/register")
def register():
    given = request.get_json()
    PEOPLE[given["username"]] = given["password"]
    return "", 201
@app.post("/login")
def login():
    given = request.get_json()
    if PEOPLE.get(given["username"]) != given["password"]:
        abort(401)
    token = MADE(given["username"])
    TOKENS[token] = given["username"]
    return jsonify(access_token=token)
@app.get("/me")
def me():
    name = TOKENS.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
    return name or abort(401)
"""


def _of_a_login(folder: Path, made: str) -> list[Observation]:
    with copies_of.loaded(folder, {"app.py": API.replace("MADE", made)}, "app.py", anybody=True) as (launcher, loaded):
        stage = LiveStage(launcher, loaded.facts, users.find(loaded.facts, settings.Settings(), launcher))
        try:
            return [o for o in secure_randomness.token_statistics(stage).observations if "login" in o.where]
        finally:
            stage.close()


@pytest.mark.parametrize(("made", "outcome", "detail"), [
    ("again", Outcome.UNTRIED, "only 1 token could be collected"),
    ("counted", Outcome.BROKEN, "the tokens were made again: md5 of a small number"),
])  # fmt: skip
def test_a_token_that_is_given_again_is_no_guess(tmp_path: Path, made: str, outcome: Outcome, detail: str) -> None:
    """Against an API that is accused because it gives its user the token that he has."""
    assert [(o.outcome, o.detail) for o in _of_a_login(tmp_path, made)] == [(outcome, detail)]
