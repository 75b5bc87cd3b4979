"""The short way of reading an answer gives what h11 gives, or nothing at all."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringwork.survey.wire import connection, ordinary

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type:  text/html \r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 5\r\n\r\nhello"


def _read(raw, *, method="GET"):
    """What the client makes of these bytes, after which the other side closes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(raw)
        theirs.shutdown(socket.SHUT_WR)
        try:
            return connection.read_answer(ours, method=method)
        except connection.WireError as error:
            return str(error)


def _by_h11(raw, *, method="GET"):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(raw)
        theirs.shutdown(socket.SHUT_WR)
        try:
            return connection._unusual(ours, connection.time.monotonic() + 5, method=method, upgrade=False, begun=b"")
        except connection.WireError as error:
            return str(error)


def test_an_ordinary_answer_is_read_to_its_last_header():
    """Names in lower case, values without blanks around them, repeated ones in order."""
    head = ordinary.head_of(PLAIN)
    assert head is not None
    assert head.headers == [(b"content-type", b"text/html"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"content-length", b"5")]
    assert _read(PLAIN) == _by_h11(PLAIN)


def test_blanks_around_a_value_are_none_of_it():
    """However many: a server that keeps a proof busy with them writes what no plain header holds behind them."""
    blanks = b" \t" * 10_000
    long = PLAIN.replace(b"set-cookie: a=1", b"x:" + blanks + b"a \t b" + blanks)
    assert _read(long) == _by_h11(long)
    assert ordinary.head_of(PLAIN.replace(b"set-cookie: a=1", b"x:" + blanks + b"\x80")) is None


@pytest.mark.parametrize(
    "raw",
    [
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN.replace(b"HTTP/1.1 200", b"HTTP/1.1 103"),
        PLAIN.replace(b"200 OK", b"204 No Content"),
        PLAIN.replace(b"200 OK", b"200"),
        PLAIN.replace(b"content-length: 5", b"content-length: 5\r\ncontent-length: 6"),
        PLAIN.replace(b"content-length: 5", b"content-length: +5"),
        PLAIN.replace(b"content-length: 5", b"content-length: 5, 5"),
        PLAIN.replace(b"content-length: 5", b"x: y"),
        PLAIN.replace(b"content-length: 5", b"transfer-encoding: chunked\r\ncontent-length: 5"),
        PLAIN.replace(b"content-length: 5", b"content-length: 5\r\nconnection: close"),
        PLAIN.replace(b"content-length", b"content-length "),
        PLAIN.replace(b"set-cookie: a=1", b"set-cookie: a=1\r\n folded"),
        PLAIN.replace(b"a=1", b"a=\xe9"),
        PLAIN.replace(b"a=1", b"a=\x00"),
        PLAIN.replace(b"\r\nset-cookie: a=1", b"\nset-cookie: a=1"),
        PLAIN.partition(b"\r\n\r\n")[0],
    ],
)
def test_what_departs_from_the_plain_form_is_left_to_h11(raw):
    """A second length, folding, chunks, another version: nothing of it is read here."""
    assert ordinary.head_of(raw) is None
    assert _read(raw) == _by_h11(raw)


@pytest.mark.parametrize("raw", [PLAIN + b"HTTP/1.1 200 OK\r\n\r\n", PLAIN[:-2], PLAIN.replace(b": 5", b": 0"), b"", b"HTTP/1.1 2"])
def test_more_and_less_than_the_body_are_told_as_ever(raw):
    """Bytes behind the answer end the connection's use, and a body cut short is an error."""
    assert _read(raw) == _by_h11(raw)


STATUSES = st.sampled_from(["200 OK", "404 Not Found", "304 Not Modified", "101 Switch", "599 ", "20 OK"])
LINES = st.lists(
    st.sampled_from(
        ["a: b", "a:b", "a : b", "A:\tb\t", "a:", ": b", "a", " a: b", "connection: keep-alive", "Connection: close", "content-length: 3",
         "content-length:3", "content-length: 03", "content-length: -3", "transfer-encoding: chunked", "x: \u00e9", "x: a\x7fb", "x: a\rb"]
    ),
    max_size=4,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    lines=LINES,
    status=st.sampled_from(["200 OK", "404 Not Found", "304 Not Modified", "101 Switch", "599 ", "20 OK"]),
    length=st.integers(0, 4),
)
def test_both_ways_read_alike(lines, status, length):
    """Whatever head a server makes of such lines, no reader takes it for something else."""
    head = "\r\n".join([f"HTTP/1.1 {status}", *lines, f"content-length: {length}", "", ""])
    raw = head.encode("latin-1") + b"abc"
    assert _read(raw) == _by_h11(raw)
