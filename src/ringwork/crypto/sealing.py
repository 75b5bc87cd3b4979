"""Sealed values: encrypted, bound to the cell that they stand in, and marked with the key that opens them.

Against a stolen database, and against somebody who can write to it: nothing is read without the key, and a value that was altered,
cut, copied to another row, column or tenant, or never sealed, raises instead of coming back. Format 1, data-protection.md, section 8:

    magic 0xB3 . version 1 . suite . flags 0 . kid u32 . profile u16 . nonce . ciphertext . tag 16
    tag over: the ten bytes above, count u32, and each with its length u32: table, column, then by profile row, tenant, version

Suite 1 is AES-256-GCM-SIV (RFC 8452, nonce 12: 38 bytes more than the plaintext), suite 2 XAES-256-GCM (C2SP, nonce 24: 50 bytes).
Does not hide how long a value is (see `plaintexts` for buckets), nor that an older value of the same row was put back: that needs
Profile.VERSION and a version that is kept elsewhere.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable
from enum import IntEnum
from os import urandom
from typing import NewType, NoReturn, Protocol

from ringwork.crypto.mac import derive_key
from ringwork.crypto.places import Place, Scalar, framed, part_of, row_bytes, tenant_bytes, text_bytes, version_bytes
from ringwork.crypto.xaes import Xaes
from ringwork.errors import ExtraMissing, SealBroken
from ringwork.frozen import Frozen
from ringwork.secret import Secret

KEY_BYTES = 32
HEADER_BYTES = 10
TAG_BYTES = 16
SMALL_BYTES = 2048
"""Up to here AES-256-GCM-SIV, which reads each value twice; above, XAES-256-GCM is faster."""
LARGEST_BYTES = 64 << 20

_HEADER = struct.Struct(">BBBBIH")
_MAGIC, _VERSION, _FLAGS = 0xB3, 1, 0
_BEGINNING = bytes((_MAGIC, _VERSION))
_SALT = b"ringwork sealed column 1"


class Suite(IntEnum):
    """How a value is encrypted. Append-only: the number stands in every stored value."""

    AES_256_GCM_SIV = 1
    XAES_256_GCM = 2


class Profile(IntEnum):
    """What a value is bound to beside its table and column. Append-only: the number stands in every stored value."""

    UNBOUND = 0  # to nothing: it can be copied between rows
    ROW = 1
    TENANT = 2  # row and tenant
    VERSION = 3  # row, tenant where the place has one, and the row's version


_ROW = Profile.ROW
_NONCE_BYTES: dict[int, int] = {Suite.AES_256_GCM_SIV: 12, Suite.XAES_256_GCM: 24}
_PROFILES = frozenset(Profile)


class Header(Frozen):
    """What a sealed value says of itself, in clear and unverified: good for finding its key, and for nothing else."""

    suite: Suite
    kid: int
    profile: Profile


class _Aead(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes: ...


Bound = NewType("Bound", bytes)
"""What the tag covers of a row, made by `bind`: once for a row and a profile, good for all of its columns."""


def bind(row: tuple[Scalar, ...], *, profile: Profile = Profile.ROW, tenant: str | None = None, version: int | None = None) -> Bound:
    """The row as `profile` binds it. Raises ValueError where what it binds is missing, TypeError for what identifies no row."""
    if profile is _ROW:
        return Bound(part_of(row_bytes(row)))
    if profile is Profile.UNBOUND:
        return Bound(b"")
    if profile is Profile.TENANT:
        return Bound(part_of(row_bytes(row)) + part_of(tenant_bytes(tenant)))
    if profile is not Profile.VERSION:
        raise TypeError("name the profile, for example Profile.TENANT")
    # A version is bound without a tenant too, where nobody owns rows.
    owner = b"" if tenant is None else tenant_bytes(tenant)
    return Bound(part_of(row_bytes(row)) + part_of(owner) + part_of(version_bytes(version)))


class _Side:
    """One suite of one column: its cipher, and of each profile the header and what the tag covers before the row."""

    __slots__ = ("encrypt", "decrypt", "nonce_bytes", "heads", "prefixes")

    def __init__(self, aead: _Aead, suite: Suite, *, kid: int, labels: tuple[bytes, bytes]) -> None:
        self.encrypt, self.decrypt, self.nonce_bytes = aead.encrypt, aead.decrypt, _NONCE_BYTES[suite]
        self.heads = tuple(_HEADER.pack(_MAGIC, _VERSION, suite, _FLAGS, kid, profile) for profile in Profile)
        # The count says how many parts follow, so that no part can pass for another's beginning: labels, row, tenant, version.
        self.prefixes = tuple(
            self.heads[profile] + (2 + profile).to_bytes(4, "big") + b"".join(map(part_of, labels)) for profile in Profile
        )


class Cipher:
    """Seals and opens the values of one column under one key. Prepared once; nothing in it ever changes, so threads may share it."""

    __slots__ = (
        "kid",
        "suite",
        "_table",
        "_column",
        "_sides",
        "_head",
        "_prefix",
        "_usual_bytes",
        "_nonce_bytes",
        "_end",
        "_encrypt",
        "_decrypt",
        "_refusals",
    )

    def __init__(
        self, key: Secret[bytes], *, kid: int, table: str, column: str, suite: Suite = Suite.AES_256_GCM_SIV, opens: Iterable[Suite] = ()
    ) -> None:
        """key: 32 random bytes; never a password. kid: the number of the key, a u32. table, column: logical labels.

        suite: AES_256_GCM_SIV (values above 2 KiB, and all where `cryptography` stands on an OpenSSL without it, take XAES_256_GCM), or
        XAES_256_GCM alone, for rules that know only FIPS algorithms. opens: suites to be read beside, while old values are re-sealed.
        Raises ValueError for a fault in these, ExtraMissing without cryptography.
        """
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key of {len(key)} bytes does not serve; give {KEY_BYTES} random bytes")
        if not 0 <= kid < 1 << 32:
            raise ValueError("a kid is a whole number from 0 to 4294967295")
        if not table or not column:
            raise ValueError("name table and column by their labels; they are part of the key and of every tag")
        self.kid, self._table, self._column = kid, table, column
        self._refusals = (_invalid_tag(), ValueError, TypeError)
        self._sides = _sides(key, kid, (text_bytes(table), text_bytes(column)), {suite, Suite.XAES_256_GCM, *opens})
        self.suite = suite if suite in self._sides else Suite.XAES_256_GCM
        # What most values need, at hand: the usual profile of the short suite.
        usual = self._sides[self.suite]
        self._head, self._prefix = usual.heads[_ROW], usual.prefixes[_ROW]
        self._encrypt, self._decrypt = usual.encrypt, usual.decrypt
        self._nonce_bytes, self._end = usual.nonce_bytes, HEADER_BYTES + usual.nonce_bytes
        self._usual_bytes = SMALL_BYTES if self.suite == Suite.AES_256_GCM_SIV else LARGEST_BYTES

    def seal(self, plaintext: bytes, place: Place, *, profile: Profile = _ROW) -> bytes:
        """`plaintext` (0 to 64 MiB) encrypted for `place`, 38 or 50 bytes longer. Twice the same makes two that share nothing.

        Raises ValueError for a place of another column or without what the profile binds, TypeError for what is not bytes.
        """
        return self.seal_bound(plaintext, self._bound(place, profile), profile)

    def open(self, sealed: bytes, place: Place, *, profile: Profile = _ROW) -> bytes:
        """The plaintext of `sealed` (untrusted), which was sealed for exactly this place, profile and key.

        Suite, profile and key are the reader's: what the header says otherwise is refused. Raises SealBroken for any alteration,
        ValueError for a place of another column or without what the profile binds.
        """
        return self.open_bound(sealed, self._bound(place, profile), profile)

    def seal_bound(self, plaintext: bytes, bound: Bound, profile: Profile = _ROW) -> bytes:
        """`seal` for who binds a row once and seals many of its columns. profile: the one that `bound` was made with."""
        if profile is not _ROW or len(plaintext) > self._usual_bytes:
            return self._seal_otherwise(plaintext, bound, profile)
        nonce = urandom(self._nonce_bytes)
        return self._head + nonce + self._encrypt(nonce, plaintext, self._prefix + bound)

    def open_bound(self, sealed: bytes, bound: Bound, profile: Profile = _ROW) -> bytes:
        """`open` for who binds a row once and opens many of its columns. profile: the one that `bound` was made with."""
        if profile is _ROW:
            end = self._end
            try:
                if sealed[:HEADER_BYTES] == self._head:
                    return self._decrypt(sealed[HEADER_BYTES:end], sealed[end:], self._prefix + bound)
            except self._refusals:
                pass  # told below, with what is wrong
        return self._open_otherwise(sealed, bound, profile)

    def _seal_otherwise(self, plaintext: bytes, bound: Bound, profile: Profile) -> bytes:
        if len(plaintext) > LARGEST_BYTES:
            raise ValueError(f"a value of more than {LARGEST_BYTES >> 20} MiB belongs in a file; encrypt that as a stream")
        side = self._sides[self.suite if len(plaintext) <= SMALL_BYTES else Suite.XAES_256_GCM]
        nonce = urandom(side.nonce_bytes)
        return side.heads[profile] + nonce + side.encrypt(nonce, plaintext, side.prefixes[profile] + bound)

    def _open_otherwise(self, sealed: object, bound: Bound, profile: Profile) -> bytes:
        """Any value, the slow way. Raises SealBroken that says what can be said."""
        raw = bytes(sealed) if isinstance(sealed, bytes | bytearray | memoryview) else b""
        side = self._side_of(raw, profile)
        end = HEADER_BYTES + side.nonce_bytes
        try:
            return side.decrypt(raw[HEADER_BYTES:end], raw[end:], side.prefixes[profile] + bound)
        except self._refusals[0]:
            # Says nothing more, because nobody can know more: an altered byte, another row and another key look alike.
            raise self._broken("the value does not open: altered, moved from elsewhere, or sealed under another key") from None

    def _side_of(self, raw: bytes, profile: Profile) -> _Side:
        """The suite of a value whose header is what the reader asks for, and which is long enough for it."""
        for side in self._sides.values():
            if raw[:HEADER_BYTES] == side.heads[profile] and len(raw) >= HEADER_BYTES + side.nonce_bytes + TAG_BYTES:
                return side
        try:
            header = read_header(raw)
        except SealBroken as error:
            raise self._broken(error.problem) from None
        if header.kid != self.kid:
            raise self._broken(f"the value names key {header.kid}, and this is key {self.kid}")
        if header.profile != profile:
            raise self._broken(f"the value is bound by {header.profile.name}, and {profile.name} is asked for here")
        raise self._broken(f"{header.suite.name} is not read here")

    def _bound(self, place: Place, profile: Profile) -> Bound:
        if place.column != self._column or place.table != self._table:
            raise ValueError(f"this cipher seals {self._table}.{self._column}; ask the keyring for one of {place.table}.{place.column}")
        return bind(place.row, profile=profile, tenant=place.tenant, version=place.version)

    def _broken(self, problem: str) -> SealBroken:
        return SealBroken(problem, where=f"{self._table}.{self._column}")

    def __repr__(self) -> str:
        return f"Cipher(kid={self.kid}, {self._table}.{self._column}, {self.suite.name})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Cipher holds a key and is never pickled; ask the keyring for it where it is used")


def read_header(sealed: bytes) -> Header:
    """What `sealed` (untrusted) says of itself. Raises SealBroken for what is no sealed value, such as a plain text in its place."""
    # Against plain values that an attacker writes into the column: without the marks nothing is read.
    if type(sealed) is not bytes or len(sealed) < HEADER_BYTES or sealed[0] != _MAGIC:
        raise SealBroken("what is stored is not sealed")
    _, version, suite, flags, kid, profile = _HEADER.unpack_from(sealed)
    if version != _VERSION or flags != _FLAGS or suite not in _NONCE_BYTES or profile not in _PROFILES:
        raise SealBroken("the value is of a format that this ringwork does not read")
    if len(sealed) < HEADER_BYTES + _NONCE_BYTES[suite] + TAG_BYTES:
        raise SealBroken("the sealed value is cut short")
    return Header(suite=Suite(suite), kid=kid, profile=Profile(profile))


def kid_of(sealed: bytes) -> int:
    """The key that `sealed` (untrusted) names: `read_header` for who opens many values. Raises SealBroken for what is not sealed."""
    if type(sealed) is not bytes or sealed[:2] != _BEGINNING or len(sealed) < HEADER_BYTES:
        return read_header(sealed).kid
    return int.from_bytes(sealed[4:8], "big")


def to_text(sealed: bytes) -> str:
    """The same for a column of text: base64url without padding."""
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")


def from_text(text: str) -> bytes:
    """The bytes behind `text` (untrusted). Raises SealBroken for anything that `to_text` does not write: one value, one text."""
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (TypeError, ValueError):
        raise SealBroken("what is stored is not sealed") from None
    if to_text(sealed) != text:
        raise SealBroken("what is stored is not sealed")
    return sealed


def _sides(key: Secret[bytes], kid: int, labels: tuple[bytes, bytes], suites: Iterable[Suite]) -> dict[int, _Side]:
    """The suites that are there, each under a key of its own."""
    found: dict[int, _Side] = {}
    for suite in suites:
        # Against one key in two ciphers, and one column's key in the next: suite and labels make a key of their own.
        aead = _aead(suite, derive_key(key.reveal(), salt=_SALT, purpose=framed(suite.name.encode(), *labels)))
        if aead is not None:
            found[suite] = _Side(aead, suite, kid=kid, labels=labels)
    return found


def _aead(suite: Suite, key: bytes) -> _Aead | None:
    """The cipher, None where `cryptography` does not have it: AES-GCM-SIV came with OpenSSL 3.2."""
    if suite == Suite.XAES_256_GCM:
        return Xaes(key)
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

        return AESGCMSIV(key)
    except (ImportError, UnsupportedAlgorithm):
        return None


def _invalid_tag() -> type[Exception]:
    try:
        from cryptography.exceptions import InvalidTag
    except ImportError as error:
        raise ExtraMissing(feature="sealing values", package="cryptography", extra="sealing") from error
    return InvalidTag
