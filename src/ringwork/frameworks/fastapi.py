"""FastAPI: included routers are live and nested, so its own walk is used to see into them (FastAPI 0.137 and later).

What stands here reads a few of FastAPI's private names, since there is no public accessor; tests/frameworks/test_fastapi.py
compares what is listed with what is served, so that a change there is seen at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Match, Router

from ringwork.frameworks import starlette
from ringwork.installation import Installation
from ringwork.route import Route


@dataclass(frozen=True, slots=True)
class Frontend:
    """Files of a front end, served where no other route matches."""

    path: str
    app: Any
    methods: frozenset[str]
    route: Any

    def matches(self, scope: Any) -> tuple[Match, Any]:
        """Whether this front end holds the path."""
        found: tuple[Match, Any] = self.route.matches_with_path(scope, self.path)
        return found


def included_routes(router: Router) -> Iterator[tuple[Any, BaseRoute, starlette.Marked]]:
    """Every route with what matches it and the routers around it, innermost first; front ends last, as FastAPI tries them."""
    for route in router.routes:
        chains = _chains(route)
        for context in iter_route_contexts([route]):
            inner = context._route_context  # noqa: SLF001
            matcher = context.route if inner is None else (inner.starlette_route or inner)
            yield matcher, context.original_route, _around(context.original_route, chains)
    frontends = [*_frontends(router, "", ())]
    # The most specific first, because that is the one FastAPI prefers among front ends.
    for frontend, marked in sorted(frontends, key=lambda pair: -len(pair[0].path)):
        yield frontend, frontend.route, marked


def _chains(route: Any) -> list[tuple[Any, ...]]:
    """For each router inside an included one: itself and the routers around it, innermost first."""
    found: list[tuple[Any, ...]] = []
    waiting: list[tuple[Any, tuple[Any, ...]]] = [(route, ())]
    while waiting:
        included, outer = waiting.pop()
        router = getattr(included, "original_router", None)
        if router is None or router in outer:
            continue
        found.append((router, *outer))
        waiting += [(child, (router, *outer)) for child in router.routes]
    return found


def _around(original: BaseRoute, chains: list[tuple[Any, ...]]) -> starlette.Marked:
    for chain in chains:
        if any(original is route for route in chain[0].routes):
            return tuple(("router", router) for router in chain)
    return ()


def _frontends(router: Any, prefix: str, marked: starlette.Marked) -> Iterator[tuple[Frontend, starlette.Marked]]:
    group = getattr(router, "_frontend_routes", None)
    for route in group.routes if group is not None else ():
        path = route.path if not prefix else prefix + route.path.rstrip("/")
        yield Frontend(path=path, app=route.app, methods=frozenset(route.methods), route=route), marked
    for included in router.routes:
        inner = getattr(included, "original_router", None)
        if inner is not None:
            yield from _frontends(inner, prefix + included.include_context.prefix, (("router", inner), *marked))


def list_routes(app: FastAPI, *, installation: Installation | None = None) -> list[Route]:
    """Every way into `app`, included routers and front ends too."""
    return starlette.list_routes(app, installation=installation, lister=included_routes)


def install(app: FastAPI, installation: Installation) -> None:
    """Put ringwork into `app`, in place."""
    starlette.install(app, installation, lister=included_routes)
