"""What has no rule is refused.

Against the route, method or mount that is reachable because nobody thought of protecting it, and against a request that
reaches a handler under another method than the rule was written for. Source: ASVS 5.0, 8.2.1 and 8.3.1; CWE-862, CWE-650.
"""

from __future__ import annotations

from collections.abc import Sequence

from ringwork.enforce.guard import Decision, Enter, Guard, Hooks, Refusal, Site
from ringwork.exchange import Exchange
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Own, Public, Requires, Route, Signed
from ringwork.words import Words

CONTROL = ControlId("access.deny-by-default")

DROPS = frozenset({b"x-http-method-override", b"x-http-method", b"x-method-override"})
"""Against verb tampering: the method that was decided on is the only one the application can read."""


class DenyByDefaultSettings(Frozen):
    """There is nothing to set: rules stand on the routes, and who is not signed in is identity.authentication-required's."""


class DenyByDefaultReason(Words):
    """Why a request was refused."""

    NO_RULE = "no-rule"
    UNKNOWN_RULE = "unknown-rule"
    WRONG_ROLE = "wrong-role"
    UNCHECKED_SIGNATURE = "unchecked-signature"


def plan(settings: DenyByDefaultSettings, site: Site, route: Route | None) -> Hooks:
    """The decision of one route, ready made; a public route costs nothing."""
    if route is None:
        return Hooks(drops=DROPS)
    rule = route.rule
    if isinstance(rule, Public | Own):
        return Hooks(drops=DROPS)
    if isinstance(rule, Requires):
        return Hooks(drops=DROPS, enter=_require(rule.roles) if rule.roles else None)
    if isinstance(rule, Signed):
        if site.checks_messages:
            return Hooks(drops=DROPS)
        # Against `only`, which would leave the guard out that this rule means.
        detail = "the route takes signed messages, and data.message-integrity is not switched on"
        return Hooks(drops=DROPS, enter=_always(_refuse(403, DenyByDefaultReason.UNCHECKED_SIGNATURE, detail)))
    if rule is None:
        detail = 'the route has no rule; mark its handler with requires(...) or public("reason")'
        return Hooks(drops=DROPS, enter=_always(_refuse(403, DenyByDefaultReason.NO_RULE, detail)))
    # Against a rule of a later version that this guard cannot read: what is not understood is refused.
    detail = f"the rule is a {type(rule).__name__}, which is unknown here; write requires(...) or public(...)"
    return Hooks(drops=DROPS, enter=_always(_refuse(403, DenyByDefaultReason.UNKNOWN_RULE, detail)))


def faults(settings: DenyByDefaultSettings) -> Sequence[str]:
    """What is wrong with the settings: there are none."""
    return ()


def _require(roles: frozenset[str]) -> Enter:
    stranger = _refuse(403, DenyByDefaultReason.WRONG_ROLE, f"the rule asks for one of: {', '.join(sorted(roles))}")

    def enter(exchange: Exchange) -> Decision:
        principal = exchange.principal
        # Nobody has no role: a rule that names one holds without identity.authentication-required too.
        return stranger if principal is None or roles.isdisjoint(principal.roles) else None

    return enter


def _always(refusal: Refusal) -> Enter:
    return lambda exchange: refusal


def _refuse(status: int, reason: DenyByDefaultReason, detail: str) -> Refusal:
    return Refusal(control=CONTROL, status=status, reason=reason.value, detail=detail)


GUARD: Guard[DenyByDefaultSettings] = Guard(control=CONTROL, settings=DenyByDefaultSettings, plan=plan, faults=faults)
