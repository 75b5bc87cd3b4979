"""granian, with the deadlines, limits and TLS that it does not set by itself: for ASGI.

Against clients that open connections and send a byte a minute, an application that refuses to start and is served all the same, and
sockets that are opened a second time. Source: OWASP ASVS 5.0, 12.1.1, 13.1.2, 13.4.6; granian 2.8, `server/common.py`.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import multiprocessing
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from granian import log, net
from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings
from granian.server import MPServer

from ringwork.servers import listening
from ringwork.servers.connections import Scope, StartedOrNot
from ringwork.servers.listening import ServerSettings
from ringwork.servers.renewal import LOOK_SECONDS, Renewal

_DIE_WITH_PARENT = 1
FAILED = 3  # uvicorn's own number for an application that refuses to start


class SafeServer(MPServer):
    """granian, configured by us alone: no environment and no command line. sock: it listens already."""

    def __init__(self, settings: ServerSettings, sock: socket.socket) -> None:
        self.sock = sock
        self._shd: Any
        super().__init__("ringwork", **options(settings))
        # Between two workers that are replaced; the next one begins to accept before the last one stops.
        self.respawn_interval = 1.0

    def _init_shared_socket(self) -> None:
        # Against a port that is taken by somebody else in between: the one socket is handed on, which also keeps a Unix socket's mode.
        self.sock.listen(listening.BACKLOG)
        holder: Any = vars(net)["SocketHolder"]  # its stub leaves out what it takes
        self._shd = holder(self.sock.fileno(), self.sock.family == socket.AF_UNIX, listening.BACKLOG)
        self._ssp = self._sso = None

    def _drop_shared_socket(self) -> None:
        return  # whoever made it closes it


class Nameless(StartedOrNot):
    """An application in whose answers the server names nothing: granian writes its own name where nobody wrote another."""

    async def __call__(self, scope: Scope, receive: Any, send: Any, *_: Any) -> None:
        """As the application."""

        async def unnamed(message: Scope) -> None:
            # Against a banner that tells which known hole fits. Granian cannot leave the header out, so it is empty.
            if message["type"] in _HEADED and not any(bytes(name).lower() == b"server" for name, _ in message.get("headers", ())):
                message = {**message, "headers": [*message.get("headers", ()), (b"server", b"")]}
            await send(message)

        await super().__call__(scope, receive, unnamed)


_HEADED = frozenset({"http.response.start", "websocket.accept"})


def options(settings: ServerSettings) -> dict[str, Any]:
    """granian's settings by its own names."""
    found: dict[str, Any] = {
        "interface": Interfaces.ASGI,
        "workers": settings.workers,
        "loop": Loops.asyncio,
        # Against a second protocol with limits of its own: HTTP/2 is a proxy's to speak.
        "http": HTTPModes.http1,
        "backlog": listening.BACKLOG,
        "backpressure": settings.connections,
        # Against slow heads (Slowloris) and heads without end.
        "http1_settings": HTTP1Settings(
            header_read_timeout=round(settings.head_seconds * 1000), max_buffer_size=max(8192, settings.head_bytes)
        ),
        "workers_kill_timeout": max(1, round(settings.stop_seconds)),
        # Against passwords and tokens of query strings in a log of every request: refusals and errors are events.
        "log_access": False,
        "log_level": log.LogLevels.warning,
        "reload": False,
        "metrics_enabled": False,
        "respawn_failed_workers": True,
    }
    if settings.is_tls:
        found |= {
            "ssl_cert": Path(settings.certificate),
            "ssl_key": Path(settings.key),
            "ssl_protocol_min": SSLProtocols.tls13 if settings.tls == listening.MODERN else SSLProtocols.tls12,
        }
    return found


def _watch(renewal: Renewal, reload: Callable[[], None]) -> None:
    """Look at the certificate's files for as long as this process lives, and have the workers replaced when they hold another one."""
    known = renewal.current
    while True:
        time.sleep(LOOK_SECONDS)
        renewal.look()
        if renewal.current is not known:
            known = renewal.current
            reload()


def _in_worker(app: Nameless) -> Nameless:
    """What a worker serves, once it has seen to it that it ends with its parent."""
    # Against workers that go on serving, and holding the port, when the process that would replace or stop them was killed (Linux).
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
    return app


def serve(app: Any, settings: ServerSettings, sock: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl-C, then let running requests end. sock: from `listening.bound`.

    Raises SystemExit when the application refuses to start; its own message says why.
    """
    # The listening socket and the application are inherited: both are there before the workers are.
    multiprocessing.set_start_method("fork", force=True)
    server = SafeServer(settings, sock)
    if settings.is_tls:
        watch = threading.Thread(target=_watch, args=(listening.renewal(settings), server.signal_handler_reload), daemon=True)
        server.on_startup(watch.start)
    server.serve(target_loader=functools.partial(_in_worker, Nameless(app)), wrap_loader=False)
    if server.interrupt_children:
        print("ringwork serve: the application refused to start", file=sys.stderr)
        raise SystemExit(FAILED)
