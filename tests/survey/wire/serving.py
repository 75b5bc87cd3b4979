"""A small real server over TLS, so that the attacking client is tried on the wire and not on a stand-in."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ringwork.survey.wire.client import Client
from ringwork.survey.wire.forge import Authority, make_authority

NAME = "shop.example"
Reply = tuple[int, list[tuple[str, str]], bytes]


class Seen:
    """One request as it arrived."""

    def __init__(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.method, self.path, self.headers, self.body = method, path, headers, body

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for found, value in self.headers if found.lower() == name]

    def one(self, name: str) -> str:
        """The first value of a header, "" for none."""
        return next(iter(self.all(name)), "")


Answerer = Callable[[Seen], Reply]


def _handler(answer: Answerer, log: list[Seen]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                super().handle_one_request()

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._answer
            raise AttributeError(name)

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            seen = Seen(self.command, self.path, list(self.headers.items()), body)
            log.append(seen)
            status, headers, told = answer(seen)
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(told)

        def log_message(self, *args: object) -> None:
            return

    return Handler


class Shop:
    """The running server: what it saw, and browsers for it."""

    def __init__(self, address: tuple[str, int], authority: Authority, seen: list[Seen]) -> None:
        self.address, self.authority, self.seen = address, authority, seen
        self.origin = f"https://{NAME}:{address[1]}"

    def client(self) -> Client:
        """A fresh browser."""
        return Client(address=self.address, server_name=NAME, ca_pem=self.authority.certificate_pem, origin=self.origin)

    @property
    def last(self) -> Seen:
        """The newest request."""
        return self.seen[-1]


def echo(seen: Seen) -> Reply:
    """Answers with what was asked."""
    return 200, [("content-type", "application/json")], json.dumps({"method": seen.method, "path": seen.path}).encode()


@contextlib.contextmanager
def shop(answer: Answerer = echo) -> Iterator[Shop]:
    """A server on an ephemeral port of 127.0.0.1."""
    authority, seen = make_authority(), list[Seen]()
    with TemporaryDirectory() as folder:
        certificate, key = authority.leaf(names=[NAME, "127.0.0.1"])
        place = Path(folder) / "leaf.pem"
        place.write_bytes(certificate + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(place)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(answer, seen))
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Shop(server.server_address[:2], authority, seen)  # type: ignore[arg-type]  # the address of an IPv4 socket
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
