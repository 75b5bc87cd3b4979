"""The proof of identity.token-lifecycle reads: the clinics are clean, the breached source of every framework is not."""

from __future__ import annotations

import pytest

from tests.prove import read_sources

CHECK = "identity.token-lifecycle/issue-calls"


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_nothing_in_the_clinics(framework: str) -> None:
    """What is written as it should be is left alone, and what was counted grounds it."""
    read_sources.holds(CHECK, framework)


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_it_in_the_breached_source(framework: str) -> None:
    """Against a token that was copied once and opens the door for years."""
    read_sources.falls(CHECK, framework)
