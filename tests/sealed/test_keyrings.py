"""The keyring of a process: named at start, or made at the first value."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ringwork.errors import KeyUnavailable
from ringwork.keys.keyring import memory_keyring
from ringwork.sealed import keyrings


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = [*keyrings._installed], [*keyrings._later]
    yield
    keyrings._installed[:], keyrings._later[:] = before


def test_makes_a_later_keyring_once_and_at_the_first_value() -> None:
    """Nothing is made at start, where the tables may not be there yet."""
    made = []
    keyrings.use_later(lambda: made.append(memory_keyring()) or made[-1])
    assert not made
    assert keyrings.keyring() is keyrings.keyring() is made[0]
    assert len(made) == 1


def test_tries_again_after_a_keyring_that_could_not_be_made() -> None:
    """Fails for whoever needs it, and not for ever."""
    answers = [KeyUnavailable("no root yet"), memory_keyring()]

    def make() -> keyrings.Ciphers:
        answer = answers.pop(0)
        if isinstance(answer, KeyUnavailable):
            raise answer
        return answer

    keyrings.use_later(make)
    with pytest.raises(KeyUnavailable, match="no root yet"):
        keyrings.keyring()
    assert keyrings.keyring().active_kid()


def test_says_what_to_write_where_none_was_named() -> None:
    """A field without a keyring is never written in clear."""
    keyrings._installed.clear()
    keyrings._later.clear()
    with pytest.raises(KeyUnavailable, match=r"keyrings\.use"):
        keyrings.keyring()
