"""A backtracking matcher that counts its steps: what Python's `re` does with a pattern, one letter and one way at a time.

It stands for `re` where time would have to be measured, and a measured time is never the same twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

_MOST_PARTS = 4_000
_MOST_COPIES = 60


class Unsupported(Exception):
    """The pattern has a part that is not read: a reference back, or a condition on a group."""


class Part(NamedTuple):
    """One instruction. kind: take (one letter), split (first this way, then that), jump, at, look, atomic, mark, moved, end."""

    kind: str
    one: int = 0
    two: int = 0
    item: Any = None


@dataclass(slots=True)
class Program:
    """The instructions of a pattern, and the flags under which they match."""

    parts: list[Part] = field(default_factory=list)
    flags: int = 0
    programs: list[Program] = field(default_factory=list)


def compiled(tree: Any, flags: int) -> Program:
    """The program of a pattern that `re` has parsed. Raises Unsupported for what it does not read, and for what is too large."""
    program = Program(flags=flags)
    _sequence(program, list(tree))
    program.parts.append(Part("end"))
    return program


def _sequence(program: Program, items: Sequence[Any]) -> None:
    for item in items:
        if len(program.parts) > _MOST_PARTS:
            raise Unsupported
        operator, argument = str(item[0]), item[1]
        if operator in {"LITERAL", "NOT_LITERAL", "ANY", "IN"}:
            program.parts.append(Part("take", item=item))
        elif operator == "AT":
            program.parts.append(Part("at", item=str(argument)))
        elif operator == "SUBPATTERN":
            _sequence(program, list(argument[-1]))
        elif operator == "BRANCH":
            _branch(program, [list(branch) for branch in argument[1]])
        elif operator in {"MAX_REPEAT", "MIN_REPEAT"}:
            _repeat(program, argument[0], argument[1], list(argument[2]), is_greedy=operator == "MAX_REPEAT")
        elif operator in {"ASSERT", "ASSERT_NOT"}:
            _inner(program, "look" if argument[0] > 0 else "behind", list(argument[1]), is_not=operator == "ASSERT_NOT")
        elif operator == "ATOMIC_GROUP":
            _inner(program, "atomic", list(argument), is_not=False)
        elif operator == "POSSESSIVE_REPEAT":
            _inner(program, "atomic", [(_Greedy(), argument)], is_not=False)
        else:
            raise Unsupported


class _Greedy:
    def __str__(self) -> str:
        return "MAX_REPEAT"


def _inner(program: Program, kind: str, items: Sequence[Any], *, is_not: bool) -> None:
    inner = Program(flags=program.flags)
    _sequence(inner, items)
    inner.parts.append(Part("end"))
    program.programs.append(inner)
    program.parts.append(Part(kind, one=len(program.programs) - 1, two=int(is_not)))


def _branch(program: Program, branches: Sequence[Sequence[Any]]) -> None:
    ends = list[int]()
    for place, branch in enumerate(branches):
        if place == len(branches) - 1:
            _sequence(program, branch)
            break
        split = len(program.parts)
        program.parts.append(Part("split"))
        _sequence(program, branch)
        ends.append(len(program.parts))
        program.parts.append(Part("jump"))
        program.parts[split] = Part("split", split + 1, len(program.parts))
    for end in ends:
        program.parts[end] = Part("jump", len(program.parts))


def _repeat(program: Program, least: int, most: Any, body: Sequence[Any], *, is_greedy: bool) -> None:
    most = int(most)
    if least > _MOST_COPIES:
        raise Unsupported
    for _ in range(least):
        _sequence(program, body)
    if most - least <= _MOST_COPIES:
        splits = list[int]()
        for _ in range(most - least):
            splits.append(len(program.parts))
            program.parts.append(Part("split"))
            _sequence(program, body)
        end = len(program.parts)
        for split in splits:
            program.parts[split] = Part("split", split + 1, end) if is_greedy else Part("split", end, split + 1)
        return
    start = len(program.parts)
    program.parts.append(Part("split"))
    program.parts.append(Part("mark"))
    _sequence(program, body)
    program.parts.append(Part("moved", start))
    end = len(program.parts)
    program.parts[start] = Part("split", start + 1, end) if is_greedy else Part("split", end, start + 1)


class Machine:
    """One match, from the first letter. It ends at `limit` steps."""

    def __init__(self, program: Program, *, limit: int) -> None:
        self.program, self.limit, self.count = program, limit, 0
        self._known: dict[tuple[int, int, str], bool] = {}

    def steps(self, text: str) -> int:
        """How many steps the match takes, `limit` at most."""
        self._run(self.program, text, 0)
        return self.count

    def matches(self, text: str) -> bool:
        """Whether the pattern matches at the first letter."""
        return self._run(self.program, text, 0) is not None

    def _run(self, program: Program, text: str, start: int) -> int | None:
        """Where the match ends, None for no match."""
        waiting: list[tuple[int, int, Any]] = [(0, start, None)]
        parts, size = program.parts, len(text)
        while waiting:
            here, at, marks = waiting.pop()
            while True:
                self.count += 1
                if self.count >= self.limit:
                    return None
                part = parts[here]
                kind = part.kind
                if kind == "take":
                    if at >= size or not self._takes(program, here, text[at]):
                        break
                    here, at = here + 1, at + 1
                elif kind == "split":
                    waiting.append((part.two, at, marks))
                    here = part.one
                elif kind == "mark":
                    here, marks = here + 1, (at, marks)
                elif kind == "moved":
                    begun, marks = marks
                    here = part.one if at > begun else here + 1  # a round that took nothing is the last one
                elif kind == "jump":
                    here = part.one
                elif kind == "end":
                    return at
                else:
                    ended = self._special(program, part, text, at)
                    if ended is None:
                        break
                    here, at = here + 1, ended
        return None

    def _special(self, program: Program, part: Part, text: str, at: int) -> int | None:
        """Where a part that takes no letter of its own goes on; None where it fails."""
        if part.kind == "at":
            return at if _stands(part.item, text, at, program.flags) else None
        inner = program.programs[part.one]
        if part.kind == "behind":
            found = any(self._run(inner, text[:at], begin) == at for begin in range(at, max(-1, at - 40), -1))
            return at if found != bool(part.two) else None
        ended = self._run(inner, text, at)
        if part.kind == "atomic":
            return ended
        return at if (ended is not None) != bool(part.two) else None

    def _takes(self, program: Program, here: int, letter: str) -> bool:
        key = (id(program), here, letter)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = takes(program.parts[here].item, letter, program.flags)
        return known


def _stands(where: str, text: str, at: int, flags: int) -> bool:
    is_many = bool(flags & re.MULTILINE)
    if where in {"AT_BEGINNING", "AT_BEGINNING_STRING"}:
        return at == 0 or (where == "AT_BEGINNING" and is_many and text[at - 1] == "\n")
    if where == "AT_END":
        return at == len(text) or text[at:] == "\n" or (is_many and text[at] == "\n")
    if where == "AT_END_STRING":
        return at == len(text)
    before, after = _is_word(text[at - 1 : at] if at else ""), _is_word(text[at : at + 1])
    return (before != after) == (where == "AT_BOUNDARY")


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def takes(item: Any, letter: str, flags: int) -> bool:
    """Whether a part of a parsed pattern that takes one letter takes this one."""
    if flags & re.IGNORECASE and letter.lower() != letter.upper():
        return _takes(item, letter.lower(), flags) or _takes(item, letter.upper(), flags)
    return _takes(item, letter, flags)


def _takes(item: Any, letter: str, flags: int) -> bool:
    operator, argument = str(item[0]), item[1]
    if operator == "LITERAL":
        return ord(letter) == int(argument)
    if operator == "NOT_LITERAL":
        return ord(letter) != int(argument)
    if operator == "ANY":
        return letter != "\n" or bool(flags & re.DOTALL)
    is_not, found = False, False
    for inner, value in argument:
        name = str(inner)
        if name == "NEGATE":
            is_not = True
        elif name == "LITERAL":
            found = found or ord(letter) == value
        elif name == "RANGE":
            found = found or value[0] <= ord(letter) <= value[1]
        elif name == "CATEGORY":
            found = found or _of_category(str(value), letter)
    return found != is_not


def _of_category(category: str, letter: str) -> bool:
    name = category.removeprefix("CATEGORY_").removeprefix("NOT_")
    if name == "DIGIT":
        found = letter.isdigit()
    elif name == "SPACE":
        found = letter.isspace()
    else:
        found = _is_word(letter)
    return found != ("NOT_" in category)
