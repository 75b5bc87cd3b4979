"""Tokens forged from a user's own, shown to applications that read them well and badly."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.prove import forged_tokens
from ringwork.prove.evidence import Observation, Outcome
from ringwork.prove.forged_tokens import ALTERED, CONFUSED, EXPIRED, FOREIGN, NAMED, NONE, OTHER_KEY, UNSIGNED
from ringwork.prove.identity.jwt_validation import token_matrix
from tests.prove import unguarded

FLASK = """
import base64, hashlib, hmac, json, time
from flask import Flask, jsonify, request
app = Flask(__name__)
SECRET = "a-secret-of-this-test-that-is-long"
PEOPLE = {}
def plain(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
def opened(text):
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
def sealed(body, key):
    return plain(hmac.digest(key, body.encode(), "sha256"))
def issue(name):
    claims = {"sub": name, "exp": int(time.time()) + 600, "aud": "here"}
    body = plain(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()) + "." + plain(json.dumps(claims).encode())
    return body + "." + sealed(body, SECRET.encode())
def read():
    parts = request.headers.get("Authorization", "").removeprefix("Bearer ").split(".")
    try:
        header, claims = opened(parts[0]), opened(parts[1])
    except (IndexError, ValueError):
        return None
    READS
    return claims["sub"] if claims["sub"] in PEOPLE else None
def is_genuine(parts, key=SECRET.encode()):
    return len(parts) == 3 and hmac.compare_digest(parts[2], sealed(".".join(parts[:2]), key))
@app.post("/register")
def register():
    PEOPLE[request.get_json()["username"]] = request.get_json()["password"]
    return {}
@app.post("/login")
def login():
    given = request.get_json()
    if PEOPLE.get(given["username"]) != given["password"]:
        return {}, 401
    return {"access_token": issue(given["username"])}
@app.get("/me")
def me():
    name = read()
    return ({"name": name}, 200) if name else ({}, 401)
"""
CLAIMS = "if claims['exp'] < time.time() or claims['aud'] != 'here': return None"
GOOD = f"if header.get('alg') != 'HS256' or not is_genuine(parts): return None\n    {CLAIMS}"


def _seen(reads: str) -> dict[str, Observation]:
    with unguarded.serving(FLASK.replace("READS", reads)) as stage:
        return {one.attack: one for one in token_matrix(stage).observations}


def _broken(reads: str) -> dict[str, str]:
    return {name: one.severity for name, one in _seen(reads).items() if one.outcome is Outcome.BROKEN}


def test_a_reader_that_verifies_everything_holds() -> None:
    """Every forgery was made, the genuine token was let in before and after each, and none is accused."""
    seen = _seen(GOOD)
    assert {name for name, one in seen.items() if one.outcome is Outcome.HELD} == {
        UNSIGNED, NONE, ALTERED, OTHER_KEY, NAMED, EXPIRED, FOREIGN,
    }  # fmt: skip
    assert all(one.is_grounded and one.where == "GET /me" for one in seen.values())


@pytest.mark.parametrize(
    ("reads", "found"),
    [
        (CLAIMS, {UNSIGNED: "", NONE: "", ALTERED: "", OTHER_KEY: "", NAMED: ""}),
        (f"if header['alg'].lower() != 'none' and not is_genuine(parts): return None\n    {CLAIMS}", {NONE: ""}),
        ("if not is_genuine(parts): return None", {EXPIRED: "high", FOREIGN: "medium"}),
        (f"if not is_genuine(parts) and not ('kid' in header and is_genuine(parts, b'')): return None\n    {CLAIMS}", {NAMED: ""}),
    ],
    ids=["nothing", "none", "claims", "kid"],
)
def test_what_is_not_verified_is_found(reads: str, found: dict[str, str]) -> None:
    """Each reader leaves one thing out, and is accused of that."""
    assert _broken(reads) == found


def test_a_public_key_that_is_not_known_is_told() -> None:
    """Against a pass for what nobody tried: a key that is fetched, or made of the private one, lies nowhere."""
    with unguarded.serving(FLASK.replace('"alg": "HS256"', '"alg": "RS256"').replace("READS", GOOD.replace("HS256", "RS256"))) as stage:
        seen = {one.attack: one for one in token_matrix(stage).observations}
    assert seen[CONFUSED].outcome is Outcome.UNTRIED
    assert seen[OTHER_KEY].outcome is Outcome.HELD


def test_a_fault_is_no_refusal() -> None:
    """Against a pass by a reader that falls over: an answer of 500 says nothing of the token."""
    seen = _seen(f"assert header['alg'] == 'HS256'\n    {GOOD}")
    assert seen[NONE].outcome is Outcome.UNTRIED
    assert seen[ALTERED].outcome is Outcome.HELD


def test_other_tokens_are_none_of_these() -> None:
    """A session cookie, two parts, or three parts that hold no claims."""
    assert [forged_tokens.taken_apart(text) for text in ("abc", "a.b", "a.b.c", "eyJhIjoxfQ.eyJhIjoxfQ.c2ln")] == [None] * 4


def test_the_public_key_is_tried_as_a_secret_where_it_lies_beside_the_application(tmp_path: Path) -> None:
    """Against a verifier that takes the header's word for the family: the key that everybody may have signs."""
    pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
    (tmp_path / "jwt.pem").write_text(pem, encoding="utf-8")
    public = forged_tokens.public_keys(tmp_path)
    assert public == [pem.encode(), pem.strip().encode()]
    token = forged_tokens.taken_apart(forged_tokens.made({"alg": "RS256"}, {"sub": "a"}, b"k"))
    assert token is not None
    forged = [text for name, text in forged_tokens.unsigned(token, public) if name == CONFUSED]
    again = [forged_tokens.taken_apart(text) for text in forged]
    assert [forged_tokens.key_of(one, public) for one in again if one is not None] == public


def test_a_key_in_the_source_is_found_by_the_signature(tmp_path: Path) -> None:
    """Only the text that made this very signature is one."""
    (tmp_path / "app.py").write_text("NAME = 'other'\nKEY = 'the-key-itself'\n", encoding="utf-8")
    token = forged_tokens.taken_apart(forged_tokens.made({"alg": "HS256"}, {"sub": "a"}, b"the-key-itself"))
    assert token is not None
    assert forged_tokens.key_of(token, forged_tokens.keys_in(tmp_path, ["app.py"])) == b"the-key-itself"
    assert forged_tokens.key_of(token, [b"other"]) is None
