"""The proof of input.file-upload: files uploaded to the clinics and to a planted route, and source that is read."""

from __future__ import annotations

import pytest

from ringwork.prove.check import Check
from ringwork.prove.evidence import Outcome
from ringwork.prove.input import file_upload
from tests.prove import clinics, read_sources, showing, unguarded

CHECK = "input.file-upload/extract-and-save"
CHECKS = clinics.checks_of("input.file-upload")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """The clinic takes no files, and is accused of none."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_where_files_come_back_as_they_came(framework: str, check: Check) -> None:
    """Against a page of an attacker's: a planted route serves any file under the type that its client claimed."""
    found = showing.falls(framework, check)
    assert showing.places(found) == {"GET,POST /ringwork-probe/serves-back"}
    assert "is served as text/html" in found[0].detail


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_nothing_in_the_clinics(framework: str) -> None:
    """What is written as it should be is left alone, and what was counted grounds it."""
    read_sources.holds(CHECK, framework)


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_it_in_the_breached_source(framework: str) -> None:
    """Against an archive whose member is called `../../app.py`."""
    read_sources.falls(CHECK, framework)


def test_a_route_for_files_that_nobody_reaches_is_not_verified() -> None:
    """It takes files, so that the control applies, and nobody who signs in gets there."""
    with unguarded.serving(unguarded.GUARDED_FOR_STAFF) as stage:
        evidence = file_upload.served_back(stage)
        assert evidence.not_verified or all(o.outcome is Outcome.UNTRIED for o in evidence.observations)
        assert not evidence.not_applicable
    with unguarded.serving(unguarded.PLAIN) as stage:
        assert file_upload.served_back(stage).not_applicable
