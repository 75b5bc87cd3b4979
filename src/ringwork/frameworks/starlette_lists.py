"""Starlette's routers: the lists in which their routes stand, and the part of a path that each of them reads."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from starlette.routing import Host, Match, Router


def reader(router: Router) -> Callable[[], tuple[list[Any], ...]]:
    """What reads the lists that tell that a route came or went, as they are: the router's own, and those of included routers."""
    watched = [*_watched(router)]
    owner, names = watched[0][0], [name for _, name in watched]
    if len(watched) > 1 and all(one is owner for one, _ in watched):
        return functools.partial(operator.attrgetter(*names), owner)  # of every request: without a step of the interpreter
    return lambda: tuple([getattr(one, name) for one, name in watched])


def _watched(router: Router) -> Iterator[tuple[Any, str]]:
    seen: set[int] = set()
    waiting: list[Any] = [router]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current, "routes"
        if isinstance(getattr(current, "_low_priority_routes", None), list):
            yield current, "_low_priority_routes"
        waiting += [inner for route in current.routes if (inner := getattr(route, "original_router", None)) is not None]


def literal_segments(matcher: object) -> list[str]:
    """What the path of a route begins with, as far as it has no parameter."""
    path = getattr(matcher, "path", None)
    if not isinstance(path, str) or isinstance(matcher, Host):
        return []
    segments = []
    for segment in path[1:].split("/"):
        if "{" in segment or segment == "":
            break
        segments.append(segment)
    return segments


def route_path(scope: Mapping[str, Any]) -> str:
    """The part of the path that this router reads; the rest belongs to the mounts above (starlette._utils.get_route_path)."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    if not root:
        return path
    if path.startswith(root) and (path == root or path[len(root)] == "/"):
        return path[len(root) :]
    return path


class Unmatched:
    """Stands for a router's default, which takes whatever path no route took."""

    @staticmethod
    def matches(_: object) -> tuple[Match, dict[str, Any]]:
        """As a route's own."""
        return Match.FULL, {}


def own_default(router: Router) -> Any:
    """What the router calls for a path that none of its routes takes; None where that is its own 404."""
    default = router.default
    return None if getattr(default, "__func__", None) is Router.not_found else default
