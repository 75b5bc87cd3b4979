"""Places: where a value belongs, in bytes that no other place shares."""

from __future__ import annotations

import dataclasses
import itertools
import pickle
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork.crypto.places import Place, framed, row_bytes, tenant_bytes, text_bytes, version_bytes
from ringwork.frozen import replace

SCALARS = st.one_of(st.integers(), st.text(st.characters(codec="utf-8")), st.binary(), st.uuids())
ROWS = st.lists(SCALARS, min_size=1, max_size=4).map(tuple)
PARTS = st.lists(st.binary(max_size=6), max_size=5)


def _typed(row: tuple[object, ...]) -> list[tuple[type, object]]:
    """Rows as we tell them apart: 1 is not "1"."""
    return [(type(value), value) for value in row]


@given(ROWS, ROWS)
def test_gives_two_rows_the_same_bytes_only_when_they_are_one(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    """Against a value that is moved to a row whose identity reads alike."""
    assert (row_bytes(one) == row_bytes(other)) == (_typed(one) == _typed(other))


def test_tells_apart_rows_that_look_alike() -> None:
    """The same sign as number, text, bytes or UUID, whole or cut into two, is another row each time."""
    sixteen = b"0123456789abcdef"
    alike = [
        (1,),
        ("1",),
        (b"1",),
        (1, 1),
        (11,),
        ("11",),
        ("1", "1"),
        ("", "11"),
        ("11", ""),
        (b"\x01",),
        (256,),
        (-1,),
        (255,),
        (b"",),
        ("",),
    ]
    alike += [(0,), (UUID(bytes=sixteen),), (sixteen,), (sixteen.decode(),), (1, "1"), ("1", 1)]
    written = [row_bytes(row) for row in alike]
    assert len(set(written)) == len(alike)


@given(PARTS, PARTS)
def test_frames_two_lists_the_same_only_when_they_are_one(one: list[bytes], other: list[bytes]) -> None:
    """Against parts that run into each other."""
    assert (framed(*one) == framed(*other)) == (one == other)


def test_writes_a_subclass_as_what_it_is() -> None:
    """Drivers bring their own UUID and text; the row is the same."""

    class DriverUuid(UUID):
        pass

    class SafeText(str):
        __slots__ = ()

    value = UUID(int=7)
    assert row_bytes((DriverUuid(int=7),)) == row_bytes((value,))
    assert row_bytes((SafeText("a"),)) == row_bytes(("a",))


@pytest.mark.parametrize(("row", "problem"), [((None,), "no identity yet"), ((True,), "not by bool"), ((1.5,), "not by float")])
def test_takes_no_row_that_names_nothing(row: tuple[int, ...], problem: str) -> None:
    """Against a key that the database assigns later, and a type whose bytes nobody declared."""
    with pytest.raises(TypeError, match=problem):
        row_bytes(row)


def test_takes_no_empty_row_tenant_or_version() -> None:
    """What a profile binds has to be there."""
    for refused in (lambda: row_bytes(()), lambda: tenant_bytes(None), lambda: tenant_bytes(""), lambda: version_bytes(None)):
        with pytest.raises(ValueError, match=r"the place names no"):
            refused()
    for version in (-1, 1 << 63):
        with pytest.raises(ValueError, match="count of writes"):
            version_bytes(version)
    assert version_bytes(0) == bytes(8)


def test_keeps_text_out_of_the_error_about_it() -> None:
    """Python's own error about an encoding carries the whole text, which may be a secret."""
    with pytest.raises(ValueError, match="surrogate") as caught:
        text_bytes("diagnosis \ud800")
    assert "diagnosis" not in repr(caught.value)
    assert caught.value.__suppress_context__
    assert text_bytes("Zoë") == "Zoë".encode()


def test_is_a_record_like_the_others() -> None:
    """Made by hand for speed, it still compares, hashes, copies and travels as a frozen record does."""
    place = Place(table="patients", column="note", row=(7,), tenant="ward")
    assert place == Place(table="patients", column="note", row=(7,), tenant="ward", version=None)
    assert len({place, Place(table="patients", column="note", row=(7,))}) == 2
    assert replace(place, column="name").column == "name"
    assert pickle.loads(pickle.dumps(place)) == place
    assert [field.name for field in dataclasses.fields(place)] == ["table", "column", "row", "tenant", "version"]
    for name, value in itertools.product(["row"], [(8,)]):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(place, name, value)
