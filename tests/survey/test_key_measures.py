"""What is measured of a key: its default by name, and how many bits it has at most."""

from __future__ import annotations

import base64
import secrets
import string

import pytest

from ringwork.survey import key_measures


@pytest.mark.parametrize(
    "key",
    [
        "dev",
        "secret",
        "change-me",
        "CHANGE_ME_PLEASE",
        "django-insecure-4$0c8!w3n2m@x1z9q7p5",
        "super-secret",
        "your-secret-key-here",
        "test",
    ],
)
def test_knows_the_keys_that_everybody_knows(key: str) -> None:
    """What stands in a tutorial is tried first."""
    assert key_measures.familiar(key.encode())


@pytest.mark.parametrize(
    "key",
    [
        "hunter2",
        "correct-horse-battery-staple",
        "0123456789abcdefghijklmnopqrstuvwxyz",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abababababababababababababababab",
        "mycompanyproductionsigningkey",
        "2024-01-31-2024-01-31",
        "012345678901234567890123456789012345678",
        "111222333444555666777888999000111222333",
        "314159265",
    ],
)
def test_counts_what_a_person_made_up_as_guessable(key: str) -> None:
    """Length alone makes no key."""
    assert key_measures.bits(key.encode()) < 128


CHANCE = {
    "token_urlsafe(32)": lambda: secrets.token_urlsafe(32).encode(),
    "token_hex(32)": lambda: secrets.token_hex(32).encode(),
    "token_bytes(32)": lambda: secrets.token_bytes(32),
    "Fernet": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)),
    "getrandbits(128) as Flask-Security's documentation has it": lambda: str(secrets.randbits(128) | 1 << 125).encode(),
    "Django's": lambda: "".join(secrets.choice(string.ascii_lowercase + string.digits + "!@#$%^&*(-_=+)") for _ in range(50)).encode(),
}


@pytest.mark.parametrize("how", CHANCE)
def test_accuses_no_key_that_chance_made(how: str) -> None:
    """A thousand of each kind pass, so that nobody is told to replace a good key."""
    made = [CHANCE[how]() for _ in range(1000)]
    assert min(map(key_measures.bits, made)) >= 128
    assert not any(map(key_measures.familiar, made))
