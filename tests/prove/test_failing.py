"""What a run says of an application that answers 500: the error behind it, and that such a route was not reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.prove import coverage, failing, witness
from tests.prove import unguarded

BROKEN = """
from FRAMEWORK
class Unbuilt(Exception):
    pass
def bundle(name):
    raise Unbuilt(f"{name} is missing; password=hunter2-of-the-test")
app = MADE
@app.get("/page")
def page():
    return bundle("page.css")
@app.get("/well")
def well():
    return "well"
@app.get("/away")
def away():
    return AWAY
"""


def _broken(framework: str, made: str, away: str) -> str:
    return BROKEN.replace("FRAMEWORK", framework).replace("MADE", made).replace("AWAY", away)


FLASK = _broken("flask import Flask", "Flask(__name__)", '("away", 503)')
FASTAPI = _broken("fastapi import FastAPI, Response", "FastAPI()", "Response(status_code=503)")


@pytest.mark.parametrize("text", [FLASK, FASTAPI], ids=["flask", "fastapi"])
def test_a_route_that_fails_is_not_reached_and_its_error_is_told(text: str) -> None:
    """Kind and words of the error, where it was raised, and no secret that it quotes; of a 503 that nothing raised, only the status."""
    with unguarded.serving(text) as stage:
        found = coverage.summary(stage.facts, coverage.explore(stage), floor=0.8)
    asked = {route: reason for route, reason in found.skipped.items() if route in {"GET /page", "GET /well", "GET /away"}}
    assert asked.pop("GET /away") == "the application failed with 503"
    assert list(asked) == ["GET /page"]
    assert asked["GET /page"].startswith("the application failed with 500: app.Unbuilt: page.css is missing")
    assert asked["GET /page"].endswith("(app.py:6)")
    assert "hunter2" not in asked["GET /page"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("redis.ConnectionError: redis://:hunter2@cache/0 refused", "redis.ConnectionError: redis://****@cache/0 refused"),
        ("KeyError: 'hunter2'", "KeyError: '****'"),
        ("ValueError: key AKIA0123456789ABCDEF", "ValueError: key ****"),
        ("ValueError: Missing staticfiles manifest entry for 'common/css/base.css'", None),
        (f"ValueError: {'long ' * 60}sk_live_0123456789abcdef", f"ValueError: {'long ' * 60}"[:200]),
    ],
)
def test_no_secret_that_an_error_quotes_is_told(error: str, said: str | None) -> None:
    """Addresses with a password, keys and tokens are masked before anything is cut; a file's name stays."""
    assert failing.told(["Traceback (most recent call last):", error], Path("/copy")) == (said if said is not None else error)


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([], ""),
        (["INFO shop: nothing went wrong"], ""),
        (["Traceback (most recent call last):", '  File "/copy/a.py", line 3, in f', "KeyError: 'x'", "more"], "KeyError: 'x' (a.py:3)"),
        (['ERROR a: no\nTraceback (most recent call last):\n  File "/usr/lib/b.py", line 3, in f\nb.Odd'], "b.Odd"),
        (["Traceback (most recent call last):", "A: first", "Traceback (most recent call last):", "B: last"], "B: last"),
        (["Traceback (most recent call last):", "  and then nothing"], ""),
    ],
)
def test_the_last_error_is_told(records: list[str], said: str) -> None:
    """As logged in one piece, or printed line by line; what was never raised is not made up."""
    assert failing.told(records, Path("/copy")) == said


def test_a_session_that_begins_is_no_deed() -> None:
    """A page that begins one writes a row of it and nothing else; a table of the application's own that is named alike counts."""
    before = {"sqlite:db.sqlite3/django_session": "1", "sqlite:db.sqlite3/sessions": "1", "sqlite:db.sqlite3/orders": "1"}
    begun = {**before, "sqlite:db.sqlite3/django_session": "2", "file:flask_session/2029": "3"}
    assert witness.changed(before, begun) == frozenset()
    assert witness.changed(before, {**begun, "sqlite:db.sqlite3/sessions": "2"}) == {"sqlite:db.sqlite3/sessions"}
