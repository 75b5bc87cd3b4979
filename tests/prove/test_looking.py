"""What needs nothing but facts is looked at before anybody signs in; nothing is decided early that may change."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from ringwork.names import CheckId
from ringwork.prove import looking
from ringwork.prove.check import Check, Kind, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome, Verdict
from ringwork.survey.facts import AppFacts

FACTS = AppFacts(target="shop", framework="flask", framework_version="3", root="/shop", routes=(), settings={"DEBUG": True})
ID = CheckId("output.debug-disabled/debug-settings")


def _evidence(outcome: Outcome) -> Evidence:
    control = Exchanged(request="GET", answer="200")
    return Evidence(check=ID, observations=(Observation(attack="a", where="w", outcome=outcome, detail="d", control=control, read=1),))


def _check(run: Callable[[Stage], Evidence]) -> Check:
    return Check(id=ID, kind=Kind.CONFIG, run=run)


def _reads(stage: Stage) -> Evidence:
    return _evidence(Outcome.BROKEN if stage.facts.settings["DEBUG"] else Outcome.HELD)


def _asks(stage: Stage) -> Evidence:
    stage.served.client()
    return _evidence(Outcome.BROKEN)


def _asks_in_vain(stage: Stage) -> Evidence:
    with contextlib.suppress(Exception):
        stage.browser(None)  # type: ignore[attr-defined]  # of the live stage
    return _evidence(Outcome.BROKEN)


def _fails(stage: Stage) -> Evidence:
    raise ZeroDivisionError


def test_tells_what_the_facts_show() -> None:
    """A violation is a violation, whoever is signed in."""
    tried = looking.look(_check(_reads), FACTS, quick=False)
    assert tried is not None
    assert (tried.verdict, tried.fault) == (Verdict.VIOLATED, "")


@pytest.mark.parametrize("run", [_asks, _asks_in_vain, _fails])
def test_puts_off_what_needs_more_or_fails(run: Callable[[Stage], Evidence]) -> None:
    """Also where the check passes over what it was not given."""
    assert looking.look(_check(run), FACTS, quick=True) is None


def test_leaves_a_proof_to_be_shown_able_to_fail() -> None:
    """A quick run shows no such thing, so there it is settled."""
    held = _check(lambda stage: _evidence(Outcome.HELD))
    assert looking.look(held, FACTS, quick=False) is None
    found = looking.look(held, FACTS, quick=True)
    assert found is not None
    assert found.verdict is Verdict.PROVEN
