"""The routers of mounted applications, watched as the outermost one is.

Against a middleware of the mounted application that hands on a copy of the scope, with another path in it: the copy told nobody which
handler was reached, and the decision was made for the path that came. And against one that makes a link into a form there.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from ringwork.exchange import Exchange
from ringwork.frameworks import asgi, reached
from ringwork.frameworks.asgi_deciding import Receive
from ringwork.frameworks.asgi_sending import Send


class Watching:
    """Stands right before a mounted router looks for its route."""

    __slots__ = ("search",)

    def __init__(self, search: asgi.App) -> None:
        self.search = search

    def __call__(self, scope: asgi.Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Hand on; a copy of a watched scope is watched as that was, and is what the answer is held against."""
        exchange = scope.get(asgi.KEY)
        if isinstance(exchange, Exchange) and isinstance(native := exchange.native, reached.Watched):
            if not isinstance(scope, reached.Watched):
                scope = exchange.native = native.again(scope)
            if native.is_held and scope.get("method", exchange.method) != exchange.method:
                self._look_at_method(exchange, scope["method"])
        return self.search(scope, receive, send)

    @staticmethod
    def _look_at_method(exchange: Exchange, method: str) -> None:
        """Refuse a request that became unsafe behind its decision; one that was decided on as such goes on."""
        was_remade = exchange.is_remade
        exchange.handed_on(method)
        if exchange.is_remade and not was_remade:
            raise reached.OtherHandler(control=reached.OTHER_HANDLER.control, status=403, reason=reached.OTHER_HANDLER.reason)


def watch(router: Any) -> None:
    """Put the watch into a router, in place and once: behind its own middleware, which is inside of its application's."""
    holder, name = router, "middleware_stack"
    while (current := getattr(holder, name, None)) is not None and not isinstance(current, Watching):
        if getattr(current, "__self__", None) is router:
            setattr(holder, name, Watching(current))
            return
        holder, name = current, "app"
