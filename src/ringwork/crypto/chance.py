"""Random values that nobody can guess, all from the operating system.

Against predictable tokens: no seeded generator, no clock, no counter takes part.
"""

from __future__ import annotations

import os
import secrets


def random_bytes(n_bytes: int) -> bytes:
    """`n_bytes` (1 or more) of the operating system's randomness."""
    if n_bytes < 1:
        raise ValueError("ask for 1 byte or more")
    return secrets.token_bytes(n_bytes)


def token_urlsafe(n_bytes: int) -> str:
    """`n_bytes` (16 or more) of randomness as unpadded base64url text: letters, digits, "-" and "_"."""
    if n_bytes < 16:
        raise ValueError(f"{n_bytes} bytes can be guessed; ask for 16 or more")
    return secrets.token_urlsafe(n_bytes)


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
