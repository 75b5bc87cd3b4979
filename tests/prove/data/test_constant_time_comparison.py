"""The proof of data.constant-time-comparison: violated where an early exit is loud; elsewhere proven, or not verified for noise."""

from __future__ import annotations

import random

import pytest

from ringwork.prove import judge
from ringwork.prove.check import Check
from ringwork.prove.data import constant_time_comparison as proof
from ringwork.prove.evidence import Outcome, Verdict
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("data.constant-time-comparison")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_accuses_no_guarded_clinic(framework: str, check: Check) -> None:
    """Ruling 10: the noise of a busy machine may hide the answer, and is never taken for a hole."""
    evidence = clinics.run(framework, check)
    assert judge.first_verdict(evidence) in {Verdict.PROVEN, Verdict.NOT_VERIFIED}
    assert [o.where for o in evidence.observations] == ["cookie session"]


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """A refusal that takes longer the more of the key is right gives the key away."""
    assert showing.places(showing.falls(framework, check)) == {"cookie session"}


@pytest.mark.parametrize("framework", ["fastapi"])
def test_finds_what_is_planted(framework: str) -> None:
    """Where no component can be replaced, a route that compares letter by letter shows that the check can fail."""
    found = [o for o in clinics.run_planted(framework, CHECKS[0]).observations if o.outcome is Outcome.BROKEN]
    assert showing.places(found) == {"bearer token"}


@pytest.mark.parametrize(("scatter", "asked"), [(0.04, 200), (0.0001, 30)])
def test_measures_longer_where_noise_hides_the_answer(monkeypatch: pytest.MonkeyPatch, scatter: float, asked: int) -> None:
    """A brief look that could not have seen the difference is followed by a whole one; one that saw that there is none is enough."""
    noise, now = random.Random(1), [0.0]

    def call() -> None:
        now[0] += 0.02 + noise.uniform(0, scatter)

    compare = proof.timing.compare
    monkeypatch.setattr(proof.timing, "compare", lambda *calls, **given: compare(*calls, clock=lambda: now[0], **given))
    found = proof._compared(call, call, random.Random(2), brief=True)
    assert (found.rounds, found.differs) == (asked, False)


def test_guesses_near_and_far() -> None:
    """Near ones share all but two letters, far ones none, and both keep length and kind, so that nothing else takes its time."""
    value, chance = "kX3_9-aZ0b7Q", random.Random(1)
    near, far = proof._near(value, chance), proof._far(value, chance)
    assert (near[:-2], len(near), near[-2] != value[-2], near[-1] != value[-1]) == (value[:-2], 12, True, True)
    assert [a == b for a, b in zip(far, value, strict=True)] == [letter in "_-" for letter in value]


def test_guesses_at_the_signature_of_a_statement() -> None:
    """What it says stays, so that only the comparison differs."""
    value = "eyJ1c2VyIjo3LCJhIjoxfQ.Z0Xo3A.AbCdEfGhIjKlMnOpQrStUvWxYz1"
    assert proof._far(value, random.Random(1)).startswith("eyJ1c2VyIjo3LCJhIjoxfQ.Z0Xo3A.")
