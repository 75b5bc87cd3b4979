"""A router is shown the route first that was found for a request already, so that nothing is matched twice.

The framework's own code dispatches all the same; tests/frameworks/test_dispatch_differential.py holds guarded and bare applications to the
same answers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

FIRST: ContextVar[Any] = ContextVar("ringwork_first", default=None)
"""The route that the gate's decision was made for, until the router asks its list of routes."""


class Matched:
    """A router's own route with its answer to one request, which the router would only ask for once more."""

    __slots__ = ("route", "scope", "answer", "handle", "path_format")

    def __init__(self, route: Any, scope: object, answer: object) -> None:
        self.route, self.scope, self.answer = route, scope, answer
        self.handle, self.path_format = route.handle, getattr(route, "path_format", None)  # what routers ask for, without a detour

    def matches(self, scope: object) -> Any:
        """The answer that was given for this very scope; any other is looked at anew."""
        return self.answer if scope is self.scope else self.route.matches(scope)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.route, name)


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

    def _behind(self, first: Any) -> Iterator[Any]:
        shown = first.route if type(first) is Matched else first
        for route in list.__iter__(self):
            if route is not shown:
                yield route
