"""The proof of access.mass-assignment: fields sent along to the clinics and to a planted route, and source that is read."""

from __future__ import annotations

import pytest

from ringwork.prove.check import Check
from tests.prove import clinics, read_sources, showing

CHECK = "access.mass-assignment/direct-binding"
CHECKS = clinics.checks_of("access.mass-assignment")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """An appointment keeps what its form asks for, whatever is sent along."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_where_everything_is_kept(framework: str, check: Check) -> None:
    """Against the form that also sends `role=admin`: a planted route keeps whatever it is sent."""
    found = showing.falls(framework, check)
    assert showing.places(found) == {"GET,POST /ringwork-probe/assigns"}
    assert "role is member by itself, and admin where" in found[0].detail


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_nothing_in_the_clinics(framework: str) -> None:
    """What is written as it should be is left alone, and what was counted grounds it."""
    read_sources.holds(CHECK, framework)


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_it_in_the_breached_source(framework: str) -> None:
    """Against the form that also sends `is_admin=1`."""
    read_sources.falls(CHECK, framework)
