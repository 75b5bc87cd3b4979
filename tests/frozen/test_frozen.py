"""Records behave as frozen, slotted, keyword-only dataclasses do."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import pydoc
from dataclasses import field
from typing import ClassVar

import pytest

from ringwork.frozen import Frozen, filled, replace


class Ditch(Frozen):
    """A record with every kind of field."""

    KIND: ClassVar[str] = "ditch"

    depth: int
    name: str = "outer"
    stakes: list[int] = field(default_factory=list)
    hidden: str = field(default="", repr=False)


class Moat(Ditch):
    """A record that inherits fields."""

    water: bool = field(default=True, metadata={"doc": "whether it is filled"})


class Measured(Frozen):
    """A record that completes itself."""

    depth: int
    label: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", f"{self.depth} m")


def test_takes_given_values_and_fills_in_the_rest() -> None:
    """The honest case: defaults stand where nothing is given."""
    ditch = Ditch(depth=2)
    assert (ditch.depth, ditch.name, ditch.stakes, ditch.hidden) == (2, "outer", [], "")
    assert Ditch.KIND == "ditch"


def test_is_the_same_whether_its_values_are_named_or_told_by_place() -> None:
    """The short way of what every request makes one of."""
    assert filled(Ditch, 2, "inner", [3], "") == Ditch(depth=2, name="inner", stakes=[3])


def test_refuses_a_value_by_place_too_few_or_too_many() -> None:
    """Against an event whose reason stands where its status should: a value that was left out moves all behind it."""
    for values in ((2, "inner", [3]), (2, "inner", [3], "", 4)):
        with pytest.raises(TypeError, match="Ditch takes 4 values"):
            filled(Ditch, *values)


def test_makes_a_default_anew_for_each_record() -> None:
    """Against state that two records share by accident."""
    one, other = Ditch(depth=1), Ditch(depth=1)
    one.stakes.append(3)
    assert other.stakes == []


def test_inherits_fields_in_order() -> None:
    """A record of a record has the fields of both."""
    moat = Moat(depth=3, water=False)
    assert repr(moat) == "Moat(depth=3, name='outer', stakes=[], water=False)"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "Ditch needs 'depth'"),
        ({"depth": 1, "deep": 2}, "Ditch has no 'deep'"),
        ({"deep": 2}, "Ditch needs 'depth' and has no 'deep'"),
        ({"depth": 1, "KIND": "wall"}, "Ditch has no 'KIND'"),
    ],
)
def test_refuses_what_does_not_fit(given: dict[str, object], told: str) -> None:
    """A mistyped name is no value that is set in silence; the message lists the names that are."""
    with pytest.raises(TypeError, match=told) as caught:
        Ditch(**given)
    assert "its names: depth, name, stakes, hidden" in str(caught.value)


def test_refuses_a_value_for_what_it_completes_itself() -> None:
    """A field that is computed cannot be given, not even in the place of one that is missing."""
    assert Measured(depth=4).label == "4 m"
    for given in ({"depth": 4, "label": "5 m"}, {"label": "5 m"}):
        with pytest.raises(TypeError, match="has no 'label'"):
            Measured(**given)


def test_refuses_values_without_names() -> None:
    """Two values of one type are never confused."""
    with pytest.raises(TypeError, match="positional"):
        Ditch(2)  # type: ignore[misc]  # that is the claim


def test_refuses_every_change() -> None:
    """What was checked once stays as it was checked."""
    ditch = Ditch(depth=2)
    for change in (lambda: setattr(ditch, "depth", 3), lambda: setattr(ditch, "new", 3), lambda: delattr(ditch, "depth")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            change()
    assert ditch.depth == 2
    assert not hasattr(ditch, "__dict__")


def test_compares_by_class_and_values() -> None:
    """Equal values are equal records, and a dictionary finds them; another class is another thing."""
    assert Measured(depth=1) == Measured(depth=1)
    assert hash(Measured(depth=1)) == hash(Measured(depth=1))
    assert Measured(depth=1) != Measured(depth=2)
    assert Moat(depth=1) != Ditch(depth=1)
    assert Measured(depth=1) != (1, "1 m")


def test_keeps_a_hidden_value_out_of_its_repr() -> None:
    """Against a password that is printed with its record."""
    assert "swordfish" not in repr(Ditch(depth=1, hidden="swordfish"))


def test_replaces_by_name_and_checks_again() -> None:
    """A changed copy is made like any other record."""
    assert replace(Moat(depth=1, name="inner"), depth=2) == Moat(depth=2, name="inner")
    assert replace(Measured(depth=1), depth=2).label == "2 m"
    with pytest.raises(TypeError, match="has no 'deep'"):
        replace(Ditch(depth=1), deep=2)


def test_copies_and_pickles() -> None:
    """A record goes to another process and comes back equal."""
    moat = Moat(depth=3, stakes=[1])
    assert copy.deepcopy(moat) == moat
    assert pickle.loads(pickle.dumps(moat)) == moat
    assert copy.copy(Measured(depth=1)).label == "1 m"


def test_is_known_to_dataclasses() -> None:
    """What works on dataclasses works here: applications call `dataclasses.replace(policy, ...)`."""
    assert dataclasses.is_dataclass(Moat)
    assert [told.name for told in dataclasses.fields(Moat)] == ["depth", "name", "stakes", "hidden", "water"]
    assert dataclasses.fields(Moat)[4].metadata["doc"] == "whether it is filled"
    assert dataclasses.fields(Moat)[0].type == "int"
    assert dataclasses.fields(Moat)[0].default is dataclasses.MISSING
    assert dataclasses.replace(Moat(depth=1), depth=2) == Moat(depth=2)
    assert dataclasses.asdict(Moat(depth=1))["water"] is True
    assert dataclasses.replace(Measured(depth=1), depth=2).label == "2 m"


def test_tells_help_and_editors_what_it_takes() -> None:
    """Whoever asks for help sees names, types, defaults and what is said of a field, as of a dataclass."""
    told = inspect.signature(Moat).parameters
    assert list(told) == ["depth", "name", "stakes", "hidden", "water"]
    assert told["depth"].default is inspect.Parameter.empty
    assert (told["water"].default, told["water"].annotation) == (True, "bool")
    assert repr(told["stakes"].default) == "<factory>"
    assert "whether it is filled" in pydoc.render_doc(Moat)
    assert "label" not in inspect.signature(Measured).parameters
