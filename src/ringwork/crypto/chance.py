"""Random values that nobody can guess, all from the operating system: tokens, ids, file names, and codes that a person types.

Against predictable tokens: no seeded generator, no clock, no counter takes part. Against values that are too short, each holds 128
random bits or more; a code, which is shorter, exists only together with the limit on its guesses.
Source: ASVS 5.0, 11.5.1, 7.2.3, 6.5.3 and 6.6.2.
"""

from __future__ import annotations

import os
import re
import secrets

from ringwork.errors import Refused
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.secret import Secret

CONTROL = ControlId("data.secure-randomness")
LEAST_BYTES = 16
MOST_LUCK = 100_000
"""All guesses at one code together succeed at most once in so many codes."""

_SUFFIX = r"(\.[a-z0-9]{1,10}){0,2}"
_CODE_SECONDS = 600


def random_bytes(n_bytes: int) -> bytes:
    """`n_bytes` (1 or more) of the operating system's randomness."""
    if n_bytes < 1:
        raise ValueError("ask for 1 byte or more")
    return secrets.token_bytes(n_bytes)


def token_urlsafe(n_bytes: int) -> str:
    """`n_bytes` (16 or more) of randomness as unpadded base64url text: letters, digits, "-" and "_"."""
    if n_bytes < LEAST_BYTES:
        raise ValueError(f"{n_bytes} bytes can be guessed; ask for 16 or more")
    return secrets.token_urlsafe(n_bytes)


def issue_token(n_bytes: int = 32) -> str:
    """A token for a session, a link or a machine: 43 characters of base64url with the usual 32 bytes (16 or more).

    Whoever holds it is let in: keep a hash of it, never the token itself. It tells nothing and never expires by itself.
    """
    return token_urlsafe(n_bytes)


def issue_id() -> str:
    """A name for a row or an object that nobody can count up to: 32 lower-case hexadecimal characters, 128 random bits.

    It says nothing about who may see the object: that is asked for each request.
    """
    return secrets.token_hex(LEAST_BYTES)


def issue_file_name(suffix: str = "") -> str:
    """A file name that nobody can guess or choose: `issue_id()` and `suffix` ("" or such as ".pdf", ".tar.gz").

    Raises ValueError for a suffix that is more than that, so that no part of an uploaded name becomes a path.
    """
    if not re.fullmatch(_SUFFIX, suffix):
        raise ValueError(f'{suffix[:20]!r} is no suffix; write for example ".pdf", and take none from what somebody uploaded')
    return issue_id() + suffix


class CodeLimit(Frozen):
    """How often and how long a code may be guessed at. digits: its length. attempts: guesses at one code. seconds: at most 600."""

    digits: int = 8
    attempts: int = 5
    seconds: int = _CODE_SECONDS


def issue_code(limit: CodeLimit) -> Secret[str]:
    """A code that a person types, `limit.digits` decimal digits. It is worth something only together with `require_code`.

    Raises ValueError where all attempts together would succeed more than once in 100,000 codes, or where it lives above ten minutes.
    """
    _require_tight(limit)
    return Secret(f"{secrets.randbelow(10**limit.digits):0{limit.digits}}")


def require_code(claimed_code: str, code: Secret[str], limit: CodeLimit, *, tries: int, age_seconds: float) -> None:
    """Return when `claimed_code` (untrusted) is the code and the limit is not used up. Raises Refused otherwise.

    tries: how many guesses at this code were made before this one. The caller counts them where all its processes see them, adds this
    one before it asks, and forgets the code once it was right. Compares in constant time.
    """
    _require_tight(limit)
    # Against guesses without end: a code of a few digits falls to whoever may try them all.
    if tries >= limit.attempts:
        raise Refused(control=CONTROL, status=403, reason="code-used-up")
    if not 0 <= age_seconds < limit.seconds:
        raise Refused(control=CONTROL, status=403, reason="code-expired")
    if Secret(claimed_code) != code:
        raise Refused(control=CONTROL, status=403, reason="code-wrong")


def _require_tight(limit: CodeLimit) -> None:
    if limit.attempts < 1 or limit.attempts * MOST_LUCK > 10**limit.digits:
        advice = "write for example CodeLimit(digits=8, attempts=5)"
        raise ValueError(f"{limit.digits} digits with {limit.attempts} attempts can be guessed; {advice}")
    if not 0 < limit.seconds <= _CODE_SECONDS:
        raise ValueError(f"a code lives {_CODE_SECONDS} seconds at most, not {limit.seconds}; somebody types it at once")


class Pool:
    """Random values of one size, drawn many at a time, each handed out once.

    Threads may share one. A forked child starts with an empty pool.
    """

    __slots__ = ("_n_bytes", "_batch", "_ready", "_owner")

    def __init__(self, n_bytes: int, *, batch: int = 256) -> None:
        """n_bytes: size of each value, 16 or more. batch: how many are drawn at once, 1 or more."""
        if n_bytes < 16 or batch < 1:
            raise ValueError("a pool gives values of 16 bytes or more, 1 or more at a time")
        self._n_bytes, self._batch = n_bytes, batch
        self._ready: list[bytes] = []
        self._owner = 0

    def take(self) -> bytes:
        """A fresh value that no earlier call has returned."""
        process = os.getpid()
        if self._owner != process:
            # Against twins: after a fork parent and child would hand out the same values.
            self._owner, self._ready = process, []
        try:
            return self._ready.pop()
        except IndexError:
            n_bytes, drawn = self._n_bytes, secrets.token_bytes(self._n_bytes * self._batch)
            fresh = [drawn[at : at + n_bytes] for at in range(0, len(drawn), n_bytes)]
            value = fresh.pop()
            self._ready.extend(fresh)
            return value
