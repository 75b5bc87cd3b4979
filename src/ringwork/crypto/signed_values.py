"""Values that leave and come back: signed, for one purpose, for some time, in one line of text.

Against a value of another form, another user's link or an old invitation that is taken for a good one: purpose and times are signed
with it. Against a second text for the same value, a number that another reader takes for another, or a megabyte of it: encoding
and length are fixed before anything is decoded, and nothing is decoded before its signature is checked.

Format 1: "1" "." key id "." not-before "." until "." value "." tag      key id: 8 bytes in hexadecimal; times: whole seconds since
1970 UTC, decimal; value: canonical JSON in unpadded base64url; tag: HMAC-SHA-256 (32 bytes) or Ed25519 (64), in unpadded base64url.
There is no field for the algorithm: the key that the id names has one, and no other is tried.
Promises: exactly this value was issued for exactly this purpose, and its time has come and is not over. Does not promise secrecy
(everybody can read it), nor that it comes once only (claim its id in a store), nor who sends it.
Source: RFC 2104; RFC 8032; RFC 4648, 5; DSSE 1.0.0 (PAE). Compare itsdangerous, whose users find what it has here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

from ringwork.clock import SYSTEM_CLOCK, Clock
from ringwork.crypto.mac import Mac
from ringwork.crypto.signatures import SigningKey, VerifyKey
from ringwork.crypto.texts import from_base64url, pae, require_purpose, to_base64url
from ringwork.errors import OutOfTime, TagWrong
from ringwork.secret import Secret

__all__ = ["SignedValues"]

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
"""What JSON carries and gives back unchanged: lists, not tuples; text for every name."""

LIMIT_BYTES = 4096
"""Greatest length of a signed value, as text; what is longer belongs in a store, and its id here."""

_LONGEST = timedelta(days=3660)


class _Hmac:
    """A secret as the key of this format: makes and checks."""

    __slots__ = ("id", "_mac")

    def __init__(self, secret: Secret[bytes]) -> None:
        self._mac = Mac(secret, purpose=b"signed value 1")
        self.id = Mac(secret, purpose=b"signed value id 1").tag()[:8].hex()

    def tag(self, signed: bytes) -> bytes:
        return self._mac.tag(signed)

    def require(self, tag: bytes, signed: bytes) -> None:
        self._mac.require_tag(tag, signed)


class _Ed25519:
    """An Ed25519 key as the key of this format; one that only verifies makes nothing."""

    __slots__ = ("id", "_verify", "_sign")

    def __init__(self, key: SigningKey | VerifyKey) -> None:
        self._sign = key if isinstance(key, SigningKey) else None
        self._verify = key.verify_key if isinstance(key, SigningKey) else key
        self.id = self._verify.id.hex()

    def tag(self, signed: bytes) -> bytes:
        if self._sign is None:
            raise ValueError("the first key can only verify; give a SigningKey first where values are issued")
        return self._sign.sign_raw(signed)

    def require(self, tag: bytes, signed: bytes) -> None:
        self._verify.require_raw(tag, signed)


class SignedValues:
    """Issues and opens the values of one purpose. Immutable; threads may share it."""

    __slots__ = ("_keys", "_purpose", "_clock", "_limit")

    def __init__(
        self,
        *keys: Secret[bytes] | SigningKey | VerifyKey,
        purpose: str,
        clock: Clock = SYSTEM_CLOCK,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        """keys: the first one signs; the others, older ones, only open what they have signed. purpose: with a version, "unsubscribe 1".

        A key is a Secret of 32 random bytes or more (HMAC), or a SigningKey (Ed25519: whoever has its VerifyKey can open, and issues
        nothing). limit_bytes: greatest length of the text. Raises ValueError without keys, for a short one, and for two of one id.
        """
        if not keys:
            raise ValueError("give at least one key: Secret(32 random bytes), or a SigningKey")
        made = [_Hmac(key) if isinstance(key, Secret) else _Ed25519(key) for key in keys]
        self._keys = {key.id: key for key in made}
        if len(self._keys) != len(made):
            raise ValueError("the same key stands twice; give each key once")
        # Against a signature that the same key made over something that is no value: what is signed says that it is one.
        self._purpose = f"signed value 1 for {require_purpose(purpose)}"
        self._clock, self._limit = clock, limit_bytes

    def issue(self, value: Json, *, lifetime: timedelta, starts_in: timedelta = timedelta(0)) -> str:
        """`value` as ASCII text that is safe in an address, a cookie and a header, good from `starts_in` on for `lifetime`.

        value: readable by everybody who gets the text. Raises TypeError for what JSON would give back as something else (a tuple, a
        date), ValueError for one that is too long, or a lifetime that is none.
        """
        if not timedelta(seconds=1) <= lifetime <= _LONGEST or not timedelta(0) <= starts_in <= _LONGEST:
            raise ValueError("a lifetime is between one second and ten years; give for example timedelta(hours=1)")
        start = int(self._clock.now() + starts_in.total_seconds())
        key = next(iter(self._keys.values()))
        head = f"1.{key.id}.{start}.{start + int(lifetime.total_seconds())}.{to_base64url(_canonical(value))}"
        text = f"{head}.{to_base64url(key.tag(pae(self._purpose, head.encode())))}"
        if len(text) > self._limit:
            raise ValueError(f"the signed value has {len(text)} bytes, more than {self._limit}; keep it in a store and sign its id")
        return text

    def open(self, raw: str | bytes) -> Json:
        """The value behind `raw` (untrusted, any text), as it was given to `issue`.

        Raises TagWrong for anything that was not issued for this purpose with one of these keys, OutOfTime before its time and after it.
        """
        start, until, value = self._verified(raw)
        now = self._clock.now()
        if now < start:
            raise OutOfTime("the value is not valid yet")
        if now >= until:
            raise OutOfTime("the value has expired")
        found: Json = json.loads(value)
        return found

    def issued_id(self, raw: str | bytes) -> bytes:
        """32 bytes that are the same for this text alone, for a store in which it is claimed once. Raises TagWrong as `open` does."""
        self._verified(raw)
        return hashlib.sha256(raw.encode() if isinstance(raw, str) else raw).digest()

    def _verified(self, raw: str | bytes) -> tuple[int, int, bytes]:
        # Against work that a stranger chooses: length and shape before anything is decoded.
        claimed = raw.encode("utf-8", "replace") if isinstance(raw, str) else raw
        fields = claimed.split(b".") if len(claimed) <= self._limit else []
        if len(fields) != 6 or fields[0] != b"1":
            raise TagWrong("no signed value")
        # Against trying keys and mixing algorithms: the id names one key, and that key has one algorithm.
        key = self._keys.get(fields[1].decode("ascii", "replace"))
        if key is None:
            raise TagWrong("signed with none of these keys")
        head, _, _ = claimed.rpartition(b".")
        try:
            key.require(from_base64url(fields[5]), pae(self._purpose, head))
            return int(fields[2]), int(fields[3]), from_base64url(fields[4])
        except ValueError as error:
            raise TagWrong("no signed value") from error


def _canonical(value: Json) -> bytes:
    """JSON in one spelling: names sorted, no spaces, UTF-8. Raises TypeError for what would come back as something else."""
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        encoded = text.encode()
    except (ValueError, RecursionError) as error:
        raise TypeError("JSON has no word for this value: no NaN, no half surrogates, nothing that holds itself") from error
    # Against a surprise on the way back: a tuple would be a list, and a number that names something a text.
    if not _same(json.loads(text), value):
        raise TypeError("JSON would give this value back as something else; give lists, not tuples, and text for every name")
    return encoded


def _same(found: object, given: object) -> bool:
    if isinstance(found, dict) and isinstance(given, dict):
        return found.keys() == given.keys() and all(_same(found[name], given[name]) for name in found)
    if isinstance(found, list) and isinstance(given, list):
        return len(found) == len(given) and all(map(_same, found, given))
    return type(found) is type(given) and found == given
