"""Django's own test client, asking the handler that is served, so that what stands around it is asked too.

Against a suite that passes beside the guard: Django's client makes a handler of its own out of the settings, which a guard that was put
around the project's handler is no part of.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpResponse
from django.test.client import Client, ClientHandler


def client(app: Any, origin: str, **carried: Any) -> Any:
    """A fresh browser at `origin` that proves where its requests come from. app: the WSGI handler. carried: what every request brings."""
    scheme, _, host = origin.partition("://")
    made = Client(enforce_csrf_checks=True, headers={"host": host}, **carried)
    made.handler = _Served(app)
    setattr(made, "generic", functools.partial(_asked_over, made.generic, is_secure=scheme == "https"))  # noqa: B010  # a method that mypy knows
    return made


def _asked_over(generic: Callable[..., Any], *given: Any, is_secure: bool, **named: Any) -> Any:
    """What all methods of the client lead to, over https where the origin says so; `secure=True` may be left out."""
    return generic(*given, **{**named, "secure": is_secure or named.get("secure", False)})


class _Served(ClientHandler):
    """Asks the handler in place of making one. The connection of the tests stays open, as under Django's own."""

    def __init__(self, app: Any) -> None:
        super().__init__()
        self.app = app

    def __call__(self, environ: dict[str, Any]) -> Any:
        """The answer as it leaves. environ: of one request."""
        started: list[tuple[str, list[tuple[str, str]]]] = []
        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        try:
            served = self.app(environ, lambda line, headers, exc_info=None: started.append((line, headers)))
            body = b"".join(served)
            getattr(served, "close", lambda: None)()
        finally:
            for signal in (request_started, request_finished):
                signal.connect(close_old_connections)
        line, headers = started[-1]
        response: Any = HttpResponse(body, status=int(line[:3]))
        del response.headers["Content-Type"]
        for name, value in headers:
            if name.lower() == "set-cookie":
                response.cookies.load(value.strip())
            else:
                response.headers[name] = value
        response.wsgi_request = WSGIRequest(environ)
        return response
