"""Answers that tell the same to whoever asks."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask, Response
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ringwork.testing import assert_same_answer

Header = tuple[str, str]


def _starlette(status: int, headers: list[Header], body: str) -> Any:
    async def answer(request: Request) -> PlainTextResponse:
        made = PlainTextResponse(body, status)
        for name, value in headers:
            made.headers.append(name, value)
        return made

    return TestClient(Starlette(routes=[Route("/", answer)])).get("/")


def _flask(status: int, headers: list[Header], body: str) -> Any:
    app = Flask(__name__)
    app.add_url_rule("/", "answer", lambda: Response(body, status, headers))
    return app.test_client().get("/")


@pytest.fixture(params=[_starlette, _flask], ids=["starlette", "flask"])
def answered(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ((404, [], "no such user or password"), "status: 401 and 404"),
        ((401, [("X-User-Known", "1")], "no such user or password"), "header x-user-known: none and '1'"),
        ((401, [], "no such user, or password"), "body, line 1"),
        ((401, [("Set-Cookie", "hint=1; Path=/")], "no such user or password"), "header set-cookie"),
        ((401, [], "no such user or password\n"), "body: 24 and 25 characters"),
    ],
)
def test_names_each_difference(answered: Any, other: tuple[int, list[Header], str], word: str) -> None:
    """A status, a header, a cookie or one sign in the body is enough to tell accounts by."""
    with pytest.raises(AssertionError, match=re.escape(word)):
        assert_same_answer(answered(401, [], "no such user or password"), answered(*other))


def test_passes_answers_that_differ_in_what_is_always_fresh(answered: Any) -> None:
    """Dates, incident numbers, nonces, form tokens and the values of cookies are no sign of anything."""

    def fresh(mark: str) -> Any:
        headers = [
            ("Date", f"Thu, 26 Nov 2026 11:00:0{len(mark)} GMT"),
            ("incident-id", mark * 16),
            ("Content-Security-Policy", f"script-src 'nonce-{mark * 22}'"),
            ("Set-Cookie", f"session={mark * 30}; Path=/; HttpOnly; expires=Thu, 26 Nov 2026 11:00:0{len(mark)} GMT"),
        ]
        body = f'<p>{mark * 16}</p><script nonce="{mark * 22}"></script><input type="hidden" name="csrf_token" value="{mark * 40}">'
        return answered(401, headers, body)

    assert_same_answer(fresh("a"), fresh("b"))


def test_sees_repeated_headers_one_by_one(answered: Any) -> None:
    """A second cookie of the same name is a difference."""
    one, two = [("Set-Cookie", "a=1; Path=/")], [("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=1; Path=/")]
    with pytest.raises(AssertionError, match="set-cookie"):
        assert_same_answer(answered(200, one, "fine"), answered(200, two, "fine"))


def test_passes_over_what_the_test_names(answered: Any) -> None:
    """A name that the page repeats, and a header that differs by right, can be left out; nothing else is."""
    a, b = answered(200, [("X-Served-By", "one")], "hello ann"), answered(200, [("X-Served-By", "two")], "hello bob")
    assert_same_answer(a, b, ignoring=["x-served-by", re.compile("ann|bob")])
    with pytest.raises(AssertionError, match="x-served-by"):
        assert_same_answer(a, b, ignoring=[re.compile("ann|bob")])


def test_takes_nothing_that_is_no_answer() -> None:
    """Two strings compared would always say something, and never what was meant."""
    with pytest.raises(TypeError, match="an answer of a test client, not str"):
        assert_same_answer("a", "b")
