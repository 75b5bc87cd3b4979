"""One connection to a copy: exact bytes out over TLS, one answer in. Loopback only."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import h11

from ringwork.survey.wire import ordinary

TIMEOUT_SECONDS = 10.0
LIMIT_BYTES = 10 * 1024 * 1024
PAUSE_SECONDS = 0.4
ENCODING_DER = 2  # of the interpreter's own _ssl


ANY = b""
"""In place of an authority: the certificate is what is looked at, so that none is refused here."""


class WireError(OSError):
    """The connection or the answer broke; the text says how."""


class ClosedError(WireError):
    """The other side closed before a byte of its answer came: what happens to a kept connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a copy listens. ca_pem: the authority that signed its certificate, None for plain http, ANY for whatever is shown.

    source: own 127/8 address.
    """

    address: tuple[str, int]
    server_name: str
    ca_pem: bytes | None
    source: str

    def __post_init__(self) -> None:
        # Against an attack on somebody else's machine: nothing but loopback is ever contacted.
        if not ipaddress.ip_address(self.address[0]).is_loopback:
            raise ValueError(f"probes are sent to loopback only, not to {self.address[0]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """An answer as read. raw: its bytes from the status line on, the body in them."""

    status: int
    reason: str
    version: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    raw: bytes
    reusable: bool


_CONTEXTS: dict[bytes, ssl.SSLContext] = {}


def _context(ca_pem: bytes) -> ssl.SSLContext:
    found = _CONTEXTS.get(ca_pem)
    if found is None:
        found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if ca_pem == ANY:
            found.check_hostname, found.verify_mode = False, ssl.CERT_NONE
        else:
            found.load_verify_locations(cadata=ca_pem.decode("ascii"))
        found.set_alpn_protocols(["http/1.1"])
        _CONTEXTS.clear()
        _CONTEXTS[ca_pem] = found
    return found


def connect(place: Place) -> socket.socket:
    """An open, verified connection. Raises WireError."""
    try:
        plain = socket.create_connection(place.address, timeout=TIMEOUT_SECONDS, source_address=(place.source, 0))
    except OSError as error:
        raise WireError(f"no connection to the copy: {error}") from error
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if place.ca_pem is None:
        return plain
    try:
        return _context(place.ca_pem).wrap_socket(plain, server_hostname=place.server_name)
    except OSError as error:
        plain.close()
        raise WireError(f"the TLS handshake failed: {error}") from error


def shown_chain(place: Place) -> list[bytes]:
    """The certificates that a listener shows, DER, the leaf first, whatever they are worth. Raises WireError."""
    with connect(dataclasses.replace(place, ca_pem=ANY)) as sock:
        if not isinstance(sock, ssl.SSLSocket):
            return []
        if hasattr(sock, "get_unverified_chain"):  # Python 3.13
            return list(sock.get_unverified_chain() or ())
        inner: Any = sock._sslobj  # type: ignore[attr-defined]  # noqa: SLF001  # the chain has no public name before 3.13
        return [bytes(one.public_bytes(ENCODING_DER)) for one in inner.get_unverified_chain() or ()]


def exchange(sock: socket.socket, request: bytes, *, method: str, upgrade: bool = False) -> Parsed:
    """Send `request` as it is and read one answer. upgrade: it asks for another protocol. Raises WireError when it breaks off."""
    try:
        sock.settimeout(TIMEOUT_SECONDS)
        sock.sendall(request)
    except TimeoutError as error:
        raise WireError(f"the request could not be sent: {error}") from error
    except OSError as error:
        raise ClosedError(f"the request could not be sent: {error}") from error
    return read_answer(sock, method=method, upgrade=upgrade)


def read_answer(sock: socket.socket, *, method: str, upgrade: bool = False, begun: bytes = b"") -> Parsed:
    """Read one answer to a request with `method`; 1xx ones are passed over, except 101. begun: bytes of it that came before.

    Raises WireError when it is broken, too large or not whole within TIMEOUT_SECONDS; ClosedError when nothing came.
    """
    until = time.monotonic() + TIMEOUT_SECONDS
    found, begun = _ordinary(sock, until, method, begun) if not upgrade else (None, begun)
    return found or _unusual(sock, until, method=method, upgrade=upgrade, begun=begun)


def _ordinary(sock: socket.socket, until: float, method: str, begun: bytes) -> tuple[Parsed | None, bytes]:
    """The answer where it is ordinary, else None with what was read of it."""
    if method in {"HEAD", "CONNECT"}:
        return None, begun
    raw = bytearray(begun)
    if ordinary.END not in raw:
        raw += _receive(sock, until, has_begun=bool(raw))
    head = ordinary.head_of(raw)
    if head is None or head.length > LIMIT_BYTES:
        return None, bytes(raw)
    whole = head.begins + head.length
    while len(raw) < whole:
        piece = _receive(sock, until, has_begun=True)
        if not piece:
            return None, bytes(raw)
        raw += piece
    return Parsed(
        status=head.status,
        reason=head.reason,
        version="1.1",
        headers=head.headers,
        body=bytes(raw[head.begins : whole]),
        raw=bytes(raw),
        # Bytes behind the answer would be read as the answer to the next request.
        reusable=len(raw) == whole,
    ), b""


def _unusual(sock: socket.socket, until: float, *, method: str, upgrade: bool, begun: bytes) -> Parsed:
    """Any answer, by h11."""
    reader = h11.Connection(our_role=h11.CLIENT, max_incomplete_event_size=256 * 1024)
    asked = [("host", "copy"), *([("connection", "upgrade"), ("upgrade", "websocket")] if upgrade else [])]
    reader.send(h11.Request(method=_known(method), target="/", headers=asked))
    reader.send(h11.EndOfMessage())
    raw, body = bytearray(begun), bytearray()
    if begun:
        reader.receive_data(begun)
    head: h11.Response | h11.InformationalResponse | None = None
    try:
        while True:
            event = reader.next_event()
            if event is h11.NEED_DATA:
                piece = _receive(sock, until, has_begun=bool(raw))
                raw += piece
                if not raw:
                    raise ClosedError("the copy closed the connection without an answer")
                reader.receive_data(piece)
            elif isinstance(event, h11.InformationalResponse):
                if event.status_code == 101:
                    head = event
                    break
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > LIMIT_BYTES:
                    raise WireError(f"the answer is larger than {LIMIT_BYTES} bytes")
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed) or event is h11.PAUSED:
                break
    except h11.RemoteProtocolError as error:
        raise WireError(f"the answer is no valid HTTP: {error}") from error
    if head is None:
        raise WireError("the copy closed the connection without an answer")
    return Parsed(
        status=head.status_code,
        reason=head.reason.decode("latin-1"),
        version=head.http_version.decode("ascii"),
        headers=[(bytes(name), bytes(value)) for name, value in head.headers],
        body=bytes(body),
        raw=bytes(raw),
        # Bytes behind the answer would be read as the answer to the next request.
        reusable=reader.their_state is h11.DONE and not reader.trailing_data[0],
    )


def pour(sock: socket.socket, head: bytes, pieces: Iterable[bytes], *, method: str) -> tuple[Parsed | None, int]:
    """Send `head`, then piece after piece until an answer comes: the answer, None where the other side just closed, and bytes poured.

    An empty piece is a pause of at most PAUSE_SECONDS in which an answer may come.
    """
    begun, poured = b"", 0
    with contextlib.suppress(OSError):
        sock.settimeout(TIMEOUT_SECONDS)
        sock.sendall(head)
        for piece in pieces:
            begun = _come(sock, 0.0 if piece else PAUSE_SECONDS)
            if begun:
                break
            sock.settimeout(TIMEOUT_SECONDS)
            sock.sendall(piece)
            poured += len(piece)
    try:
        return read_answer(sock, method=method, begun=begun), poured
    except WireError:
        return None, poured


def _come(sock: socket.socket, seconds: float) -> bytes:
    """What came within `seconds`, b"" for nothing yet. Raises ClosedError when the other side has closed."""
    sock.settimeout(seconds)
    try:
        found = sock.recv(64 * 1024)
    except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
        return b""
    if not found:
        raise ClosedError("the copy closed the connection")
    return found


def _known(method: str) -> str:
    """The method as far as it changes how an answer is read."""
    return method if method in {"HEAD", "CONNECT", "GET"} else "POST"


def _receive(sock: socket.socket, until: float, *, has_begun: bool) -> bytes:
    """The next bytes, b"" when the other side has closed. has_begun: bytes of this answer came before."""
    try:
        # Against an answer that drips for ever: the time is for the whole answer, not for each piece.
        sock.settimeout(max(until - time.monotonic(), 0.001))
        return sock.recv(64 * 1024)
    except TimeoutError as error:
        raise WireError(f"no whole answer within {TIMEOUT_SECONDS:g} seconds") from error
    except OSError as error:
        raise (WireError if has_begun else ClosedError)(f"the connection broke off: {error}") from error
