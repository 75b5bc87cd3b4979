"""Keyed tags over values that leave and come back, HMAC-SHA-256 under a key of their own purpose.

Against forged or altered values: without the key no tag can be made. Against a tag of one place used in another: each
purpose derives its own key, and parts are length-prefixed, so that moving a byte from one to the next changes the tag.
Source: RFC 2104 and FIPS 198-1 (HMAC), RFC 5869 (HKDF).
"""

from __future__ import annotations

import hashlib
import hmac

from ringwork.errors import TagWrong
from ringwork.secret import Secret

TAG_BYTES = 32
KEY_BYTES = 32

_SALT = b"ringwork key derivation 1"


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """The 32-byte HMAC-SHA-256 of `message`. Source: RFC 2104; vectors RFC 4231."""
    return hmac.digest(key, message, hashlib.sha256)


def require_equal(claimed: bytes, computed: bytes) -> None:
    """Return when both are the same. claimed: untrusted, any length. Raises TagWrong otherwise; compares in constant time."""
    if not hmac.compare_digest(claimed, computed):
        raise TagWrong("the tag does not belong to what it stands on")


def derive_key(secret: bytes, *, salt: bytes, purpose: bytes) -> bytes:
    """A 32-byte key for one purpose: HKDF-SHA-256, extract and the first block of expand.

    secret: uniformly random, 32 bytes or more; never a password. salt: any bytes. purpose: told apart byte by byte.
    Source: RFC 5869, 2.2 and 2.3.
    """
    extracted = hmac_sha256(salt, secret)
    return hmac_sha256(extracted, purpose + b"\x01")


class Mac:
    """Makes and checks tags for one purpose. The keyed state is prepared once and copied for each tag."""

    __slots__ = ("_keyed",)

    def __init__(self, key: Secret[bytes], *, purpose: bytes) -> None:
        """key: the site's own, 32 bytes or more. purpose: control and use with a version, such as b"browser.csrf token 1".

        Raises ValueError for a shorter key or an empty purpose.
        """
        if len(key) < KEY_BYTES:
            raise ValueError(f"a key of {len(key)} bytes is too short; give at least {KEY_BYTES} random bytes")
        if not purpose:
            raise ValueError('name the purpose of the key, for example b"browser.csrf token 1"')
        self._keyed = hmac.new(derive_key(key.reveal(), salt=_SALT, purpose=purpose), digestmod=hashlib.sha256)

    def tag(self, *parts: bytes) -> bytes:
        """32 bytes that only the key's owner can make for exactly these parts in this order."""
        keyed = self._keyed.copy()
        # Against parts that run into each other: ("ab", "c") and ("a", "bc") must not share a tag.
        keyed.update(b"".join([len(part).to_bytes(8, "big") + part for part in parts]))
        return keyed.digest()

    def require_tag(self, claimed_tag: bytes, *parts: bytes) -> None:
        """Return when `claimed_tag` (untrusted, any length) is the tag of `parts`. Raises TagWrong otherwise.

        Compares in constant time, so that a forger cannot find a tag byte by byte.
        """
        if not hmac.compare_digest(claimed_tag, self.tag(*parts)):
            raise TagWrong("the tag does not belong to these parts")
