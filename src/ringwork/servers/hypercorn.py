"""hypercorn, with the deadlines, limits and TLS that it does not set by itself.

Against clients that open connections and send a byte a minute, an application that refuses to start and is served all the same,
banners, and cleartext HTTP/2 that nobody asked for. Source: OWASP ASVS 5.0, 12.1.1, 13.1.2, 13.4.6; hypercorn 0.18, `asyncio/run.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import signal
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from h11 import RemoteProtocolError, Request
from hypercorn import protocol
from hypercorn import run as supervisor
from hypercorn.asyncio import run
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.config import Config, Sockets
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol import h11
from hypercorn.utils import LifespanFailureError, check_multiprocess_shutdown_event

from ringwork.servers import listening
from ringwork.servers.connections import PatientLoop, StartedOrNot, with_tls
from ringwork.servers.listening import ServerSettings

FAILED = 3  # uvicorn's own number for an application that refuses to start


class SafeConfig(Config):
    """hypercorn's configuration, made from ours; it can be handed to worker processes."""

    def __init__(self, settings: ServerSettings) -> None:
        self.serving = settings
        self.workers = settings.workers
        # Against passwords and tokens of query strings in a log of every request: refusals and errors are events.
        self.accesslog, self.loglevel = None, "WARNING"
        # Against a banner that tells which known hole fits.
        self.include_server_header = False
        self.h11_max_incomplete_size = settings.head_bytes
        self.websocket_max_message_size = settings.message_bytes
        self.backlog = listening.BACKLOG
        # What is still open after `stop_seconds` is cut by PatientServer; this is only the net below it.
        self.graceful_timeout = settings.stop_seconds + 5
        self.ssl_handshake_timeout = settings.head_seconds
        self.use_reloader = self.debug = False

    @property
    def ssl_enabled(self) -> bool:
        """Whether TLS is spoken."""
        return self.serving.is_tls

    def create_ssl_context(self) -> ssl.SSLContext | None:
        """Ours, which speaks HTTP/1.1 alone."""
        return listening.context(self.serving) if self.serving.is_tls else None


class PlainProtocol(h11.H11Protocol):
    """HTTP/1.1 and WebSockets, and nothing that a request's head would change that into."""

    async def handle(self, event: Event) -> None:
        """As hypercorn's own; a refused version ends the connection."""
        with contextlib.suppress(RemoteProtocolError):
            await super().handle(event)

    async def _check_protocol(self, event: Request) -> None:
        # Against requests that slip past a proxy, which takes the rest of a connection for an upgraded one (h2c smuggling): an
        # upgrade to HTTP/2 is not heard, and what begins with HTTP/2 is refused.
        if event.http_version not in {b"1.0", b"1.1"}:
            await self._send_error_response(505)
            await self.send(Closed())
            raise RemoteProtocolError("another version of HTTP")


class PatientServer(TCPServer):
    """A connection that waits for the head of a request only so long, and tells the application about the client's certificate."""

    opened: set[PatientServer] = set()  # noqa: RUF012  # of this process

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.serving: ServerSettings = self.config.serving  # type: ignore[attr-defined]  # always a SafeConfig
        self.has_begun, self.is_first = asyncio.Event(), True
        self.app = with_tls(self.app, self.writer)

    async def run(self) -> None:
        """As hypercorn's own, for so many connections at once."""
        # Against one visitor who opens all the connections that there are.
        if len(self.opened) >= self.serving.connections:
            self.writer.close()
            return
        self.opened.add(self)
        try:
            await super().run()
        finally:
            self.opened.discard(self)

    async def _read_data(self) -> None:
        """As hypercorn's own; the first byte after a rest begins a head."""
        while not self.reader.at_eof():
            try:
                data = await self.reader.read(MAX_RECV)
            except OSError:
                break
            self.has_begun.set()
            await self.protocol.handle(RawData(data))
        await self.protocol.handle(Closed())

    async def _idle_timeout(self) -> None:
        """Begun when a connection is made and when an answer has ended; hypercorn stops it once a head is whole."""
        # Against slow heads (Slowloris): the wait begins with the connection or with the first byte, and no later byte prolongs it.
        is_first, self.is_first = self.is_first, False
        self.has_begun.clear()
        if is_first or await _happens(self.has_begun.wait(), self.serving.idle_seconds):
            await _happens(self.context.terminated.wait(), self.serving.head_seconds)
        await asyncio.shield(self._initiate_server_close())

    async def _close(self) -> None:
        # Against one client's broken farewell that ends the whole server when it stops.
        with contextlib.suppress(OSError):
            await super()._close()


async def _happens(what: Awaitable[Any], seconds: float) -> bool:
    # Not wait_for, which before Python 3.12 loses a cancellation that comes with the event itself: a whole head would wait for nothing.
    try:
        async with asyncio.timeout(seconds):
            await what
    except TimeoutError:
        return False
    return True


async def _until(stopped: Awaitable[Any], seconds: float) -> None:
    """Until the server has to stop; from then on kept connections end, and `seconds` later all others do."""
    await stopped
    for one in PatientServer.opened:
        one.has_begun.set()
    asyncio.get_running_loop().call_later(seconds, _cut)


def _cut() -> None:
    for one in list(PatientServer.opened):
        one.writer.transport.abort()


def _run(app: Any, config: SafeConfig, sockets: Sockets, stopped: Callable[[], Awaitable[Any]]) -> None:
    """Serve in this process until `stopped`. Raises SystemExit when the application refuses to start."""
    for module, name, own in ((protocol, "H11Protocol", PlainProtocol), (run, "TCPServer", PatientServer)):
        setattr(module, name, own)  # hypercorn has no other door

    async def serving() -> None:
        stop = functools.partial(_until, stopped(), config.serving.stop_seconds)
        checked: Any = StartedOrNot(app)
        await run.worker_serve(checked, config, sockets=sockets, shutdown_trigger=stop)

    with asyncio.Runner(loop_factory=functools.partial(PatientLoop, config.serving.head_seconds)) as runner:
        runner.get_loop().set_exception_handler(run._exception_handler)  # noqa: SLF001  # quiet about broken handshakes, as hypercorn itself
        try:
            runner.run(serving())
        except LifespanFailureError as failed:
            print(f"ringwork serve: the application refused to start: {failed}", file=sys.stderr)
            raise SystemExit(FAILED) from failed


def worker(config: Any, sockets: Sockets | None = None, shutdown_event: Any = None) -> None:
    """One of several processes: imports the application by its name and serves until the parent says otherwise."""
    module, _, name = config.application_path.partition(":")
    app = getattr(importlib.import_module(module), name)
    _run(app, config, sockets or Sockets([], [], []), lambda: check_multiprocess_shutdown_event(shutdown_event, asyncio.sleep))


async def _signalled() -> None:
    """Until SIGTERM or Ctrl-C."""
    loop, come = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, come.set)
    await come.wait()


def _given(sockets: Sockets) -> Sockets:
    return sockets


def serve(app: Any, settings: ServerSettings, sock: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl-C, then let running requests end.

    app: the application, or "module:attribute" for several workers, which import it anew. sock: from `listening.bound`.
    Raises SystemExit when the application refuses to start; a line says why.
    """
    config = SafeConfig(settings)
    sock.setblocking(False)
    sockets = Sockets([sock], [], []) if settings.is_tls else Sockets([], [sock], [])
    if settings.workers == 1:
        _run(app, config, sockets, _signalled)
        return
    sock.listen(listening.BACKLOG)  # who comes while the workers start waits, and is not refused
    config.application_path = app
    config.create_sockets = functools.partial(_given, sockets)  # type: ignore[method-assign]  # they listen already
    run.asyncio_worker = worker
    code = supervisor.run(config)
    if code:
        raise SystemExit(code)
