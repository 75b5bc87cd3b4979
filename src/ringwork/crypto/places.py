"""Where a sealed value belongs, and the bytes that hold it there.

Against a sealed value that is copied to another row, column, table or tenant: what is written here goes into the tag, so that the
value opens nowhere else. Names are pinned logical labels: a renamed table or column in the database keeps its label, and its data.
Every part carries its length and a row's scalars their type, so that no two places share their bytes. Source: data-protection.md, 7, 8.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from ringwork.frozen import Frozen

Scalar = int | str | bytes | UUID
"""What may identify a row."""

_put = object.__setattr__
_INT, _TEXT, _BYTES, _UUID = b"\x01", b"\x02", b"\x03", b"\x04"
_VERSIONS = 1 << 63


class Place(Frozen):
    """The cell that a value is sealed for.

    table, column: logical labels, not physical names. row: the identity of the row, composite keys in the order of the key; known
    before the value is sealed. tenant: owner of the row. version: counts the writes of this row, 0 or more, and is kept elsewhere.
    """

    table: str
    column: str
    row: tuple[Scalar, ...]
    tenant: str | None = None
    version: int | None = None

    # One place is made for each value that is opened, so it is put together by hand: a quarter of the time.
    def __init__(self, *, table: str, column: str, row: tuple[Scalar, ...], tenant: str | None = None, version: int | None = None) -> None:
        _put(self, "table", table)
        _put(self, "column", column)
        _put(self, "row", row)
        _put(self, "tenant", tenant)
        _put(self, "version", version)


def framed(*parts: bytes) -> bytes:
    """The parts as one: their count, then each with its length, both as u32. Two lists of parts never share these bytes."""
    return len(parts).to_bytes(4, "big") + b"".join([part_of(part) for part in parts])


def part_of(content: bytes) -> bytes:
    """One part: its length as u32, and itself."""
    return len(content).to_bytes(4, "big") + content


def row_bytes(row: tuple[Scalar, ...]) -> bytes:
    """A row's identity: of each scalar its length and type and itself.

    Raises ValueError for a row without identity, TypeError for what is no scalar; both say what to write instead.
    """
    if not row:
        raise ValueError("the place names no row; give its identity, for example row=(patient.id,), or ask for Profile.UNBOUND by name")
    # Against 1, "1" and b"1" that stand for one another: the type is part of the identity.
    if len(row) == 1:  # as most are
        return (_WRITERS.get(type(row[0])) or _writer_of_a_kind(row[0]))(row[0])
    return b"".join([(_WRITERS.get(type(value)) or _writer_of_a_kind(value))(value) for value in row])


def _writer_of_a_kind(value: object) -> Callable[..., bytes]:
    """The writer of a subclass, such as a driver's own UUID."""
    for kind, write in _WRITERS.items():
        if isinstance(value, kind) and not isinstance(value, bool):
            return write
    if value is None:
        # Against a key that the database assigns later: it is unknown when the value is sealed.
        raise TypeError("the row has no identity yet; make its id in the application, for example with uuid.uuid4, before it is sealed")
    raise TypeError(f"a row is identified by int, str, bytes or UUID, not by {type(value).__name__}; convert it")


def _int_bytes(value: int) -> bytes:
    content = value.to_bytes((value.bit_length() + 8) // 8, "big", signed=True)
    return len(content).to_bytes(4, "big") + _INT + content


def _text_bytes(value: str) -> bytes:
    content = text_bytes(value)
    return len(content).to_bytes(4, "big") + _TEXT + content


def _raw_bytes(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + _BYTES + value


def _uuid_bytes(value: UUID) -> bytes:
    return b"\x00\x00\x00\x10" + _UUID + value.bytes


_WRITERS: dict[type, Callable[..., bytes]] = {UUID: _uuid_bytes, int: _int_bytes, str: _text_bytes, bytes: _raw_bytes}


def text_bytes(text: str) -> bytes:
    """UTF-8. Raises ValueError for half of a surrogate pair; the error does not carry the text."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError("the text holds half of a surrogate pair, which no encoding can keep; clean it first") from None


def tenant_bytes(tenant: str | None) -> bytes:
    """A tenant. Raises ValueError where there is none."""
    if not tenant:
        raise ValueError('the place names no tenant; give it, for example tenant="clinic-7", or use Profile.ROW')
    return text_bytes(tenant)


def version_bytes(version: int | None) -> bytes:
    """A row's version as u64. Raises ValueError for none and for one out of range."""
    if version is None or not 0 <= version < _VERSIONS:
        raise ValueError("the place names no version; give the row's count of writes, 0 or more, or use Profile.ROW")
    return version.to_bytes(8, "big")
