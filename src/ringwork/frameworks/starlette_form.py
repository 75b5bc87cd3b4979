"""A form that a guard has to read before the application does, under Starlette and FastAPI: through Starlette's own parser."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request

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
