from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest

from ringwork.errors import TargetFailed
from ringwork.prove import waivers
from ringwork.prove.evidence import CheckResult, Verdict, WaiverState
from ringwork.survey.facts import RouteFacts, WaiverFacts
from ringwork.survey.waivers import Comment

TODAY = datetime.date(2031, 1, 1)
KNOWN = {"browser.csrf", "browser.cors"}
ROUTES = [RouteFacts(kind="http", path=path, methods=("POST",), handler="shop.a", file="shop.py", line=7) for path in ("/a", "/b")]
WHOLE = 'ignore[browser.csrf] reason="signed by the sender" owner=payments until=2031-03-01'


def _comment(words, **more):
    return Comment(file="shop.py", line=6, words=words, **{"first": 7, "last": 8, **more})


def _of(*comments, routes=ROUTES):
    return waivers.of_comments(comments, routes, known=KNOWN, today=TODAY)


def test_reads_control_reason_owner_and_day():
    """Each route of the handler is covered, by the comment at its place."""
    found = _of(_comment(WHOLE))
    assert [waiver.route for waiver in found] == ["POST /a", "POST /b"]
    assert found[0] == WaiverFacts(
        control="browser.csrf",
        reason="signed by the sender",
        owner="payments",
        until="2031-03-01",
        route="POST /a",
        source="inline",
        file="shop.py",
        line=6,
    )


def test_one_comment_may_name_several_controls():
    """They share reason, owner and day."""
    assert {waiver.control for waiver in _of(_comment(WHOLE.replace("csrf", "csrf, browser.cors")))} == KNOWN


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("ignore", "name the controls in brackets"),
        ("ignore[] reason=a owner=b until=2031-03-01", "name the controls in brackets"),
        ("ignore[browser.crsf] reason=a owner=b until=2031-03-01", "did you mean browser.csrf?"),
        ("ignore[browser.csrf] owner=b until=2031-03-01", "reason missing"),
        ('ignore[browser.csrf] reason=" " owner=b until=2031-03-01', "reason missing"),
        ("ignore[browser.csrf] reason=a until=2031-03-01", "owner missing"),
        ("ignore[browser.csrf] reason=a owner=b", "until missing"),
        ("ignore[browser.csrf] reason=a owner=b until=soon", "no date such as 2027-01-31"),
        ("ignore[browser.csrf] reason=a owner=b until=2031-06-31", "no date such as 2027-01-31"),
        ("ignore[browser.csrf] reason=a owner=b until=2031-07-01", "write 2031-06-30 or earlier"),
        ("ignore[browser.csrf] reason=two words owner=b until=2031-03-01", "put a reason of several words in quotation marks"),
        ('ignore[browser.csrf] reason="a owner=b until=2031-03-01', "a quotation mark is not closed"),
        ("ignore[browser.csrf] because=a reason=a owner=b until=2031-03-01", "'because=a' is not understood"),
    ],
)
def test_refuses_a_comment_that_is_not_whole(words, said):
    """What is wrong is told with file and line, and an example of how to write it."""
    with pytest.raises(TargetFailed) as refused:
        _of(_comment(words))
    assert said in refused.value.problem
    assert refused.value.problem.startswith("shop.py:6: ")
    assert "until=2031-04-01" in refused.value.advice


def test_tells_every_fault_at_once():
    """Nobody corrects them one run after the other."""
    with pytest.raises(TargetFailed, match=r"shop\.py:6: name the controls.*; shop\.py:6: reason missing"):
        _of(_comment("ignore"), _comment("ignore[browser.csrf] owner=b until=2031-03-01"))


def test_the_longest_waiver_is_as_long_as_is_said():
    """180 days are allowed, to the day."""
    until = TODAY + datetime.timedelta(days=waivers.MOST_DAYS)
    assert _of(_comment(f"ignore[browser.csrf] reason=a owner=b until={until}"))


@pytest.mark.parametrize(
    ("control", "until", "said"), [("browser.csrf", "2031-07-01", "180 days"), ("csrf", "2031-02-01", "browser.csrf?")]
)
def test_holds_the_policys_waivers_to_the_same(control, until, said):
    """Where an exception is written does not make it longer."""
    given = WaiverFacts(control=control, reason="a", owner="b", until=until)
    with pytest.raises(TargetFailed) as refused:
        waivers.require_valid([given], known=KNOWN, today=TODAY)
    assert "waivers[0] of the policy" in refused.value.problem
    assert said in refused.value.problem


def test_an_expired_waiver_is_well_formed():
    """It is judged by its day, at the end of the run, and is no mistake in writing."""
    waivers.require_valid([WaiverFacts(control="browser.csrf", reason="a", owner="b", until="2030-12-31")], known=KNOWN, today=TODAY)


def _states(given, *, verdict=Verdict.PROVEN, left_out=()):
    result = CheckResult(check="browser.csrf/x", title="t", kind="live", severity="high", verdict=verdict, reason="")
    return [(w.route, w.state) for w in waivers.standing(given, [], [result], left_out=left_out, today=TODAY)]


def test_a_comment_is_one_waiver_however_many_routes_it_covers():
    """A handler behind two routes does not warn twice."""
    assert _states(_of(_comment(WHOLE))) == [("POST /a, POST /b", WaiverState.UNUSED)]


def test_knows_nothing_of_what_was_not_tried():
    """A check that was not made, and routes that were left out, make no waiver useless."""
    given = _of(_comment(WHOLE))
    assert _states(given, verdict=Verdict.NOT_VERIFIED)[0][1] is WaiverState.UNTRIED
    assert _states(given, left_out={"POST /a": "", "POST /b": ""})[0][1] is WaiverState.UNTRIED
    assert _states(given, left_out={"POST /a": ""})[0][1] is WaiverState.UNUSED


def test_a_comment_on_no_handler_is_of_no_use():
    """It seems to accept something and does not, so it is told in every run."""
    given = _of(_comment(WHOLE, first=0, last=0))
    assert _states(given, verdict=Verdict.NOT_VERIFIED) == [(waivers.NOWHERE, WaiverState.UNUSED)]


def test_the_comment_of_the_documentation_is_whole():
    """Whoever copies it from the page is understood."""
    page = Path(__file__).resolve().parents[2] / "docs" / "findings.md"
    (words,) = re.findall(r"# ringwork: (ignore.*)", page.read_text(encoding="utf-8"))
    (found,) = waivers.of_comments([_comment(words)], ROUTES[:1], known=KNOWN, today=datetime.date(2027, 1, 1))
    assert (found.control, found.owner, found.until) == ("browser.csrf", "payments", "2027-01-31")
