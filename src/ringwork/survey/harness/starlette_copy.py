"""A running copy of a FastAPI or Starlette application: probe routes added, served by uvicorn over TLS."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import uvicorn
import uvicorn.lifespan.on
import uvicorn.protocols.http.h11_impl
import uvicorn.protocols.websockets.auto  # the same
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from ringwork.policy import declare
from ringwork.survey.harness import neutral, serving

Endpoint = Callable[[Any], Awaitable[Any]]
_REASON = "a probe of ringwork, in this copy only"


def add_probes(app: Starlette, *, canary: str) -> None:
    """Put the probe routes before all others, so that no catch-all of the application hides them."""
    at = serving.prefix(canary)
    endpoints = _endpoints(canary, at)
    routes: list[BaseRoute] = []
    for name, endpoint in endpoints.items():
        marked = endpoint if name == "bare" else declare.public(_REASON)(endpoint)
        routes.append(Route(f"{at}/{name}", marked, methods=["GET", "POST"], include_in_schema=False))
    routes.append(WebSocketRoute(f"{at}/socket-raises", declare.public(_REASON)(_socket_raises(canary))))
    routes.append(WebSocketRoute(f"{at}/socket-bare", _socket_bare()))
    app.router.routes[:0] = routes


def _endpoints(canary: str, at: str) -> dict[str, Endpoint]:
    async def plain(request: Request) -> Response:
        return PlainTextResponse("plain")

    async def bare(request: Request) -> Response:
        return PlainTextResponse("bare")

    async def empty(request: Request) -> Response:
        return Response(status_code=204)

    async def moved(request: Request) -> Response:
        return RedirectResponse(f"{at}/plain", status_code=302)

    async def sets_cookies(request: Request) -> Response:
        answer = PlainTextResponse("two cookies")
        for cookie in serving.COOKIES:
            answer.headers.append("set-cookie", cookie)
        return answer

    async def aborts(request: Request) -> Response:
        raise HTTPException(serving.status_of(request.query_params.get("status", "")))

    return {
        "plain": plain,
        "bare": bare,
        "empty": empty,
        "moved": moved,
        "sets-cookies": sets_cookies,
        "aborts": aborts,
        **_faulty(canary),
        **_planted(at),
    }


def _planted(at: str) -> dict[str, Endpoint]:
    async def echo(request: Request) -> Response:
        return JSONResponse({"method": request.method, "headers": dict(request.headers), "url": str(request.url)})

    async def writes_on_get(request: Request) -> Response:
        serving.write_something()
        return PlainTextResponse("written")

    async def weak_tokens(request: Request) -> Response:
        return HTMLResponse(serving.weak_form(at))

    return {"echo": echo, "writes-on-get": writes_on_get, "weak-tokens": weak_tokens}


def _faulty(canary: str) -> dict[str, Endpoint]:
    async def raises(request: Request) -> Response:
        serving.raise_fault(canary)
        return PlainTextResponse("")

    async def raises_html(request: Request) -> Response:
        serving.raise_fault(canary)
        return HTMLResponse("")

    async def pieces() -> AsyncIterator[bytes]:
        yield b"first piece\n"
        await asyncio.sleep(0)
        serving.raise_fault(canary)

    async def raises_stream(request: Request) -> Response:
        return StreamingResponse(pieces(), media_type="text/plain")

    async def shows_traceback(request: Request) -> Response:
        try:
            serving.raise_fault(canary)
        except serving.ProbeFault:
            return PlainTextResponse(traceback.format_exc(), status_code=500)
        return PlainTextResponse("")

    return {"raises": raises, "raises-html": raises_html, "raises-stream": raises_stream, "traceback": shows_traceback}


def _socket_raises(canary: str) -> Endpoint:
    async def socket_raises(socket: WebSocket) -> None:
        await socket.accept()
        serving.raise_fault(canary)

    return socket_raises


def _socket_bare() -> Endpoint:
    async def socket_bare(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("bare")
        await socket.close()

    return socket_bare


class _Server(uvicorn.Server):
    """Tells when it has started."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and not self.should_exit:
            self._ready()


def serve(app: Starlette, listening: serving.Listening) -> None:
    """Serve until the process ends. Returns when the application's own start-up failed; what it logged says why."""
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=30,
        ssl_certfile=str(listening.certificate),
        ssl_keyfile=str(listening.key),
    )
    server = _Server(config, listening.ready)
    with contextlib.suppress(SystemExit):  # uvicorn's way to say that the application's start-up failed
        asyncio.run(neutral.true_start("uvicorn.Server.serve")(server, sockets=[listening.sock]))
