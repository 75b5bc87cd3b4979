"""A server of ASGI that a test can count: it sends what uvicorn would send and keeps what the application answers."""

from __future__ import annotations

import asyncio
import logging
import traceback
from typing import Any
from urllib.parse import unquote

from tests.frameworks.clients.replies import BARE, NOTHING, Reply, Sending

LOGGER = logging.getLogger(__name__)

DEADLINE = 20.0
"""A test that waits for longer is broken."""


class Client:
    """Asks one application, each time in a loop of its own."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def ask(self, sent: Sending) -> Reply:
        """One request through the whole stack."""
        return asyncio.run(_ask(self.app, sent))

    def beside(self, first: Sending, second: Sending) -> Reply:
        """The answer to the second of two requests, sent while the first is under way."""
        return asyncio.run(_beside(self.app, first, second))

    def knock(self, sent: Sending) -> Reply:
        """One handshake of a WebSocket: status 101 when it was accepted, else the refusal."""
        return asyncio.run(_knock(self.app, sent))

    def close(self) -> None:
        """Nothing is kept open."""


def scope_of(sent: Sending, kind: str) -> dict[str, Any]:
    """The scope of one request."""
    secure = sent.scheme == "https"
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": sent.method,
        "path": unquote(sent.path),
        "raw_path": sent.path.encode(),
        "query_string": sent.query.encode(),
        "root_path": "",
        "scheme": {"http": sent.scheme, "websocket": "wss" if secure else "ws"}[kind],
        "server": ("clinic.example", 443 if secure else 80),
        "client": (sent.peer, 50000),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.headers],
        "state": {},
    }


async def _ask(app: Any, sent: Sending, leaves: asyncio.Event | None = None) -> Reply:
    heard: list[Any] = []
    gone = leaves or asyncio.Event()
    waiting = list(sent.pieces or ())
    ended = sent.leaves

    async def receive() -> Any:
        nonlocal ended
        if waiting:
            piece = waiting.pop(0)
            ended = ended or not (waiting or sent.leaves or sent.stalls)
            return {"type": "http.request", "body": piece, "more_body": bool(waiting) or sent.leaves or sent.stalls}
        if not ended and not sent.stalls:
            ended = True
            return {"type": "http.request", "body": b"", "more_body": False}
        if not sent.leaves:
            await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        await asyncio.sleep(0)  # a server waits for its socket here, and hears meanwhile that the client has gone
        if gone.is_set():
            return  # as uvicorn: what is sent to nobody is dropped
        heard.append(message)
        if sent.hears and sum(bool(m.get("body")) for m in heard) >= sent.hears:
            gone.set()

    try:
        async with asyncio.timeout(DEADLINE):
            await app(scope_of(sent, "http"), receive, send)
    except Exception:  # noqa: BLE001  # as a server: whatever it is, it is logged and the next request is served
        LOGGER.warning("the application raised through to its server: %s", traceback.format_exc())
        return _reply(heard, "http.response", sent.method) if heard else BARE
    finally:
        gone.set()
    return _reply(heard, "http.response", sent.method)


async def _beside(app: Any, first: Sending, second: Sending) -> Reply:
    leaves = asyncio.Event()
    under_way = asyncio.ensure_future(_ask(app, first, leaves))
    for _ in range(5):
        await asyncio.sleep(0)  # the first one's turns, until it waits
    reply = await _ask(app, second)
    leaves.set()
    await under_way
    return reply


async def _knock(app: Any, sent: Sending) -> Reply:
    heard: list[Any] = []
    waiting = [{"type": "websocket.connect"}]

    async def receive() -> Any:
        return waiting.pop() if waiting else {"type": "websocket.disconnect", "code": 1005}

    async def send(message: Any) -> None:
        heard.append(message)

    scope = {**scope_of(sent, "websocket"), "subprotocols": [], "extensions": {"websocket.http.response": {}}}
    async with asyncio.timeout(DEADLINE):
        await app(scope, receive, send)
    if heard and heard[0]["type"] == "websocket.accept":
        return Reply(101, _text(heard[0].get("headers", ())), b"".join(m.get("text", "").encode() for m in heard[1:]))
    return _reply(heard, "websocket.http.response")


def _reply(heard: list[Any], kind: str, method: str = "GET") -> Reply:
    starts = [m for m in heard if m["type"] == f"{kind}.start"]
    if not starts:
        return NOTHING
    (start,) = starts
    bodies = [m for m in heard if m["type"] == f"{kind}.body"]
    ends = bool(bodies) and not bodies[-1].get("more_body", False)
    # As every server: the answer to HEAD has no body, whatever the application sends.
    body = b"" if method == "HEAD" else b"".join(m.get("body", b"") for m in bodies)
    return Reply(start["status"], _text(start["headers"]), body, ends=ends)


def _text(headers: Any) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
