"""When something breaks, the answer is no.

Against an exception, a hanging store or a missing layer that lets the request through: a guard that fails refuses, each within a
deadline, and a start in production is refused unless every layer of ringwork stands where it was put.
Source: ASVS 5.0, 16.5.2 and 16.5.3; CWE-636, CWE-703; OWASP Top 10 2025, A10.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import field

from ringwork.enforce.guard import Guard, Hooks, Refusal, Site, Surroundings
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route
from ringwork.words import Words

CONTROL = ControlId("output.fail-closed")

LONGEST_SECONDS = 60.0


class FailClosedSettings(Frozen):
    """How long a guard may wait, and what may stand round ringwork."""

    guard_seconds: float = field(
        default=5.0,
        metadata={
            "doc": "longest time that a store may keep a guard waiting; then the request is refused with 503",
            "unit": "seconds, above 0 and at most 60",
            "source": "ASVS 16.5.2 asks for a bound; number our choice",
        },
    )
    allowed_outside: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": 'layers that may stand outside ringwork, by dotted name of class ("tracing.Middleware"); no guard sees what they answer',
            "unit": "dotted names",
            "source": "our choice",
        },
    )


class FailClosedReason(Words):
    """Why a request was refused."""

    GUARD_FAILED = "guard-failed"
    GUARD_HUNG = "guard-hung"


def plan(settings: FailClosedSettings, site: Site, route: Route | None) -> Hooks:
    """No hook: the pipeline asks `refusal_for` where a guard fails, and guards ask `site.closes` where a store does."""
    return Hooks()


def refusal_for(error: BaseException) -> Refusal:
    """The refusal of a request one of whose guards raised `error`; its text stays in the log."""
    # Against a broken check that counts as passed: whatever a guard did not decide is refused.
    hung = isinstance(error, TimeoutError)
    reason = FailClosedReason.GUARD_HUNG if hung else FailClosedReason.GUARD_FAILED
    words = "waited longer than fail_closed.guard_seconds" if hung else f"raised {type(error).__name__}"
    return Refusal(control=CONTROL, status=503, reason=reason.value, detail=f"a guard {words}")


def faults(settings: FailClosedSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found = []
    if not (math.isfinite(settings.guard_seconds) and 0 < settings.guard_seconds <= LONGEST_SECONDS):
        found.append(f"guard_seconds: {settings.guard_seconds:g} is out of range; write a number above 0 and at most 60, for example 5.0")
    found += [
        f'allowed_outside[{i}]: {name!r} is no dotted name; write module and class, for example "tracing.asgi.Middleware"'
        for i, name in enumerate(settings.allowed_outside)
        if not name.replace(".", "a").isidentifier() or "." not in name.strip(".")
    ]
    return found


def at_start(settings: FailClosedSettings, site: Site, around: Surroundings, routes: Sequence[Route]) -> Sequence[str]:
    """The layers of ringwork that were taken out, wrapped or moved since `protect`, as the adapter found them."""
    # Against a layer that somebody removed, or put another one round, without knowing what it held.
    return [fault for fault in around.layers if fault.partition(" ")[0] not in settings.allowed_outside]


GUARD: Guard[FailClosedSettings] = Guard(control=CONTROL, settings=FailClosedSettings, plan=plan, faults=faults, at_start=at_start)
