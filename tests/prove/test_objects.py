"""What the two-user matrix finds in applications that never heard of ringwork, and what it leaves alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove import composing, objects, things, whose, witness
from ringwork.prove.access.object_level_authorization import two_user_matrix
from ringwork.prove.evidence import Observation, Outcome
from ringwork.survey.facts import AppFacts, ParameterFacts, RouteFacts
from ringwork.survey.wire.client import Answer
from tests.prove import unguarded

HEAD = """
import hashlib, itertools
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel
app = FastAPI()
people, things, ids = {}, {}, itertools.count(1)
class Account(BaseModel):
    username: str
    password: str
    email: str
class Login(BaseModel):
    username: str
    password: str
class Text(BaseModel):
    title: str
    text: str
class Which(BaseModel):
    id: int
@app.post("/register")
def register(a: Account):
    people[a.username] = {"id": next(ids), **a.model_dump()}
@app.post("/login")
def login(a: Login):
    if people.get(a.username, {}).get("password") != a.password:
        raise HTTPException(401)
    return {"access_token": hashlib.sha256(a.username.encode()).hexdigest()}
def me(request: Request):
    for name in people:
        if request.headers.get("authorization") == "Bearer " + hashlib.sha256(name.encode()).hexdigest():
            return people[name]
    raise HTTPException(401)
def one(number, of=None):
    found = things.get(number)
    if found is None or (of is not None and found["owner"] != of["username"]):
        raise HTTPException(404)
    return found
@app.get("/me")
def about(user=Depends(me)):
    return {"id": user["id"], "username": user["username"], "email": user["email"]}
def make(t, user):
    number = next(ids)
    things[number] = {"id": number, "owner": user["username"], **t.model_dump()}
    return things[number]
"""
MINE = """
@app.get("/jots")
def mine(user=Depends(me)):
    return [t for t in things.values() if t["owner"] == user["username"]]
@app.post("/jots")
def new(t: Text, user=Depends(me)):
    return make(t, user)
"""
OURS = MINE.replace(' if t["owner"] == user["username"]', "")

FLASK = """
import sqlite3
from flask import Flask, abort, redirect, request, session
app = Flask(__name__)
app.secret_key = "x" * 40
db = sqlite3.connect("data.sqlite", check_same_thread=False, isolation_level=None)
db.execute("create table if not exists people (id integer primary key, name text, word text)")
db.execute("create table if not exists letters (id integer primary key, owner int, head text, body text)")
FORM = "<form method=post><input name=username><input name=password type=password></form>"
@app.route("/register", methods=["GET", "POST"])
def register():
    if request.method == "POST":
        db.execute("insert into people (name, word) values (?, ?)", (request.form["username"], request.form["password"]))
        return redirect("/login")
    return FORM
@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST":
        given = (request.form["username"], request.form["password"])
        row = db.execute("select id from people where name = ? and word = ?", given).fetchone()
        if row is None:
            return FORM, 401
        session["id"] = row[0]
        return redirect("/letters")
    return FORM
def me():
    if "id" not in session:
        abort(401)
    return session["id"]
@app.get("/letters")
def letters():
    rows = db.execute("select id, head from letters where owner = ?", (me(),)).fetchall()
    links = "".join(f'<a href="/letter?id={number}">{head}</a>' for number, head in rows)
    return f'{links}<form method=post action="/letters/new"><input name=head><textarea name=body></textarea></form>'
@app.post("/letters/new")
def new():
    db.execute("insert into letters (owner, head, body) values (?, ?, ?)", (me(), request.form["head"], request.form["body"]))
    return redirect("/letters")
@app.get("/letter")
def letter():
    owner = me()
    row = db.execute(f"select head, body from letters where id = {int(request.args.get('id', 0))} AND_OWNER").fetchone()
    return f"<h1>{row[0]}</h1>{row[1]}" if row else abort(404)
@app.post("/letter/edit")
def edit():
    owner = me()
    values = (request.form["head"], request.form["body"], request.form["id"])
    db.execute(f"update letters set head = ?, body = ? where id = ? AND_OWNER", values)
    return redirect("/letters")
"""
SCOPED = FLASK.replace("AND_OWNER", "and owner = {owner}")
UNSCOPED = FLASK.replace("AND_OWNER", "")


BOARD = (
    FLASK.partition("@app.get")[0]
    + """
db.execute("create table if not exists jots (id integer primary key, owner int, head text)")
db.execute("create table if not exists cards (id integer primary key, person int unique, WORD text)")
@app.get("/letters")
def start():
    return f'<a href="/desks/1">{me()}</a>'
@app.route("/desks/<int:desk_id>/new", methods=["GET", "POST"])
def new(desk_id):
    if request.method == "POST":
        return redirect(f"/jots/{db.execute('insert into jots (owner, head) values (?, ?)', (me(), request.form['head'])).lastrowid}")
    return f"{me()}<form method=post><textarea name=head></textarea></form>"
@app.get("/desks/<int:desk_id>")
def desk(desk_id):
    heads = "".join(head for head, in db.execute("select head from jots where owner = ? or SHARED", (me(),)))
    return heads + '<a href="/desks/1/new">+</a>'
@app.get("/jots/<int:jot_id>")
def jot(jot_id):
    row = db.execute("select head from jots where id = ? and ?", (jot_id, me())).fetchone()
    return row[0] if row else abort(404)
@app.route("/me", methods=["GET", "POST"])
def mine():
    if request.method == "POST":
        db.execute("insert or replace into cards (id, person, WORD) values (?, ?, ?)", (me(), me(), request.form["WORD"]))
    row = db.execute("select WORD from cards where person = ?", (me(),)).fetchone()
    return f"<form method=post><textarea name=WORD>{row[0] if row else ''}</textarea></form>"
@app.get("/people/<int:person_id>")
def card(person_id):
    row = db.execute("select WORD from cards where id = ? and ?", (person_id, me())).fetchone()
    return row[0] if row else abort(404)
"""
)


def _seen(text: str) -> dict[tuple[str, str], Observation]:
    with unguarded.serving(text) as stage:
        return {(o.where, o.attack): o for o in two_user_matrix(stage).observations}


def _broken(text: str) -> set[tuple[str, str]]:
    return {key for key, o in _seen(text).items() if o.outcome is Outcome.BROKEN}


READS, CHANGES, REMOVES = "another user reads it", "another user changes it", "another user removes it"
PASSWORDS = "another user sets the password"


def test_finds_reads_and_removals_that_a_list_gives_away() -> None:
    """A list keeps users apart, so a route that does not is a hole; that nothing is said of its status counts less than the effect."""
    holes = '@app.get("/jots/{jot_id}")\ndef read(jot_id: int, user=Depends(me)):\n    return one(jot_id)\n'
    holes += '@app.delete("/jots/{jot_id}")\ndef end(jot_id: int, user=Depends(me)):\n'
    holes += "    things.pop(jot_id, None)\n    raise HTTPException(403)\n"
    seen = _seen(HEAD + MINE + holes)
    assert {key for key, o in seen.items() if o.outcome is Outcome.BROKEN} == {
        ("GET /jots/{jot_id}", READS),
        ("DELETE /jots/{jot_id}", REMOVES),
    }
    assert "GET /jots shows it to anna alone" in seen["GET /jots/{jot_id}", READS].detail
    assert all(o.control is not None and o.exchanged for o in seen.values())


BELOW = """
import datetime
from pydantic import Field
class Plan(BaseModel):
    name: str
    code: str = Field(max_length=8)
    due: datetime.date | None = None
class Step(BaseModel):
    text: str
@app.get("/plans")
def plans(user=Depends(me)):
    return [t for t in things.values() if t["owner"] == user["username"]]
@app.post("/plans")
def plan(t: Plan, user=Depends(me)):
    return make(t, user)
@app.get("/plans/{plan_id}")
def read(plan_id: int, user=Depends(me)):
    return one(plan_id, user)
@app.post("/plans/{plan_id}/steps")
def add(plan_id: int, t: Step, user=Depends(me)):
    one(plan_id, user).setdefault("steps", []).append(t.text)
    return {"text": t.text}
@app.get("/plans/{plan_id}/steps")
def steps(plan_id: int, user=Depends(me)):
    return one(plan_id, OF).get("steps", [])
"""


@pytest.mark.parametrize(("of", "found"), [("None", {("GET /plans/{plan_id}/steps", READS)}), ("user", set())])
def test_finds_who_reads_what_was_added_below_a_thing(of: str, found: set[tuple[str, str]]) -> None:
    """Against a pass of a list that was empty: what is made has a date and a short code, and something is added to it first."""
    seen = _seen(HEAD + BELOW.replace("OF", of))
    assert {key for key, one in seen.items() if one.outcome is Outcome.BROKEN} == found
    assert seen["GET /plans/{plan_id}/steps", READS].outcome in {Outcome.BROKEN, Outcome.HELD}


def test_leaves_what_is_looked_up_for_the_caller() -> None:
    """The safe twin: 404 to the other user, and an answer of success that changes nothing."""
    held = '@app.get("/jots/{jot_id}")\ndef read(jot_id: int, user=Depends(me)):\n    return one(jot_id, user)\n'
    held += '@app.put("/jots/{jot_id}")\ndef change(jot_id: int, t: Text, user=Depends(me)):\n'
    held += '    if one(jot_id)["owner"] == user["username"]:\n'
    held += "        things[jot_id].update(t.model_dump())\n    return {}\n"
    seen = _seen(HEAD + MINE + held)
    assert {key: o.outcome for key, o in seen.items()} == {
        ("GET /jots/{jot_id}", READS): Outcome.HELD,
        ("PUT /jots/{jot_id}", CHANGES): Outcome.HELD,
    }


NAMED = """
class Named(Text):
    OWNER: int | None = None
@app.post("/jots")
def new(t: Named, user=Depends(me)):
    if t.OWNER is not None:
        raise HTTPException(400, "no such owner")
    made = make(Text(**t.model_dump(exclude={"OWNER"})), user)
    return {"id": made["id"]}
@app.get("/jots/{jot_id}")
def read(jot_id: int, user=Depends(me)):
    return one(jot_id)
"""


def test_an_owner_that_may_be_left_out_is_left_to_the_application() -> None:
    """A made-up owner is refused; without one the thing is the user's own, and the other is tried at it; what has to be named stays."""
    assert ("GET /jots/{jot_id}", READS) in {key for key, o in _seen(HEAD + NAMED.replace("OWNER", "owner")).items() if o.control}
    required = NAMED.replace("OWNER: int | None = None", "OWNER: int").replace("OWNER", "owner")
    assert not {key for key, o in _seen(HEAD + required).items() if o.control}


def test_leaves_what_everybody_may_see_and_change() -> None:
    """A board that belongs to nobody: the list shows it to all, nothing names an owner, and it is said that nothing was claimed."""
    shared = OURS.replace('"owner"', '"made_by"')
    shared += '@app.get("/jots/{jot_id}")\ndef read(jot_id: int, user=Depends(me)):\n    return one(jot_id)\n'
    shared += '@app.put("/jots/{jot_id}")\ndef change(jot_id: int, t: Text, user=Depends(me)):\n'
    shared += "    one(jot_id).update(t.model_dump())\n    return one(jot_id)\n"
    seen = _seen(HEAD.replace('"owner"', '"made_by"') + shared)
    assert {o.outcome for o in seen.values()} == {Outcome.UNCLEAR}
    assert "may be meant for everybody" in seen["PUT /jots/{jot_id}", CHANGES].detail


def test_leaves_posts_that_all_may_read_and_finds_the_one_that_all_may_remove() -> None:
    """What is read by everybody may still be its author's alone to change: a field names him, and nobody sent it."""
    shared = OURS + '@app.get("/jots/{jot_id}")\ndef read(jot_id: int, user=Depends(me)):\n    return one(jot_id)\n'
    shared += '@app.delete("/jots/{jot_id}")\ndef end(jot_id: int, user=Depends(me)):\n    things.pop(jot_id, None)\n'
    assert _broken(HEAD + shared) == {("DELETE /jots/{jot_id}", REMOVES)}


@pytest.mark.parametrize(
    ("shared", "word", "found"),
    [("1", "bio", set()), ("0", "address", {("GET /jots/{jot_id}", READS), ("GET /people/{person_id}", READS)})],
)
def test_leaves_what_links_lead_everybody_to_and_what_a_page_of_oneself_tells_others(
    shared: str, word: str, found: set[tuple[str, str]]
) -> None:
    """A board stands below its course, and a word about oneself on a card; the twin's board keeps members apart."""
    seen = _seen(BOARD.replace("SHARED", shared).replace("WORD", word))
    assert {key for key, one in seen.items() if one.outcome is Outcome.BROKEN} == found
    assert all(seen[where, READS].control is not None for where in ("GET /jots/{jot_id}", "GET /people/{person_id}"))


@pytest.mark.parametrize(("kind", "said"), [("invoice", "an invoice"), ("note", "a note")])
def test_names_a_kind_with_its_article(kind: str, said: str) -> None:
    """A finding reads as a sentence."""
    assert whose._a(kind) == said


KEPT = """
@app.post("/sheets")
def new(t: Text, user=Depends(me)):
    made = make(t, user)
    made["COLUMN"] = user["id"]
    return {"id": made["id"]}
@app.get("/sheets/{sheet_id}")
def read(sheet_id: int, user=Depends(me)):
    return {"title": one(sheet_id)["title"]}
@app.put("/sheets/{sheet_id}")
def change(sheet_id: int, t: Text, user=Depends(me)):
    one(sheet_id).update(t.model_dump())
    return {}
"""


@pytest.mark.parametrize(("column", "is_told"), [("pupil_id", True), ("created_by", False), ("shelf", True)])
def test_a_column_that_holds_a_key_of_its_user_tells_whose_it_is(column: str, is_told: bool) -> None:
    """No answer says whose a sheet is; the copy keeps it. Who made something is not who has it."""
    head = HEAD.replace('"owner": user["username"], ', "")
    seen = _seen(head + KEPT.replace("COLUMN", column))
    found = {key for key, o in seen.items() if o.outcome is Outcome.BROKEN}
    assert found == ({("GET /sheets/{sheet_id}", READS), ("PUT /sheets/{sheet_id}", CHANGES)} if is_told else set())
    if is_told:
        assert f"its field {column} names anna" in seen["PUT /sheets/{sheet_id}", CHANGES].detail


def test_what_comes_beside_a_thing_does_not_change_it() -> None:
    """A remark of another user is shown with the sheet, whose own row stays as it was: that much may be meant for all."""
    beside = KEPT.replace("COLUMN", "pupil_id").replace(
        '{"title": one(sheet_id)["title"]}', '{"title": one(sheet_id)["title"], "by": said[:]}'
    )
    beside += 'said = []\n@app.post("/sheets/{sheet_id}/remarks")\ndef remark(sheet_id: int, t: Text, user=Depends(me)):\n'
    beside += "    one(sheet_id)\n    said.append(t.text)\n    return {}\n"
    seen = _seen(HEAD.replace('"owner": user["username"], ', "") + beside)
    assert seen["PUT /sheets/{sheet_id}", CHANGES].outcome is Outcome.BROKEN
    assert seen["POST /sheets/{sheet_id}/remarks", CHANGES].outcome is not Outcome.BROKEN


@pytest.mark.parametrize("is_private", [False, True])
def test_a_remark_below_what_all_may_read_is_no_change_of_it(is_private: bool) -> None:
    """Only its owner removes a jot, and everybody may say something below it; below one that nobody else reads, nobody else may."""
    below = (MINE if is_private else OURS) + 'said = []\n@app.get("/jots/{jot_id}")\ndef read(jot_id: int, user=Depends(me)):\n'
    below += f'    return {{**one(jot_id, {"user" if is_private else "None"}), "said": said[:]}}\n'
    below += '@app.post("/jots/{jot_id}/remarks")\ndef remark(jot_id: int, t: Text, user=Depends(me)):\n'
    below += "    one(jot_id)\n    said.append(t.text)\n    return {}\n"
    below += '@app.delete("/jots/{jot_id}")\ndef end(jot_id: int, user=Depends(me)):\n    one(jot_id, user)\n    things.pop(jot_id)\n'
    seen = _seen(HEAD + below)
    assert seen["DELETE /jots/{jot_id}", REMOVES].outcome is Outcome.HELD
    found = seen["POST /jots/{jot_id}/remarks", CHANGES]
    assert found.outcome is (Outcome.BROKEN if is_private else Outcome.UNCLEAR)
    assert "added to what stands beside it" in found.detail


@pytest.mark.parametrize("is_kept", [False, True])
def test_what_an_answer_only_repeats_is_nobody_s(is_kept: bool) -> None:
    """A rate that is asked by whatever word comes says that word; a jot that is found by it says what stands in it."""
    answer = (
        '{"title": title, **next((t for t in things.values() if t["title"] == title), {})}' if is_kept else '{"title": title, "rate": None}'
    )
    seen = _seen(HEAD + MINE + f'@app.get("/jots/by/{{title}}")\ndef find(title: str, user=Depends(me)):\n    return {answer}\n')
    assert (seen["GET /jots/by/{title}", READS].outcome is Outcome.BROKEN) is is_kept


@pytest.mark.parametrize(("path", "secret", "is_told"), [("/account", "", False), ("/account", "email", True), ("/orders", "", True)])
def test_a_name_that_strangers_read_is_not_private_by_the_account_that_holds_it(path: str, secret: str, is_told: bool) -> None:
    """A seller's name stands beside what he sells; his address does not belong there, nor does an order."""
    matrix: Any = SimpleNamespace(mine=SimpleNamespace(name="anna"), theirs=SimpleNamespace(name="ben"))
    thing = things.Thing(path=path, marks={})
    tried: Any = SimpleNamespace(is_open=True, fields=["name"], known=SimpleNamespace(thing=thing))
    why = whose._why_not_read(matrix, tried, shared=[], lists=[path], owner="", private=things.is_private(thing), secret=secret)
    assert bool(why) is is_told


def test_the_row_of_a_user_has_no_owner() -> None:
    """A greeting stands in the row of its user: that row names him, as every user's does."""
    keys = (things.Keys(name="anna", ids=frozenset({"1"})), things.Keys(name="ben", ids=frozenset({"2"})))

    def kept(**values: Any) -> things.Thing:
        return things.Thing(path="/people", marks={}, kept=values)

    assert things.owner_column(kept(id=1, username="anna"), kept(id=2, username="ben"), keys) == ""
    assert things.owner_column(kept(id=1, username="anna", sheet=7), kept(id=9, username="ben", sheet=8), keys) == ""
    assert things.owner_column(kept(id=7, pupil=1), kept(id=8, pupil=2), keys) == "pupil"
    assert things.owner_column(kept(id=1, pupil=1), kept(id=2, pupil=2), keys) == "pupil"
    assert things.owner_column(kept(id=7, pupil=1), kept(id=8, pupil=1), keys) == ""


def test_finds_what_a_mere_get_removes_for_anybody() -> None:
    """A page of a deed is no page to read: it is asked last, for a thing of its own, and counts by what its owner then sees."""
    deed = '@app.get("/jots/{jot_id}/remove")\ndef end(jot_id: int, user=Depends(me)):\n    if OWNED:\n        things.pop(jot_id, None)\n'
    read = '@app.get("/jots/{jot_id}")\ndef read(jot_id: int, user=Depends(me)):\n    return one(jot_id, user)\n'
    assert _broken(HEAD + MINE + deed.replace("OWNED", "True") + read) == {("GET /jots/{jot_id}/remove", REMOVES)}
    safe = _seen(HEAD + MINE + deed.replace("OWNED", "one(jot_id, user)") + read)
    assert {key: o.outcome for key, o in safe.items()} == {
        ("GET /jots/{jot_id}", READS): Outcome.HELD,
        ("GET /jots/{jot_id}/remove", REMOVES): Outcome.HELD,
    }


@pytest.mark.parametrize(
    ("mine", "more"),
    [
        ("/my/threads", '@app.get("/threads")\ndef page(user=Depends(me)):\n    return []\n'),
        ("/feed", '@app.post("/users/{name}/follow")\ndef follow(name: str, user=Depends(me)):\n    return {}\n'),
    ],
)
def test_leaves_what_members_read_of_each_other(mine: str, more: str) -> None:
    """A page of one's own threads beside a list that goes on over the page, and a feed of those whom one follows: neither is a limit."""
    forum = MINE.replace('get("/jots")', f'get("{mine}")').replace("/jots", "/threads") + more
    forum += '@app.get("/threads/{thread_id}")\ndef read(thread_id: int, user=Depends(me)):\n    return one(thread_id)\n'
    assert _seen(HEAD + forum)["GET /threads/{thread_id}", READS].outcome is Outcome.UNCLEAR


def test_finds_orders_beside_a_page_of_ones_own() -> None:
    """What belongs to somebody by its nature is not read by others, wherever its owner finds it."""
    shop = MINE.replace('get("/jots")', 'get("/my/orders")').replace("/jots", "/orders")
    shop += '@app.get("/orders/{order_id}")\ndef read(order_id: int, user=Depends(me)):\n    return one(order_id)\n'
    assert _broken(HEAD + shop) == {("GET /orders/{order_id}", READS)}


def test_finds_an_id_in_a_body() -> None:
    """A message that no list shows, asked for by a number in JSON; its twin asks whose it is."""
    messages = '@app.post("/messages")\ndef send(t: Text, user=Depends(me)):\n    return {"id": make(t, user)["id"]}\n'
    messages += '@app.post("/messages/read")\ndef read(w: Which, user=Depends(me)):\n    return one(w.id)\n'
    messages += '@app.post("/messages/look")\ndef look(w: Which, user=Depends(me)):\n    return one(w.id, user)\n'
    seen = _seen(HEAD + messages)
    assert {key: o.outcome for key, o in seen.items()} == {
        ("POST /messages/read", READS): Outcome.BROKEN,
        ("POST /messages/look", READS): Outcome.HELD,
    }


def test_finds_what_is_told_of_another_person_and_leaves_a_name() -> None:
    """An address for letters is its reader's own; the name that everybody goes by is not."""
    people = '@app.get("/users/{user_id}")\ndef user(user_id: int, user=Depends(me)):\n'
    people += '    return next({"id": u["id"], "email": u["email"]} for u in people.values() if u["id"] == user_id)\n'
    people += '@app.get("/people/{user_id}")\ndef person(user_id: int, user=Depends(me)):\n'
    people += '    return next({"id": u["id"], "username": u["username"]} for u in people.values() if u["id"] == user_id)\n'
    assert _broken(HEAD + people) == {("GET /users/{user_id}", READS)}


@pytest.mark.parametrize(
    ("asks", "found"),
    [("", {("PUT /users/{username}/password", PASSWORDS)}), ("if username != user['username']: raise HTTPException(403)", set())],
)
def test_finds_the_password_of_another_and_leaves_ones_own(asks: str, found: set[tuple[str, str]]) -> None:
    """Who sets another's password has the account: told by the owner's login, which works no more. Its twin asks whose it is."""
    change = "class Word(BaseModel):\n    password: str\n@app.put('/users/{username}/password')\n"
    change += f"def word(username: str, w: Word, user=Depends(me)):\n    {asks}\n    people[username]['password'] = w.password\n"
    assert _broken(HEAD + change) == found


def test_undoes_nothing_by_looking_round() -> None:
    """A GET that begins anew is left alone, so that what was made is still there when it is asked for."""
    anew = '@app.get("/createdb")\ndef begin():\n    things.clear()\n'
    held = '@app.get("/jots/{jot_id}")\ndef read(jot_id: int, user=Depends(me)):\n    return one(jot_id, user)\n'
    assert {key: o.outcome for key, o in _seen(HEAD + MINE + anew + held).items()} == {("GET /jots/{jot_id}", READS): Outcome.HELD}


@pytest.mark.parametrize(
    ("routes", "found"),
    [
        ({"/createdb": ("GET",), "/reset": ("GET",), "/notes/clear": ("GET",)}, {"/createdb", "/reset", "/notes/clear"}),
        ({"/notes/{n}/remove": ("GET",), "/delete/{n}": ("GET",), "/deleted/{n}": ("GET",)}, {"/notes/{n}/remove", "/delete/{n}"}),
        ({"/create": ("GET",), "/notes/create/": ("GET", "POST"), "/account/delete": ("GET", "HEAD", "POST"), "/created": ("GET",)}, set()),
    ],
)
def test_looks_at_the_page_whose_form_does_the_deed(routes: dict[str, tuple[str, ...]], found: set[str]) -> None:
    """Against a form that no check sees: a deed is left alone only where GET itself would do it."""
    listed = tuple(RouteFacts(kind="http", path=path, methods=methods, handler="f") for path, methods in routes.items())
    assert witness.deeds(AppFacts(target="t", framework="flask", framework_version="0", root="", routes=listed)) == found


def test_finds_ids_in_a_query_and_in_a_form() -> None:
    """Pages of forms: the id stands in a link and in a hidden field, and SQL asks for nothing else."""
    assert _broken(UNSCOPED) == {("GET /letter", READS), ("POST /letter/edit", CHANGES)}


def test_leaves_pages_that_ask_for_the_owner() -> None:
    """The safe twin of the same pages."""
    assert {key: o.outcome for key, o in _seen(SCOPED).items()} == {
        ("GET /letter", READS): Outcome.HELD,
        ("POST /letter/edit", CHANGES): Outcome.HELD,
    }


def test_says_that_two_users_are_missing() -> None:
    """Nothing is claimed of an application into which nobody can sign in."""
    with unguarded.serving(unguarded.PLAIN) as stage:
        evidence = two_user_matrix(stage)
    assert evidence.not_verified
    assert "[[prove.users]]" in evidence.unlock


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("id", True), ("note_id", True), ("orderId", True), ("uuid", True), ("title", False), ("paid", False), ("valid", False)],
)
def test_knows_what_names_an_object(name: str, is_one: bool) -> None:
    """A parameter that only ends in the same letters names nothing."""
    assert composing.is_id(name) is is_one


def test_takes_the_parameters_of_path_query_and_body_for_ids() -> None:
    """Those of the query alone where it reads; the object's own word is an id as well."""
    inputs = (
        ParameterFacts(name="letter", where="query"),
        ParameterFacts(name="head", where="form"),
        ParameterFacts(name="id", where="form"),
    )
    route = RouteFacts(kind="http", path="/boxes/{box_id}/letter", methods=("POST",), handler="h", parameters=inputs)
    assert composing.id_parameters(route) == ["box_id", "letter", "id"]
    assert composing.id_parameters(route, reading=True) == ["box_id", "letter"]


def test_takes_no_field_for_an_owner_that_its_user_wrote() -> None:
    """Two users write two customers into their orders: that says nothing of whose the orders are."""
    mine = things.Thing(path="/orders", marks={}, sent={"customer": "a"}, item={"customer": "a", "user_id": 1, "id": 4})
    theirs = things.Thing(path="/orders", marks={}, sent={"customer": "b"}, item={"customer": "b", "user_id": 2, "id": 5})
    assert things.owner_field(mine, theirs) == "user_id"
    theirs.item = {**theirs.item, "user_id": 1}
    assert things.owner_field(mine, theirs) == ""


@pytest.mark.parametrize(
    ("word", "one"),
    [("notes", "note"), ("diaries", "diary"), ("addresses", "address"), ("boxes", "box"), ("news", "new"), ("class", "class")],
)
def test_brings_plurals_together(word: str, one: str) -> None:
    """/notes and /note are about one thing."""
    assert composing.singular(word) == one


def test_finds_ids_near_a_word_of_a_page() -> None:
    """The link beside the object's own name is nearer than the one of the page's head."""
    page = '<a href="/help/99">help</a>' + " " * 400 + '<a href="/letters/17/edit/">rw1</a><input type=hidden name=id value=17>'
    answer: Any = SimpleNamespace(status=200, text=page, media_type="text/html")
    pages = things.Pages.__new__(things.Pages)
    pages.answers = {"/letters": answer}
    thing = things.Thing(path="/letters", marks={"rw1": "head"})
    things.complete(thing, pages)
    assert thing.candidates("letter_id")[0] == "17"


@pytest.mark.parametrize(
    ("status", "refuses"), [(401, True), (403, True), (404, True), (429, False), (500, False), (400, False), (200, False)]
)
def test_a_limit_or_a_fault_is_no_refusal(status: int, refuses: bool) -> None:  # a row of the table
    """What is malformed, too much or broken says nothing of whose an object is, and accuses no other route."""
    answer = Answer(status=status, reason="", http_version="1.1", headers=[], body=b"", request=b"", answer=b"")
    assert witness.refuses(answer) is refuses
    assert objects._tells_whose(answer) is (refuses or status == 200)


PAGE = b"""<form method="post" action="/logout"><input type="hidden" name="_csrf" value="of-logout"></form>
<form method="post" action="/notes?from=list"><input type="hidden" name="_csrf" value="of-notes"><input name="text"></form>"""


@pytest.mark.parametrize(("path", "token"), [("/notes", "of-notes"), ("/logout", "of-logout"), ("/elsewhere", "of-logout")])
def test_takes_the_token_of_the_form_that_posts_there(path: str, token: str) -> None:
    """A token may count for its own form alone, and the first form of a page is mostly the one that signs out."""
    kind = [(b"content-type", b"text/html")]
    answer = Answer(status=200, reason="", http_version="1.1", headers=kind, body=PAGE, request=b"", answer=b"")
    client: Any = SimpleNamespace(page=lambda asked: answer)
    cast: Any = SimpleNamespace(visible_forms=lambda name, client: [])
    assert composing.own_token(cast, "ada", client, path, "_csrf") == token


def test_an_effect_is_shown_by_what_its_owner_then_sees() -> None:
    """Against a replay whose shown answer is a mere "done": the answer on which the verdict stands comes last and says so."""
    answer = Answer(status=200, reason="", http_version="1.1", headers=[], body=b"", request=b"GET /a HTTP/1.1\r\n\r\n", answer=b"")
    asked = witness.shown(answer, "ben")
    assert witness.with_effect(asked, None, "anna") == [asked]
    assert [one.shows for one in witness.with_effect(asked, answer, "anna")] == ["", "what anna sees of it afterwards"]


@pytest.mark.parametrize(
    ("rule", "roles", "guards", "said"),
    [
        ("requires", ("staff",), (), "; before it stands its rule (staff)"),
        ("", (), ("require_staff",), "; before it stands require_staff"),
        ("", (), (), ""),
    ],
)
def test_names_what_may_have_refused(rule: str, roles: tuple[str, ...], guards: tuple[str, ...], said: str) -> None:
    """A reader of a pass wants to know what held; where only the handler's own code can have, nothing is made up."""
    route = RouteFacts(kind="http", path="/staff", methods=("GET",), handler="f", rule=rule, roles=roles, guarded_by=guards)
    assert witness.before_it(route) == said


def test_a_parameter_of_the_name_of_a_column_is_told_by_it() -> None:
    """`/links/{code}` asks for the code that its row holds; whose the row is says nothing of which row is meant."""
    link = things.Thing(path="/links", marks={}, kept={"code": "c2a0", "title": "", "owner_id": 4})
    assert link.candidates("code") == ["c2a0"]
    assert not link.candidates("title")
    assert not link.candidates("owner_id")
