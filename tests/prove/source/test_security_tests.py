"""The proof of source.security-tests reads how far tests went through the files that a project marks sensitive."""

from __future__ import annotations

from typing import Any

import pytest

from ringwork.prove import judge
from ringwork.prove.check import Stage
from ringwork.prove.evidence import Verdict
from ringwork.prove.source import security_tests
from ringwork.survey.flows import Covered, Fate, Mutant, Sensitive, SourceFacts, Suite
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
def test_names_the_files_that_the_clinics_mark(framework: str) -> None:
    """They ship no coverage data, so that nothing is known of them, by name."""
    evidence = read_sources.run(read_sources.check_of(CHECK), framework, planted=False)
    assert not evidence.not_applicable
    assert "examples/clinic/keys.py" in f"{evidence.not_verified} {evidence.observations}"


def test_does_not_apply_where_no_file_is_marked() -> None:
    """The line that would mark one is told."""
    stage: Any = type("Reading", (), {"source": SourceFacts(files=3)})
    evidence = security_tests.sensitive_coverage(stage)
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


RUNS, MUTATION = "source.security-tests/suite-runs", "source.security-tests/mutation-of-controls"
MISSED = Mutant(file="shop.py", line=4, said="the decorator @login_required", fate=Fate.MISSED, tests=2)
SURVIVED = Mutant(file="shop.py", line=9, said="the call of verify_signature", fate=Fate.SURVIVED, tests=3)
UNREACHED = Mutant(file="shop.py", line=12, said="the call of require_owner", fate=Fate.UNREACHED)
LATE = Mutant(
    file="shop.py", line=15, said="the call of require_owner", fate=Fate.UNKNOWN, tests=1, why="the tests were not done within 20 s"
)


def _recorded(suite: Suite | None) -> Stage:
    stage: Any = type("Reading", (), {"source": SourceFacts(files=3, suite=suite)})
    return stage


@pytest.mark.parametrize("check", [RUNS, MUTATION])
@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_a_record_of_neglect_in_the_breached_source(framework: str, check: str) -> None:
    """A test that fails, and a line without which every test passes."""
    read_sources.falls(check, framework)


@pytest.mark.parametrize(
    ("suite", "runs", "mutation"),
    [
        pytest.param(None, Verdict.NOT_VERIFIED, Verdict.NOT_VERIFIED, id="nobody asked"),
        pytest.param(Suite(why="there is no record"), Verdict.NOT_VERIFIED, Verdict.NOT_VERIFIED, id="no record"),
        pytest.param(Suite(passed=3, places=1, mutants=(MISSED,)), Verdict.PROVEN, Verdict.PROVEN, id="missed"),
        pytest.param(Suite(passed=3, places=2, mutants=(MISSED, SURVIVED)), Verdict.PROVEN, Verdict.VIOLATED, id="survived"),
        pytest.param(Suite(passed=3, places=2, mutants=(MISSED, UNREACHED)), Verdict.PROVEN, Verdict.VIOLATED, id="no test reaches it"),
        pytest.param(Suite(passed=3, places=2, mutants=(MISSED, LATE)), Verdict.PROVEN, Verdict.NOT_VERIFIED, id="not done in time"),
        pytest.param(Suite(passed=3, places=9, mutants=(MISSED,), cut="late"), Verdict.PROVEN, Verdict.NOT_VERIFIED, id="cut short"),
        pytest.param(Suite(passed=3, places=2, mutants=(MISSED,)), Verdict.PROVEN, Verdict.NOT_VERIFIED, id="ended by force"),
        pytest.param(
            Suite(passed=3, places=1, mutants=(MISSED,), some="tests/test_a.py"),
            Verdict.NOT_VERIFIED,
            Verdict.NOT_VERIFIED,
            id="some tests",
        ),
        pytest.param(Suite(passed=3, some="--only a/*"), Verdict.NOT_VERIFIED, Verdict.NOT_VERIFIED, id="some lines"),
        pytest.param(Suite(passed=3, failed=("tests/test_a.py::test_b",)), Verdict.VIOLATED, Verdict.NOT_VERIFIED, id="a test fails"),
        pytest.param(
            Suite(passed=3, skipped=1, unreasoned=("tests/test_a.py::test_b",), places=1, mutants=(MISSED,)),
            Verdict.VIOLATED,
            Verdict.PROVEN,
            id="skipped without a reason",
        ),
        pytest.param(Suite(passed=3), Verdict.PROVEN, Verdict.NOT_APPLICABLE, id="nothing refuses"),
    ],
)
def test_judges_what_the_record_says(suite: Suite | None, runs: Verdict, mutation: Verdict) -> None:
    """A record of this code alone counts, and a part of the lines proves nothing."""
    assert judge.first_verdict(security_tests.suite_runs(_recorded(suite))) is runs
    assert judge.first_verdict(security_tests.mutation_of_controls(_recorded(suite))) is mutation


def test_names_the_line_that_could_vanish() -> None:
    """File, line, what it is and how many tests would not have missed it."""
    (seen,) = security_tests.mutation_of_controls(_recorded(Suite(passed=3, places=1, mutants=(SURVIVED,)))).observations
    assert (seen.file, seen.line, seen.where) == ("shop.py", 9, "shop.py")
    assert "3 tests go through it" in seen.detail
