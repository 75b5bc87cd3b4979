"""The order of a run: say what will be touched, copy, import, sign in, attack, take guards out, judge.

Against a report that hides what was not looked at: every check of the catalogue has a line, whatever became of it, and a run
that was cut short says so.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import random
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from ringwork.controls import control as catalogue
from ringwork.errors import TargetFailed
from ringwork.names import CheckId, ControlId
from ringwork.prove import checkout, coverage, fixes, judge, register, sensitivity, users
from ringwork.prove import target as target_of
from ringwork.prove.check import Check
from ringwork.prove.evidence import CheckResult, Coverage, Evidence, Finding, Report, Verdict
from ringwork.prove.group import Scene, Tried, run_group
from ringwork.prove.launch import Launcher
from ringwork.prove.process import Loaded
from ringwork.prove.progress import Progress
from ringwork.prove.settings import PROFILES, SEVERITIES, Settings
from ringwork.prove.target import Target
from ringwork.prove.users import Entrances
from ringwork.survey import state
from ringwork.survey.facts import AppFacts

CLEAN, FINDINGS, USAGE, INCONCLUSIVE, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 4, 130
_WORKERS = 2
_TOGETHER = 2
Rows = Mapping[ControlId, catalogue.Control]
_USERS_WANTED = "declare users: [[prove.users]]"  # said by many checks; the lines to add are the same for all
_EARLY_STEPS = 3  # import, users, routes


@dataclass(slots=True)
class Run:
    """One run while it grows; `report` can be made of it at any moment."""

    target: Target
    settings: Settings
    progress: Progress
    began: float = field(default_factory=time.monotonic)
    started_at: str = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"))
    loaded: Loaded | None = None
    tried: dict[CheckId, Tried] = field(default_factory=dict)
    reach: coverage.Reach | None = None
    entrances: Entrances | None = None
    touched: list[str] = field(default_factory=list)
    problem: str = ""
    is_restored: bool = True
    is_partial: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: int = 0

    def chosen(self) -> list[Check]:
        """The checks that this run makes."""
        return [check for check in register.checks() if _is_chosen(check, self.settings)]

    def tell(self, text: str) -> None:
        """Hand a step to whoever watches."""
        self.progress.step(text, done=self.done, total=_EARLY_STEPS + len(self.chosen()))


def _is_chosen(check: Check, settings: Settings) -> bool:
    names = {check.id, register.control_of(check), register.control_of(check).partition(".")[0]}
    return (
        (not settings.select or bool(names & set(settings.select)))
        and not names & set(settings.ignore)
        and (settings.deep or not check.deep)
    )


def prove(target: Target, settings: Settings, progress: Progress) -> Report:
    """Prove one target. Raises TargetFailed when it cannot be imported or started; Ctrl-C gives a partial report."""
    random.seed(settings.seed)
    run = Run(target, settings, progress)
    progress.announce(_announcement(target))
    launcher = Launcher(target, extra=settings.env)
    try:
        _load(run, launcher)
        _enter(run, launcher)
        _explore(run, launcher)
        _attack(run, launcher)
    except KeyboardInterrupt:
        run.is_partial = True
    finally:
        launcher.close()
    return report(run)


def _announcement(target: Target) -> list[str]:
    return [
        f"copies {target.root} to a temporary folder and imports {target.module} there, in a process of its own",
        "serves that copy over HTTPS on an ephemeral port of 127.0.0.1, with a certificate authority made for this run",
        "keeps the copy from the network, from other files and from starting programs; removes it at the end",
    ]


def _load(run: Run, launcher: Launcher) -> None:
    run.tell("importing a copy of the target")
    loaded = launcher.load(run.settings.users_from)
    run.loaded = loaded
    copied = launcher.first.copied
    run.touched += [
        f"copied {copied.files} files ({copied.size_bytes / 1_000_000:.1f} MB) of {run.target.root}",
        *copied.skipped[:10],
        *loaded.refused,
    ]
    run.touched += [f"the server start {name} at import was passed over" for name in loaded.started]
    if loaded.unforkable:
        run.touched.append(f"every copy was imported anew, because {loaded.unforkable}")
    require_routes(loaded.facts)
    launcher.warm_up()
    run.done += 1


def require_routes(facts: AppFacts) -> None:
    """Raise TargetFailed where there is nothing to prove."""
    if not facts.routes:
        advice = "routes may be registered only when the program runs, or by a factory: name it with module:create_app --factory"
        raise TargetFailed(step="routes", problem="the application has no routes", advice=advice)


def _enter(run: Run, launcher: Launcher) -> None:
    run.tell("finding a way to sign in")
    facts = _facts(run)
    run.entrances = users.find(facts, run.settings, launcher)
    run.touched += run.entrances.failed
    run.done += 1


def _facts(run: Run) -> AppFacts:
    if run.loaded is None:
        raise TargetFailed(step="import", problem="nothing was imported", advice="this is a fault of ringwork; report it")
    return run.loaded.facts


def _scene(run: Run, launcher: Launcher) -> Scene:
    rows: Rows = {row.id: row for row in catalogue.load().controls}
    facts = _facts(run)
    guards = facts.guard.controls if facts.guard is not None else ()

    def backing(control: str) -> Sequence[str]:
        row = rows.get(ControlId(control))
        return [backer for backer in (row.backed_by if row is not None else ()) if backer in guards]

    def judged(tried: Tried) -> None:
        with run.lock:
            run.tried[tried.check.id] = tried
            run.done += 1
        for finding in _findings_of(run, tried, rows):
            if finding.verdict is Verdict.VIOLATED:
                run.progress.found(finding)

    if run.entrances is None:
        raise TargetFailed(step="login", problem="nobody was looked for", advice="this is a fault of ringwork; report it")
    return Scene(
        launcher=launcher,
        facts=facts,
        entrances=run.entrances,
        backing=backing,
        deadline=run.began + run.settings.max_time,
        deep=run.settings.deep,
        quick=run.settings.quick,
        started=run.tell,
        judged=judged,
    )


def _explore(run: Run, launcher: Launcher) -> None:
    run.tell("asking every route as every user")
    stage = _scene(run, launcher).stage()
    try:
        before = stage.served.state()
        run.reach = coverage.explore(stage, login_path=_login_path(run))
        stage.served.reset()
        changed = state.changed(before, stage.served.state())
        run.is_restored = not changed
        run.touched += [f"after the reset of the copy these stores differed: {', '.join(changed)}"] if changed else []
    finally:
        stage.close()
    run.done += 1


def _login_path(run: Run) -> str:
    return run.entrances.login.path if run.entrances is not None and run.entrances.login is not None else ""


def _attack(run: Run, launcher: Launcher) -> None:
    scene = _scene(run, launcher)
    groups = dict[str, list[Check]]()
    for check in run.chosen():
        groups.setdefault(register.control_of(check), []).append(check)
    pool = ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="ringwork-checks")
    waiting: list[Future[list[Tried]]] = [
        # Few checks share a copy, so that one long control does not leave a worker idle.
        pool.submit(run_group, control, checks[at : at + _TOGETHER], scene)
        for control, checks in groups.items()
        for at in range(0, len(checks), _TOGETHER)
    ]
    try:
        for future in waiting:
            future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def report(run: Run) -> Report:
    """Everything that was found so far, judged."""
    rows: Rows = {row.id: row for row in catalogue.load().controls}
    results = _results(run, rows)
    found = [finding for tried in run.tried.values() for finding in _findings_of(run, tried, rows)]
    found.sort(
        key=lambda f: (f.verdict is Verdict.ACCEPTED, SEVERITIES.index(f.severity) if f.severity in SEVERITIES else 9, f.control, f.where)
    )
    facts, reached = _facts(run), _coverage(run)
    code, why = _exit(run, found, reached)
    guard, tree = facts.guard, checkout.of(run.target.root)
    return Report(
        version=importlib.metadata.version("ringwork"),
        target=run.target.text,
        framework=f"{facts.framework} {facts.framework_version}",
        commit=tree.commit,
        command=run.settings.command,
        started_at=run.started_at,
        seconds=round(time.monotonic() - run.began, 1),
        seed=run.settings.seed,
        guarded=f"ringwork, {guard.mode}" if guard is not None else "no ringwork guard",
        results=tuple(results),
        controls=_controls(results),
        findings=tuple(found),
        depth=tuple(row for tried in run.tried.values() for row in tried.layers),
        coverage=reached,
        matrix=tuple(run.reach.cells) if run.reach is not None else (),
        users=tuple(f"{u.name} ({', '.join(u.roles) or 'no role known'})" for u in run.entrances.users)
        if run.entrances is not None
        else (),
        waivers=tuple(
            f"{w.control}{' ' + w.route if w.route else ''}: {w.reason} ({w.owner}, until {w.until})"
            for w in (guard.waivers if guard else ())
        ),
        touched=tuple(run.touched),
        confinement=run.loaded.confinement if run.loaded is not None else "",
        unlocks=_unlocks(run),
        state_restored=run.is_restored,
        exit_code=code,
        exit_reason=why,
        partial=run.is_partial,
        unenforced=_unenforced(facts),
        tree=tree.tree,
        project=tree.folder,
        anchor=target_of.anchor_of(run.target),
    )


def _unenforced(facts: AppFacts) -> tuple[str, ...]:
    """What the guard of the target leaves out: all but `only`, and everything in observe."""
    if facts.guard is None:
        return ()
    held = set() if facts.guard.mode == "observe" else set(facts.guard.controls)
    return tuple(sorted({register.control_of(check) for check in register.checks()} - held))


def _coverage(run: Run) -> Coverage:
    facts = _facts(run)
    return coverage.summary(facts, run.reach or coverage.Reach(), floor=run.settings.coverage_floor)


def _controls(results: Sequence[CheckResult]) -> Mapping[str, Verdict]:
    by_control = dict[str, list[CheckResult]]()
    for result in results:
        by_control.setdefault(result.check.partition("/")[0], []).append(result)
    return {control: judge.of_control(found) for control, found in by_control.items()}


def _results(run: Run, rows: Rows) -> list[CheckResult]:
    """A line for each check of the catalogue in this profile, then those of third parties."""
    profiles = PROFILES[: PROFILES.index(run.settings.profile) + 1]
    entries = sensitivity.read()
    made = {check.id: check for check in register.checks()}
    results = list[CheckResult]()
    for row in rows.values():
        if row.profile not in profiles:
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
    reason = judge.NO_PROOF if not is_made else "the run was cut short" if run.is_partial else "not selected in this run"
    return CheckResult(check=check.id, title=row.title, kind=check.kind, severity=row.severity, verdict=Verdict.NOT_VERIFIED, reason=reason)


def _result(run: Run, tried: Tried, row: catalogue.Control | None, entries: Mapping[tuple[str, str], sensitivity.Entry]) -> CheckResult:
    verdict, reason, is_held = tried.verdict, judge.reason(tried.evidence), False
    facts = _facts(run)
    shown = tried.sensitivity
    waiver = ""
    if verdict is Verdict.PROVEN and not tried.sensitivity:
        verdict, is_held, shown = Verdict.NOT_VERIFIED, True, sensitivity.sentence(entries, tried.check.id, facts.framework)
        reason = f"{reason}; {_why_held(facts, tried)}"
    elif verdict is Verdict.PROVEN and facts.guard is not None and facts.guard.mode == "observe":
        verdict, reason = Verdict.NOT_VERIFIED, "the mode is observe, which refuses nothing"
    elif verdict is Verdict.VIOLATED:
        found = _findings_of(run, tried, {row.id: row} if row is not None else {})
        if found and all(finding.verdict is Verdict.ACCEPTED for finding in found):
            verdict, waiver = (
                Verdict.ACCEPTED,
                next(w.reason for w in (facts.guard.waivers if facts.guard else ()) if w.control == found[0].control),
            )
    return CheckResult(
        check=tried.check.id,
        title=row.title if row is not None else tried.check.id,
        kind=tried.check.kind.value,
        severity=row.severity if row is not None else "medium",
        verdict=verdict,
        reason=reason,
        held=is_held,
        sensitivity=shown,
        evidence=tried.evidence,
        waiver=waiver,
        seconds=round(tried.seconds, 2),
    )


def _why_held(facts: AppFacts, tried: Tried) -> str:
    control = register.control_of(tried.check)
    if facts.guard is None:
        return "the target's own guard cannot be taken out, so the check was not seen to fail here"
    if control not in facts.guard.controls:
        return f"{control} is not switched on here, so nothing could be taken out"
    return "the check could not be shown to fail"


def _findings_of(run: Run, tried: Tried, rows: Rows) -> list[Finding]:
    control = register.control_of(tried.check)
    row = rows.get(ControlId(control))
    facts = _facts(run)
    return judge.findings(
        tried.check.id,
        row.severity if row is not None else "medium",
        tried.evidence,
        facts,
        fix=fixes.fix_for(control, is_guarded=facts.guard is not None),
        today=datetime.datetime.now(datetime.UTC).date(),
    )


def _unlocks(run: Run) -> tuple[str, ...]:
    """The exact steps that would make more checks possible, each once."""
    wanted = [tried.evidence.unlock for tried in run.tried.values() if tried.evidence.unlock and tried.verdict is Verdict.NOT_VERIFIED]
    entrance = [run.entrances.unlock] if run.entrances is not None and run.entrances.unlock else []
    lines = (users.UNLOCK if line == _USERS_WANTED else line for line in [*entrance, *wanted])
    return tuple(dict.fromkeys(lines))


def _exit(run: Run, found: Sequence[Finding], reached: Coverage) -> tuple[int, str]:
    faults = [tried.fault for tried in run.tried.values() if tried.fault]
    least = SEVERITIES.index(run.settings.fail_on)
    grave = [f for f in found if f.verdict is Verdict.VIOLATED and SEVERITIES.index(f.severity) <= least]
    if run.is_partial:
        return INTERRUPTED, "interrupted; the report is partial"
    if faults:
        return INTERNAL, f"a check failed by a fault of its own: {faults[0]}"
    if grave:
        return FINDINGS, f"{len(grave)} finding(s) of severity {run.settings.fail_on} or above"
    inconclusive = _inconclusive(run, reached)
    return (INCONCLUSIVE, inconclusive) if inconclusive else (CLEAN, "no violation found")


def _inconclusive(run: Run, reached: Coverage) -> str:
    if run.entrances is not None and run.entrances.problem:
        return run.entrances.problem
    if reached.found and reached.reached < reached.floor * reached.found:
        return f"only {reached.reached} of {reached.found} routes were reached; the floor is {reached.floor:.0%}"
    if not run.is_restored:
        return "the copy's state could not be restored"
    if any(evidence_is_late(tried.evidence) for tried in run.tried.values()):
        return f"the time was over after {run.settings.max_time:g} s"
    return ""


def evidence_is_late(evidence: Evidence) -> bool:
    """Whether a check was left out for want of time."""
    return evidence.not_verified.startswith("the time of this run was over")
