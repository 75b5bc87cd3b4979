"""The answer that nearly every server gives nearly always, read without a state machine: a proof reads ten thousand of them.

Against an answer that two readers understand differently: what departs from the plain form in anything (another version, folding, a second
length, chunks, another connection option, bytes beyond ASCII) is not read here at all but by h11, from its first byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

END = b"\r\n\r\n"
_MOST_HEAD_BYTES = 32 * 1024
_STATUS = re.compile(rb"HTTP/1\.1 ([2-5]\d\d) ([ -~]*)")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~]*)")
"""Blanks around a value are taken off afterwards: a pattern that does it tries thousands of them in every way."""
_LENGTH = re.compile(rb"\d{1,8}")
_BODILESS = frozenset({204, 304})
_FRAMING = frozenset({b"transfer-encoding", b"upgrade"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Status line and header fields. begins: where the body begins in what was read. length: its bytes."""

    status: int
    reason: str
    headers: list[tuple[bytes, bytes]]
    begins: int
    length: int


def head_of(raw: bytes | bytearray) -> Head | None:
    """The head at the beginning of `raw` where it is whole and ordinary, to a request other than HEAD and CONNECT; else None."""
    end = raw.find(END, 0, _MOST_HEAD_BYTES)
    if end < 0:
        return None
    first, *lines = bytes(raw[:end]).split(b"\r\n")
    status = _STATUS.fullmatch(first)
    if status is None or int(status[1]) in _BODILESS:
        return None
    headers, length = list[tuple[bytes, bytes]](), -1
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            return None
        name, value = field[1].lower(), field[2].strip(b" \t")
        if name == b"content-length":
            if length >= 0 or not _LENGTH.fullmatch(value):
                return None
            length = int(value)
        elif name in _FRAMING or (name == b"connection" and value.lower() != b"keep-alive"):
            return None
        headers.append((name, value))
    if length < 0:
        return None
    return Head(status=int(status[1]), reason=status[2].decode("ascii"), headers=headers, begins=end + len(END), length=length)
