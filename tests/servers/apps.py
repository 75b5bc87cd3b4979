"""Applications for the servers' tests: what arrives is told, and one way is slow."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from aiohttp import web
from flask import Flask
from flask import request as flask_request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from ringwork import Policy, protect, public
from ringwork.enforce.transport.tls_configuration import TlsConfigurationSettings

OPEN = public("a test")
ORIGIN = "https://localhost"
PLAIN = "http://localhost"


@OPEN
async def told(request: Request) -> Response:
    """What the server says about the connection."""
    tls = request.scope.get("extensions", {}).get("tls")
    client = request.client.host if request.client else ""
    return JSONResponse({"client": client, "scheme": request.url.scheme, "tls": tls})


@OPEN
async def slow(request: Request) -> Response:
    """An answer that takes its time."""
    await asyncio.sleep(1.0)
    return PlainTextResponse("done")


@OPEN
async def socket(connection: WebSocket) -> None:
    """Tells the client's certificate over a WebSocket."""
    await connection.accept()
    await connection.send_text(json.dumps(connection.scope.get("extensions", {}).get("tls", {}).get("client_cert_name")))
    await connection.close()


def starlette_app() -> Starlette:
    """The ASGI one."""
    routes = [Route("/", told), Route("/slow", slow), WebSocketRoute("/socket", socket)]
    return Starlette(routes=routes)


def flask_app() -> Flask:
    """The WSGI one."""
    app = Flask(__name__, static_folder=None)

    def tell() -> Any:
        return {"client": flask_request.remote_addr, "scheme": flask_request.scheme}

    def wait() -> str:
        time.sleep(float(flask_request.args.get("seconds", "1")))
        return "done"

    def read() -> str:
        return str(len(flask_request.get_data()))

    app.add_url_rule("/", "told", OPEN(tell))
    app.add_url_rule("/slow", "slow", OPEN(wait))
    app.add_url_rule("/read", "read", OPEN(read), methods=["POST"])
    return app


def aiohttp_app() -> web.Application:
    """aiohttp's own."""

    async def tell(request: web.Request) -> web.Response:
        return web.json_response({"client": request.remote, "scheme": request.scheme})

    async def wait(request: web.Request) -> web.Response:
        await asyncio.sleep(1.0)
        return web.Response(text="done")

    app = web.Application()
    app.add_routes([web.get("/", OPEN(tell)), web.get("/slow", OPEN(wait))])
    return app


asgi = protect(starlette_app(), Policy(origin=ORIGIN))
asgi_plain = protect(starlette_app(), Policy(origin=PLAIN))
wsgi = protect(flask_app(), Policy(origin=ORIGIN))
wsgi_plain = protect(flask_app(), Policy(origin=PLAIN))
modern = protect(starlette_app(), Policy(origin=ORIGIN, tls_configuration=TlsConfigurationSettings(tls="modern")))
aiohttp = protect(aiohttp_app(), Policy(origin=ORIGIN))
aiohttp_plain = protect(aiohttp_app(), Policy(origin=PLAIN))
unguarded = starlette_app()
not_an_application = {"app": 1}
