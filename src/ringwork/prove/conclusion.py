"""What a run has shown, judged: a line for each check of the catalogue, findings, owners, waivers, and how it ends.

Against a report that hides what was not looked at: whatever became of a check, it is listed.
"""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ringwork.controls import address
from ringwork.controls import control as catalogue
from ringwork.names import CheckId, ControlId
from ringwork.prove import baseline as baselines
from ringwork.prove import checkout, coverage, exits, fixes, folding, judge, register, sensitivity, users, waivers
from ringwork.prove import target as target_of
from ringwork.prove.check import Kind
from ringwork.prove.course import Run, profiles, rows
from ringwork.prove.evidence import CheckResult, Coverage, Finding, Report, Tier, Verdict
from ringwork.prove.group import MORE_TIME, Tried
from ringwork.prove.settings import SEVERITIES
from ringwork.survey.facts import AppFacts

_USERS_WANTED = "declare users: [[prove.users]]"  # said by many checks; the lines to add are the same for all

_GUARDED = "ringwork.protect(app); `ringwork adopt` prints the lines"  # what all that ask for the guard ask for

_SOURCE = Path(__file__).resolve().parents[2]


def report(run: Run) -> Report:
    """Everything that was found so far, judged."""
    results = judge.beside_attacks(_results(run))
    each = [finding for tried in run.tried.values() for finding in findings_of(run, tried)]
    found = sorted(folding.fold(each, {tried.check.id: tried.evidence for tried in run.tried.values()}), key=_gravest_first)
    facts, guard, reached, tree = run.facts, run.facts.guard, _coverage(run), checkout.of(run.target.root)
    waived = waivers.standing(judge.waivers_of(facts), each, results, left_out=run.left_out, today=run.today)
    known = baselines.known(run.baseline, found) if run.baseline is not None else ()
    code, why = exits.decide(run, found, reached, known=known, waived=waived)
    gains = _gains(run)
    whole = Report(
        version=importlib.metadata.version("ringwork"),
        target=run.target.text,
        framework=f"{facts.framework} {facts.framework_version}",
        commit=tree.commit,
        command=run.settings.command,
        started_at=run.started_at.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - run.began, 1),
        seed=run.settings.seed,
        guarded=f"ringwork, {guard.mode}" if guard is not None else "no ringwork guard",
        results=tuple(results),
        controls=_controls(results),
        findings=tuple(found),
        depth=tuple(row for tried in run.tried.values() for row in tried.layers),
        coverage=reached,
        matrix=tuple(run.reach.cells) if run.reach is not None else (),
        users=tuple(f"{u.name} ({', '.join(u.roles) or 'no role known'})" for u in run.entrances.users) if run.entrances else (),
        waivers=tuple(f"{w.control}{' ' + w.route if w.route else ''}: {w.reason} ({w.owner}, until {w.until})" for w in waived),
        touched=tuple(run.touched),
        confinement=run.loaded.confinement if run.loaded is not None else "",
        unlocks=tuple(gains),
        gains=gains,
        state_restored=run.is_restored,
        exit_code=code,
        exit_reason=why,
        partial=run.is_partial,
        unenforced=_unenforced(facts),
        known=known,
        baseline=Path(run.settings.baseline).name if run.settings.baseline else "",
        waived=waived,
        since=run.settings.since,
        routes=tuple(route.name for route in facts.routes),
        left_out=run.left_out,
        tree=tree.tree,
        project=tree.folder,
        anchor=target_of.anchor_of(run.target),
    )
    return replace(whole, gone=baselines.gone(run.baseline, whole)) if run.baseline is not None else whole


def _gravest_first(finding: Finding) -> tuple[bool, int, bool, str, str]:
    rank = SEVERITIES.index(finding.severity) if finding.severity in SEVERITIES else len(SEVERITIES)
    # What was only read stands behind what was seen to work.
    return finding.verdict is Verdict.ACCEPTED, rank, finding.observation.tier is Tier.UNCONFIRMED, finding.control, finding.where


def _unenforced(facts: AppFacts) -> tuple[str, ...]:
    """What the guard of the target leaves out: all but `only`, and everything in observe; what no guard could hold is none of it."""
    if facts.guard is None:
        return ()
    held = set() if facts.guard.mode == "observe" else set(facts.guard.controls)
    # What is only read in the source, or attacked before there is a guard, has none that could be left out.
    tried = {register.control_of(check) for check in register.checks() if check.kind is not Kind.STATIC}
    return tuple(sorted({control for control in tried if _is_guardable(control)} - held))


def _is_guardable(control: str) -> bool:
    row = rows().get(ControlId(control))
    if row is None or row.component or not row.guarded:  # a component works where the application calls it
        return row is None
    guard = next(place for place in address.places_of(row.id, guarded=True) if place.part == address.GUARD)
    return (_SOURCE / guard.path.removeprefix("src/")).is_file()


def _coverage(run: Run) -> Coverage:
    seen = coverage.seen_by(tried.evidence for tried in run.tried.values())
    return coverage.summary(run.asked, run.reach or coverage.Reach(), floor=run.settings.coverage_floor, world=run.facts, seen=seen)


def _controls(results: Sequence[CheckResult]) -> Mapping[str, Verdict]:
    by_control = dict[str, list[CheckResult]]()
    for result in results:
        by_control.setdefault(result.check.partition("/")[0], []).append(result)
    return {control: judge.of_control(found) for control, found in by_control.items()}


def _results(run: Run) -> list[CheckResult]:
    """A line for each check of the catalogue in this profile, then those of third parties."""
    entries = sensitivity.read()
    made = {check.id: check for check in register.checks()}
    results = list[CheckResult]()
    for row in rows().values():
        if row.profile not in profiles(run.settings):
            continue
        for check in row.checks:
            tried = run.tried.get(check.id)
            if tried is not None:
                results.append(_result(run, tried, row, entries))
            else:
                results.append(_untried(run, check, row, is_made=check.id in made))
    listed = {result.check for result in results}
    return results + [_result(run, tried, None, entries) for id_, tried in run.tried.items() if id_ not in listed]


def _untried(run: Run, check: catalogue.CheckRow, row: catalogue.Control, *, is_made: bool) -> CheckResult:
    if not is_made:
        reason = judge.NO_PROOF
    elif run.is_partial:
        reason = "the run was cut short"
    else:
        reason = _nothing_changed(run) or "not selected in this run"
    return CheckResult(
        check=check.id, title=row.title, kind=check.kind, severity=check.severity, verdict=Verdict.NOT_VERIFIED, reason=reason
    )


def _nothing_changed(run: Run) -> str:
    return f"no route changed since {run.settings.since}" if run.left_out and not run.asked.routes else ""


def _result(run: Run, tried: Tried, row: catalogue.Control | None, entries: Mapping[tuple[str, str], sensitivity.Entry]) -> CheckResult:
    verdict, reason, is_held = tried.verdict, judge.reason(tried.evidence), False
    facts = run.facts
    shown = tried.sensitivity
    waiver = ""
    if verdict is Verdict.PROVEN and not tried.sensitivity:
        verdict, is_held, shown = Verdict.NOT_VERIFIED, True, sensitivity.sentence(entries, tried.check.id, facts.framework)
        reason = f"{reason}; {_why_held(run, tried)}"
    elif verdict is Verdict.PROVEN and facts.guard is not None and facts.guard.mode == "observe":
        verdict, reason = Verdict.NOT_VERIFIED, "the mode is observe, which refuses nothing"
    elif verdict is Verdict.VIOLATED:
        found = findings_of(run, tried)
        if found and all(finding.waiver is not None for finding in found):
            verdict, waiver = Verdict.ACCEPTED, next(finding.waiver.reason for finding in found if finding.waiver is not None)
    if run.left_out and (is_held or verdict in {Verdict.PROVEN, Verdict.NOT_APPLICABLE}):
        # Against a pass of what was not asked: what held at a few routes says nothing of the others.
        verdict, reason = Verdict.NOT_VERIFIED, f"{reason}; {_narrowed(run)}"
    return CheckResult(
        check=tried.check.id,
        title=row.title if row is not None else tried.check.id,
        kind=tried.check.kind.value,
        severity=_severity(tried, row),
        verdict=verdict,
        reason=reason,
        held=is_held,
        sensitivity=shown,
        evidence=tried.evidence,
        waiver=waiver,
        seconds=round(tried.seconds, 2),
    )


def _narrowed(run: Run) -> str:
    return f"{len(run.left_out)} of {len(run.facts.routes)} routes were left out, unchanged since {run.settings.since}"


def _why_held(run: Run, tried: Tried) -> str:
    control, facts = register.control_of(tried.check), run.facts
    if run.settings.quick:
        return "--quick takes no guard out, so the check was not seen to fail here"
    if facts.guard is None:
        return "the target's own guard cannot be taken out, so the check was not seen to fail here"
    if control not in facts.guard.controls:
        return f"{control} is not switched on here, so nothing could be taken out"
    return "the check could not be shown to fail"


def _severity(tried: Tried, row: catalogue.Control | None) -> str:
    """What an attacker gains by what this check finds; a third party's check is neither played down nor up."""
    listed = next((check for check in row.checks if check.id == tried.check.id), None) if row is not None else None
    return listed.severity if listed is not None else row.severity if row is not None else "medium"


def findings_of(run: Run, tried: Tried) -> list[Finding]:
    """What one check found for somebody to mend."""
    control = register.control_of(tried.check)
    row = rows().get(ControlId(control))
    return judge.findings(
        tried.check.id,
        _severity(tried, row),
        tried.evidence,
        run.facts,
        fix=fixes.fix_for(control, is_guarded=run.facts.guard is not None, check=tried.check.id),
        today=run.today,
        owners=run.settings.owners,
    )


def _gains(run: Run) -> Mapping[str, tuple[CheckId, ...]]:
    """The exact steps that would make more checks possible, each once, with those checks: what brings most comes first."""
    declared = users.to_declare(run.entrances)
    found = dict[str, list[CheckId]]()
    if run.entrances is not None and run.entrances.unlock:
        found[run.entrances.unlock] = []
    for tried in run.tried.values():
        if tried.evidence.unlock and tried.verdict is Verdict.NOT_VERIFIED:
            step = _step(tried.evidence.unlock, declared)
            found.setdefault(step, []).append(tried.check.id)
    first = {MORE_TIME: 0, **({run.entrances.unlock: 1} if run.entrances is not None else {})}  # nothing else brings as many checks
    ordered = sorted(found, key=lambda step: (first.get(step, 2), -len(found[step])))
    return {step: tuple(found[step]) for step in ordered}


def _step(unlock: str, declared: str) -> str:
    """What a check asks for, in the words that are the same for all that ask for it."""
    if unlock == _USERS_WANTED or (unlock.endswith(": [[prove.users]]") and declared == users.UNLOCK):
        return declared
    if unlock.removeprefix("ringwork.").startswith("protect(app)") and "serve" not in unlock:
        return _GUARDED
    return unlock
