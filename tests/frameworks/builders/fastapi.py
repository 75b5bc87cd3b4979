"""Ways in, on FastAPI: groups are included routers; answers and sockets are Starlette's."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware.sessions import SessionMiddleware
from starlette.staticfiles import StaticFiles

from tests.frameworks.builders import starlette
from tests.frameworks.clients import asgi
from tests.frameworks.ways import Files, Socket, Way, Ways, marked

INTERFACE = "asgi"
CLIENT = asgi.Client


def build(ways: Ways, *, session: bool = False) -> FastAPI:
    """An application of these ways, without documentation pages. session: with Starlette's sessions in a cookie."""
    app = FastAPI(openapi_url=None)
    if session:
        app.add_middleware(SessionMiddleware, secret_key="of this test")
    _fill(app, ways)
    return app


def add(app: FastAPI, way: Way) -> None:
    """One way more, in an application that is built already."""
    app.add_api_route(way.path, way.marked(starlette.endpoint_of(way)), methods=list(way.methods))


def _fill(router: Any, ways: Ways) -> None:
    for way in ways:
        if isinstance(way, Way):
            router.add_api_route(way.path, way.marked(starlette.endpoint_of(way)), methods=list(way.methods))
        elif isinstance(way, Socket):
            router.add_api_websocket_route(way.path, marked(way.rule, starlette.socket_of(way)))
        elif isinstance(way, Files):
            router.mount(way.path, marked(way.rule, StaticFiles(directory=way.folder)))
        else:
            inner = APIRouter()
            _fill(inner, way.ways)
            router.include_router(marked(way.rule, inner), prefix=way.path)
