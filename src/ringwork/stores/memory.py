"""State that lives in this process and ends with it.

Against a spent token that is sent again: the first claim of an id wins, every later one loses. Against machine speed: each
subject has so many uses in a time, and no more. One process only.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Sequence

from ringwork.enforce.guard import Allowance, TakeOne, Taking


class MemorySpentTokens:
    """Spent tokens, of which those that end first are forgotten first, so that memory is bounded.

    What was forgotten can never be claimed again: the latest end of it is the horizon, and an id that ends at or before the horizon
    is refused. So a store that is full costs the tokens that would have ended soon, and none that lasts longer.
    """

    __slots__ = ("_lock", "_limit", "_spent", "_ends", "_horizon")

    blocking = False

    def __init__(self, *, limit: int = 200_000) -> None:
        """limit: how many ids are held at once, 1 or more; each takes about 200 bytes."""
        if limit < 1:
            raise ValueError("limit must be 1 or more")
        self._lock = threading.Lock()
        self._limit = limit
        self._spent: set[bytes] = set()
        self._ends: list[tuple[float, bytes]] = []
        self._horizon = 0.0

    def claim(self, token_id: bytes, *, now: float, until: float) -> bool:
        """True for the first caller with this id; see SpentTokens."""
        with self._lock:
            # Against a clock set back: what was forgotten stays refused.
            if until <= now or until <= self._horizon or token_id in self._spent:
                return False
            ends = self._ends
            for _ in range(_FORGOTTEN_AT_ONCE):
                if not ends or ends[0][0] > now:
                    break
                self._forget()
            if len(ends) >= self._limit:
                # Against filling the store to make it forget: nobody gains a second use, and who comes with less time loses.
                if until <= ends[0][0]:
                    return False
                self._forget()
            heapq.heappush(ends, (until, token_id))
            self._spent.add(token_id)
            return True

    def _forget(self) -> None:
        """Drop the token that ends first."""
        until, token_id = heapq.heappop(self._ends)
        self._spent.discard(token_id)
        self._horizon = max(self._horizon, until)


_FORGOTTEN_AT_ONCE = 8
"""Tokens that one claim drops after their end. Against a claim that waits until a whole night's were dropped."""


SLACK = 1e-4
"""Seconds by which a use may come too early: the error of times as floats, kept far from refusing what is free."""


class _Table:
    """The subjects of one allowance in two generations; each has one time for each rate, at which all its uses have come back."""

    __slots__ = ("steps", "young", "old", "turned", "longest", "empty")

    def __init__(self, allowance: Allowance) -> None:
        self.steps = tuple((rate.step, rate.seconds) for rate in allowance.rates)
        self.young: dict[str, list[float]] = {}
        self.old: dict[str, list[float]] = {}
        self.turned = 0.0
        self.longest = max(rate.seconds for rate in allowance.rates)
        self.empty = [0.0] * len(self.steps)

    def recall(self, subject: str, now: float, limit: int) -> list[float]:
        """The times of a subject that is not among the young."""
        # Against memory that grows with every address: who was not seen for a whole window has nothing left to remember, and
        # beyond `limit` those who were not seen for longest are forgotten first.
        if len(self.young) >= limit or abs(now - self.turned) >= self.longest:
            self.old, self.young, self.turned = self.young, {}, now
        times = self.young[subject] = self.old.pop(subject, []) or self.empty.copy()
        return times

    def wait(self, times: list[float], now: float) -> float:
        """How long until one more use has room, 0.0 for at once."""
        wait, horizon = 0.0, now + SLACK
        for i, (step, seconds) in enumerate(self.steps):
            late = times[i] + step - seconds
            if late > horizon:
                if late > horizon + step:
                    # Against a clock set back: nobody is kept out for the hours that it lost.
                    times[i], late = now + seconds, now + step
                wait = max(wait, late - now)
        return wait

    def use(self, times: list[float], now: float) -> None:
        """Count one use."""
        for i, (step, _) in enumerate(self.steps):
            times[i] = max(times[i], now) + step


class MemoryCounters:
    """Uses counted in this process, by the generic cell rate algorithm: one time for each subject and rate.

    At most `limit` subjects of each allowance stand in each of two generations. When more come at once, those who were not seen
    for longest are forgotten and begin anew. Source: ITU-T I.371, annex A.
    """

    __slots__ = ("_lock", "_limit", "_tables")

    blocking = False

    def __init__(self, *, limit: int = 50_000) -> None:
        """limit: how many subjects each generation of an allowance holds, 1 or more."""
        if limit < 1:
            raise ValueError("limit must be 1 or more")
        self._lock = threading.Lock()
        self._limit = limit
        self._tables: dict[str, _Table] = {}

    def take(self, takings: Sequence[Taking], *, now: float) -> float:
        """0.0 when granted, else the seconds to wait; see Counters."""
        with self._lock:
            found = []
            for allowance, subject in takings:
                table = self._tables.get(allowance.key) or self._open(allowance)
                found.append((table, table.young.get(subject) or table.recall(subject, now, self._limit)))
            wait = max([table.wait(times, now) for table, times in found], default=0.0)
            if not wait:
                for table, times in found:
                    table.use(times, now)
            return wait

    def single(self, allowance: Allowance) -> TakeOne:
        """The same for one allowance; see Counters. Every request comes by here, so two rates are spelled out."""
        acquire, release, limit = self._lock.acquire, self._lock.release, self._limit
        table = self._tables.get(allowance.key) or self._open(allowance)
        if len(table.steps) != 2:
            return lambda subject, now: self.take(((allowance, subject),), now=now)
        (first_step, first_seconds), (second_step, second_seconds) = table.steps
        first_room, second_room = first_seconds - first_step + SLACK, second_seconds - second_step + SLACK

        def take_one(subject: str, now: float) -> float:
            acquire()  # by hand: `with` looks its two methods up and makes them anew each time
            try:
                times = table.young.get(subject) or table.recall(subject, now, limit)
                first, second = times
                if first <= now and second <= now:  # nothing is left of earlier uses, as with most people
                    times[0], times[1] = now + first_step, now + second_step
                    return 0.0
                if first - now <= first_room and second - now <= second_room:
                    times[0] = (now if first < now else first) + first_step  # noqa: FURB136  # half the time of max()
                    times[1] = (now if second < now else second) + second_step  # noqa: FURB136  # the same
                    return 0.0
                return table.wait(times, now)
            finally:
                release()

        return take_one

    def _open(self, allowance: Allowance) -> _Table:
        table = self._tables[allowance.key] = _Table(allowance)
        return table
