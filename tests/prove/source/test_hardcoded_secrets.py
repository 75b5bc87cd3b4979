"""The proof of source.hardcoded-secrets reads: the clinics are clean, the breached source of every framework is not; so is the history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ringwork.prove import judge
from ringwork.prove.evidence import Outcome, Verdict
from ringwork.prove.source import hardcoded_secrets
from ringwork.survey.facts import AppFacts
from ringwork.survey.flows import Entry, Flow, Past, Rotated, SourceFacts, Step, Strength, secret_id
from tests.prove import read_sources

CHECKS = ("source.hardcoded-secrets/working-tree", "source.hardcoded-secrets/ignore-rules")
HISTORY = "source.hardcoded-secrets/history"
ADDED = Flow(
    kind="secret-history",
    strength=Strength.STRONG,
    sink="secret: GitHub token in the history",
    entry=Entry(),
    steps=(Step(file="shop.py", line=2, column=0, said="added by commit 0123456789ab of 2031-01-01"),),
    function="",
    detail="Commit 0123456789ab of 2031-01-01 added a GitHub token of 40 characters",
)
RECORD = Rotated(secret=secret_id(ADDED), day="2031-02-01", by="anna")


def _evidence(past: Past | None) -> Any:
    stage: Any = type("Reading", (), {"source": SourceFacts(files=3, past=past)})
    return hardcoded_secrets.history(stage)


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS)
def test_finds_nothing_in_the_clinics(check: str, framework: str) -> None:
    """What is written as it should be is left alone, and what was counted grounds it."""
    read_sources.holds(check, framework)


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS)
def test_finds_it_in_the_breached_source(check: str, framework: str) -> None:
    """Against everybody who ever had the repository."""
    read_sources.falls(check, framework)


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_a_deleted_secret_in_the_breached_history(framework: str) -> None:
    """A repository in which a token was added and deleted, made where the reader reads it."""
    (seen,) = read_sources.falls(HISTORY, framework)
    assert (seen.file, seen.where.startswith("old_settings.py, added by commit ")) == ("old_settings.py", True)


@pytest.mark.parametrize(
    ("past", "verdict"),
    [
        pytest.param(None, Verdict.NOT_VERIFIED, id="nobody asked"),
        pytest.param(Past(why="git knows no repository here"), Verdict.NOT_VERIFIED, id="no repository"),
        pytest.param(Past(commits=9), Verdict.PROVEN, id="clean"),
        pytest.param(Past(commits=9, is_shallow=True), Verdict.NOT_VERIFIED, id="shallow and clean"),
        pytest.param(Past(commits=9, cut="it may take 90 s"), Verdict.NOT_VERIFIED, id="cut and clean"),
        pytest.param(Past(commits=9, flows=(ADDED,)), Verdict.VIOLATED, id="a secret"),
        pytest.param(Past(commits=9, flows=(ADDED,), is_shallow=True), Verdict.VIOLATED, id="a secret in a part"),
        pytest.param(Past(commits=9, flows=(ADDED,), rotated=(RECORD,)), Verdict.PROVEN, id="rotated with a record"),
        pytest.param(Past(commits=9, flows=(ADDED,), rotated=(RECORD,), cut="x"), Verdict.NOT_VERIFIED, id="rotated, of a part"),
        pytest.param(Past(commits=9, flows=(ADDED,), rotated=(replace(RECORD, secret="0" * 12),)), Verdict.VIOLATED, id="another's record"),
    ],
)
def test_judges_the_history_by_what_was_read_of_it(past: Past | None, verdict: Verdict) -> None:
    """None, or rotated with a record; a part of the commits proves nothing."""
    assert judge.first_verdict(_evidence(past)) is verdict


def test_a_secret_of_a_test_is_listed_and_neither_proves_nor_fails() -> None:
    """What an example shows may be one all the same."""
    weak = replace(ADDED, strength=Strength.WEAK)
    evidence = _evidence(Past(commits=9, flows=(weak,)))
    assert [one.outcome for one in evidence.observations] == [Outcome.UNTRIED]
    assert judge.first_verdict(evidence) is Verdict.NOT_VERIFIED


@pytest.mark.parametrize(("kept", "verdict"), [(True, Verdict.PROVEN), (False, Verdict.NOT_VERIFIED)])
def test_knows_what_is_kept_only_where_a_repository_is(kept: bool, verdict: Verdict, tmp_path: Path) -> None:
    """Without one nothing tells what `git add .` would take."""
    if kept:
        (tmp_path / ".git").mkdir()
    facts = AppFacts(target="shop", framework="flask", framework_version="3", root=str(tmp_path), routes=())
    stage: Any = type("Reading", (), {"source": SourceFacts(files=3, lines=30), "facts": facts, "users": ()})
    evidence = hardcoded_secrets.ignore_rules(stage)
    assert judge.first_verdict(evidence) is verdict
    assert ("repository" in evidence.not_verified) is not kept
