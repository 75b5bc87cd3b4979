"""Handlers of Litestar: functions, and methods of controllers, under `@get`, `@post` and the like.

Source: https://docs.litestar.dev/2/usage/routing/handlers.html, https://docs.litestar.dev/2/usage/requests.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.taint import ir
from ringwork.survey.taint.handlers import Brought, Handler
from ringwork.survey.taint.routes_entry import entry, names_of, segments
from ringwork.survey.taint.routes_parameters import Reading
from ringwork.survey.taint.routes_scope import Scope, argument, dotted, text
from ringwork.survey.taint.units import Defined

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head"})
_GIVEN = {
    "request": Brought(type="litestar.connection.Request", is_text=False),
    "socket": Brought(type="litestar.connection.WebSocket", is_text=False),
    "query": Brought(source="query"),
    "headers": Brought(source="header"),
    "cookies": Brought(source="cookie"),
    "body": Brought(source="body", type="builtins.bytes"),
    "state": Brought(is_text=False),
    "scope": Brought(is_text=False),
}
"""Parameters that are known by their name alone; `data` is the body."""


def handlers(scope: Scope, own: Defined, decorator: ir.Expression) -> Iterator[Handler]:
    """@get("/notes/{number:int}"), @route(path="/notes", http_method=["GET"]), @websocket("/live"), @websocket_listener("/live")."""
    call = decorator if isinstance(decorator, ir.Call) else None
    name = dotted(scope, call.function if call is not None else decorator)
    verb = name.rpartition(".")[2]
    if not name.startswith("litestar.") or verb not in {*_VERBS, "route", "websocket", "websocket_listener"}:
        return
    given = text(scope, argument(call, 0, "path"), gaps=True) if call is not None else None
    path = f"{_above(scope, own)}/{(given or '').strip('/')}".rstrip("/") or "/"
    read = Reading(scope, segments(path)).of(own, skip_self=own.owner is not None)
    brought = {name: _GIVEN.get(name, read[name]) for name in names_of(own) if name in read}
    if "data" in brought:
        source = "message" if verb == "websocket_listener" else "body"
        brought["data"] = Brought(source=source, type=read["data"].type, is_text=read["data"].is_text, items=read["data"].items)
    kind = "websocket" if verb.startswith("websocket") else "http"
    yield entry(own, "litestar", path=path, methods=(verb,) if verb in _VERBS else (), brought=brought, kind=kind)


def _above(scope: Scope, own: Defined) -> str:
    """The path of the controller that a method stands in."""
    for part in own.owner.node.body if own.owner is not None else ():
        if isinstance(part, ir.Assign) and any(isinstance(one, ir.Name) and one.id == "path" for one in part.targets):
            return f"/{(text(scope, part.value) or '').strip('/')}".rstrip("/")
    return ""
