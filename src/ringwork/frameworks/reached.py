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


class Watched(dict[str, Any]):
    """A scope that tells when a router reaches a handler: routers note the endpoint by `update`, right before they call it.

    allowed: the endpoints that were decided on; None while nothing is held back.
    """

    __slots__ = ("allowed",)

    allowed: tuple[object, ...] | None

    @classmethod
    def over(cls, scope: Scope) -> Watched:
        """`scope` itself when it is watched already; a middleware may have copied it into a plain one."""
        watched = scope if isinstance(scope, cls) else cls(scope)
        watched.allowed = None
        return watched

    def update(self, *others: Any, **more: Any) -> None:
        """As a dictionary's, and against an effect before its refusal: another handler is stopped before it runs."""
        allowed = self.allowed
        if allowed is not None:
            for found in (*others, more) if more else others:
                if "endpoint" in found and not _is_among(found["endpoint"], allowed):
                    raise OtherHandler(control=ACCESS, status=403, reason=OTHER_HANDLER.reason)
        super().update(*others, **more)


class Dispatched:
    """What was decided on, to be compared with what the router really reached."""

    __slots__ = ("scope", "endpoints")

    def __init__(self, scope: Scope, endpoints: tuple[object, ...]) -> None:
        self.scope, self.endpoints = scope, endpoints

    def agrees(self) -> bool:
        """Whether the router took the handler that the decision was made for."""
        return _is_among(self.scope.get("endpoint"), self.endpoints)


def _is_among(endpoint: object, allowed: tuple[object, ...]) -> bool:
    """Whether it is one of them, by identity: what an endpoint says of its own equality counts for nothing."""
    for one in allowed:  # noqa: SIM110  # on the path of every request, and a generator costs more than the answer
        if one is endpoint:
            return True
    return False


def unfit(exchange: Exchange, pipeline: Pipeline, status: int) -> Refusal | None:
    """Why an answer may not leave, or None."""
    native = exchange.native
    if isinstance(native, Dispatched) and not native.agrees() and status < 300 and pipeline.requires_decision:
        return OTHER_HANDLER
    return pipeline.undecided(exchange, status)
