"""Starlette's routers: the lists in which their routes stand, and the part of a path that each of them reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.routing import Host, Router


def watched_lists(router: Router) -> Iterator[tuple[Any, str, list[Any]]]:
    """The lists that tell that a route came or went, with owner and attribute: the router's own, and those of included routers."""
    seen: set[int] = set()
    waiting: list[Any] = [router]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current, "routes", current.routes
        low = getattr(current, "_low_priority_routes", None)
        if isinstance(low, list):
            yield current, "_low_priority_routes", low
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
