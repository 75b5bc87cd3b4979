"""How many checks ended how, as shares of a ring or of a bar.

Against a green that hides what was not looked at: what held without being seen to fail, and what only people can check, are
counted apart from what was proven.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ringwork.prove.evidence import CheckResult, Verdict
from ringwork.report.signs import BAD, GOOD, NONE, OPEN, WAIVED, Sign

HELD = Sign(symbol="○", plain="o", style="cyan", tone="held")
MANUAL = Sign(symbol="☐", plain="m", style="blue", tone="manual")


class End(StrEnum):
    """How a check ended: the five verdicts, and two kinds of not verified by names of their own."""

    PROVEN = "proven"
    HELD = "held"
    VIOLATED = "violated"
    NOT_VERIFIED = "not verified"
    ACCEPTED = "accepted"
    MANUAL = "manual"
    NOT_APPLICABLE = "not applicable"


ENDS: Mapping[End, Sign] = MappingProxyType(
    {
        End.PROVEN: GOOD,
        End.HELD: HELD,
        End.VIOLATED: BAD,
        End.ACCEPTED: WAIVED,
        End.NOT_VERIFIED: OPEN,
        End.MANUAL: MANUAL,
        End.NOT_APPLICABLE: NONE,
    }
)
"""In the order in which they are shown."""

_PEOPLE = "process"  # the kind of check that reads what people wrote down


def end_of(result: CheckResult) -> End:
    """Held: the attack failed, but the check was not seen to fail here. Manual: not verified, and a matter of people's papers."""
    if result.verdict is not Verdict.NOT_VERIFIED:
        return End(result.verdict.value)
    if result.held:
        return End.HELD
    return End.MANUAL if result.kind == _PEOPLE else End.NOT_VERIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One part of a ring or a bar. start, length: in percent of the whole."""

    end: End
    sign: Sign
    count: int
    start: float
    length: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts by end; those that did not happen are 0."""

    counts: Mapping[End, int]

    @classmethod
    def of(cls, ends: Iterable[End]) -> Tally:
        """The counts of these."""
        found = Counter(ends)
        return cls(counts=MappingProxyType({end: found[end] for end in ENDS}))

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(self.counts.values())

    @property
    def shares(self) -> tuple[Share, ...]:
        """The parts that are there, in the order of ENDS."""
        shares, start = list[Share](), 0.0
        for end, count in self.counts.items():
            if count:
                length = round(100 * count / self.total, 2)
                shares.append(Share(end=end, sign=ENDS[end], count=count, start=round(start, 2), length=length))
                start += length
        return tuple(shares)

    @property
    def end(self) -> End | None:
        """The whole in one word, never better than its parts; None for nothing at all.

        One violation is a violation. Otherwise all that applies must have ended alike or better to be called so.
        """
        there = {end for end, count in self.counts.items() if count}
        for grave in (End.VIOLATED, End.ACCEPTED):
            if grave in there:
                return grave
        applicable = there - {End.NOT_APPLICABLE}
        if not applicable:
            return End.NOT_APPLICABLE if there else None
        if len(applicable) == 1:
            return applicable.pop()
        return End.HELD if applicable <= {End.PROVEN, End.HELD} else End.NOT_VERIFIED
