"""Whether text of a user comes back as markup: written and looked for on every page, and read in source.

Against a script in the name of an order.
"""

from __future__ import annotations

from ringwork.names import CheckId
from ringwork.prove import displaying, reading
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence
from ringwork.prove.witness import Cast

CONTROL = "output.xss"


def context_markers(stage: Stage) -> Evidence:
    """What an ordinary user writes, on each page that shows it; without one, what anybody may write."""
    check = CheckId(f"{CONTROL}/context-markers")
    seen = tuple(displaying.of(Cast(stage)).run())
    if not seen:
        return Evidence(check=check, not_applicable="no page shows what a request brings")
    return Evidence(check=check, observations=seen)


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/context-markers"), kind=Kind.LIVE, run=context_markers, planted=ProbeRoute.SHOWS),
    reading.check(f"{CONTROL}/escape-bypass"),
)
