"""Every part of a piece of source, itself included, in the order in which it is written.

Against a look that sees a statement and not what stands inside it: one walk knows every form there is, because forms are tuples.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def walk(node: object) -> Iterator[Any]:
    """The parts of an expression, a statement, or a block: each form of `ir` in it, outer before inner."""
    waiting: list[Any] = [node]
    while waiting:
        here = waiting.pop()
        if type(here) is not tuple:
            yield here
        waiting.extend([part for part in reversed(here) if isinstance(part, tuple) and part])


def names(node: object) -> Iterator[str]:
    """Every word of the code inside: names, attributes, constant keys, and the names of arguments."""
    for part in walk(node):
        kind = type(part).__name__
        if kind == "Name":
            yield part.id
        elif kind == "Attribute":
            yield part.name
        elif kind == "Item" and isinstance(getattr(part.key, "value", None), str):
            yield part.key.value
        elif kind == "Call":
            yield from (name for name, _ in part.keywords if name)
