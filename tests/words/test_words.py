"""Closed sets of words: they are read and checked as enums are."""

from __future__ import annotations

import copy
import pickle
from enum import StrEnum
from typing import Any

import pytest

from ringwork.words import Words


class Why(Words):
    """Why something was refused."""

    UNSIGNED = "unsigned"
    TOO_LATE = "too-late"


class Known(StrEnum):
    """The same as an enum, beside which it stands."""

    UNSIGNED = "unsigned"
    TOO_LATE = "too-late"


@pytest.mark.parametrize("kind", [Why, Known])
def test_reads_as_an_enum_does(kind: Any) -> None:
    """Whoever knows `StrEnum` knows these: members in order, by name and by word, equal to their text wherever it is compared or kept."""
    late = kind.TOO_LATE
    assert [(one.name, one.value) for one in kind] == [("UNSIGNED", "unsigned"), ("TOO_LATE", "too-late")]
    assert len(kind) == 2
    assert kind("too-late") is late
    assert late in kind
    assert isinstance(late, kind)
    assert isinstance(late, str)
    assert type(late.value) is str
    assert late == "too-late"
    assert {late: 1}["too-late"] == 1
    assert f"{late}" == str(late) == "too-late"
    assert repr(late) == f"<{kind.__name__}.TOO_LATE: 'too-late'>"


@pytest.mark.parametrize("kind", [Why, Known])
def test_a_copy_is_the_member_itself(kind: Any) -> None:
    """Against a reason that is no longer the same behind a process or in a copied policy."""
    assert pickle.loads(pickle.dumps(kind.UNSIGNED)) is kind.UNSIGNED
    assert copy.deepcopy(kind.UNSIGNED) is kind.UNSIGNED


@pytest.mark.parametrize("kind", [Why, Known])
def test_refuses_a_word_that_is_none_of_it(kind: Any) -> None:
    """Against a mistyped word that passes for one of the set."""
    with pytest.raises(ValueError, match="'unsinged' is not a valid"):
        kind("unsinged")
    with pytest.raises(AttributeError):
        kind.UNSINGED  # noqa: B018  # the look itself is what is refused


def test_a_set_is_closed() -> None:
    """Against a reason that is added or taken out behind the back of whoever decides by all of them."""
    kind: Any = Why
    with pytest.raises(AttributeError, match="closed"):
        kind.LATER = "later"
    with pytest.raises(AttributeError, match="closed"):
        del kind.UNSIGNED
    with pytest.raises(TypeError, match="closed"):
        type(kind)("More", (kind,), {"LATER": "later"})


def test_a_word_stands_once_in_its_set() -> None:
    """Against two reasons that nobody can tell apart in an event."""
    kind: Any = type(Why)
    with pytest.raises(ValueError, match="twice"):
        kind("Two", (Words,), {"ONE": "same", "OTHER": "same"})
