"""The proof of source.type-checking reads what the checker says of the files that a project marks sensitive."""

from __future__ import annotations

from typing import Any

import pytest

from ringwork.prove import judge
from ringwork.prove.check import Stage
from ringwork.prove.evidence import Outcome, Verdict
from ringwork.prove.source import type_checking
from ringwork.survey.flows import Sensitive, Silenced, SourceFacts, Typed
from tests.prove import read_sources

CHECKS = ("source.type-checking/strict-on-sensitive", "source.type-checking/taint-types")
CLEAN = Typed(ran=True, checker="mypy 2", files=2)
ABSENT = Typed(ran=False, why="mypy is not installed", unlock="pip install 'ringwork[tools]'")
LOOSE = Typed(ran=True, checker="mypy 2", files=2, loosened=("pyproject.toml: ignore_errors = true for shop.*",))


def _stage(typed: Typed | None, **facts: Any) -> Stage:
    marked = Sensitive(files=("shop/auth.py", "shop/keys.py"), typed=typed)
    stage: Any = type("Reading", (), {"source": SourceFacts(files=3, sensitive=marked, **facts)})
    return stage


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS)
def test_finds_nothing_in_the_clinics(check: str, framework: str) -> None:
    """The files that they mark are typed strictly, and were counted."""
    read_sources.holds(check, framework)


def test_does_not_apply_where_no_file_is_marked() -> None:
    """The line that would mark one is told."""
    stage: Any = type("Reading", (), {"source": SourceFacts(files=3)})
    evidence = type_checking.strict_on_sensitive(stage)
    assert (judge.first_verdict(evidence), "prove.sensitive" in evidence.not_applicable) == (Verdict.NOT_APPLICABLE, True)


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS)
def test_finds_it_in_the_breached_source(check: str, framework: str) -> None:
    """Against a value of the wrong kind: an untyped definition in a sensitive file is found at its line."""
    read_sources.falls(check, framework)


@pytest.mark.parametrize(("typed", "verdict"), [(CLEAN, Verdict.PROVEN), (ABSENT, Verdict.NOT_VERIFIED), (LOOSE, Verdict.VIOLATED)])
def test_judges_what_the_checker_says(typed: Typed, verdict: Verdict) -> None:
    """Strict and clean is proven; without a checker nothing is known; a setting that lets the file off is a hole."""
    assert judge.first_verdict(type_checking.strict_on_sensitive(_stage(typed))) is verdict


def test_finds_a_comment_that_hides_every_error() -> None:
    """In a sensitive file it is a hole; in another one it is none of this check."""

    def silenced(file: str) -> Silenced:
        return Silenced(form="type: ignore", file=file, line=4, rules=(), reason="", fault="names no rule", is_grave=False)

    evidence = type_checking.strict_on_sensitive(_stage(CLEAN, silenced=(silenced("shop/auth.py"), silenced("shop/pages.py"))))
    assert [(one.outcome, one.file) for one in evidence.observations] == [(Outcome.BROKEN, "shop/auth.py")]


def test_knows_nothing_where_the_patterns_fit_nothing() -> None:
    """Against a file that was renamed, and is sensitive no more without anybody's decision."""
    stage: Any = type("Reading", (), {"source": SourceFacts(files=3, sensitive=Sensitive(files=(), unmatched=("shop/old/*",)))})
    evidence = type_checking.strict_on_sensitive(stage)
    assert (judge.first_verdict(evidence), "shop/old/*" in evidence.not_verified) == (Verdict.NOT_VERIFIED, True)
