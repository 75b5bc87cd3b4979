"""Checks that only read, of controls that are attacked as well: the clinics are clean, the breached source of every framework is not.

Controls that are only read have such tests of their own, where they prove anything else too.
"""

from __future__ import annotations

import pytest

from ringwork.prove import register
from ringwork.prove.check import ProbeRoute
from tests.prove import clinics, read_sources

CHECKS = [
    check.id for check in register.checks() if check.planted is ProbeRoute.BREACHED_SOURCE and clinics.checks_of(register.control_of(check))
]


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS)
def test_finds_nothing_in_the_clinics(check: str, framework: str) -> None:
    """What is written as it should be is left alone, and what was counted grounds it."""
    read_sources.holds(check, framework)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS)
def test_finds_it_in_the_breached_source(check: str, framework: str) -> None:
    """Against a reader that understands one framework and is silent in the others."""
    read_sources.falls(check, framework)
