"""A login that ends on the way is no refusal; what was reached by a check is not told as skipped, and ids that no page shows are found."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.names import CheckId
from ringwork.prove import coverage, pages
from ringwork.prove.access.object_level_authorization import two_user_matrix
from ringwork.prove.evidence import Evidence, Exchanged, Outcome
from ringwork.prove.witness import saw
from ringwork.survey.facts import AppFacts, ParameterFacts, RouteFacts
from tests.prove import unguarded
from tests.prove.test_objects import CHANGES, FLASK, HEAD, MINE, READS

SHORT = """
calls = {}
@app.before_request
def ends():
    if "id" in session:
        calls[session["id"]] = calls.get(session["id"], 0) + 1
        if calls[session["id"]] == 9:
            session.clear()
"""


def _seen(text: str) -> dict[tuple[str, str], Any]:
    with unguarded.serving(text) as stage:
        return {(o.where, o.attack): o for o in two_user_matrix(stage).observations}


@pytest.mark.parametrize(("asks", "outcome"), [("", Outcome.BROKEN), ("and owner = {owner}", Outcome.HELD)], ids=["open", "scoped"])
def test_signs_in_again_before_a_question_counts_as_refused(asks: str, outcome: Outcome) -> None:
    """An application that ends logins now and then hides no hole by it, and is accused of none."""
    seen = _seen(FLASK.replace("AND_OWNER", asks) + SHORT)
    assert seen["GET /letter", READS].outcome is outcome
    assert seen["POST /letter/edit", CHANGES].outcome is outcome


def test_finds_an_object_whose_id_no_page_shows() -> None:
    """What is made is answered by nothing but 204, and no list names it: the store of the copy does."""
    hidden = MINE.replace("    return make(t, user)\n", "    make(t, user)\n").replace('@app.get("/jots")', '@app.get("/unlisted/{x}")')
    hidden = hidden.replace("def mine(user", "def mine(x: int, user")
    hidden += '@app.get("/jots/{jot_id}")\ndef read(jot_id: int, user=Depends(me)):\n    return one(jot_id)\n'
    assert ("GET /jots/{jot_id}", READS) in _seen(HEAD + hidden)
    assert "no object" not in _seen(HEAD + hidden)["GET /jots/{jot_id}", READS].detail


def test_tells_why_nothing_was_made() -> None:
    """Where the prover's own request is refused by a guard, the report says by which, and not only that no object was found."""
    refusing = MINE.replace("    return make(t, user)\n", '    raise HTTPException(403, "CSRF token missing")\n')
    refusing += '@app.get("/jots/{jot_id}")\ndef read(jot_id: int, user=Depends(me)):\n    return one(jot_id, user)\n'
    detail = _seen(HEAD + refusing)["GET /jots/{jot_id}", READS].detail
    assert "POST /jots made none: its guard against forged requests refused the prover's own (403)" in detail


QUERY = RouteFacts(
    kind="http",
    path="/search",
    methods=("GET",),
    handler="f",
    parameters=(
        ParameterFacts(name="q", where="query", required=True),
        ParameterFacts(name="deep", where="query", kind="boolean", required=True),
        ParameterFacts(name="page", where="query", kind="integer"),
        ParameterFacts(name="sort", where="query", required=True, choices=("up", "down")),
    ),
)


def test_gives_the_query_that_a_route_requires() -> None:
    """A search without a word is refused for that, and says nothing of who may search."""
    assert pages.required_query(QUERY) == "?q=probe&deep=true&sort=up"
    assert pages.required_query(QUERY, {"page": "3", "q": "x y"}) == "?q=x+y&deep=true&page=3&sort=up"


@pytest.mark.parametrize(
    ("template", "link", "is_one"),
    [("/files/{name:path}", "/files/a/b.txt", True), ("/files/{name}", "/files/a/b.txt", False), ("/files/{name}", "/files/b.txt", True)],
)
def test_takes_a_link_for_a_path_that_has_more_than_one_part(template: str, link: str, is_one: bool) -> None:
    """A parameter that takes the rest of the path takes slashes."""
    route = RouteFacts(kind="http", path=template, methods=("GET",), handler="f")
    seen = pages.Pages(SimpleNamespace(page=lambda path: None), [route])  # type: ignore[arg-type]  # never asked
    seen.links.append(link)
    assert seen.linked(template) == (link if is_one else "")


def _evidence(check: str, status: int) -> Evidence:
    control = Exchanged(request="GET /notes/7 HTTP/1.1", answer=f"HTTP/1.1 {status} X\n")
    return Evidence(check=CheckId(check), observations=(saw(Outcome.HELD, "a", "GET /notes/{id}", "d", control=control),))


@pytest.mark.parametrize(
    ("check", "status", "is_seen"),
    [
        ("access.object-level-authorization/two-user-matrix", 200, True),
        ("access.object-level-authorization/two-user-matrix", 404, False),
        ("output.error-handling/provoked-errors", 200, False),
    ],
)
def test_is_not_skipped_where_a_check_was_answered(check: str, status: int, is_seen: bool, tmp_path: Path) -> None:
    """A route that the matrix reached with an object of its own is reached, whatever looking round found."""
    route = RouteFacts(kind="http", path="/notes/{id}", methods=("GET",), handler="f")
    facts = AppFacts(target="t", framework="flask", framework_version="0", root=str(tmp_path), routes=(route,))
    reach = coverage.Reach(statuses={route.name: [404]})
    found = coverage.summary(facts, reach, floor=0.0, seen=coverage.seen_by([_evidence(check, status)]))
    assert (found.reached, bool(found.skipped)) == ((1, False) if is_seen else (0, True))
