"""Django's patterns as routes: the rule that stands before each, and what its requests are held to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ringwork import own_checks
from ringwork.frameworks import django_checks, django_csrf, django_ninja, telltales
from ringwork.frameworks.django_routes import Entry, Marked, class_of, entries, told_of, written_function
from ringwork.frameworks.handlers import handler_behind
from ringwork.installation import NOTHING, FoundRule, Installation
from ringwork.policy.declare import cacheable_among, limits_among, rated_among, waived_among
from ringwork.route import Public, Route, RouteKind


def list_patterns(urlconf: Any, installation: Installation | None) -> list[Route]:
    """Every pattern below a URLconf; one route for each method of a class that carries a mark of its own."""
    return [route for entry in entries(urlconf) for route in _routes(entry, installation)]


def _routes(entry: Entry, installation: Installation | None) -> Iterator[Route]:
    for method in sorted(entry.by_method):
        # HEAD is answered by the same code as GET, so it is not listed apart.
        if method != "HEAD" or "GET" not in entry.by_method:
            yield to_route(entry, installation, method)
    if not entry.by_method or entry.methods - set(entry.by_method):
        yield to_route(entry, installation, None)


def to_route(entry: Entry, installation: Installation | None, method: str | None, *, exempt: str = "") -> Route:
    """One pattern in ringwork's words. method: for a single method that is decided on by itself, None for the others.

    exempt: why this request needs no proof of origin, "" where it does.
    """
    marked: Marked = (*(entry.by_method.get(method, ()) if method else ()), *entry.marked)
    methods = _methods(entry, method)
    found = _rule(entry, methods, marked, installation)
    is_static = django_checks.serves_files(entry.callback)
    return Route(
        kind=RouteKind.STATIC if is_static else RouteKind.HTTP,
        path=entry.path,
        methods=methods,
        handler=handler_behind(_code(entry, methods)),
        rule=found.rule,
        rule_source=found.source,
        seen_checks=() if found.rule else own_checks.seen(entry.callback),
        passed_over=found.passed_over or told_of(entry.callback),
        csrf_exempt=exempt or found.csrf_exempt,
        own_token=django_csrf.own_token(entry.callback),
        limits=limits_among(marked),
        rated=rated_among(marked),
        sends_files=is_static or django_checks.asks_to_serve(entry.callback) or telltales.sends_files(entry.callback, entry.path),
        cacheable=cacheable_among(marked),
        waived=waived_among(marked),
        swallows=entry.swallows,
        takes_any=entry.is_open_ended,
    )


def _code(entry: Entry, methods: frozenset[str]) -> Any:
    operation = django_ninja.operation(entry.callback, methods)
    kind = class_of(entry.callback)
    if operation is not None or kind is None:
        return operation.view_func if operation is not None else entry.callback
    return written_function(kind) or kind


def _methods(entry: Entry, method: str | None) -> frozenset[str]:
    if method is None:
        return entry.methods - set(entry.by_method)
    return frozenset({"GET", "HEAD"}) if method in {"GET", "HEAD"} and {"GET", "HEAD"} <= entry.methods else frozenset({method})


def _rule(entry: Entry, methods: frozenset[str], marked: Marked, installation: Installation | None) -> FoundRule:
    if installation is None:
        return NOTHING
    named = installation.named_checks()
    own = (*django_checks.standing_before(entry.callback, named), *django_ninja.checks(entry.callback, methods, named))
    found = installation.find_rule(methods, entry.path, marked, own=own)
    if found.rule is None and django_checks.is_open(entry.callback):
        return FoundRule(rule=Public(reason="its author marked it login_not_required"), source="login_not_required", csrf_exempt=None)
    return found
