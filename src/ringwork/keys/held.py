"""One key in this process: its bytes, the ciphers of the columns that it seals, and how much of it is used up.

Against keys that stay in memory for ever, and against a root that is asked for each value: a key is looked up again after a while,
asked for again after a longer one, and dropped when nobody uses it. Python cannot promise that memory is wiped.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from ringwork.crypto.sealing import Cipher, Suite
from ringwork.frozen import Frozen
from ringwork.keys.rows import KeyRow
from ringwork.secret import Secret

VALUES = 1 << 40
"""Values that one key may seal. A value of suite 1 has up to 2 KiB, 2^7 blocks and a few of labels; 2^48 blocks under one key keep an
attacker's advantage below 2^-32 even without the fresh keys that GCM-SIV derives for each nonce (RFC 8452, 9). Suite 2 allows 2^80
messages with random nonces (C2SP XAES-256-GCM). The 2^32 of AES-GCM with random nonces (NIST SP 800-38D, 8.3) holds for neither."""


class Limits(Frozen):
    """How long and how often a key is used before somebody is asked again.

    cache_seconds: before its row is read again, which is when a changed state is seen. root_seconds: before the root is asked again.
    uses: values sealed and opened before the root is asked again. keys: held at once; those read longest ago go first.
    values: sealed under one key in its life. lease: how many of these a process takes at a time.
    """

    cache_seconds: float = 300.0
    root_seconds: float = 3600.0
    uses: int = 1 << 24
    keys: int = 1000
    values: int = VALUES
    lease: int = 1 << 20

    def __post_init__(self) -> None:
        if not 0 < self.cache_seconds <= self.root_seconds:
            raise ValueError("cache_seconds: give a number above 0, and root_seconds as much or more")
        if min(self.uses, self.keys, self.lease) < 1 or not self.lease <= self.values <= VALUES:
            raise ValueError(f"uses, keys and lease: give 1 or more; values: from lease to {VALUES}")


USUAL = Limits()


class Held:
    """A key that may be used from `since` until `until` without asking anybody. Its bytes never change; its row is read again."""

    __slots__ = (
        "row",
        "whose",
        "since",
        "until",
        "unwrapped_at",
        "used",
        "left",
        "owed",
        "_limits",
        "_lock",
        "_key",
        "_suite",
        "_ciphers",
        "_process",
    )

    def __init__(self, row: KeyRow, key: Secret[bytes], *, now: float, suite: Suite, limits: Limits) -> None:
        self._key, self._suite, self._limits = key, suite, limits
        self.unwrapped_at = now
        self.used = self.left = self.owed = 0
        self._lock = threading.Lock()
        self._ciphers: dict[tuple[str, str], Cipher] = {}
        self._process = os.getpid()
        self.renew(row, now=now)

    def renew(self, row: KeyRow, *, now: float) -> None:
        """Go on with a row that was just read. A clock set back before `now` makes it old."""
        self.row, self.since = row, now
        self.whose = row.owner.data_class, row.owner.tenant, row.owner.subject
        self.until = min(now + self._limits.cache_seconds, self.unwrapped_at + self._limits.root_seconds)

    def may_stay(self, now: float) -> bool:
        """Whether its bytes may be kept, once its row has been looked at."""
        return 0 <= now - self.unwrapped_at < self._limits.root_seconds and self.used < self._limits.uses

    def cipher(self, table: str, column: str) -> Cipher:
        """The cipher of one column, derived once."""
        self.used += 1
        if self.used >= self._limits.uses:
            self.until = 0.0
        try:
            return self._ciphers[table, column]
        except KeyError:
            made = Cipher(self._key, kid=self.row.kid, table=table, column=column, suite=self._suite)
            return self._ciphers.setdefault((table, column), made)

    def count_value(self, lease: Callable[[Held], None]) -> None:
        """Count one value that will be sealed; `lease` is called, by one thread at a time, when none is left."""
        if self._process != os.getpid():  # asked each time: a fork by code in C tells Python nothing
            # Against a count that parent and child both draw from, and a lock that was held at the fork.
            self._lock, self._process, self.left = threading.Lock(), os.getpid(), 0
        with self._lock:
            if self.left < 1:
                lease(self)
            self.left -= 1
