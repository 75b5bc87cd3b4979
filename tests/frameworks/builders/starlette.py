"""Ways in, on plain Starlette."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from tests.frameworks.clients import asgi
from tests.frameworks.ways import Answer, Asked, Files, Mark, Socket, Way, Ways, marked

INTERFACE = "asgi"
CLIENT = asgi.Client


def build(ways: Ways, *, session: bool = False) -> Starlette:
    """An application of these ways. session: with the framework's own sessions in a cookie."""
    layers = [Middleware(SessionMiddleware, secret_key="of this test")] if session else []
    return Starlette(routes=[*_routes(ways)], middleware=layers)


def add(app: Starlette, way: Way) -> None:
    """One way more, in an application that is built already."""
    app.router.routes.append(_route(way))


def _routes(ways: Ways, rule: Mark | None = None) -> Iterator[BaseRoute]:
    for way in ways:
        if isinstance(way, Way):
            yield _route(way, rule)
        elif isinstance(way, Socket):
            yield WebSocketRoute(way.path, marked(way.rule, socket_of(way)))
        elif isinstance(way, Files):
            yield Mount(way.path, marked(way.rule, StaticFiles(directory=way.folder)))
        elif way.path:
            yield marked(way.rule, Mount(way.path, routes=[*_routes(way.ways)]))
        else:  # a mount without a prefix would hide what stands behind it
            yield from _routes(way.ways, way.rule)


def _route(way: Way, rule: Mark | None = None) -> Route:
    return Route(way.path, marked(rule, way.marked(endpoint_of(way))), methods=list(way.methods))


def endpoint_of(way: Way) -> Any:
    """A handler as Starlette takes one: a coroutine function where the way's own is one or a body is read, else a plain function."""
    if way.waits or way.reads:

        async def waiting(request: Request) -> Response:
            asked = asked_of(request, **await _read(request, way.reads))
            return response_of(await way.handler(asked) if way.waits else way.handler(asked))

        return waiting

    def plain(request: Request) -> Response:
        return response_of(way.handler(asked_of(request)))

    return plain


async def _read(request: Request, reads: str) -> dict[str, Any]:
    if reads == "form":
        async with request.form() as form:
            return {"form": {name: str(value) for name, value in form.items()}}
    return {"body": await request.body()} if reads else {}


def asked_of(request: Request, **more: Any) -> Asked:
    """What was asked, in the tests' own words."""
    return Asked(
        method=request.method,
        query=dict(request.query_params),
        cookies=request.cookies,
        headers=dict(request.headers),
        parameters={name: str(value) for name, value in request.path_params.items()},
        client=request.client.host if request.client else "",
        scheme=request.url.scheme,
        host=request.url.netloc,
        native=request,
        session=lambda: request.session,
        **more,
    )


async def flowing(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """The pieces of a stream, as a handler with `async def` gives them."""
    for piece in pieces:
        yield piece


def response_of(answer: Answer) -> Response:
    """The answer in the framework's own words."""
    made: Response
    if answer.pieces is None:
        made = Response(answer.body, answer.status, media_type=answer.kind)
    else:
        made = StreamingResponse(flowing(answer.pieces), answer.status, media_type=answer.kind)
    for name, value in answer.headers:
        made.headers.append(name, value)
    return made


def socket_of(way: Socket) -> Any:
    """A handler of a WebSocket."""

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        way.opened()
        await websocket.send_text("hello")
        await websocket.close()

    return socket
