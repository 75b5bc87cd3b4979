"""Plaintexts: what was stored comes back as itself, and nothing else is taken for it."""

from __future__ import annotations

import datetime
import enum
import json
import math
from datetime import UTC, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ringwork.crypto import plaintexts
from ringwork.crypto.plaintexts import Codec, Json, codec
from ringwork.errors import SealBroken

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)
ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)
VALUES: dict[type, st.SearchStrategy[Any]] = {
    str: TEXT,
    bytes: st.binary(max_size=60),
    int: NUMBERS,
    bool: st.booleans(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    datetime.date: st.dates(),
    datetime.datetime: st.datetimes(timezones=ZONES),
    UUID: st.uuids(),
    Json: JSON,
}
KINDS = pytest.mark.parametrize("kind", list(VALUES), ids=[kind.__name__ for kind in VALUES])
SAMPLES: dict[type, Any] = {
    str: "Zoë",
    bytes: b"\0\xff",
    int: -5,
    bool: True,
    Decimal: Decimal("-12.50"),
    datetime.date: datetime.date(2026, 2, 28),
    datetime.datetime: datetime.datetime(2026, 2, 28, 23, 59, 59, 1, UTC),
    UUID: UUID(int=9),
    Json: {"a": [1, 1.5, None, True, "x"], "b": {}},
}


def _shape(value: Any) -> Any:
    """A value with all its types, so that 1, True and 1.0 differ."""
    if isinstance(value, dict):
        return {key: _shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_shape(each) for each in value]
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="microseconds")
    return type(value), str(value), value


@KINDS
@given(data=st.data())
def test_returns_the_value_that_was_given(kind: type, data: st.DataObject) -> None:
    """Same value, same type, with its zeros, zone and exponent; with and without a bucket, and where None is a value too."""
    value = data.draw(VALUES[kind])
    bucket = data.draw(st.sampled_from([None, 1, 32])) if kind in {str, bytes, Json, Decimal} else None
    found = codec(kind, bucket=bucket, optional=data.draw(st.booleans()))
    assert _shape(found.decode(found.encode(value))) == _shape(value)
    assert codec(kind).decode(found.encode(value)) == value  # before and after a bucket was declared


@pytest.mark.parametrize("value", [0, False, "", b"", Decimal(0), Decimal("-0.00"), Decimal("1E+3"), [], {}, "É*", "ends in *", "\0"])
def test_loses_no_value_that_looks_empty(value: Any) -> None:
    """Against 0 and False that are stored as nothing, and ends of text that are taken for padding."""
    found = codec(Json if isinstance(value, list | dict) else type(value), optional=True)
    assert _shape(found.decode(found.encode(value))) == _shape(value)
    assert found.decode(found.encode(None)) is None


@KINDS
def test_takes_no_none_unless_it_is_declared(kind: type) -> None:
    """A required column has no sealed absence: neither written nor read. JSON has a null of its own."""
    absent = codec(kind, optional=True).encode(None)
    if kind is Json:
        assert codec(Json).decode(codec(Json).encode(None)) is codec(Json).decode(absent) is None
        return
    with pytest.raises(SealBroken):
        codec(kind).decode(absent)
    with pytest.raises(TypeError, match="was given NoneType"):
        codec(kind).encode(None)


@pytest.mark.parametrize("kind", [int, bool, datetime.date, datetime.datetime, UUID, Decimal])
@given(data=st.data())
def test_makes_every_value_of_a_fixed_kind_as_long(kind: type, data: st.DataObject) -> None:
    """Against a length that tells yes from no, a small amount from a large one, or that there is none."""
    found = codec(kind, optional=True)
    value = data.draw(VALUES[kind])
    assume(kind is not Decimal or len(str(value)) <= 32)
    assert len(found.encode(value)) == len(found.encode(SAMPLES[kind])) == len(found.encode(None))


@given(TEXT)
def test_rounds_lengths_up_to_the_bucket(text: str) -> None:
    """Of text only the number of buckets shows, and nothing at all is as long as something."""
    found = codec(str, bucket=64, optional=True)
    buckets = max(1, math.ceil(len(text.encode()) / 64))
    assert len(found.encode(text)) == 5 + 64 * buckets
    assert len(found.encode(None)) == len(found.encode("")) == len(found.encode("x" * 64)) == 69


@KINDS
@pytest.mark.parametrize("other", list(VALUES), ids=[kind.__name__ for kind in VALUES])
def test_takes_no_value_of_another_kind(kind: type, other: type) -> None:
    """Against a number that comes back as text, or yes as 1: neither written nor read as another kind."""
    value = SAMPLES[other]
    if kind is other:
        assert codec(kind).decode(codec(kind).encode(value)) == value
        return
    with pytest.raises(SealBroken):
        codec(kind).decode(codec(other).encode(value))
    if not (kind is Json and other in {str, int, bool}):
        with pytest.raises(TypeError, match="convert it first"):
            codec(kind).encode(value)


@KINDS
@given(data=st.binary(max_size=60))
def test_reads_nothing_that_it_would_not_write(kind: type, data: bytes) -> None:
    """Any bytes behind the tag: refused, or written again as they were."""
    tag = codec(kind).encode(SAMPLES[kind])[:1]
    for claimed in (data, tag + data):
        try:
            value = codec(kind).decode(claimed)
        except SealBroken:
            continue
        content = plaintexts._unframed(claimed)
        width = len(content[1]) if kind is int else 8
        assert plaintexts._unframed(codec(kind, width=width).encode(value)) == content


def _json(text: str) -> bytes:
    return codec(Json).encode(None)[:1] + text.encode()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (str, b""),
        (str, b"\x01\xff"),
        (str, b"\x41abc"),
        (str, b"\x81\0\0\0\x09short"),
        (str, b"\x81\0\0"),
        (str, b"\x81\0\0\0\x01a\0\0\x01"),
        (int, b"\x03"),
        (int, b"\x03" + bytes(65)),
        (bool, b"\x05\x02"),
        (bool, b"\x05"),
        (bool, b"\x05\x01\x01"),
        (Decimal, b"\x0400.5"),
        (Decimal, b"\x041.5\n"),
        (Decimal, b"\x04NaN"),
        (Decimal, b"\x04Infinity"),
        (Decimal, b"\x041_0"),
        (Decimal, "\x04\u0661".encode()),
        (Decimal, b"\x041E+99999999999999999999"),
        (datetime.date, b"\x0620260228"),
        (datetime.date, b"\x062026-W09-6"),
        (datetime.date, b"\x062026-02-30"),
        (datetime.datetime, b"\x072026-02-28T23:59:59.000001"),
        (datetime.datetime, b"\x072026-02-28T23:59:59+00:00"),
        (datetime.datetime, b"\x072026-02-28 23:59:59.000001+00:00"),
        (datetime.datetime, b"\x072026-02-28T23:59:59.000001+0000"),
        (datetime.datetime, b"\x072026-02-28T23:59:59.000001+00:00:01"),
        (UUID, b"\x08" + bytes(15)),
        (UUID, b"\x08" + bytes(17)),
        (Json, _json("{")),
        (Json, _json('{"a":1,"a":2}')),
        (Json, _json('{"b":1,"a":2}')),
        (Json, _json('{"a": 1}')),
        (Json, _json("NaN")),
        (Json, _json("1e400")),
        (Json, _json('"\\u0041"')),
        (Json, _json("[" * 100_000)),
        (Json, _json("\ufeff1")),
        (Json, _json("1" * 5000)),
    ],
)
def test_refuses_a_second_way_to_write_a_value(kind: type, data: bytes) -> None:
    """One value, one text: twins, cuts and what other writers would have put there are refused."""
    with pytest.raises(SealBroken, match="not written as its column declares"):
        codec(kind).decode(data)


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        (int, 1 << 63, "larger width"),
        (Decimal, Decimal("NaN"), "finite"),
        (Decimal, Decimal("-Infinity"), "finite"),
        (datetime.datetime, datetime.datetime(2026, 1, 1), "time zone"),  # noqa: DTZ001
        (str, "\ud800", "surrogate"),
        (Json, math.nan, "finite"),
        (Json, [math.inf], "finite"),
        (Json, {"a": "\ud800"}, "surrogate"),
        (Json, json.loads("[" * 65 + "]" * 65), "64 deep"),
    ],
)
def test_refuses_a_value_that_cannot_be_kept(kind: type, value: Any, problem: str) -> None:
    """It says what to write instead, before anything is stored."""
    with pytest.raises(ValueError, match=problem):
        codec(kind).encode(value)


@pytest.mark.parametrize("value", [{1: "a"}, {None: 1}, (1, 2), {"a": {1, 2}}, [Decimal(1)], b"a", [object()]])
def test_refuses_json_that_would_come_back_changed(value: Any) -> None:
    """Against keys that turn into text and tuples that turn into lists."""
    with pytest.raises(TypeError, match=r"sealed JSON|keys of sealed JSON"):
        codec(Json).encode(value)


def test_quotes_no_value_in_an_error() -> None:
    """A refused value is a secret all the same."""
    for kind, value in ((int, 123_456_789_012_345_678_901), (str, "diagnosis \ud800"), (Json, {"diagnosis": object()}), (str, 4_111_111)):
        with pytest.raises((TypeError, ValueError)) as caught:
            codec(kind).encode(value)
        assert "diagnosis" not in str(caught.value)
        assert not {"123456789012345678901", "4111111"} & set(str(caught.value).split())
    with pytest.raises(SealBroken) as broken:
        codec(datetime.date).decode(b"\x06diagnosis")
    assert broken.value.__cause__ is None
    assert broken.value.__suppress_context__


def test_keeps_values_of_subclasses() -> None:
    """A member of an enumeration is the text or number that it stands for."""

    class Ward(enum.StrEnum):
        WEST = "west"

    class Level(enum.IntEnum):
        HIGH = 3

    assert codec(str).decode(codec(str).encode(Ward.WEST)) == "west"
    assert type(codec(int).decode(codec(int).encode(Level.HIGH))) is int


def test_writes_a_zone_of_seconds_in_utc() -> None:
    """Local mean times of long ago keep their moment."""
    odd = datetime.datetime(1890, 1, 1, 12, 0, tzinfo=timezone(timedelta(minutes=17, seconds=30)))
    found = codec(datetime.datetime)
    back = found.decode(found.encode(odd))
    assert back == odd
    assert back.utcoffset() == timedelta(0)


@pytest.mark.parametrize("width", [1, 2, 4, 8, 16, 32])
def test_reads_a_number_at_the_width_it_was_written(width: int) -> None:
    """A column can be declared wider without losing what it holds."""
    assert codec(int, width=32).decode(codec(int, width=width).encode(-5)) == -5
    assert len(codec(int, width=width).encode(-5)) == 1 + width


@pytest.mark.parametrize(
    ("kind", "options", "problem"),
    [
        (float, {}, "declare one of str, bytes"),
        (list, {}, "cannot be sealed"),
        (int, {"bucket": 8}, "fixed width already"),
        (str, {"bucket": 0}, "1 to 65536 bytes"),
        (str, {"bucket": 1 << 17}, "1 to 65536 bytes"),
        (int, {"width": 0}, "1 to 64 bytes wide"),
        (int, {"width": 65}, "1 to 64 bytes wide"),
    ],
)
def test_refuses_a_declaration_that_means_nothing(kind: type, options: dict[str, Any], problem: str) -> None:
    """A fault in a model is told when the model is read."""
    with pytest.raises((TypeError, ValueError), match=problem):
        codec(kind, **options)


def test_keeps_the_bytes_of_the_first_day() -> None:
    """What is stored opens for ever, so these never change."""
    written = {kind: codec(kind).encode(value) for kind, value in SAMPLES.items()}
    assert written == {
        str: b"\x01Zo\xc3\xab",
        bytes: b"\x02\x00\xff",
        int: b"\x03\xff\xff\xff\xff\xff\xff\xff\xfb",
        bool: b"\x05\x01",
        Decimal: b"\x84\x00\x00\x00\x06-12.50" + bytes(26),
        datetime.date: b"\x062026-02-28",
        datetime.datetime: b"\x072026-02-28T23:59:59.000001+00:00",
        UUID: b"\x08" + bytes(15) + b"\x09",
        Json: b'\x09{"a":[1,1.5,null,true,"x"],"b":{}}',
    }
    assert isinstance(codec(str), Codec)
    assert codec(str).kind is str
