"""What the prover reads from an aiohttp application before it asks it anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp_cors
import aiohttp_session
from aiohttp import web

from ringwork.survey.facts import AppFacts
from ringwork.survey.harness import aiohttp, loading

USERS = {"7": "ann"}


async def current_user(request: web.Request) -> str | None:
    """Who is signed in."""
    session = await aiohttp_session.get_session(request)
    return USERS.get(session.get("user", ""))


def login_required(handler: Any) -> Any:
    """A check as applications write it."""

    async def wrapped(request: web.Request) -> web.StreamResponse:
        if await current_user(request) is None:
            raise web.HTTPFound("/login")
        answer: web.StreamResponse = await handler(request)
        return answer

    wrapped.__wrapped__ = handler  # type: ignore[attr-defined]  # as functools.wraps does
    return wrapped


@login_required
async def add(request: web.Request) -> web.Response:
    """Reads a form, behind a check."""
    form = await request.post()
    return web.Response(text=str(form["title"]))


async def search(request: web.Request) -> web.Response:
    """Reads a query."""
    return web.Response(text=request.query.get("q", ""))


class Book(web.View):
    """Reads JSON."""

    async def put(self) -> web.Response:
        """One method of a view."""
        sent = await self.request.json()
        return web.Response(text=str(sent["title"]))


@web.middleware
async def page_of_errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answers whatever is raised."""
    try:
        answer: web.StreamResponse = await handler(request)
    except web.HTTPException:
        raise
    except (KeyError, Exception):  # noqa: BLE001  # as strangers write it
        return web.Response(status=500)
    return answer


def facts(tmp_path: Path) -> AppFacts:
    """Facts of an application with one of each."""
    app = web.Application(middlewares=[page_of_errors], client_max_size=5)
    aiohttp_session.setup(app, aiohttp_session.SimpleCookieStorage(cookie_name="SHELF", httponly=False))
    app.add_routes([web.post("/add", add), web.get("/search", search), web.view(r"/books/{book_id:\d+}/{name}", Book)])
    part = web.Application()
    cors = aiohttp_cors.setup(part, defaults={"*": aiohttp_cors.ResourceOptions(allow_credentials=True)})
    cors.add(part.router.add_get("/search", search))
    app.add_subapp("/api", part)
    app.router.add_static("/files", tmp_path, show_index=True)
    return aiohttp.collect(app, target="shop:app", root=str(tmp_path), installation=None)


def test_reads_what_handlers_and_views_take(tmp_path: Path) -> None:
    """Fields of forms, queries and JSON bodies, and the parameters of paths with their kinds."""
    found = {route.name: route for route in facts(tmp_path).routes}
    assert [(p.name, p.where) for p in found["POST /add"].parameters] == [("title", "form")]
    assert [(p.name, p.where) for p in found["GET /search"].parameters] == [("q", "query")]
    book = found["PUT /books/{book_id}/{name}"]
    assert [(p.name, p.where, p.kind) for p in book.parameters if p.where == "path"] == [
        ("book_id", "path", "integer"),
        ("name", "path", "string"),
    ]
    assert ("title", "json") in [(p.name, p.where) for p in book.parameters]
    assert book.file.endswith("test_aiohttp_facts.py")


def test_reads_checks_layers_and_settings(tmp_path: Path) -> None:
    """The check before a handler, what answers errors, the session's cookie, what is shared and what is listed."""
    found = facts(tmp_path)
    add_route = next(route for route in found.routes if route.path == "/add")
    assert "login_required" in add_route.guarded_by
    assert [check.name.rpartition(":")[2] for check in found.checks] == ["login_required"]
    assert found.error_handlers.catch_all
    assert found.settings["client_max_size"] == 5
    assert found.settings["SimpleCookieStorage"]["httponly"] is False
    assert found.settings["aiohttp-cors"][0]["origins"] == ["*"]
    assert "show_index of /files" in found.settings["debugging"]


async def login(request: web.Request) -> web.Response:
    """Keeps who signed in."""
    session = await aiohttp_session.new_session(request)
    session["user"] = "7"
    return web.Response()


async def basket(request: web.Request) -> web.Response:
    """Keeps something else."""
    session = await aiohttp_session.get_session(request)
    session["basket"] = []
    return web.Response()


def test_finds_under_which_key_a_session_keeps_who_signed_in(tmp_path: Path) -> None:
    """One key says who; where several are written nothing is guessed."""
    app = web.Application()
    app.router.add_post("/login", login)
    one = aiohttp.collect(app, target="shop:app", root=str(tmp_path), installation=None)
    assert one.settings["aiohttp-session"] == "user"
    app.router.add_post("/basket", basket)
    several = aiohttp.collect(app, target="shop:app", root=str(tmp_path), installation=None)
    assert "aiohttp-session" not in several.settings


def test_has_a_factory_that_waits_make_the_application(tmp_path: Path) -> None:
    """aiohttp's run_app takes coroutines, so factories of its applications are often `async`."""
    module = tmp_path / "waiting_shop.py"
    module.write_text("from aiohttp import web\nasync def init_app():\n    return web.Application()\n", encoding="utf-8")
    import sys

    sys.path.insert(0, str(tmp_path))
    try:
        made = loading.load(module="waiting_shop", attribute="init_app", factory=True, arguments=(), folder=tmp_path)
    finally:
        sys.path.remove(str(tmp_path))
    assert aiohttp.is_application(made)
