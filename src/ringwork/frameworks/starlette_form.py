"""Starlette's own request, as guards ask for it before the application does, and the form in it, through Starlette's own parser."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request

from ringwork.exchange import unread
from ringwork.frameworks import asgi, suite_clients
from ringwork.frameworks.asgi_deciding import Message


async def fields_of(connection: HTTPConnection, body: bytes) -> Mapping[str, str] | None:
    """The form's text fields, first value of each name; None for what the parser cannot read."""
    said = connection.headers.get(suite_clients.HEADER)
    return suite_clients.fields_from(said, await _parsed(connection, body), connection.scope.get(asgi.KEY))


async def _parsed(connection: HTTPConnection, body: bytes) -> Mapping[str, str] | None:
    sent = next((value for name, value in connection.scope["headers"] if name == b"content-type"), b"").lower()
    if not sent.startswith(b"multipart/form-data"):
        try:
            pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=1000)
        except ValueError:
            return None
        return dict(reversed(pairs))
    delivered = False

    async def once() -> Message:
        nonlocal delivered
        delivered = True
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        async with Request(dict(connection.scope), once).form() as form:
            return {name: value for name, value in reversed(form.multi_items()) if isinstance(value, str)}
    except (HTTPException, KeyError, ValueError, UnicodeError):
        # What the parser cannot read is no form; whether that matters is the guard's to say.
        return None


def connected(scope: asgi.Scope) -> HTTPConnection:
    """Starlette's own request without a body, as its constructor makes it."""
    if not _KEEPS_SCOPE_ALONE:
        return HTTPConnection(scope)
    made: HTTPConnection = unread(HTTPConnection)  # as in exchange.py: a constructor costs twice as much
    made.scope = scope
    return made


_KEEPS_SCOPE_ALONE = list(vars(HTTPConnection({"type": "http"}))) == ["scope"] and HTTPConnection.__new__ is object.__new__
