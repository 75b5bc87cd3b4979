"""Every way in asks who is there, unless it was declared public.

Against the forgotten route, method, mount or side door that serves anonymous callers, and against a rule that asks for a user
where nothing can tell who a user is. Source: ASVS 5.0, 8.2.1 and 6.3.4; CWE-306, CWE-287.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import field

from ringwork.enforce.guard import Decision, Guard, Hooks, Refusal, Site, Surroundings
from ringwork.exchange import Exchange, Header
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Own, Public, Requires, Route, Signed
from ringwork.words import Words

CONTROL = ControlId("identity.authentication-required")

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, 9.2.1), so that their answer can be judged when it is there."""


class AuthenticationRequiredSettings(Frozen):
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


class AuthenticationRequiredReason(Words):
    """Why a request was refused."""

    NOT_AUTHENTICATED = "not-authenticated"


def plan(settings: AuthenticationRequiredSettings, site: Site, route: Route | None) -> Hooks:
    """The decision of one route, ready made; a public route costs nothing."""
    if route is None or route.rule is None or isinstance(route.rule, Public):
        # What has no rule at all is refused by access.deny-by-default, to those who are signed in as well.
        return Hooks()
    if isinstance(route.rule, Signed) and site.checks_messages:
        # The message says who sent it; data.message-integrity stands before it.
        return Hooks()
    if isinstance(route.rule, Own) and not site.identifies:
        # Nothing here can tell who is asking: the application's own check, which stands before the handler, decides.
        return Hooks()
    if isinstance(route.rule, Own):
        return _beside(settings, route)
    # Against a rule of a later version that this guard cannot read: whatever is not declared public asks who is there.
    return Hooks(enter=_ask(settings, route))


def faults(settings: AuthenticationRequiredSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found = []
    if settings.login_path and not re.fullmatch(r"/(?![/\\])[!-~]*", settings.login_path):
        found.append('login_path must be a path on this site, with one "/" in front and ASCII throughout, for example "/login"')
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+( [ -~]+)?", settings.challenge):
        found.append('challenge must be a scheme with optional parameters, for example "Cookie" or "Bearer realm=\\"api\\""')
    return found


def at_start(settings: AuthenticationRequiredSettings, site: Site, around: Surroundings, routes: Sequence[Route]) -> Sequence[str]:
    """Rules that ask for a principal where nothing finds one, and a login page that asks for a login."""
    found = list[str]()
    asking = [route for route in routes if isinstance(route.rule, Requires)]
    if asking and not site.identifies and not site.knows_services:
        # Against a check that accepts whatever it cannot verify: no verifier is a fault at start, and never a way in.
        found.append(
            f"{len(asking)} route(s) require a principal and `identify` is not set, so nobody can enter; "
            "set it, for example identify=ringwork.identify.flask_login()"
        )
    here = settings.login_path.partition("?")[0]
    shut = [route.name for route in asking if here and route.path == here and "GET" in route.methods]
    if shut:
        found.append(
            f'login_path: {shut[0]} asks for a principal itself, so nobody can sign in there; mark it public("where one signs in")'
        )
    return found


def _ask(settings: AuthenticationRequiredSettings, route: Route) -> Callable[[Exchange], Refusal | None]:
    nobody = _refuse(401, headers=((b"www-authenticate", settings.challenge.encode("latin-1")),))
    sent_on = nobody
    # Against an endless redirect: the login page itself, should it ask for a principal, answers 401.
    if settings.login_path and route.path != settings.login_path.partition("?")[0]:
        sent_on = _refuse(303, headers=((b"location", settings.login_path.encode("latin-1")),))

    def enter(exchange: Exchange) -> Refusal | None:
        if exchange.principal is not None:
            return None
        return sent_on if _is_page_load(exchange) else nobody

    return enter


def _beside(settings: AuthenticationRequiredSettings, route: Route) -> Hooks:
    """For a route that the application's own check guards: who only reads is refused in its words, to its own login, and watched here."""
    ask = _ask(settings, route)
    nobody = _refuse(401, headers=((b"www-authenticate", settings.challenge.encode("latin-1")),))

    def enter(exchange: Exchange) -> Decision:
        # Against an effect before its refusal: what changes something, or stays open, is not left to be judged by its answer.
        return ask(exchange) if exchange.method not in SAFE or exchange.kind == "websocket" else None

    def judge(exchange: Exchange, status: int, headers: list[Header]) -> Refusal | None:
        # Against a check that let somebody through whom `identify` does not know: no success leaves for nobody.
        return nobody if status < 300 and exchange.principal is None and exchange.method != "OPTIONS" else None

    return Hooks(enter=enter, judge=judge, judge_when=lambda exchange: exchange.principal is None)


def _is_page_load(exchange: Exchange) -> bool:
    return (
        exchange.method in ("GET", "HEAD")
        and exchange.kind == "http"
        and (exchange.fetch_mode is None or exchange.fetch_mode == b"navigate")
        and exchange.prefers_html
    )


def _refuse(status: int, *, headers: tuple[tuple[bytes, bytes], ...]) -> Refusal:
    reason = AuthenticationRequiredReason.NOT_AUTHENTICATED.value
    return Refusal(control=CONTROL, status=status, reason=reason, headers=headers)


GUARD: Guard[AuthenticationRequiredSettings] = Guard(
    control=CONTROL, settings=AuthenticationRequiredSettings, plan=plan, faults=faults, at_start=at_start
)
