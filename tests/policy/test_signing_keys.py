"""The keys by which frameworks sign sessions are looked at before a production starts."""

from __future__ import annotations

import secrets

import pytest
from flask import Flask
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware

import ringwork
from ringwork.protect import installed
from ringwork.signing_keys import faults

GOOD = secrets.token_urlsafe(32)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("dev", "has 3 characters"),
        (b"0123456789abcdef", "has 16 characters"),
        ("django-insecure-" + GOOD, "everybody has"),
        ("CHANGEME" + GOOD, "everybody has"),
        ("ab" * 20, "2 different characters"),
    ],
    ids=["short", "short-bytes", "of-a-template", "a-placeholder", "a-pattern"],
)
def test_tells_a_key_that_can_be_guessed_and_quotes_nothing_of_it(key: str | bytes, problem: str) -> None:
    """Short, well known, or a pattern; also as a former key, and in a layer of Starlette."""
    for settings, name in (
        ({"SECRET_KEY": key}, "SECRET_KEY"),
        ({"SECRET_KEY": GOOD, "SECRET_KEY_FALLBACKS": [GOOD, key]}, "SECRET_KEY_FALLBACKS"),
        ({"SessionMiddleware": {"secret_key": key}}, "SessionMiddleware"),
    ):
        (told,) = faults(settings)
        assert told.startswith(f"data.key-management: {name}")
        assert problem in told
        assert str(key) not in told


@pytest.mark.parametrize(
    "key",
    [GOOD, GOOD.encode(), secrets.token_hex(16), secrets.token_bytes(32), None, ""],
    # Named, since the workers of a run have to find the same tests, and a report shows no key.
    ids=["text", "bytes", "hexadecimal", "raw", "none", "empty"],
)
def test_lets_random_keys_pass_and_none_at_all(key: str | bytes | None) -> None:
    """What signs nothing needs no key; former keys are welcome where they are good."""
    assert not list(faults({"SECRET_KEY": key, "SECRET_KEY_FALLBACKS": [GOOD], "DEBUG": "x"}))


def weak_flask(key: str) -> Flask:
    app = Flask("clinic")
    app.secret_key = key
    return app


def weak_starlette(key: str) -> Starlette:
    return Starlette(middleware=[Middleware(SessionMiddleware, secret_key=key)])


@pytest.mark.parametrize("make", [weak_flask, weak_starlette])
def test_stops_a_production_with_a_weak_key_and_none_with_a_good_one(make) -> None:
    """The application is not served with a key that opens every account."""
    told = []
    for key in ("dev", GOOD):
        found = installed(ringwork.protect(make(key)))
        assert found is not None
        told.append([fault for fault in found.faults_in_production() if fault.startswith("data.key-management")])
    assert [len(faults_of_one) for faults_of_one in told] == [1, 0]
