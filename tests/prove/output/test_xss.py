"""The proof of output.xss: what is written to the clinics and to a planted route, and source that is read."""

from __future__ import annotations

import pytest

from ringwork.prove.check import Check
from tests.prove import clinics, read_sources, showing

CHECK = "output.xss/escape-bypass"
CHECKS = clinics.checks_of("output.xss")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """What a patient writes stays text on the pages of everybody else."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_where_it_is_shown_as_it_came(framework: str, check: Check) -> None:
    """Against a script in the name of an order: a planted route shows what it was sent."""
    found = showing.falls(framework, check)
    assert showing.places(found) == {"GET,POST /ringwork-probe/shows"}
    assert "came into being" in found[0].detail


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_nothing_in_the_clinics(framework: str) -> None:
    """What is written as it should be is left alone, and what was counted grounds it."""
    read_sources.holds(CHECK, framework)


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_it_in_the_breached_source(framework: str) -> None:
    """Against a script in the name of an order."""
    read_sources.falls(CHECK, framework)
