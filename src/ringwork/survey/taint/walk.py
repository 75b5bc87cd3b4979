"""Every part of a piece of source, itself included, in the order in which it is written.

Against a look that sees a statement and not what stands inside it: one walk knows every form there is, because forms are tuples.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ringwork.survey.taint import ir

_LEAVES = frozenset({ir.Name, ir.Constant})
"""Forms with nothing inside them, which is half of all."""


def walk(node: object) -> Iterator[Any]:
    """The parts of an expression, a statement, or a block: each form of `ir` in it, outer before inner."""
    waiting: list[Any] = [node]
    while waiting:
        here = waiting.pop()
        kind = type(here)
        if kind is not tuple:
            yield here
            if kind in _LEAVES:
                continue
        waiting.extend([part for part in here[::-1] if isinstance(part, tuple) and part])


def names(node: object) -> Iterator[str]:
    """Every word of the code inside: names, attributes, constant keys, and the names of arguments."""
    for part in walk(node):
        kind = type(part)
        if kind is ir.Name:
            yield part.id
        elif kind is ir.Attribute:
            yield part.name
        elif kind is ir.Item and isinstance(getattr(part.key, "value", None), str):
            yield part.key.value
        elif kind is ir.Call:
            yield from (name for name, _ in part.keywords if name)
