"""Ways in, on aiohttp: handlers in the table of routes, and groups as applications in the application.

aiohttp takes coroutine functions alone, so a plain handler is called inside one; docs/frameworks.md says so.
"""

from __future__ import annotations

import contextlib
from collections.abc import Coroutine
from typing import Any

import aiohttp_session
from aiohttp import web

from tests.frameworks.builders.starlette import flowing
from tests.frameworks.clients import aiohttp
from tests.frameworks.ways import Answer, Asked, Files, Mark, Socket, Way, Ways, marked

INTERFACE = "aiohttp"
CLIENT = aiohttp.Client


def build(ways: Ways, *, session: bool = False) -> web.Application:
    """An application of these ways. session: with aiohttp-session's sessions in a cookie."""
    app = web.Application()
    if session:
        aiohttp_session.setup(app, aiohttp_session.SimpleCookieStorage())
    _fill(app, ways)
    return app


def add(app: web.Application, way: Way) -> None:
    """One route more; aiohttp takes it until it starts."""
    _fill(app, (way,))


def _fill(app: web.Application, ways: Ways, rule: Mark | None = None) -> None:
    for way in ways:
        if isinstance(way, Way):
            handler = marked(rule, way.marked(_handler(way)))
            for method in way.methods:
                path = way.path.replace(":path}", ":.*}")
                app.router.add_get(path, handler) if method == "GET" else app.router.add_route(method, path, handler)
        elif isinstance(way, Socket):
            app.router.add_get(way.path, marked(way.rule, _socket(way)))
        elif isinstance(way, Files):
            marked(way.rule, app.router.add_static(way.path, way.folder))
        elif way.path:
            inner = web.Application()
            _fill(inner, way.ways)
            app.add_subapp(way.path, marked(way.rule, inner))
        else:  # aiohttp has no group without a prefix
            _fill(app, way.ways, way.rule)


def _handler(way: Way) -> Any:
    async def handler(request: web.Request) -> web.StreamResponse:
        asked = _asked(request, **await _read(request, way.reads))
        answer = await way.handler(asked) if way.waits else way.handler(asked)
        return await _response(request, answer)

    return handler


def _socket(way: Socket) -> Any:
    async def socket(request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        way.opened()
        await websocket.send_str("hello")
        await websocket.close()
        return websocket

    return socket


async def _read(request: web.Request, reads: str) -> dict[str, Any]:
    if reads == "form":
        return {"form": {name: str(value) for name, value in (await request.post()).items()}}
    return {"body": await request.read()} if reads else {}


def _asked(request: web.Request, **read: Any) -> Asked:
    return Asked(
        method=request.method,
        query=dict(request.query),
        cookies=request.cookies,
        headers={name.lower(): value for name, value in request.headers.items()},
        parameters=dict(request.match_info),
        client=request.remote or "",
        scheme=request.scheme,
        host=request.host,
        native=request,
        session=lambda: _at_once(aiohttp_session.get_session(request)),
        **read,
    )


def _at_once(waiting: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine gives that waits for nothing, as a session in a cookie."""
    try:
        waiting.send(None)
    except StopIteration as found:
        return found.value
    raise AssertionError("it waits")


async def _response(request: web.Request, answer: Answer) -> web.StreamResponse:
    if answer.pieces is None:
        made = web.Response(text=str(answer.body), status=answer.status, content_type=answer.kind)
        made.headers.extend(answer.headers)
        return made
    stream = web.StreamResponse(status=answer.status)
    stream.content_type = answer.kind
    stream.headers.extend(answer.headers)
    await stream.prepare(request)
    async with contextlib.aclosing(flowing(answer.pieces)) as pieces:
        async for piece in pieces:
            await stream.write(piece)
    await stream.write_eof()
    return stream
