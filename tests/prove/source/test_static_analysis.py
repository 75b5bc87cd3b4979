"""The proof of source.static-analysis reads: the clinics are clean, the breached source of every framework is not."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ringwork.prove import judge
from ringwork.prove.check import Stage
from ringwork.prove.evidence import Outcome, Verdict
from ringwork.prove.source import static_analysis
from ringwork.survey.flows import Entry, Flow, Heard, Silenced, SourceFacts, Step, Strength, Unread
from tests.prove import read_sources

CHECKS = tuple(f"source.static-analysis/{name}" for name in ("own-rules", "imported-findings", "suppressions"))


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS)
def test_finds_nothing_in_the_clinics(check: str, framework: str) -> None:
    """What is written as it should be is left alone, and what was counted grounds it."""
    read_sources.holds(check, framework)


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS)
def test_finds_it_in_the_breached_source(check: str, framework: str) -> None:
    """Against the weakness that falls between all chairs, and the comment that hides it."""
    read_sources.falls(check, framework)


# -- what other tools say ---------------------------------------------------------------------------------------

RAN = (Heard(tool="bandit", version="1.9", ran=True, read=3), Heard(tool="ruff", version="0.17", ran=True, read=3))
ABSENT = Heard(tool="bandit", version="", ran=False, why="bandit is not installed", unlock="pip install 'ringwork[tools]'")
LOST = Unread(file="a.py", line=0, why="bandit: syntax error")


def _stage(**facts: Any) -> Stage:
    stage: Any = type("Reading", (), {"source": SourceFacts(files=3, lines=30, **facts)})
    return stage  # a proof that reads asks for nothing else


def _seen(strength: Strength) -> Flow:
    step = Step(file="shop/a.py", line=7, column=0, said="given to a shell")
    return Flow(kind="command", strength=strength, sink="bandit B602, ruff S602", entry=Entry(), steps=(step,), function="shop.a.f")


def test_takes_for_a_hole_what_we_saw_too() -> None:
    """Two tools and we ourselves at one line: it is violated there, and they are named."""
    evidence = static_analysis.imported_findings(_stage(heard=RAN, imported=(_seen(Strength.STRONG),)))
    (one,) = evidence.observations
    assert (one.outcome, one.file, one.line, "bandit B602" in one.attack) == (Outcome.BROKEN, "shop/a.py", 7, True)


def test_lists_what_others_say_alone() -> None:
    """Their word is no hole; it is no pass either."""
    evidence = static_analysis.imported_findings(_stage(heard=RAN, imported=(_seen(Strength.WEAK),)))
    assert [one.outcome for one in evidence.observations] == [Outcome.UNTRIED]
    assert judge.first_verdict(evidence) is Verdict.NOT_VERIFIED


def test_proves_nothing_without_the_tools() -> None:
    """Where no tool ran, its silence says nothing, and the line that would bring it is told."""
    evidence = static_analysis.imported_findings(_stage(heard=(ABSENT,)))
    assert (judge.first_verdict(evidence), evidence.unlock) == (Verdict.NOT_VERIFIED, "pip install 'ringwork[tools]'")
    one_of_two = static_analysis.imported_findings(_stage(heard=(ABSENT, RAN[1])))
    assert judge.first_verdict(one_of_two) is Verdict.NOT_VERIFIED


@pytest.mark.parametrize(("lost", "verdict"), [((LOST, LOST), Verdict.NOT_VERIFIED), ((LOST, None), Verdict.PROVEN)])
def test_proves_nothing_of_a_file_that_every_tool_lost(lost: tuple[Unread | None, ...], verdict: Verdict) -> None:
    """What one of them read was looked at; what none of them could read was not."""
    heard = tuple(dataclasses.replace(one, unread=(gone,) if gone else ()) for one, gone in zip(RAN, lost, strict=True))
    assert judge.first_verdict(static_analysis.imported_findings(_stage(heard=heard))) is verdict


# -- warnings that are switched off -----------------------------------------------------------------------------


def _silenced(*, rules: tuple[str, ...] = (), reason: str = "", fault: str = "", is_grave: bool = False) -> Silenced:
    day = "2024-03-05"
    return Silenced(form="nosec", file="a.py", line=3, rules=rules, reason=reason, fault=fault, is_grave=is_grave, day=day)


def test_finds_a_comment_that_says_nothing() -> None:
    """It is violated at its line, and since when it stands there is told."""
    evidence = static_analysis.suppressions(_stage(silenced=(_silenced(fault="names no rule, so it hides every one", is_grave=True),)))
    (one,) = evidence.observations
    assert (one.outcome, one.line, "since 2024-03-05" in one.detail) == (Outcome.BROKEN, 3, True)


def test_holds_where_each_says_why() -> None:
    """With rule and reason it is a decision, counted with the oldest of them."""
    evidence = static_analysis.suppressions(_stage(silenced=(_silenced(rules=("B602",), reason="fixed words"),)))
    assert judge.first_verdict(evidence) is Verdict.PROVEN
    assert "the oldest of 2024-03-05" in evidence.observations[0].detail
    assert judge.first_verdict(static_analysis.suppressions(_stage())) is Verdict.PROVEN


def test_lists_what_may_hide_nothing() -> None:
    """A type that is ignored without a reason is told, and is no hole by itself."""
    evidence = static_analysis.suppressions(_stage(silenced=(_silenced(rules=("misc",), fault="gives no reason"),)))
    assert {one.outcome for one in evidence.observations} == {Outcome.UNTRIED, Outcome.HELD}
