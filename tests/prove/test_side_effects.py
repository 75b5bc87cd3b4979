"""What reading leaves behind, told from a deed: counts, marks and times of reading are none; all else that a GET changes is one."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ringwork.prove import judge, side_effects
from ringwork.prove.browser import csrf
from ringwork.prove.evidence import Outcome, Verdict
from ringwork.prove.rows import Difference
from ringwork.prove.side_effects import Reading
from ringwork.prove.things import Keys
from ringwork.survey import differences
from ringwork.survey.facts import ParameterFacts, RouteFacts
from ringwork.survey.wire.client import Answer
from tests.prove import unguarded
from tests.prove.test_found_in_small_shops import FLASK_HEAD

NOW = datetime.datetime(2031, 5, 14, 10, 30, tzinfo=datetime.UTC)
TODAY, LONG_AGO = "2031-05-14 10:29:59.123456", "2029-01-01 00:00:00"
PAGE = "<h1>How to brew</h1> by ben"


def reading(path: str = "/posts/{pid}", *, asked: str = "/posts/7", times: int = 1, body: str = PAGE, query: str = "") -> Reading:
    parameters = (ParameterFacts(name=query, where="query", required=False),) if query else ()
    route = RouteFacts(kind="http", path=path, methods=("GET",), handler="one", file="shop.py", line=1, parameters=parameters)
    head, headers = f"GET {asked} HTTP/1.1\r\n\r\n".encode(), [(b"content-type", b"text/html")]
    answer = Answer(status=200, reason="OK", http_version="1.1", headers=headers, body=body.encode(), request=head, answer=b"")
    return Reading(route=route, answers=[answer] * times, keys=Keys(name="anna", ids=frozenset({"4"})), now=NOW)


def changed(store: str = "posts", cells: dict[str, Any] | None = None, **cell: tuple[Any, Any]) -> Difference:
    now = {**(cells if cells is not None else {"id": 7, "title": "How to brew"}), **{name: new for name, (_, new) in cell.items()}}
    return Difference(store=f"sqlite:shop.db/{store}", kind="changed", cells=now, was={name: was for name, (was, _) in cell.items()})


def added(store: str, **cells: Any) -> Difference:
    return Difference(store=f"sqlite:shop.db/{store}", kind="added", cells=cells, was=dict.fromkeys(cells))


@pytest.mark.parametrize(
    "one",
    [
        changed(views=(3, 4)),
        changed(view_count=(None, 1)),
        changed(hitCount=(3, 4), updated_at=(LONG_AGO, TODAY)),
        changed(is_read=(0, 1), read_at=(None, TODAY)),
        changed(unread=(1, 0)),
        changed(status=("unread", "read")),
        changed("people", {"id": 4, "name": "anna"}, last_seen=(LONG_AGO, TODAY)),
        changed("people", {"id": 4, "name": "anna"}, unread_messages=(3, 0)),
        changed("page_views", {"path": "/posts/7"}, count=(3, 4)),
        added("page_views", path="/posts/7", count=1),
        added("post_view", id=1, user_id=4, post_id=7, created_at=TODAY),
        added("access_log", id=1, who="anna", line="GET /posts/7", at=TODAY, status=200),
        added("message_read", id=1, person=4, message=7, read_at=TODAY),
        Difference(store="memory:app.HITS", kind="changed", cells={"home": 2, "posts": 1}, was={"posts": None}),
    ],
    ids=lambda one: side_effects.told([one]),
)
def test_what_notes_that_something_was_read_is_no_deed(one: Difference) -> None:
    """Who reads a page has it counted, marked or dated; nobody gains by making him."""
    assert side_effects.is_of([one], reading())


@pytest.mark.parametrize(
    "one",
    [
        changed(votes=(3, 4)),
        changed(likes=(3, 4)),
        changed(balance=(3, 4)),
        changed(stock=(4, 3)),
        changed(views=(3, 0)),
        changed(views=(3, 5)),
        changed(views=(3, 4), title=("How to brew", "owned")),
        changed(access=(1, 2)),
        changed(access_level=(1, 2)),
        changed(is_admin=(0, 1)),
        changed(is_read=(1, 0)),
        changed(read_at=(TODAY, LONG_AGO)),
        changed(deleted_at=(None, TODAY)),
        changed(updated_at=(LONG_AGO, TODAY)),
        changed(status=("new", "paid")),
        changed("letters", {"id": 8, "text": "never shown here"}, is_read=(0, 1)),
        changed("people", {"id": 4, "name": "anna"}, email=("a@example.org", "b@example.org")),
        added("votes", id=1, user_id=4, post_id=7, created_at=TODAY),
        added("reviews", id=1, user_id=4, post_id=7, created_at=TODAY),
        added("orders", id=1, user_id=4, created_at=TODAY),
        added("visits", id=1, patient_id=4, created_at=TODAY),
        added("audit_log", id=1, who="anna", line="transferred 40 to ben", at=TODAY),
        added("post_view", id=1, user_id=4, note="probe0123", created_at=TODAY),
        Difference(store="sqlite:shop.db/page_views", kind="removed", cells={}, was={}),
        Difference(store="file:views.json", kind="other", cells={}, was={}),
        Difference(store="memory:app.HITS", kind="changed", cells={"name": "x", "owner": 2}, was={"owner": 1}),
    ],
    ids=lambda one: side_effects.told([one]),
)
def test_all_else_that_a_get_changes_is_a_deed(one: Difference) -> None:
    """A vote grows by one as a count of readers does, and a soft deletion is a time: the name has to say that it was read."""
    assert not side_effects.is_of([one], reading())


@pytest.mark.parametrize(
    "asked",
    [
        reading("/posts/{pid}/mark-read"),
        reading("/posts/read-all"),
        reading("/posts/{pid}/vote"),
        reading("/mark/{pid}"),
        reading(query="mark_read"),
    ],
    ids=lambda asked: asked.route.path,
)
def test_a_mark_that_the_address_asks_for_is_a_deed(asked: Reading) -> None:
    """A link whose own words say what is to be done does it because it was asked to; the same change beside reading is none."""
    assert not side_effects.is_of([changed(is_read=(0, 1))], asked)
    assert side_effects.is_of([changed(is_read=(0, 1))], reading())


def test_a_deed_beside_a_count_decides() -> None:
    """The counter excuses nothing but itself; twice asked for, it may grow by two."""
    both = [changed(views=(3, 4)), Difference(store="sqlite:shop.db/orders", kind="removed", cells={}, was={})]
    assert not side_effects.is_of(both, reading())
    assert side_effects.is_of([changed(views=(3, 5))], reading(times=2))


def test_tells_what_changed_and_no_value_of_it() -> None:
    """A reader judges by what became of which column; a token that is the key of a dictionary is not told."""
    secret = Difference(store="memory:app.KEYS", kind="changed", cells={"9f8e7d6c5b4a": "x"}, was={"9f8e7d6c5b4a": None})
    told = side_effects.told([changed(votes=(3, 4), email=("a@example.org", "b@example.org")), added("orders", id=1), secret])
    assert told == (
        "sqlite:shop.db/posts (votes grew by 1, email was given another value), sqlite:shop.db/orders (a row was added), "
        "memory:app.KEYS (an entry was given a value)"
    )


BLOG = (
    FLASK_HEAD
    + """
db.execute("create table if not exists posts (id integer primary key, owner int, title text, views int default 0, votes int default 0)")
db.execute("create table if not exists letters (id integer primary key, owner int, text text, is_read int default 0)")
db.execute("create table if not exists seen (owner int primary key, last_seen text, plan text)")
@app.before_request
def note():
    if "id" in session:
        db.execute("insert into seen values (?, '', 'free') on conflict do nothing", (me(),))
        db.execute("update seen set last_seen = strftime('%Y-%m-%d %H:%M:%f', 'now') where owner = ?", (me(),))
@app.get("/about")
@app.get("/press")
@app.get("/jobs")
@app.get("/help")
def about():
    return "about"
@app.get("/letters")
def letters():
    return jsonify([{"id": number, "text": text} for number, text in db.execute("select id, text from letters where owner = ?", (me(),))])
@app.post("/letters")
def letter():
    made = db.execute("insert into letters (owner, text) values (?, ?)", (me(), request.json["text"]))
    return jsonify(id=made.lastrowid), 201
@app.get("/letters/<int:lid>")
def one(lid):
    db.execute("update letters set is_read = 1 where id = ? and owner = ?", (lid, me()))
    row = db.execute("select text from letters where id = ? and owner = ?", (lid, me())).fetchone()
    return row[0] if row else abort(404)
@app.post("/posts")
def post():
    made = db.execute("insert into posts (owner, title) values (?, ?)", (me(), request.json["title"]))
    return jsonify(id=made.lastrowid), 201
@app.get("/posts/<int:pid>")
def shown(pid):
    me()
    db.execute("update posts set views = views + 1 where id = ?", (pid,))
    row = db.execute("select title, views from posts where id = ?", (pid,)).fetchone()
    return f"<h1>{row[0]}</h1>{row[1]} readers" if row else abort(404)
@app.get("/posts/<int:pid>/up")
def up(pid):
    row = db.execute("select title from posts where id = ?", (pid,)).fetchone() or abort(404)
    if BY_GET and me():
        db.execute("update posts set votes = votes + 1 where id = ?", (pid,))
    return row[0]
@app.get("/plans/gold")
def gold():
    if BY_GET:
        db.execute("update seen set plan = 'gold' where owner = ?", (me(),))
    return "gold"
"""
)


@pytest.mark.parametrize("by_get", [True, False])
def test_counters_and_marks_of_reading_are_passed_and_a_vote_beside_them_is_not(by_get: bool) -> None:
    """Each request dates the row whose plan a link changes: what is noise in one column says nothing of the next."""
    with unguarded.serving(BLOG.replace("BY_GET", str(by_get))) as stage:
        evidence = csrf.safe_methods(stage)
    broken = {o.where: o.detail for o in evidence.observations if o.outcome is Outcome.BROKEN}
    if by_get:
        assert broken.keys() == {"GET /posts/{pid}/up", "GET /plans/gold"}
        assert "votes grew by 1" in broken["GET /posts/{pid}/up"]
        assert "plan was given another value" in broken["GET /plans/gold"]
    else:
        assert judge.first_verdict(evidence) is Verdict.PROVEN, evidence
        assert "views grew by 1" in evidence.observations[0].detail
        assert "is_read grew by 1" in evidence.observations[0].detail


def test_differences_name_the_row_and_its_cells(tmp_path: Any) -> None:
    """Nothing at the first look; then what changed, came and went, and nothing of what stayed."""
    import sqlite3

    with sqlite3.connect(tmp_path / "shop.db", isolation_level=None) as db:
        db.executescript(
            "create table posts (id integer primary key, title text, views int); insert into posts values (1, 'a', 0), (2, 'b', 0)"
        )
        looks = differences.Looks()
        assert looks.differences(tmp_path) == []
        db.executescript("update posts set views = 1 where id = 1; delete from posts where id = 2; insert into posts values (3, 'c', 0)")
        found = looks.differences(tmp_path)
        assert looks.differences(tmp_path) == []
    store = "sqlite:shop.db/posts"
    assert found == [
        {"store": store, "kind": "changed", "cells": {"id": 1, "title": "a", "views": 1}, "was": {"views": 0}},
        {"store": store, "kind": "removed", "cells": {}, "was": {}},
        {"store": store, "kind": "added", "cells": {"id": 3, "title": "c", "views": 0}, "was": {"id": None, "title": None, "views": None}},
    ]
