from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from ringwork.names import CheckId
from ringwork.prove import judge
from ringwork.prove.evidence import CheckResult, Evidence, Exchanged, Observation, Outcome, Verdict
from ringwork.survey.facts import AppFacts, GuardFacts, RouteFacts, WaiverFacts

CHECK = CheckId("browser.csrf/token-matrix")
CONTROL = Exchanged(request="POST /a", answer="200")
TODAY = datetime.date(2031, 1, 1)


def _seen(outcome, *, where="POST /a", control=CONTROL, attack="no token"):
    return Observation(attack=attack, where=where, outcome=outcome, detail="it was seen", control=control)


def _evidence(*observations, **more):
    return Evidence(check=CHECK, observations=observations, **more)


def _facts(*waivers):
    route = RouteFacts(kind="http", path="/a", methods=("POST",), handler="shop.a", file="shop.py", line=7)
    guard = GuardFacts(mode="enforce", controls=("browser.csrf",), origin="", hosts=(), identify="", waivers=waivers)
    return AppFacts(target="shop", framework="fastapi", framework_version="1", root="/r", routes=(route,), guard=guard)


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        (_evidence(_seen(Outcome.HELD)), Verdict.PROVEN),
        (_evidence(_seen(Outcome.HELD), _seen(Outcome.BROKEN)), Verdict.VIOLATED),
        (_evidence(_seen(Outcome.UNTRIED)), Verdict.NOT_VERIFIED),
        (_evidence(_seen(Outcome.HELD), _seen(Outcome.UNTRIED)), Verdict.PROVEN),
        (_evidence(_seen(Outcome.HELD), _seen(Outcome.UNCLEAR)), Verdict.NOT_VERIFIED),
        (_evidence(_seen(Outcome.UNCLEAR), _seen(Outcome.BROKEN)), Verdict.VIOLATED),
        (_evidence(), Verdict.NOT_VERIFIED),
        (_evidence(_seen(Outcome.HELD, control=None)), Verdict.NOT_VERIFIED),
        (_evidence(not_applicable="no form"), Verdict.NOT_APPLICABLE),
        (_evidence(_seen(Outcome.HELD), not_verified="no user"), Verdict.NOT_VERIFIED),
    ],
)
def test_gives_the_verdict_that_the_evidence_bears(evidence, verdict):
    """A refusal without a control request, and a look at nothing, prove nothing."""
    assert judge.first_verdict(evidence) is verdict


def test_names_the_attack_that_went_through_and_that_a_person_has_to_judge():
    """Against a pass that mentions it in passing: it comes first, with its place, and is counted."""
    evidence = _evidence(_seen(Outcome.HELD), _seen(Outcome.UNCLEAR), _seen(Outcome.UNCLEAR, where="x"))
    assert judge.reason(evidence) == "an attack went through, and what that means is not known: POST /a: it was seen (and 1 more)"


def _result(verdict, reason="", kind="live"):
    return CheckResult(check=CHECK, title="t", kind=kind, severity="high", verdict=verdict, reason=reason)


def test_says_of_a_look_what_it_looked_at():
    """Against an attack that was never made: who only looked says so, and beside attacks is counted apart."""
    look = replace(_seen(Outcome.HELD, control=None), read=3)
    assert judge.reason(_evidence(look)) == "looked, without an attack: POST /a: it was seen"
    assert judge.reason(_evidence(look, look)) == "looked, without an attack: POST /a: it was seen (and 1 more)"
    assert judge.reason(_evidence(_seen(Outcome.HELD))) == "1 attack made, none succeeded"
    assert judge.reason(_evidence(_seen(Outcome.HELD), look)) == "1 attack made, none succeeded, and 1 look found nothing wrong"


@pytest.mark.parametrize(
    ("attacked", "verdict"),
    [
        (_result(Verdict.VIOLATED), Verdict.NOT_VERIFIED),
        (_result(Verdict.ACCEPTED), Verdict.NOT_VERIFIED),
        (_result(Verdict.PROVEN), Verdict.PROVEN),
        (_result(Verdict.NOT_VERIFIED), Verdict.PROVEN),
        (_result(Verdict.VIOLATED, kind="config"), Verdict.PROVEN),
        (replace(_result(Verdict.VIOLATED), check=CheckId("output.xss/context-markers")), Verdict.PROVEN),
    ],
)
def test_proves_nothing_by_reading_beside_an_attack_that_went_through(attacked, verdict):
    """Only an attack on the same control says that there is something of the kind; the other result stays as it is."""
    read = replace(_result(Verdict.PROVEN, "looked", kind="static"), check=CheckId("browser.csrf/source"))
    said, other = judge.beside_attacks([read, attacked])
    assert (said.verdict, other) == (verdict, attacked)


def test_names_the_attack_that_says_the_opposite():
    """Also where reading only held, because nothing could be taken out."""
    read = replace(_result(Verdict.NOT_VERIFIED, "looked", kind="static"), check=CheckId("browser.csrf/source"), held=True)
    (said, _) = judge.beside_attacks([read, _result(Verdict.VIOLATED)])
    assert (said.reason, said.held) == (f"reading found nothing, and {CHECK} did; looked", False)


def test_keeps_a_finding_id_while_other_places_come_and_go():
    """The id depends on control, check, place and handler alone."""
    alone = judge.findings(CHECK, "high", _evidence(_seen(Outcome.BROKEN)), _facts(), fix="f", today=TODAY)
    among = judge.findings(
        CHECK, "high", _evidence(_seen(Outcome.BROKEN, where="x"), _seen(Outcome.BROKEN)), _facts(), fix="f", today=TODAY
    )
    assert alone[0].id == among[1].id
    assert len(alone[0].id) == 12


def test_folds_several_attacks_at_one_route_into_one_finding():
    """One thing to mend is one finding, with its instances counted and its handler named."""
    found = judge.findings(
        CHECK, "high", _evidence(_seen(Outcome.BROKEN), _seen(Outcome.BROKEN, attack="garbage")), _facts(), fix="f", today=TODAY
    )
    assert [(f.where, f.instances, f.file, f.line) for f in found] == [("POST /a", 2, "shop.py", 7)]


def _waiver(until, route=""):
    return WaiverFacts(control="browser.csrf", reason="signed webhook", owner="ops", until=until, route=route)


@pytest.mark.parametrize(
    ("waiver", "verdict"),
    [
        (_waiver("2031-01-01"), Verdict.ACCEPTED),
        (_waiver("2030-12-31"), Verdict.VIOLATED),
        (_waiver("2031-06-01", "POST /a"), Verdict.ACCEPTED),
        (_waiver("2031-06-01", "POST /b"), Verdict.VIOLATED),
    ],
)
def test_accepts_a_waived_violation_until_its_date_and_at_its_route(waiver, verdict):
    """An expired waiver, or one of another route, covers nothing."""
    found = judge.findings(CHECK, "high", _evidence(_seen(Outcome.BROKEN)), _facts(waiver), fix="f", today=TODAY)
    assert found[0].verdict is verdict


@pytest.mark.parametrize(("routes", "verdict"), [(("POST /b",), Verdict.ACCEPTED), (("POST /b", "POST /c"), Verdict.VIOLATED)])
def test_accepts_what_was_read_of_an_accepted_route_alone(routes, verdict):
    """Whoever accepts a fault at a route accepts the line that makes it; a line that serves another route too stays open."""
    read = replace(_seen(Outcome.BROKEN), where="shop.py in b", routes=routes)
    found = judge.findings(CHECK, "high", _evidence(read), _facts(_waiver("2031-06-01", "POST /b")), fix="f", today=TODAY)
    assert found[0].verdict is verdict


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ([_result(Verdict.PROVEN), _result(Verdict.NOT_VERIFIED, judge.NO_PROOF)], Verdict.PROVEN),
        ([_result(Verdict.PROVEN), _result(Verdict.NOT_VERIFIED, "no user")], Verdict.NOT_VERIFIED),
        ([_result(Verdict.PROVEN), _result(Verdict.VIOLATED)], Verdict.VIOLATED),
        ([_result(Verdict.PROVEN), _result(Verdict.NOT_APPLICABLE)], Verdict.PROVEN),
        ([_result(Verdict.NOT_VERIFIED, judge.NO_PROOF)], Verdict.NOT_VERIFIED),
        ([_result(Verdict.PROVEN, kind="static"), _result(Verdict.NOT_VERIFIED, judge.NO_PROOF)], Verdict.NOT_VERIFIED),
        ([_result(Verdict.PROVEN, kind="static"), _result(Verdict.NOT_APPLICABLE)], Verdict.NOT_VERIFIED),
        ([_result(Verdict.PROVEN, kind="static"), _result(Verdict.VIOLATED)], Verdict.VIOLATED),
        ([_result(Verdict.PROVEN, kind="static"), _result(Verdict.PROVEN)], Verdict.PROVEN),
        ([_result(Verdict.PROVEN, kind="static"), _result(Verdict.PROVEN, kind="config")], Verdict.PROVEN),
    ],
)
def test_sums_a_control_up_by_its_gravest_check(results, verdict):
    """A kind of check that has no proof yet is listed, and does not pull a proven control down; reading in place of an attack does."""
    assert judge.of_control(results) is verdict


@pytest.mark.parametrize(
    ("grades", "expected"), [(("", "low"), "high"), (("low", "low"), "low"), (("low", "medium"), "medium"), (("",), "high")]
)
def test_a_finding_is_as_grave_as_the_worst_that_was_seen_there(grades, expected):
    """One place that gives an attacker nothing plays none down that gives him much."""
    seen = [replace(_seen(Outcome.BROKEN), severity=grade) for grade in grades]
    (found,) = judge.findings(CHECK, "high", _evidence(*seen), _facts(), fix="f", today=TODAY)
    assert found.severity == expected
