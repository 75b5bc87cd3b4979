"""What the catalogue knows of a control, as a report tells it; a third party's control is told by its id."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from ringwork.controls import control as catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """title, severity, profile, owner, threat: as in the row, "" where there is none. standards: its title to the codes, joined."""

    id: str
    layer: str
    title: str
    severity: str = ""
    profile: str = ""
    owner: str = ""
    threat: str = ""
    enforce: str = ""
    standards: tuple[tuple[str, str], ...] = ()


@functools.cache
def control(id_: str) -> About:
    """The row of a control."""
    shared = catalogue.load()
    row = next((row for row in shared.controls if row.id == id_), None)
    if row is None:
        return About(id=id_, layer=id_.partition(".")[0], title=id_)
    return About(
        id=id_,
        layer=row.layer,
        title=row.title,
        severity=row.severity,
        profile=row.profile,
        owner=row.owner,
        threat=row.threat,
        enforce=row.enforce,
        standards=tuple((shared.standards[key], ", ".join(codes)) for key, codes in row.standards.items() if codes),
    )


def layers(ids: set[str]) -> list[str]:
    """The layers of these controls, in the catalogue's order; those it does not know come last."""
    known = catalogue.load().layers
    found = {id_.partition(".")[0] for id_ in ids}
    return [layer for layer in known if layer in found] + sorted(found - set(known))
