"""What only ASGI has: scope types, WebSockets, lifespans, middleware that answers by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import ringwork
from ringwork.errors import PolicyInvalid
from tests.frameworks.hosts import BUILDERS, Effects, Host, policy

ASGI = ["fastapi", "starlette"]


@pytest.fixture(params=ASGI)
def host(request: pytest.FixtureRequest) -> Host:
    return Host(request.param, BUILDERS[request.param])


def test_lets_a_public_socket_open(host: Host) -> None:
    """The honest handshake passes."""
    client = TestClient(host.app, base_url="https://clinic.example")
    with client.websocket_connect("wss://clinic.example/socket", headers={"host": "clinic.example"}) as socket:
        assert socket.receive_text() == "hello"


@pytest.mark.parametrize("path", ["/bare-socket", "/nowhere"])
def test_refuses_a_socket_without_a_rule_before_its_handler_runs(host: Host, path: str) -> None:
    """Trap 2: an HTTP middleware never sees WebSockets; this one does."""
    client = TestClient(host.app, base_url="https://clinic.example")
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"wss://clinic.example{path}", headers={"host": "clinic.example"}):
        pass
    assert host.effects.done == []


def test_refuses_a_socket_with_a_foreign_host(host: Host) -> None:
    """DNS rebinding reaches sockets as it reaches pages."""
    client = TestClient(host.app, base_url="https://clinic.example")
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("wss://clinic.example/socket", headers={"host": "canary.invalid"}):
        pass
    assert host.effects.done == []


def test_sends_the_headers_on_a_refused_handshake(host: Host) -> None:
    """Every byte that leaves carries the headers, where the server can send an answer to a handshake."""
    sent: list[Any] = []
    scope = {
        "type": "websocket", "path": "/bare-socket", "raw_path": b"/bare-socket", "scheme": "wss",
        "headers": [(b"host", b"clinic.example")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "query_string": b"", "root_path": "", "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(host.app(scope, receive, send))
    assert sent[0]["status"] == 403
    assert (b"x-content-type-options", b"nosniff") in sent[0]["headers"]


def test_refuses_an_unknown_scope_type(host: Host) -> None:
    """What no guard has ever seen is not served."""
    with pytest.raises(PolicyInvalid, match="webtransport"):
        asyncio.run(host.app({"type": "webtransport", "headers": []}, None, None))


def test_refuses_an_answer_of_a_middleware_that_no_rule_allowed() -> None:
    """A middleware that serves by itself never meets the router's rules; its answer is held back."""

    class Panel:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http" and scope["path"] == "/panel":
                await PlainTextResponse("secret panel")(scope, receive, send)
                return
            await self.app(scope, receive, send)

    events: list[Any] = []
    app = ringwork.protect(Starlette(middleware=[Middleware(Panel)]), policy(events=events.append))
    answer = TestClient(app, base_url="https://clinic.example").get("/panel")
    assert answer.status_code == 403
    assert "secret" not in answer.text
    assert [(e.control, e.reason) for e in events] == [("access.deny-by-default", "undecided")]


def test_serves_static_files_by_their_mounts_rule(tmp_path: Any) -> None:
    """Static files are a way in like any other: a rule on the mount lets them out, no rule keeps them in."""
    (tmp_path / "a.css").write_text("p{}")
    marked = ringwork.public("style sheets")(StaticFiles(directory=tmp_path))
    app = Starlette(routes=[Mount("/open", marked), Mount("/shut", StaticFiles(directory=tmp_path))])
    client = TestClient(ringwork.protect(app, policy()), base_url="https://clinic.example")
    assert client.get("/open/a.css").text == "p{}"
    assert client.get("/shut/a.css").status_code == 403


def test_production_does_not_start_with_a_route_without_a_rule() -> None:
    """The fault stops the start, and names the route."""
    app = BUILDERS["starlette"](Effects())
    ringwork.protect(app, policy(mode="production", key=ringwork.Secret(b"k" * 32)))
    with pytest.raises(PolicyInvalid, match="GET /bare"), TestClient(app, base_url="https://clinic.example"):
        pass


def test_the_session_of_the_applications_own_middleware_is_known_to_identify() -> None:
    """identify runs inside the application's middleware, so an existing session login can be used."""

    class Session:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            scope["session"] = {"user": "alice"}
            await self.app(scope, receive, send)

    async def who(request: Any) -> Any:
        principal = ringwork.current().principal
        return PlainTextResponse(principal.id if principal else "nobody")

    async def identify(request: Any) -> Any:
        return ringwork.Principal(id=request.session["user"])

    app = Starlette(routes=[Route("/who", ringwork.requires()(who))], middleware=[Middleware(Session)])
    client = TestClient(ringwork.protect(app, policy(identify=identify)), base_url="https://clinic.example")
    assert client.get("/who").text == "alice"
