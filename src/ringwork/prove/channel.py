"""Messages between the prover and its copies: one JSON value each, with open sockets beside it where needed."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Sequence
from typing import Any

_LENGTH = struct.Struct("!I")
_LIMIT_BYTES = 64 * 1024 * 1024


class ChannelClosed(Exception):
    """The other side is gone."""


def send(sock: socket.socket, value: Any, fds: Sequence[int] = ()) -> None:
    """Send one value and, with its first bytes, the given file descriptors."""
    payload = json.dumps(value).encode()
    try:
        socket.send_fds(sock, [_LENGTH.pack(len(payload))], list(fds))
        sock.sendall(payload)
    except OSError as error:
        raise ChannelClosed("the other side is gone") from error


def receive(sock: socket.socket, *, max_fds: int = 0) -> tuple[Any, list[int]]:
    """One value and the file descriptors that came with it. Raises ChannelClosed at the end, TimeoutError by the socket's time-out."""
    fds: list[int] = []
    header = b""
    while len(header) < _LENGTH.size:
        try:
            if max_fds and not header:
                piece, fds, _, _ = socket.recv_fds(sock, _LENGTH.size, max_fds)
            else:
                piece = sock.recv(_LENGTH.size - len(header))
        except ConnectionError as error:
            raise ChannelClosed("the other side is gone") from error
        if not piece:
            raise ChannelClosed("the other side is gone")
        header += piece
    return json.loads(_exactly(sock, _LENGTH.unpack(header)[0])), list(fds)


def _exactly(sock: socket.socket, length: int) -> bytes:
    if length > _LIMIT_BYTES:
        raise ChannelClosed("a message is larger than 64 MiB")
    pieces = bytearray()
    while len(pieces) < length:
        try:
            piece = sock.recv(min(length - len(pieces), 1 << 20))
        except ConnectionError as error:
            raise ChannelClosed("the other side is gone") from error
        if not piece:
            raise ChannelClosed("the other side is gone in the middle of a message")
        pieces += piece
    return bytes(pieces)
