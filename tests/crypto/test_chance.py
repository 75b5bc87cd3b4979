"""Random values that nobody can guess."""

from __future__ import annotations

import os
import re

import pytest

from ringwork.crypto import chance


def test_draws_fresh_bytes() -> None:
    """A thousand values of 16 bytes do not repeat."""
    assert len({chance.random_bytes(16) for _ in range(1000)}) == 1000
    assert len(chance.random_bytes(1)) == 1


def test_writes_tokens_for_addresses_and_headers() -> None:
    """32 bytes are 43 letters, digits, dashes and underscores."""
    tokens = {chance.token_urlsafe(32) for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_refuses_values_that_can_be_guessed() -> None:
    """Too few bytes are a fault of the caller, told at once."""
    with pytest.raises(ValueError, match="1 byte"):
        chance.random_bytes(0)
    with pytest.raises(ValueError, match="can be guessed"):
        chance.token_urlsafe(15)
    for wrong in ({"n_bytes": 15}, {"n_bytes": 16, "batch": 0}):
        with pytest.raises(ValueError, match="16 bytes or more"):
            chance.Pool(**wrong)


def test_hands_each_pooled_value_out_once() -> None:
    """Over the border of several batches too."""
    pool = chance.Pool(16, batch=4)
    values = [pool.take() for _ in range(50)]
    assert len(set(values)) == 50
    assert {len(value) for value in values} == {16}


def test_shares_no_value_with_a_forked_child() -> None:
    """Two workers forked from one parent must not issue the same tokens."""
    pool = chance.Pool(16, batch=4)
    pool.take()
    left = set(pool._ready)
    pool._owner = os.getpid() + 1
    assert pool.take() not in left
    assert not left & set(pool._ready)
