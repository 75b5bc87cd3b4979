"""How a run ends: the exit code that a pipeline stands on, and the sentence for it.

Against a green pipeline that says nothing: what is not known, because nobody could sign in or too little was reached, is no success.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ringwork.prove.course import Run
from ringwork.prove.evidence import Coverage, Evidence, Finding, Verdict, Waived, WaiverState
from ringwork.prove.settings import SEVERITIES

CLEAN, FINDINGS, USAGE, INCONCLUSIVE, INTERNAL, INTERRUPTED = CODES = 0, 1, 2, 3, 4, 130


def decide(run: Run, found: Sequence[Finding], reached: Coverage, *, known: Collection[str], waived: Sequence[Waived]) -> tuple[int, str]:
    """The code and the reason. known: the ids of findings that a baseline lists."""
    faults = [tried.fault for tried in run.tried.values() if tried.fault]
    if run.is_partial:
        return INTERRUPTED, "interrupted; the report is partial"
    if faults:
        return INTERNAL, f"a check failed by a fault of its own: {faults[0]}"
    failed = [_grave(run, found, known), _expired(waived)]
    if any(failed):
        return FINDINGS, "; ".join(reason for reason in (*failed, _late(run)) if reason) + _known(known)
    inconclusive = _inconclusive(run, reached)
    if inconclusive:
        return INCONCLUSIVE, inconclusive
    return CLEAN, (f"nothing new{_known(known)}" if known else "no violation found") + _narrowed(run)


def _grave(run: Run, found: Sequence[Finding], known: Collection[str]) -> str:
    least = SEVERITIES.index(run.settings.fail_on)
    grave = [f for f in found if f.verdict is Verdict.VIOLATED and SEVERITIES.index(f.severity) <= least and f.id not in known]
    new = "new " if run.baseline is not None else ""
    return f"{len(grave)} {new}finding(s) of severity {run.settings.fail_on} or above" if grave else ""


def _expired(waived: Sequence[Waived]) -> str:
    late = [waiver for waiver in waived if waiver.state is WaiverState.EXPIRED]
    return f"{len(late)} waiver(s) past their day: {late[0].control} until {late[0].until}" if late else ""


def _known(known: Collection[str]) -> str:
    return f"; {len(known)} known to the baseline" if known else ""


def _narrowed(run: Run) -> str:
    if not run.left_out:
        return ""
    asked = len(run.asked.routes)
    return f"; only {asked} of {asked + len(run.left_out)} routes were asked, so nothing is proven"


def _inconclusive(run: Run, reached: Coverage) -> str:
    if run.entrances is not None and run.entrances.problem:
        return run.entrances.problem
    if reached.found and reached.reached < reached.floor * reached.found:
        return f"only {reached.reached} of {reached.found} routes were reached; the floor is {reached.floor:.0%}"
    if not run.is_restored:
        return "the copy's state could not be restored"
    return _late(run)


def _late(run: Run) -> str:
    """Against a run that looks whole: what it had no time for is counted where it ends."""
    late = sum(is_late(tried.evidence) for tried in run.tried.values())
    checks = "1 check" if late == 1 else f"{late} checks"
    return f"the time was over after {run.settings.max_time:g} s, before {checks} (--max-time gives more)" if late else ""


def is_late(evidence: Evidence) -> bool:
    """Whether a check was left out for want of time."""
    return evidence.not_verified.startswith("the time of this run was over")
