"""Passwords are kept as Argon2id hashes, slow and memory-hard on purpose.

Against a stolen table of passwords: each guess costs the thief the same time and memory as one login costs us.
Source: RFC 9106; OWASP Password Storage Cheat Sheet (19 MiB, two passes, one lane); ASVS 5.0, appendix C.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from ringwork.errors import ExtraMissing, Refused
from ringwork.names import ControlId
from ringwork.secret import Secret

if TYPE_CHECKING:
    from argon2 import PasswordHasher

CONTROL = ControlId("identity.password-storage")
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
SALT_BYTES = 16
HASH_BYTES = 32
LIMIT_BYTES = 1024

# Well formed and of our own cost, but no password's hash: 128 and 256 zero bits. Checking against it costs what a real check costs.
_NOBODY = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${'A' * 22}${'A' * 43}"


def hash_password(password: Secret[str]) -> str:
    """The text to store for `password`.

    password: any text of at most 1,024 bytes in UTF-8, taken as it is: not stripped, folded, normalised or cut.
    Returns the PHC string "$argon2id$v=19$m=...,t=...,p=...$salt$hash" (ASCII, 97 characters) with a fresh random salt,
    so that equal passwords look different. Raises Refused (422, "password-too-long"), and ExtraMissing without argon2-cffi.
    Does not judge how guessable the password is, nor limit how many run at once: one call holds 19 MiB.
    """
    raw = _within_limit(password)
    if raw is None:
        raise Refused(control=CONTROL, status=422, reason="password-too-long")
    return _hasher(_argon2()).hash(raw)


def verify_password(password: Secret[str], stored: str | None) -> None:
    """Return when `password` is the one behind `stored`; refuse otherwise.

    password: untrusted, of any length. stored: what hash_password returned, or None when no such user exists.
    Raises Refused (401): "password-wrong" whatever is wrong with the password or the user, "stored-hash-unreadable" when
    `stored` is no Argon2 hash. Raises ExtraMissing without argon2-cffi.
    Takes the same work for a known and an unknown user as long as the stored cost is today's; see needs_rehash.
    """
    argon2 = _argon2()
    raw = _within_limit(password)
    if raw is None:
        # Against paying for the attacker's megabytes: refused before hashing, for known and unknown users alike.
        raise Refused(control=CONTROL, status=401, reason="password-wrong")
    try:
        # Against finding user names by the clock: an unknown user costs one hash as well.
        _hasher(argon2).verify(_NOBODY if stored is None else stored, raw)
    except argon2.exceptions.VerifyMismatchError as error:
        raise Refused(control=CONTROL, status=401, reason="password-wrong") from error
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError, UnicodeEncodeError) as error:
        raise Refused(control=CONTROL, status=401, reason="stored-hash-unreadable") from error


def needs_rehash(stored: str) -> bool:
    """Whether `stored` was made with another scheme, cost or length than today's; then hash again after a good login.

    Text that is no Argon2 hash needs it too. Raises ExtraMissing without argon2-cffi.
    """
    argon2 = _argon2()
    try:
        return _hasher(argon2).check_needs_rehash(stored)
    except argon2.exceptions.InvalidHashError:
        return True


def _argon2() -> ModuleType:
    try:
        import argon2
    except ImportError as error:
        raise ExtraMissing(feature="password hashing", package="argon2-cffi", extra="passwords") from error
    return argon2


def _hasher(argon2: ModuleType) -> PasswordHasher:
    hasher: PasswordHasher = argon2.PasswordHasher(
        time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, hash_len=HASH_BYTES, salt_len=SALT_BYTES
    )
    return hasher


def _within_limit(password: Secret[str]) -> bytes | None:
    # Against two long passwords that begin alike opening one account: too long is refused, never cut to size.
    if len(password) > LIMIT_BYTES:
        return None
    # Against a 500 from half a surrogate pair, which JSON can carry: it is encoded as it came.
    raw = password.reveal().encode("utf-8", "surrogatepass")
    return raw if len(raw) <= LIMIT_BYTES else None
