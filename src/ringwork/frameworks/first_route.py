"""A router is shown the route first that was found for a request already, so that nothing is matched twice.

The framework's own code dispatches all the same; tests/frameworks/test_dispatch_differential.py holds guarded and bare applications to the
same answers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from ringwork.current import SERVED
from ringwork.exchange import Exchange
from ringwork.frameworks.reached import NOTHING, Watched


class Matched:
    """A router's own route with the answers that it gave, which the router would only ask for once more; one for all requests.

    handle, path_format: what routers ask for, without a detour.
    """

    __slots__ = ("route", "handle", "path_format")

    def __init__(self, route: Any) -> None:
        self.route = route
        self.handle, self.path_format = getattr(route, "handle", None), getattr(route, "path_format", None)

    def matches(self, scope: Any) -> Any:
        """The answer that was given for this very scope, which carries it; any other is looked at anew."""
        if type(scope) is Watched and scope.matched is self:
            return scope.whole
        return self.route.matches(scope)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.route, name)


class Routes(list[Any]):
    """A router's list of routes that shows the one first which the gate has found already, once: the router asks no other.

    Every route is there all the same, in its order behind it, so that whatever the first does not take goes on as ever; what it did not
    take when it was shown it does not take in its own place either.
    """

    __slots__ = ("rest",)

    def __init__(self, routes: Iterable[Any]) -> None:
        super().__init__(routes)
        self.rest = _All(self)

    def __iter__(self) -> Iterator[Any]:
        exchange = _served()
        watched = None if exchange is None else exchange.native
        if type(watched) is not Watched or (first := watched.shown) is None:
            return list.__iter__(self)
        watched.shown = None
        return itertools.chain((first,), self.rest)


class _All:
    """What `chain` goes through where the first route was not enough: the list as it is then."""

    __slots__ = ("routes",)

    def __init__(self, routes: Routes) -> None:
        self.routes = routes

    def __iter__(self) -> Iterator[Any]:
        return list.__iter__(self.routes)


def shown(exchange: Exchange, chosen: Any) -> Watched:
    """The scope that the router is to see: it tells what is reached, and the first route is the one that was found."""
    scope, endpoints, first, place, answer = chosen
    exchange.chosen = None
    plan: Any = exchange.plan
    watched = scope if type(scope) is Watched else Watched(scope)
    watched.endpoints, watched.is_held = endpoints, plan.pipeline.requires_decision
    watched.first, watched.shown = endpoints[0] if endpoints else NOTHING, first
    if answer is not None and type(first) is Matched:
        watched.matched, watched.whole, watched.answer = first, answer, answer[1]
    else:
        watched.matched = watched.answer = None
    if place is not None:
        exchange.native = watched
    return watched


_served = SERVED.get
