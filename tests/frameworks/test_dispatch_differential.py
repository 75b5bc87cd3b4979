"""The guarded application reaches the handler that the bare one reaches, with the same parameters: over random tables of routes.

The gate shows the router its own route first (frameworks/starlette.py, Routes); whatever that changed would be seen here.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

import ringwork
from ringwork import Policy, public

ORIGIN = "https://clinic.example"
OPEN = public("a handler of the differential test")
PATHS = ["/", "/a", "/a/", "/a/b", "/a/{x}", "/a/{x:int}", "/{x}", "/{x:path}", "/b/{x}/c", "/b/{x}/", "/a/b/c"]
METHODS = [["GET"], ["POST"], ["GET", "POST"], ["DELETE"]]
ASKED = [
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/a/b/",
    "/a/7",
    "/b/1/c",
    "/b/1",
    "/b/1/",
    "/m/a",
    "/m/a/",
    "/m/",
    "/m",
    "/zz",
    "/a/b/c",
    "//a",
    "/a//b",
]
TABLE = st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(METHODS)), min_size=1, max_size=7)


def handler(number: int) -> Any:
    async def answer(request: Request) -> JSONResponse:
        return JSONResponse({"handler": number, "parameters": {name: str(value) for name, value in request.path_params.items()}})

    return OPEN(answer)


def routes_of(table: list[tuple[str, list[str]]], start: int = 0) -> list[Any]:
    return [Route(path, handler(start + i), methods=methods) for i, (path, methods) in enumerate(table)]


def starlette_app(table: Any, inside: Any, place: int) -> Starlette:
    routes = routes_of(table)
    routes.insert(min(place, len(routes)), Mount("/m", routes=routes_of(inside, 100)))
    return Starlette(routes=routes)


def fastapi_app(table: Any, inside: Any, place: int) -> FastAPI:
    app, router = FastAPI(openapi_url=None), APIRouter(prefix="/m")
    for i, (path, methods) in enumerate(inside):
        router.add_api_route(path, handler(100 + i), methods=methods)
    for i, (path, methods) in enumerate(table):
        if i == place:
            app.include_router(router)
        app.add_api_route(path, handler(i), methods=methods)
    return app


def seen(client: TestClient, method: str, path: str) -> tuple[int, str, object]:
    answer = client.request(method, path)
    body = answer.json() if answer.status_code == 200 else None
    return answer.status_code, answer.headers.get("location", ""), body


def compare(bare: Any, guarded: Any, late: Any) -> None:
    ringwork.protect(guarded, Policy(origin=ORIGIN, events=lambda event: None))
    told = {"base_url": ORIGIN, "follow_redirects": False}
    with TestClient(bare, **told) as one, TestClient(guarded, **told) as other:
        for turn in range(2):
            for path in ASKED:
                for method in ("GET", "POST"):
                    assert seen(other, method, path) == seen(one, method, path), (method, path, turn)
            for app in (bare, guarded):  # a route that comes later is found by both in the same place
                app.router.routes.insert(0, Route(late, handler(900), methods=["GET"]))


@settings(max_examples=20, deadline=None)
@given(table=TABLE, inside=TABLE, place=st.integers(0, 6), late=st.sampled_from(PATHS))
def test_starlette_dispatches_as_if_unguarded(table: Any, inside: Any, place: int, late: str) -> None:
    """Mounts, converters, catch-alls, slash redirects, other methods and late routes."""
    compare(starlette_app(table, inside, place), starlette_app(table, inside, place), late)


@settings(max_examples=20, deadline=None)
@given(table=TABLE, inside=TABLE, place=st.integers(0, 6), late=st.sampled_from(PATHS))
def test_fastapi_dispatches_as_if_unguarded(table: Any, inside: Any, place: int, late: str) -> None:
    """The same with an included router among the routes."""
    compare(fastapi_app(table, inside, place), fastapi_app(table, inside, place), late)


def test_a_handler_that_lists_the_routes_sees_them_all_in_their_order() -> None:
    """Only the router's own question is shortened, once; url_for and the like read the list as it is."""

    async def listing(request: Request) -> JSONResponse:
        return JSONResponse([route.path for route in request.app.routes])

    OPEN(listing)
    app = Starlette(routes=[Route(path, listing) for path in ("/one", "/two", "/three")])
    client = TestClient(ringwork.protect(app, Policy(origin=ORIGIN)), base_url=ORIGIN)
    assert client.get("/three").json() == ["/one", "/two", "/three"]
