"""The order of a run: say what will be touched, copy, import, sign in, attack, take guards out, judge.

Against a report that hides what was not looked at: every check of the catalogue has a line, whatever became of it, and a run
that was cut short says so.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from ringwork.errors import TargetFailed
from ringwork.names import ControlId
from ringwork.prove import baseline, conclusion, coverage, exits, judge, looking, register, revision, since, users, waivers
from ringwork.prove import target as target_of
from ringwork.prove.check import Check, Kind
from ringwork.prove.course import Run, rows
from ringwork.prove.evidence import Report, Verdict
from ringwork.prove.group import Scene, Tried, run_group
from ringwork.prove.launch import Launcher
from ringwork.prove.progress import Progress
from ringwork.prove.settings import Settings
from ringwork.prove.sources import Reader
from ringwork.prove.target import Target
from ringwork.survey import sources, state
from ringwork.survey import waivers as comments
from ringwork.survey.facts import AppFacts

CLEAN, FINDINGS, USAGE, INCONCLUSIVE, INTERNAL, INTERRUPTED = exits.CODES
_WORKERS = 3  # on two cores: each waits for its copy now and then
_TOGETHER = 2

Job = tuple[bool, Callable[[], object]]
"""Whether it waits for the source to be read, and what is to be done."""


def prove(target: Target, settings: Settings, progress: Progress) -> Report:
    """Prove one target. Raises TargetFailed when it cannot be imported or started; Ctrl-C gives a partial report."""
    random.seed(settings.seed)
    run = Run(target, settings, progress)
    # What a person wrote down is read before anything is started, so that a mistake in it is told at once.
    run.baseline = baseline.read(Path(settings.baseline)) if settings.baseline else None
    written = comments.comments(target.root)
    waivers.of_comments(written, (), known=_controls(), today=run.today)
    changed = revision.changes(target.root, settings.since) if settings.since else None
    progress.announce(_announcement(target))
    launcher = Launcher(target, extra=settings.env)
    try:
        _load(run, launcher, written)
        if changed is not None:
            _narrow(run, changed)
        _read(run)
        _settle(run, launcher)
        if run.asked.routes:
            _enter(run, launcher)
            _attack(run, launcher)
    except KeyboardInterrupt:
        run.is_partial = True
    finally:
        launcher.close()
        if run.reader is not None:
            run.reader.close()
    return conclusion.report(run)


def _announcement(target: Target) -> list[str]:
    return [
        f"copies {target.root} to a temporary folder and imports {target.module} there, in a process of its own",
        "serves that copy over HTTPS on an ephemeral port of 127.0.0.1, with a certificate authority made for this run",
        "reads the application's source in a process of its own, without importing it; bandit and ruff read it too, where installed",
        "keeps the copy from the network, from other files and from starting programs; removes it at the end",
    ]


def _controls() -> set[str]:
    """The ids of the catalogue, and of third parties' checks."""
    return {*rows(), *map(register.control_of, register.checks())}


def _load(run: Run, launcher: Launcher, written: Sequence[comments.Comment]) -> None:
    run.tell("importing a copy of the target")
    loaded = launcher.begin(run.settings.users_from)
    copied = launcher.first.copied
    run.touched += [f"copied {copied.files} files ({copied.size_bytes / 1_000_000:.1f} MB) of {run.target.root}", *copied.skipped[:10]]
    run.touched += [f"the server start {name} at import was passed over" for name in loaded.started]
    if loaded.wrapped:
        run.touched.append(f"the application stands inside {loaded.wrapped}, and was served with it")
    require_routes(loaded.facts)
    # A policy brings the waivers of its settings along; where there is none, nobody else reads them.
    listed = waivers.listed(run.target) if loaded.facts.guard is None else ()
    marked = tuple(replace(one, file=route.shown_file, line=route.line) for route in loaded.facts.routes for one in route.waived)
    waivers.require_valid((*judge.waivers_of(loaded.facts), *listed, *marked), known=_controls(), today=run.today)
    inline = waivers.of_comments(written, loaded.facts.routes, known=_controls(), today=run.today)
    run.whole = replace(loaded.facts, waivers=(*listed, *marked, *inline))


def _settle(run: Run, launcher: Launcher) -> None:
    """Make the copy ready for its variants, and look at the facts meanwhile."""
    aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ringwork-settles")
    try:
        declared = [user.password for user in run.settings.users if user.password]
        settled = aside.submit(launcher.settle, declared, anybody=run.settings.declares_nobody)
        _look(run)
        loaded = run.loaded = settled.result()
    finally:
        aside.shutdown(wait=False)
    if loaded.unforkable:
        run.touched.append(f"every copy was imported anew, because {loaded.unforkable}")
    launcher.warm_up()
    run.touched += launcher.first.loaded.refused if launcher.first.loaded is not None else ()
    run.done += 1


def _look(run: Run) -> None:
    """Make the checks that need nothing but the facts."""
    judged = _judging(run)
    for check in run.chosen() if run.asked.routes else ():
        if check.kind in looking.KINDS:
            tried = looking.look(check, run.asked, quick=run.settings.quick)
            if tried is not None:
                judged(tried)


def _narrow(run: Run, changed: Mapping[str, revision.Lines]) -> None:
    read = sources.read(run.target.root, run.target.paths)
    found, because = since.left_out(run.facts.routes, changed, read, application=target_of.file_of(run.target), revision=run.settings.since)
    run.left_out = found
    said = f"{because} concerns every route" if because else f"nothing that they are made of changed since {run.settings.since}"
    run.touched.append(f"{len(found)} of {len(run.facts.routes)} routes were left out: {said}")


def _read(run: Run) -> None:
    """Let the source be read while the copy is attacked, if a check asks for it."""
    if run.asked.routes and any(check.kind in {Kind.STATIC, Kind.PROCESS} for check in run.chosen()):
        run.reader = Reader(
            run.target.root,
            run.facts.sources,
            framework=run.facts.framework,
            sensitive=run.settings.sensitive,
            floor=run.settings.sensitive_floor,
            history=any(check.kind is Kind.STATIC and check.deep for check in run.chosen()),
            rotated=run.settings.rotated,
            breached=not run.settings.quick,
        )


def require_routes(facts: AppFacts) -> None:
    """Raise TargetFailed where there is nothing to prove."""
    # Flask adds the route of its static files by itself.
    if all(facts.framework == "flask" and route.kind == "static" for route in facts.routes):
        advice = "routes may be registered only when the program runs, or by a factory: name it with module:create_app --factory"
        raise TargetFailed(step="routes", problem="the application has no routes", advice=advice)


def _enter(run: Run, launcher: Launcher) -> None:
    run.tell("finding a way to sign in")
    facts = run.facts
    run.entrances = users.find(facts, run.settings, launcher)
    run.touched += run.entrances.failed
    count = launcher.first.loaded.remembered if launcher.first.loaded is not None else 0
    if count:
        run.touched.append(
            f"what these users' own passwords hash to was worked out once for all copies ({count} results); "
            "one made up to be refused is hashed at the least cost; whatever else is hashed, or measures time, costs what it costs"
        )
    run.done += 1


def _judging(run: Run) -> Callable[[Tried], None]:
    """What becomes of a check that was tried: it is kept, and told where it found something new."""
    known = {id_ for entry in run.baseline.entries for id_ in entry.ids} if run.baseline is not None else set()

    def judged(tried: Tried) -> None:
        with run.lock:
            run.tried[tried.check.id] = tried
            run.done += 1
        for finding in conclusion.findings_of(run, tried):
            if finding.verdict is Verdict.VIOLATED and finding.id not in known:
                run.progress.found(finding)

    return judged


def _scene(run: Run, launcher: Launcher) -> Scene:
    facts = run.facts
    guards = facts.guard.controls if facts.guard is not None else ()

    def backing(control: str) -> Sequence[str]:
        row = rows().get(ControlId(control))
        return [backer for backer in (row.backed_by if row is not None else ()) if backer in guards]

    if run.entrances is None:
        raise TargetFailed(step="login", problem="nobody was looked for", advice="this is a fault of ringwork; report it")
    return Scene(
        launcher=launcher,
        facts=run.asked,
        world=facts,
        entrances=run.entrances,
        backing=backing,
        deadline=run.began + run.settings.max_time,
        deep=run.settings.deep,
        quick=run.settings.quick,
        started=run.tell,
        judged=_judging(run),
        sources=run.reader,
    )


def _explore(run: Run, scene: Scene) -> None:
    run.tell("asking every route as every user")
    stage = scene.stage()
    try:
        before = stage.served.state()
        reach = coverage.explore(stage, login_path=_login_path(run))
        stage.served.reset()
        changed = state.changed(before, stage.served.state())
    finally:
        stage.close()
    with run.lock:
        run.reach, run.is_restored = reach, not changed
        run.touched += [f"after the reset of the copy these stores differed: {', '.join(changed)}"] if changed else []
        run.done += 1


def _login_path(run: Run) -> str:
    return run.entrances.login.path if run.entrances is not None and run.entrances.login is not None else ""


def _attack(run: Run, launcher: Launcher) -> None:
    scene = _scene(run, launcher)
    checks = [check for check in run.chosen() if check.id not in run.tried]
    pool = ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="ringwork-checks")
    left: list[Job] = [(False, lambda: _explore(run, scene))]
    # Few checks share a copy, so that one long control does not leave a worker idle.
    left += [(_waits(some[0]), functools.partial(run_group, control, some, scene)) for control, some in _together(checks)]
    working = [pool.submit(_work, left, run) for _ in range(_WORKERS)]
    try:
        for future in working:
            future.result()
    finally:
        left.clear()
        pool.shutdown(wait=False, cancel_futures=True)


def _work(left: list[Job], run: Run) -> None:
    """Do one job after the other until none is left."""
    while True:
        with run.lock:
            if not left:
                return
            _, job = left.pop(_next([waits for waits, _ in left], is_read=run.reader is not None and run.reader.is_done))
        job()


def _next(waits: Sequence[bool], *, is_read: bool) -> int:
    """Which job is next: one that waits for the source once it is read, and before that one that does not, as far as there is one."""
    # Some flows are attacked for seconds, and would otherwise all come at the end, when there is nothing else for the other workers.
    return next((at for at, waiting in enumerate(waits) if waiting is is_read), 0)


def _together(checks: Sequence[Check]) -> list[tuple[str, Sequence[Check]]]:
    """A control and those of its checks that share a copy, those first whose findings come soonest."""
    groups = dict[tuple[str, bool], list[Check]]()
    for check in sorted(checks, key=_turn):
        groups.setdefault((register.control_of(check), _waits(check)), []).append(check)
    found = [(control, some[at : at + _TOGETHER]) for (control, _), some in groups.items() for at in range(0, len(some), _TOGETHER)]
    return sorted(found, key=lambda one: _turn(one[1][0]))


def _waits(check: Check) -> bool:
    """Whether it waits for the source to be read: it shares no copy with what could be attacked meanwhile."""
    return check.kind in {Kind.STATIC, Kind.PROCESS}


def _turn(check: Check) -> int:
    """What looks comes before what attacks, and what waits for the source to be read comes last: no worker stands idle for it."""
    return 2 if _waits(check) else int(check.kind is Kind.LIVE)
