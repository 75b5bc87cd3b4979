"""Values of Python as bytes to be sealed, and back: one way to write each, with its type in front.

Against a value that comes back as another: what 0, False, None, "", a Decimal or a date was, it is again. Nothing is guessed, printed by
repr, unpickled or compressed (length would tell the content). Format 1, of data-protection.md, section 8:

    tag . content                                     content of str, bytes and JSON as long as it is, all else at a fixed width
    tag + 0x80 . length u32 . content . zeros         the same in steps of a bucket, so that lengths say less

A value that was written at another width, or before a bucket was declared, still opens.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any, TypeVar
from uuid import UUID

from ringwork.crypto.places import text_bytes
from ringwork.errors import SealBroken

T = TypeVar("T")

DECIMAL_BUCKET = 32
"""Bytes; numbers are written in text, and their length would tell how large they are."""

_NULL, _PADDED = 0, 0x80
_WIDEST, _LARGEST_BUCKET, _DEEPEST = 64, 1 << 16, 64
_NOT_CANONICAL = "the value opened, but it is not written as its column declares"


class Json:
    """Stands for a column of JSON: dict with text keys, list, str, int, float, bool and None, nested at most 64 deep."""


class Codec:
    """Writes and reads the values of one kind. Nothing in it ever changes."""

    __slots__ = ("kind", "optional", "_tag", "_first", "_write", "_read", "_width", "_bucket")

    def __init__(self, kind: type, shape: _Shape, *, bucket: int | None, width: int, optional: bool) -> None:
        self.kind, self.optional = kind, optional
        self._tag, self._write, self._read, fixed = shape
        self._first = bytes((self._tag,))
        self._width = width if kind is int else fixed
        self._bucket = DECIMAL_BUCKET if kind is Decimal and bucket is None else bucket

    def encode(self, value: object) -> bytes:
        """The bytes to be sealed. Raises TypeError for another type, ValueError for a value that cannot be kept; both quote no value."""
        if value is None and self.optional and self.kind is not Json:  # whose null is a value
            return self._framed(_NULL, bytes(self._width))
        return self._framed(self._tag, self._write(value, self._width))

    def decode(self, data: bytes) -> Any:
        """The value. data: as it was sealed. Raises SealBroken for what `encode` does not write."""
        if data[:1] == self._first:  # as most are: without a bucket, and no null
            content = data[1:]
        else:
            tag, content = _unframed(data)
            if tag == _NULL and self.optional and not content.strip(b"\0"):
                return None
            if tag != self._tag:
                raise SealBroken(_NOT_CANONICAL)
        try:
            return self._read(content)
        except (ValueError, RecursionError, DecimalException):
            # Without the cause: its text would quote the value.
            raise SealBroken(_NOT_CANONICAL) from None

    def _framed(self, tag: int, content: bytes) -> bytes:
        if self._bucket is None:
            return (self._first if tag == self._tag else bytes((tag,))) + content
        padding = -len(content) % self._bucket if content else self._bucket
        return b"%c%b%b%b" % (tag | _PADDED, len(content).to_bytes(4, "big"), content, bytes(padding))


def _unframed(data: bytes) -> tuple[int, bytes]:
    if not data:
        raise SealBroken(_NOT_CANONICAL)
    tag = data[0]
    if not tag & _PADDED:
        return tag, data[1:]
    end = 5 + int.from_bytes(data[1:5], "big")
    if len(data) < 5 or end > len(data) or data[end:].strip(b"\0"):
        raise SealBroken(_NOT_CANONICAL)
    return tag & ~_PADDED, data[5:end]


def codec(kind: type, *, bucket: int | None = None, width: int = 8, optional: bool = False) -> Codec:
    """How values of `kind` are written: str, bytes, int, bool, Decimal, date, datetime, UUID or Json.

    bucket: lengths are rounded up to its multiples, in bytes of UTF-8; for str, bytes, Json and Decimal. width: of int, in bytes.
    optional: None is a value too, and looks like the others. Raises TypeError and ValueError, which say what to write instead.
    """
    shape = _SHAPES.get(kind)
    if shape is None:
        named = ", ".join(each.__name__ for each in _SHAPES)
        raise TypeError(f"{getattr(kind, '__name__', kind)!s} cannot be sealed; declare one of {named}")
    if bucket is not None and kind not in {str, bytes, Json, Decimal}:
        raise ValueError(f"{kind.__name__} has a fixed width already; leave the bucket out")
    if bucket is not None and not 1 <= bucket <= _LARGEST_BUCKET:
        raise ValueError(f"a bucket has 1 to {_LARGEST_BUCKET} bytes")
    if not 1 <= width <= _WIDEST:
        raise ValueError(f"an int is 1 to {_WIDEST} bytes wide")
    return Codec(kind, shape, bucket=bucket, width=width, optional=optional)


def _refuse(value: object, wanted: str) -> TypeError:
    return TypeError(f"a sealed {wanted} was given {type(value).__name__}; convert it first")


def _write_text(value: object, width: int) -> bytes:
    if not isinstance(value, str):
        raise _refuse(value, "str")
    return text_bytes(value)


def _write_raw(value: object, width: int) -> bytes:
    if not isinstance(value, bytes):
        raise _refuse(value, "bytes")
    return bytes(value)


def _write_int(value: object, width: int) -> bytes:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _refuse(value, "int")
    try:
        return value.to_bytes(width, "big", signed=True)
    except OverflowError:
        raise ValueError(f"the number does not fit into {width} bytes; declare a larger width") from None


def _read_int(content: bytes) -> int:
    if not 1 <= len(content) <= _WIDEST:
        raise ValueError("no int")
    return int.from_bytes(content, "big", signed=True)


def _write_decimal(value: object, width: int) -> bytes:
    if not isinstance(value, Decimal):
        raise _refuse(value, "Decimal")
    if not value.is_finite():
        raise ValueError("a sealed Decimal is a finite number; store the absence of one as None")
    return str(value).encode()


def _read_decimal(content: bytes) -> Decimal:
    value = Decimal(content.decode("ascii"))
    return _same(value, content, str(value) if value.is_finite() else "")


def _write_bool(value: object, width: int) -> bytes:
    if not isinstance(value, bool):
        raise _refuse(value, "bool")
    return b"\x01" if value else b"\x00"


def _read_bool(content: bytes) -> bool:
    if content not in {b"\x00", b"\x01"}:
        raise ValueError("no bool")
    return content == b"\x01"


def _write_date(value: object, width: int) -> bytes:
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        raise _refuse(value, "date")
    return value.isoformat().encode()


def _read_date(content: bytes) -> datetime.date:
    value = datetime.date.fromisoformat(content.decode("ascii"))
    return _same(value, content, value.isoformat())


def _write_moment(value: object, width: int) -> bytes:
    if not isinstance(value, datetime.datetime):
        raise _refuse(value, "datetime")
    offset = value.utcoffset()
    if offset is None:
        raise ValueError("a sealed datetime has a time zone; make it with datetime.now(UTC), or give it one with replace(tzinfo=UTC)")
    if offset % datetime.timedelta(minutes=1):
        # Local mean times of long ago: their seconds would not stand at a fixed width.
        value = value.astimezone(datetime.UTC)
    return value.isoformat(timespec="microseconds").encode()


def _read_moment(content: bytes) -> datetime.datetime:
    value = datetime.datetime.fromisoformat(content.decode("ascii"))
    return _same(value, content, value.isoformat(timespec="microseconds") if value.tzinfo and len(content) == 32 else "")


def _write_uuid(value: object, width: int) -> bytes:
    if not isinstance(value, UUID):
        raise _refuse(value, "UUID")
    return value.bytes


def _read_uuid(content: bytes) -> UUID:
    return UUID(bytes=content)


def _write_json(value: object, width: int) -> bytes:
    _require_json(value, _DEEPEST)
    return _json_bytes(value)


def _json_bytes(value: object) -> bytes:
    return text_bytes(json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")))


def _require_json(value: object, depth: int) -> None:
    """Against values that JSON would quietly change: keys that are no text, tuples, numbers that are none."""
    if depth == 0:
        raise ValueError(f"sealed JSON is nested at most {_DEEPEST} deep")
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("the keys of sealed JSON are str; others would come back as text")
        for each in value.values():
            _require_json(each, depth - 1)
    elif isinstance(value, list):
        for each in value:
            _require_json(each, depth - 1)
    elif isinstance(value, float):
        if value - value != 0:
            raise ValueError("sealed JSON holds finite numbers; store the absence of one as None")
    elif value is not None and not isinstance(value, str | int | bool):
        raise TypeError(f"sealed JSON holds dict, list, str, int, float, bool and None, not {type(value).__name__}; convert it first")


def _read_json(content: bytes) -> object:
    value = json.loads(content.decode())
    return _same(value, content, _json_bytes(value).decode())


def _same(value: T, content: bytes, written: str) -> T:
    """The value, when it is written so and not otherwise."""
    if written.encode() != content:
        raise ValueError("not canonical")
    return value


_Shape = tuple[int, Callable[[object, int], bytes], Callable[[bytes], object], int]

# Tag, writer, reader, fixed width. Append-only: the tag stands in every stored value.
_SHAPES: dict[type, _Shape] = {
    str: (1, _write_text, bytes.decode, 0),
    bytes: (2, _write_raw, bytes, 0),
    int: (3, _write_int, _read_int, 8),
    Decimal: (4, _write_decimal, _read_decimal, 0),
    bool: (5, _write_bool, _read_bool, 1),
    datetime.date: (6, _write_date, _read_date, 10),
    datetime.datetime: (7, _write_moment, _read_moment, 32),
    UUID: (8, _write_uuid, _read_uuid, 16),
    Json: (9, _write_json, _read_json, 0),
}
