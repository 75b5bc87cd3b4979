"""What was attacked and what was read of one fault is one finding; what is not surely the same is two."""

from __future__ import annotations

from dataclasses import replace

from ringwork.names import CheckId
from ringwork.prove import folding
from ringwork.prove.evidence import Evidence, Exchanged, Finding, Observation, Outcome, Tier, Verdict
from ringwork.survey.flows import Step

LIVE, READ = CheckId("browser.open-redirect/redirect-spellings"), CheckId("browser.open-redirect/request-to-redirect")
ELSEWHERE = CheckId("output.xss/escape-bypass")
STEPS = (
    Step(file="shop.py", line=5, column=0, said="query next comes in as next"),
    Step(file="shop.py", line=7, column=4, said="reaches redirect"),
)


def attacked(parameter="next", *, where="GET /go", path="/go"):
    """A redirect that was followed."""
    asked = Exchanged(request=f"GET {path}?{parameter}=//evil.invalid HTTP/1.1\r\nHost: a", answer="HTTP/1.1 303 See Other\r\n\r\n")
    said = "Location leads to evil.invalid"
    return Observation(attack=f"{parameter}: a foreign address", where=where, outcome=Outcome.BROKEN, detail=said, exchanged=(asked,))


def read(parameter="next", *, line=7, routes=("GET /go",)):
    """The same redirect, read."""
    return Observation(
        attack="a request says where to redirect", where="shop.py in go", outcome=Outcome.BROKEN, detail="next reaches redirect",
        file="shop.py", line=line, tier=Tier.UNCONFIRMED, steps=STEPS, routes=routes, parameter=parameter,
    )  # fmt: skip


def finding(check, seen, id_, *, verdict=Verdict.VIOLATED):
    """What was seen, as a check alone would tell it."""
    first = seen[0]
    return Finding(
        id=id_, control=check.partition("/")[0], check=check, severity="medium", where=first.where,
        summary=f"{first.attack}: {first.detail}", fix="", verdict=verdict,
        observation=first, file=first.file or "shop.py", line=first.line or 3, instances=len(seen),
    )  # fmt: skip


def folded(*told):
    """Findings of checks, each given as check, what it saw, and the verdict where it is another."""
    found = [
        finding(check, seen, f"{n:012x}", verdict=(verdict or [Verdict.VIOLATED])[0]) for n, (check, seen, *verdict) in enumerate(told)
    ]
    return folding.fold(found, {check: Evidence(check=check, observations=tuple(seen)) for check, seen, *_ in told})


def test_one_fault_is_told_once_with_request_and_way():
    """The attack keeps its id, place and evidence; the reading gives steps, file and line, and its id stays known."""
    (one,) = folded((LIVE, [attacked()]), (READ, [read()]))
    assert (one.id, one.check, one.where, one.observation.tier) == ("0" * 12, LIVE, "GET /go", Tier.CONFIRMED)
    assert (one.file, one.line, one.observation.steps) == ("shop.py", 7, STEPS)
    assert one.observation.exchanged == attacked().exchanged
    assert one.ids == {"0" * 12, f"{1:012x}"}
    assert one.checks == {LIVE, READ}


def test_the_order_of_the_checks_changes_nothing():
    """Whichever of the two ended first."""
    (one,) = folded((READ, [read()]), (LIVE, [attacked()]))
    assert (one.check, one.observation.steps) == (LIVE, STEPS)


def test_another_parameter_is_another_fault():
    """Against the second hole of a handler that vanishes behind the first: it keeps its row, less what was folded."""
    live, left = folded((LIVE, [attacked("next")]), (READ, [read("next"), read("back", line=9)]))
    assert (live.observation.parameter, live.observation.line) == ("next", 7)
    assert (left.check, left.observation.parameter, left.line, left.instances) == (READ, "back", 9, 1)
    assert left.id == f"{1:012x}"


def test_another_route_or_control_is_another_fault():
    """What was read elsewhere, or is of another kind, says nothing of this attack."""
    assert len(folded((LIVE, [attacked()]), (READ, [read(routes=("GET /away",))]))) == 2
    assert len(folded((LIVE, [attacked()]), (ELSEWHERE, [read()]))) == 2


def test_what_one_person_accepted_stays_apart_from_what_nobody_did():
    """Against a waiver that reaches further than it says."""
    assert len(folded((LIVE, [attacked()], Verdict.ACCEPTED), (READ, [read()]))) == 2
    (one,) = folded((LIVE, [attacked()], Verdict.ACCEPTED), (READ, [read()], Verdict.ACCEPTED))
    assert one.verdict is Verdict.ACCEPTED


def test_a_place_that_is_no_route_is_known_by_its_request():
    """A cookie is attacked by its name; the request that set it names the route."""
    seen = replace(attacked(where="cookie session", path="/notes/7"), attack="cookie set at browsing")
    assert len(folded((LIVE, [seen]), (READ, [read("", routes=("GET /notes/{note_id}",))]))) == 1
    assert len(folded((LIVE, [seen]), (READ, [read("", routes=("POST /notes/{note_id}",))]))) == 2


def test_every_way_to_an_attack_is_named():
    """The steps are those of the first; no place is lost."""
    (one,) = folded((LIVE, [attacked()]), (READ, [read("", line=7), read("", line=12)]))
    assert "shop.py:7, shop.py:12" in one.summary


def test_what_other_tools_see_of_a_told_fault_is_a_word_at_its_row():
    """bandit's word for a line that our own reading told, whether it was attacked or not; another line stays a finding."""
    heard = replace(read(), attack="seen by bandit B608", parameter="")
    (one,) = folded((READ, [read()]), (folding.IMPORTED, [heard]))
    assert one.summary.endswith("seen by bandit B608 too")
    (one,) = folded((LIVE, [attacked()]), (READ, [read()]), (folding.IMPORTED, [heard]))
    assert one.checks == {LIVE, READ, folding.IMPORTED}
    assert len(folded((READ, [read()]), (folding.IMPORTED, [replace(heard, line=70)]))) == 2


def test_a_cause_is_told_once_where_two_checks_meet_it():
    """One line with a known key, one page without a policy: the graver check tells it, and the id of the other stays known."""
    code, key = CheckId("source.hardcoded-secrets/working-tree"), CheckId("data.key-management/key-quality")
    known = replace(read("", line=7, routes=()), attack="key that everybody knows", where="SECRET_KEY", tier=Tier.NONE, steps=())
    (one,) = folded((code, [read("", line=7)]), (key, [known]))
    assert (one.check, one.checks, one.instances) == (code, {code, key}, 1)
    assert "read in the source" not in one.summary
    page, intake = CheckId("browser.content-security-policy/policy-quality"), CheckId("browser.content-security-policy/report-intake")
    without = replace(attacked(where="GET /"), attack="policy of a page", detail="200: no policy")
    (one,) = folded((intake, [replace(without, attack="place for reports")]), (page, [without]))
    assert (one.check, one.summary) == (page, "policy of a page: 200: no policy")


def test_what_only_looks_like_an_echo_is_told_by_itself():
    """A key of another line, an intake that stores markup, and what somebody accepted are faults of their own."""
    code, key = CheckId("source.hardcoded-secrets/working-tree"), CheckId("data.key-management/key-quality")
    known = replace(read("", line=7, routes=()), where="SECRET_KEY", tier=Tier.NONE, steps=())
    assert len(folded((code, [read("", line=8)]), (key, [known]))) == 2
    assert len(folded((code, [read("", line=7)], Verdict.ACCEPTED), (key, [known]))) == 2
    page, intake = CheckId("browser.content-security-policy/policy-quality"), CheckId("browser.content-security-policy/report-intake")
    posted = replace(attacked(where="POST /reports"), file="", line=0)
    assert len(folded((intake, [posted]), (page, [attacked(where="GET /")]))) == 2


def test_what_nothing_was_folded_into_is_as_it_was():
    """The report of a run without a reading is the same to the byte."""
    alone = finding(LIVE, [attacked()], "0" * 12)
    assert folding.fold([alone], {LIVE: Evidence(check=LIVE, observations=(attacked(),))}) == [alone]


PLAIN, SWITCH = CheckId("transport.tls-required/plaintext-request"), CheckId("transport.tls-required/https-switch")
DEBUG, HANDLERS = CheckId("output.debug-disabled/debug-settings"), CheckId("output.error-handling/handlers-registered")


def told(attack, detail, where="settings"):
    """What a check saw without asking for anything."""
    return Observation(attack=attack, where=where, outcome=Outcome.BROKEN, detail=detail)


def test_a_setting_that_says_what_came_of_it_is_no_fault_of_its_own():
    """Served in clear, because nothing requires https; where nothing was served in clear the setting is told."""
    switch = told("https switch", "nothing in the application requires https")
    (one,) = folded((PLAIN, [told("page load in clear", "served in clear (200)", "GET /")]), (SWITCH, [switch]))
    assert one.observation.detail == "served in clear (200); nothing in the application requires https"
    assert (one.check, one.checks) == (PLAIN, {PLAIN, SWITCH})
    assert [one.check for one in folded((SWITCH, [switch]))] == [SWITCH]


def test_debugging_that_is_on_is_told_once_and_a_missing_handler_stays():
    """Two checks read the one switch; that nothing takes what nobody expected is another thing."""
    missing = told("exception that nobody expected", "no handler takes it", "the application")
    first, second = folded(
        (HANDLERS, [told("debug pages", "DEBUG is on", "the application"), missing]),
        (DEBUG, [told("debugging in what is shipped", "DEBUG is on")]),
    )
    assert (first.check, first.instances, first.observation.attack) == (HANDLERS, 1, missing.attack)
    assert (second.check, second.checks) == (DEBUG, {DEBUG, HANDLERS})


def test_a_graver_setting_does_not_vanish_behind_a_lesser_answer():
    """A redirect of what is no page load is low; that nothing requires https is more."""
    seen, switch = told("script's request in clear", "redirected"), told("https switch", "nothing requires https")
    found = [finding(PLAIN, [seen], "0" * 12), finding(SWITCH, [switch], "1" * 12)]
    evidence = {PLAIN: Evidence(check=PLAIN, observations=(seen,)), SWITCH: Evidence(check=SWITCH, observations=(switch,))}
    assert len(folding.fold([replace(found[0], severity="low"), found[1]], evidence)) == 2
