"""What the proofs that read see: the clinics' source, read once, and the breached source of each framework, read once each."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

from ringwork.controls import control as catalogue
from ringwork.prove import breached_source, judge, kinds, reader, register
from ringwork.prove.check import Check, ProbeRoute
from ringwork.prove.evidence import Evidence, Observation, Outcome, Verdict
from ringwork.prove.settings import of_project
from ringwork.prove.stage import LiveStage
from ringwork.prove.target import resolve
from ringwork.survey.facts import AppFacts, GuardFacts
from ringwork.survey.flows import Past, SourceFacts
from tests.recording import record

ROOT = Path(__file__).parents[2]
FRAMEWORKS = breached_source.FRAMEWORKS
CLINICS = tuple(sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "examples").rglob("*.py")))


EXPLAINED = {
    ("output.xss/escape-bypass", "examples/clinic/aiohttp_app.py in examples.clinic.aiohttp_app._page"): (
        "pages are rendered in a thread, by a function that is handed over: Jinja2 escapes what they are given, which no reader follows"
    ),
}
"""Check and place of what is weak in the clinics, to the reason why it is none."""


class Read:
    """The sources of a stage (prove.sources.Sources), read in this process."""

    def __init__(self, framework: str) -> None:
        self.framework = framework

    def project(self) -> SourceFacts:
        """All four clinics, which share their pages and their domain."""
        return _clinics()

    def breached(self) -> SourceFacts:
        """As nobody should write it."""
        return _breached(self.framework)


@functools.cache
def _clinics() -> SourceFacts:
    return reader.whole(ROOT, CLINICS, of_project(resolve("examples.clinic.fastapi_app:app", here=ROOT))["sensitive"])


@functools.cache
def _breached(framework: str) -> SourceFacts:
    return replace(reader.breached(framework), past=_breached_past())


@functools.cache
def _breached_past() -> Past:
    return reader.breached_past()


def check_of(id_: str) -> Check:
    """The check of an id."""
    return next(check for check in register.checks() if check.id == id_)


def run(check: Check, framework: str, *, planted: bool) -> Evidence:
    """The check on a clinic's source or on the breached one; no copy is started for either."""
    guard = None if planted else GuardFacts(mode="enforce", controls=_guards(), origin="https://clinic.example", hosts=(), identify="")
    facts = AppFacts(target="clinic", framework=framework, framework_version="", root=str(ROOT), routes=(), guard=guard)
    return check.run(_stage(facts, framework, planted=planted))


def _guards() -> tuple[str, ...]:
    return tuple(row.id for row in catalogue.load().controls if row.guarded and not row.component)


def _stage(facts: AppFacts, framework: str, *, planted: bool) -> LiveStage:
    stage = object.__new__(LiveStage)  # a stage without a launcher, for checks that read
    stage.facts, stage._sources, stage._is_breached_source = facts, Read(framework), planted
    return stage


def holds(id_: str, framework: str) -> None:
    """Nothing is found in the clinics but what is explained, and what was read is counted."""
    evidence = run(check_of(id_), framework, planted=False)
    left = [o for o in evidence.observations if o.outcome is not Outcome.HELD and (id_, o.where) not in EXPLAINED]
    assert not left, _told(evidence)
    assert judge.first_verdict(evidence) is Verdict.PROVEN or len(left) < len(evidence.observations), _told(evidence)


def falls(id_: str, framework: str) -> list[Observation]:
    """The fault of the check's own breached source is found at its place."""
    check = check_of(id_)
    assert check.planted is ProbeRoute.BREACHED_SOURCE
    evidence = run(check, framework, planted=True)
    broken = [o for o in evidence.observations if o.outcome is Outcome.BROKEN]
    assert {o.file for o in broken} & breached_source.places(id_, framework), _told(evidence)
    record(check.id, framework=framework, verdict=Verdict.VIOLATED, planted=ProbeRoute.BREACHED_SOURCE.value)
    return broken


def _told(evidence: Evidence) -> str:
    wanted = kinds.kinds_of(evidence.check)
    lines = [f"{o.outcome}: {o.attack} at {o.where}:{o.line}: {o.detail}" for o in evidence.observations]
    return "\n".join([f"{evidence.check} ({', '.join(wanted)})", evidence.not_verified, *lines])
