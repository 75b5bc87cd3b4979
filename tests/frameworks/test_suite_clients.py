"""Clients of an application's own suite: their forms count as sent from the page, and nothing else of the guard rests for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient as AiohttpClient
from aiohttp.test_utils import TestServer
from flask import Flask
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

import ringwork
from ringwork import Policy, Principal, requires
from ringwork.frameworks import suite_clients
from ringwork.policy.policy import Mode
from ringwork.secret import Secret
from ringwork.testing import as_browser

ORIGIN = "https://clinic.example"
COOKIE = {"Cookie": "__Host-user=ann"}

Send = Callable[..., int]


def guarded(app: Any, **more: Any) -> Any:
    """The application behind a guard that knows one user by a cookie."""

    def identify(request: Any) -> Principal | None:
        return Principal(id="ann") if request.cookies.get("user") else None

    return ringwork.protect(app, Policy(**{"origin": ORIGIN, "identify": identify, "events": lambda event: None, **more}))


def flask_sender(wrap: Callable[[Any], Any], **more: Any) -> Send:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/notes", view_func=requires()(lambda: "written"), methods=["POST"], endpoint="notes")
    client = wrap(guarded(app, **more).test_client(use_cookies=False))
    return lambda fields, **headers: client.post("/notes", data=fields, base_url=ORIGIN, headers={**COOKIE, **headers}).status_code


def starlette_sender(wrap: Callable[[Any], Any], **more: Any) -> Send:
    @requires()
    async def notes(request: Any) -> PlainTextResponse:
        return PlainTextResponse("written")

    client = wrap(TestClient(guarded(Starlette(routes=[Route("/notes", notes, methods=["POST"])]), **more), base_url=ORIGIN))
    return lambda fields, **headers: client.post("/notes", data=fields, headers={**COOKIE, **headers}).status_code


def aiohttp_sender(wrap: Callable[[Any], Any], **more: Any) -> Send:
    @requires()
    async def notes(request: web.Request) -> web.Response:
        return web.Response(text="written")

    async def sent(fields: Any, headers: dict[str, str]) -> int:
        app = web.Application()
        app.router.add_post("/notes", notes)
        told = {"origin": "", **more} if "mode" not in more else more
        async with AiohttpClient(TestServer(guarded(app, **told))) as client:
            wrap(client)
            own = {"Host": "clinic.example"} if told.get("origin", ORIGIN) else {}
            async with client.post("/notes", data=fields, headers={**COOKIE, **own, **headers}) as answer:
                return answer.status

    return lambda fields, **headers: asyncio.run(sent(fields, headers))


SENDERS = {"flask": flask_sender, "starlette": starlette_sender, "aiohttp": aiohttp_sender}


def told(client: Any) -> Any:
    """A client that says which page it comes from, and no more: the guard asks it for a token."""
    return as_browser(client, origin=ORIGIN, forms=False)


@pytest.fixture(params=sorted(SENDERS), name="sender")
def _sender(request: pytest.FixtureRequest) -> Callable[..., Send]:
    return SENDERS[request.param]


def test_a_form_of_the_suite_counts_as_sent_from_its_page(sender: Callable[..., Send]) -> None:
    """The line that adopt prints is enough: a suite posts forms without fetching their pages first."""
    assert sender(told)({"text": "a"}) == 403, "else there is nothing to spare the suite"
    assert sender(lambda client: as_browser(client, origin=ORIGIN))({"text": "a"}) == 200


def test_a_wrong_token_is_refused_all_the_same(sender: Callable[..., Send]) -> None:
    """A suite that tries a bad token sees what a browser would see."""
    send = sender(lambda client: as_browser(client, origin=ORIGIN))
    assert send({"text": "a", "csrf_token": "garbled"}) == 403


def test_a_foreign_page_is_refused_all_the_same(sender: Callable[..., Send]) -> None:
    """Where a request comes from is said by the client, and believed of no other page."""
    send = sender(lambda client: as_browser(client, origin=ORIGIN))
    assert send({"text": "a"}, **{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}) == 403


def test_another_word_is_nobody_s(sender: Callable[..., Send]) -> None:
    """Against a request over the network that claims to be a test: nobody outside this process knows the word."""
    assert suite_clients.word()
    for claimed in ("", "1", suite_clients.word()[:-1], suite_clients.word() + "x"):
        assert sender(told)({"text": "a"}, **{suite_clients.HEADER: claimed}) == 403


def test_believes_nobody_before_a_client_was_made(monkeypatch: pytest.MonkeyPatch, sender: Callable[..., Send]) -> None:
    """A server has made no client of a suite, so there is no word to guess."""
    monkeypatch.setattr(suite_clients, "_MADE", [])
    assert sender(told)({"text": "a"}, **{suite_clients.HEADER: ""}) == 403


@pytest.mark.parametrize("name", ["flask", "starlette"])
def test_believes_nobody_in_production(name: str) -> None:
    """Its own process's word opens nothing where people are served."""
    send = SENDERS[name](lambda client: as_browser(client, origin=ORIGIN), mode=Mode.PRODUCTION, key=Secret(bytes(32)))
    assert send({"text": "a"}) == 403
