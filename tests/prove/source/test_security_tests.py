"""The proof of source.security-tests reads how far tests went through the files that a project marks sensitive."""

from __future__ import annotations

from typing import Any

import pytest

from ringwork.prove import judge
from ringwork.prove.check import Stage
from ringwork.prove.evidence import Verdict
from ringwork.prove.source import security_tests
from ringwork.survey.flows import Covered, Sensitive, SourceFacts
from tests.prove import read_sources

CHECK = "source.security-tests/sensitive-coverage"
WHOLE = Covered(file="shop/auth.py", parts=40, hit=39, has_branches=True)
LOW = Covered(file="shop/keys.py", parts=40, hit=20, has_branches=True)
LINES = Covered(file="shop/auth.py", parts=40, hit=40)
OLD = Covered(file="shop/auth.py", why="it is newer than coverage.json")


def _stage(*covered: Covered) -> Stage:
    marked = Sensitive(files=tuple(one.file for one in covered), covered=covered, data="coverage.json")
    stage: Any = type("Reading", (), {"source": SourceFacts(files=3, sensitive=marked)})
    return stage


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_does_not_apply_to_the_clinics(framework: str) -> None:
    """They mark no file, and the line that would is told."""
    evidence = read_sources.run(read_sources.check_of(CHECK), framework, planted=False)
    assert (judge.first_verdict(evidence), "prove.sensitive" in evidence.not_applicable) == (Verdict.NOT_APPLICABLE, True)


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_it_in_the_breached_source(framework: str) -> None:
    """Against code that no test has seen refuse: a sensitive file below the floor is found."""
    read_sources.falls(CHECK, framework)


@pytest.mark.parametrize(
    ("covered", "verdict"),
    [
        pytest.param((WHOLE,), Verdict.PROVEN, id="above the floor"),
        pytest.param((WHOLE, LOW), Verdict.VIOLATED, id="one of two below it"),
        pytest.param((LINES,), Verdict.NOT_VERIFIED, id="branches were not recorded"),
        pytest.param((OLD,), Verdict.NOT_VERIFIED, id="data of other code"),
    ],
)
def test_judges_each_file_by_itself(covered: tuple[Covered, ...], verdict: Verdict) -> None:
    """One file below the floor falls, however good the others are; what was not measured is neither."""
    assert judge.first_verdict(security_tests.sensitive_coverage(_stage(*covered))) is verdict
