"""Findings grouped by the control that fell, gravest first, and what to do first.

Against a list of forty findings with one cause, which nobody reads to its end: the cause is told once, with all its places.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ringwork.prove.evidence import SWITCHED_ON, Finding, Report, Verdict
from ringwork.report import about, by_hand
from ringwork.report.rings import layer_of
from ringwork.report.signs import SEVERITIES, VERDICTS, Sign

_IT = "\0"  # stands for a control's id, so that fixes which differ by nothing else are alike
_LEAST_STEPS, _MOST_STEPS = 4, 8
_OPEN_UP_TO = 3  # findings that a reader sees whole at once


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """state: "new", "still there", "known" to the baseline, or "" where it sets nothing apart. fix: "" where the cause has told it."""

    finding: Finding
    verdict: str
    sign: Sign
    layer: str
    actor: str
    state: str
    fix: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A control that fell. severity: the gravest of its findings. fix: that of all of them, "" where they differ.

    own: how it is mended without a guard, in the application's framework, "" where that is not known.
    """

    about: about.About
    severity: str
    sign: Sign
    fix: str
    own: str
    findings: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something to do. what: with backticks. causes: whom it mends, gravest first. places: how many findings that are."""

    severity: str
    what: str
    causes: tuple[Cause, ...]
    places: int

    @property
    def first(self) -> Finding:
        """The finding to look at first."""
        return next(view.finding for cause in self.causes for view in cause.findings if view.finding.verdict is Verdict.VIOLATED)


def causes(report: Report, new: Iterable[str] | None) -> tuple[Cause, ...]:
    """All findings of a report. new: ids of those that are, None where there was no earlier run."""
    grouped = dict[str, list[Finding]]()
    for finding in sorted(report.findings, key=_gravity):
        grouped.setdefault(finding.control, []).append(finding)
    fresh = None if new is None else set(new)
    return tuple(_cause(control, findings, report, fresh) for control, findings in grouped.items())


def _gravity(finding: Finding) -> tuple[bool, int]:
    grave = SEVERITIES.index(finding.severity) if finding.severity in SEVERITIES else len(SEVERITIES)
    return finding.verdict is not Verdict.VIOLATED, grave


def _cause(control: str, findings: Sequence[Finding], report: Report, fresh: set[str] | None) -> Cause:
    fixes = {finding.fix for finding in findings}
    shared = fixes.pop() if len(fixes) == 1 else ""
    told = about.control(control)
    return Cause(
        about=told,
        severity=findings[0].severity,
        sign=VERDICTS[findings[0].verdict],
        fix=shared,
        own=by_hand.text(control, report.framework),
        findings=tuple(
            FindingView(
                finding=finding,
                verdict=finding.verdict.value,
                sign=VERDICTS[finding.verdict],
                layer=layer_of(finding.control),
                actor=told.owner,
                state=_state(finding, report, fresh),
                fix="" if shared else finding.fix,
                is_open=len(report.findings) <= _OPEN_UP_TO,
            )
            for finding in findings
        ),
    )


def _state(finding: Finding, report: Report, fresh: set[str] | None) -> str:
    if finding.verdict is not Verdict.VIOLATED:
        return ""
    if finding.id in report.known:
        return "known"
    if fresh is None:
        return "new" if report.baseline else ""
    # Against a page of marks that set nothing apart: where nothing is new, what was there before is not marked one by one.
    return "new" if finding.id in fresh else "still there" if fresh else ""


def steps(found: Sequence[Cause]) -> tuple[Step, ...]:
    """What mends the violated ones, gravest first; causes whose fix differs only by the control's name are one step."""
    grouped = dict[str, list[Cause]]()
    for cause in found:
        violated = [view for view in cause.findings if view.finding.verdict is Verdict.VIOLATED]
        if violated:
            grouped.setdefault(violated[0].finding.fix.replace(cause.about.id, _IT), []).append(cause)
    return tuple(_step(pattern, inside) for pattern, inside in grouped.items())


def told_first(found: Sequence[Step]) -> int:
    """How many steps a page begins with: all that mend something critical, four at least and eight at most."""
    return min(max(_LEAST_STEPS, sum(step.severity == SEVERITIES[0] for step in found)), _MOST_STEPS)


def _step(pattern: str, inside: Sequence[Cause]) -> Step:
    alone = next(view.finding.fix for view in inside[0].findings if view.finding.verdict is Verdict.VIOLATED)
    shared = SWITCHED_ON.replace(" it ", f" {_IT} ") if alone.startswith(SWITCHED_ON) else pattern.partition("; ")[0]
    return Step(
        severity=inside[0].severity,
        what=alone if len(inside) == 1 else shared.replace(_IT, f"these {len(inside)} controls"),
        causes=tuple(inside),
        places=sum(view.finding.verdict is Verdict.VIOLATED for cause in inside for view in cause.findings),
    )
