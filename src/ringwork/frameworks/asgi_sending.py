"""ASGI, answering: the head settled by the plan, errors held back until somebody has looked into them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from ringwork.exchange import Exchange, Header, unread
from ringwork.frameworks import reached
from ringwork.frameworks.asgi_deciding import Message, Receive
from ringwork.pipeline import Answer

Send = Callable[[Message], Awaitable[None]]

HELD_BYTES = 64 * 1024
"""How much of an error's body is held back to be looked at."""


class Sender:
    """Sends one HTTP answer: headers settled by the plan, errors held back until their body was looked at.

    started: the head is out. passes: what follows is the application's own body, and goes straight through.
    """

    # Class attributes are the defaults: most answers set two of them.
    started = muted = cut = passes = False
    held: Message | None = None
    body = b""

    def __init__(self, exchange: Exchange, raw: Send) -> None:
        self.exchange, self.raw = exchange, raw

    def send(self, message: Message) -> Awaitable[None]:
        """What the application calls instead of the server's send."""
        if self.passes:
            raw = self.raw
            return raw(message)
        if message["type"] == "http.response.start":
            return _nothing() if self.muted else self._start(message)
        if self.held is not None or self.muted:
            return self._hold(message)
        return self.raw(message)

    def _start(self, message: Message) -> Awaitable[None]:
        exchange, status, headers = self.exchange, message["status"], message.get("headers") or []
        if type(headers) is not list:
            headers = [*headers]  # any iterable, says ASGI: what can be read only once has to last for every look
        plan: Any = exchange.plan
        native: Any = exchange.native
        is_fit = exchange.decided and (native is None or native.get("endpoint") is native.first or native.agrees())
        if is_fit:
            known, raw = plan.known, self.raw  # a value that is called where it is found costs more: Python looks for a method first
            if (tail := known(exchange, status, headers)) is not None:
                message["headers"] = [*headers, *tail.pairs]
                self.started = self.passes = True
                return raw(message)
            if (swift := plan.swift(exchange, status, headers)) is not None:
                message["headers"] = swift
                self.started = self.passes = True
                return self.raw(message)
        headers = lowered(headers)
        refusal = None if is_fit else reached.unfit(exchange, plan.pipeline, status)
        if refusal is None and plan.judge is not None:
            refusal = plan.judge(exchange, status, headers)
        if refusal is not None:
            self.muted = True
            return self.answer(plan.pipeline.give(exchange, refusal))
        if status >= 400 and plan.error_body is not None:
            message["headers"] = headers
            self.held, self.body = message, b""
            return _nothing()
        message["headers"] = plan.start(exchange, status, headers)
        self.started = self.passes = True  # not before: a fault in a hook above still ends as a clean 500
        return self.raw(message)

    async def _hold(self, message: Message) -> None:
        if self.muted:
            return
        if message["type"] != "http.response.body":
            await self.flush()
            await self.raw(message)
            return
        self.body += message.get("body", b"")
        more = bool(message.get("more_body"))
        if more and len(self.body) < HELD_BYTES:
            return
        # A 500 waits until the application has returned or raised: Starlette's error layer answers first and raises then.
        if more or (self.held is not None and self.held["status"] < 500):
            await self.flush(more=more)

    async def flush(self, *, more: bool = False) -> None:
        """Send a held error: replaced where its body tells too much, else as it is."""
        held, self.held = self.held, None
        if held is None:
            return
        exchange, status = self.exchange, held["status"]
        plan: Any = exchange.plan
        headers, body = held.get("headers") or [], self.body
        if not exchange.has_incident:
            plan.pipeline.answered(exchange, status)
        found = plan.error_body(exchange, status, headers, body)
        if found is not None:
            headers, body = found
            self.muted, more = more, False
        headers = plan.start(exchange, status, headers)
        self.started = True
        await self.raw({**held, "headers": headers})
        await self.raw({"type": "http.response.body", "body": b"" if self.exchange.method == "HEAD" else body, "more_body": more})

    async def answer(self, answer: Answer) -> None:
        """Send an answer of ringwork's own, in place of whatever the application held back."""
        self.held, self.muted = None, True
        plan: Any = self.exchange.plan
        headers = plan.start_own(self.exchange, answer.status, answer.headers)
        self.started = True
        await self.raw({"type": "http.response.start", "status": answer.status, "headers": headers})
        await self.raw({"type": "http.response.body", "body": b"" if self.exchange.method == "HEAD" else answer.body, "more_body": False})


def refusing(exchange: Exchange, raw: Send) -> Sender:
    """A sender for an answer of ringwork's own alone; see `unread` for why it is no constructor."""
    sender = unread(Sender)
    sender.exchange, sender.raw = exchange, raw
    return sender


async def _nothing() -> None:
    return None


def lowered(headers: Iterable[Header]) -> list[Header]:
    """The headers with their names in lower case, as guards and ASGI have them."""
    return [(name.lower(), value) for name, value in headers]


async def refuse(scope: reached.Scope, receive: Receive, send: Send, answer: Answer) -> None:
    """Send a refusal in place of the application, over HTTP or before a WebSocket opens."""
    if scope["type"] == "websocket":
        await receive()
        extensions = scope.get("extensions") or {}
        if "websocket.http.response" in extensions:
            await send({"type": "websocket.http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "websocket.http.response.body", "body": answer.body, "more_body": False})
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    body = b"" if scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": False})
