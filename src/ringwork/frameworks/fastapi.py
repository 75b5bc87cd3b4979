"""FastAPI: included routers are live and nested, so its own walk is used to see into them (FastAPI 0.137 and later).

What stands here reads a few of FastAPI's private names, since there is no public accessor; tests/frameworks/test_fastapi.py
compares what is listed with what is served, so that a change there is seen at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Router

from ringwork.crypto.integrity import integrity_of
from ringwork.enforce.guard import Surroundings
from ringwork.frameworks import depended, starlette
from ringwork.frozen import Frozen, replace
from ringwork.installation import Installation
from ringwork.route import Route


class Frontend(Frozen):
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
        if hasattr(route, "original_router"):
            yield from _inside(route, ())
        else:
            yield route, route, ()
    frontends = [*_frontends(router, "", ())]
    # The most specific first, because that is the one FastAPI prefers among front ends.
    for frontend, marked in sorted(frontends, key=lambda pair: -len(pair[0].path)):
        yield frontend, frontend.route, marked


def _inside(included: Any, outer: starlette.Marked) -> Iterator[tuple[Any, BaseRoute, starlette.Marked]]:
    """The routes of one inclusion. Against a router that is included in two places: each is read under the routers around it there."""
    marked: starlette.Marked = (("router", included.original_router), *outer)
    for candidate in included.effective_candidates():
        if hasattr(candidate, "original_router"):
            yield from _inside(candidate, marked)
        else:
            yield candidate.starlette_route or candidate, candidate.original_route, marked


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


def look_round(app: FastAPI) -> Surroundings:
    """What guards may look at when the application starts."""
    return replace(starlette.look_round(app, lister=included_routes), framework="fastapi")


def prepare(app: FastAPI) -> None:
    """What is done once, when the application starts."""
    starlette.prepare(app, lister=included_routes)


def install(app: FastAPI, installation: Installation) -> None:
    """Put ringwork into `app`, in place."""
    _note_inline_scripts(app)
    depended.let_marks_be_awaited()
    starlette.install(app, installation, lister=included_routes)


_INLINE = rb"<script>(.*?)</script>"


def _note_inline_scripts(app: FastAPI) -> None:
    """Note on FastAPI's own documentation pages the hashes of their inline scripts, which differ from application to application.

    Against 'unsafe-inline' for the one page that nobody of the application wrote: its policy can name these scripts and no other.
    """
    for route in app.router.routes:
        endpoint: Any = getattr(route, "endpoint", None)
        if getattr(endpoint, "__module__", "") != "fastapi.applications" or "swagger" not in getattr(endpoint, "__name__", ""):
            continue
        making = endpoint(Request({"type": "http", "headers": [], "root_path": app.root_path}))
        try:
            making.send(None)
        except StopIteration as made:
            hashes = [integrity_of(script, algorithm="sha256") for script in re.findall(_INLINE, made.value.body, re.DOTALL)]
            endpoint.__ringwork_inline__ = tuple(hashes)
        else:
            making.close()  # it waits for something, so it is not the page that was known when this was written
