"""Plain http in the frameworks: page loads are sent to https, everything else is refused before anything of it is read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi import Request as FastApiRequest
from flask import Flask
from flask import request as flask_request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

import ringwork
from ringwork import Policy, public
from ringwork.enforce.network.trusted_proxies import TrustedProxiesSettings
from ringwork.events import Event

ORIGIN = "https://clinic.example"
FRAMEWORKS = ("starlette", "fastapi", "flask")
OPEN = public("the tests ask it in clear")
PAGE = {"accept": "text/html,*/*;q=0.8"}
JSON = {"accept": "application/json"}


class Host:
    """One guarded application in a framework, and what its handlers did."""

    def __init__(self, framework: str, **more: Any) -> None:
        self.done: list[str] = []
        self.events: list[Event] = []
        app = _flask(self.done) if framework == "flask" else _fastapi(self.done) if framework == "fastapi" else _starlette(self.done)
        self.app = ringwork.protect(app, Policy(**{"origin": ORIGIN, "events": self.events.append, **more}))

    def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        *,
        host: str = "clinic.example",
        scheme: str = "http",
        peer: str = "192.0.2.7",
    ) -> tuple[int, dict[str, str]]:
        """Status and headers of the answer to a request in clear."""
        sent = {"host": host, **headers}
        if isinstance(self.app, Flask):
            client = self.app.test_client(use_cookies=False)
            answer = client.open(
                path, method=method, headers=sent, base_url=f"{scheme}://clinic.example", environ_overrides={"REMOTE_ADDR": peer}
            )
            return answer.status_code, {name.lower(): value for name, value in answer.headers}
        asked = TestClient(self.app, base_url=f"{scheme}://clinic.example", client=(peer, 1), follow_redirects=False)
        found = asked.request(method, path, headers=sent)
        return found.status_code, dict(found.headers)


def _starlette(done: list[str]) -> Starlette:
    async def ok(request: Request) -> PlainTextResponse:
        done.append("ok")
        return PlainTextResponse("fine")

    async def write(request: Request) -> PlainTextResponse:
        done.append((await request.body()).decode())
        return PlainTextResponse("written")

    async def socket(websocket: WebSocket) -> None:
        done.append("socket")
        await websocket.accept()
        await websocket.close()

    return Starlette(
        routes=[Route("/ok", OPEN(ok)), Route("/write", OPEN(write), methods=["POST"]), WebSocketRoute("/socket", OPEN(socket))]
    )


def _fastapi(done: list[str]) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.get("/ok")
    @OPEN
    def ok() -> PlainTextResponse:
        done.append("ok")
        return PlainTextResponse("fine")

    @app.post("/write")
    @OPEN
    async def write(request: FastApiRequest) -> PlainTextResponse:
        done.append((await request.body()).decode())
        return PlainTextResponse("written")

    return app


def _flask(done: list[str]) -> Flask:
    app = Flask(__name__, static_folder=None)

    @app.get("/ok")
    @OPEN
    def ok() -> str:
        done.append("ok")
        return "fine"

    @app.post("/write")
    @OPEN
    def write() -> str:
        done.append(flask_request.get_data(as_text=True))
        return "written"

    return app


@pytest.fixture(params=FRAMEWORKS)
def host(request: pytest.FixtureRequest) -> Host:
    """Each framework."""
    return Host(request.param)


def test_sends_a_page_load_to_https_without_running_anything(host: Host) -> None:
    """Who typed the name without a scheme arrives at the same page, and the answer carries what every answer carries."""
    status, headers = host.ask("GET", "/ok?q=a%20b&r=1", PAGE)
    assert (status, headers["location"]) == (308, f"{ORIGIN}/ok?q=a%20b&r=1")
    assert headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in headers
    assert host.done == []
    assert host.events == []


def test_refuses_everything_else_in_clear(host: Host) -> None:
    """No redirect that mends it in silence, no effect, and one record each."""
    assert [host.ask("GET", "/ok", JSON)[0], host.ask("POST", "/write", PAGE)[0], host.ask("OPTIONS", "/ok", PAGE)[0]] == [403] * 3
    assert host.done == []
    assert {(event.control, event.reason) for event in host.events} == {("transport.tls-required", "plaintext")}
    assert len(host.events) == 3


def test_serves_the_same_over_https(host: Host) -> None:
    """The refusals above are about the scheme and nothing else."""
    assert host.ask("GET", "/ok", JSON, scheme="https")[0] == 200
    assert host.done == ["ok"]


def test_asks_missing_pages_over_https_too(host: Host) -> None:
    """What exists is nobody's business in clear."""
    assert host.ask("GET", "/nowhere", JSON)[0] == 403
    assert host.ask("GET", "/nowhere", PAGE)[0] == 308


def test_trap_06_decides_on_the_path_of_the_scope_and_checks_the_host_first(host: Host) -> None:
    """Trap 6: a Host that would poison a rebuilt URL is refused before anything is decided, and stands in no redirect."""
    for forged in ("clinic.example/ok?", "clinic.example@evil.example", "evil.example", "clinic.example\\evil.example"):
        status, headers = host.ask("GET", "/admin", PAGE, host=forged)
        assert (status, headers.get("location")) == (421, None)
    assert host.ask("GET", "//evil.example/ok", PAGE)[1]["location"].startswith(f"{ORIGIN}/")
    assert host.done == []


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_counts_the_scheme_that_a_trusted_proxy_forwards(framework: str) -> None:
    """A proxy that ends TLS is named once; what it says was in clear is refused like anything in clear."""
    host = Host(framework, trusted_proxies=TrustedProxiesSettings(proxies=("10.0.0.7",)))
    assert host.ask("GET", "/ok", {**JSON, "x-forwarded-proto": "https"}, peer="10.0.0.7")[0] == 200
    assert host.ask("GET", "/ok", {**JSON, "x-forwarded-proto": "http"}, peer="10.0.0.7")[0] == 403
    assert host.ask("GET", "/ok", {**JSON, "x-forwarded-proto": "http"}, peer="10.0.0.7", scheme="https")[0] == 403
    assert host.ask("GET", "/ok", {**JSON, "x-forwarded-proto": "https"}, peer="10.0.0.8")[0] == 403


def test_names_the_proxy_instead_of_redirecting_without_end(host: Host) -> None:
    """The first thing that goes wrong behind a new proxy is told with the line that mends it."""
    status, _ = host.ask("GET", "/ok", {**PAGE, "x-forwarded-proto": "https"}, peer="10.0.0.7")
    assert status == 403
    assert host.events[0].reason == "proxy-unknown"
    assert 'proxies = ["10.0.0.7"]' in host.events[0].detail


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_changes_no_answer_in_observe(framework: str) -> None:
    """It is told what would have been refused; a redirect would be none."""
    host = Host(framework, mode="observe")
    assert host.ask("GET", "/ok", PAGE)[0] == 200
    assert host.ask("GET", "/ok", JSON)[0] == 200
    assert [event.reason for event in host.events if event.control == "transport.tls-required"] == ["plaintext"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_leaves_an_http_origin_on_loopback_alone(framework: str) -> None:
    """While developing there is no certificate."""
    host = Host(framework, origin="http://localhost:8000")
    assert host.ask("GET", "/ok", JSON, host="localhost:8000", peer="127.0.0.1")[0] == 200


def test_refuses_a_socket_in_clear() -> None:
    """Trap 2 once more: an HTTP middleware never sees it."""
    host = Host("starlette")
    client = TestClient(host.app, base_url=ORIGIN)
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("ws://clinic.example/socket"):
        pass
    assert host.done == []
    with client.websocket_connect("wss://clinic.example/socket"):
        pass
    assert host.done == ["socket"]


@pytest.mark.parametrize("framework", ["starlette", "fastapi"])
def test_reads_nothing_of_a_body_in_clear(framework: str) -> None:
    """Secrets that were sent in clear by mistake are at least not taken in: receive is never called (ASGI)."""
    host, sent = Host(framework), list[int]()

    async def receive() -> Any:
        raise AssertionError("the body was asked for")

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    scope = {
        "type": "http", "method": "POST", "path": "/write", "raw_path": b"/write", "scheme": "http", "query_string": b"", "root_path": "",
        "headers": [(b"host", b"clinic.example"), (b"content-length", b"9")], "client": ("192.0.2.7", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    asyncio.run(host.app(scope, receive, send))
    assert sent == [403]


def test_reads_nothing_of_a_body_in_clear_under_wsgi() -> None:
    """The same for Flask: wsgi.input is never read."""
    host, statuses = Host("flask"), list[str]()

    class Input:
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("the body was asked for")

    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/write", "HTTP_HOST": "clinic.example", "wsgi.url_scheme": "http", "CONTENT_LENGTH": "9",
        "REMOTE_ADDR": "192.0.2.7", "wsgi.input": Input(),
    }  # fmt: skip
    list(host.app(environ, lambda status, headers, exc_info=None: statuses.append(status)))
    assert statuses == ["403 Forbidden"]
