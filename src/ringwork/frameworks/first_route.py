"""A router is shown the route first that was found for a request already, so that nothing is matched twice.

The framework's own code dispatches all the same; tests/frameworks/test_dispatch_differential.py holds guarded and bare applications to the
same answers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

FIRST: ContextVar[object] = ContextVar("ringwork_first", default=None)
"""The route that the gate's decision was made for, until the router asks its list of routes."""


class Routes(list[Any]):
    """A router's list of routes that shows the one first which the gate has found already, once: the router asks no other.

    Every route is there all the same, in its order behind it, so that whatever the first does not take goes on as ever.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        first = FIRST.get()
        if first is None:
            return super().__iter__()
        FIRST.set(None)
        return itertools.chain((first,), self._behind(first))

    def _behind(self, first: object) -> Iterator[Any]:
        for route in list.__iter__(self):
            if route is not first:
                yield route
