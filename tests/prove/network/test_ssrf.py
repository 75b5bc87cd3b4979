"""The proof of network.ssrf reads: the clinics are clean, the breached source of every framework is not."""

from __future__ import annotations

import pytest

from tests.prove import read_sources

CHECK = "network.ssrf/unguarded-sink"


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_nothing_in_the_clinics(framework: str) -> None:
    """What is written as it should be is left alone, and what was counted grounds it."""
    read_sources.holds(CHECK, framework)


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_it_in_the_breached_source(framework: str) -> None:
    """Against `http://169.254.169.254/` as the address of one's picture."""
    read_sources.falls(CHECK, framework)
