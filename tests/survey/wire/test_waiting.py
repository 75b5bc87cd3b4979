"""A page that lets wait is asked a few times, and then named."""

from __future__ import annotations

import pytest

from ringwork.prove.coverage import Reach, summary
from ringwork.survey.facts import AppFacts, RouteFacts
from ringwork.survey.wire import connection
from ringwork.survey.wire.client import Client
from ringwork.survey.wire.connection import WireError
from ringwork.survey.wire.waiting import MOST, SLOW_SECONDS, SlowError, Waits


def test_a_page_that_is_slow_each_time_is_asked_no_more() -> None:
    """Against a run that waits for one page in every check; its numbers and its query make it no other page."""
    waits = Waits()
    for number in range(MOST):
        waits.require("GET", f"/delay/{number}?a={number}")
        waits.note("GET", f"/delay/{number}?a={number}", SLOW_SECONDS + number)
    with pytest.raises(SlowError, match=f"slow: 5 to 8 s for an answer, asked {MOST} times"):
        waits.require("GET", "/delay/10")
    waits.require("POST", "/delay/10")
    waits.require("GET", "/delays")


def test_a_quick_answer_takes_it_back() -> None:
    """A machine that was busy for a while says nothing of the page."""
    waits = Waits()
    for seconds in [SLOW_SECONDS] * (MOST - 1) + [0.1] + [SLOW_SECONDS] * (MOST - 1):
        waits.note("GET", "/a", seconds)
    waits.require("GET", "/a")


def test_every_browser_of_a_copy_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one check waited for is known to the next, whose own browser it is; nothing is sent any more."""
    client = Client(address=("127.0.0.1", 1), server_name="a", ca_pem=None, origin="http://a")
    client.waits = Waits()
    asked = list[str]()

    def refused(*_: object, **__: object) -> None:
        asked.append("asked")
        raise WireError("nobody listens")

    monkeypatch.setattr(connection, "connect", refused)
    with pytest.raises(WireError, match="nobody listens"):
        client.get("/slow")
    for _ in range(MOST):
        client.waits.note("GET", "/slow", SLOW_SECONDS)
    with pytest.raises(SlowError):
        client.stranger().get("/slow")
    assert asked == ["asked"]


def test_the_report_says_so_of_a_route() -> None:
    """Skipped, and by what: not as if no request had been made."""
    route = RouteFacts(kind="http", path="/delay/{n}", methods=("GET",), handler="f")
    facts = AppFacts(target="t", framework="flask", framework_version="3", root="", routes=(route,))
    reach = Reach()
    assert reach.unanswered(route, SlowError("slow: 10 to 10 s for an answer, asked 4 times and no more")) == 0
    reach.statuses[route.name] = [0]
    assert summary(facts, reach, floor=0.8).skipped == {route.name: "slow: 10 to 10 s for an answer, asked 4 times and no more"}
