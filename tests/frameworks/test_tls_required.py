"""Plain http in the frameworks: page loads are sent to https, everything else is refused before anything of it is read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ringwork import public
from ringwork.enforce.network.trusted_proxies import TrustedProxiesSettings
from tests.frameworks.hosts import FRAMEWORKS, Host, builds
from tests.frameworks.ways import Answer, Asked, Effects, Socket, Way, Ways

ORIGIN = "https://clinic.example"
OPEN = public("the tests ask it in clear")
PAGE = {"accept": "text/html,*/*;q=0.8"}
JSON = {"accept": "application/json"}


def ways(effects: Effects) -> Ways:
    """Open ways in that tell what they did."""

    def ok(asked: Asked) -> Answer:
        effects.done.append("ok")
        return Answer("fine")

    def write(asked: Asked) -> Answer:
        effects.done.append(asked.body.decode())
        return Answer("written")

    return (
        Way("/ok", ok, OPEN),
        Way("/write", write, OPEN, ("POST",), "body"),
        Socket("/socket", lambda: effects.done.append("socket"), OPEN),
    )


def guarded(framework: str, **more: Any) -> Host:
    """One guarded application, and what its handlers did."""
    return Host(framework, builds(framework, ways), **{"identify": None, **more})


def ask(at: Host, method: str, path: str, headers: dict[str, str], **more: Any) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer to a request in clear."""
    reply = at.ask(method, path, headers, **{"scheme": "http", "peer": "192.0.2.7", **more})
    return reply.status, dict(reply.headers)


@pytest.fixture(params=FRAMEWORKS)
def host(request: pytest.FixtureRequest) -> Host:
    """Each framework."""
    return guarded(request.param)


def test_sends_a_page_load_to_https_without_running_anything(host: Host) -> None:
    """Who typed the name without a scheme arrives at the same page, and the answer carries what every answer carries."""
    status, headers = ask(host, "GET", "/ok?q=a%20b&r=1", PAGE)
    assert (status, headers["location"]) == (308, f"{ORIGIN}/ok?q=a%20b&r=1")
    assert headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in headers
    assert host.effects.done == []
    assert host.events == []


def test_refuses_everything_else_in_clear(host: Host) -> None:
    """No redirect that mends it in silence, no effect, and one record each."""
    assert [ask(host, "GET", "/ok", JSON)[0], ask(host, "POST", "/write", PAGE)[0], ask(host, "OPTIONS", "/ok", PAGE)[0]] == [403] * 3
    assert host.effects.done == []
    assert {(event.control, event.reason) for event in host.events} == {("transport.tls-required", "plaintext")}
    assert len(host.events) == 3


def test_serves_the_same_over_https(host: Host) -> None:
    """The refusals above are about the scheme and nothing else."""
    assert ask(host, "GET", "/ok", JSON, scheme="https")[0] == 200
    assert host.effects.done == ["ok"]


def test_asks_missing_pages_over_https_too(host: Host) -> None:
    """What exists is nobody's business in clear."""
    assert ask(host, "GET", "/nowhere", JSON)[0] == 403
    assert ask(host, "GET", "/nowhere", PAGE)[0] == 308


def test_trap_06_decides_on_the_path_of_the_scope_and_checks_the_host_first(host: Host) -> None:
    """Trap 6: a Host that would poison a rebuilt URL is refused before anything is decided, and stands in no redirect."""
    for forged in ("clinic.example/ok?", "clinic.example@evil.example", "evil.example", "clinic.example\\evil.example"):
        status, headers = ask(host, "GET", "/admin", PAGE, host=forged)
        assert (status, headers.get("location")) == (421, None)
    assert ask(host, "GET", "//evil.example/ok", PAGE)[1]["location"].startswith(f"{ORIGIN}/")
    assert host.effects.done == []


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_counts_the_scheme_that_a_trusted_proxy_forwards(framework: str) -> None:
    """A proxy that ends TLS is named once; what it says was in clear is refused like anything in clear."""
    host = guarded(framework, trusted_proxies=TrustedProxiesSettings(proxies=("10.0.0.7",)))
    assert ask(host, "GET", "/ok", {**JSON, "x-forwarded-proto": "https"}, peer="10.0.0.7")[0] == 200
    assert ask(host, "GET", "/ok", {**JSON, "x-forwarded-proto": "http"}, peer="10.0.0.7")[0] == 403
    assert ask(host, "GET", "/ok", {**JSON, "x-forwarded-proto": "http"}, peer="10.0.0.7", scheme="https")[0] == 403
    assert ask(host, "GET", "/ok", {**JSON, "x-forwarded-proto": "https"}, peer="10.0.0.8")[0] == 403


def test_names_the_proxy_instead_of_redirecting_without_end(host: Host) -> None:
    """The first thing that goes wrong behind a new proxy is told with the line that mends it."""
    status, _ = ask(host, "GET", "/ok", {**PAGE, "x-forwarded-proto": "https"}, peer="10.0.0.7")
    assert status == 403
    assert host.events[0].reason == "proxy-unknown"
    assert 'proxies = ["10.0.0.7"]' in host.events[0].detail


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_changes_no_answer_in_observe(framework: str) -> None:
    """It is told what would have been refused; a redirect would be none."""
    host = guarded(framework, mode="observe")
    assert ask(host, "GET", "/ok", PAGE)[0] == 200
    assert ask(host, "GET", "/ok", JSON)[0] == 200
    assert [event.reason for event in host.events if event.control == "transport.tls-required"] == ["plaintext"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_leaves_an_http_origin_on_loopback_alone(framework: str) -> None:
    """While developing there is no certificate."""
    host = guarded(framework, origin="http://localhost:8000")
    assert ask(host, "GET", "/ok", JSON, host="localhost:8000", peer="127.0.0.1")[0] == 200


@pytest.mark.parametrize("framework", ["starlette", "fastapi", "aiohttp"])
def test_refuses_a_socket_in_clear(framework: str) -> None:
    """Trap 2 once more: an HTTP middleware never sees it."""
    host = guarded(framework)
    assert host.knock("/socket", {"Origin": ORIGIN}, scheme="http").status == 403
    assert host.effects.done == []
    assert host.knock("/socket", {"Origin": ORIGIN}).status == 101
    assert host.effects.done == ["socket"]


@pytest.mark.parametrize("framework", ["starlette", "fastapi", "django-asgi"])
def test_reads_nothing_of_a_body_in_clear(framework: str) -> None:
    """Secrets that were sent in clear by mistake are at least not taken in: receive is never called (ASGI)."""
    host, sent = guarded(framework), list[int]()

    async def receive() -> Any:
        raise AssertionError("the body was asked for")

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    scope = {
        "type": "http", "method": "POST", "path": "/write", "raw_path": b"/write", "scheme": "http", "query_string": b"", "root_path": "",
        "headers": [(b"host", b"clinic.example"), (b"content-length", b"9")], "client": ("192.0.2.7", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    host.turn()
    asyncio.run(host.app(scope, receive, send))
    assert sent == [403]


@pytest.mark.parametrize("framework", ["flask", "django-wsgi"])
def test_reads_nothing_of_a_body_in_clear_under_wsgi(framework: str) -> None:
    """The same under WSGI: wsgi.input is never read."""
    host, statuses = guarded(framework), list[str]()

    class Input:
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("the body was asked for")

    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/write", "HTTP_HOST": "clinic.example", "wsgi.url_scheme": "http", "CONTENT_LENGTH": "9",
        "REMOTE_ADDR": "192.0.2.7", "wsgi.input": Input(),
    }  # fmt: skip
    host.turn()
    list(host.app(environ, lambda status, headers, exc_info=None: statuses.append(status)))
    assert statuses == ["403 Forbidden"]
