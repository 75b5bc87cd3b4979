"""Whether a request decides which fields of an object are set: tried by an ordinary user, and read in source.

Against the form that also sends `is_admin=1`.
"""

from __future__ import annotations

from ringwork.names import CheckId
from ringwork.prove import objects, reading
from ringwork.prove.assigning import Assigning
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Outcome
from ringwork.prove.witness import Cast

CONTROL = "access.mass-assignment"
_UNLOCK = "declare an ordinary user: [[prove.users]]"
_SETTLE = "take fields that decide what somebody may do out of what the route accepts, or ask a role for the route"


def extra_field(stage: Stage) -> Evidence:
    """What the application sets itself, sent along with each request that makes or changes something."""
    check = CheckId(f"{CONTROL}/extra-field")
    cast = Cast(stage)
    pair = objects.two_of_a_kind(cast)
    mine = pair[0] if pair is not None else objects.ordinary(cast)
    if mine is None:
        return Evidence(check=check, not_verified="no ordinary user can sign in", unlock=_UNLOCK)
    seen = tuple(Assigning(cast=cast, mine=mine, theirs=pair[1] if pair is not None else None).run())
    if not seen:
        return Evidence(check=check, not_applicable="no route keeps what a request brings")
    unlock = _SETTLE if any(one.outcome is Outcome.UNCLEAR for one in seen) else ""
    return Evidence(check=check, observations=seen, unlock=unlock)


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/extra-field"), kind=Kind.LIVE, run=extra_field, planted=ProbeRoute.ASSIGNS),
    reading.check(f"{CONTROL}/direct-binding"),
)
