"""What has no rule is refused.

Against the route, method or mount that is reachable because nobody thought of protecting it, and against a request that
reaches a handler under another method than the rule was written for. Source: ASVS 5.0, 8.2.1 and 8.3.1; CWE-862, CWE-650.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ringwork.enforce.guard import Decision, Enter, Guard, Hooks, Refusal, Site
from ringwork.exchange import Exchange
from ringwork.names import ControlId
from ringwork.route import Public, Requires, Route

CONTROL = ControlId("access.deny-by-default")

DROPS = frozenset({b"x-http-method-override", b"x-http-method", b"x-method-override"})
"""Against verb tampering: the method that was decided on is the only one the application can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DenyByDefaultSettings:
    """How someone who is not signed in is told so."""

    login_path: str = field(
        default="",
        metadata={
            "doc": 'where page loads without a principal are sent (303), such as "/login"; "" answers 401',
            "unit": "path",
            "source": "our choice",
        },
    )
    challenge: str = field(
        default="Cookie",
        metadata={
            "doc": "WWW-Authenticate of a 401; an unknown scheme such as Cookie opens no password box in a browser",
            "unit": "header value",
            "source": "RFC 9110, 11.6.1 asks for one; our choice",
        },
    )


class DenyByDefaultReason(StrEnum):
    """Why a request was refused."""

    NO_RULE = "no-rule"
    UNKNOWN_RULE = "unknown-rule"
    NOT_AUTHENTICATED = "not-authenticated"
    WRONG_ROLE = "wrong-role"


def plan(settings: DenyByDefaultSettings, site: Site, route: Route | None) -> Hooks:
    """The decision of one route, ready made; a public route costs nothing."""
    if route is None:
        return Hooks(drops=DROPS)
    rule = route.rule
    if isinstance(rule, Public):
        return Hooks(drops=DROPS)
    if isinstance(rule, Requires):
        return Hooks(drops=DROPS, enter=_require(settings, route, rule.roles))
    if rule is None:
        detail = 'the route has no rule; mark its handler with requires(...) or public("reason")'
        return Hooks(drops=DROPS, enter=_always(_refuse(403, DenyByDefaultReason.NO_RULE, detail)))
    # Against a rule of a later version that this guard cannot read: what is not understood is refused.
    detail = f"the rule is a {type(rule).__name__}, which is unknown here; write requires(...) or public(...)"
    return Hooks(drops=DROPS, enter=_always(_refuse(403, DenyByDefaultReason.UNKNOWN_RULE, detail)))


def faults(settings: DenyByDefaultSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found = []
    if settings.login_path and not re.fullmatch(r"/(?![/\\])[!-~]*", settings.login_path):
        found.append('login_path must be a path on this site, with one "/" in front and ASCII throughout, for example "/login"')
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+( [ -~]+)?", settings.challenge):
        found.append('challenge must be a scheme with optional parameters, for example "Cookie" or "Bearer realm=\\"api\\""')
    return found


def _require(settings: DenyByDefaultSettings, route: Route, roles: frozenset[str]) -> Enter:
    nobody = _refuse(401, DenyByDefaultReason.NOT_AUTHENTICATED, headers=((b"www-authenticate", settings.challenge.encode("latin-1")),))
    sent_on = nobody
    # Against an endless redirect: the login page itself, should it ask for a principal, answers 401.
    if settings.login_path and route.path != settings.login_path:
        location = ((b"location", settings.login_path.encode("latin-1")),)
        sent_on = _refuse(303, DenyByDefaultReason.NOT_AUTHENTICATED, headers=location)
    stranger = _refuse(403, DenyByDefaultReason.WRONG_ROLE, f"the rule asks for one of: {', '.join(sorted(roles))}")

    def enter(exchange: Exchange) -> Decision:
        principal = exchange.principal
        if principal is None:
            return sent_on if _is_page_load(exchange) else nobody
        if roles and roles.isdisjoint(principal.roles):
            return stranger
        return None

    return enter


def _is_page_load(exchange: Exchange) -> bool:
    return (
        exchange.method in ("GET", "HEAD")
        and exchange.kind == "http"
        and (exchange.fetch_mode is None or exchange.fetch_mode == b"navigate")
        and exchange.prefers_html
    )


def _always(refusal: Refusal) -> Enter:
    return lambda exchange: refusal


def _refuse(status: int, reason: DenyByDefaultReason, detail: str = "", headers: tuple[tuple[bytes, bytes], ...] = ()) -> Refusal:
    return Refusal(control=CONTROL, status=status, reason=reason.value, detail=detail, headers=headers)


GUARD: Guard[DenyByDefaultSettings] = Guard(control=CONTROL, settings=DenyByDefaultSettings, plan=plan, faults=faults)
