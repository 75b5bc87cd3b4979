"""Passwords: what is stored, what opens, and what it costs."""

from __future__ import annotations

import sys

import argon2
import pytest

from ringwork.crypto import passwords
from ringwork.errors import ExtraMissing, Refused
from ringwork.secret import Secret

GOOD = Secret("a long walk by the river")
STORED = passwords.hash_password(GOOD)


def refusal(password: str, stored: str | None) -> Refused:
    """What verify_password raises."""
    with pytest.raises(Refused) as caught:
        passwords.verify_password(Secret(password), stored)
    return caught.value


def test_stores_argon2id_at_the_ruled_cost() -> None:
    """A stolen table must cost 19 MiB and two passes a guess, with a salt of 16 bytes and a hash of 32."""
    found = argon2.extract_parameters(STORED)
    assert (found.type, found.memory_cost, found.time_cost, found.parallelism) == (argon2.Type.ID, 19456, 2, 1)
    assert (found.salt_len, found.hash_len) == (16, 32)


def test_opens_for_the_right_password() -> None:
    """The honest user gets in: nothing is raised."""
    passwords.verify_password(GOOD, STORED)


def test_refuses_another_password() -> None:
    """A guess is refused with the word that events carry."""
    refused = refusal("a long walk by the lake", STORED)
    assert (refused.status, refused.reason) == (401, "password-wrong")


def test_gives_equal_passwords_different_hashes() -> None:
    """Two users with one password must not be seen to share it."""
    assert passwords.hash_password(GOOD) != STORED


def test_refuses_an_unknown_user_with_the_same_words() -> None:
    """The answer must not tell whether the user exists."""
    unknown, wrong = refusal("anything", None), refusal("anything", STORED)
    assert (unknown.control, unknown.status, unknown.reason) == (wrong.control, wrong.status, wrong.reason)


def test_pays_a_whole_hash_for_an_unknown_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """User names must not be found by the clock: the unknown user's check runs Argon2id at today's cost."""
    asked: list[str] = []
    honest = argon2.PasswordHasher.verify

    def record(self: argon2.PasswordHasher, stored: str, password: bytes) -> bool:
        asked.append(stored)
        return honest(self, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", record)
    refusal("anything", None)
    assert [argon2.extract_parameters(stored) for stored in asked] == [argon2.extract_parameters(STORED)]


def test_takes_a_password_of_1024_bytes_whole() -> None:
    """Nothing is cut: of two passwords that differ in their last byte only one opens."""
    longest = "x" * 1023
    stored = passwords.hash_password(Secret(longest + "y"))
    passwords.verify_password(Secret(longest + "y"), stored)
    assert refusal(longest + "z", stored).reason == "password-wrong"


@pytest.mark.parametrize("text", ["x" * 1025, "é" * 513], ids=["characters", "bytes"])
def test_refuses_to_store_more_than_1024_bytes(text: str) -> None:
    """Too long is told, never shortened in silence; bytes count, not characters."""
    with pytest.raises(Refused) as caught:
        passwords.hash_password(Secret(text))
    assert (caught.value.status, caught.value.reason) == (422, "password-too-long")


@pytest.mark.parametrize("stored", [STORED, None], ids=["known", "unknown"])
def test_refuses_a_huge_guess_before_hashing(stored: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte sent as password buys the attacker no work, whoever the user."""
    monkeypatch.delattr(argon2.PasswordHasher, "verify")
    assert refusal("x" * 1_000_000, stored).reason == "password-wrong"


def test_takes_half_a_surrogate_pair() -> None:
    """JSON can carry text that is no Unicode; it is a password like any other, not a crash."""
    stored = passwords.hash_password(Secret("\ud800 and more"))
    passwords.verify_password(Secret("\ud800 and more"), stored)
    assert refusal("\udfff", STORED).reason == "password-wrong"


@pytest.mark.parametrize("stored", ["", "plain text", "$2b$10$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=19456,t=2,p=1$A$A", "pässword"])
def test_refuses_when_the_stored_hash_is_damaged(stored: str) -> None:
    """A damaged row fails closed, with the client's same status and the operator's own reason."""
    refused = refusal("plain text", stored)
    assert (refused.status, refused.reason) == (401, "stored-hash-unreadable")


def test_keeps_the_password_out_of_its_messages() -> None:
    """What is raised may be logged: it must not carry the guess."""
    assert "lake" not in repr(refusal("a walk by the lake", STORED)) + str(refusal("a walk by the lake", STORED))


def test_asks_for_a_rehash_of_a_weaker_hash() -> None:
    """Hashes of an older cost are renewed at the next good login."""
    weaker = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("x")
    assert passwords.needs_rehash(weaker)
    assert passwords.needs_rehash("pbkdf2_sha256$1000$abc")


def test_leaves_a_hash_of_today_alone() -> None:
    """The honest opposite: today's hash is not made again at each login."""
    assert not passwords.needs_rehash(STORED)


@pytest.mark.parametrize(
    "call", [lambda: passwords.hash_password(GOOD), lambda: passwords.verify_password(GOOD, STORED), lambda: passwords.needs_rehash(STORED)]
)
def test_names_the_extra_when_argon2_is_missing(call: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library the operator learns what to install; no weaker scheme steps in."""
    monkeypatch.setitem(sys.modules, "argon2", None)
    assert callable(call)
    with pytest.raises(ExtraMissing, match=r"ringwork\[passwords\]"):
        call()
