"""From the report of a run to what each test says: a verdict is never softened on the way.

Against a green tick that nobody earned: only what is proven passes, what was not attacked is skipped with its reason, and a run
that could not look is told by a failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ringwork.prove.evidence import CheckResult, Finding, Observation, Outcome, Report, Verdict, WaiverState
from ringwork.report.visible import visible
from ringwork.suite.asked import RUN, Claim

FINDINGS, INCONCLUSIVE = 1, 3


class Ends(StrEnum):
    """How a test ends, in pytest's words."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    XFAILED = "xfailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one test says. summary: one line. text: the whole, "" for no more than the summary.

    findings: ids for `ringwork replay`. file, line: where the reader should look, "" for where the test's route stands.
    """

    ends: Ends
    summary: str
    text: str = ""
    findings: tuple[str, ...] = ()
    file: str = ""
    line: int = 0


class Outcomes:
    """What each claim of a plan comes to by one report."""

    def __init__(self, report: Report, claims: Iterable[Claim]) -> None:
        self.report = report
        self.results: Mapping[str, CheckResult] = {result.check: result for result in report.results}
        self._routes: dict[str, set[str]] = {}
        for claim in claims:
            self._routes.setdefault(claim.check, set()).add(claim.route)

    def of(self, claim: Claim) -> Told:
        """What the test of this claim says."""
        told = self._of(claim)
        # Against text of the target that steers the terminal of whoever reads the failure.
        return replace(told, summary=visible(" ".join(told.summary.split())), text=visible(told.text))

    def _of(self, claim: Claim) -> Told:
        if claim.check == RUN:
            return of_run(self.report)
        result = self.results.get(claim.check)
        if result is None:
            return Told(ends=Ends.SKIPPED, summary="not verified: the run's profile leaves this check out")
        # What was folded into another finding is still what this check found.
        found = [one for one in self.report.findings if any(self._belongs(where, claim) for where in _places(one, claim.check))]
        if found:
            return self._of_findings(found)
        return _of_route(result, claim.route) if claim.route else self._of_whole(result)

    def _belongs(self, where: str, claim: Claim) -> bool:
        """Whether what was found there is this claim's to tell: a route has its own test, or the check's test tells it."""
        return where == claim.route if claim.route else where not in self._routes[claim.check]

    def _of_findings(self, found: Sequence[Finding]) -> Told:
        violated = [f for f in found if f.verdict is Verdict.VIOLATED and f.id not in self.report.known]
        if not violated:
            return Told(ends=Ends.XFAILED, summary="; ".join(self._excuse(f) for f in found), findings=tuple(f.id for f in found))
        first = violated[0]
        more = f" (and {len(violated) - 1} more)" if len(violated) > 1 else ""
        return Told(
            ends=Ends.FAILED,
            summary=f"violated at {first.where}: {first.summary}{more}",
            text="\n\n".join(told(finding) for finding in violated),
            findings=tuple(f.id for f in violated),
            file=first.file,
            line=first.line,
        )

    def _excuse(self, finding: Finding) -> str:
        if finding.verdict is Verdict.VIOLATED:
            return f"known by the baseline {self.report.baseline}: {finding.summary}"
        waiver = finding.waiver
        return f"accepted: {waiver.reason} ({waiver.owner}, until {waiver.until})" if waiver else "accepted by a waiver"

    def _of_whole(self, result: CheckResult) -> Told:
        if result.verdict in {Verdict.VIOLATED, Verdict.ACCEPTED}:
            places = sorted({where for f in self.report.findings for where in _places(f, result.check)})
            return Told(ends=Ends.SKIPPED, summary=f"{result.verdict}, told by the tests of: {', '.join(places)}")
        return _of_verdict(result, result.reason)


def _places(finding: Finding, check: str) -> list[str]:
    """Where a check found this fault."""
    own = [finding.where] if finding.check == check else []
    return own + [one.where for one in finding.folded if one.check == check]


def _of_verdict(result: CheckResult, reason: str) -> Told:
    if result.verdict is Verdict.PROVEN:
        return Told(ends=Ends.PASSED, summary=f"proven: {reason}; {result.sensitivity}")
    held = " (held)" if result.held else ""
    return Told(ends=Ends.SKIPPED, summary=f"{result.verdict}{held}: {reason}")


def _of_route(result: CheckResult, route: str) -> Told:
    """A route at which nothing was found: what its own attacks showed, or that none was made."""
    seen = [o for o in result.evidence.observations if o.where == route] if result.evidence is not None else []
    held = [o for o in seen if o.outcome is Outcome.HELD and (o.control is not None or o.read > 0)]
    unclear = [o for o in seen if o.outcome is Outcome.UNCLEAR]
    untried = unclear or [o for o in seen if o.outcome is Outcome.UNTRIED]
    if not seen:
        said = f" ({result.reason})" if result.verdict in {Verdict.NOT_VERIFIED, Verdict.NOT_APPLICABLE} else ""
        return Told(ends=Ends.SKIPPED, summary=f"not verified: this check made no attack at this route{said}")
    if not held or unclear:
        why = untried[0].detail if untried else "no control request succeeded, so the refusals say nothing"
        return Told(ends=Ends.SKIPPED, summary=f"not verified: {why}")
    if result.verdict in {Verdict.VIOLATED, Verdict.ACCEPTED}:
        # A check that is violated elsewhere is not repeated without its guard, so nothing shows what held here.
        return Told(ends=Ends.SKIPPED, summary=f"not verified (held): {_count(held)}, but the check is {result.verdict} elsewhere")
    return _of_verdict(result, f"{_count(held)}" if result.verdict is Verdict.PROVEN else f"{_count(held)}; {result.reason}")


def _count(held: Sequence[Observation]) -> str:
    return f"{len(held)} attack{'s' if len(held) != 1 else ''} at this route, none succeeded"


def told(finding: Finding) -> str:
    """A finding for a person: where, what, what to do, and the command that shows it again."""
    place = f"{finding.file}:{finding.line}: " if finding.file and finding.line else f"{finding.file}: " if finding.file else ""
    times = f" ({finding.instances} instances)" if finding.instances > 1 else ""
    owner = [f"owner: {finding.owner}"] if finding.owner else []
    return "\n".join([
        f"{place}{finding.check} is violated at {finding.where}, severity {finding.severity}{times}",
        *(f"  {' '.join(line.split())}" for line in (finding.summary, f"fix: {finding.fix}", *owner, f"ringwork replay {finding.id}")),
    ])  # fmt: skip


def of_run(report: Report) -> Told:
    """What the test of the run itself says: whether the run could look at all, and what no check can tell."""
    counts = ", ".join(f"{verdict} {report.count(verdict)}" for verdict in Verdict)
    why = problem(report)
    if why:
        unlocks = [f"  {line}" for unlock in report.unlocks for line in unlock.splitlines()]
        return Told(ends=Ends.FAILED, summary=why, text="\n".join([why, *(["what would help:", *unlocks] if unlocks else [])]))
    return Told(ends=Ends.PASSED, summary=counts)


def problem(report: Report) -> str:
    """Why a run proves less than it seems to, "" when all is well. Findings have tests of their own."""
    if report.exit_code not in {0, FINDINGS}:
        return f"{'inconclusive' if report.exit_code == INCONCLUSIVE else f'exit {report.exit_code}'}: {report.exit_reason}"
    reached = report.coverage
    if reached.reached < reached.floor * reached.found:
        return f"inconclusive: only {reached.reached} of {reached.found} routes were reached; the floor is {reached.floor:.0%}"
    if not report.state_restored:
        return "inconclusive: the copy's state could not be restored"
    expired = [w for w in report.waived if w.state is WaiverState.EXPIRED]
    if expired:
        return "; ".join(f"the waiver of {w.control} ({w.owner}) ended on {w.until}: {w.reason}" for w in expired)
    told_by_tests = any(f.verdict is Verdict.VIOLATED and f.id not in report.known for f in report.findings)
    return report.exit_reason if report.exit_code == FINDINGS and not told_by_tests else ""
