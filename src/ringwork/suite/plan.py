"""Which tests a proof is told as: one for each check, and one for each route that a check attacks for itself.

Against ids that come and go with what an attack happens to find: they are made of the checks and of the routes alone, before
anything is attacked, so that every worker, every rerun and every selection means the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ringwork.prove.check import Check
from ringwork.suite.asked import RUN, Claim
from ringwork.survey.facts import RouteFacts

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def _http(route: RouteFacts) -> bool:
    return route.kind == "http"


def _changes(route: RouteFacts) -> bool:
    return route.kind == "http" and bool(_CHANGING & set(route.methods))


def _changes_by_form(route: RouteFacts) -> bool:
    return _changes(route) and route.body != "json"


def _changes_or_talks(route: RouteFacts) -> bool:
    return _changes(route) or route.kind == "websocket"


def _read(route: RouteFacts) -> bool:
    return route.kind == "http" and "GET" in route.methods


def _private(route: RouteFacts) -> bool:
    return route.kind in {"http", "websocket"} and route.rule != "public"


def _private_read(route: RouteFacts) -> bool:
    return _read(route) and route.rule != "public"


BY_ROUTE: Mapping[str, Callable[[RouteFacts], bool]] = {
    "access.deny-by-default/policy-error": _private_read,
    "access.deny-by-default/unlisted-method": _http,
    "browser.cache-control/authenticated-responses": _private_read,
    "browser.cache-control/static-suffix": _private_read,
    "browser.content-security-policy/policy-quality": _read,
    "browser.csrf/origin-and-content-type": _changes_or_talks,
    "browser.csrf/token-matrix": _changes_by_form,
    "browser.security-headers/cross-site-load": _private_read,
    "identity.authentication-required/anonymous-sweep": _private,
    "identity.authentication-required/path-variants": _private_read,
}
"""Checks that attack each route for itself, and the routes that each is about. What any check finds elsewhere is told by its own test."""


def claims(checks: Iterable[Check], routes: Sequence[RouteFacts]) -> Iterator[Claim]:
    """The tests, in the order of the checks: the run, then each check with its routes. Every name comes once."""
    yield Claim(check=RUN)
    by_name = {route.name: route for route in reversed(routes)}  # of two with one name the first is served
    for check in checks:
        yield Claim(check=check.id)
        concerns = BY_ROUTE.get(check.id)
        for name in dict.fromkeys(route.name for route in routes) if concerns is not None else ():
            route = by_name[name]
            if concerns is not None and concerns(route):
                yield Claim(check=check.id, route=name, file=route.file, line=route.line)
