"""What was read of functions is remembered, and nothing that is remembered changes what is read afterwards.

Against a finding that is there on one day and gone on the next: what is kept of a function depends on the function and on the shape of what
it was given, never on what was read before. What depends on callers that were still being read is forgotten together with them, and
what calls itself is read again, beginning with "it never returns", until that says no more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ringwork.survey.taint.project import Project

DEEPEST = 60
"""Calls inside calls that are followed."""
OFTEN = 2
"""Readings of one function inside each other whose constants are told apart."""
MOST = 1_000
"""Readings of functions for one entry whose constants are told apart: what is more is no code that anybody follows."""
MOST_VALUES = 50_000
"""The same of values that are made anew out of what functions give: few readings of large values take as long as many of small ones."""
_FAR = 1 << 30
_MOST_ROUNDS = 8
_PATIENCE = 2
AROUND = 1
"""The bit of what an entry itself is: its path, or that it is a script."""


class Kept(NamedTuple):
    """What a reading gave. noted: what the project was asked for. reads: bits of all that was read for it.

    depth: calls inside calls. lowest: what of the stack it needs. asked: bits of functions of which it was asked whether they are
    read often. inner: what was read for it inside of another reading of the same function.
    """

    made: Any
    noted: frozenset[str]
    reads: int
    depth: int
    lowest: int
    asked: int
    inner: frozenset[Any]


class _Assumed(NamedTuple):
    made: Any
    lowest: int
    times: int


class Memory:
    """What was read so far, and what is being read now. around: what an entry itself is."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.around: tuple[bool, bool] = (False, False)
        self._final: dict[Any, Kept] = {}
        self._tentative: dict[Any, Kept] = {}
        self._assumed: dict[Any, _Assumed] = {}
        self._asked: set[Any] = set()
        self._bits: dict[Any, int] = {}
        self._keys: dict[Any, int] = {}
        self._begin()

    def _begin(self) -> None:
        self._places: dict[Any, int] = {}
        self._counts: dict[Any, int] = {}
        self._mask = 0
        self._reads, self._lowest, self._depth, self._questions = 0, _FAR, 0, 0
        self._inner: frozenset[Any] = frozenset()
        self._moved = False
        self._readings, self._values = 0, 0
        self.is_last = False

    def entry(self, *, is_constant: bool = False, is_script: bool = False) -> None:
        """A new entry: nothing is being read."""
        self._begin()
        self._tentative.clear()
        self._assumed.clear()
        self._asked.clear()
        self.around = (is_constant, is_script)

    def key(self, own: Any, shape: Any) -> Any:
        """What is kept of a function for values of a shape is kept under this: a number, as a shape is long to compare."""
        return own, self._keys.setdefault((own, shape), len(self._keys))

    def asks_around(self) -> tuple[bool, bool]:
        """Whether the entry has a path that nobody chooses, and whether it is a script; what is being read depends on it."""
        self._reads |= AROUND
        return self.around

    def spend(self, count: int) -> None:
        """So many values were made out of what a function gives."""
        self._values += count

    def is_deep(self) -> bool:
        """Whether no further call is followed here; what is being read then depends on where it is read."""
        if len(self._places) < DEEPEST:
            return False
        self._lowest = -1
        return True

    def is_often(self, own: Any) -> bool:
        """Whether a function is being read inside of itself too often to be told apart by constants, or too much for this entry."""
        if self._readings > MOST or self._values > MOST_VALUES:
            self._lowest = -1
            return True
        self._questions |= self._bit(own)
        if self._counts.get(own, 0) < OFTEN:
            return False
        first = next(place for key, place in self._places.items() if key[0][0] is own)
        self._lowest = min(self._lowest, first)
        return True

    def known(self, key: Any) -> Any | None:
        """What was read of this before, if reading it here would give the same. key: begins with what is read."""
        kept = self._final.get(key) or self._final.get((key, self.around))
        if kept is None or (kept.reads & self._mask and not self._is_alone(key, kept)):
            kept = self._tentative.get((key, self.around))
        if kept is None or len(self._places) + kept.depth > DEEPEST:
            return None
        self._reads |= kept.reads
        self._depth = max(self._depth, kept.depth)
        self._lowest = min(self._lowest, kept.lowest)
        self._questions |= kept.asked
        self._inner |= kept.inner | {key} if self._counts.get(key[0]) else kept.inner
        self._project.noted.update(kept.noted)
        return kept.made

    def _is_alone(self, key: Any, kept: Kept) -> bool:
        """Whether a reading gives the same inside of another one of the same function.

        So it is where nobody asked how often that is read, and nothing that is under way was read for it: what goes down a tree is read
        once, and not once for each tree.
        """
        if kept.reads & self._mask != self._bit(key[0]) or kept.asked & self._mask:
            return False
        return not any(under_way[0] == key or under_way[0] in kept.inner for under_way in self._places)

    def is_reading(self, key: Any) -> bool:
        """Whether this very reading is under way."""
        return (key, self.around) in self._places

    def so_far(self, key: Any) -> Any | None:
        """What a reading that is under way was seen to give; None where it was not seen to end."""
        full = (key, self.around)
        self._lowest = min(self._lowest, self._places[full])
        self._reads |= self._bit(key[0])
        self._asked.add(full)
        assumed = self._assumed.get(full)
        return assumed.made if assumed is not None else None

    def read(self, key: Any, reading: Callable[[], Any], *, is_once: bool = False) -> Any:
        """Read something, again where it leads back to itself unless `is_once`, and keep what that gave as long as it holds."""
        full, place = (key, self.around), len(self._places)
        before = self._reads, self._lowest, self._depth, self._moved
        questions, inner = self._questions, self._inner
        asked: frozenset[str] = frozenset()
        was_last = self.is_last
        for number in range(_MOST_ROUNDS):
            self.is_last = was_last or number == _MOST_ROUNDS - 1
            self._readings += 1
            self._reads, self._lowest, self._depth, self._moved = self._bit(key[0]), _FAR, 0, False
            self._questions, self._inner = 0, frozenset()
            made, noted = self._project.noting(lambda: self._once(key[0], full, reading))
            asked |= noted
            if not is_once and (full in self._asked or full in self._assumed):
                made = self._assume(full, made, place)
            if self._lowest < place or not self._moved:
                break
            self._forget(place)
        self.is_last = was_last
        reads, lowest, depth = self._reads, self._lowest, self._depth + 1
        if lowest >= place:
            self._forget(place)
            self._assumed = {key: one for key, one in self._assumed.items() if one.lowest < place} if self._assumed else self._assumed
            self._final[full if reads & AROUND else key] = Kept(made, asked, reads, depth, _FAR, self._questions, self._inner)
            self._moved = before[3]
        else:
            self._tentative[full] = Kept(made, asked, reads, depth, lowest, self._questions, self._inner)
            self._moved = self._moved or before[3]
        self._questions |= questions
        self._inner |= inner | {key} if self._counts.get(key[0]) else inner
        self._project.noted.update(asked)
        self._reads, self._depth = before[0] | reads, max(before[2], depth)
        self._lowest = min(before[1], lowest if lowest < place else _FAR)
        return made

    def _once(self, own: Any, full: Any, reading: Callable[[], Any]) -> Any:
        self._places[full] = len(self._places)
        self._counts[own] = self._counts.get(own, 0) + 1
        mask, self._mask = self._mask, self._mask | self._bit(own)
        try:
            return reading()
        finally:
            del self._places[full]
            self._counts[own] -= 1
            self._mask = mask

    def _assume(self, full: Any, made: Any, place: int) -> Any:
        self._asked.discard(full)
        last = self._assumed.get(full)
        if last is not None and last.made.is_as(made):
            return made
        times = last.times + 1 if last is not None else 0
        if times > _PATIENCE:
            made = made.widened()
        if last is None or not last.made.is_as(made):
            self._assumed[full] = _Assumed(made, min(self._lowest, place), times)
            self._moved = True
        return made

    def _forget(self, place: int) -> None:
        """What was read on the way to something that was not finished."""
        if self._tentative:
            self._tentative = {key: kept for key, kept in self._tentative.items() if kept.lowest < place}

    def _bit(self, own: Any) -> int:
        bit = self._bits.get(own)
        if bit is None:
            bit = self._bits[own] = 2 << len(self._bits)
        return bit
