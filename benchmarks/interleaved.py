"""Timing that can be trusted on a shared machine: variants in turn, order rotated, ratios taken round by round.

`cpu` is this process's CPU time in microseconds a call; figures are medians over rounds.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import statistics
import time
from collections.abc import Awaitable, Callable

Batch = Callable[[int], None | Awaitable[None]]


class Figures:
    """One list of CPU microseconds a call for each variant, one value a round."""

    def __init__(self, names: list[str]) -> None:
        self.rounds: dict[str, list[float]] = {name: [] for name in names}

    def median(self, name: str) -> float:
        """Microseconds a call."""
        return statistics.median(self.rounds[name])

    def ratio(self, name: str, base: str) -> float:
        """How many times `base`, round by round, then the median."""
        return statistics.median(a / b for a, b in zip(self.rounds[name], self.rounds[base], strict=True))

    def added(self, name: str, base: str) -> float:
        """Microseconds above `base`, round by round, then the median."""
        return statistics.median(a - b for a, b in zip(self.rounds[name], self.rounds[base], strict=True))

    def spread(self, name: str) -> tuple[float, float]:
        """The least and the most."""
        return min(self.rounds[name]), max(self.rounds[name])


async def measure(variants: dict[str, Batch], *, rounds: int = 15, calls: int = 400) -> Figures:
    """Run each variant `rounds` times for `calls` calls, in turn, after a warm-up."""
    names = list(variants)
    figures = Figures(names)
    for name in names:
        await _run(variants[name], calls)
    gc.collect()
    gc.freeze()
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            gc.collect()
            start = time.process_time()
            await _run(variants[name], calls)
            figures.rounds[name].append((time.process_time() - start) / calls * 1e6)
    return figures


async def _run(batch: Batch, calls: int) -> None:
    outcome = batch(calls)
    if inspect.isawaitable(outcome):
        await outcome


def run(variants: dict[str, Batch], *, rounds: int = 15, calls: int = 400) -> Figures:
    """`measure`, from plain code."""
    return asyncio.run(measure(variants, rounds=rounds, calls=calls))
