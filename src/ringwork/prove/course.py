"""One run while it grows: what was asked, what was found so far, and what the checks are."""

from __future__ import annotations

import datetime
import functools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ringwork.controls import control as catalogue
from ringwork.errors import TargetFailed
from ringwork.names import CheckId, ControlId
from ringwork.prove import coverage, register
from ringwork.prove.baseline import Baseline
from ringwork.prove.check import Check
from ringwork.prove.group import Tried
from ringwork.prove.process import Loaded
from ringwork.prove.progress import Progress
from ringwork.prove.settings import PROFILES, Settings
from ringwork.prove.sources import Reader
from ringwork.prove.target import Target
from ringwork.prove.users import Entrances
from ringwork.survey.facts import AppFacts

Rows = Mapping[ControlId, catalogue.Control]
EARLY_STEPS = 3  # import, users, routes


@dataclass(slots=True)
class Run:
    """A report can be made of it at any moment.

    whole: the facts, once known, with the waivers of the source. reader: what reads the source, where a check asks for it.
    left_out: route to why this run does not ask it.
    """

    target: Target
    settings: Settings
    progress: Progress
    began: float = field(default_factory=time.monotonic)
    started_at: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    loaded: Loaded | None = None
    whole: AppFacts | None = None
    baseline: Baseline | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    tried: dict[CheckId, Tried] = field(default_factory=dict)
    reach: coverage.Reach | None = None
    entrances: Entrances | None = None
    reader: Reader | None = None
    touched: list[str] = field(default_factory=list)
    is_restored: bool = True
    is_partial: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: int = 0

    @property
    def today(self) -> datetime.date:
        """The day on which the run began."""
        return self.started_at.date()

    @property
    def facts(self) -> AppFacts:
        """What the import showed. Raises TargetFailed before it."""
        if self.whole is None:
            raise TargetFailed(step="import", problem="nothing was imported", advice="this is a fault of ringwork; report it")
        return self.whole

    @property
    def asked(self) -> AppFacts:
        """The facts, less the routes that are left out."""
        return replace(self.facts, routes=tuple(route for route in self.facts.routes if route.name not in self.left_out))

    def chosen(self) -> list[Check]:
        """The checks that this run makes."""
        return [check for check in register.checks() if is_chosen(check, self.settings)]

    def tell(self, text: str) -> None:
        """Hand a step to whoever watches."""
        self.progress.step(text, done=self.done, total=EARLY_STEPS + len(self.chosen()))


@functools.cache
def rows() -> Rows:
    """The catalogue by id."""
    return {row.id: row for row in catalogue.load().controls}


def profiles(settings: Settings) -> tuple[str, ...]:
    """The profile that was asked for, and those below it."""
    return PROFILES[: PROFILES.index(settings.profile) + 1]


def is_chosen(check: Check, settings: Settings) -> bool:
    """Whether a run with these settings makes a check."""
    control = register.control_of(check)
    names = {check.id, control, control.partition(".")[0]}
    row = rows().get(ControlId(control))
    return (
        (not settings.select or bool(names & set(settings.select)))
        and not names & set(settings.ignore)
        and (settings.deep or not check.deep)
        # What the profile does not ask for is not listed, so it may not fail the run either.
        and (row is None or row.profile in profiles(settings))
    )
