"""Applications that only the laboratory may ask, for the tests of client certificates; each tells whom it served."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from ringwork import Policy, current, protect, public, requires
from ringwork.enforce.transport.mutual_tls import MutualTlsSettings, Service

LABORATORY = "spiffe://clinic.example/laboratory"
SERVICES = MutualTlsSettings(services=(Service(name=LABORATORY, roles=("laboratory",)), Service(name="billing.internal")), required=True)


def _who() -> str:
    found = current().principal
    return f"{found.id} {found.via}" if found is not None else "nobody"


@requires("laboratory")
async def told(request: Request) -> Response:
    return PlainTextResponse(_who())


@public("a test")
async def open_to_all(request: Request) -> Response:
    return PlainTextResponse(_who())


@requires("laboratory")
async def live(connection: WebSocket) -> None:
    await connection.accept()
    await connection.send_text(_who())
    await connection.close()


def flask_app() -> Flask:
    app = Flask(__name__, static_folder=None)

    @app.get("/")
    @requires("laboratory")
    def told() -> str:
        return _who()

    @app.get("/open")
    @public("a test")
    def open_to_all() -> str:
        return _who()

    return app


def aiohttp_app() -> web.Application:
    @requires("laboratory")
    async def told(request: web.Request) -> web.Response:
        return web.Response(text=_who())

    @public("a test")
    async def open_to_all(request: web.Request) -> web.Response:
        return web.Response(text=_who())

    @requires("laboratory")
    async def live(request: web.Request) -> web.WebSocketResponse:
        session = web.WebSocketResponse()
        await session.prepare(request)
        await session.send_str(_who())
        await session.close()
        return session

    app = web.Application()
    app.router.add_get("/", told)
    app.router.add_get("/open", open_to_all)
    app.router.add_get("/live", live)
    return app


def guarded(app: Any) -> Any:
    return protect(app, Policy(origin="https://localhost", mutual_tls=SERVICES))


asgi = guarded(Starlette(routes=[Route("/", told), Route("/open", open_to_all), WebSocketRoute("/live", live)]))
wsgi = guarded(flask_app())
aiohttp = guarded(aiohttp_app())
