"""Marks that stand as FastAPI's dependencies: `Depends(requires("staff"))` before a route, a router, an application or a parameter.

Against a declaration in the framework's own words that nobody reads: what stands among the dependencies counts as the mark it is.
"""

from __future__ import annotations

import inspect
import sys
from asyncio import coroutines
from collections.abc import Iterator
from typing import Any

from ringwork.policy.declare import Mark, RuleMark, all_of, carried, rule_of

Marked = tuple[tuple[str, object], ...]


def with_marks_of(dependant: Any, marked: Marked) -> Marked:
    """`marked` with the marks among a route's dependencies behind what stands on its handler, the nearest first.

    Dependencies all hold, so their rules and the handler's own are taken together; of other marks the innermost counts, as ever.
    """
    marks = [*_among(dependant)]
    if not marks:
        return marked
    near = tuple((where, target) for where, target in marked if where in {"handler", "route"})
    found = (*(rule_of(target) for _, target in near), *(mark.rule for mark in marks if isinstance(mark, RuleMark)))
    rules = [rule for rule in found if rule is not None]
    together: Marked = (("dependency", all_of(rules)),) if rules else ()
    return (*together, *near, *(("dependency", carried([mark])) for mark in marks), *marked[len(near) :])


def _among(dependant: Any) -> Iterator[Mark]:
    """The marks among dependencies and theirs, the nearest first: FastAPI lists what stands outside before what stands inside."""
    for child in reversed(getattr(dependant, "dependencies", ())):
        if isinstance(child.call, Mark):
            yield child.call
        yield from _among(child)


def let_marks_be_awaited() -> None:
    """Have FastAPI await marks, as it does what says that it is a coroutine function.

    Against a thread for each mark at each request: a function that says nothing is called in one.
    """
    call: Any = Mark.__call__
    if sys.version_info >= (3, 12):
        inspect.markcoroutinefunction(call)
    else:
        known: Any = coroutines
        call._is_coroutine = known._is_coroutine  # noqa: SLF001  # by which asyncio knows one there
