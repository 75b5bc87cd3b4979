"""What changed between two runs: findings that are new, still there, fixed, or not looked at again; and checks that turned.

Against a diff that calls a hole closed because nobody looked: what the later run did not test is named, and is not fixed.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringwork.names import CheckId
from ringwork.prove.evidence import Finding, Report, Verdict
from ringwork.report.signs import SEVERITIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A check whose verdict is another one than before; None where one of the reports does not list it."""

    check: CheckId
    before: Verdict | None
    after: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Findings are matched by their ids: one that was folded into another is that other one.

    new: violated in the later report, and neither violated in the earlier one nor known to the later one's baseline; one whose
    waiver ended is new. still: in both, or known, as the later one has it. fixed: violated before, tested again, and gone.
    untested: violated before, and the later report did not look again.
    """

    new: tuple[Finding, ...]
    still: tuple[Finding, ...]
    fixed: tuple[Finding, ...]
    untested: tuple[Finding, ...]
    turned: tuple[Turned, ...]

    def grave(self, fail_on: str) -> tuple[Finding, ...]:
        """The new ones of this severity or above."""
        least = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
        return tuple(finding for finding in self.new if finding.severity in least)


def compare(before: Report, after: Report) -> Difference:
    """The later report against the earlier one."""
    had = {id_ for finding in before.findings for id_ in finding.ids}
    has = {id_ for finding in after.findings for id_ in finding.ids}
    old = {id_ for finding in before.findings if finding.verdict is Verdict.VIOLATED for id_ in finding.ids}
    new = [f for f in after.findings if f.verdict is Verdict.VIOLATED and not f.is_among(old) and f.id not in after.known]
    fresh = {finding.id for finding in new}
    missing = [finding for finding in before.findings if finding.verdict is Verdict.VIOLATED and not finding.ids & has]
    return Difference(
        new=tuple(new),
        still=tuple(f for f in after.findings if f.id not in fresh and (f.ids & had or f.id in after.known)),
        fixed=tuple(finding for finding in missing if after.looked_at(finding.check, finding.where)),
        untested=tuple(finding for finding in missing if not after.looked_at(finding.check, finding.where)),
        turned=_turned(before, after),
    )


def doubts(before: Report, after: Report) -> list[str]:
    """What makes the two runs less alike than a reader would think."""
    found = []
    if before.target != after.target:
        found.append(f"these are two targets: {before.target} and {after.target}")
    found += [f"the {name} run was cut short" for name, report in (("earlier", before), ("later", after)) if report.partial]
    found += [
        f"the {name} run asked only what changed since {report.since}"
        for name, report in (("earlier", before), ("later", after))
        if report.since
    ]
    return found


def _turned(before: Report, after: Report) -> tuple[Turned, ...]:
    was = {result.check: result.verdict for result in before.results}
    now = {result.check: result.verdict for result in after.results}
    return tuple(Turned(check=c, before=was.get(c), after=now.get(c)) for c in {**was, **now} if was.get(c) is not now.get(c))
