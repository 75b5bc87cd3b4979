"""A form that a guard has to read before the application does, under Starlette and FastAPI."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from ringwork.frameworks import asgi


class Form:
    """Reads a form for a guard through Starlette's own parser, and gives the body to the application once more."""

    __slots__ = ("scope", "_receive", "_replay", "receive")

    def __init__(self, scope: asgi.Scope, receive: asgi.Receive) -> None:
        self.scope, self._receive = scope, receive
        self._replay: deque[asgi.Message] = deque()
        self.receive = receive

    async def _again(self) -> asgi.Message:
        return self._replay.popleft() if self._replay else await self._receive()

    async def read(self, limit_bytes: int) -> Mapping[str, str] | None:
        """The form's text fields, first value of each name; None when it is longer than `limit_bytes` or cannot be read."""
        size = 0
        self.receive = self._again
        while True:
            message = await self._receive()
            self._replay.append(message)
            size += len(message.get("body", b""))
            if message["type"] != "http.request" or size > limit_bytes:
                return None
            if not message.get("more_body"):
                break
        body = b"".join(m.get("body", b"") for m in self._replay)
        # Against a body in a million pieces: it goes on in one.
        self._replay = deque([{"type": "http.request", "body": body, "more_body": False}])
        return await _fields(self.scope, body)


async def _fields(scope: asgi.Scope, body: bytes) -> Mapping[str, str] | None:
    sent = next((value for name, value in scope["headers"] if name == b"content-type"), b"").lower()
    if not sent.startswith(b"multipart/form-data"):
        try:
            pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=1000)
        except ValueError:
            return None
        return dict(reversed(pairs))
    delivered = False

    async def once() -> asgi.Message:
        nonlocal delivered
        delivered = True
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        async with Request(dict(scope), once).form() as form:
            return {name: value for name, value in reversed(form.multi_items()) if isinstance(value, str)}
    except (HTTPException, KeyError, ValueError, UnicodeError):
        # What the parser cannot read is no form; whether that matters is the guard's to say.
        return None
