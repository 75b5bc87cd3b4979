"""The proof of access.object-level-authorization: two users in the clinics and in small applications, and source that is read."""

from __future__ import annotations

import pytest

from ringwork.prove import judge
from ringwork.prove.check import Check
from ringwork.prove.evidence import Verdict
from tests.prove import clinics, read_sources, showing

CHECK = "access.object-level-authorization/unscoped-load"
CHECKS = clinics.checks_of("access.object-level-authorization")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """A patient is refused another's appointment, which its owner is shown."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """A look-up by number alone shows an appointment to whoever counts upward."""
    found = showing.falls(framework, check)
    assert any("/api/appointments/{appointment_id}" in where for where in showing.places(found))
    assert {o.attack for o in found} >= {"another user reads it"}


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
def test_finds_what_is_planted(framework: str) -> None:
    """Where no component can be replaced, a route that gives anything to whoever names it shows that the check can fail."""
    evidence = clinics.run_planted(framework, CHECKS[0])
    assert judge.first_verdict(evidence) is Verdict.VIOLATED
    assert {o.where for o in judge.broken(evidence)} == {"GET /ringwork-probe/objects"}


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_nothing_in_the_clinics(framework: str) -> None:
    """What is written as it should be is left alone, and what was counted grounds it."""
    read_sources.holds(CHECK, framework)


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_it_in_the_breached_source(framework: str) -> None:
    """Against the next number in the address, which is somebody else's."""
    read_sources.falls(CHECK, framework)
