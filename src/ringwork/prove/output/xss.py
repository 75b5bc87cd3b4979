"""Whether text of a user comes back as markup: written and looked for on every page, and read in source.

Against a script in the name of an order.
"""

from __future__ import annotations

from ringwork.names import CheckId
from ringwork.prove import displaying, objects, reading
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.displaying import Displaying
from ringwork.prove.evidence import Evidence
from ringwork.prove.witness import Cast

CONTROL = "output.xss"


def context_markers(stage: Stage) -> Evidence:
    """What an ordinary user writes, on each page that shows it; without one, what anybody may write."""
    check = CheckId(f"{CONTROL}/context-markers")
    cast = Cast(stage)
    pair = objects.two_of_a_kind(cast)
    mine = (pair[0] if pair is not None else objects.ordinary(cast)) or displaying.anybody(cast)
    seen = tuple(Displaying(cast, mine, pair[1] if pair is not None else None).run())
    if not seen:
        return Evidence(check=check, not_applicable="no page shows what a request brings")
    return Evidence(check=check, observations=seen)


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/context-markers"), kind=Kind.LIVE, run=context_markers, planted=ProbeRoute.SHOWS),
    reading.check(f"{CONTROL}/escape-bypass"),
)
