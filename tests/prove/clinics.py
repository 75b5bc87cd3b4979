"""The clinics as the proofs' own tests see them: imported once for each framework, served whole or with one defence out."""

from __future__ import annotations

import atexit
import functools
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from ringwork.prove import register, users
from ringwork.prove.check import Check, Kind, ProbeRoute
from ringwork.prove.evidence import Evidence
from ringwork.prove.launch import Launcher
from ringwork.prove.settings import Settings, of_project
from ringwork.prove.stage import LiveStage
from ringwork.prove.target import resolve
from ringwork.prove.users import Entrances
from ringwork.survey.facts import AppFacts
from tests.prove import read_sources

ROOT = Path(__file__).parents[2]
# ./run test keeps to two minutes with one framework; ./run test --all asks both.
FRAMEWORKS = ["fastapi", *(pytest.param(name, marks=pytest.mark.slow) for name in ("flask", "django", "aiohttp"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """One clinic, imported behind walls and ready to be forked."""

    launcher: Launcher
    facts: AppFacts
    entrances: Entrances

    def stage(self, without: Sequence[str] = (), replaced: Sequence[str] = ()) -> LiveStage:
        """A stage on a copy, whole, with defences taken out, or with components of the clinic replaced."""
        return LiveStage(
            self.launcher,
            self.facts,
            self.entrances,
            without=frozenset(without),
            replaced=tuple(replaced),
            sources=read_sources.Read(self.facts.framework),
        )


@functools.cache
def clinic(framework: str) -> Clinic:
    """The clinic of a framework; one import for each process of the tests."""
    target = resolve(f"examples.clinic.{framework}_app:app", here=ROOT)
    settings = Settings(**of_project(target))
    launcher = Launcher(target, extra=settings.env)
    atexit.register(launcher.close)
    loaded = launcher.load(settings.users_from)
    launcher.warm_up()
    return Clinic(launcher=launcher, facts=loaded.facts, entrances=users.find(loaded.facts, settings, launcher))


def checks_of(control: str) -> list[Check]:
    """The checks of one control that need the clinic; what only reads source is tested without one (test_read_beside.py)."""
    return [
        check for check in register.checks() if register.control_of(check) == control and check.planted is not ProbeRoute.BREACHED_SOURCE
    ]


def run(framework: str, check: Check, without: Sequence[str] = (), replaced: Sequence[str] = ()) -> Evidence:
    """One check on a fresh copy of the clinic."""
    stage = clinic(framework).stage(without, replaced)
    try:
        return check.run(stage)
    finally:
        stage.close()


def breached(control: str) -> ModuleType:
    """The module of the clinic with that one defence taken out."""
    layer, _, stem = control.partition(".")
    return importlib.import_module(f"tests.breached.{layer.replace('-', '_')}.{stem.replace('-', '_')}")


def replaced_in(module: ModuleType) -> tuple[str, ...]:
    """What puts another component into the clinic (RULING 7), as the copy finds it; empty where a guard is taken out instead."""
    return (f"{module.__name__}:replace",) if hasattr(module, "replace") else ()


def is_look(check: Check) -> bool:
    """Whether the check only reads."""
    return check.kind is not Kind.LIVE


def run_planted(framework: str, check: Check) -> Evidence:
    """One check on a copy of the clinic in which its fault was planted."""
    one = clinic(framework)
    stage = LiveStage(one.launcher, one.facts, one.entrances, planted=check.planted, sources=read_sources.Read(framework))
    try:
        return check.run(stage)
    finally:
        stage.close()
