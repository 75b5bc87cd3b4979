"""Keys wrapped under a key: encrypted, bound to the row that they belong to, and checked against their own fingerprint.

Against a stolen key table: without the wrapping key its bytes tell nothing. Against wrapped bytes that are moved to another row, so
that one tenant's key opens another's values: the row is part of the tag. Format 1 is suite (one byte), nonce, ciphertext, tag:
suite 1 AES-256-GCM-SIV (RFC 8452, nonce 12), suite 2 XAES-256-GCM (C2SP, nonce 24) where `cryptography` lacks the first.
"""

from __future__ import annotations

import os
from typing import Protocol

from ringwork.crypto.mac import derive_key
from ringwork.crypto.places import framed
from ringwork.crypto.xaes import Xaes
from ringwork.errors import ExtraMissing, TagWrong
from ringwork.secret import Secret

KEY_BYTES = 32
CHECK_BYTES = 16
_GCM_SIV, _XAES = 1, 2
_NONCE_BYTES = {_GCM_SIV: 12, _XAES: 24}
_TAG_BYTES = 16
_SALT = b"ringwork key wrap 1"
_CHECK_SALT = b"ringwork key check 1"


class _Aead(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes: ...


def wrap_key(wrapping: Secret[bytes], key: Secret[bytes], *, bound: bytes) -> bytes:
    """`key` wrapped under `wrapping`, 61 or 73 bytes for 32. wrapping: 32 random bytes, never a password. bound: what it belongs to."""
    suite, aead = _GCM_SIV, _aead(wrapping, _GCM_SIV)
    if aead is None:
        suite, aead = _XAES, Xaes(_key_of(wrapping, _XAES))
    nonce = os.urandom(_NONCE_BYTES[suite])
    return bytes([suite]) + nonce + aead.encrypt(nonce, key.reveal(), bound)


def unwrap_key(wrapping: Secret[bytes], wrapped: bytes, *, bound: bytes) -> Secret[bytes]:
    """The key behind `wrapped` (untrusted). Raises TagWrong for any alteration, another row and another wrapping key alike."""
    suite = wrapped[0] if wrapped else 0
    nonce_bytes = _NONCE_BYTES.get(suite, 0)
    if not nonce_bytes or len(wrapped) < 1 + nonce_bytes + _TAG_BYTES:
        raise TagWrong("these are no wrapped bytes of a format that this ringwork reads")
    aead = _aead(wrapping, suite)
    if aead is None:
        raise ExtraMissing(feature="unwrapping keys made with AES-256-GCM-SIV", package="cryptography with OpenSSL 3.2", extra="sealing")
    from cryptography.exceptions import InvalidTag

    try:
        return Secret(aead.decrypt(wrapped[1 : 1 + nonce_bytes], wrapped[1 + nonce_bytes :], bound))
    except InvalidTag:
        raise TagWrong("the wrapped key does not open: altered, of another row, or under another wrapping key") from None


def check_value(key: Secret[bytes], *, bound: bytes) -> bytes:
    """16 bytes that only this key gives in this row, and that tell nothing of it. Source: RFC 5869."""
    # Against a second key that is put under the same number, under which a value might open to something else: the table knows one.
    return derive_key(key.reveal(), salt=_CHECK_SALT, purpose=bound)[:CHECK_BYTES]


def _key_of(wrapping: Secret[bytes], suite: int) -> bytes:
    if len(wrapping) != KEY_BYTES:
        raise ValueError(f"a wrapping key of {len(wrapping)} bytes does not serve; give {KEY_BYTES} random bytes")
    # Against one key in two ciphers: each suite has its own.
    return derive_key(wrapping.reveal(), salt=_SALT, purpose=framed(bytes([suite])))


def _aead(wrapping: Secret[bytes], suite: int) -> _Aead | None:
    """The cipher, None where `cryptography` does not have it: AES-GCM-SIV came with OpenSSL 3.2."""
    key = _key_of(wrapping, suite)
    if suite == _XAES:
        return Xaes(key)
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
    except ImportError as error:
        raise ExtraMissing(feature="wrapping keys", package="cryptography", extra="sealing") from error
    try:
        return AESGCMSIV(key)
    except UnsupportedAlgorithm:
        return None
