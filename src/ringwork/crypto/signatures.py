"""Ed25519 signatures, each for one purpose, each with the id of its key.

Against a signature that is carried from one use to another: the purpose is signed with the message, so that a signature of an invoice
never verifies as one of a login. Against keys that are tried one after the other: a signature names its key, and no other is asked.

Format 1: 0x01, key id (8 bytes), Ed25519 signature (64 bytes) over DSSE's encoding of purpose and message.
Promises: who holds the private key signed exactly this message, for exactly this purpose. Does not promise when, nor that it is sent
for the first time (signed_values and message signatures do), nor secrecy. A key id is no secret and proves nothing.
Source: RFC 8032, 5.1; DSSE 1.0.0, protocol; FIPS 186-5, 7.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from ringwork.crypto.texts import pae, require_purpose
from ringwork.errors import ExtraMissing, KeyUnusable, TagWrong
from ringwork.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ["SigningKey", "VerifyKey", "require_signed"]

ID_BYTES, KEY_BYTES, RAW_BYTES = 8, 32, 64
SIGNATURE_BYTES = 1 + ID_BYTES + RAW_BYTES
PASSPHRASE_FROM = 12
_VERSION = b"\x01"

_SMALL_ORDER = frozenset(
    bytes.fromhex(point)
    for point in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    )
)
"""Public keys under which signatures verify that nobody had to make. Source: Chalkias and others, "Taming the many EdDSAs", 2020, 4."""


class VerifyKey:
    """The public half: checks signatures, makes none. Immutable; threads may share it."""

    __slots__ = ("id", "_key", "_raw")

    def __init__(self, raw: bytes) -> None:
        """raw: the 32 bytes of an Ed25519 public key (RFC 8032, 5.1.5). Raises KeyUnusable for what is none."""
        if len(raw) != KEY_BYTES:
            raise KeyUnusable(f"an Ed25519 public key has {KEY_BYTES} bytes, not {len(raw)}; give to_bytes() or to_pem() of its owner")
        # Against a "key" of small order, under which a made-up signature fits nearly any message.
        if raw in _SMALL_ORDER:
            raise KeyUnusable("the public key is a point of small order, which signs anything; ask its owner for the real one")
        self._raw = bytes(raw)
        self._key: Ed25519PublicKey = _ed25519().Ed25519PublicKey.from_public_bytes(self._raw)
        self.id = hashlib.sha256(self._raw).digest()[:ID_BYTES]

    @classmethod
    def from_pem(cls, pem: bytes) -> VerifyKey:
        """From PEM, SubjectPublicKeyInfo (RFC 8410). Raises KeyUnusable for anything but an Ed25519 public key."""
        try:
            loaded: Any = _serialization().load_pem_public_key(pem)
        except Exception as error:
            raise KeyUnusable("this is no public key in PEM; it begins with -----BEGIN PUBLIC KEY-----") from error
        if not isinstance(loaded, _ed25519().Ed25519PublicKey):
            raise KeyUnusable(f"this is a {type(loaded).__name__}; an Ed25519 key is asked for")
        return cls(loaded.public_bytes_raw())

    def to_pem(self) -> bytes:
        """As PEM, for whoever shall verify."""
        serialization = _serialization()
        return self._key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def to_bytes(self) -> bytes:
        """The 32 bytes."""
        return self._raw

    def require_signature(self, signature: bytes, message: bytes, *, purpose: str) -> None:
        """Return when `signature` (untrusted, any bytes) is this key's, of this message, for this purpose. Raises TagWrong otherwise."""
        if len(signature) != SIGNATURE_BYTES or signature[:1] != _VERSION or signature[1 : 1 + ID_BYTES] != self.id:
            raise TagWrong("no signature of this key")
        self.require_raw(signature[1 + ID_BYTES :], pae(require_purpose(purpose), message))

    def require_raw(self, raw_signature: bytes, signed: bytes) -> None:
        """The same for the bare 64 bytes over exactly these bytes, in formats of others that bind their own purpose. Raises TagWrong."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(raw_signature, signed)
        except InvalidSignature as error:
            raise TagWrong("the signature does not belong to this message, key and purpose") from error

    def __eq__(self, other: object) -> bool:
        return self._raw == other._raw if isinstance(other, VerifyKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._raw)

    def __repr__(self) -> str:
        return f"VerifyKey({self.id.hex()})"


class SigningKey:
    """The private half: signs. Shows its id alone, and is never pickled. Immutable; threads may share it."""

    __slots__ = ("verify_key", "_key")

    def __init__(self, seed: Secret[bytes]) -> None:
        """seed: 32 random bytes (RFC 8032, 5.1.5). Raises KeyUnusable for another length."""
        if len(seed) != KEY_BYTES:
            raise KeyUnusable(f"an Ed25519 key is made of {KEY_BYTES} random bytes, not {len(seed)}; write SigningKey.generate()")
        self._key: Ed25519PrivateKey = _ed25519().Ed25519PrivateKey.from_private_bytes(seed.reveal())
        self.verify_key = VerifyKey(self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> SigningKey:
        """A fresh key."""
        return cls(Secret(_ed25519().Ed25519PrivateKey.generate().private_bytes_raw()))

    @classmethod
    def from_pem(cls, pem: Secret[bytes], passphrase: Secret[bytes]) -> SigningKey:
        """From what `to_pem` wrote. Raises KeyUnusable for a wrong passphrase, and for anything but an Ed25519 private key."""
        try:
            loaded: Any = _serialization().load_pem_private_key(pem.reveal(), password=passphrase.reveal())
        except Exception as error:
            # The library's own words may quote what it read, so they stay inside.
            raise KeyUnusable("the file is no locked private key in PEM, or the passphrase is another") from error
        if not isinstance(loaded, _ed25519().Ed25519PrivateKey):
            raise KeyUnusable(f"this is a {type(loaded).__name__}; an Ed25519 key is asked for")
        return cls(Secret(loaded.private_bytes_raw()))

    def to_pem(self, passphrase: Secret[bytes]) -> Secret[bytes]:
        """As PEM, PKCS #8, locked. passphrase: 12 bytes or more; the file is no stronger than it. Raises ValueError for less."""
        if len(passphrase) < PASSPHRASE_FROM:
            raise ValueError(f"a passphrase of {len(passphrase)} bytes can be guessed; give {PASSPHRASE_FROM} or more")
        serialization = _serialization()
        lock = serialization.BestAvailableEncryption(passphrase.reveal())
        return Secret(self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock))

    def sign(self, message: bytes, *, purpose: str) -> bytes:
        """73 bytes that only this key can make for this message and purpose. purpose: with a version, such as "invoice approval 1"."""
        return _VERSION + self.verify_key.id + self.sign_raw(pae(require_purpose(purpose), message))

    def sign_raw(self, signed: bytes) -> bytes:
        """The bare 64 bytes over exactly these bytes, for formats of others that bind their own purpose."""
        return self._key.sign(signed)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SigningKey is never pickled; write it with to_pem(passphrase)")

    def __repr__(self) -> str:
        return f"SigningKey({self.verify_key.id.hex()})"


def require_signed(signature: bytes, message: bytes, *, purpose: str, keys: Iterable[VerifyKey]) -> VerifyKey:
    """The one of `keys` that signed `message` for `purpose`; current and old ones may stand side by side. Raises TagWrong otherwise."""
    # Against trying keys: the signature names one, and only that one is asked.
    named = next((key for key in keys if signature[1 : 1 + ID_BYTES] == key.id), None)
    if named is None:
        raise TagWrong("the signature names none of these keys")
    named.require_signature(signature, message, purpose=purpose)
    return named


def _ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise ExtraMissing(feature="Ed25519 signatures", package="cryptography", extra="sealing") from error
    return ed25519


def _serialization() -> Any:
    from cryptography.hazmat.primitives import serialization

    return serialization
