"""Wrapped keys open in their own row, under their own wrapping key, unaltered; and nowhere else."""

from __future__ import annotations

import os

import pytest

from ringwork.crypto import keywrap
from ringwork.crypto.keywrap import check_value, unwrap_key, wrap_key
from ringwork.errors import TagWrong
from ringwork.secret import Secret

KEY, WRAPPING = Secret(os.urandom(32)), Secret(os.urandom(32))


@pytest.fixture(params=["gcm-siv", "xaes"])
def wrapped(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A key wrapped under each suite; the second as where `cryptography` lacks the first."""
    if request.param == "xaes":
        known = keywrap._aead
        monkeypatch.setattr(keywrap, "_aead", lambda wrapping, suite: None if suite == keywrap._GCM_SIV else known(wrapping, suite))
    return wrap_key(WRAPPING, KEY, bound=b"row")


def test_gives_back_the_key_in_its_row(wrapped: bytes) -> None:
    """What was wrapped opens, and hides the key meanwhile."""
    assert unwrap_key(WRAPPING, wrapped, bound=b"row") == KEY
    assert KEY.reveal() not in wrapped
    assert len(wrapped) in {61, 73}


def test_refuses_another_row_and_another_wrapping_key(wrapped: bytes) -> None:
    """Wrapped bytes that are moved, or met by another root, do not open."""
    for wrapping, bound in ((WRAPPING, b"other"), (Secret(os.urandom(32)), b"row")):
        with pytest.raises(TagWrong):
            unwrap_key(wrapping, wrapped, bound=bound)


def test_refuses_every_changed_bit_and_every_cut(wrapped: bytes) -> None:
    """Nothing of the wrapped bytes can be altered."""
    changed = [wrapped[: i // 8] + bytes([wrapped[i // 8] ^ 1 << i % 8]) + wrapped[i // 8 + 1 :] for i in range(8 * len(wrapped))]
    for bad in [*changed, *(wrapped[:i] for i in range(len(wrapped))), wrapped + b"\x00"]:
        with pytest.raises(TagWrong):
            unwrap_key(WRAPPING, bad, bound=b"row")


def test_wraps_differently_each_time() -> None:
    """Two rows with one key are not seen to share it."""
    assert wrap_key(WRAPPING, KEY, bound=b"row") != wrap_key(WRAPPING, KEY, bound=b"row")


def test_refuses_a_wrapping_key_that_is_no_key() -> None:
    """A password is no key."""
    with pytest.raises(ValueError, match="32 random bytes"):
        wrap_key(Secret(b"a password"), KEY, bound=b"row")


def test_a_check_value_is_of_one_key_in_one_row() -> None:
    """It tells keys apart, and tells nothing of them."""
    assert check_value(KEY, bound=b"row") == check_value(KEY, bound=b"row")
    assert len({check_value(KEY, bound=b"row"), check_value(KEY, bound=b"other"), check_value(WRAPPING, bound=b"row")}) == 3
    assert check_value(KEY, bound=b"row") not in KEY.reveal()
