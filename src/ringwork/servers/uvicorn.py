"""uvicorn, with the deadlines, limits and TLS that it does not set by itself.

Against clients that open connections and send a byte a minute, banners, addresses taken from headers by the server itself, and
versions of TLS with known breaks. Source: OWASP ASVS 5.0, 12.1.1, 13.1.2, 13.4.6; ASGI TLS extension 0.2; uvicorn 0.54, `config.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import signal
import socket
import ssl
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.supervisors import Multiprocess

from ringwork.servers import listening
from ringwork.servers.connections import PatientLoop, with_tls
from ringwork.servers.listening import ServerSettings


class SafeConfig(uvicorn.Config):
    """uvicorn's configuration, made from ours; it can be handed to worker processes."""

    def __init__(self, app: Any, settings: ServerSettings) -> None:
        self.serving = settings
        super().__init__(
            app,
            loop="asyncio",
            http=PatientProtocol,
            ws=CertifiedSocketProtocol,
            lifespan="on",
            ws_max_size=settings.message_bytes,
            # Against passwords and tokens of query strings in a log of every request: refusals and errors are events.
            access_log=False,
            log_level="warning",
            # Against an address that a client writes itself: network.trusted-proxies alone reads forwarding headers.
            proxy_headers=False,
            forwarded_allow_ips="",
            # Against a banner that tells which known hole fits.
            server_header=False,
            limit_concurrency=settings.connections,
            h11_max_incomplete_event_size=settings.head_bytes,
            timeout_keep_alive=max(1, round(settings.idle_seconds)),
            timeout_graceful_shutdown=max(1, round(settings.stop_seconds)),
            backlog=listening.BACKLOG,
            workers=settings.workers,
            ssl_certfile=settings.certificate or None,
            ssl_keyfile=settings.key or None,
            ssl_context_factory=_context if settings.is_tls else None,
        )

    def get_loop_factory(self) -> Callable[[], asyncio.AbstractEventLoop]:
        """In every worker too: it is the configuration that is handed to them."""
        return functools.partial(PatientLoop, self.serving.head_seconds)


def _context(config: uvicorn.Config, _: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    return listening.context(config.serving)  # type: ignore[attr-defined]  # always a SafeConfig


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that waits for the head of a request only so long, and tells the application about the client's certificate."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """The clock runs from the first moment on."""
        super().connection_made(transport)
        self.app = with_tls(self.app, transport)
        self._start_clock()

    def data_received(self, data: bytes) -> None:
        """Start the clock with the first byte of a head, stop it with the last; bytes in between change nothing."""
        # Against slow heads (Slowloris): each byte would otherwise begin a new rest, and a thousand such clients fill the server.
        if self._deadline is None and self.conn.their_state is h11.IDLE:
            self._start_clock()
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_clock()
        super().connection_lost(exc)

    def _start_clock(self) -> None:
        seconds = self.config.serving.head_seconds  # type: ignore[attr-defined]  # always a SafeConfig
        self._deadline = self.loop.call_later(seconds, self._give_up)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.transport.is_closing() or self.conn.their_state is not h11.IDLE:
            return
        with contextlib.suppress(h11.LocalProtocolError):
            # An answer only where one is expected: part of a head has come.
            if self.conn.trailing_data[0]:
                late = h11.Response(
                    status_code=408, headers=[(b"connection", b"close"), (b"content-length", b"0")], reason=b"Request Timeout"
                )
                self.transport.write(self.conn.send(late) or b"")
                self.conn.send(h11.EndOfMessage())
        self.transport.close()


class CertifiedSocketProtocol(WebSocketsSansIOProtocol):
    """WebSockets whose scope tells about the client's certificate too."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As uvicorn's own."""
        super().connection_made(transport)
        self.app = with_tls(self.app, transport)


def _ended(number: int, frame: object) -> None:
    raise SystemExit(0)


def serve(app: Any, settings: ServerSettings, sock: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl-C, then let running requests end.

    app: the application, or "module:attribute" for several workers, which import it anew. sock: from `listening.bound`.
    Raises SystemExit when the application refuses to start; its own message says why.
    """
    config = SafeConfig(app, settings)
    server = uvicorn.Server(config)
    # uvicorn sends itself the signal once more when it has ended in order; left alone it would kill what its caller still has to tidy up.
    signal.signal(signal.SIGTERM, _ended)
    if settings.workers > 1:
        # Older releases of uvicorn are told what a worker runs; later ones know.
        told = {"target": server.run} if "target" in inspect.signature(Multiprocess).parameters else {}
        Multiprocess(config, sockets=[sock], **told).run()
    else:
        server.run(sockets=[sock])
