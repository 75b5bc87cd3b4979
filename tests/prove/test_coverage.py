"""Why a route was not reached, in words that say whose refusal it was."""

from __future__ import annotations

import pytest

from ringwork.prove import coverage
from ringwork.prove.evidence import MatrixCell
from ringwork.survey.facts import AppFacts, RouteFacts


def skipped(path: str, statuses: list[int], *roles: str) -> dict[str, str]:
    """What became of one route that was asked in these roles and answered with these statuses."""
    route = RouteFacts(kind="http", path=path, methods=("GET",), handler="shop.a", file="shop.py", line=7)
    facts = AppFacts(target="shop", framework="fastapi", framework_version="1", root="/r", routes=(route,))
    cells = [MatrixCell(route=route.name, role=role, expected="", status=403) for role in roles]
    return dict(coverage.summary(facts, coverage.Reach(cells=cells, statuses={route.name: statuses}), floor=0.8).skipped)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_a_stranger_is_told_as_one(status: int) -> None:
    """Where nobody could sign in, the prover's own request was that of a stranger, and was rightly refused."""
    stranger = skipped("/admin", [status], coverage.ANONYMOUS)
    assert stranger == {"GET /admin": f"refused to a stranger ({status}), and nobody signed in here"}
    known = skipped("/admin", [status], coverage.ANONYMOUS, "anna")
    more = "; a user of another role may be" if status == 403 else ""
    assert known == {"GET /admin": f"nobody who could sign in was let in ({status}){more}"}


def test_a_refusal_is_told_as_those_who_signed_in_met_it() -> None:
    """The stranger is asked last, and that he is turned away says nothing of the others."""
    told = skipped("/admin", [403, 403, 401], coverage.ANONYMOUS, "anna")
    assert told == {"GET /admin": "nobody who could sign in was let in (403); a user of another role may be"}
    assert skipped("/admin", [200, 401], coverage.ANONYMOUS, "anna") == {}


def test_a_way_out_is_left_alone_and_nothing_else_is() -> None:
    """That it was not asked is the prover's choice, and no failure of the application."""
    assert skipped("/logout", [0]) == {"GET /logout": "left alone, since asking for it ends the login"}
    assert skipped("/orders", [0]) == {"GET /orders": "no request could be made"}
    assert skipped("/orders", [200], coverage.ANONYMOUS) == {}
