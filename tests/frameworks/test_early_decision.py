"""Where nothing of the application's own stands before the router, a request is decided outside the framework's layers; else inside."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

import ringwork
from ringwork import public, requires
from tests.frameworks.hosts import policy


class Through:
    """A layer of the application that does nothing, as far as anybody can know."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        Through.count += scope["type"] == "http"
        await self.app(scope, receive, send)

    count = 0


def application(reached: list[str]) -> Starlette:
    async def open_page(request: Request) -> Response:
        reached.append("open")
        return PlainTextResponse("fine")

    async def closed(request: Request) -> Response:
        reached.append("closed")
        return PlainTextResponse(request.path_params["n"])

    async def write(request: Request) -> Response:
        reached.append("write")
        return PlainTextResponse("written")

    async def broken(request: Request) -> Response:
        raise HTTPException(418, "short and stout")

    inner = [Route("/closed/{n}", requires("admin")(closed))]
    return Starlette(
        routes=[
            Route("/open", public("open")(open_page)),
            Route("/write", requires()(write), methods=["POST"]),
            Route("/broken", public("broken")(broken)),
            Mount("/inner", routes=inner),
        ],
        exception_handlers={418: lambda request, error: PlainTextResponse("teapot", 418)},
    )


def guarded(*, with_layer: bool, reached: list[str]) -> TestClient:
    app = application(reached)
    if with_layer:
        app.add_middleware(Through)
    return TestClient(ringwork.protect(app, policy()), base_url="https://clinic.example", follow_redirects=False)


ASKED = [
    ("GET", "/open", {}),
    ("HEAD", "/open", {}),
    ("POST", "/open", {"cookie": "__Host-user=ada"}),
    ("GET", "/nowhere", {}),
    ("GET", "/broken", {}),
    ("POST", "/write", {}),
    ("POST", "/write", {"cookie": "__Host-user=ada"}),
    ("POST", "/write", {"cookie": "__Host-user=ada", "sec-fetch-site": "same-origin"}),
    ("GET", "/inner/closed/7", {}),
    ("GET", "/inner/closed/7", {"cookie": "__Host-user=ada"}),
    ("GET", "/inner/closed/7", {"cookie": "__Host-user=erin"}),
    ("GET", "/inner/nothing", {}),
    ("GET", "/open", {"cookie": "__Host-user=broken"}),
    ("POST", "/write", {"cookie": "__Host-user=broken"}),
]


@pytest.mark.parametrize(("method", "path", "headers"), ASKED)
def test_answers_the_same_whether_it_decides_outside_or_inside(method: str, path: str, headers: dict[str, str]) -> None:
    """Where a request is decided is a matter of speed alone."""
    told = []
    for with_layer in (False, True):
        reached: list[str] = []
        answer = guarded(with_layer=with_layer, reached=reached).request(method, path, headers=headers)
        changing = {"incident-id", "date", "content-security-policy"}
        kept = {name: value for name, value in answer.headers.items() if name not in changing}
        told.append((answer.status_code, kept, answer.text.partition('"incident"')[0].partition("number: <code>")[0], reached))
    assert told[0] == told[1]


def test_the_answers_above_are_of_many_kinds() -> None:
    """Else the comparison would hold nothing apart."""
    reached: list[str] = []
    client = guarded(with_layer=False, reached=reached)
    assert {client.request(m, p, headers=h).status_code for m, p, h in ASKED} >= {200, 401, 403, 404, 405, 418, 503}
    assert {"open", "closed", "write"} <= set(reached)


def test_asks_no_layer_of_the_framework_for_a_refusal() -> None:
    """A refusal is cheap only where nothing is built for it."""
    client = guarded(with_layer=False, reached=[])
    assert client.get("/open").status_code == 200
    outer: Any = client.app.middleware_stack  # type: ignore[attr-defined]  # Starlette's own
    inner, asked = outer.app, []

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await inner(scope, receive, send)

    outer.app = counting
    assert client.get("/inner/closed/7").status_code == 401
    assert client.get("/open").status_code == 200
    assert asked == ["/open"]


def test_asks_a_layer_of_the_application_before_it_decides() -> None:
    """It may know the session by which the user is found."""
    Through.count = 0
    assert guarded(with_layer=True, reached=[]).get("/inner/closed/7").status_code == 401
    assert Through.count == 1
