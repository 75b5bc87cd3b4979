"""One field seals for one row, and opens nothing else."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from ringwork.crypto.plaintexts import Json
from ringwork.errors import KeyMisplaced, KeyRefused, KeyUnavailable, SealBroken, SealMisused
from ringwork.keys.keyring import Keyring, memory_keyring
from ringwork.sealed import cells, keyrings
from ringwork.sealed.cells import Cell
from ringwork.sealed.values import SealedValue, sealed_bytes

TEXT = Cell("notes", "text", str)
SECRET = "canary-of-the-cells"


@pytest.mark.parametrize("row", [(7,), ("a", 7), (b"\0",), (uuid4(),)], ids=["int", "composite", "bytes", "uuid"])
def test_opens_what_it_sealed_for_the_same_row(ring: Keyring, row: tuple[Any, ...]) -> None:
    """Integers, text, bytes, UUIDs and composite keys identify rows."""
    assert TEXT.open(TEXT.seal(SECRET, row), row) == SECRET


def test_seals_and_opens_nothing_for_no_row(ring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row without an identity is no place, in a process that has bound no other row yet either."""
    stored = TEXT.seal(SECRET, (7,))
    monkeypatch.setattr(cells, "_recent", [cells.NOTHING_BOUND])
    for act in (lambda: TEXT.seal(SECRET, ()), lambda: TEXT.open(stored, ())):
        with pytest.raises(ValueError, match="names no row"):
            act()


@pytest.mark.parametrize("other", [(8,), ("7",), (7, 7), (b"7",)])
def test_refuses_a_value_of_another_row(ring: Keyring, other: tuple[Any, ...]) -> None:
    """Somebody who can write to the database copies a stranger's sealed value into a row of his own."""
    stored = TEXT.seal(SECRET, (7,))
    with pytest.raises(SealBroken):
        TEXT.open(stored, other)


@pytest.mark.parametrize("cell", [Cell("notes", "title", str), Cell("letters", "text", str)], ids=["column", "table"])
def test_refuses_a_value_of_another_column_or_table(ring: Keyring, cell: Cell) -> None:
    """A value that the application shows is replaced by one that it does not show."""
    stored = TEXT.seal(SECRET, (7,))
    with pytest.raises(SealBroken):
        cell.open(stored, (7,))


@pytest.mark.parametrize("stored", [None, "plain text", b"plain text", b"", b"\xb3", 5, b"\xb3\x01\x01\x00" + bytes(60)])
def test_refuses_what_is_not_sealed(ring: Keyring, stored: object) -> None:
    """What somebody wrote in clear, or emptied, is never returned as the value, and never quoted."""
    with pytest.raises((SealBroken, KeyRefused)) as caught:
        TEXT.open(stored, (7,))
    assert "plain" not in str(caught.value)


def test_refuses_every_single_bit_that_changed(ring: Keyring) -> None:
    """Whoever alters one bit of the stored value gets nothing but an error out of it."""
    stored = TEXT.seal("x", (7,))
    for place in range(len(stored) * 8):
        altered = bytearray(stored)
        altered[place // 8] ^= 1 << place % 8
        with pytest.raises((SealBroken, KeyRefused)):
            TEXT.open(bytes(altered), (7,))


def test_binds_to_the_tenant_where_one_is_declared(ring: Keyring) -> None:
    """A row that is moved to another tenant does not open there, and without a tenant nothing is sealed."""
    cell = Cell("notes", "text", str, tenant="clinic")
    stored = cell.seal(SECRET, (7,), tenant="north")
    assert cell.open(stored, (7,), tenant="north") == SECRET
    with pytest.raises(SealBroken):
        cell.open(stored, (7,), tenant="south")
    with pytest.raises(SealMisused, match="clinic"):
        cell.seal(SECRET, (7,))


HEALTH = Cell("notes", "text", str, data_class="health", tenant="clinic", subject="person")
OWNER = {"tenant": "north", "subject": "5"}


@pytest.mark.parametrize(
    ("lesser", "owner"),
    [
        (Cell("notes", "text", str, tenant="clinic", subject="person"), OWNER),
        (HEALTH, {**OWNER, "subject": "6"}),
        (HEALTH, {**OWNER, "subject": None}),
    ],
    ids=["class", "subject", "no subject"],
)
def test_opens_nothing_that_the_key_of_another_owner_sealed(lesser: Cell, owner: dict[str, str | None]) -> None:
    """Whoever has the key of one class or subject, and writes to the database, forges no value of another: no header chooses the key."""
    with keyrings.using(memory_keyring(classes=("default", "health"))):
        forged = lesser.seal("forged", (7,), **owner)
        with pytest.raises(KeyMisplaced, match="another class, tenant or subject"):
            HEALTH.open(forged, (7,), **OWNER)
        assert lesser.open(forged, (7,), **owner) == "forged"
        assert HEALTH.open(HEALTH.seal(SECRET, (7,), **OWNER), (7,), **OWNER) == SECRET


@pytest.mark.parametrize("kind", [SealedValue, lambda cell, stored: sealed_bytes(cell)(stored)], ids=["value", "bytes"])
def test_asks_whose_value_it_is_where_subjects_have_keys(ring: Keyring, kind: Callable[[Cell, bytes], Any]) -> None:
    """A value without its instance is opened for a subject that the caller names, and says so where none is named."""
    cell = Cell("notes", "text", str, subject="person")
    value = kind(cell, cell.seal(SECRET, (7,), subject="5"))
    assert value.open((7,), subject="5") == SECRET
    with pytest.raises(SealMisused, match=r"subject=str\(row\.person\)"):
        value.open((7,))
    with pytest.raises(KeyMisplaced):
        value.open((7,), subject="")
    assert kind(cell, cell.seal(SECRET, (7,))).open((7,), subject="") == SECRET


def test_stores_a_sealed_null_where_none_is_allowed(ring: Keyring) -> None:
    """Whether a value is there is not to be seen: None of an optional field looks like a value."""
    cell = Cell("notes", "text", str, optional=True)
    assert cell.open(cell.seal(None, (7,)), (7,)) is None
    with pytest.raises(SealBroken, match="NULL"):
        cell.open(None, (7,))


@pytest.mark.parametrize("act", [lambda: TEXT.check(None), lambda: TEXT.check(5), lambda: TEXT.seal(None, (7,))])
def test_refuses_a_value_of_the_wrong_kind_by_the_name_of_the_field(ring: Keyring, act: Callable[[], object]) -> None:
    """A wrong value is told by field and type, before it is bound."""
    with pytest.raises(TypeError, match=r"notes\.text"):
        act()


def test_gives_json_that_cannot_be_changed_in_place(ring: Keyring) -> None:
    """A change in place would be lost in silence, because the database only learns of what is assigned."""
    cell = Cell("notes", "data", Json)
    value = cell.open(cell.seal({"a": [1]}, (7,)), (7,))
    assert value == {"a": [1]}
    for act in (lambda: value.update(b=2), lambda: value["a"].append(2), lambda: value.__setitem__("a", 0)):
        with pytest.raises(SealMisused, match="assign"):
            act()


def test_seals_the_same_value_differently_each_time(ring: Keyring) -> None:
    """Equal values cannot be found by equal bytes."""
    assert len({TEXT.seal("same", (7,)) for _ in range(50)}) == 50


def test_travels_in_a_pickle_as_the_same_cell(ring: Keyring) -> None:
    """A sealed value that was cached elsewhere finds its field again."""
    stored = TEXT.seal(SECRET, (7,))
    assert pickle.loads(pickle.dumps(TEXT)).open(stored, (7,)) == SECRET


def test_does_nothing_without_a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that finds no key is neither sealed nor opened, and says what to call."""
    monkeypatch.setattr(keyrings, "_installed", [])
    with pytest.raises(KeyUnavailable, match=r"keyrings\.use"):
        TEXT.seal(SECRET, (7,))


def test_uses_the_keyring_of_the_context_before_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that run beside each other have keys of their own."""
    monkeypatch.setattr(keyrings, "_installed", [])
    first, second = memory_keyring(), memory_keyring()
    keyrings.use(first)
    with keyrings.using(second):
        assert keyrings.keyring() is second
    assert keyrings.keyring() is first
