"""Sealing to somebody's public key, so that only the holder of the private one reads it: HPKE, in its base mode.

Against a hand-made "encrypt the key with RSA, the rest with AES": padding oracles, a key that fits two messages, a context that nobody
checks. Purpose and context are bound; what was sealed for one record does not open for another.

Format 1: 0x01, key id (8 bytes), then HPKE's own bytes: encapsulated key (32), ciphertext, tag (16).
DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
Promises: only the recipient reads it, and sees any alteration. Does not promise who sealed it: anyone can, so sign what matters
(signatures). Whoever gets the private key later reads all that was ever sealed to it. Shows the length. No protection against a
quantum computer. Source: RFC 9180, 5.1.1, 6.1 and 7; vectors A.1.1 and A.2.1 by way of cryptography.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NoReturn

from ringwork.crypto.texts import pae, require_purpose
from ringwork.errors import ExtraMissing, KeyUnusable, SealBroken
from ringwork.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

__all__ = ["Recipient", "RecipientKey"]

ID_BYTES, KEY_BYTES, TAG_BYTES = 8, 32, 16
_HEAD = 1 + ID_BYTES
OVERHEAD_BYTES = _HEAD + KEY_BYTES + TAG_BYTES
_VERSION = b"\x01"


class Recipient:
    """The public half: seals, opens nothing. Immutable; threads may share it."""

    __slots__ = ("id", "raw", "_key")

    def __init__(self, raw: bytes) -> None:
        """raw: the recipient's 32 public bytes, from whoever vouches for them. Raises KeyUnusable for what is no X25519 public key."""
        if len(raw) != KEY_BYTES:
            raise KeyUnusable(f"an X25519 public key has {KEY_BYTES} bytes, not {len(raw)}; give RecipientKey.public.raw of its owner")
        self.raw = bytes(raw)
        self.id = hashlib.sha256(self.raw).digest()[:ID_BYTES]
        self._key = _x25519().X25519PublicKey.from_public_bytes(self.raw)

    def seal(self, plaintext: bytes, *, purpose: str, context: bytes = b"") -> bytes:
        """`plaintext` for the holder of the private key alone, in 57 bytes more.

        purpose: with a version, such as "referral 1". context: what it belongs to, such as a record's id; both have to be the same
        when it is opened. Raises KeyUnusable for a public key of small order.
        """
        info = pae(require_purpose(purpose), context)
        try:
            sealed = _suite().encrypt(plaintext, self._key, info)
        except ValueError as error:
            raise KeyUnusable("nothing can be sealed to this public key; it is a point of small order") from error
        return _VERSION + self.id + bytes(sealed)

    def __repr__(self) -> str:
        return f"Recipient({self.id.hex()})"


class RecipientKey:
    """The private half: opens. Shows its id alone, and is never pickled. Immutable; threads may share it."""

    __slots__ = ("public", "_key")

    def __init__(self, raw: Secret[bytes]) -> None:
        """raw: 32 random bytes, kept like any other root of secrets. Raises KeyUnusable for another length."""
        if len(raw) != KEY_BYTES:
            raise KeyUnusable(f"an X25519 key is made of {KEY_BYTES} random bytes, not {len(raw)}; write RecipientKey.generate()")
        self._key: X25519PrivateKey = _x25519().X25519PrivateKey.from_private_bytes(raw.reveal())
        self.public = Recipient(self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> RecipientKey:
        """A fresh key."""
        return cls(Secret(_x25519().X25519PrivateKey.generate().private_bytes_raw()))

    def to_bytes(self) -> Secret[bytes]:
        """The 32 bytes, to be kept."""
        return Secret(self._key.private_bytes_raw())

    def open(self, sealed: bytes, *, purpose: str, context: bytes = b"") -> bytes:
        """What was sealed to this key for this purpose and context. sealed: untrusted. Raises SealBroken for anything else."""
        if len(sealed) < OVERHEAD_BYTES or sealed[:1] != _VERSION:
            raise SealBroken("this was not sealed to a public key")
        if sealed[1:_HEAD] != self.public.id:
            raise SealBroken(f"this is sealed to the key {sealed[1:_HEAD].hex()}, not to {self.public.id.hex()}")
        from cryptography.exceptions import InvalidTag

        try:
            return bytes(_suite().decrypt(sealed[_HEAD:], self._key, pae(require_purpose(purpose), context)))
        except (InvalidTag, ValueError) as error:
            raise SealBroken("altered, or sealed for another purpose or context") from error

    def __reduce__(self) -> NoReturn:
        raise TypeError("a RecipientKey is never pickled; keep to_bytes() where secrets are kept")

    def __repr__(self) -> str:
        return f"RecipientKey({self.public.id.hex()})"


def _suite() -> Any:
    try:
        from cryptography.hazmat.primitives import hpke
    except ImportError as error:
        # Against a home-made HPKE where the library has none: there is no second way.
        raise ExtraMissing(feature="sealing to a public key", package="a cryptography that has HPKE (50 does)", extra="sealing") from error
    return hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def _x25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import x25519
    except ImportError as error:
        raise ExtraMissing(feature="sealing to a public key", package="cryptography", extra="sealing") from error
    return x25519
