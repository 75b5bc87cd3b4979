"""Random values that nobody can guess."""

from __future__ import annotations

import os
import re
import secrets

import pytest

from ringwork.crypto import chance
from ringwork.errors import Refused
from ringwork.secret import Secret


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


def test_issues_tokens_and_ids_of_128_bits_or_more() -> None:
    """What an application hands out is as long as nobody can guess, and never comes twice."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", chance.issue_token())
    assert re.fullmatch(r"[0-9a-f]{32}", chance.issue_id())
    assert len({chance.issue_id() for _ in range(500)} | {chance.issue_token() for _ in range(500)}) == 1000
    with pytest.raises(ValueError, match="can be guessed"):
        chance.issue_token(8)


def test_draws_every_helper_from_the_operating_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """With that one source exchanged every helper changes: none of them has another."""
    monkeypatch.setattr(secrets, "token_bytes", lambda n_bytes: b"\x07" * n_bytes)
    monkeypatch.setattr(secrets, "randbelow", lambda below: 7 % below)
    assert chance.issue_token() == chance.issue_token()
    assert chance.issue_id() == "07" * 16
    assert chance.issue_file_name(".pdf") == "07" * 16 + ".pdf"
    assert chance.issue_code(chance.CodeLimit()).reveal() == "00000007"


@pytest.mark.parametrize("suffix", ["", ".pdf", ".tar.gz"])
def test_names_files_so_that_nobody_can_ask_for_them(suffix: str) -> None:
    """The name is random, and its ending is the caller's."""
    assert re.fullmatch(r"[0-9a-f]{32}" + re.escape(suffix), chance.issue_file_name(suffix))


@pytest.mark.parametrize("suffix", ["/../x", ".php/.png", "pdf", ".PDF", ".a.b.c", ".tar\n", "." + "x" * 11])
def test_refuses_endings_that_could_become_a_path(suffix: str) -> None:
    """An uploaded name is no part of a path."""
    with pytest.raises(ValueError, match="no suffix"):
        chance.issue_file_name(suffix)


@pytest.mark.parametrize(
    "limit",
    [
        chance.CodeLimit(digits=4, attempts=3),
        chance.CodeLimit(digits=6, attempts=11),
        chance.CodeLimit(attempts=0),
        chance.CodeLimit(seconds=3600),
        chance.CodeLimit(seconds=0),
    ],
)
def test_issues_no_code_that_can_be_guessed(limit: chance.CodeLimit) -> None:
    """Few digits, many attempts or a long life are a fault of the caller, told when the code is made."""
    with pytest.raises(ValueError, match=r"attempts|seconds"):
        chance.issue_code(limit)


def test_lets_the_right_code_in_while_it_lasts() -> None:
    """The honest person types what was sent, even at the last attempt."""
    limit = chance.CodeLimit(digits=6, attempts=5)
    code = chance.issue_code(limit)
    assert re.fullmatch(r"[0-9]{6}", code.reveal())
    chance.require_code(code.reveal(), code, limit, tries=4, age_seconds=599.0)


@pytest.mark.parametrize(
    ("claimed", "tries", "age", "reason"),
    [
        ("12345678", 5, 1.0, "code-used-up"),
        ("12345678", 0, 600.0, "code-expired"),
        ("12345678", 0, -1.0, "code-expired"),
        ("12345679", 0, 1.0, "code-wrong"),
        ("", 0, 1.0, "code-wrong"),
        ("\u0661" * 8, 0, 1.0, "code-wrong"),
    ],
)
def test_refuses_a_code_that_is_wrong_old_or_used_up(claimed: str, tries: int, age: float, reason: str) -> None:
    """Even the right one is worth nothing once its limit is used up."""
    with pytest.raises(Refused, match=reason):
        chance.require_code(claimed, Secret("12345678"), chance.CodeLimit(), tries=tries, age_seconds=age)
