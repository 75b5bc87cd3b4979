"""The proof of access.attribute-based-access reads: the clinics are clean, the breached source of every framework is not."""

from __future__ import annotations

import pytest

from tests.prove import read_sources

CHECK = "access.attribute-based-access/inline-rules"


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_nothing_in_the_clinics(framework: str) -> None:
    """What is written as it should be is left alone, and what was counted grounds it."""
    read_sources.holds(CHECK, framework)


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_it_in_the_breached_source(framework: str) -> None:
    """Against the rule that was changed in nine of ten places."""
    read_sources.falls(CHECK, framework)
