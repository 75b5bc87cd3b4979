"""From a report to what each test says: nothing is softened on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ringwork.names import CheckId
from ringwork.prove.evidence import CheckResult, Coverage, Evidence, Folded, Observation, Outcome, Report, Verdict, Waived, WaiverState
from ringwork.suite.asked import RUN, Claim
from ringwork.suite.outcomes import Ends, Outcomes, Told
from tests.report import sample

CHECK = CheckId("browser.csrf/token-matrix")
ORDERS, PROFILE = "POST /orders", "POST /profile"
CLAIMS = (Claim(check=RUN), Claim(check=CHECK), Claim(check=CHECK, route=ORDERS), Claim(check=CHECK, route=PROFILE))


def _broken(where: str) -> Observation:
    return sample.broken("form post from another site, no token", where, "the order was stored")


def _held(where: str) -> Observation:
    return sample.held("form post from another site, no token", where)


def _report(verdict: Verdict, observations: tuple[Observation, ...], **more: Any) -> Report:
    """A report on one check. held, sensitivity, reason: of its result; the rest: of the report."""
    result = CheckResult(
        check=CHECK,
        title="Forged requests",
        kind="live",
        severity="high",
        verdict=verdict,
        reason=more.pop("reason", "as seen"),
        held=more.pop("held", False),
        sensitivity=more.pop("sensitivity", "without browser.csrf: violated"),
        evidence=Evidence(check=CHECK, observations=observations),
    )
    kind = Verdict.ACCEPTED if verdict is Verdict.ACCEPTED else Verdict.VIOLATED
    seen = [o for o in observations if o.outcome is Outcome.BROKEN]
    found = tuple(sample.finding(i, "browser.csrf", "token-matrix", "high", o, verdict=kind) for i, o in enumerate(seen, start=1))
    code = 1 if found and kind is Verdict.VIOLATED else 0
    return replace(sample.clean(), **{"results": (result,), "findings": found, "exit_code": code, **more})


def _told(report: Report, claim: Claim) -> Told:
    return Outcomes(report, CLAIMS).of(claim)


def test_a_violated_route_fails_with_all_that_a_person_needs() -> None:
    """Place, what was seen, what to do, and the command that shows it again."""
    told = _told(_report(Verdict.VIOLATED, (_broken(ORDERS), _held(PROFILE))), CLAIMS[2])
    assert told.ends is Ends.FAILED
    assert (told.file, told.line) == ("shop/orders.py", 41)
    for part in ("shop/orders.py:41: ", "the order was stored", "fix: ringwork.protect(app)", "ringwork replay 000000000001"):
        assert part in told.text
    assert told.findings == ("000000000001",)


def test_nothing_of_the_target_steers_the_terminal() -> None:
    """An escape sequence in what was seen is spelled out, and no line of the target's begins a line, which a pipeline may obey."""
    loud = replace(_broken(ORDERS), detail="\x1b[2Jthe order\n::error::was stored")
    told = _told(_report(Verdict.VIOLATED, (loud,)), CLAIMS[2])
    assert "\x1b" not in told.summary + told.text
    assert all("\\x1b[2Jthe order ::error::was stored" in text for text in (told.summary, told.text))


def test_what_held_beside_a_violation_is_no_pass() -> None:
    """Of a check that is violated elsewhere nobody took the guard out, so nothing shows what held here."""
    told = _told(_report(Verdict.VIOLATED, (_broken(ORDERS), _held(PROFILE))), CLAIMS[3])
    assert (told.ends, "violated elsewhere" in told.summary) == (Ends.SKIPPED, True)


def test_the_check_itself_fails_for_places_without_a_test_of_their_own() -> None:
    """A violation at a place that no route test covers is told by the test of the check, never by none."""
    told = _told(_report(Verdict.VIOLATED, (_broken("a missing page"),)), CLAIMS[1])
    assert told.ends is Ends.FAILED
    assert "a missing page" in told.summary


def test_the_check_itself_points_to_the_routes_that_fail() -> None:
    """What a route's test tells is not counted twice."""
    told = _told(_report(Verdict.VIOLATED, (_broken(ORDERS),)), CLAIMS[1])
    assert (told.ends, ORDERS in told.summary) == (Ends.SKIPPED, True)


@pytest.mark.parametrize("claim", [CLAIMS[1], CLAIMS[2]])
def test_passes_only_what_is_proven(claim: Claim) -> None:
    """Attacks failed, and the same check was seen to fail without the guard: the one way to a pass."""
    told = _told(_report(Verdict.PROVEN, (_held(ORDERS),)), claim)
    assert (told.ends, "without browser.csrf: violated" in told.summary) == (Ends.PASSED, True)


@pytest.mark.parametrize("claim", [CLAIMS[1], CLAIMS[2]])
def test_skips_what_only_held(claim: Claim) -> None:
    """An attack failed, and nobody saw this check fail here: that is no proof."""
    told = _told(_report(Verdict.NOT_VERIFIED, (_held(ORDERS),), held=True, reason="its guard cannot be taken out"), claim)
    assert (told.ends, "its guard cannot be taken out" in told.summary, "held" in told.summary) == (Ends.SKIPPED, True, True)


def test_skips_a_route_that_was_not_attacked() -> None:
    """A proven check says nothing about a route at which it made no attack."""
    told = _told(_report(Verdict.PROVEN, (_held(ORDERS),)), CLAIMS[3])
    assert (told.ends, "no attack at this route" in told.summary) == (Ends.SKIPPED, True)


def test_skips_a_route_whose_attack_had_no_control_request() -> None:
    """A refusal means nothing where nobody permitted got through."""
    alone = replace(_held(ORDERS), control=None)
    told = _told(_report(Verdict.PROVEN, (alone, _held(PROFILE))), CLAIMS[2])
    assert (told.ends, "no control request" in told.summary) == (Ends.SKIPPED, True)


def test_says_why_an_attack_could_not_be_made() -> None:
    """The reason that the prover gives is the reason of the skip."""
    untried = replace(_held(ORDERS), outcome=Outcome.UNTRIED, detail="no valid body is known")
    told = _told(_report(Verdict.PROVEN, (untried, _held(PROFILE))), CLAIMS[2])
    assert (told.ends, "no valid body is known" in told.summary) == (Ends.SKIPPED, True)


def test_an_accepted_violation_is_an_expected_failure() -> None:
    """A waiver is shown with reason, owner and date, and is no pass."""
    waived = Waived(
        control="browser.csrf", route="", reason="old client", owner="ann", until="2027-01-31", source="policy", state=WaiverState.USED
    )
    report = _report(Verdict.ACCEPTED, (_broken(ORDERS),))
    report = replace(report, findings=tuple(replace(found, waiver=waived) for found in report.findings))
    told = _told(report, CLAIMS[2])
    assert (told.ends, told.summary) == (Ends.XFAILED, "accepted: old client (ann, until 2027-01-31)")


def test_what_the_baseline_knows_is_an_expected_failure() -> None:
    """A finding of the baseline does not fail the run, and is not forgotten either."""
    report = _report(Verdict.VIOLATED, (_broken(ORDERS),), known=("000000000001",), baseline="baseline.json", exit_code=0)
    told = _told(report, CLAIMS[2])
    assert (told.ends, "known by the baseline baseline.json" in told.summary) == (Ends.XFAILED, True)


def test_a_new_finding_beside_a_known_one_fails() -> None:
    """Two violations at one route, one of them known: the other is news."""
    report = _report(Verdict.VIOLATED, (_broken(ORDERS), replace(_broken(ORDERS), attack="Origin null")), known=("000000000001",))
    told = _told(report, CLAIMS[2])
    assert (told.ends, told.findings) == (Ends.FAILED, ("000000000002",))


def test_skips_what_the_profile_leaves_out() -> None:
    """A check without a line in the report was not made."""
    told = _told(replace(sample.clean(), results=()), CLAIMS[1])
    assert told.ends is Ends.SKIPPED


def test_a_whole_run_passes_with_its_five_numbers() -> None:
    """The run's own test passes when the run could look."""
    told = _told(_report(Verdict.PROVEN, (_held(ORDERS),)), CLAIMS[0])
    assert told.ends is Ends.PASSED
    assert all(str(verdict) in told.summary for verdict in Verdict)


EXPIRED = Waived(
    control="browser.csrf", route="", reason="old", owner="ann", until="2026-01-31", source="policy", state=WaiverState.EXPIRED
)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"exit_code": 3, "exit_reason": "nobody could sign in"}, "inconclusive: nobody could sign in"),
        ({"exit_code": 4, "exit_reason": "a check failed"}, "exit 4: a check failed"),
        ({"coverage": Coverage(found=10, reached=2)}, "only 2 of 10 routes were reached"),
        ({"state_restored": False}, "state could not be restored"),
        ({"waived": (EXPIRED,)}, "ended on 2026-01-31"),
        ({"exit_code": 1, "exit_reason": "something else"}, "something else"),
    ],
)
def test_a_run_that_could_not_look_fails_its_own_test(more: dict[str, Any], words: str) -> None:
    """Nobody signed in, routes not reached, a state that stayed changed: each is told, also beside findings."""
    told = _told(_report(Verdict.PROVEN, (_held(ORDERS),), **more), CLAIMS[0])
    assert (told.ends, words in told.summary) == (Ends.FAILED, True), told.summary


def test_findings_alone_do_not_fail_the_run() -> None:
    """They have tests of their own."""
    assert _told(_report(Verdict.VIOLATED, (_broken(ORDERS),)), CLAIMS[0]).ends is Ends.PASSED


def test_what_was_folded_into_another_finding_still_fails_its_test() -> None:
    """Whoever runs the test of the reading alone is told what it found, by the finding that tells it."""
    report = _report(Verdict.VIOLATED, (_broken(ORDERS),))
    other = CheckId("browser.csrf/exempt-views")
    (found,) = report.findings
    whole = replace(found, folded=(Folded(id="e" * 12, check=other, where="shop.py in order"),))
    results = (*report.results, replace(report.results[0], check=other))
    claim = Claim(check=other)
    told = Outcomes(replace(report, findings=(whole,), results=results), (*CLAIMS, claim)).of(claim)
    assert (told.ends, told.findings) == (Ends.FAILED, (found.id,))
