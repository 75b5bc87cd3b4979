"""From the route that was decided on straight to its handler, without a second look for it and without the stations between.

A router has four on the way, each a coroutine of its own that asks what is known by then. Where all of them are the framework's own, and
say what they said when this was written, none of them is passed; every other request goes the framework's own way.
tests/frameworks/test_straight_route.py holds both ways to the same answers.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.routing import Route, Router

from ringwork.frameworks.reached import Watched

Way = Callable[[Watched, Any, Any, Any], Awaitable[None]]
"""From a scope, what the route says of it, receive and send to the handler's own answer."""

_CALL = ("middleware_stack",)
_HANDLE = ("methods", "join", "HTTPException", "PlainTextResponse", "app")
_SEARCH = (
    "lifespan", "routes", "matches", "Match", "FULL", "update", "handle", "PARTIAL", "get_route_path", "redirect_slashes", "dict",
    "endswith", "rstrip", "NONE", "URL", "RedirectResponse", "str", "default",
)  # fmt: skip
"""The names in the code of what is spared, in their order. Of FastAPI's below as far as a route that matches is concerned."""

_FASTAPI = "fastapi"
_TELEMETRY = "fastapi.telemetry"
_FASTAPIS_HANDLE = ("_get_scope_effective_route_context", "original_route", "methods", "join", "HTTPException", "PlainTextResponse", "app")
_FASTAPIS_SEARCH = (
    "_apply_router_form_limits", "form_limits", "lifespan", "routes", "matches", "Match", "FULL", "_update_scope", "_route_selected",
    "getattr", "isinstance", "routing", "Mount", "handle", "PARTIAL",
)  # fmt: skip


def way_to(router: Any, route: Any) -> Way | None:
    """The way to the handler of `route`, which stands in `router` itself; None where somebody else's code stands on it."""
    reads_so = _says(type(router), Router, "__call__", _CALL) and router.middleware_stack == router.app
    if not reads_so or "handle" in vars(route):
        return None
    if _says(type(router), Router, "app", _SEARCH) and _says(type(route), Route, "handle", _HANDLE):
        return _starlettes(router, route)
    fastapi: Any = sys.modules.get("fastapi.routing")
    if fastapi is None or getattr(fastapi, "_FASTAPI_SCOPE_KEY", "") != _FASTAPI or not _says(Route, Route, "handle", _HANDLE):
        return None
    if not _says(type(router), fastapi.APIRouter, "app", _FASTAPIS_SEARCH):
        return None
    return _fastapis(router, route) if _says(type(route), fastapi.APIRoute, "handle", _FASTAPIS_HANDLE) else None


def _says(kind: type, origin: type, name: str, names: tuple[str, ...]) -> bool:
    """Whether a method is the framework's own, and its code begins with these names. Against one that does more on the way."""
    method: Any = getattr(kind, name)
    return method is getattr(origin, name) and getattr(getattr(method, "__code__", None), "co_names", ())[: len(names)] == names


def _as_ever(router: Any, scope: Watched, receive: Any, send: Any) -> Awaitable[None]:
    """The framework's own way, by its own list: what the first of it was asked for at its first request may be another's by now."""
    scope.shown = None
    return router(scope, receive, send)  # type: ignore[no-any-return]  # an ASGI application


def _starlettes(router: Any, route: Any) -> Way:
    stack, called, handle, own = router.middleware_stack, type(router).__call__, type(route).handle, vars(route)

    def straight(scope: Watched, said: Any, receive: Any, send: Any) -> Awaitable[None]:
        # Against a tool that puts its own round a method of the framework's after the first request.
        is_whole = type(router).__call__ is called and type(route).handle is handle and "handle" not in own
        if not is_whole or router.middleware_stack is not stack:
            return _as_ever(router, scope, receive, send)
        scope.shown = None
        if "router" not in scope:
            scope["router"] = router
        scope["route"] = route
        scope.update(said)
        return route.app(scope, receive, send)  # type: ignore[no-any-return]  # an ASGI application

    return straight


def _fastapis(router: Any, route: Any) -> Way:
    """The same; a request that is measured, limited, or inside another one of FastAPI's routes goes the long way."""
    stack, called, handle, base, own = router.middleware_stack, type(router).__call__, type(route).handle, Route.handle, vars(route)

    def straight(scope: Watched, said: Any, receive: Any, send: Any) -> Awaitable[None]:
        # As above; FastAPI's own handling ends in Starlette's.
        is_whole = type(router).__call__ is called and type(route).handle is handle and Route.handle is base and "handle" not in own
        is_whole = is_whole and router.middleware_stack is stack
        if not is_whole or router.form_limits or _FASTAPI in scope or _TELEMETRY in scope or _FASTAPI in said:
            return _as_ever(router, scope, receive, send)
        scope.shown = None
        if "router" not in scope:
            scope["router"] = router
        scope.update(said)
        return route.app(scope, receive, send)  # type: ignore[no-any-return]  # an ASGI application

    return straight
