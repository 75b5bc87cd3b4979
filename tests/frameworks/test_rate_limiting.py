"""Limits hold in each framework: for pages, logins, signed-in users, missing pages, sockets, and while the shared store is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Form
from fastapi.responses import PlainTextResponse
from flask import Flask
from flask import request as flask_request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

import ringwork
from ringwork import Policy, Principal, Secret, public, rate_limited, requires
from ringwork.clock import FixedClock
from ringwork.enforce.network.rate_limiting import RateClass, RateLimitingSettings
from ringwork.enforce.network.trusted_proxies import TrustedProxiesSettings
from ringwork.errors import PolicyInvalid
from ringwork.events import Event
from tests.stores import redis_server

ORIGIN = "https://clinic.example"
OPEN = public("a test")
CONTROL = "network.rate-limiting"
FRAMEWORKS = ("fastapi", "starlette", "flask")
SETTINGS = RateLimitingSettings(
    arriving=("30 per minute",),
    classes=(
        RateClass(name="default", by_address=("4 per minute",), by_principal=("6 per minute",)),
        RateClass(name="login", by_address=("8 per minute",), by_account=("2 per minute",), when_down="refuse"),
        RateClass(name="expensive", by_address=("1 per minute",)),
    ),
)


def _fastapi(tried: list[str]) -> Any:
    app = FastAPI()

    @app.get("/page")
    @OPEN
    def page() -> PlainTextResponse:
        return PlainTextResponse("fine")

    @app.post("/login")
    @OPEN
    def login(username: Annotated[str, Form()] = "", password: Annotated[str, Form()] = "") -> PlainTextResponse:
        tried.append(username)
        return PlainTextResponse("welcome" if password == "right" else "no", 200 if password == "right" else 401)

    @app.get("/who")
    @requires()
    def who() -> PlainTextResponse:
        return PlainTextResponse("you")

    @app.get("/costly")
    @rate_limited("expensive")
    @OPEN
    def costly() -> PlainTextResponse:
        return PlainTextResponse("fine")

    @app.get("/health")
    @rate_limited("none", reason="asked by the balancer")
    @OPEN
    def health() -> PlainTextResponse:
        return PlainTextResponse("fine")

    @app.websocket("/live")
    @OPEN
    async def live(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    return app


def _starlette(tried: list[str]) -> Any:
    async def fine(request: Request) -> PlainTextResponse:
        return PlainTextResponse("fine")

    async def login(request: Request) -> PlainTextResponse:
        form = await request.form()
        tried.append(str(form["username"]))
        right = form.get("password") == "right"
        return PlainTextResponse("welcome" if right else "no", 200 if right else 401)

    async def costly(request: Request) -> PlainTextResponse:
        return PlainTextResponse("fine")

    async def who(request: Request) -> PlainTextResponse:
        return PlainTextResponse("you")

    async def health(request: Request) -> PlainTextResponse:
        return PlainTextResponse("fine")

    async def live(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    return Starlette(
        routes=[
            Route("/page", OPEN(fine)),
            Route("/login", OPEN(login), methods=["POST"]),
            Route("/who", requires()(who)),
            Route("/costly", rate_limited("expensive")(OPEN(costly))),
            Route("/health", rate_limited("none", reason="asked by the balancer")(OPEN(health))),
            WebSocketRoute("/live", OPEN(live)),
        ]
    )


def _flask(tried: list[str]) -> Any:
    app = Flask("clinic")

    @app.get("/page")
    @OPEN
    def page() -> str:
        return "fine"

    @app.post("/login")
    @OPEN
    def login() -> tuple[str, int]:
        tried.append(flask_request.form["username"])
        right = flask_request.form.get("password") == "right"
        return ("welcome", 200) if right else ("no", 401)

    @app.get("/who")
    @requires()
    def who() -> str:
        return "you"

    @app.get("/costly")
    @rate_limited("expensive")
    @OPEN
    def costly() -> str:
        return "fine"

    @app.get("/health")
    @rate_limited("none", reason="asked by the balancer")
    @OPEN
    def health() -> str:
        return "fine"

    return app


BUILD = {"fastapi": _fastapi, "starlette": _starlette, "flask": _flask}


def identify(request: Any) -> Principal | None:
    name = request.cookies.get("user")
    return Principal(id=name) if name else None


class Host:
    """One guarded application, asked from any address."""

    def __init__(self, framework: str, **fields: Any) -> None:
        self.is_flask, self.tried = framework == "flask", list[str]()
        self.events: list[Event] = []
        self.clock = FixedClock()
        given = {"origin": ORIGIN, "identify": identify, "clock": self.clock, "events": self.events.append, "rate_limiting": SETTINGS}
        self.app = ringwork.protect(BUILD[framework](self.tried), Policy(**{**given, **fields}))

    def ask(
        self,
        method: str,
        path: str,
        *,
        peer: str = "203.0.113.9",
        headers: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str]]:
        """Status and headers."""
        sent = dict(headers or {})
        if self.is_flask:
            client = self.app.test_client(use_cookies=False)
            flask_answer = client.open(path, method=method, base_url=ORIGIN, headers=sent, data=form, environ_base={"REMOTE_ADDR": peer})
            return flask_answer.status_code, dict(flask_answer.headers)
        client = TestClient(self.app, base_url=ORIGIN, client=(peer, 50000), raise_server_exceptions=False)
        answer = client.request(method, path, headers=sent, data=form, follow_redirects=False)
        return answer.status_code, {name.title(): value for name, value in answer.headers.items()}

    def login(self, username: str, *, peer: str = "203.0.113.9", password: str = "wrong", headers: dict[str, str] | None = None) -> int:
        """One try to sign in."""
        return self.ask("POST", "/login", peer=peer, headers=headers, form={"username": username, "password": password})[0]

    @property
    def told(self) -> list[str]:
        """Reasons of this control's events."""
        return [event.reason for event in self.events if event.control == CONTROL]


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_refuses_a_client_that_is_too_fast_and_serves_the_next(framework: str) -> None:
    """One more than the limit is 429 with Retry-After and one event; another address is served; time gives back."""
    host = Host(framework)
    assert [host.ask("GET", "/page")[0] for _ in range(4)] == [200] * 4
    status, headers = host.ask("GET", "/page")
    assert (status, headers["Retry-After"], host.told) == (429, "15", ["address-over-limit"])
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert host.ask("GET", "/page", peer="203.0.113.10")[0] == 200
    host.clock.advance(15)
    assert host.ask("GET", "/page")[0] == 200


def test_counts_what_no_route_answers(framework: str) -> None:
    """A scanner that asks for missing pages is stopped before routing."""
    host = Host(framework)
    statuses = [host.ask("GET", f"/missing{i}")[0] for i in range(31)]
    assert statuses == [404] * 30 + [429]
    assert host.told == ["arriving-too-fast"]


def test_counts_a_signed_in_user_over_all_addresses(framework: str) -> None:
    """The user's pace is his own, and his office keeps its pages."""
    host = Host(framework)
    statuses = [host.ask("GET", "/who", peer=f"203.0.113.{i}", headers={"Cookie": "__Host-user=ada"})[0] for i in range(7)]
    assert statuses == [200] * 6 + [429]
    assert host.ask("GET", "/who", peer="203.0.113.0", headers={"Cookie": "__Host-user=ben"})[0] == 200
    assert host.ask("GET", "/page", peer="203.0.113.0")[0] == 200


def test_counts_a_refused_visitor(framework: str) -> None:
    """Whoever may not enter a route is counted for trying."""
    host = Host(framework)
    assert [host.ask("GET", "/who")[0] for _ in range(5)] == [401] * 4 + [429]


def test_stops_guessing_at_one_account_from_everywhere(framework: str) -> None:
    """The third password is not even looked at, whichever address it comes from; another account goes on."""
    host = Host(framework)
    statuses = [host.login("ada", peer=f"198.51.100.{i}") for i in range(3)]
    assert statuses == [401, 401, 429]
    assert host.tried == ["ada", "ada"]
    assert host.login("Ada ", peer="198.51.100.9") == 429
    assert host.login("ben", peer="198.51.100.1") == 401


def test_stops_guessing_by_a_method_in_small_letters() -> None:
    """Werkzeug reads "post" as POST, and so does the limit: the third password is not looked at."""
    host = Host("flask")
    client = host.app.test_client(use_cookies=False)
    asked = {"base_url": ORIGIN, "data": {"username": "ada", "password": "wrong"}}
    overrides = ({"REQUEST_METHOD": "post", "REMOTE_ADDR": f"198.51.100.{i}"} for i in range(3))
    assert [client.post("/login", environ_overrides=changed, **asked).status_code for changed in overrides] == [401, 401, 429]
    assert host.tried == ["ada", "ada"]


def test_trap_21_takes_no_header_for_an_address(framework: str) -> None:
    """Trap 21: forged forwarding headers begin no count anew."""
    host = Host(framework)
    forged = [{name: f"198.51.100.{i}"} for i, name in enumerate(("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "Forwarded"))]
    statuses = [host.ask("GET", "/page", headers=headers)[0] for headers in (*forged, {"X-Forwarded-For": "198.51.100.200"})]
    assert statuses == [200] * 4 + [429]


def test_trap_21_counts_whom_a_declared_proxy_names(framework: str) -> None:
    """Trap 21: behind a declared proxy each visitor has his own count, by the hop that the proxy itself saw."""
    host = Host(framework, trusted_proxies=TrustedProxiesSettings(proxies=("10.0.0.0/8",), header="x-forwarded"))
    proxied = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "clinic.example"}
    spoofed = [
        host.ask("GET", "/page", peer="10.0.0.1", headers={**proxied, "X-Forwarded-For": f"192.0.2.{i}, 203.0.113.50"})[0] for i in range(5)
    ]
    assert spoofed == [200] * 4 + [429]
    assert host.ask("GET", "/page", peer="10.0.0.2", headers={**proxied, "X-Forwarded-For": "203.0.113.50"})[0] == 429
    assert host.ask("GET", "/page", peer="10.0.0.1", headers={**proxied, "X-Forwarded-For": "203.0.113.51"})[0] == 200


def test_trap_23_a_good_login_clears_nothing(framework: str) -> None:
    """Trap 23: signing in between guesses leaves the count of the address where it is."""
    host = Host(framework)
    for i in range(4):
        assert host.login(f"own{i}", password="right") == 200
        assert host.login(f"victim{i}") == 401
    assert host.login("own9", password="right") == 429


def test_holds_a_marked_route_to_its_class(framework: str) -> None:
    """A mark on the handler decides; a route with a reason is counted at arrival alone."""
    host = Host(framework)
    assert [host.ask("GET", "/costly")[0] for _ in range(2)] == [200, 429]
    assert [host.ask("GET", "/health")[0] for _ in range(20)] == [200] * 20


def test_resets_nothing_by_another_spelling(framework: str) -> None:
    """A query, a slash, a letter case or a method more is the same client."""
    host = Host(framework)
    paths = ["/page?a=1", "/page?a=2", "/page", "/page?"]
    assert [host.ask("GET", path)[0] for path in paths] == [200] * 4
    again = [
        host.ask(method, path)[0]
        for method, path in [("GET", "/page?b"), ("HEAD", "/page"), ("GET", "//page"), ("GET", "/PAGE"), ("GET", "/page/")]
    ]
    assert 200 not in again


def test_observes_without_refusing(framework: str) -> None:
    """In observe the answers stay, and the operator reads what would have been refused."""
    host = Host(framework, mode="observe")
    assert [host.ask("GET", "/page")[0] for _ in range(5)] == [200] * 5
    assert host.told == ["address-over-limit"]


def test_lets_a_test_suite_of_this_machine_work(framework: str) -> None:
    """The same user may sign in for every test; in production this machine is like any other."""
    host = Host(framework)
    peer = "127.0.0.1" if host.is_flask else "testclient"
    assert [host.login("ada", peer=peer, password="right") for _ in range(50)] == [200] * 50
    assert host.login("ada", peer=peer, headers={"X-Forwarded-For": "198.51.100.1"}) == 401


@pytest.mark.parametrize("asgi", ["fastapi", "starlette"])
def test_counts_handshakes(asgi: str) -> None:
    """A socket is a request like another until it stands."""
    client = TestClient(Host(asgi).app, base_url=ORIGIN, client=("203.0.113.9", 50000))
    address, headers = "wss://clinic.example/live", {"Host": "clinic.example", "Origin": ORIGIN}
    for _ in range(4):
        with client.websocket_connect(address, headers=headers):
            pass
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect(address, headers=headers):
        pass
    assert denied.value.status_code == 429


@pytest.mark.parametrize("mark", [("serch", ""), ("none", ""), ("login", "no other class takes one"), (" ", "")])
def test_refuses_a_mark_that_limits_nothing(mark: tuple[str, str]) -> None:
    """A mistyped class stops production's start; "none" without a reason is no mark at all."""
    name, reason = mark
    if name != "serch":
        with pytest.raises(ValueError, match="rate_limited"):
            rate_limited(name, reason=reason)
        return
    app = FastAPI()
    app.get("/page")(rate_limited(name)(OPEN(lambda: "fine")))
    ringwork.protect(app, Policy(origin=ORIGIN, mode="production"))  # type: ignore[arg-type]  # a word
    with pytest.raises(PolicyInvalid, match="serch"), TestClient(app, base_url=ORIGIN):
        pass


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[redis_server.Server]:
    """A server of this test alone, which it may stop."""
    if not redis_server.is_installed():
        pytest.skip("redis-server is not installed; ./run setup-system")
    with redis_server.running(tmp_path) as server:
        yield server


@pytest.mark.real
def test_shares_limits_through_redis_and_survives_its_outage(framework: str, redis: redis_server.Server) -> None:
    """Two applications on one server share what they count; without it entrances close, pages go on, and it comes back."""
    shared = {"store": redis.url, "key": Secret(b"k" * 32)}
    one, two = Host(framework, **shared), Host(framework, **shared)
    assert [host.ask("GET", "/page")[0] for host in (one, two, one, two, one)] == [200] * 4 + [429]
    assert one.login("ada") == 401
    redis.stop()
    assert one.login("ada") == 503
    assert [one.ask("GET", "/page", peer="203.0.113.77")[0] for _ in range(5)] == [200] * 4 + [429]
    assert two.ask("GET", "/page", peer="203.0.113.77")[0] == 200  # each process alone
    assert two.ask("GET", "/page", peer="203.0.113.77")[0] == 200
    assert two.told.count("store-down") == 1
    redis.start()
    for host in (one, two):
        vars(host.app)["__ringwork_installation__"].stores.server._rest_until = 0.0  # the second has passed
    assert [one.login("ada"), two.login("ada"), one.login("ada")] == [401, 401, 429]
