"""A small threaded server round a copy of a WSGI application: HTTP/1.1 by h11, over TLS, and without beside it.

Only for copies on loopback. It reads a body when the application asks for it, in chunks too, and names no version.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

import h11

from ringwork.survey.harness import serving

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_PIECE = 65_536
_IDLE_SECONDS = 30.0
_LINGER_SECONDS = 1.0


def serve(app: Any, listening: serving.Listening) -> None:
    """Serve until the process ends."""
    threading.Thread(target=_accept, args=(listening.plain, app, None), name="ringwork-plain", daemon=True).start()
    listening.ready()
    _accept(listening.sock, app, listening.context)


def _accept(sock: socket.socket, app: WsgiApp, context: ssl.SSLContext | None) -> None:
    while True:
        raw, peer = sock.accept()
        threading.Thread(target=_converse, args=(raw, str(peer[0]), app, context), name="ringwork-request", daemon=True).start()


def _converse(raw: socket.socket, peer: str, app: WsgiApp, context: ssl.SSLContext | None) -> None:
    """All requests of one connection."""
    with contextlib.suppress(OSError, ssl.SSLError), raw:
        raw.settimeout(_IDLE_SECONDS)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected = raw if context is None else context.wrap_socket(raw, server_side=True)
        Connection(connected, peer, app, scheme="http" if context is None else "https").run()


class Connection:
    """One client, one request after the other."""

    def __init__(self, sock: socket.socket, peer: str, app: WsgiApp, *, scheme: str) -> None:
        self.sock, self.peer, self.app, self.scheme = sock, peer, app, scheme
        self.state = h11.Connection(h11.SERVER, max_incomplete_event_size=_PIECE)

    def run(self) -> None:
        """Answer until either side has enough."""
        while True:
            try:
                event = self.next_event()
            except h11.RemoteProtocolError as error:
                self._refuse(error.error_status_hint)
                break
            if not isinstance(event, h11.Request):
                break
            if not self._answer(event):
                break
            if self.state.our_state is not h11.DONE or self.state.their_state is not h11.DONE:
                break
            self.state.start_next_cycle()
        self._linger()

    def next_event(self) -> Any:
        """The next event that the client causes."""
        while True:
            event = self.state.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self.state.they_are_waiting_for_100_continue:
                self.send(h11.InformationalResponse(status_code=100, headers=[]))
            self.state.receive_data(self.sock.recv(_PIECE))

    def send(self, event: Any) -> None:
        """Put one event on the wire."""
        data = self.state.send(event)
        if data:
            self.sock.sendall(data)

    def _answer(self, request: h11.Request) -> bool:
        """One request through the application; False when the connection cannot go on."""
        environ = _environ(request, self)
        if isinstance(self.sock, ssl.SSLSocket) and (shown := self.sock.getpeercert(binary_form=True)):
            environ["SSL_CLIENT_CERT"], environ["SSL_CLIENT_VERIFY"] = ssl.DER_cert_to_PEM_cert(shown), "SUCCESS"  # as mod_ssl names them
        started: list[tuple[int, list[tuple[bytes, bytes]]]] = []

        def start(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            # Django writes a space before each cookie, which every server takes away.
            started[:] = [(int(line[:3]), [(name.encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers])]

        body: Any = ()
        try:
            body = self.app(environ, start)
            for piece in body:
                self._begin(started)
                if piece and environ["REQUEST_METHOD"] != "HEAD":
                    self.send(h11.Data(data=piece))
            self._begin(started)
            self.send(h11.EndOfMessage())
        except OSError:
            return False
        except Exception as error:  # noqa: BLE001  # a fault of the application in the middle of its answer: the client sees it cut
            sys.excepthook(type(error), error, error.__traceback__)
            if self.state.our_state is h11.SEND_RESPONSE:
                self._refuse(500)
            return False
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
        self._drain()
        return True

    def _begin(self, started: list[tuple[int, list[tuple[bytes, bytes]]]]) -> None:
        if self.state.our_state is h11.SEND_RESPONSE:
            status, headers = started[0]
            self.send(h11.Response(status_code=status, headers=headers))

    def _drain(self) -> None:
        """What is left of a body that nobody read, if it is short."""
        for _ in range(4):
            if self.state.their_state is not h11.SEND_BODY:
                return
            with contextlib.suppress(h11.RemoteProtocolError):
                self.next_event()

    def _refuse(self, status: int) -> None:
        with contextlib.suppress(h11.LocalProtocolError, OSError):
            self.send(h11.Response(status_code=status, headers=[(b"Content-Length", b"0"), (b"Connection", b"close")]))
            self.send(h11.EndOfMessage())

    def _linger(self) -> None:
        """Against an answer that is lost because the client still sends: what comes is read for a moment before the end."""
        with contextlib.suppress(OSError, ssl.SSLError):
            self.sock.settimeout(_LINGER_SECONDS)
            self.sock.shutdown(socket.SHUT_WR)
            while self.sock.recv(_PIECE):
                pass


class Input:
    """The body of one request, read as far as the application asks."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._left, self._ended = connection, bytearray(), False

    def read(self, size: int | None = -1) -> bytes:
        """As a file's."""
        wanted = -1 if size is None else size
        while not self._ended and (wanted < 0 or len(self._left) < wanted):
            self._more()
        cut = len(self._left) if wanted < 0 else wanted
        piece = bytes(self._left[:cut])
        del self._left[:cut]
        return piece

    def readline(self, size: int | None = -1) -> bytes:
        """As a file's."""
        wanted = -1 if size is None else size
        while not self._ended and b"\n" not in self._left and (wanted < 0 or len(self._left) < wanted):
            self._more()
        end = self._left.find(b"\n") + 1 or len(self._left)
        return self.read(end if wanted < 0 else min(end, wanted))

    def _more(self) -> None:
        try:
            event = self._connection.next_event()
        except h11.RemoteProtocolError as error:
            raise OSError("the body ended before its time") from error
        if isinstance(event, h11.Data):
            self._left += event.data
        else:
            self._ended = True


def _environ(request: h11.Request, connection: Connection) -> Environ:
    path, _, query = request.target.partition(b"?")
    named = b""
    if path.startswith((b"http://", b"https://")):
        named, _, path = path.split(b"//", 1)[1].partition(b"/")
        path = b"/" + path
    host, port = connection.sock.getsockname()[:2]
    environ: Environ = {
        "REQUEST_METHOD": request.method.decode("ascii"),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": str(host),
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/" + request.http_version.decode("ascii"),
        "REMOTE_ADDR": connection.peer,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": connection.scheme,
        "wsgi.input": Input(connection),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw, value in request.headers:
        if b"_" in raw:
            continue  # as every server does since two spellings of one name were told apart by nobody
        name = raw.decode("ascii").upper().replace("-", "_")
        key = name if name in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{name}"
        text = value.decode("latin-1")
        joined = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{joined}{text}" if key in environ else text
    if named:
        environ["HTTP_HOST"] = named.decode("latin-1")  # it counts before the header (RFC 9112, 3.2.2)
    return environ
