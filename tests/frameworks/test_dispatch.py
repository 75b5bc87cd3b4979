"""Attacks on the way from a path to its rule: what is refused is refused before the handler runs, not after."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

import ringwork
from ringwork import public, requires
from tests.frameworks.hosts import policy

OPEN = public("a test")
ADMIN = requires("admin")


class Doing:
    """Handlers that note that they ran."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def handler(self, name: str) -> Callable[[Any], Any]:
        async def handle(request: Any = None) -> Response:
            self.done.append(name)
            return PlainTextResponse(name)

        return handle


def client(app: Any, **more: Any) -> TestClient:
    return TestClient(
        ringwork.protect(app, policy(**more)), base_url="https://clinic.example", follow_redirects=False, raise_server_exceptions=False
    )


def starlette_with_admin(doing: Doing) -> Starlette:
    any_name = Route("/{name}", OPEN(doing.handler("any")), methods=["GET", "POST"])
    return Starlette(routes=[Route("/admin", ADMIN(doing.handler("admin")), methods=["POST"]), any_name])


def fastapi_with_admin(doing: Doing) -> FastAPI:
    app, inner = FastAPI(openapi_url=None), APIRouter()
    inner.add_api_route("/admin", ADMIN(doing.handler("admin")), methods=["POST"])
    inner.add_api_route("/{name}", OPEN(doing.handler("any")), methods=["GET", "POST"])
    app.include_router(inner)
    return app


def _with_default(where: str, default: Any, home: Any) -> Starlette:
    """An application whose router, or a mounted one, calls `default` for what no route takes."""
    if where == "mounted":
        return Starlette(routes=[Mount("/r", Router([Route("/a", home)], default=default))])
    app = Starlette(routes=[Route("/r/a", home)]) if where == "starlette" else FastAPI(routes=[Route("/r/a", home)], openapi_url=None)
    app.router.default = default
    return app


@pytest.mark.parametrize("where", ["mounted", "starlette", "fastapi"])
@pytest.mark.parametrize("is_marked", [False, True])
def test_what_a_router_calls_where_no_route_matches_needs_a_rule(where: str, is_marked: bool) -> None:
    """Against an effect that comes before its refusal: a router notes no endpoint when it calls its default."""
    done: list[str] = []

    async def rest(scope: Any, receive: Any, send: Any) -> None:
        done.append(scope["type"])
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close"})
            return
        await PlainTextResponse("rest")(scope, receive, send)

    visitor = client(_with_default(where, OPEN(rest) if is_marked else rest, OPEN(Doing().handler("home"))))
    assert visitor.get("/r/a").text == "home"
    assert visitor.get("/r/x").status_code == (200 if is_marked else 403)
    with (
        contextlib.suppress(WebSocketDisconnect, WebSocketDenialResponse),
        visitor.websocket_connect("wss://clinic.example/r/x", headers={"origin": "https://clinic.example"}),
    ):
        pass
    assert done == (["http", "websocket"] if is_marked else [])


def test_the_404_of_a_router_needs_none() -> None:
    """What nobody put there is the framework's own."""
    visitor = client(Starlette(routes=[Mount("/r", Router([Route("/a", OPEN(Doing().handler("home")))]))]))
    assert visitor.get("/r/x").status_code == 404


@pytest.mark.parametrize("build", [starlette_with_admin, fastapi_with_admin])
def test_reads_a_path_with_a_line_end_as_the_router_does(build: Callable[[Doing], Any]) -> None:
    """Trap 8: a route's "$" looks over one line end, so "/admin%0a" reaches /admin."""
    doing = Doing()
    assert client(build(doing)).post("/admin%0a").status_code == 401
    assert doing.done == []


@pytest.mark.parametrize("public_first", [True, False])
def test_reads_a_router_under_the_routers_around_it_in_each_place(public_first: bool) -> None:
    """One router included under an open and a closed one keeps both rules, whichever comes first."""
    doing, app, whole, inner = Doing(), FastAPI(openapi_url=None), APIRouter(), APIRouter()
    inner.add_api_route("/x", doing.handler("x"))
    first, second = OPEN(APIRouter(prefix="/open")), ADMIN(APIRouter(prefix="/closed"))
    for outer in (first, second) if public_first else (second, first):
        outer.include_router(inner)
        whole.include_router(outer)
    app.include_router(whole)
    guarded = client(app)
    assert (guarded.get("/open/x").status_code, guarded.get("/closed/x").status_code) == (200, 401)
    assert doing.done == ["x"]


@pytest.mark.parametrize("asked_first", ["/open/x", "/closed/x"])
@pytest.mark.parametrize("mounts", ["one application", "one route"])
def test_holds_a_route_under_two_mounts_to_the_rule_of_each_whichever_is_asked_first(mounts: str, asked_first: str) -> None:
    """The plan of the place that was asked first stood for the other: after one open request the closed one let everybody in."""
    doing = Doing()
    route = Route("/x", doing.handler("x"))
    inner = {"one application": {"app": Starlette(routes=[route])}, "one route": {"routes": [route]}}[mounts]
    app = Starlette(routes=[Mount("/open", **inner), Mount("/closed", **inner)])
    guarded = client(app, rules={"GET /open/x": OPEN, "GET /closed/x": ADMIN})
    guarded.get(asked_first)
    assert (guarded.get("/open/x").status_code, guarded.get("/closed/x").status_code) == (200, 401)


def test_sees_a_list_of_routes_that_was_put_in_place_of_another() -> None:
    """A new list object of the same length would leave the old index in charge."""
    doing = Doing()
    app = Starlette(routes=[Route("/a", OPEN(doing.handler("a")))])
    guarded = client(app)
    assert guarded.get("/a").status_code == 200
    app.router.routes = [Route("/b", ADMIN(doing.handler("b")))]
    assert (guarded.get("/a").status_code, guarded.get("/b").status_code) == (404, 401)
    assert doing.done == ["a"]


def test_sees_a_route_that_was_replaced_in_its_place() -> None:
    """The number of routes stays the same; the first one is another."""
    doing = Doing()
    app = Starlette(routes=[Route("/a", OPEN(doing.handler("a"))), Route("/{name}", OPEN(doing.handler("any")))])
    guarded = client(app)
    assert guarded.get("/b").status_code == 200
    app.router.routes[0] = Route("/{name}", ADMIN(doing.handler("secret")))
    assert guarded.get("/b").status_code == 401
    assert doing.done == ["any"]


class Moved:
    """A mounted application that reads another path than the one that was decided on."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["path"] = "/inside/secret"
        await self.app(scope, receive, send)


@pytest.mark.parametrize("path", ["/inside/open", "/inside/nothing"])
def test_stops_a_handler_that_nobody_decided_on_before_it_runs(path: str) -> None:
    """Whatever made the router take another way: the refusal comes before the effect."""
    doing, events = Doing(), list[Any]()
    inner = Starlette(routes=[Route("/open", OPEN(doing.handler("open"))), Route("/secret", ADMIN(doing.handler("secret")))])
    inner.add_middleware(Moved)
    answer = client(Starlette(routes=[Mount("/inside", inner)]), events=events.append).get(path)
    assert answer.status_code == 403
    assert doing.done == []
    assert [event.reason for event in events] == ["other-handler"]


@pytest.mark.parametrize("path", ["/inside/open", "/open"])
def test_still_says_which_methods_a_path_takes(path: str) -> None:
    """405 is the framework's own answer, inside mounts too."""
    doing = Doing()
    routes = [Route("/open", OPEN(doing.handler("open")))]
    answer = client(Starlette(routes=[*routes, Mount("/inside", routes=routes)])).delete(path)
    assert (answer.status_code, doing.done) == (405, [])


@pytest.mark.parametrize(("cookie", "method", "status"), [("", "GET", 401), ("__Host-user=erin", "GET", 200), ("", "DELETE", 405)])
def test_sees_into_a_fastapi_application_that_plain_starlette_mounts(cookie: str, method: str, status: int) -> None:
    """Its included routers are read by FastAPI's own walk; a rule on the mount must not stand for all of them."""
    doing, mounted, inner = Doing(), FastAPI(openapi_url=None), APIRouter(prefix="/inner")
    inner.add_api_route("/a", ADMIN(doing.handler("a")))
    mounted.include_router(inner)
    guarded = client(Starlette(routes=[Mount("/sub", OPEN(mounted))]))
    answer = guarded.request(method, "/sub/inner/a", headers={"Cookie": cookie} if cookie else {})
    assert (answer.status_code, doing.done) == (status, ["a"] if status == 200 else [])


def test_drops_a_header_that_is_spelled_with_underscores() -> None:
    """A mounted WSGI application reads X_Forwarded_Host and X-Forwarded-Host as one."""

    async def names(request: Any) -> Response:
        return PlainTextResponse(" ".join(request.headers))

    headers = {"X_Forwarded_Host": "evil.example", "X_HTTP_Method-Override": "DELETE", "X_Own": "kept"}
    seen = client(Starlette(routes=[Route("/names", OPEN(names))])).get("/names", headers=headers).text.split()
    assert "x_own" in seen
    assert not {"x_forwarded_host", "x_http_method-override"} & set(seen)


async def _live(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


@pytest.mark.parametrize(("origin", "opened"), [("https://clinic.example", True), ("https://evil.example", False), (None, False)])
@pytest.mark.parametrize("rule", [OPEN, requires()])
def test_opens_a_socket_with_a_cookie_to_the_sites_own_pages_only(rule: Any, origin: str | None, opened: bool) -> None:
    """Against WebSocket hijacking, on open routes too: their handlers read the cookie all the same."""

    async def live(websocket: WebSocket) -> None:
        await _live(websocket)

    guarded = client(Starlette(routes=[WebSocketRoute("/live", rule(live))]))
    headers = {"host": "clinic.example", "cookie": "__Host-user=alice", **({"origin": origin} if origin else {})}
    if opened:
        with guarded.websocket_connect("wss://clinic.example/live", headers=headers) as socket:
            assert socket.receive_text() == "hello"
        return
    with pytest.raises(WebSocketDisconnect), guarded.websocket_connect("wss://clinic.example/live", headers=headers):
        pass


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize(("mode", "status"), [("enforce", 403), ("observe", 200)])
def test_takes_a_form_that_cannot_be_read_for_no_form(content_type: str, mode: str, status: int) -> None:
    """A parser's exception must not become a 500, nor change an answer in observe."""
    doing = Doing()
    app = Starlette(routes=[Route("/w", OPEN(doing.handler("w")), methods=["POST"])])
    headers = {"Origin": "https://clinic.example", "Content-Type": content_type, "Cookie": "__Host-session=1"}
    # A plain form of so many fields does not come as far as the parser: network.request-limits counts them first.
    expected = 400 if mode == "enforce" and content_type.startswith("application/") else status
    assert client(app, mode=mode).post("/w", headers=headers, content="a=1&" * 1100).status_code == expected
    assert bool(doing.done) is (status == 200)


@pytest.mark.parametrize("error", [asyncio.CancelledError(), SystemExit(3), BaseExceptionGroup("x", [KeyboardInterrupt()])])
def test_answers_cleanly_when_a_handler_raises_past_every_except(error: BaseException) -> None:
    """The server's own bare 500 would leave without any header."""

    async def handler(request: Any) -> Response:
        raise error

    sent: list[Any] = []
    app = ringwork.protect(Starlette(routes=[Route("/x", OPEN(handler))]), policy(events=lambda event: None))
    scope = {
        "type": "http", "method": "GET", "path": "/x", "raw_path": b"/x", "scheme": "https", "headers": [(b"host", b"clinic.example")],
        "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    async def serve() -> BaseException | None:
        try:
            await app(scope, receive, send)
        except BaseException as raised:  # noqa: BLE001  # what the server would get
            return raised
        return None

    raised = asyncio.run(serve())
    assert sent[0]["status"] == 500
    assert (b"x-content-type-options", b"nosniff") in sent[0]["headers"]
    assert raised is (None if isinstance(error, asyncio.CancelledError) else error)


class Copying:
    """A middleware of a mounted application that hands on a copy of the scope, with one path in place of another."""

    def __init__(self, app: Any, *, instead: dict[str, str]) -> None:
        self.app, self.instead = app, instead

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app({**scope, "path": self.instead.get(scope["path"], scope["path"])}, receive, send)


@pytest.mark.parametrize("owner", [Starlette, Router])
def test_stops_a_mounted_application_that_leads_an_open_path_to_a_closed_handler_in_a_copied_scope(owner: Any) -> None:
    """The copy told nobody which handler was reached, so it ran, and its answer left, by the rule of the path that came."""
    doing = Doing()
    routes = [Route("/open", OPEN(doing.handler("open"))), Route("/closed", ADMIN(doing.handler("closed")))]
    inner = owner(routes=routes, middleware=[Middleware(Copying, instead={"/in/open": "/in/closed"})])
    guarded = client(Starlette(routes=[Mount("/in", app=inner)]))
    assert (guarded.get("/in/open").status_code, guarded.get("/in/closed").status_code) == (403, 401)
    assert doing.done == []


@pytest.mark.parametrize("owner", [Starlette, Router])
def test_serves_a_mounted_application_whose_middleware_copies_the_scope(owner: Any) -> None:
    """A copy that leads where it was going is no fault."""
    doing = Doing()
    inner = owner(routes=[Route("/open", OPEN(doing.handler("open")))], middleware=[Middleware(Copying, instead={})])
    guarded = client(Starlette(routes=[Mount("/in", app=inner)]))
    assert [guarded.get("/in/open").text for _ in range(2)] == ["open", "open"]
