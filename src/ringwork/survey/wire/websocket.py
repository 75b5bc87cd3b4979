"""The handshake of a WebSocket, and the first messages; raw, so that any header can be sent."""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import time
from dataclasses import dataclass

from websockets.exceptions import ProtocolError
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from ringwork.survey.wire import connection, masking
from ringwork.survey.wire.connection import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketAnswer:
    """What came of a handshake. status: of the HTTP answer. close_code: of the close frame, 0 without one."""

    status: int
    accepted: bool
    headers: list[tuple[bytes, bytes]]
    body: bytes
    messages: list[str | bytes]
    close_code: int
    request: bytes
    answer: bytes

    def header(self, name: str) -> list[str]:
        """Every value of a header of the handshake's answer."""
        wanted = name.lower().encode("ascii")
        return [value.decode("latin-1") for found, value in self.headers if found == wanted]

    def as_text(self) -> tuple[str, str]:
        """Request and answer for evidence, secrets masked."""
        return masking.exchanged(self.request, self.answer)


def open_socket(place: Place, path: str, headers: list[tuple[str, str]], *, listen_seconds: float) -> SocketAnswer:
    """Shake hands and read what comes. Raises WireError when there is no answer at all."""
    key = base64.b64encode(os.urandom(16)).decode("ascii")
    upgrade = [("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-version", "13"), ("sec-websocket-key", key)]
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in [*headers, *upgrade]), "", ""]
    request = "\r\n".join(lines).encode()
    with connection.connect(place) as sock:
        parsed = connection.exchange(sock, request, method="GET", upgrade=True)
        messages: list[str | bytes] = []
        code = 0
        if parsed.status == 101:
            messages, code = _listen(sock, parsed.raw.partition(b"\r\n\r\n")[2], listen_seconds)
    return SocketAnswer(
        status=parsed.status,
        accepted=parsed.status == 101,
        headers=parsed.headers,
        body=parsed.body,
        messages=messages,
        close_code=code,
        request=request,
        answer=parsed.raw,
    )


def _listen(sock: socket.socket, already: bytes, seconds: float) -> tuple[list[str | bytes], int]:
    protocol = Protocol(CLIENT, max_size=1 << 20)
    messages: list[str | bytes] = []
    if already:
        protocol.receive_data(already)
    until = time.monotonic() + seconds
    code = 0
    with contextlib.suppress(TimeoutError, OSError, ProtocolError):
        while True:
            for frame in protocol.events_received():
                if isinstance(frame, Frame) and frame.opcode is Opcode.CLOSE:
                    code = int.from_bytes(frame.data[:2], "big")
                    return messages, code
                if isinstance(frame, Frame) and frame.opcode in {Opcode.TEXT, Opcode.BINARY}:
                    messages.append(bytes(frame.data).decode("utf-8", "replace") if frame.opcode is Opcode.TEXT else bytes(frame.data))
            left = until - time.monotonic()
            if left <= 0:
                return messages, code
            sock.settimeout(left)
            piece = sock.recv(64 * 1024)
            if not piece:
                return messages, code
            protocol.receive_data(piece)
    return messages, code
