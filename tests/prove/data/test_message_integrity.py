"""The proof of data.message-integrity: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

import pytest

from ringwork.prove.check import Check
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("data.message-integrity")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """Every attack is made and fails, in effect as well as in status."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """With only that defence out the same attack succeeds, at the webhook and at the link."""
    broken = showing.falls(framework, check)
    assert showing.places(broken) == {"POST /api/laboratory/results", "GET /appointments/{appointment_id}/calendar"}
