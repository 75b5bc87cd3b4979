"""aiohttp's own runner, with the deadlines, limits and TLS that it does not set by itself.

Against clients that open connections and send a byte a minute, kept connections that rest for an hour, and banners. Source: OWASP
ASVS 5.0, 12.1.1, 13.1.2, 13.4.6; aiohttp 3.14, `web_protocol.py`.
"""

from __future__ import annotations

import asyncio
import functools
import signal
import socket
import sys
from typing import Any

from aiohttp import web, web_protocol
from aiohttp.http import SERVER_SOFTWARE
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_writer import StreamWriter
from multidict import CIMultiDict

from ringwork.servers import listening
from ringwork.servers.connections import PatientLoop
from ringwork.servers.listening import ServerSettings

FAILED = 3  # uvicorn's own number for an application that refuses to start
_FIELD_BYTES = 8190
_FIELDS = 100


class QuietWriter(StreamWriter):
    """An answer without aiohttp's Server header; one that the application wrote itself stays its own matter."""

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """As aiohttp's own."""
        # Against a banner that tells which known hole fits.
        if headers.get("Server") == SERVER_SOFTWARE:
            del headers["Server"]
        await super().write_headers(status_line, headers)


class PatientHandler(web.RequestHandler):
    """A connection that waits for the head of a request only so long, and reads only so much of it."""

    __slots__ = ("_head_bytes", "_serving")

    def __init__(self, manager: PatientServer, **more: Any) -> None:
        super().__init__(manager, **more)
        self._serving, self._head_bytes = manager.serving, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The clock runs from the first moment on."""
        super().connection_made(transport)
        # Against one visitor who opens all the connections that there are.
        if self._manager is not None and len(self._manager.connections) > self._serving.connections:
            self.force_close()
            return
        self._wait(self._serving.head_seconds)

    def data_received(self, data: bytes) -> None:
        """Start the clock with the first byte of a head, stop it with the last; bytes in between change nothing."""
        # Against slow heads (Slowloris): each byte would otherwise begin a new rest, and a thousand such clients fill the server.
        is_head = self._waiter is not None and not self._waiter.done()
        if is_head and not self._head_bytes and self._request_count:
            self._wait(self._serving.head_seconds)
        count = self._request_count
        super().data_received(data)
        if self._request_count != count:
            self._head_bytes = 0
            self._stop()
        elif is_head:
            # Against heads without end: aiohttp bounds each line, and not their sum.
            self._head_bytes += len(data)
            if self._head_bytes > self._serving.head_bytes:
                self.force_close()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """As aiohttp's own; what could not be read as a request is refused without a word about it."""
        if not isinstance(exc, HttpProcessingError) or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        # Against tokens of a broken head in the log, and a parser that tells its name by its words.
        answer = web.Response(status=400, text="400: Bad Request")
        answer.force_close()
        return answer

    def _wait(self, seconds: float) -> None:
        self._stop()
        # aiohttp's own timer, which ends a connection that still waits for a request when it fires.
        self._next_keepalive_close_time = self._loop.time() + seconds
        self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)

    def _stop(self) -> None:
        if self._keepalive_handle is not None:
            self._keepalive_handle.cancel()
            self._keepalive_handle = None


class PatientServer(web.Server):
    """Makes a patient handler for each connection."""

    def __init__(self, made: web.Server, serving: ServerSettings) -> None:
        self.serving = serving
        own: dict[str, Any] = {**made._kwargs}  # noqa: SLF001  # what AppRunner was given, and the application's own
        super().__init__(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            loop=made._loop,  # noqa: SLF001  # the same
            **own,
        )

    def __call__(self) -> PatientHandler:
        """For one connection."""
        return PatientHandler(self, loop=self._loop, **self._kwargs)


class SafeRunner(web.AppRunner):
    """aiohttp's runner, configured from ours."""

    __slots__ = ("_serving",)

    def __init__(self, app: web.Application, settings: ServerSettings) -> None:
        self._serving = settings
        super().__init__(
            app,
            # Against passwords and tokens of query strings in a log of every request: refusals and errors are events.
            access_log=None,
            keepalive_timeout=settings.idle_seconds,
            shutdown_timeout=settings.stop_seconds,
            max_line_size=min(_FIELD_BYTES, settings.head_bytes),
            max_field_size=min(_FIELD_BYTES, settings.head_bytes),
            max_headers=_FIELDS,
        )

    async def _make_server(self) -> web.Server:
        return PatientServer(await super()._make_server(), self._serving)


async def _serve(app: web.Application, settings: ServerSettings, sock: socket.socket) -> None:
    loop, come = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, come.set)
    runner = SafeRunner(app, settings)
    try:
        await runner.setup()
    except Exception as error:
        # Against a production that runs without the guard which refused it.
        print(f"ringwork serve: the application refused to start: {type(error).__name__}: {error}", file=sys.stderr)
        raise SystemExit(FAILED) from error
    try:
        tls = listening.context(settings) if settings.is_tls else None
        await web.SockSite(runner, sock, ssl_context=tls, backlog=listening.BACKLOG).start()
        await come.wait()
    finally:
        await runner.cleanup()


def serve(app: web.Application, settings: ServerSettings, sock: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl-C, then let running requests end. sock: from `listening.bound`.

    Raises SystemExit when the application refuses to start; a line says why.
    """
    setattr(web_protocol, "StreamWriter", QuietWriter)  # noqa: B010  # aiohttp has no other door for what is sent before a request is one
    with asyncio.Runner(loop_factory=functools.partial(PatientLoop, settings.head_seconds)) as runner:
        runner.run(_serve(app, settings, sock))
