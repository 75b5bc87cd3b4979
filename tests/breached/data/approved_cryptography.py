"""The clinic without approved-cryptography: a cookie is sealed by hand, in AES-CBC without a tag, and a wrong padding is a fault."""

from __future__ import annotations

import base64
import os

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from examples.clinic import recent

CONTROL = "data.approved-cryptography"
WITHOUT = ()
"""No guard stands in its place; the clinic's component is put out by `replace`."""

_KEY, _BLOCK = os.urandom(32), 16


def remember(raw_cookie: str | None, patient_id: int) -> str:
    """As many a recipe on the web has it."""
    known = [patient_id, *(one for one in recall(raw_cookie) if one != patient_id)][: recent.MOST]
    padder, iv = padding.PKCS7(8 * _BLOCK).padder(), os.urandom(_BLOCK)
    text = padder.update(b"patients opened last: " + ",".join(map(str, known)).encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(_KEY), modes.CBC(iv)).encryptor()
    return base64.urlsafe_b64encode(iv + encryptor.update(text) + encryptor.finalize()).decode()


def recall(raw_cookie: str | None) -> list[int]:
    """Raises ValueError for a wrong padding, which becomes a 500; takes garbage behind a right one for nothing."""
    if not raw_cookie:
        return []
    raw = base64.urlsafe_b64decode(raw_cookie)
    decryptor = Cipher(algorithms.AES(_KEY), modes.CBC(raw[:_BLOCK])).decryptor()
    unpadder = padding.PKCS7(8 * _BLOCK).unpadder()
    padded = decryptor.update(raw[_BLOCK:]) + decryptor.finalize()
    text = unpadder.update(padded) + unpadder.finalize()
    digits = text.decode("ascii", "replace").rpartition(": ")[2].split(",")
    return [int(one) for one in digits if one.isdecimal()]


def replace() -> None:
    """Let the clinic seal so."""
    recent.remember, recent.recall = remember, recall  # type: ignore[assignment]  # a list for a sequence
