"""Handshakes as an attacker begins them: a hello of any version, with any suite, and what the server says to it.

Written byte by byte, because a library offers no version or suite that it refuses itself, and its refusal would be taken for the
server's. Nothing is encrypted here: the server has chosen once its own hello is sent. Source: RFC 5246, 7.4.1; RFC 6101; RFC 7507.
"""

from __future__ import annotations

import secrets
import socket
import ssl
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from ringwork.survey.wire import connection
from ringwork.survey.wire.connection import TIMEOUT_SECONDS, Place, WireError

SSL_3, TLS_1_0, TLS_1_1, TLS_1_2 = 0x0300, 0x0301, 0x0302, 0x0303
NAMES = {SSL_3: "SSL 3.0", TLS_1_0: "TLS 1.0", TLS_1_1: "TLS 1.1", TLS_1_2: "TLS 1.2"}
FALLBACK = 0x5600
"""TLS_FALLBACK_SCSV: "I speak more than I say here", what a client adds when an attacker made it try an older version."""

ALERTS = {
    0: "close_notify", 10: "unexpected_message", 40: "handshake_failure", 47: "illegal_parameter", 50: "decode_error",
    70: "protocol_version", 71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback", 100: "no_renegotiation",
}  # fmt: skip
_ALERT, _HANDSHAKE, _SERVER_HELLO = 21, 22, 2
_GROUPS = (0x001D, 0x0017, 0x0018, 0x0019, 0x0100)
_SIGNATURES = (0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a server says to a hello. accepted: it chose, so version, suite and compression are its own. alert: its name, "" for none."""

    accepted: bool
    version: int = 0
    suite: int = 0
    compression: int = 0
    alert: str = ""

    @property
    def words(self) -> str:
        """For evidence."""
        if self.accepted:
            packed = ", compressed" if self.compression else ""
            return f"ServerHello: {NAMES.get(self.version, hex(self.version))}, suite 0x{self.suite:04X}{packed}"
        return f"alert {self.alert}" if self.alert else "the connection was closed without a word"


def say_hello(place: Place, version: int, suites: Sequence[int], *, compressions: Sequence[int] = (0,)) -> Said:
    """Send one hello and read the first word that comes back. Raises WireError when there is none in time, or no connection."""
    with open_plain(place) as sock:
        try:
            sock.sendall(_hello(version, suites, compressions, place.server_name))
            return _said(sock)
        except TimeoutError as error:
            raise WireError(f"no word within {TIMEOUT_SECONDS:g} seconds") from error
        except ConnectionError:
            return Said(accepted=False)


def agreed(place: Place) -> tuple[str, str]:
    """Version and suite that an ordinary, verifying client of today agrees on. Raises WireError."""
    with connection.connect(place) as sock:
        if not isinstance(sock, ssl.SSLSocket):
            raise WireError("no TLS is spoken there")
        cipher = sock.cipher()
        return sock.version() or "", cipher[0] if cipher else ""


def open_plain(place: Place) -> socket.socket:
    """A connection on which nothing is said yet. Raises WireError."""
    try:
        return socket.create_connection(place.address, timeout=TIMEOUT_SECONDS, source_address=(place.source, 0))
    except OSError as error:
        raise WireError(f"no connection to the copy: {error}") from error


def _hello(version: int, suites: Sequence[int], compressions: Sequence[int], name: str) -> bytes:
    body = struct.pack("!H", version) + secrets.token_bytes(32) + b"\0"
    body += _sized(b"".join(struct.pack("!H", suite) for suite in suites), 2) + _sized(bytes(compressions), 1)
    if version > SSL_3:
        body += _sized(_extensions(name), 2)
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return bytes([_HANDSHAKE]) + struct.pack("!H", min(version, TLS_1_0)) + _sized(message, 2)


def _extensions(name: str) -> bytes:
    host = _sized(b"\0" + _sized(name.encode("idna"), 2), 2)
    groups = _sized(b"".join(struct.pack("!H", group) for group in _GROUPS), 2)
    signatures = _sized(b"".join(struct.pack("!H", one) for one in _SIGNATURES), 2)
    told = {0: host, 10: groups, 11: b"\x01\x00", 13: signatures, 0xFF01: b"\0"}
    return b"".join(struct.pack("!H", kind) + _sized(value, 2) for kind, value in told.items())


def _sized(data: bytes, width: int) -> bytes:
    return len(data).to_bytes(width, "big") + data


def _said(sock: socket.socket) -> Said:
    head = _exactly(sock, 5)
    if len(head) < 5:
        return Said(accepted=False)
    body = _exactly(sock, int.from_bytes(head[3:5], "big"))
    if head[0] == _ALERT and len(body) >= 2:
        return Said(accepted=False, alert=ALERTS.get(body[1], str(body[1])))
    if head[0] != _HANDSHAKE or len(body) < 39 or body[0] != _SERVER_HELLO:
        raise WireError("what came back is no TLS")
    after = 39 + body[38]
    version, suite, compression = int.from_bytes(body[4:6], "big"), int.from_bytes(body[after : after + 2], "big"), body[after + 2]
    return Said(accepted=True, version=version, suite=suite, compression=compression)


def _exactly(sock: socket.socket, size: int) -> bytes:
    """So many bytes, fewer when the other side has closed."""
    found = b""
    while len(found) < size and (piece := sock.recv(size - len(found))):
        found += piece
    return found
