"""Patterns of the code that take exponential time on some text.

Against one request that keeps a worker busy for hours. Told is what was tried: the text that was made stands in what is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Seen, argument, last, text_of
from ringwork.survey.taint import ir
from ringwork.survey.taint.backtracking import growth

_METHODS = frozenset({"compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"})
_FIELDS = {"RegexValidator": "regex", "RegexField": "regex", "Regexp": "regex", "re_path": "route"}
_FLAGS = {
    "I": re.IGNORECASE,
    "IGNORECASE": re.IGNORECASE,
    "M": re.MULTILINE,
    "MULTILINE": re.MULTILINE,
    "S": re.DOTALL,
    "DOTALL": re.DOTALL,
    "X": re.VERBOSE,
    "VERBOSE": re.VERBOSE,
    "A": re.ASCII,
    "ASCII": re.ASCII,
}
_INLINE = re.compile(r"[*+{|].*[*+{|]", re.DOTALL)


def look(seen: Seen) -> Iterator[Flow]:
    """The patterns of one module on which a text of forty letters takes longer than anybody waits."""
    for call, scope in seen.of(ir.Call):
        name = last(call.function)
        if name in _METHODS and seen.name(call.function) == f"re.{name}":
            pattern = argument(call, "pattern", 0)
        elif name in _FIELDS:
            pattern = argument(call, _FIELDS[name], 0)
        else:
            continue
        text = text_of(_named(seen, pattern))
        found = growth(text, _flags(call)) if text is not None and _INLINE.search(text) else None
        if found is not None:
            times, steps = found.steps[-1]
            where = f"after {found.prefix!r} and before {found.suffix!r}"
            detail = f"{found.pump!r} repeated {times} times, {where}, takes {steps} steps or more, and each further one multiplies them."
            yield seen.flow(
                "regex-backtracking",
                call.at,
                strength=STRONG,
                sink=f"re.{name}" if name in _METHODS else name,
                detail=detail,
                scope=scope,
                said="a pattern of exponential time",
            )


def _named(seen: Seen, expression: ir.Expression | None) -> ir.Expression | None:
    """A literal of the module that a name stands for."""
    return seen.unit.assigned.get(expression.id, expression) if isinstance(expression, ir.Name) else expression


def _flags(call: ir.Call) -> int:
    given = argument(call, "flags", None)
    flags = 0
    for part in (given, *call.arguments[1:]):
        for word in _words(part):
            flags |= _FLAGS.get(word, 0)
    return int(flags)


def _words(expression: ir.Expression | None) -> Iterator[str]:
    if isinstance(expression, ir.Binary):
        yield from _words(expression.left)
        yield from _words(expression.right)
    elif isinstance(expression, ir.Attribute):
        yield expression.name
