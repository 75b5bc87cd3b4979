"""Serves a copy as `ringwork serve` would, or as nobody should; instead of the harness's own server, which no stranger ever meets.

Against a proof about a server that the application never has: what is judged is the very code that is started in production.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import signal
import socket
import tempfile
import threading
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.servers import choice
from ringwork.servers.listening import ServerSettings
from ringwork.survey.harness import loading, neutral, serving

HEAD_SECONDS = 2.0
"""How long a head may take here, so that a run need not wait for it."""

CARELESS = "careless"
_DIE_WITH_PARENT = 1
_BANNER = b"Server: Careless/1.2.3\r\n"


def serve(app: Any, listening: serving.Listening) -> None:
    """Serve until the process ends. Raises TargetFailed where the server is not installed."""
    if listening.server == CARELESS:
        _careless(listening)
        return
    settings = ServerSettings(
        certificate=str(listening.certificate), key=str(listening.key), head_seconds=HEAD_SECONDS, stop_seconds=1.0, threads=4
    )
    known = loading.harness_of(app)
    framework = known[0].__name__.rpartition(".")[2] if known is not None else ""
    offer = choice.chosen("", choice.interface_of(framework, app), settings)
    neutral.restore()
    server: Any
    try:
        server = importlib.import_module(f"ringwork.servers.{offer.name}")
    except ModuleNotFoundError as error:
        advice = f"pip install 'ringwork[{offer.extra}]'"
        raise TargetFailed(step="start", problem=f"{offer.name}, which would serve it, is not installed", advice=advice) from error
    if hasattr(server, "SHARED_MEMORY"):
        server.SHARED_MEMORY = tempfile.gettempdir()  # a confined copy writes nowhere else
    os.register_at_fork(after_in_child=_end_with_parent)
    listening.ready()
    server.serve(app, settings, listening.sock)


def _end_with_parent() -> None:
    # Against workers that outlive the copy which the prover ends (Linux).
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _careless(listening: serving.Listening) -> None:
    """A stand-in for a server at its worst: no limit, no deadline, a banner, TRACE, and a socket that nobody declared."""
    extra = socket.socket()
    extra.bind(("127.0.0.1", 0))
    extra.listen(1)
    listening.ready()
    while True:
        client, _ = listening.sock.accept()
        threading.Thread(target=_converse, args=(client, listening), daemon=True).start()


def _converse(client: socket.socket, listening: serving.Listening) -> None:
    try:
        spoken = listening.context.wrap_socket(client, server_side=True)
        head = b""
        while b"\r\n\r\n" not in head:
            piece = spoken.recv(65536)
            if not piece:
                break  # half a head is taken for a whole one
            head += piece
        body = head if head.startswith(b"TRACE") else b"ok"
        spoken.sendall(b"HTTP/1.1 200 OK\r\n" + _BANNER + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        spoken.close()
    except OSError:
        client.close()
