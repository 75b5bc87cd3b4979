"""The proof of data.encryption-at-rest: proven on the guarded clinics, violated on the breached ones, at the right field."""

from __future__ import annotations

import pytest

from ringwork.prove import judge
from ringwork.prove.check import Check
from ringwork.prove.evidence import Verdict
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("data.encryption-at-rest")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """What is sealed is in no raw file and no log, and opens nowhere but in its own cell."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """A plain column is found in the file, and encryption that is none takes whatever stands there."""
    assert showing.falls(framework, check)


@pytest.mark.parametrize("framework", ["fastapi"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_finds_what_is_planted(framework: str, check: Check) -> None:
    """So a run on somebody else's application, whose fields nobody can replace, is seen to be able to fail."""
    if judge.first_verdict(clinics.run(framework, check)) is Verdict.NOT_APPLICABLE:
        return
    evidence = clinics.run_planted(framework, check)
    assert {o.where.partition(" ")[0] for o in judge.broken(evidence)} <= {"Planted.ssn", "Planted.iban"}
    assert judge.first_verdict(evidence) is Verdict.VIOLATED
