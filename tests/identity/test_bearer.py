"""The ready way for bearer tokens, with PyJWT as the verifier."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from fastapi import FastAPI, Request
from flask import Flask
from starlette.testclient import TestClient

import ringwork
from ringwork import Policy, Principal, current, requires
from ringwork.identify import TOKEN_LIMIT, bearer
from ringwork.principal import Via

ORIGIN = "https://clinic.example"
KEY = "a key of at least thirty-two bytes, for tests"


def verify(token: str) -> dict[str, Any]:
    """As an application would write it: algorithm, issuer and audience fixed."""
    found: dict[str, Any] = jwt.decode(token, KEY, algorithms=["HS256"], issuer="https://id.example", audience="clinic")
    return found


def token(key: str = KEY, **changed: Any) -> str:
    claims = {"sub": "ada", "iss": "https://id.example", "aud": "clinic", "exp": time.time() + 60, "roles": ["clinician"], "jti": "t1"}
    return jwt.encode({**claims, **changed}, key, algorithm="HS256")


WAY = bearer(verify, invalid=jwt.InvalidTokenError)


class Headers:
    """The headers of a request, as Starlette and Werkzeug both give them."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)

    def getlist(self, name: str) -> list[str]:
        return self.lines if name == "authorization" else []


class Asked:
    """A request with these Authorization lines."""

    def __init__(self, *lines: str) -> None:
        self.headers = Headers(*lines)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_knows_the_owner_of_a_valid_token(scheme: str) -> None:
    """The scheme's name is compared without case, as RFC 9110 says."""
    found = WAY(Asked(f"{scheme} {token()}"))
    assert found == Principal(id="ada", roles=frozenset({"clinician"}), via=Via.BEARER, session="t1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("",),
        ("Bearer",),
        ("Bearer ",),
        ("Bearer x y",),
        ("Bearer x,Bearer y",),
        ("Basic Og==",),
        ("Bearerx",),
        ("Bearer\x00x",),
        (f"Bearer {'x' * TOKEN_LIMIT}",),
    ],
)
def test_asks_no_verifier_about_what_is_no_token(lines: tuple[str, ...]) -> None:
    """Empty, cut, joined and over-long values are nobody's, and cost no verification."""
    asked = list[str]()
    assert bearer(asked.append)(Asked(*lines)) is None
    assert asked == []


def test_refuses_a_repeated_header() -> None:
    """Two readers could take different lines of it, so neither counts, even when both are valid."""
    assert WAY(Asked(f"Bearer {token()}", f"Bearer {token()}")) is None


@pytest.mark.parametrize(
    "changed",
    [{"exp": 1}, {"iss": "https://evil.invalid"}, {"aud": "other"}, {"key": "another key of at least thirty-two bytes!"}],
    ids=["expired", "foreign issuer", "foreign audience", "foreign key"],
)
def test_knows_nobody_by_a_token_that_is_not_valid(changed: dict[str, Any]) -> None:
    """What the verifier calls invalid is nobody's."""
    assert WAY(Asked(f"Bearer {token(**changed)}")) is None


def test_lets_a_fault_of_the_verifier_rise() -> None:
    """A key store that is down says nothing about the token; the request is refused, not served to nobody."""

    def down(raw: str) -> None:
        raise ConnectionError("the key store is down")

    with pytest.raises(ConnectionError):
        bearer(down, invalid=jwt.InvalidTokenError)(Asked("Bearer x"))


@pytest.mark.parametrize("found", [True, {}, {"sub": ""}, {"name": "ada"}, object()])
def test_names_nobody_by_an_answer_without_an_id(found: Any) -> None:
    """A verifier that answers yes, or something without an id, is a mistake that refuses the request."""
    with pytest.raises(TypeError, match="has no id"):
        bearer(lambda raw: found)(Asked("Bearer x"))


def test_says_how_it_was_proven_whatever_the_verifier_says() -> None:
    """A Principal of the verifier's own is a bearer's, so that no browser can ride it and no form is asked for a token."""
    found = bearer(lambda raw: Principal(id="ada", roles=frozenset({"x"})))(Asked("Bearer x"))
    assert found == Principal(id="ada", roles=frozenset({"x"}), via=Via.BEARER)


@pytest.mark.parametrize(("roles", "found"), [("admin", {"admin"}), (["admin", "clerk"], {"admin", "clerk"}), ((), set())])
def test_reads_roles_of_the_claims(roles: Any, found: set[str]) -> None:
    """A bare text is one role, never its letters."""
    principal = WAY(Asked(f"Bearer {token(roles=roles)}"))
    assert principal is not None
    assert principal.roles == found


def test_takes_roles_from_a_function() -> None:
    """Where the claims call them otherwise."""
    way = bearer(verify, roles=lambda claims: claims["groups"])
    assert way(Asked(f"Bearer {token(groups=['g'])}")).roles == {"g"}


def _fastapi(way: Any) -> Any:
    app = FastAPI(openapi_url=None)

    @app.post("/notes")
    @requires("clinician")
    def write(request: Request) -> str:
        return str(current().principal and current().principal.id)

    return TestClient(ringwork.protect(app, Policy(origin=ORIGIN, identify=way)), base_url=ORIGIN, raise_server_exceptions=False)


async def verify_in_the_loop(raw: str) -> dict[str, Any]:
    """A verifier that waits, as one that asks an identity provider does."""
    return verify(raw)


@pytest.mark.parametrize("way", [WAY, bearer(verify_in_the_loop, invalid=jwt.InvalidTokenError)], ids=["thread", "loop"])
def test_lets_a_bearer_change_something_in_fastapi(way: Any) -> None:
    """A token is sent by a script and never by a browser alone, so no proof of origin is asked for."""
    client = _fastapi(way)
    assert client.post("/notes", headers={"Authorization": f"Bearer {token()}"}).json() == "ada"
    assert client.post("/notes", headers={"Authorization": "Bearer x"}).status_code == 401
    assert client.post("/notes", headers=[("Authorization", f"Bearer {token()}")] * 2).status_code == 401


def test_lets_a_bearer_change_something_in_flask() -> None:
    """The same under WSGI, where a server joins repeated lines by a comma."""
    app = Flask(__name__, static_folder=None)

    @app.post("/notes")
    @requires("clinician")
    def write() -> str:
        return str(current().principal and current().principal.id)

    client = ringwork.protect(app, Policy(origin=ORIGIN, identify=WAY)).test_client()
    good = f"Bearer {token()}"
    asked = [client.post("/notes", base_url=ORIGIN, headers={"Authorization": value}) for value in (good, "Bearer x", f"{good},{good}")]
    assert [answer.status_code for answer in asked] == [200, 401, 401]


def test_answers_503_when_the_verifier_is_down() -> None:
    """Fail closed: what cannot be verified is refused."""

    async def down(raw: str) -> None:
        raise ConnectionError("the key store is down")

    assert _fastapi(bearer(down)).post("/notes", headers={"Authorization": "Bearer x"}).status_code == 503
