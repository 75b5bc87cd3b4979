"""Forwarding headers in the frameworks: what the application sees, what is recorded, and who else might have rewritten it."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

import ringwork
from ringwork import Policy, public
from ringwork.enforce.network.trusted_proxies import TrustedProxiesSettings
from ringwork.errors import PolicyInvalid
from ringwork.events import Event
from ringwork.frameworks import rewriters
from ringwork.protect import installed
from tests.frameworks.hosts import FRAMEWORKS, Host
from tests.frameworks.ways import Answer, Asked, Way

ORIGIN = "https://clinic.example"
OPEN = public("the tests look at what it saw")
PROXY = TrustedProxiesSettings(proxies=("10.0.0.7",))
STRANGER, BEHIND = "203.0.113.9", "198.51.100.1"
FORGED = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Proto": "http",
    "X-Real-IP": "6.6.6.6",
    "Forwarded": "for=6.6.6.6",
    "X-User-ID": "root",
}


def tells(asked: Asked) -> Answer:
    """What the application sees of a request."""
    names = [name.lower() for name in asked.headers]
    seen = {"client": asked.client, "scheme": asked.scheme, "host": asked.host, "names": names, "id": asked.headers.get("x-user-id")}
    return Answer(json.dumps(seen), kind="application/json")


def build(framework: str) -> Any:
    """One open route that tells what it saw."""
    return FRAMEWORKS[framework].build([Way("/seen", tells, OPEN)])


def guard(app: Any, **more: Any) -> tuple[Any, list[Event]]:
    """The application under a policy with the proxy, and its events."""
    events = list[Event]()
    return ringwork.protect(app, Policy(**{"origin": ORIGIN, "trusted_proxies": PROXY, "events": events.append, **more})), events


def guarded_host(framework: str, **more: Any) -> Host:
    """The same in any framework."""
    return Host(framework, lambda effects: build(framework), **{"identify": None, "trusted_proxies": PROXY, **more})


def look(at: Host, headers: Any, *, peer: str = "10.0.0.7", path: str = "/seen", **more: Any) -> Any:
    """What the route saw, or the status of a refusal. headers: pairs, so that a name may come twice."""
    answer = at.ask("GET", path, headers, peer=peer, **more)
    return json.loads(answer.text) if answer.status == 200 else answer.status


def sockets() -> Starlette:
    """One open WebSocket that tells what it saw."""

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(json.dumps({"client": websocket.client.host if websocket.client else "", "scheme": websocket.url.scheme}))
        await websocket.close()

    return Starlette(routes=[WebSocketRoute("/socket", OPEN(socket))])


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("settings", [TrustedProxiesSettings(), PROXY], ids=["no proxy", "one proxy"])
def test_shows_the_application_nothing_that_a_stranger_forwards(framework: str, settings: TrustedProxiesSettings) -> None:
    """Client and scheme are the socket's own, and no forwarding or identity header is left to be read by anybody."""
    host = guarded_host(framework, trusted_proxies=settings)
    seen = look(host, FORGED, peer=STRANGER)
    assert (seen["client"], seen["scheme"], seen["host"]) == (STRANGER, "https", "clinic.example")
    assert not {name.lower() for name in FORGED} & set(seen["names"])


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_shows_the_application_whom_a_trusted_proxy_names(framework: str) -> None:
    """One owner of the address: what guards decide on is what handlers, limits and logs of the application see."""
    host = guarded_host(framework)
    seen = look(host, {"X-Forwarded-For": f"6.6.6.6, {BEHIND}", "X-Forwarded-Proto": "https", "X-User-ID": "root"}, scheme="http")
    assert (seen["client"], seen["scheme"], seen["host"]) == (BEHIND, "https", "clinic.example")
    assert not {"x-forwarded-for", "x-forwarded-proto", "x-user-id"} & set(seen["names"])


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_serves_the_host_that_a_trusted_proxy_forwards_after_it_was_checked(framework: str) -> None:
    """A proxy that overwrites Host names the visitor's own; a foreign one is refused like any foreign Host."""
    host = guarded_host(framework, trusted_proxies=TrustedProxiesSettings(proxies=("10.0.0.7",), forwards_host=True))
    assert look(host, {"X-Forwarded-Host": "clinic.example"}, host="backend.internal")["host"] == "clinic.example"
    assert look(host, {"X-Forwarded-Host": "evil.example"}) == 421
    assert look(host, {"X-Forwarded-Host": "clinic.example"}, host="backend.internal", peer=STRANGER) == 421


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_passes_an_identity_header_that_the_proxy_sets(framework: str) -> None:
    """From the proxy it goes on; from a stranger it does not."""
    host = guarded_host(framework, trusted_proxies=TrustedProxiesSettings(proxies=("10.0.0.7",), passes=("x-user-id",)))
    assert "x-user-id" in look(host, {"X-User-ID": "ada"})["names"]
    assert "x-user-id" not in look(host, {"X-User-ID": "ada"}, peer=STRANGER)["names"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_records_the_client_beside_the_peer(framework: str) -> None:
    """The operator sees who asked, and through whom."""
    host = guarded_host(framework)
    assert look(host, {"X-Forwarded-For": BEHIND}, path="/nowhere") == 404
    assert look(host, {"X-Forwarded-For": BEHIND}, path="/nowhere", peer=STRANGER) == 404
    assert [(event.client, event.peer) for event in host.events] == [(BEHIND, "10.0.0.7"), (STRANGER, STRANGER)]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_changes_nothing_in_observe(framework: str) -> None:
    """The application sees its request as it came."""
    host = guarded_host(framework, mode="observe")
    seen = look(host, {"X-Forwarded-For": BEHIND, "X-User-ID": "root"})
    assert seen["client"] == "10.0.0.7"
    assert {"x-forwarded-for", "x-user-id"} <= set(seen["names"])


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_trap_21_joins_repeated_lines_and_counts_from_the_right(framework: str) -> None:
    """Trap 21: a forged first line, or a forged left part, defeats no limit: the right-most hop that is no proxy counts."""
    host = guarded_host(framework)
    lines = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", f"7.7.7.7, {BEHIND}"), ("X-Forwarded-For", "10.0.0.7")]
    assert look(host, lines)["client"] == BEHIND
    assert look(host, lines, peer=STRANGER)["client"] == STRANGER


def test_resolves_a_socket_as_a_request() -> None:
    """A WebSocket behind a proxy is as secure as its visitor's side."""
    app, _ = guard(sockets())
    headers = {"x-forwarded-for": BEHIND, "x-forwarded-proto": "https", "origin": ORIGIN}
    with TestClient(app, client=("10.0.0.7", 1)).websocket_connect("ws://clinic.example/socket", headers=headers) as socket:
        assert json.loads(socket.receive_text()) == {"client": BEHIND, "scheme": "wss"}


# -- trap 22: somebody else has rewritten it already -----------------------------------------------------------


async def _start(app: Any) -> list[str]:
    """Send the lifespan's start, and hand back what the application answered."""
    sent: list[str] = []
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(f"{message['type']} {message.get('message', '')}")

    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    return sent


def _behind(app: Any, **settings: Any) -> Any:
    """The application as uvicorn itself wraps it."""
    config = uvicorn.Config(app, lifespan="on", log_config=None, **settings)
    config.load()
    return config.loaded_app


PRODUCTION: dict[str, Any] = {"mode": "production"}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Production asks for a key, and no variable of this machine may decide what uvicorn believes."""
    monkeypatch.setenv("RINGWORK_KEY", "a" * 43 + "=")
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)


@pytest.mark.parametrize("framework", ["starlette", "fastapi"])
def test_trap_22_production_does_not_start_behind_uvicorns_own_rewriting(framework: str) -> None:
    """Trap 22: uvicorn's default believes a proxy on loopback; the start stops and says what to write."""
    app, _ = guard(build(framework), **PRODUCTION)
    with pytest.raises(PolicyInvalid, match="--no-proxy-headers"):
        asyncio.run(_start(_behind(app)))


def test_trap_22_production_serves_nothing_where_the_server_knows_no_start() -> None:
    """Trap 22: with lifespan off the first request finds it, and every later one."""
    app, events = guard(build("starlette"), **PRODUCTION)
    client = TestClient(ProxyHeadersMiddleware(app, "127.0.0.1"), base_url=ORIGIN)
    assert [client.get("/seen").status_code for _ in range(2)] == [503, 503]
    assert "proxy_headers=False" in str(events[0].error)


def test_trap_22_enforce_warns_and_serves(caplog: pytest.LogCaptureFixture) -> None:
    """Trap 22: while developing, uvicorn's default is told in one line, not refused."""
    app, _ = guard(build("starlette"))
    with caplog.at_level(logging.WARNING, logger="ringwork"):
        assert asyncio.run(_start(_behind(app))) == ["lifespan.startup.complete ", "lifespan.shutdown.complete "]
    told = [record.getMessage() for record in caplog.records if "network.trusted-proxies" in record.getMessage()]
    assert len(told) == 1
    assert "--no-proxy-headers" in told[0]


@pytest.mark.parametrize("settings", [{"proxy_headers": False}, {"forwarded_allow_ips": ""}], ids=["off", "nobody believed"])
def test_trap_22_starts_where_uvicorn_rewrites_nothing(settings: dict[str, Any]) -> None:
    """Trap 22: the server that is told to leave the address alone is no second owner."""
    app, _ = guard(build("starlette"), **PRODUCTION)
    assert asyncio.run(_start(_behind(app, **settings)))[0] == "lifespan.startup.complete "


@pytest.mark.parametrize("believed", ["*", "10.0.0.0/8", "proxy.internal"])
def test_trap_22_finds_every_kind_of_trust(believed: str) -> None:
    """Trap 22: everybody, a network, and a name that is no address."""
    app, _ = guard(build("starlette"), **PRODUCTION)
    with pytest.raises(PolicyInvalid, match="uvicorn rewrites"):
        asyncio.run(_start(_behind(app, forwarded_allow_ips=believed)))


def test_trap_22_finds_the_same_middleware_inside() -> None:
    """Trap 22: added by the application itself, it reads headers that no longer arrive; a reader would believe it works."""
    app = build("starlette")
    app.user_middleware.append(Middleware(ProxyHeadersMiddleware, trusted_hosts="*"))
    guarded, _ = guard(app, **PRODUCTION)
    with pytest.raises(PolicyInvalid, match="ProxyHeadersMiddleware of uvicorn is in use"):
        asyncio.run(_start(guarded))


@pytest.mark.parametrize("place", ["inside", "outside wsgi_app", "outside the application"])
def test_trap_22_finds_proxyfix_wherever_it_stands(place: str) -> None:
    """Trap 22: Werkzeug's ProxyFix counts hops without asking who connects; before or after protect(), it is found."""
    app = build("flask")
    if place == "inside":
        app.wsgi_app = ProxyFix(app.wsgi_app)
    guarded, events = guard(app, **PRODUCTION)
    if place == "outside wsgi_app":
        guarded.wsgi_app = ProxyFix(guarded.wsgi_app)
    served = ProxyFix(guarded) if place == "outside the application" else guarded
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/seen",
        "HTTP_HOST": "clinic.example",
        "wsgi.url_scheme": "https",
        "REMOTE_ADDR": "::1",
    }
    statuses: list[str] = []
    list(served(environ, lambda status, headers, exc_info=None: statuses.append(status)))
    assert statuses == ["503 Service Unavailable"]
    assert "ProxyFix" in str(events[0].error)


def test_trap_22_tells_nothing_where_nobody_rewrites() -> None:
    """Trap 22: a plain start is silent about proxies."""
    host = guarded_host("flask", **PRODUCTION)
    assert look(host, {})["client"] == "10.0.0.7"
    installation = installed(host.app)
    assert installation is not None
    assert installation.look_round().rewriters == ()


def test_sees_waitress_only_when_it_believes_a_proxy() -> None:
    """Its layer also stands there to take headers out, which rewrites nothing."""
    found: list[tuple[str, ...]] = []
    names = {"__name__": "waitress.proxy_headers", "look": lambda: found.append(rewriters.around_us())}
    exec("def translate_headers(trusted_proxy):\n    look()", names)  # a frame that claims to be waitress's
    translate: Any = names["translate_headers"]
    translate(None)
    translate("10.0.0.7")
    assert [bool(told) for told in found] == [False, True]
