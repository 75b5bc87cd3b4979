"""Whether two calls take the same time, asked of measurements with a stated rate of false alarms.

Against accounts and secrets that are told by how long an answer takes (CWE-208). Pairs, each in random order, so that what the
machine does meanwhile meets both alike; then Wilcoxon's signed-rank test on the differences, and a least effect.
Source: F. Wilcoxon, "Individual Comparisons by Ranking Methods", Biometrics Bulletin 1 (1945), 80-83, with the normal approximation
and the correction for ties of M. Hollander, D. Wolfe and E. Chicken, Nonparametric Statistical Methods, 3rd edition, 3.1.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LEAST_ROUNDS = 30
"""Fewer pairs are too few for the normal approximation."""

WARM_UP = 3
CONFIRMATIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series of pairs. a, b: medians in seconds. difference: median of b - a. p: two-sided, of no difference at all.

    error: the standard error of the difference, in seconds, by which it is known what could not have been seen.
    """

    a: float
    b: float
    difference: float
    p: float
    error: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeComparison:
    """What was measured. series: all that were made, a further one only after one that differed. differs: whether each one did."""

    series: tuple[Series, ...]
    rounds: int
    alpha: float
    differs: bool

    def __str__(self) -> str:
        lines = [
            f"a {_shown(one.a)}, b {_shown(one.b)}, difference {_shown(one.difference)}, p = {one.p:.2g} ({self.rounds} pairs)"
            for one in self.series
        ]
        return "\n".join(lines)


def _shown(seconds: float) -> str:
    return f"{seconds * 1000:.3f} ms"


def compare(
    call_a: Callable[[], object],
    call_b: Callable[[], object],
    *,
    rounds: int,
    alpha: float,
    relative: float,
    absolute: float,
    clock: Callable[[], float] = time.perf_counter,
    chance: random.Random,
) -> TimeComparison:
    """Measure both until a series shows no difference, or CONFIRMATIONS of them did. Raises ValueError for settings that show nothing."""
    _require_sound(rounds, alpha, relative, absolute)
    for _ in range(WARM_UP):
        call_a()
        call_b()
    made = list[Series]()
    while len(made) < CONFIRMATIONS:
        made.append(_series(call_a, call_b, rounds, clock, chance))
        if not (_is_separate(made[-1], alpha, relative, absolute) and _points_alike(made)):
            return TimeComparison(series=tuple(made), rounds=rounds, alpha=alpha, differs=False)
    return TimeComparison(series=tuple(made), rounds=rounds, alpha=alpha, differs=True)


def _require_sound(rounds: int, alpha: float, relative: float, absolute: float) -> None:
    if rounds < LEAST_ROUNDS:
        raise ValueError(f"rounds={rounds} is too few to tell anything; write {LEAST_ROUNDS} or more, 200 as a rule")
    if not 0 < alpha <= 0.2:
        raise ValueError(f"alpha={alpha} is no rate of false alarms worth having; write for example 0.01")
    if relative < 0 or absolute < 0:
        raise ValueError("relative and absolute are differences that are still equal, 0 or more")


def _series(
    call_a: Callable[[], object], call_b: Callable[[], object], rounds: int, clock: Callable[[], float], chance: random.Random
) -> Series:
    times_a, times_b = list[float](), list[float]()
    for _ in range(rounds):
        # The order within a pair is chance, so that under equality the sign of its difference is chance too, whatever the machine does.
        pair = [(call_a, times_a), (call_b, times_b)]
        for call, times in pair if chance.random() < 0.5 else reversed(pair):
            began = clock()
            call()
            times.append(clock() - began)
    differences = [b - a for a, b in zip(times_a, times_b, strict=True)]
    return Series(
        a=statistics.median(times_a),
        b=statistics.median(times_b),
        difference=statistics.median(differences),
        p=signed_rank(differences),
        error=error_of_median(differences),
    )


def error_of_median(values: Sequence[float]) -> float:
    """The standard error of a median, from the median deviation: 1.4826 makes of it a standard deviation, 1.2533 is the median's own."""
    middle = statistics.median(values)
    return 1.2533 * 1.4826 * statistics.median(abs(value - middle) for value in values) / math.sqrt(len(values))


def _is_separate(one: Series, alpha: float, relative: float, absolute: float) -> bool:
    """Whether a series shows a difference that chance does not explain and that is large enough to be worth a word."""
    effect = abs(one.difference)
    return one.p < alpha and effect > 0 and (effect >= relative * min(one.a, one.b) or effect >= absolute)


def could_see(one: Series, *, relative: float, absolute: float) -> bool:
    """Whether a difference of the least effect would have stood out of the noise of this series: four errors and more."""
    return 4 * one.error < min(relative * min(one.a, one.b), absolute)


def _points_alike(made: Sequence[Series]) -> bool:
    return len({one.difference > 0 for one in made}) == 1


def signed_rank(differences: Sequence[float]) -> float:
    """Two-sided p of Wilcoxon's signed-rank test, 1.0 where nothing differs. Zeros are left out, ties share their mean rank.

    By the normal approximation with continuity correction: for 30 differences or more.
    """
    nonzero = sorted((d for d in differences if d != 0), key=abs)
    n = len(nonzero)
    if n == 0:
        return 1.0
    positive, ties, start = 0.0, 0.0, 0
    while start < n:
        end = start
        while end < n and abs(nonzero[end]) == abs(nonzero[start]):
            end += 1
        rank, size = (start + 1 + end) / 2, end - start
        positive += rank * sum(d > 0 for d in nonzero[start:end])
        ties += size**3 - size
        start = end
    mean = n * (n + 1) / 4
    variance = n * (n + 1) * (2 * n + 1) / 24 - ties / 48
    z = max(abs(positive - mean) - 0.5, 0.0) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))
