"""gunicorn, with the deadlines, limits and TLS that it does not set by itself: for Flask.

Against clients that send a byte a minute and hold a thread, requests that never end, banners, and addresses taken from headers by
the server itself. Source: OWASP ASVS 5.0, 12.1.1, 13.1.2, 13.4.6; gunicorn 27, `config.py` and `workers/gthread.py`.
"""

from __future__ import annotations

import functools
import logging
import os
import selectors
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn import http
from gunicorn import sock as sockets
from gunicorn.app.base import BaseApplication
from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from ringwork.servers import listening
from ringwork.servers.listening import ServerSettings

SHARED_MEMORY = "/dev/shm"  # noqa: S108  # no file of ours: gunicorn's own heartbeat, unlinked as soon as it is open
_LINE_BYTES = 4094
_FIELDS = 100


class QuietResponse(wsgi.Response):  # type: ignore[misc]  # gunicorn has no types
    """An answer without gunicorn's Server header."""

    def default_headers(self) -> list[str]:
        """Status line, Date and Connection."""
        # Against a banner that tells which known hole fits.
        return [line for line in super().default_headers() if not line.startswith("Server:")]


class PatientUnreader(SocketUnreader):  # type: ignore[misc]  # gunicorn has no types
    """Reads from a socket until a point in time, however slowly bytes come."""

    until = 0.0

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next bytes. Raises NoMoreData when the time is over: the connection is then closed without a word."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise NoMoreData
        self.sock.settimeout(left)
        try:
            read: bytes = super().chunk(size_hint)
        except TimeoutError as error:
            raise NoMoreData from error
        return read


class PatientConnection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A connection whose handshake and whose every head have to be whole in time."""

    head_seconds = 10.0
    initialized: bool
    sock: Any
    parser: Any

    def init(self) -> None:
        """Start the clock: a request's head follows. Called by a thread of the pool for each request."""
        # Against slow heads and slow handshakes (Slowloris): a few such clients would hold all threads.
        if not self.initialized:
            self.initialized = True
            self.sock.settimeout(self.head_seconds)
            if self.cfg.is_ssl:
                self.sock = sockets.ssl_wrap_socket(self.sock, self.cfg)
            self.parser = http.get_parser(self.cfg, self.sock, self.client)
            self.parser.unreader = PatientUnreader(self.sock)
        self.parser.unreader.until = time.monotonic() + self.head_seconds


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Threads, of which none is held for ever: by a slow head, by a slow body, or by a request that does not end."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._began: dict[int, float] = {}

    def init_process(self) -> None:
        """In the worker's own process."""
        wsgi.Response = QuietResponse
        if _OWN[0].client_authority:
            wsgi.create = _certified
        super().init_process()

    def accept(self, listener: Any) -> None:
        """As gunicorn's own, with a connection that has a clock."""
        try:
            client, address = listener.accept()
        except OSError:
            return  # the client has gone, or another worker was faster
        self.nr_conns += 1
        connection = PatientConnection(self.cfg, client, address, listener.getsockname())
        connection.head_seconds = _OWN[0].head_seconds
        # Against connections that stay silent: gunicorn's own gives each of them a thread for five seconds.
        connection.timeout = time.monotonic() + connection.head_seconds
        self.pending_conns.append(connection)
        self.poller.register(client, selectors.EVENT_READ, functools.partial(self.on_pending_socket_readable, connection))

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Serve one request; its body has the request's own time, and so has every piece of its answer."""
        began = time.monotonic()
        conn.parser.unreader.until = began + self.cfg.timeout
        conn.sock.settimeout(self.cfg.timeout)
        mark = threading.get_ident()
        self._began[mark] = began
        try:
            kept: bool = super().handle_request(req, conn)
            return kept
        finally:
            self._began.pop(mark, None)

    def notify(self) -> None:
        """Tell the arbiter since when this worker is known to be well: since its oldest request began.

        Against a request that never ends: the arbiter replaces a worker whose word is older than the request's deadline.
        """
        since = min([time.monotonic(), *list(self._began.values())])
        os.utime(self.tmp.fileno(), (since, since))


_create: Callable[..., tuple[Any, dict[str, Any]]] = wsgi.create
_pem = functools.lru_cache(maxsize=512)(ssl.DER_cert_to_PEM_cert)


def _certified(req: Any, sock: Any, *more: Any) -> tuple[Any, dict[str, Any]]:
    """gunicorn's own answer and environ, and in that the client's certificate, as mod_ssl names it; no header can spell that name."""
    response, environ = _create(req, sock, *more)
    shown = sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None
    if shown:
        environ["SSL_CLIENT_CERT"], environ["SSL_CLIENT_VERIFY"] = _pem(shown), "SUCCESS"
    return response, environ


_OWN: list[ServerSettings] = [ServerSettings()]
"""The settings of this process; gunicorn's workers are forks of it."""


class SafeApplication(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's application object, configured by us alone: no file, no environment, no command line."""

    def __init__(self, app: Callable[..., Any], settings: ServerSettings, descriptor: int) -> None:
        self.app, self.settings, self.descriptor = app, settings, descriptor
        _OWN[0] = settings
        super().__init__()

    def load_config(self) -> None:
        """Every value that matters, whether gunicorn's default is the same today or not."""
        for name, value in options(self.settings, self.descriptor).items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        """The application, which was loaded already."""
        return self.app


def options(settings: ServerSettings, descriptor: int) -> dict[str, Any]:
    """gunicorn's settings by its own names."""
    found: dict[str, Any] = {
        "bind": f"fd://{descriptor}",
        "worker_class": f"{__name__}.{PatientWorker.__name__}",
        "workers": settings.workers,
        "threads": settings.threads,
        "worker_connections": max(settings.connections, settings.threads + 2),
        "backlog": listening.BACKLOG,
        # Flask cannot cut a thread that is running: the deadline of a request is its worker's.
        "timeout": max(1, round(settings.request_seconds)),
        "graceful_timeout": max(1, round(settings.stop_seconds)),
        "keepalive": max(1, round(settings.idle_seconds)),
        # Against heads without end.
        "limit_request_line": min(_LINE_BYTES, settings.head_bytes),
        "limit_request_fields": _FIELDS,
        "limit_request_field_size": min(8190, settings.head_bytes),
        # Against an address, a scheme or a user that a client writes itself: network.trusted-proxies alone reads forwarding headers.
        "forwarded_allow_ips": "",
        "secure_scheme_headers": {},
        "forwarder_headers": "",
        "header_map": "drop",
        "proxy_protocol": "off",
        # Against requests that two programs read differently.
        "permit_obsolete_folding": False,
        "strip_header_spaces": False,
        "permit_unconventional_http_method": False,
        "permit_unconventional_http_version": False,
        "http_protocols": "h1",
        # Against a second way in: gunicorn's own control socket.
        "control_socket_disable": True,
        "reload": False,
        "accesslog": None,
        "loglevel": "warning",
    }
    if Path(SHARED_MEMORY).is_dir():
        # Against a heartbeat that waits for a slow disk, and a worker that is killed for it.
        found["worker_tmp_dir"] = SHARED_MEMORY
    if settings.is_tls:
        found |= {"certfile": settings.certificate, "keyfile": settings.key, "ssl_context": _context}
    return found


def _context(config: Any, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    return listening.context(_OWN[0])


def serve(app: Callable[..., Any], settings: ServerSettings, sock: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl-C, then let running requests end. Raises SystemExit. sock: from `listening.bound`."""
    words, sys.argv = sys.argv, sys.argv[:1]  # gunicorn reads the command line of its own accord
    arbiter = os.getpid()
    try:
        SafeApplication(app, settings, sock.detach()).run()
    except SystemExit as end:
        if os.getpid() != arbiter:
            # Against a worker that ends and tidies up what belongs to all: it is a fork, and its callers' cleaning is not its own.
            logging.shutdown()
            os._exit(end.code if isinstance(end.code, int) else 1)
        raise
    finally:
        sys.argv = words
