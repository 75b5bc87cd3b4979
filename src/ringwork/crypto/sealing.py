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
import os
import struct
from collections.abc import Iterable
from enum import IntEnum
from typing import NoReturn, Protocol

from ringwork.crypto.mac import derive_key
from ringwork.crypto.places import Place, framed, part_of, row_bytes, tenant_bytes, text_bytes, version_bytes
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


class Header(Frozen):
    """What a sealed value says of itself, in clear and unverified: good for finding its key, and for nothing else."""

    suite: Suite
    kid: int
    profile: Profile


class _Aead(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes: ...


class _Side:
    """One suite of one column: its cipher, and of each profile the header and what the tag covers before the row."""

    __slots__ = ("aead", "nonce_bytes", "heads", "prefixes", "least")

    def __init__(self, aead: _Aead, suite: Suite, *, kid: int, labels: tuple[bytes, bytes]) -> None:
        self.aead, self.nonce_bytes = aead, _NONCE_BYTES[suite]
        self.heads = tuple(_HEADER.pack(_MAGIC, _VERSION, suite, _FLAGS, kid, profile) for profile in Profile)
        # The count says how many parts follow, so that no part can pass for another's beginning: labels, row, tenant, version.
        self.prefixes = tuple(
            self.heads[profile] + (2 + profile).to_bytes(4, "big") + part_of(labels[0]) + part_of(labels[1]) for profile in Profile
        )
        self.least = HEADER_BYTES + self.nonce_bytes + TAG_BYTES


class Cipher:
    """Seals and opens the values of one column under one key. Prepared once; nothing in it ever changes, so threads may share it."""

    __slots__ = ("kid", "suite", "_table", "_column", "_small", "_large", "_sides", "_invalid")

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
        self._invalid = _invalid_tag()
        labels = text_bytes(table), text_bytes(column)
        wanted = {suite, Suite.XAES_256_GCM, *opens}
        self._sides: dict[int, _Side] = {}
        for each in sorted(wanted):
            # Against one key in two ciphers, and one column's key in the next: suite and labels make a key of their own.
            column_key = derive_key(key.reveal(), salt=_SALT, purpose=framed(each.name.encode(), *labels))
            aead = _aead(each, column_key)
            if aead is not None:
                self._sides[each] = _Side(aead, each, kid=kid, labels=labels)
        self.suite = suite if suite in self._sides else Suite.XAES_256_GCM
        self._small, self._large = self._sides[self.suite], self._sides[Suite.XAES_256_GCM]

    def seal(self, plaintext: bytes, place: Place, *, profile: Profile = Profile.ROW) -> bytes:
        """`plaintext` (0 to 64 MiB) encrypted for `place`, 38 or 50 bytes longer. Twice the same makes two that share nothing.

        Raises ValueError for a place of another column or without what the profile binds, TypeError for what is not bytes.
        """
        side = self._small if len(plaintext) <= SMALL_BYTES else self._large
        if len(plaintext) > LARGEST_BYTES:
            raise ValueError(f"a value of more than {LARGEST_BYTES >> 20} MiB belongs in a file; encrypt that as a stream")
        covered = side.prefixes[profile] + self._tail(place, profile)
        nonce = os.urandom(side.nonce_bytes)
        return side.heads[profile] + nonce + side.aead.encrypt(nonce, plaintext, covered)

    def open(self, sealed: bytes, place: Place, *, profile: Profile = Profile.ROW) -> bytes:
        """The plaintext of `sealed` (untrusted), which was sealed for exactly this place, profile and key.

        Suite, profile and key are the reader's: what the header says otherwise is refused. Raises SealBroken for any alteration,
        ValueError for a place of another column or without what the profile binds.
        """
        covered = self._tail(place, profile)
        side = self._small
        if type(sealed) is not bytes or sealed[:HEADER_BYTES] != side.heads[profile]:
            side, sealed = self._other_side(sealed, profile)
        nonce_end = HEADER_BYTES + side.nonce_bytes
        if len(sealed) < side.least:
            raise self._broken("the sealed value is cut short")
        try:
            return side.aead.decrypt(sealed[HEADER_BYTES:nonce_end], sealed[nonce_end:], side.prefixes[profile] + covered)
        except self._invalid:
            # Says nothing more, because nobody can know more: an altered byte, another row and another key look alike.
            raise self._broken("the value does not open: altered, moved from elsewhere, or sealed under another key") from None

    def _tail(self, place: Place, profile: Profile) -> bytes:
        """What the tag covers after the labels."""
        if place.column != self._column or place.table != self._table:
            raise ValueError(f"this cipher seals {self._table}.{self._column}; ask the keyring for one of {place.table}.{place.column}")
        if profile == Profile.ROW:
            return part_of(row_bytes(place.row))
        if profile == Profile.UNBOUND:
            return b""
        if profile == Profile.TENANT:
            return part_of(row_bytes(place.row)) + part_of(tenant_bytes(place.tenant))
        tenant = b"" if place.tenant is None else tenant_bytes(place.tenant)
        return part_of(row_bytes(place.row)) + part_of(tenant) + part_of(version_bytes(place.version))

    def _other_side(self, sealed: object, profile: Profile) -> tuple[_Side, bytes]:
        """The suite of a value that is none of the usual ones. Raises SealBroken where there is none, or it is not the reader's."""
        raw = bytes(sealed) if isinstance(sealed, bytes | bytearray | memoryview) else b""
        try:
            header = read_header(raw)
        except SealBroken as error:
            raise self._broken(error.problem) from None
        if header.kid != self.kid:
            raise self._broken(f"the value names key {header.kid}, and this is key {self.kid}")
        if header.profile != profile:
            raise self._broken(f"the value is bound by {header.profile.name}, and {profile.name} is asked for here")
        side = self._sides.get(header.suite)
        if side is None:
            raise self._broken(f"{header.suite.name} is not read here")
        return side, raw

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


_NONCE_BYTES: dict[int, int] = {Suite.AES_256_GCM_SIV: 12, Suite.XAES_256_GCM: 24}
_PROFILES = frozenset(Profile)


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
