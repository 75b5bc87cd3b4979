"""Time, passed in wherever a decision depends on it, so that no test sleeps and a copy's clock can be moved."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Seconds since 1970-01-01 UTC as a float; may jump when the operator sets the time."""

    def now(self) -> float:
        """The moment, as seconds."""


class SystemClock:
    """The machine's clock."""

    __slots__ = ()

    def now(self) -> float:
        """The moment, as the machine has it."""
        return time.time()


class FixedClock:
    """A clock that stands still until it is advanced; for tests and for the prover's copies."""

    __slots__ = ("_now",)

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now

    def now(self) -> float:
        """The moment at which it stands."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`, 0 or more."""
        if seconds < 0:
            raise ValueError("a clock is only advanced; give 0 or more seconds")
        self._now += seconds


SYSTEM_CLOCK = SystemClock()


def as_utc(seconds: float) -> datetime:
    """The moment as an aware datetime in UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC)
