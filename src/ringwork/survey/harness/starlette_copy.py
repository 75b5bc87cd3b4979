"""A running copy of a FastAPI or Starlette application: probe routes added, served by uvicorn over TLS."""

from __future__ import annotations

import asyncio
import functools
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from ringwork.current import csp_nonce
from ringwork.policy import declare
from ringwork.survey.harness import asgi_serving, serving

Endpoint = Callable[[Any], Awaitable[Any]]
_REASON = "a probe of ringwork, in this copy only"


def add_probes(app: Starlette, *, canary: str) -> None:
    """Put the probe routes before all others, so that no catch-all of the application hides them."""
    at = serving.prefix(canary)
    endpoints = _endpoints(canary, at)
    routes: list[BaseRoute] = []
    for name, endpoint in endpoints.items():
        marked = endpoint if name == "bare" else declare.public(_REASON)(endpoint)
        below = f"/{{{serving.BELOW[name]}:path}}" if name in serving.BELOW else ""
        routes.append(Route(f"{at}/{name}{below}", marked, methods=["GET", "POST"], include_in_schema=False))
    routes.append(WebSocketRoute(f"{at}/socket-raises", declare.public(_REASON)(_socket_raises(canary))))
    routes.append(WebSocketRoute(f"{at}/socket-bare", _socket_bare()))
    app.router.routes[:0] = routes


def _endpoints(canary: str, at: str) -> dict[str, Endpoint]:
    async def plain(request: Request) -> Response:
        return PlainTextResponse("plain")

    async def page(request: Request) -> Response:
        return HTMLResponse(serving.page_with_nonce(csp_nonce()))

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
        "page": page,
        "bare": bare,
        "empty": empty,
        "moved": moved,
        "sets-cookies": sets_cookies,
        "aborts": aborts,
        **_faulty(canary),
        **_planted(at),
        **_telling(canary),
    }


def _planted(at: str) -> dict[str, Endpoint]:
    async def echo(request: Request) -> Response:
        seen = {"method": request.method, "headers": dict(request.headers), "url": str(request.url), "scheme": request.scope["scheme"]}
        return JSONResponse({**seen, "client": request.client.host if request.client else "", "principal": serving.asked_by()})

    async def believes(request: Request) -> Response:
        return JSONResponse(serving.believed(dict(request.headers), request.client.host if request.client else "", request.scope["scheme"]))

    async def writes_on_get(request: Request) -> Response:
        serving.write_something()
        return PlainTextResponse("written")

    async def weak_tokens(request: Request) -> Response:
        return HTMLResponse(serving.weak_form(at))

    async def banners(request: Request) -> Response:
        return PlainTextResponse("banners", headers=serving.BANNERS)

    async def shares(request: Request) -> Response:
        return JSONResponse({"shared": True}, headers=serving.shared_with(request.headers.get("origin", "")))

    async def leads(request: Request) -> Response:
        return Response(status_code=302, headers={"Location": request.query_params.get("to", at)})

    async def swallows(request: Request) -> Response:
        return HTMLResponse(serving.SWALLOWED)

    async def objects(request: Request) -> Response:
        status, found = serving.objects(
            request.headers.get("Cookie", "") + request.headers.get("Authorization", ""), request.query_params.get("id", "")
        )
        return JSONResponse(found, status_code=status)

    async def admin(request: Request) -> Response:
        status, found = serving.administration(request.headers.get("Cookie", "") + request.headers.get("Authorization", ""))
        return JSONResponse(found, status_code=status)

    async def assigns(request: Request) -> Response:
        given = await request.json() if request.method == "POST" else None
        status, found = serving.assigns(request.headers.get("Cookie", "") + request.headers.get("Authorization", ""), given)
        return JSONResponse(found, status_code=status)

    leading = {"shares": shares, "leads": leads, "swallows": swallows, "objects": objects, "admin": admin, "assigns": assigns}
    return {
        **leading,
        "shows": _shows,
        "serves-back": functools.partial(_serves_back, at),
        "graphql": _graphql,
        "reads-body": _reads_body,
        "echo": echo,
        "believes": believes,
        "writes-on-get": writes_on_get,
        "weak-tokens": weak_tokens,
        "banners": banners,
    }


async def _serves_back(at: str, request: Request) -> Response:
    named, kind = request.query_params.get("name", ""), request.headers.get("content-type", "")
    kind, body = serving.serves_back(at, named, kind, await request.body())
    return Response(body, media_type=kind)


async def _shows(request: Request) -> Response:
    return HTMLResponse(serving.shows(await request.json() if request.method == "POST" else None))


def _telling(canary: str) -> dict[str, Endpoint]:
    """What tells more than yes or no: by its time, and by its answers."""

    async def early_exit(request: Request) -> Response:
        return PlainTextResponse("compared", status_code=serving.early_exit(canary, request.headers.get("authorization", "")))

    async def padding_oracle(request: Request) -> Response:
        given = request.cookies.get(serving.ORACLE)
        answer = PlainTextResponse("opened", status_code=200 if given is None else serving.oracle(canary, given))
        if given is None:
            answer.set_cookie(serving.ORACLE, serving.oracle_cookie(canary))
        return answer

    async def unsigned(request: Request) -> Response:
        return PlainTextResponse("read", status_code=serving.unsigned(request.headers.get("authorization", "")))

    return {"unsigned": unsigned, "early-exit": early_exit, "padding-oracle": padding_oracle}


async def _graphql(request: Request) -> Response:
    await request.json()
    return JSONResponse(serving.QUERIED)


async def _reads_body(request: Request) -> Response:
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        await request.json()
    elif kind.startswith("application/x-www-form-urlencoded"):
        return JSONResponse({"read": len(await request.form())})
    return JSONResponse({"read": len(await request.body())})


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


def switch_debug_on(app: Starlette) -> None:
    """As somebody leaves it on: faults are shown as pages."""
    app.debug = True


class _Foreign:
    """A layer of somebody else's, put round ringwork after it was installed."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def change_layers(app: Starlette, how: str) -> None:
    """Take ringwork's outer layer or gate out of the stack that is built at the start, wrap it, or move it inward."""
    built = app.build_middleware_stack

    def changed() -> Any:
        outer: Any = built()
        if how == "wrapped":
            return _Foreign(outer)
        if how == "outer":
            return outer.app
        inner = outer.app
        if how == "moved":
            outer.app, inner.app = inner.app, outer
            return inner
        while type(inner.app).__name__ != "Gate":
            inner = inner.app
        inner.app = app.router
        return outer

    app.build_middleware_stack = changed  # type: ignore[method-assign]  # as somebody would who knows of no ringwork


def serve(app: Starlette, listening: serving.Listening) -> None:
    """Serve until the process ends. Returns when the application's own start-up failed; what it logged says why."""
    asgi_serving.serve(app, listening)
