"""All checks of one control: run, confirmed, and shown able to fail on copies from which its guards are taken out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import judge, register
from ringwork.prove.check import Check, Kind, ProbeRoute
from ringwork.prove.evidence import Evidence, Layers, Observation, Outcome, Tier, Verdict
from ringwork.prove.launch import Launcher
from ringwork.prove.sources import Sources
from ringwork.prove.stage import LiveStage
from ringwork.prove.users import Entrances
from ringwork.survey.facts import AppFacts

REPEATS = 2  # further runs that must show the same violation before it is reported
OUT_OF_TIME, MORE_TIME = "the time of this run was over; give more with --max-time", "--max-time 600"


@dataclass(slots=True, kw_only=True)
class Tried:
    """One check after all its runs. sensitivity: how it was seen to fail, "" for not at all. fault: an error of the check itself."""

    check: Check
    evidence: Evidence
    verdict: Verdict
    sensitivity: str = ""
    layers: list[Layers] = field(default_factory=list)
    seconds: float = 0.0
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What all groups of a run share. backing: control id to the guards that may still hold, in the catalogue's order.

    sources: what was read, None for nothing. facts: what checks look at.
    world: what browsers find their way by, where checks look at fewer routes than there are.
    """

    launcher: Launcher
    facts: AppFacts
    entrances: Entrances
    backing: Callable[[str], Sequence[str]]
    deadline: float
    deep: bool
    quick: bool
    started: Callable[[str], None]
    judged: Callable[[Tried], None]
    world: AppFacts | None = None
    sources: Sources | None = None

    def stage(self, without: frozenset[str] = frozenset(), planted: ProbeRoute | None = None) -> LiveStage:
        """A stage on the copy, or on one less some guards, or with a planted fault among its routes."""
        return LiveStage(
            self.launcher,
            self.facts,
            self.entrances,
            without=without,
            planted=planted,
            world=self.world,
            sources=self.sources,
            quick=self.quick,
        )

    def is_late(self) -> bool:
        """Whether no further check may start."""
        return time.monotonic() > self.deadline


def run_group(control: str, checks: Sequence[Check], scene: Scene, *, shake: bool = True) -> list[Tried]:
    """Run the checks of one control on a copy of their own, then (shake, and not quick) once more on copies without its guards."""
    shake = shake and not scene.quick
    tried = list[Tried]()
    for one in _first_runs(checks, scene):
        tried.append(one)
        if not (shake and one.verdict is Verdict.PROVEN):  # nothing that is still to be tried changes it
            scene.judged(one)
    guards = scene.facts.guard.controls if scene.facts.guard is not None else ()
    to_shake = [t for t in tried if t.verdict is Verdict.PROVEN]
    for one in to_shake if shake else ():
        if one.check.planted is not None and not scene.is_late():
            _plant(one, one.check.planted, scene)
    to_shake = [t for t in to_shake if not t.sensitivity]
    if shake and control in guards and to_shake:
        _shake(control, to_shake, scene)
    for one in tried if shake else ():
        if one.verdict is Verdict.PROVEN:
            scene.judged(one)
    return tried


def _first_runs(checks: Sequence[Check], scene: Scene) -> Iterable[Tried]:
    stage = scene.stage()
    guards = scene.facts.guard.controls if scene.facts.guard is not None else ()
    is_used = False
    try:
        for check in checks:
            scene.started(check.id)
            began = time.monotonic()
            if is_used and check.kind is Kind.LIVE and not scene.is_late():
                stage.fresh()
            evidence, fault = _attempt(check, stage, scene)
            is_used = is_used or check.kind is Kind.LIVE
            # Against a busy machine that is taken for a hole: where a guard stands against it, a quick run asks again too.
            is_guarded = register.control_of(check) in guards
            if judge.broken(evidence) and check.kind is Kind.LIVE and (is_guarded or not scene.quick):
                evidence = _confirmed(check, evidence, stage, scene, is_guarded=is_guarded)
            seconds = time.monotonic() - began
            yield Tried(check=check, evidence=evidence, verdict=judge.first_verdict(evidence), seconds=seconds, fault=fault)
    finally:
        stage.close()


def _attempt(check: Check, stage: LiveStage, scene: Scene) -> tuple[Evidence, str]:
    """The evidence, and the fault of the check itself if it had one."""
    if scene.is_late():
        if check.kind is not Kind.STATIC:
            return Evidence(check=check.id, not_verified=OUT_OF_TIME, unlock=MORE_TIME), ""
        stage.only_reads = True  # against a run whose worst findings are those that it had no time to repeat: what was read is told
    try:
        return check.run(stage), ""
    except TargetFailed as error:
        return Evidence(check=check.id, not_verified=f"{error.step}: {error.problem}", unlock=error.advice), ""
    except (OSError, TimeoutError) as error:
        return Evidence(check=check.id, not_verified=f"the copy did not answer ({type(error).__name__}: {error})"), ""
    except Exception as error:  # noqa: BLE001  # a third party's check may raise anything
        # Against one faulty check that hides all others: it is named, and the run ends as internal.
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f" at line {place.tb_lineno}" if place is not None else ""
        fault = f"{check.id}: {type(error).__name__}: {error}{where}"
        return Evidence(check=check.id, not_verified=f"the check itself failed ({type(error).__name__}: {error}{where})"), fault


def _confirmed(check: Check, first: Evidence, stage: LiveStage, scene: Scene, *, is_guarded: bool) -> Evidence:
    """The same evidence, less violations that did not show in every one of three runs with fresh markers.

    When the time is over, fewer runs have to do where no guard stands against the attack.
    Against a pass beside an attack that succeeded once (a race, or a busy machine): where no other violation is left, it is not verified.
    """
    runs = [{_key(o) for o in judge.broken(first)}]
    for _ in range(REPEATS):
        if scene.is_late():
            break
        stage.fresh()
        again, _ = _attempt(check, stage, scene)
        runs.append({_key(o) for o in judge.broken(again)})
    is_cut = is_guarded and len(runs) <= REPEATS
    kept = tuple(o if _is_steady(o, runs, is_cut=is_cut) else _unsteady(o, runs) for o in first.observations)
    evidence = replace(first, observations=kept)
    fallen = [now for before, now in zip(first.observations, kept, strict=True) if now is not before]
    if not fallen or judge.broken(evidence):
        return evidence
    return replace(evidence, not_verified=f"{fallen[0].attack}: {fallen[0].detail}", unlock=MORE_TIME if is_cut else first.unlock)


def _is_steady(observation: Observation, runs: Sequence[set[tuple[str, str]]], *, is_cut: bool) -> bool:
    if observation.outcome is not Outcome.BROKEN:
        # Against what held in the first run and fell in a later one, and would be told as held.
        return observation.outcome is not Outcome.HELD or not any(_key(observation) in run for run in runs[1:])
    # What was read stands in the source whether or not there is time to look again.
    if is_cut and observation.tier is not Tier.NONE:
        return True
    return not is_cut and all(_key(observation) in run for run in runs)


def _key(observation: Observation) -> tuple[str, str]:
    return observation.attack, observation.where


def _unsteady(observation: Observation, runs: Sequence[set[tuple[str, str]]]) -> Observation:
    seen = sum(_key(observation) in run for run in runs)
    said = f"it succeeded in {seen} of {len(runs)} runs"
    if len(runs) <= REPEATS:
        said += f", and the time was over before {REPEATS + 1} were made"
    return replace(observation, outcome=Outcome.UNTRIED, detail=f"{said}: {observation.detail}")


def _shake(control: str, tried: Sequence[Tried], scene: Scene) -> None:
    """Take the guard out, then the layers behind it one at a time, until each check was seen to fail."""
    backing = [one for one in scene.backing(control) if one != control]
    out: tuple[str, ...] = ()
    waiting = list(tried)
    for layer in (control, *backing):
        if not waiting or scene.is_late():
            break
        out = (*out, layer)
        _run_without(out, waiting, scene)
        waiting = [t for t in waiting if not t.sensitivity or ((scene.deep or t.check.depth) and _open_attacks(t))]
    for one in tried:
        one.layers += [
            Layers(check=one.check.id, attack=attack, stopped_by=out, succeeded_without=False)
            for attack in (_open_attacks(one) if scene.deep or not one.sensitivity else ())
        ]


def _plant(tried: Tried, planted: ProbeRoute, scene: Scene) -> None:
    """Show that the check fails where nothing can be taken out: a fault is planted, and it must find it."""
    scene.started(f"{tried.check.id} with a planted fault")
    stage = scene.stage(planted=planted)
    try:
        evidence, _ = _attempt(tried.check, stage, scene)
    finally:
        stage.close()
    if judge.broken(evidence):  # it held before, so what it finds now is what was planted
        tried.sensitivity = f"with a planted fault ({planted.value}): violated"


def _open_attacks(tried: Tried) -> list[str]:
    """Attacks that held and were not yet seen to succeed."""
    shown = {row.attack for row in tried.layers}
    return [a for a in dict.fromkeys(o.attack for o in tried.evidence.observations if o.outcome is Outcome.HELD) if a not in shown]


def _run_without(out: tuple[str, ...], waiting: Sequence[Tried], scene: Scene) -> None:
    stage = scene.stage(frozenset(out))
    is_used = False
    try:
        for one in waiting:
            scene.started(f"{one.check.id} without {', '.join(out)}")
            if is_used and one.check.kind is Kind.LIVE:
                stage.fresh()
            # Once the whole check was seen to fail, only the attacks that several layers stop are made again.
            narrow = one.check.depth if one.sensitivity and not scene.deep else None
            evidence, _ = _attempt(replace(one.check, run=narrow) if narrow else one.check, stage, scene)
            is_used = is_used or one.check.kind is Kind.LIVE
            _note_fall(one, evidence, out)
    finally:
        stage.close()


def _note_fall(tried: Tried, evidence: Evidence, out: tuple[str, ...]) -> None:
    fallen = {o.attack for o in judge.broken(evidence)}
    for attack in _open_attacks(tried):
        if attack in fallen:
            tried.layers.append(Layers(check=CheckId(tried.check.id), attack=attack, stopped_by=out, succeeded_without=True))
    if fallen and not tried.sensitivity:
        tried.sensitivity = f"without {' and '.join(out)}: violated"
