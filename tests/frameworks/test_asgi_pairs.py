"""Headers in the other forms that ASGI allows: pairs that are lists, answers whose headers can be read only once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import ringwork
from ringwork import public
from tests.frameworks.hosts import policy

OPEN = public("a test")
HOST = (b"host", b"clinic.example")


class Bare:
    """An ASGI application of its own, whose answer carries headers in a form that no framework chose."""

    def __init__(self, headers: Iterable[Any]) -> None:
        self.headers = headers

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"<p>"})


def served(endpoint: Any, *headers: Any) -> list[Any]:
    """What leaves for one GET with these headers, message by message."""
    bare = Starlette(routes=[Route("/x", endpoint, methods=["GET"])])
    app = ringwork.protect(bare, policy(events=lambda event: None, rules={"GET /x": OPEN}))
    sent: list[Any] = []
    scope = {
        "type": "http", "method": "GET", "path": "/x", "raw_path": b"/x", "scheme": "https", "headers": [*headers],
        "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


async def cookies(request: Request) -> Response:
    """All Cookie lines that the application sees."""
    return PlainTextResponse("|".join(request.headers.getlist("cookie")))


@pytest.mark.parametrize("form", [tuple, list])
def test_hides_a_planted_cookie_whatever_form_the_server_gives_its_pairs(form: Any) -> None:
    """A sibling host plants "sid"; behind a server that writes pairs as lists the raw line stood beside the translated one."""
    sent = served(cookies, *(form(pair) for pair in (HOST, (b"cookie", b"sid=planted; __Host-sid=own"))))
    assert sent[1]["body"] == b"sid=own; __Host-sid=own"


@pytest.mark.parametrize("form", [list, iter])
def test_reads_an_answers_headers_whole_when_they_can_be_read_only_once(form: Any) -> None:
    """Headers from an iterator were used up by the first look: the type was lost, and a cookie went by nobody."""
    sent = served(Bare(form([(b"content-type", b"text/html"), (b"set-cookie", b"sid=1")])), HOST)
    headers = sent[0]["headers"]
    assert (b"content-type", b"text/html; charset=utf-8") in headers
    assert [value for name, value in headers if name == b"set-cookie"] == [b"__Host-sid=1; Path=/; Secure; HttpOnly; SameSite=Lax"]


@pytest.mark.parametrize("form", [tuple, list])
def test_answers_what_varies_whatever_form_its_pairs_have(form: Any) -> None:
    """An answer to somebody, with Vary in a pair that is a list, ended as a fault of the guard."""
    pairs = [form(pair) for pair in ((b"content-type", b"text/html"), (b"vary", b"Accept"), (b"cache-control", b"no-store"))]
    sent = served(Bare(pairs), HOST, (b"authorization", b"Bearer x"))
    assert sent[0]["status"] == 200
    assert [value for name, value in sent[0]["headers"] if name == b"vary"] == [b"Accept, Cookie"]
