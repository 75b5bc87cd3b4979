"""The proof of data.secure-randomness: proven on the guarded clinics, violated where logins are a hash of a counter."""

from __future__ import annotations

import pytest

from ringwork.prove import judge
from ringwork.prove.check import Check
from ringwork.prove.evidence import Verdict
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("data.secure-randomness")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """What a login, a form and a fresh browser are given cannot be made again."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """Keys that are a hash of a counter look random, and are found out."""
    assert showing.places(showing.falls(framework, check)) == {"cookie session of a login"}


@pytest.mark.parametrize("framework", ["fastapi"])
def test_finds_what_is_planted(framework: str) -> None:
    """Where no component can be replaced, a form that counts shows that the check can fail."""
    evidence = clinics.run_planted(framework, CHECKS[0])
    assert judge.first_verdict(evidence) is Verdict.VIOLATED
    assert {o.where for o in judge.broken(evidence)} == {"form tokens of /ringwork-probe/weak-tokens"}
