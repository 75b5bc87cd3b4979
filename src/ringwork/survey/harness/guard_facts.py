"""What an installed guard says of itself: its policy as plain facts, for checks and reports."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from ringwork.installation import Installation
from ringwork.own_users import no_roles
from ringwork.policy.known_by import KnownBy
from ringwork.route import Route
from ringwork.survey import facts

_TOLD_SETTINGS = (
    "authentication_required",
    "cors",
    "open_redirect",
    "hsts",
    "mutual_tls",
    "tls_configuration",
    "tls_required",
    "trusted_proxies",
    "request_limits",
    "certificate_lifecycle",
    "certificate_verification",
)


def collect(installation: Installation, class_of: Callable[[Any, Route], Any]) -> facts.GuardFacts:
    """What reports and checks know of the guard. class_of: the rate that the settings of its limits give a route."""
    policy = installation.policy
    exceptions = getattr(policy.cookie_attributes, "exceptions", ())
    return facts.GuardFacts(
        mode=installation.mode.value,
        rates={route.name: _rate_class(installation, route, class_of) for route in installation.list_routes()},
        controls=tuple(installation.pipeline.controls),
        origin=policy.origin,
        hosts=tuple(policy.hosts),
        identify=_named(policy.identify),
        gives_roles=_gives_roles(policy.identify),
        in_code=installation.in_code,
        settings={name: dataclasses.asdict(getattr(policy, name)) for name in _TOLD_SETTINGS}
        | {"events": _named(policy.events), "cacheable": _cacheable(installation)},
        cookie_exceptions=tuple(facts.CookieException(name=e.name, reason=e.reason) for e in exceptions),
        waivers=tuple(
            facts.WaiverFacts(control=w.control, reason=w.reason, owner=w.owner, until=w.until.isoformat(), route=w.route)
            for w in policy.waivers
        ),
    )


def _cacheable(installation: Installation) -> dict[str, str]:
    """Routes whose answers may be kept, by mark or by setting, with the reason."""
    named = installation.policy.cache_control.cacheable
    found = {route.name: next((one.reason for one in named if route.is_named(one.route)), "") for route in installation.list_routes()}
    marked = {route.name: route.cacheable.reason for route in installation.list_routes() if route.cacheable is not None}
    return {name: reason for name, reason in {**found, **marked}.items() if reason}


def _rate_class(installation: Installation, route: Route, class_of: Callable[[Any, Route], Any]) -> str:
    found = class_of(installation.policy.rate_limiting, route)
    return f"{found.name}: {found.reason}" if found.reason else found.name


def _gives_roles(identify: Any) -> bool:
    """Whether whoever is signed in may have a role. True where that cannot be known from here."""
    if isinstance(identify, KnownBy):
        return bool(identify.roles or identify.function or identify.dependency or identify.django_user)
    cells = getattr(identify, "__closure__", None) or ()
    named = dict(zip(identify.__code__.co_freevars, cells, strict=True)) if cells else {}
    return "roles" not in named or named["roles"].cell_contents is not no_roles


def _named(identify: object) -> str:
    if identify is None or isinstance(identify, str):
        return identify or ""
    return f"{getattr(identify, '__module__', '')}:{getattr(identify, '__qualname__', type(identify).__qualname__)}"
