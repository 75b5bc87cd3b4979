"""FastAPI's live, nested routers: what is listed is what is served, and nothing else is reached."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse
from starlette.responses import Response
from starlette.testclient import TestClient

import ringwork
from ringwork.frameworks import fastapi as adapter
from tests.frameworks.hosts import policy


def nested() -> tuple[FastAPI, APIRouter]:
    """An application with a router in a router in a mount, and a catch-all at the end."""
    app, outer, inner, mounted = (
        FastAPI(openapi_url=None),
        APIRouter(prefix="/outer"),
        APIRouter(prefix="/inner"),
        FastAPI(openapi_url=None),
    )

    def here(name: str) -> Any:
        async def handler() -> Response:
            return PlainTextResponse(name)

        return ringwork.public("a test")(handler)

    inner.add_api_route("/a/{n}", here("inner a"))
    inner.add_api_route("/a/fixed", here("never reached"))
    outer.include_router(inner)
    outer.add_api_route("/b", here("outer b"), methods=["GET", "PUT"])
    mounted.include_router(inner, prefix="/again")
    app.add_api_route("/outer/inner/a/first", here("before the router"))
    app.include_router(outer)
    app.mount("/mounted", mounted)
    app.add_api_route("/{rest:path}", here("the rest"))
    return app, inner


PATHS = [
    ("/outer/inner/a/first", "before the router"),
    ("/outer/inner/a/7", "inner a"),
    ("/outer/inner/a/fixed", "inner a"),
    ("/outer/b", "outer b"),
    ("/mounted/again/inner/a/7", "inner a"),
    ("/elsewhere/at/all", "the rest"),
    ("/outer", "the rest"),
]


@pytest.mark.parametrize(("path", "expected"), PATHS)
def test_decides_on_the_handler_that_the_router_then_takes(path: str, expected: str) -> None:
    """A rule is read from the very route that answers; another handler would be refused as other-handler."""
    app, _ = nested()
    bare = TestClient(app, base_url="https://clinic.example").get(path)
    app, _ = nested()
    events: list[Any] = []
    guarded = TestClient(ringwork.protect(app, policy(events=events.append)), base_url="https://clinic.example").get(path)
    assert (bare.text, guarded.text) == (expected, expected)
    assert not events


def test_lists_every_way_in_with_its_whole_prefix() -> None:
    """Walking app.routes alone would miss every included route."""
    app, _ = nested()
    listed = {route.path for route in adapter.list_routes(app)}
    assert {"/outer/inner/a/{n}", "/outer/b", "/mounted/again/inner/a/{n}", "/{rest:path}"} <= listed


def test_covers_a_route_added_to_an_included_router_after_the_start() -> None:
    """Inclusion is live: the new route is served at once, so it is refused at once."""
    app, inner = nested()
    client = TestClient(ringwork.protect(app, policy()), base_url="https://clinic.example")
    assert client.get("/outer/b").status_code == 200
    inner.add_api_route("/late", lambda: "late", methods=["POST"])
    assert client.post("/outer/inner/late", headers={"Origin": "https://clinic.example"}).status_code == 403


def test_serves_a_front_end_by_its_rule(tmp_path: Path) -> None:
    """Front ends stand outside the ordinary routes; without a rule they are refused as well."""
    (tmp_path / "index.html").write_text("<!doctype html><title>front</title>", encoding="utf-8")
    for rules, status in (({}, 403), ({"GET /": ringwork.public("the front end")}, 200)):
        app = FastAPI(openapi_url=None)
        app.frontend("/", directory=str(tmp_path))
        client = TestClient(ringwork.protect(app, policy(rules=rules)), base_url="https://clinic.example")
        assert client.get("/index.html").status_code == status


def test_the_documents_of_fastapi_are_refused_until_somebody_opens_them() -> None:
    """/docs and the schema are routes like any other."""
    client = TestClient(ringwork.protect(FastAPI(), policy()), base_url="https://clinic.example")
    assert client.get("/openapi.json").status_code == 403
    opened = ringwork.protect(FastAPI(), policy(rules={"GET /openapi.json": ringwork.public("the schema")}))
    assert TestClient(opened, base_url="https://clinic.example").get("/openapi.json").status_code == 200


def waiting(seconds: float) -> Any:
    """An identify that has to wait for something, as one that asks a database does."""

    async def identify(request: Any) -> ringwork.Principal:
        await asyncio.sleep(0)
        await asyncio.sleep(seconds)
        return ringwork.Principal(id="alice")

    return identify


@pytest.mark.parametrize(("seconds", "status"), [(0.01, 200), (30, 503)])
def test_waits_for_an_asynchronous_identify_up_to_its_deadline(seconds: float, status: int) -> None:
    """A loader that hangs must not keep a request for ever, and must not let it in."""
    app = FastAPI(openapi_url=None)
    app.add_api_route("/who", ringwork.requires()(lambda: "in"))
    guarded = ringwork.protect(app, policy(identify=waiting(seconds), identify_seconds=0.2))
    assert TestClient(guarded, base_url="https://clinic.example").get("/who").status_code == status


def test_keeps_the_applications_own_error_page_and_numbers_it() -> None:
    """A project's own page for exceptions stays, with the number in a header; the exception is recorded once."""
    app, events = FastAPI(openapi_url=None), list[Any]()

    async def page(request: Any, error: Exception) -> Response:
        return PlainTextResponse("we are sorry", status_code=500)

    def boom() -> None:
        raise RuntimeError("hidden")

    app.add_exception_handler(Exception, page)
    app.add_api_route("/boom", ringwork.public("a fault")(boom))
    answer = TestClient(ringwork.protect(app, policy(events=events.append)), base_url="https://clinic.example").get("/boom")
    assert (answer.status_code, answer.text) == (500, "we are sorry")
    assert [event.incident for event in events] == [answer.headers["incident-id"]]
