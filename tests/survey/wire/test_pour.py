"""A body that goes out piece by piece, and the answer that may come before its end."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from ringwork.survey.wire.client import Client

ANSWER = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
HEAD = b"POST /x HTTP/1.1\r\nHost: copy\r\nTransfer-Encoding: chunked\r\n\r\n"


@contextlib.contextmanager
def serving(behave: Callable[[socket.socket], None]) -> Iterator[Client]:
    """A server for one connection that behaves so."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connected, _ = listening.accept()
            with connected, contextlib.suppress(OSError):
                behave(connected)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        address = listening.getsockname()[:2]
        yield Client(address=address, server_name="copy", ca_pem=None, origin=f"http://copy:{address[1]}")
        thread.join(10)


def read_to(connected: socket.socket, end: bytes) -> bytes:
    """What comes up to `end`."""
    seen = b""
    while not seen.endswith(end):
        piece = connected.recv(65536)
        if not piece:
            break
        seen += piece
    return seen


def test_stops_pouring_when_the_answer_comes() -> None:
    """What is left of the body is not sent."""

    def refuse(connected: socket.socket) -> None:
        read_to(connected, b"first")
        connected.sendall(ANSWER)
        read_to(connected, b"never")

    with serving(refuse) as client:
        answer, poured = client.pour(HEAD, [b"first", b"", b"second", b"third"])
    assert answer is not None
    assert (answer.status, answer.body, poured) == (413, b"no", 5)


def test_pours_everything_where_nobody_answers_before() -> None:
    """A pause passes, and the answer comes at the end."""

    def take(connected: socket.socket) -> None:
        read_to(connected, b"end")
        connected.sendall(ANSWER)

    with serving(take) as client:
        answer, poured = client.pour(HEAD, [b"first", b"", b"end"])
    assert answer is not None
    assert (answer.status, poured) == (413, 8)


@pytest.mark.parametrize("pieces", [[b"first", b"", b"second"], [b"first"]], ids=["seen in the pause", "seen at the end"])
def test_tells_a_connection_that_was_closed_without_an_answer(pieces: list[bytes]) -> None:
    """No answer is no answer."""

    def leave(connected: socket.socket) -> None:
        read_to(connected, b"first")

    with serving(leave) as client:
        answer, poured = client.pour(HEAD, pieces)
    assert (answer, poured) == (None, 5)
