"""XAES-256-GCM, held to the vectors that C2SP published."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from ringwork.crypto.xaes import NONCE_BYTES, Xaes
from ringwork.errors import ExtraMissing

PUBLISHED = json.loads((Path(__file__).parent.parent / "vectors/xaes_256_gcm_c2sp.json").read_text())
CASES = [pytest.param({name: bytes.fromhex(case[name]) for name in case if name != "case"}, id=case["case"]) for case in PUBLISHED["cases"]]


@pytest.mark.parametrize("case", CASES)
def test_encrypts_as_published(case: dict[str, bytes]) -> None:
    """Both ways of the subkey: the first bit of L clear, and set."""
    sealed = Xaes(case["key"]).encrypt(case["nonce"], case["plaintext"], case["aad"])
    assert sealed == case["ciphertext"]
    assert Xaes(case["key"]).decrypt(case["nonce"], sealed, case["aad"]) == case["plaintext"]


class _Drawn:
    """The published generator: one endless SHAKE-128 of nothing."""

    def __init__(self, n_bytes: int) -> None:
        self._stream, self._at = hashlib.shake_128().digest(n_bytes), 0

    def take(self, n_bytes: int) -> bytes:
        self._at += n_bytes
        assert self._at <= len(self._stream)
        return self._stream[self._at - n_bytes : self._at]

    def sized(self) -> bytes:
        return self.take(self.take(1)[0])


def test_accumulates_to_the_published_hash() -> None:
    """Ten thousand random messages, all lengths: one wrong bit anywhere makes another hash."""
    published: dict[str, Any] = PUBLISHED["accumulated"]
    drawn, collected = _Drawn(published["iterations"] * 320), hashlib.shake_128()
    for _ in range(published["iterations"]):
        key, nonce = drawn.take(32), drawn.take(NONCE_BYTES)
        plaintext, aad = drawn.sized(), drawn.sized()
        collected.update(Xaes(key).encrypt(nonce, plaintext, aad))
    assert collected.hexdigest(32) == published["hash"]


@pytest.mark.parametrize("at", range(NONCE_BYTES))
def test_refuses_another_nonce(at: int) -> None:
    """Each byte of the nonce counts, those that make the key and those that go with it."""
    xaes, nonce = Xaes(bytes(32)), bytes(NONCE_BYTES)
    other = nonce[:at] + b"\x01" + nonce[at + 1 :]
    with pytest.raises(InvalidTag):
        xaes.decrypt(other, xaes.encrypt(nonce, b"note", b""), b"")


def test_takes_no_key_and_no_nonce_of_another_length() -> None:
    """A nonce of twelve bytes would be read as one half, and meet its like."""
    with pytest.raises(ValueError, match="32 bytes, not 16"):
        Xaes(bytes(16))
    for n_bytes in (12, 23, 25):
        with pytest.raises(ValueError, match="24 bytes"):
            Xaes(bytes(32)).encrypt(bytes(n_bytes), b"", None)
        with pytest.raises(ValueError, match="24 bytes"):
            Xaes(bytes(32)).decrypt(bytes(n_bytes), bytes(16), None)


def test_names_the_extra_where_cryptography_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library nothing is sealed, and the way to it is told."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(ExtraMissing, match=r"ringwork\[sealing\]"):
        Xaes(bytes(32))
