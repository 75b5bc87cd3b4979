"""What no guard can go below, for `./run bench request`: layers in the place of ringwork's outermost one that do next to nothing.

And ringwork's own places with no guard in them: reading the request, finding its route, asking nobody, sending the answer on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from flask import Flask
from starlette.requests import HTTPConnection

from ringwork.pipeline import ORDER
from ringwork.protect import installed

Layer = Callable[[Any, Any, Any], Awaitable[None]]

HEADERS = [(b"x-header-%d" % number, b"max-age=63072000; includeSubDomains") for number in range(13)]
"""As many as a guarded answer carries beside its own, and about as long."""


def wrapped(app: FastAPI, *, asks: Any = None) -> FastAPI:
    """An empty wrapper that adds the same number of headers. asks: who is asking is told by this function, once a request."""
    original = app.build_middleware_stack

    def build() -> Layer:
        inside = original()

        def layer(scope: Any, receive: Any, send: Any) -> Awaitable[None]:
            def sent(message: Any) -> Awaitable[None]:
                if message["type"] == "http.response.start":
                    message["headers"] = [*message["headers"], *HEADERS]
                return send(message)  # type: ignore[no-any-return]  # what a server gives

            return inside(scope, receive, sent)

        async def asking(scope: Any, receive: Any, send: Any) -> None:
            if await asks(HTTPConnection(scope)) is None:
                raise LookupError("nobody is asking")
            await layer(scope, receive, send)

        return layer if asks is None else asking

    app.build_middleware_stack = build  # type: ignore[method-assign]  # the seam that Starlette itself calls
    return app


def refusing(app: FastAPI) -> FastAPI:
    """Every request is answered 421 at once, with as many headers as a refusal has: what lies outside any layer, and the answer itself."""

    async def layer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 421, "headers": [*HEADERS, (b"content-length", b"2"), (b"vary", b"Accept")]})
        await send({"type": "http.response.body", "body": b"{}", "more_body": False})

    app.build_middleware_stack = lambda: layer  # type: ignore[method-assign, assignment, return-value]  # as above
    return app


WORDS = [(name.decode().title(), value.decode()) for name, value in HEADERS]


def refusing_flask(app: Flask) -> Flask:
    """The same for WSGI."""

    def layer(environ: Any, start_response: Any) -> list[bytes]:
        start_response("421 Misdirected Request", [*WORDS, ("Content-Length", "2"), ("Vary", "Accept")])
        return [b"{}"]

    app.wsgi_app = layer  # type: ignore[method-assign]  # as Flask's own documentation shows
    return app


def emptied(app: Any) -> Any:
    """A guarded application with every guard taken out again, as the prover's copies are made: the places alone."""
    found = installed(app)
    if found is None:
        raise LookupError("the application is not guarded")
    found.recompile(without=frozenset(guard.control for guard in ORDER))
    return app
