"""A layer of the application that makes a link into a form (`?_method=POST`): what it becomes is what has to be proven."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from django.http import HttpResponse
from django.urls import path
from flask import Flask, request
from flask.views import MethodView
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import ringwork
from ringwork import Policy, Principal, requires
from tests.frameworks.clients import aiohttp, asgi, wsgi
from tests.frameworks.clients.replies import Sending
from tests.frameworks.django_project import MIDDLEWARE, project

MARK = "_method="
LINK = (("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"))
"""What a browser says of a link on a foreign page that somebody follows."""
METHODS = ["GET", "POST"]


def of_starlette(ran: list[str], *, is_mounted: bool = False) -> Any:
    class Override:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            _, is_asked, method = scope.get("query_string", b"").decode().partition(MARK)
            await self.app({**scope, "method": method} if is_asked else scope, receive, send)

    @requires()
    async def act(asked: Request) -> PlainTextResponse:
        ran.append(asked.method)
        return PlainTextResponse("done")

    async def identify(asked: Request) -> Principal | None:
        return Principal(id="alice") if "user" in asked.cookies else None

    routes = [Route("/act", act, methods=METHODS)]
    app = Starlette(routes=routes, middleware=[Middleware(Override)])
    app = Starlette(routes=[Mount("/", app)]) if is_mounted else app
    return asgi.Client(ringwork.protect(app, Policy(origin="https://clinic.example", identify=identify)))


def of_a_mount(ran: list[str]) -> Any:
    """The layer stands in a mounted application, behind the decision."""
    return of_starlette(ran, is_mounted=True)


def of_flask(ran: list[str]) -> Any:
    app = Flask(__name__, static_folder=None)

    @app.route("/act", methods=METHODS)
    @requires()
    def act() -> str:
        ran.append(request.method)
        return "done"

    inner: Any = app.wsgi_app

    def override(environ: Any, start_response: Any) -> Any:
        _, is_asked, method = environ["QUERY_STRING"].partition(MARK)
        environ["REQUEST_METHOD"] = method if is_asked else environ["REQUEST_METHOD"]
        return inner(environ, start_response)

    app.wsgi_app = override  # type: ignore[method-assign]
    return wsgi.Client(ringwork.protect(app, Policy(origin="https://clinic.example", identify=_by_cookies)))


def of_django(ran: list[str]) -> Any:
    def override(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def overriding(asked: Any) -> Any:
            asked.method = asked.GET.get("_method", asked.method)
            return get_response(asked)

        return overriding

    @requires()
    def act(asked: Any) -> HttpResponse:
        if asked.method == "POST":
            ran.append("POST")
        else:
            ran.append(asked.method)
        return HttpResponse("done", content_type="text/plain")

    module: Any = types.ModuleType("overriding_middleware")
    module.override = override
    sys.modules[module.__name__] = module
    handler = project([path("act", act)], middleware=[f"{module.__name__}.override", *MIDDLEWARE])
    return wsgi.Client(ringwork.protect(handler, Policy(origin="https://clinic.example", identify=_by_cookies)))


def of_aiohttp(ran: list[str]) -> Any:
    @web.middleware
    async def override(asked: web.Request, handler: Any) -> Any:
        method = asked.query.get("_method")
        return await handler(asked if method is None else asked.clone(method=method))

    class Act(web.View):
        async def _done(self) -> web.Response:
            ran.append(self.request.method)
            return web.Response(text="done")

        @requires()
        async def get(self) -> web.Response:
            return await self._done()

        @requires()
        async def post(self) -> web.Response:
            return await self._done()

    app = web.Application(middlewares=[override])
    app.router.add_view("/act", Act)
    return aiohttp.Client(ringwork.protect(app, Policy(origin="https://clinic.example", identify=_by_cookies)))


def _by_cookies(asked: Any) -> Principal | None:
    cookies = asked.COOKIES if hasattr(asked, "COOKIES") else asked.cookies
    return Principal(id="alice") if "user" in cookies else None


def of_a_function_before(ran: list[str]) -> Any:
    """Flask's own place for such a layer, which is behind the decision and before the view."""
    app = Flask(__name__, static_folder=None)

    @app.before_request
    def override() -> None:
        request.method = request.args.get("_method", request.method)

    @app.route("/act", methods=METHODS)
    @requires()
    def act() -> str:
        ran.append(request.method)
        return "done"

    return wsgi.Client(ringwork.protect(app, Policy(origin="https://clinic.example", identify=_by_cookies)))


@pytest.mark.parametrize("make", [of_starlette, of_a_mount, of_flask, of_a_function_before, of_django, of_aiohttp])
def test_a_link_that_a_layer_makes_into_a_form_is_held_to_a_forms_proof(make: Callable[[list[str]], Any]) -> None:
    """The link itself works, the form of a foreign page does not, and a link in its clothes does no more than that."""
    ran = list[str]()
    client = make(ran)

    def ask(method: str, target: str) -> int:
        headers = (("Host", "clinic.example"), ("Cookie", "__Host-user=alice"), *LINK)
        status: int = client.ask(Sending(method, target, headers, None, "https", "203.0.113.9")).status
        return status

    try:
        assert (ask("GET", "/act"), ran) == (200, ["GET"])
        assert ask("POST", "/act") == 403
        assert ask("GET", "/act?_method=POST") == 403
        assert ask("HEAD", "/act?_method=POST") == 403
        assert ran == ["GET"]
    finally:
        client.close()


@pytest.mark.parametrize("sent", ["DELETE", "delete"])
@pytest.mark.parametrize(("user", "status", "expected"), [("alice", 403, []), ("erin", 200, ["delete"])])
def test_flask_runs_the_method_of_a_class_that_was_decided_on(user: str, status: int, expected: list[str], sent: str) -> None:
    """One that a function before the view puts in is decided on by its own rule, and told where that refuses; who may, does it."""
    ran, events = list[str](), list[Any]()
    app = Flask(__name__, static_folder=None)

    class Notes(MethodView):
        @requires()
        def post(self) -> str:
            ran.append("post")
            return "kept"

        @requires("admin")
        def delete(self) -> str:
            ran.append("delete")
            return "gone"

    @app.before_request
    def override() -> None:
        request.method = request.args.get("_method", request.method)

    app.add_url_rule("/notes", view_func=Notes.as_view("notes"))
    assert (_asked_by(user, app, "/notes", events, method="POST"), ran) == (200, ["post"])
    ran.clear()
    assert (_asked_by(user, app, f"/notes?{MARK}{sent}", events, method="POST", guard=False), ran) == (status, expected)
    assert [(event.control, event.route) for event in events] == [("access.deny-by-default", "DELETE /notes")] * (status == 403)


@pytest.mark.parametrize(("user", "status", "expected"), [("alice", 403, []), ("erin", 200, ["wipe"])])
def test_flask_runs_the_view_that_was_decided_on(user: str, status: int, expected: list[str]) -> None:
    """A function before the view that puts another rule of the map in its place hands over to no view that nobody decided on."""
    ran, events = list[str](), list[Any]()
    app = Flask(__name__, static_folder=None)

    @app.get("/read")
    @requires()
    def read() -> str:
        ran.append("read")
        return "read"

    @app.get("/wipe")
    @requires("admin")
    def wipe() -> str:
        ran.append("wipe")
        return "gone"

    @app.before_request
    def switch() -> None:
        request.url_rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == request.args["view"])

    assert (_asked_by(user, app, "/read?view=read", events), ran) == (200, ["read"])
    ran.clear()
    assert (_asked_by(user, app, "/read?view=wipe", events, guard=False), ran) == (status, expected)
    assert [(event.control, event.route) for event in events] == [("access.deny-by-default", "GET /wipe")] * (status == 403)


def _asked_by(user: str, app: Flask, target: str, events: list[Any], *, method: str = "GET", guard: bool = True) -> int:
    """The status of a request from the application's own page. guard: whether that has to be put in first."""

    def identify(asked: Any) -> Principal | None:
        name = asked.cookies.get("user", "")
        return Principal(id=name, roles=frozenset({"admin"} if name == "erin" else ())) if name else None

    if guard:
        ringwork.protect(app, Policy(origin="https://clinic.example", identify=identify, events=events.append))
    headers = (("Host", "clinic.example"), ("Cookie", f"__Host-user={user}"), ("Sec-Fetch-Site", "same-origin"))
    sending = Sending(method, target, headers)
    if method == "POST":
        sending = replace(sending, headers=(*headers, ("Content-Type", "application/json"), ("Content-Length", "2")), pieces=(b"{}",))
    client = wsgi.Client(app)
    try:
        status: int = client.ask(sending).status
    finally:
        client.close()
    return status
