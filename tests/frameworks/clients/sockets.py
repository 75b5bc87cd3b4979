"""The same applications on real sockets of this machine: uvicorn, the standard library's WSGI server, and aiohttp's own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import uvicorn
from aiohttp import web

DEADLINE = 20.0
"""A test that waits for longer is broken."""


class Quiet(WSGIRequestHandler):
    """Writes no log."""

    def log_message(self, *told: Any) -> None:
        """Nothing."""


@contextlib.contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket of this machine that listens; who connects waits until somebody serves."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        yield found


@contextlib.contextmanager
def served(app: Any, interface: str, listener: socket.socket) -> Iterator[None]:
    """Serve the application on that socket in a thread of its own."""
    serve = {"asgi": _uvicorn, "wsgi": _wsgi, "aiohttp": _aiohttp}[interface]
    ended = threading.Event()
    thread = threading.Thread(target=serve, args=(app, listener, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(DEADLINE)


def _until(ended: threading.Event) -> Any:
    return asyncio.get_running_loop().run_in_executor(None, ended.wait, DEADLINE)


def _uvicorn(app: Any, listener: socket.socket, ended: threading.Event) -> None:
    async def run() -> None:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", proxy_headers=False, server_header=False))
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        await _until(ended)
        server.should_exit = True
        await serving

    asyncio.run(run())


def _wsgi(app: Any, listener: socket.socket, ended: threading.Event) -> None:
    server = WSGIServer(listener.getsockname(), Quiet, bind_and_activate=False)
    server.socket.close()
    server.socket = listener.dup()
    server.server_name, server.server_port = "127.0.0.1", listener.getsockname()[1]
    server.setup_environ()
    server.set_app(app)
    server.timeout = 0.05
    with server:
        while not ended.is_set():
            server.handle_request()


def _aiohttp(app: Any, listener: socket.socket, ended: threading.Event) -> None:
    async def run() -> None:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        await _until(ended)
        await runner.cleanup()

    asyncio.run(run())


def say(listener: socket.socket, head: str, body: bytes = b"", *, leaves: bool = False) -> bytes:
    """Send a request, and hand back what is answered; with `leaves` go without waiting for it."""
    with socket.create_connection(listener.getsockname(), DEADLINE) as wire:
        wire.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        if leaves:
            return b""
        heard = b""
        while piece := wire.recv(65_536):
            heard += piece
        return heard
