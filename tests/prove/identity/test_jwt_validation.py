"""The proof of identity.jwt-validation: forged tokens at a planted route, and source that is read."""

from __future__ import annotations

import pytest

from ringwork.prove.check import Check
from tests.prove import clinics, read_sources, showing

CHECK = "identity.jwt-validation/decode-arguments"
CHECKS = clinics.checks_of("identity.jwt-validation")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """The clinic lets nobody in by such a token, and is accused of nothing."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_where_nobody_asks_who_signed(framework: str, check: Check) -> None:
    """Against a token that says who one is, signed by nobody: a planted route lets it in."""
    found = showing.falls(framework, check)
    assert showing.places(found) == {"GET /ringwork-probe/unsigned"}
    assert {"no signature", "alg none"} <= {one.attack for one in found}


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_nothing_in_the_clinics(framework: str) -> None:
    """What is written as it should be is left alone, and what was counted grounds it."""
    read_sources.holds(CHECK, framework)


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_it_in_the_breached_source(framework: str) -> None:
    """Against a token that says who one is, signed by nobody."""
    read_sources.falls(CHECK, framework)
