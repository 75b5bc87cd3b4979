"""What a router reached, held against what was decided on.

Against a handler that runs although another one was asked about: a path that two readers read differently, a route list
that was changed behind the index, a mounted application that moves its own root.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from ringwork.enforce.guard import Refusal
from ringwork.errors import Refused
from ringwork.exchange import Exchange
from ringwork.pipeline import ACCESS, Pipeline

Scope = MutableMapping[str, Any]

OTHER_HANDLER = Refusal(
    control=ACCESS, status=403, reason="other-handler", detail="the router reached another handler than the one that was decided on"
)


class OtherHandler(Refused):
    """The router was about to hand the request to a handler that no decision was made for."""


class Undecided(Refused):
    """A WebSocket was about to open, or to answer, without a decision; it is refused and closed."""


NOTHING = object()
_update = dict.update


class Watched(dict[str, Any]):
    """A scope that tells when a router reaches a handler: routers note the endpoint by `update`, right before they call it.

    endpoints: those that were decided on. is_held: whether any other is stopped before it runs. answer: what the router's own route
    said of this scope, where it was decided on just that. shown: the route that the router is shown first, once.
    matched, whole: the route whose whole answer to this scope is known, and that.
    """

    __slots__ = ("endpoints", "first", "is_held", "answer", "shown", "matched", "whole")

    endpoints: tuple[object, ...]
    answer: Any
    shown: Any
    matched: Any
    whole: Any
    first: object
    is_held: bool

    @classmethod
    def over(cls, scope: Scope) -> Watched:
        """`scope` itself when it is watched already; a middleware may have copied it into a plain one."""
        watched = scope if isinstance(scope, cls) else cls(scope)
        watched.is_held, watched.answer, watched.shown, watched.matched = False, None, None, None
        return watched

    def again(self, copy: Scope) -> Watched:
        """A copy of this scope that some middleware made, with the same endpoints."""
        watched = Watched(copy)
        watched.endpoints, watched.first, watched.is_held = self.endpoints, self.first, self.is_held
        watched.answer = watched.shown = watched.matched = None
        return watched

    def update(self, other: Any = (), /, **more: Any) -> None:
        """As a dictionary's, and against an effect before its refusal: another handler is stopped before it runs."""
        if other is self.answer and not more:
            _update(self, other)
            return
        if self.is_held and (more or type(other) is not dict or other.get("endpoint", self.first) is not self.first):
            for found in (other, more):
                if "endpoint" in found and not _is_among(found["endpoint"], self.endpoints):
                    raise OtherHandler(control=ACCESS, status=403, reason=OTHER_HANDLER.reason)
        dict.update(self, other, **more)

    def agrees(self) -> bool:
        """Whether the router took the handler that the decision was made for."""
        endpoint = self.get("endpoint")
        return endpoint is self.first or _is_among(endpoint, self.endpoints)


def _is_among(endpoint: object, allowed: tuple[object, ...]) -> bool:
    """Whether it is one of them, by identity: what an endpoint says of its own equality counts for nothing."""
    for one in allowed:  # noqa: SIM110  # on the path of every request, and a generator costs more than the answer
        if one is endpoint:
            return True
    return False


def unfit(exchange: Exchange, pipeline: Pipeline, status: int) -> Refusal | None:
    """Why an answer may not leave, or None."""
    native = exchange.native
    if isinstance(native, Watched) and not native.agrees() and status < 300 and pipeline.requires_decision:
        return OTHER_HANDLER
    return pipeline.undecided(exchange, status)
