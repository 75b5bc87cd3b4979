"""A router is shown the route first that was found for a request already, so that nothing is matched twice.

The framework's own code dispatches all the same; tests/frameworks/test_dispatch_differential.py holds guarded and bare applications to the
same answers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from ringwork.current import SERVED
from ringwork.frameworks.reached import Watched
from ringwork.frameworks.route_tree import Place


class Matched:
    """A router's own route with its answer to one request, which the router would only ask for once more."""

    __slots__ = ("route", "scope", "answer", "handle", "path_format")

    def __init__(self, route: Any, scope: object, answer: Any, place: Place) -> None:
        self.route, self.scope, self.answer = route, scope, answer
        self.handle, self.path_format = place.handle, place.path_format  # what routers ask for, without a detour

    def matches(self, scope: object) -> Any:
        """The answer that was given for this very scope; any other is looked at anew."""
        return self.answer if scope is self.scope else self.route.matches(scope)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.route, name)


class Routes(list[Any]):
    """A router's list of routes that shows the one first which the gate has found already, once: the router asks no other.

    Every route is there all the same, in its order behind it, so that whatever the first does not take goes on as ever; what it did not
    take when it was shown it does not take in its own place either.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        exchange = SERVED.get()
        watched = None if exchange is None else exchange.native
        if type(watched) is not Watched or (first := watched.shown) is None:
            return list.__iter__(self)
        watched.shown = None
        return itertools.chain((first,), list.__iter__(self))
