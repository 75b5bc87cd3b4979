"""A layer of the application that makes a link into a form (`?_method=POST`): what it becomes is what has to be proven."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from django.http import HttpResponse
from django.urls import path
from flask import Flask, request
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


@pytest.mark.parametrize("make", [of_starlette, of_a_mount, of_flask, of_django, of_aiohttp])
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
