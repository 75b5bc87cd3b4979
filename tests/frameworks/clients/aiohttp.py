"""aiohttp's own server over a connection in memory: its parser, its protocol and its application runner, without a socket.

So a test says from which address and over which scheme a client comes, and what arrives is read as any client reads it.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import io
from typing import Any

from aiohttp import web

from tests.frameworks.clients.replies import NOTHING, Reply, Sending

DEADLINE = 20.0
"""A test that waits for longer is broken."""

SECURE = object()
"""Stands for the TLS context of a connection; aiohttp asks only whether there is one."""


class Handshake:
    """Stands for the TLS of a connection whose client has shown no certificate."""

    def getpeercert(self, *, binary_form: bool = False) -> None:
        """None was shown."""


HIGH_BYTES = 65_536
"""How much may wait for a client before the server is told to write no more."""


class Loop(asyncio.SelectorEventLoop):
    """A loop that sends a file by reading it, as asyncio does where a connection is encrypted."""

    async def sendfile(self, transport: Any, file: Any, offset: int = 0, count: int | None = None, *, fallback: bool = True) -> int:
        """Write the file."""
        file.seek(offset)
        data: bytes = file.read(count)
        transport.write(data)
        return len(data)


class Wire(asyncio.Transport):
    """One connection. heard: what the server wrote. stirs: is set whenever it writes or closes."""

    def __init__(self, sent: Sending) -> None:
        secure = {"sslcontext": SECURE, "ssl_object": Handshake()} if sent.scheme == "https" else {}
        super().__init__({"peername": (sent.peer, 50000), **secure})
        self.heard: list[bytes] = []
        self.stirs = asyncio.Event()
        self.protocol: Any = None
        self.closed = self.paused = False
        self.waiting = 0

    def write(self, data: Any) -> None:
        """What the server sends; to a client that is gone it is lost."""
        if not self.closed:
            self.heard.append(bytes(data))
            self.stirs.set()
            self.waiting += len(data)
            if self.waiting > HIGH_BYTES and not self.paused:
                self.paused = True
                self.protocol.pause_writing()

    def taken(self) -> None:
        """The client has read what was there."""
        self.waiting = 0
        if self.paused and not self.closed:
            self.paused = False
            self.protocol.resume_writing()

    def is_closing(self) -> bool:
        """Whether either side has closed."""
        return self.closed

    def close(self) -> None:
        """Either side closes; the protocol hears of it."""
        if not self.closed:
            self.closed = True
            self.stirs.set()
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close

    def pause_reading(self) -> None:
        """The test has sent all it has; there is nothing to hold back."""

    resume_reading = pause_reading

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """What is written is kept whole."""


class Client:
    """Asks one application, in a loop that it keeps: an application of aiohttp belongs to the loop that it was started in."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._loop = Loop()
        self._runner: Any = None

    def ask(self, sent: Sending) -> Reply:
        """One request through the whole stack."""
        return self._loop.run_until_complete(self._ask(sent))

    def beside(self, first: Sending, second: Sending) -> Reply:
        """The answer to the second of two requests, sent while the first is under way."""
        return self._loop.run_until_complete(self._beside(first, second))

    def knock(self, sent: Sending) -> Reply:
        """One handshake of a WebSocket: status 101 when it was accepted, else the refusal."""
        key = base64.b64encode(b"k" * 16).decode()
        asked = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", key))
        return self.ask(Sending("GET", sent.target, (*sent.headers, *asked), None, sent.scheme, sent.peer))

    def close(self) -> None:
        """Close the loop. Nothing runs in it any more, and this may be called by the collector while another one runs."""
        self._loop.close()

    async def _beside(self, first: Sending, second: Sending) -> Reply:
        wire = Wire(first)
        under_way = asyncio.ensure_future(self._ask(first, wire))
        for _ in range(5):
            await asyncio.sleep(0)  # the first one's turns, until it waits
        reply = await self._ask(second)
        wire.close()
        await under_way
        return reply

    async def _ask(self, sent: Sending, wire: Wire | None = None) -> Reply:
        if self._runner is None:
            runner = web.AppRunner(self.app, access_log=None)
            await runner.setup()
            self._runner = runner
        wire = wire or Wire(sent)
        wire.protocol = self._runner.server()
        wire.protocol.connection_made(wire)
        try:
            for piece in _written(sent):
                wire.protocol.data_received(piece)
                await asyncio.sleep(0)
            if sent.leaves:
                wire.close()
            async with asyncio.timeout(DEADLINE):
                return await self._hear(wire, sent)
        finally:
            wire.close()
            await self._quiet()

    async def _hear(self, wire: Wire, sent: Sending) -> Reply:
        while True:
            reply = _read(b"".join(wire.heard), sent.method)
            if wire.closed or reply.ends or (sent.hears and len(wire.heard) > sent.hears):
                return reply
            if reply.status == http.client.SWITCHING_PROTOCOLS and len(wire.heard) > 1:
                return reply
            wire.stirs.clear()
            wire.taken()
            await wire.stirs.wait()

    async def _quiet(self) -> None:
        """Let handlers whose client has gone come to their end."""
        for _ in range(20):
            await asyncio.sleep(0)


def _written(sent: Sending) -> list[bytes]:
    """The request as bytes: its head, then each piece of its body."""
    lines = [f"{sent.method} {sent.target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.headers)]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    if sent.named("transfer-encoding") is None:
        return [head, *(sent.pieces or ())]
    end = [] if sent.leaves or sent.stalls else [b"0\r\n\r\n"]
    return [head, *(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in sent.pieces or () if piece), *end]


class _Read:
    """What http.client takes for a socket."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self.data)


def _read(data: bytes, method: str) -> Reply:
    """The answer as far as it has come."""
    if b"\r\n\r\n" not in data:
        return NOTHING
    answer = http.client.HTTPResponse(_Read(data), method=method)  # type: ignore[arg-type]  # all that is asked of a socket is makefile
    answer.begin()
    ends = answer.chunked or answer.length is not None
    try:
        body = b"" if answer.status == http.client.SWITCHING_PROTOCOLS else answer.read()
    except http.client.IncompleteRead as incomplete:
        body, ends = incomplete.partial, False
    headers = [(name, value) for name, value in answer.getheaders() if name.lower() != "transfer-encoding"]
    return Reply(answer.status, headers, body, ends=ends and answer.status != http.client.SWITCHING_PROTOCOLS)
