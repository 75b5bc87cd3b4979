"""Whether a pattern takes exponential time on some text: a text is made, and the steps of a backtracking matcher on it are counted.

Against a worker that one short text keeps busy for hours. Nothing is told by the look of a pattern alone: the steps are counted for three
lengths of a text that was made to fail late, so what is told can be repeated, and is the same on every machine.
Source: the way in which Python's `re` matches (Lib/re/_compiler.py), and Kirrage, Rathnayake, Thielecke, "Static analysis for regular
expression denial-of-service attacks", 2013.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ringwork.survey.taint.machine import Machine, Program, Unsupported, compiled, takes

_LONGEST_PATTERN = 2_000
_LIMIT = 60_000
_LENGTHS = (5, 10, 15, 20)
_SUFFIXES = ("\x00", "!", "\n\x00", "")
_SAMPLES = "a0A_ -.,/@:;=\"'<>()[]\n\t"
_MOST_PUMPS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A text on which a pattern takes exponential time: prefix, pump repeated, suffix. steps: by how often the pump stands there."""

    prefix: str
    pump: str
    suffix: str
    steps: tuple[tuple[int, int], ...]

    def text(self, times: int) -> str:
        """The attack, with the pump that often."""
        return f"{self.prefix}{self.pump * times}{self.suffix}"


@functools.lru_cache(maxsize=4_096)
def growth(pattern: str, flags: int = 0) -> Growth | None:
    """How to make a pattern take exponential time; None where no such text was found, or where the pattern cannot be read.

    flags: as `re` takes them. Patterns with references back, or conditions on groups, are not read.
    """
    if len(pattern) > _LONGEST_PATTERN or sum(pattern.count(sign) for sign in "*+{|") < 2:
        return None
    try:
        tree = importlib.import_module("re._parser").parse(pattern, flags)
        repeats = list(_nested(list(tree), ()))
        program = compiled(tree, tree.state.flags) if repeats else None
    except (re.error, Unsupported, RecursionError, OverflowError, ValueError):
        return None
    if program is None:
        return None
    for before, body in repeats:
        prefix = _shortest(before)
        for pump in _pumps(pattern, body):
            for suffix in _SUFFIXES:
                found = _measured(program, prefix, pump, suffix)
                if found is not None:
                    return found
    return None


def _measured(program: Program, prefix: str, pump: str, suffix: str) -> Growth | None:
    """The steps for rising lengths, where they rise as an exponential does; None as soon as they do not."""
    steps = list[tuple[int, int]]()
    for times in _LENGTHS:
        text, limit = f"{prefix}{pump * times}{suffix}", _LIMIT
        before = steps[-1][1] if steps else 0
        count = Machine(program, limit=limit).steps(text)
        if count >= limit and before * 12 > limit:  # too near to the limit to be told from a slower rise
            limit = before * 12
            count = Machine(program, limit=limit).steps(text)
        if before and count < min(before * 6, limit):
            return None
        steps.append((times, count))
        if count >= limit:
            return Growth(prefix=prefix, pump=pump, suffix=suffix, steps=tuple(steps)) if before else None
    return Growth(prefix=prefix, pump=pump, suffix=suffix, steps=tuple(steps))


# -- where it may happen ----------------------------------------------------------------------------------------


def _nested(items: Sequence[Any], before: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Sequence[Any]]]:
    """The repeats without an upper bound that hold another one, or a choice: what stands before each, and its body."""
    for place, item in enumerate(items):
        operator, argument = str(item[0]), item[1]
        here = (*before, *items[:place])
        if operator in {"MAX_REPEAT", "MIN_REPEAT"}:
            _, most, body = argument
            if most > 20 and _is_choice(list(body)):
                yield here, list(body)
            yield from _nested(list(body), here)
        elif operator == "SUBPATTERN":
            yield from _nested(list(argument[-1]), here)
        elif operator == "BRANCH":
            for branch in argument[1]:
                yield from _nested(list(branch), here)
        elif operator in {"ASSERT", "ASSERT_NOT"}:
            yield from _nested(list(argument[1]), here)


def _is_choice(items: Sequence[Any]) -> bool:
    """Whether a body can match one text in several ways: a repeat or a choice is in it."""
    for item in items:
        operator, argument = str(item[0]), item[1]
        if operator in {"MAX_REPEAT", "MIN_REPEAT"} and argument[0] != argument[1]:
            return True
        if operator == "BRANCH" or (operator == "SUBPATTERN" and _is_choice(list(argument[-1]))):
            return True
    return False


# -- texts ------------------------------------------------------------------------------------------------------


def _pumps(pattern: str, body: Sequence[Any]) -> Iterator[str]:
    """What may be repeated: shortest and longer texts of the body, and single letters that it begins with."""
    told = set[str]()
    letters = [letter for letter in dict.fromkeys([*_SAMPLES, *pattern]) if letter.isprintable() or letter in "\n\t"]
    singles = (letter for letter in letters if any(takes(item, letter, 0) for item in _flat(body)))
    for pump in (*_texts(body), *singles):
        if pump and pump not in told and len(told) < _MOST_PUMPS:
            told.add(pump)
            yield pump


def _flat(items: Sequence[Any]) -> Iterator[Any]:
    """The parts of a body that take one letter each."""
    for item in items:
        operator, argument = str(item[0]), item[1]
        if operator in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            yield from _flat(list(argument[2]))
        elif operator == "SUBPATTERN":
            yield from _flat(list(argument[-1]))
        elif operator == "ATOMIC_GROUP":
            yield from _flat(list(argument))
        elif operator == "BRANCH":
            for branch in argument[1]:
                yield from _flat(list(branch))
        elif operator in {"LITERAL", "NOT_LITERAL", "ANY", "IN"}:
            yield item


def _texts(items: Sequence[Any]) -> list[str]:
    """A few texts that a body matches: each branch once, what is optional left out and put in."""
    found = [""]
    for item in items:
        operator, argument = str(item[0]), item[1]
        if operator in {"LITERAL", "NOT_LITERAL", "ANY", "IN"}:
            parts = [_letter(item)]
        elif operator in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            inner = _texts(list(argument[2]))
            parts = [text * max(argument[0], 0) for text in inner] + ([] if argument[0] else inner)
        elif operator == "SUBPATTERN":
            parts = _texts(list(argument[-1]))
        elif operator == "BRANCH":
            parts = [text for branch in argument[1] for text in _texts(list(branch))]
        else:
            parts = [""]
        found = list(dict.fromkeys(head + part for head in found for part in parts))[:12]
    return found


def _shortest(items: Sequence[Any]) -> str:
    """The first text that what stands before a repeat matches."""
    return min(_texts(items), key=len, default="")


def _letter(item: Any) -> str:
    if str(item[0]) == "LITERAL":
        return chr(item[1])
    return next((letter for letter in _SAMPLES if takes(item, letter, 0)), "a")
