"""The short way to a handler: the same answers and calls as the framework's own, whoever's code stands on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, Router
from starlette.testclient import TestClient

import ringwork
from ringwork.frameworks import straight_route
from tests.frameworks.hosts import policy

Ran = list[str]
ASKED = ["/name/ada", "/name/gone", "/name/fault", "/scope", "/part/ada", "/inner/ada", "/missing", "/name/ada/"]


async def nobody(request: Any) -> None:
    """Nobody asks here: all pages are open."""


class Loud(APIRoute):
    """A route whose own handle does more."""

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        scope["state"]["loud"] = "yes"
        await super().handle(scope, receive, send)


class Noting:
    """A layer inside a router."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {})["noted"] = "yes"
        await self.app(scope, receive, send)


def of_fastapi(ran: Ran, **given: Any) -> FastAPI:
    """Handlers that answer, refuse, fail and look at their scope; a router that is included, an application that is mounted."""
    app = FastAPI(openapi_url=None, **given)
    is_public = ringwork.public("a test")

    async def before() -> str:
        ran.append("depended")
        return "before"

    @app.get("/name/{name}")
    @is_public
    async def named(name: str, told: BackgroundTasks, before: str = Depends(before)) -> dict[str, str]:  # noqa: FAST002  # a local name
        if name == "gone":
            raise HTTPException(410)
        if name == "fault":
            raise LookupError(name)
        told.add_task(ran.append, f"behind {name}")
        return {"name": name, "before": before}

    @app.get("/scope")
    @is_public
    async def scope(request: Request) -> list[Any]:
        return [
            request.scope["route"].path,
            request.scope["endpoint"].__name__,
            request.scope["path_params"],
            request.scope["router"] is app.router,
            request.scope.get("state", {}).get("loud"),
            request.scope.get("state", {}).get("noted"),
            str(request.url_for("named", name="ada")),
        ]

    part = APIRouter(prefix="/part")
    part.get("/{name}")(_greet)
    app.include_router(part)
    app.mount("/inner", _inner())
    return app


@ringwork.public("a test")
async def _greet(name: str) -> str:
    return f"hello {name}"


def _inner() -> FastAPI:
    inner = FastAPI(openapi_url=None)
    inner.get("/{name}")(_greet)
    return inner


def of_starlette(ran: Ran) -> Starlette:
    """The same on Starlette."""

    @ringwork.public("a test")
    async def named(request: Any) -> PlainTextResponse:
        if request.path_params["name"] == "fault":
            raise LookupError
        ran.append(request.scope["route"].path)
        return PlainTextResponse(f"{request.path_params} {request.scope['endpoint'] is named} {request.scope['router'] is app.router}")

    routes = [Route("/name/{name}", named), Mount("/inner", routes=[Route("/{name}", named)])]
    app = Starlette(routes=routes)
    return app


def own_routes(ran: Ran) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.router.route_class = Loud
    app.get("/name/{name}")(_greet)
    app.get("/scope")(_loud)
    return app


@ringwork.public("a test")
async def _loud(request: Request) -> Any:
    return request.scope["state"].get("loud")


def routers_own_layer(ran: Ran) -> Starlette:
    async def noted(request: Any) -> PlainTextResponse:
        return PlainTextResponse(str(request.scope.get("state", {}).get("noted")))

    app = Starlette()
    app.router = Router([Route("/scope", ringwork.public("a test")(noted))], middleware=[Middleware(Noting)])
    return app


def answers(app: Any, ran: Ran) -> list[Any]:
    """What each page answers, twice, and what ran for it. Bodies of errors are ringwork's own, and left out."""
    found = list[Any]()
    with TestClient(app, base_url="https://clinic.example", raise_server_exceptions=False, follow_redirects=False) as client:
        for path in ASKED * 2:
            answer = client.get(path)
            found.append((path, answer.status_code, answer.text if answer.status_code < 400 else "", [*ran]))
            ran.clear()
    return found


@pytest.mark.parametrize("build", [of_fastapi, of_starlette, own_routes, routers_own_layer])
def test_answers_and_runs_as_the_framework_itself_does(build: Callable[[Ran], Any]) -> None:
    """Dependencies, background tasks, faults, scopes, routes of one's own class and layers in a router: guarded and bare agree."""
    bare, guarded = Ran(), Ran()
    asked = policy(events=lambda event: None, identify=nobody)
    assert answers(ringwork.protect(build(guarded), asked), guarded) == answers(build(bare), bare)


def test_the_short_way_is_taken_where_the_framework_reads_as_it_did() -> None:
    """The installed versions are known, so that a new one which says something else is seen here."""
    app = of_fastapi(Ran())
    assert straight_route.way_to(app.router, app.router.routes[0]) is not None
    plain = of_starlette(Ran())
    assert straight_route.way_to(plain.router, plain.router.routes[0]) is not None
    own = own_routes(Ran())
    assert straight_route.way_to(own.router, own.router.routes[0]) is None
    layered = routers_own_layer(Ran())
    assert straight_route.way_to(layered.router, layered.router.routes[0]) is None


@pytest.mark.parametrize(("kind", "name"), [(APIRoute, "handle"), (APIRouter, "app"), (Router, "__call__"), (Route, "handle")])
def test_somebody_elses_code_on_the_way_is_never_passed(kind: type, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a tool that measures or refuses in a framework's own method, and would not be asked."""
    app = of_fastapi(Ran())
    original = getattr(kind, name)

    async def wrapped(self: Any, scope: Any, receive: Any, send: Any) -> None:
        await original(self, scope, receive, send)

    monkeypatch.setattr(kind, name, wrapped)
    assert straight_route.way_to(app.router, app.router.routes[0]) is None


def test_a_layer_that_comes_into_the_router_later_is_asked() -> None:
    """What is put round a router after its first request sees each one that follows."""
    ran = Ran()
    app = ringwork.protect(of_fastapi(ran), policy(events=lambda event: None, identify=nobody))
    with TestClient(app, base_url="https://clinic.example") as client:
        assert client.get("/scope").json()[5] is None
        app.router.middleware_stack = Noting(app.router.middleware_stack)
        assert client.get("/scope").json()[5] == "yes"


@pytest.mark.parametrize(
    ("build", "kind", "name"),
    [
        (build, kind, name)
        for build, router, route in ((of_fastapi, APIRouter, APIRoute), (of_starlette, Router, Route))
        for kind, name in ((router, "__call__"), (route, "handle"), (Route, "handle"), (Router, "__call__"))
    ],
)
def test_a_method_that_is_replaced_in_the_class_later_is_called(
    build: Callable[[Ran], Any], kind: type, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tools put their own round a framework's methods after the first request too; taken out they are gone."""
    ran = Ran()
    app = ringwork.protect(build(ran), policy(events=lambda event: None, identify=nobody))
    before = getattr(kind, name)

    async def noted(self: Any, scope: Any, receive: Any, send: Any) -> None:
        ran.append(name)
        await before(self, scope, receive, send)

    with TestClient(app, base_url="https://clinic.example") as client:
        for is_noted in (False, True, False):
            ran.clear()
            with monkeypatch.context() as patched:
                if is_noted:
                    patched.setattr(kind, name, noted)
                assert client.get("/name/ada").status_code == 200
            assert (name in ran) is is_noted


def test_a_route_whose_own_handling_is_replaced_later_is_asked() -> None:
    """The same of one route alone."""
    ran = Ran()
    app = ringwork.protect(of_starlette(ran), policy(events=lambda event: None, identify=nobody))
    with TestClient(app, base_url="https://clinic.example") as client:
        assert client.get("/name/ada").status_code == 200
        route: Any = app.router.routes[0]
        before = route.handle

        async def noted(scope: Any, receive: Any, send: Any) -> None:
            ran.append("handle")
            await before(scope, receive, send)

        route.handle = noted
        assert client.get("/name/ada").status_code == 200
    assert "handle" in ran
