"""Defence in depth made visible: which layers stood before an attack, and where only one did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ringwork.prove.evidence import Layers


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Attacks of one check that the same layers stopped.

    layers: control ids in the order in which they were taken out. fell: whether the attacks got through then.
    """

    check: str
    attacks: tuple[str, ...]
    layers: tuple[str, ...]
    fell: bool

    @property
    def is_thin(self) -> bool:
        """Whether one layer was all that stood."""
        return self.fell and len(self.layers) == 1

    @property
    def summary(self) -> str:
        """How deep, in words."""
        if not self.fell:
            return f"still held without {'it' if len(self.layers) == 1 else f'these {len(self.layers)}'}"
        return "thin: a single layer" if self.is_thin else f"{len(self.layers)} layers"


def stands(depth: Iterable[Layers]) -> list[Stand]:
    """The rows of the depth table, thinnest first."""
    grouped = dict[tuple[str, tuple[str, ...], bool], list[str]]()
    for row in depth:
        grouped.setdefault((row.check, row.stopped_by, row.succeeded_without), []).append(row.attack)
    found = [
        Stand(check=check, attacks=tuple(dict.fromkeys(attacks)), layers=layers, fell=fell)
        for (check, layers, fell), attacks in grouped.items()
    ]
    return sorted(found, key=lambda stand: (not stand.fell, len(stand.layers)))
