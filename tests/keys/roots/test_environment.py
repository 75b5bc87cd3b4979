"""A root key in a variable is 32 random bytes, or refused with the variable's name and nothing of its content."""

from __future__ import annotations

import base64

import pytest

from ringwork.crypto.chance import random_bytes
from ringwork.errors import KeyUnavailable
from ringwork.keys.root import require_wrapping
from ringwork.keys.roots import environment


def test_takes_the_text_that_is_printed_and_hexadecimal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both name the same key."""
    key = random_bytes(32)
    references = set()
    for text in (environment.text_of(key), environment.text_of(key) + "=\n", key.hex(), key.hex().upper()):
        monkeypatch.setenv("MY_ROOT", text)
        references.add(environment.read("MY_ROOT").reference)
    assert len(references) == 1
    require_wrapping(environment.read("MY_ROOT"))


@pytest.mark.parametrize(
    "text", ["", " ", "changeme", "password" * 8, "0" * 64, base64.urlsafe_b64encode(b"k" * 32).decode(), "A" * 44, "ab" * 16]
)
def test_refuses_what_is_no_random_key(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A default, a password or a pattern is told by the variable's name."""
    monkeypatch.setenv("MY_ROOT", text)
    with pytest.raises(KeyUnavailable, match=r"MY_ROOT .*ringwork keys init") as refused:
        environment.read("MY_ROOT")
    assert not text.strip() or text not in str(refused.value)
