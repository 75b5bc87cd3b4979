"""Several functions as one, by closures of a fixed shape.

Each place of a shape calls one function for ever, so the interpreter's specialised calls hold, and nothing is looped over: on the path
of a request that is most of what a short step costs. No text is made into code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Found = Callable[[Any], Any]
Changed = Callable[[Any, int, Any], Any]


def first_of(steps: Sequence[Found]) -> Found:
    """The first answer of `steps` that is true, else None; each step answers None or something that is true."""
    if len(steps) > 8:
        head, tail = first_of(steps[:8]), first_of(steps[8:])
        return lambda x: head(x) or tail(x)
    filled: list[Found] = list(steps) + [_nothing] * (8 - len(steps))
    a, b, c, d, e, f, g, h = filled
    shapes: tuple[Found, ...] = (
        _nothing,
        a,
        lambda x: a(x) or b(x),
        lambda x: a(x) or b(x) or c(x),
        lambda x: a(x) or b(x) or c(x) or d(x),
        lambda x: a(x) or b(x) or c(x) or d(x) or e(x),
        lambda x: a(x) or b(x) or c(x) or d(x) or e(x) or f(x),
        lambda x: a(x) or b(x) or c(x) or d(x) or e(x) or f(x) or g(x),
        lambda x: a(x) or b(x) or c(x) or d(x) or e(x) or f(x) or g(x) or h(x),
    )
    return shapes[len(steps)]


def one_after_another(steps: Sequence[Changed]) -> Changed:
    """Each step on what the one before it made of the third argument."""
    if len(steps) > 4:
        head, tail = one_after_another(steps[:4]), one_after_another(steps[4:])
        return lambda x, n, value: tail(x, n, head(x, n, value))
    filled: list[Changed] = list(steps) + [_unchanged] * (4 - len(steps))
    a, b, c, d = filled
    shapes: tuple[Changed, ...] = (
        _unchanged,
        a,
        lambda x, n, value: b(x, n, a(x, n, value)),
        lambda x, n, value: c(x, n, b(x, n, a(x, n, value))),
        lambda x, n, value: d(x, n, c(x, n, b(x, n, a(x, n, value)))),
    )
    return shapes[len(steps)]


def _nothing(x: object) -> None:
    return None


def _unchanged(x: object, n: int, value: Any) -> Any:
    return value
