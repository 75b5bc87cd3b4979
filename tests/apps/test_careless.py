"""What was read is then done: each way in the careless application is confirmed by an attack on its copy, and no careful one is."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import pytest

from ringwork.prove import launch, register, settings, target, users
from ringwork.prove.check import Check, Kind
from ringwork.prove.evidence import Evidence, Observation, Outcome, Tier
from ringwork.prove.stage import LiveStage
from ringwork.survey import reading
from ringwork.survey.flows import SourceFacts

HERE = Path(__file__).resolve().parent
FRAMEWORKS = tuple(
    pytest.param(name, marks=pytest.mark.xdist_group(f"careless_{name}")) for name in ("fastapi", "flask", "django", "aiohttp")
)
WAYS = {
    "input.sql-injection/built-statements": "/sql",
    "input.command-injection/shell-and-argv": "/command",
    "input.code-injection/dynamic-code": "/code",
    "input.template-injection/template-from-data": "/template",
    "input.path-traversal/tainted-path": "/documents/{name",
    "browser.open-redirect/request-to-redirect": "/redirect",
    "output.xss/escape-bypass": "/page",
    "network.ssrf/unguarded-sink": "/picture",
    "input.unsafe-deserialization/loaders": "/basket",
    "input.xml-external-entities/parser-construction": "/order",
    "observation.log-sanitization/sensitive-arguments": "/log",
}
"""Check to the route that is open to it."""


class _Read:
    def __init__(self, root: Path, sources: tuple[str, ...]) -> None:
        self._facts = functools.cache(lambda: reading.read(root, only=sources))

    def project(self) -> SourceFacts:
        return self._facts()

    breached = project


@functools.cache
def _seen(framework: str) -> dict[str, Evidence]:
    """What each check that reads says of an application, all on one copy."""
    folder = Path(tempfile.mkdtemp(prefix="careless-")).resolve()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(HERE / "careless", folder / "careless", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(HERE / "careless" / "documents", folder / "documents")
    chosen = target.resolve(f"careless.{framework}_app:app", here=folder)
    launcher = launch.Launcher(chosen, extra={})
    atexit.register(launcher.close)
    facts = launcher.load().facts
    entrances = users.find(facts, settings.Settings(), launcher)
    stage = LiveStage(launcher, facts, entrances, sources=_Read(folder, facts.sources))
    try:
        return {check.id: check.run(stage) for check in _checks()}
    finally:
        stage.close()


def _checks() -> list[Check]:
    return [check for check in register.checks() if check.kind is Kind.STATIC and check.id in WAYS]


def _confirmed(framework: str, check: str) -> list[Observation]:
    return [one for one in _seen(framework)[check].observations if one.tier is Tier.CONFIRMED]


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("check", WAYS)
def test_what_was_read_is_confirmed_by_an_attack(framework: str, check: str) -> None:
    """On the route that is open to it, with the request that did it."""
    told = [f"{one.outcome} {one.where}: {one.detail}" for one in _seen(framework)[check].observations]
    found = [one for one in _confirmed(framework, check) if f"confirmed by attack on GET {WAYS[check]}" in one.detail]
    assert found, told
    assert all(one.outcome is Outcome.BROKEN and one.exchanged and one.exchanged[0].replay for one in found)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_login_that_refuses_a_wrong_name_is_attacked_all_the_same(framework: str) -> None:
    """401 is what it answers to whom it does not know, and is where this hole is met most."""
    found = _confirmed(framework, "input.sql-injection/built-statements")
    assert [one.detail for one in found if "confirmed by attack on GET /sign-in" in one.detail]


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("check", WAYS)
def test_nothing_careful_is_accused(framework: str, check: str) -> None:
    """The same deeds with bound values, quoted words, checked paths and escaped text stay unmentioned."""
    found = [one for one in _seen(framework)[check].observations if one.outcome is Outcome.BROKEN and "/careful" in one.detail]
    assert not found, [one.detail for one in found]
