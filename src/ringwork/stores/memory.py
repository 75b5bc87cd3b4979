"""State that lives in this process and ends with it.

Against a spent token that is sent again: the first claim of an id wins, every later one loses. One process only.
"""

from __future__ import annotations

import threading


class MemorySpentTokens:
    """Spent tokens in two generations, so that memory is bounded and forgetting costs nothing per request.

    The old generation is dropped when all of it has expired, or when the young one is full. What was dropped can never be
    claimed again: its latest expiry becomes the horizon, and an id that expires at or before the horizon is refused.
    """

    __slots__ = ("_lock", "_limit", "_young", "_old", "_young_until", "_old_until", "_horizon")

    blocking = False

    def __init__(self, *, limit: int = 200_000) -> None:
        """limit: how many ids each of the two generations holds, 1 or more."""
        if limit < 1:
            raise ValueError("limit must be 1 or more")
        self._lock = threading.Lock()
        self._limit = limit
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()
        self._young_until = self._old_until = self._horizon = 0.0

    def claim(self, token_id: bytes, *, now: float, until: float) -> bool:
        """True for the first caller with this id; see SpentTokens."""
        with self._lock:
            # Against a clock set back: what was forgotten stays refused.
            if until <= now or until <= self._horizon or token_id in self._young or token_id in self._old:
                return False
            if len(self._young) >= self._limit or (self._old_until <= now and self._young):
                self._turn()
                if until <= self._horizon:
                    return False
            self._young.add(token_id)
            self._young_until = max(self._young_until, until)
            return True

    def _turn(self) -> None:
        """Drop the old generation, make the young one old."""
        # Against filling the store to make it forget: those who fill it lose older tokens, nobody gains a second use.
        self._horizon = max(self._horizon, self._old_until)
        self._old, self._old_until = self._young, self._young_until
        self._young, self._young_until = set(), 0.0
