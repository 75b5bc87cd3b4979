"""What is sent along and kept in applications that never heard of ringwork, and what is left alone."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import pytest

from ringwork.prove import judge, own_fields, witness
from ringwork.prove.access.mass_assignment import extra_field
from ringwork.prove.evidence import Observation, Outcome, Verdict
from ringwork.prove.own_fields import Claim, Sources
from ringwork.prove.rows import Kept
from ringwork.survey import kept
from ringwork.survey.facts import AppFacts
from ringwork.survey.wire.client import Answer
from tests.prove import unguarded
from tests.prove.test_found_in_small_shops import FLASK_HEAD

FASTAPI = """
import hashlib
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
class Base(DeclarativeBase):
    pass
class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    password: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    role: Mapped[str] = mapped_column(default="member")
class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int]
    title: Mapped[str]
    price: Mapped[int] = mapped_column(default=25)
    approved: Mapped[bool] = mapped_column(default=False)
engine = create_engine("sqlite:///data.sqlite")
Base.metadata.create_all(engine)
app = FastAPI()
class Open(BaseModel):
    model_config = ConfigDict(extra="EXTRA")
class Account(Open):
    username: str
    password: str
class About(Open):
    about: str
class New(Open):
    title: str
    DECLARED
def db():
    with Session(engine) as session:
        yield session
def word(name):
    return hashlib.sha256(name.encode()).hexdigest()
def me(request: Request, s=Depends(db)):
    for one in s.scalars(select(Person)):
        if request.headers.get("authorization") == "Bearer " + word(one.username):
            return one
    raise HTTPException(401)
def written(row, given, s):
    for key, value in given.model_dump().items():
        setattr(row, key, value)
    s.add(row)
    s.commit()
@app.post("/register")
def register(a: Account, s=Depends(db)):
    written(Person(), a, s)
@app.post("/login")
def login(a: Account, s=Depends(db)):
    if s.scalar(select(Person).where(Person.username == a.username, Person.password == a.password)) is None:
        raise HTTPException(401)
    return {"access_token": word(a.username)}
@app.patch("/me")
def change(a: About, p=Depends(me), s=Depends(db)):
    written(s.get(Person, p.id), a, s)
@app.post("/tickets")
def new(t: New, p=Depends(me), s=Depends(db)):
    row = Ticket(owner_id=p.id)
    written(row, t, s)
    return {"id": row.id}
@app.put("/tickets/{ticket_id}")
def edit(ticket_id: int, t: New, p=Depends(me), s=Depends(db)):
    row = s.get(Ticket, ticket_id)
    if row is None or row.owner_id != p.id:
        raise HTTPException(404)
    written(row, t, s)
@app.get("/admin/people")
def people(p=Depends(me)):
    if p.role != "admin":
        raise HTTPException(403)
    return "people"
"""
TAKES = FASTAPI.replace("EXTRA", "allow").replace("DECLARED", "pass")
LEAVES = FASTAPI.replace("EXTRA", "ignore").replace("DECLARED", "pass")

FLASK = """
import sqlite3
from flask import Flask, abort, redirect, request, session
app = Flask(__name__)
app.secret_key = "x" * 40
def db():
    return sqlite3.connect("data.sqlite", isolation_level=None)
db().execute("create table if not exists people (id integer primary key, name text, word text, town text, is_admin int default 0)")
FORM = "<form method=post><input name=username><input name=password type=password></form>"
@app.route("/register", methods=["GET", "POST"])
def register():
    if request.method == "POST":
        db().execute("insert into people (name, word) values (?, ?)", (request.form["username"], request.form["password"]))
        return redirect("/login")
    return FORM
@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST":
        given = (request.form["username"], request.form["password"])
        row = db().execute("select id from people where name = ? and word = ?", given).fetchone()
        if row is None:
            return FORM, 401
        session["id"] = row[0]
        return redirect("/profile")
    return FORM
def me():
    if "id" not in session:
        abort(401)
    return db().execute("select id, town, is_admin from people where id = ?", (session["id"],)).fetchone()
@app.route("/profile", methods=["GET", "POST"])
def profile():
    number, town, _ = me()
    if request.method == "POST":
        for name, value in request.form.items():
            if WANTED:
                db().execute(f"update people set {name} = ? where id = ?", (value, number))
        return redirect("/profile")
    return f"<form method=post><input name=town value='{town}'></form>"
@app.get("/admin")
def admin():
    return "desk" if me()[2] else abort(403)
"""

MEMORY = """
import itertools, secrets
from aiohttp import web
people, notes, tokens, ids = {}, {}, {}, itertools.count(1)
def me(request):
    name = tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
    if name is None:
        raise web.HTTPUnauthorized()
    return people[name]
async def register(request):
    data = await request.json()
    people[data["username"]] = {"username": data["username"], "password": data["password"], REST}
    return web.json_response({})
async def login(request):
    data = await request.json()
    if people.get(data["username"], {}).get("password") != data["password"]:
        raise web.HTTPUnauthorized()
    word = secrets.token_hex(16)
    tokens[word] = data["username"]
    return web.json_response({"token": word})
async def new(request):
    who = me(request)
    data = await request.json()
    notes[next(ids)] = {"owner": who["username"], "title": data["title"], REST}
    return web.json_response({})
async def desk(request):
    if not me(request).get("is_admin"):
        raise web.HTTPForbidden()
    return web.json_response([])
app = web.Application()
app.add_routes([web.post("/register", register), web.post("/login", login), web.post("/notes", new), web.get("/admin/desk", desk)])
"""


def _seen(text: str) -> list[Observation]:
    with unguarded.serving(text) as stage:
        return list(extra_field(stage).observations)


def _broken(text: str) -> dict[str, set[str]]:
    found = dict[str, set[str]]()
    for one in _seen(text):
        if one.outcome is Outcome.BROKEN:
            found.setdefault(one.where, set()).add(one.detail.partition(" ")[0])
    return found


def test_finds_what_models_take_that_allow_more() -> None:
    """Registration, a profile, a new object and a changed one; that somebody administers by it is seen and told."""
    seen = [one for one in _seen(TAKES) if one.outcome is Outcome.BROKEN]
    assert {(one.where, one.detail.partition(" ")[0]) for one in seen} == {
        ("POST /register", "role"),
        ("PATCH /me", "role"),
        *(("POST /tickets", name) for name in ("owner_id", "price", "approved")),
        *(("PUT /tickets/{ticket_id}", name) for name in ("owner_id", "price", "approved")),
    }
    assert all("GET /admin/people, which was closed to anna, then answers" in one.detail for one in seen if "role" in one.detail)
    assert all(one.control is not None and one.exchanged for one in seen)


def test_a_price_that_nothing_reserves_is_less_grave() -> None:
    """An amount and a grant may be meant; what makes an administrator, and an owner, may not."""
    graded = {one.detail.partition(" ")[0]: one.severity for one in _seen(TAKES) if one.outcome is Outcome.BROKEN}
    assert graded == {"role": "critical", "owner_id": "", "price": "medium", "approved": "medium"}


def test_a_role_that_opens_a_page_is_as_grave_as_can_be() -> None:
    """Whatever the page is called: it was refused to who asked, and one request opens it. What nobody was refused tells nothing."""
    renamed = [one for one in _seen(TAKES.replace("/admin/people", "/people")) if one.detail.startswith("role ")]
    assert {(one.where, one.severity) for one in renamed} == {("POST /register", "critical"), ("PATCH /me", "critical")}
    assert all("GET /people, which was closed to anna, then answers" in one.detail for one in renamed)
    is_open = TAKES.replace("/admin/people", "/people").replace('if p.role != "admin":', 'if p.role == "nobody":')
    assert {one.severity for one in _seen(is_open) if one.detail.startswith("role ")} == {""}


def test_a_grant_that_an_administration_gives_is_grave() -> None:
    """A route for other roles takes the same field, or code of the application's own works it out: then it is nobody else's to set."""
    more = """
class Decision(BaseModel):
    approved: bool
@app.post("/admin/tickets/{ticket_id}/decision")
def decide(ticket_id: int, d: Decision, p=Depends(me), s=Depends(db)):
    if p.role != "admin":
        raise HTTPException(403)
    s.get(Ticket, ticket_id).price *= 2
"""
    seen = [one for one in _seen(TAKES + more) if one.outcome is Outcome.BROKEN and one.where == "POST /tickets"]
    told = {one.detail.partition(" ")[0]: one for one in seen}
    assert {name: one.severity for name, one in told.items()} == {"owner_id": "", "price": "", "approved": ""}
    assert "POST /admin/tickets/{ticket_id}/decision takes it" in told["approved"].detail
    assert "works it out" in told["price"].detail


def test_says_which_answer_counts_and_what_to_write() -> None:
    """The page that opened is the last exchange and says so; the way to mend it is the framework's and names the field."""
    seen = next(one for one in _seen(TAKES) if one.outcome is Outcome.BROKEN and one.where == "POST /register")
    assert [bool(one.shows) for one in seen.exchanged] == [False, True]
    assert "GET /admin/people" in seen.exchanged[-1].request
    assert seen.fix.startswith("give POST /register a model of its own that has no role")


@pytest.mark.parametrize(
    ("text", "decides"),
    [
        ("account.balance -= price\n", True), ("row['balance'] = 0\n", True), ("execute('update a set balance = balance - 1')\n", True),
        ("account.balance = data['balance']\n", False), ("account.balance = body.balance\n", False), ("balance: int = 0\n", False),
        ("if account.balance == 4:\n    pass\n", False),
    ],
)  # fmt: skip
def test_knows_what_an_application_works_out_itself(text: str, decides: bool, tmp_path: Path) -> None:
    """A sum that code changes is nobody's to send; what is copied from a request is."""
    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    facts = AppFacts(target="app:app", framework="flask", framework_version="3", root=str(tmp_path), routes=(), sources=("app.py",))
    assert Sources(facts).decides("balance") is decides


ORGANISES = (
    "    role: Mapped[str]",
    (
        "    is_organiser: Mapped[bool] = mapped_column(default=False)\n    is_shown: Mapped[bool] = mapped_column(default=False)\n"
        "    role: Mapped[str]"
    ),
)
ASKS = """
@app.get("/events")
def events(user=Depends(me)):
    if not user.is_organiser:
        raise HTTPException(403)
    return "events"
"""


@pytest.mark.parametrize(("more", "found"), [(ASKS, {"is_organiser"}), ("", set())])
def test_finds_a_flag_of_the_applications_own_name(more: str, found: set[str]) -> None:
    """What a flag is for stands where somebody is refused who does not have it; one that nobody asks for gives nothing."""
    broken = _broken(TAKES.replace(*ORGANISES) + more)
    assert broken["PATCH /me"] - {"role"} == found


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("if not user.is_host:\n    abort(403)\n", True),
        ("if not current_user.is_host: raise Forbidden\n", True),
        ("if user is None or not request.user.is_host:\n    return redirect('/')\n", True),
        ("if not user['is_host']:\n    return 'no', 403\n", True),
        ("if not note.is_host:\n    abort(403)\n", False),
        ("if not user.is_host:\n    total += 1\n", False),
        ("if user.is_host:\n    abort(403)\n", False),
    ],
)
def test_knows_the_flag_without_which_somebody_is_refused(text: str, refuses: bool, tmp_path: Path) -> None:
    """A flag of a thing is its owner's to set, and what only counts or shows something is no power."""
    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    facts = AppFacts(target="app:app", framework="flask", framework_version="3", root=str(tmp_path), routes=(), sources=("app.py",))
    assert Sources(facts).refuses_without("is_host") is refuses


def test_leaves_models_that_leave_more_out() -> None:
    """The safe twin: the same requests are answered, and nothing of what was sent along is kept."""
    assert {one.where: one.outcome for one in _seen(LEAVES)} == dict.fromkeys(
        ("POST /register", "PATCH /me", "POST /tickets", "PUT /tickets/{ticket_id}"), Outcome.HELD
    )


def test_leaves_a_price_that_the_seller_sets() -> None:
    """A field that the operation declares is the user's to write; the owner that it also takes is not."""
    selling = FASTAPI.replace("EXTRA", "ignore").replace("DECLARED", "price: int = 10")
    assert _broken(selling) == {}
    stealing = FASTAPI.replace("EXTRA", "ignore").replace("DECLARED", "price: int = 10\n    owner_id: int | None = None")
    stealing = stealing.replace("given.model_dump().items()", "given.model_dump(exclude_unset=True).items()")
    assert _broken(stealing) == {"POST /tickets": {"owner_id"}, "PUT /tickets/{ticket_id}": {"owner_id"}}


CHOSEN = LEAVES.partition('@app.get("/admin/people")')[0].replace(
    "    password: str\nclass About", "    password: str\n    role: str = 'member'\nclass About"
)
STRIKE = """
@app.post("/tickets/strike")
def strike(p=Depends(me), s=Depends(db)):
    if p.role != "admin":
        raise HTTPException(403)
"""


@pytest.mark.parametrize(
    ("more", "outcome", "severity", "words"),
    [
        (STRIKE, Outcome.BROKEN, "medium", 'the application decides by it: if p.role != "admin":'),
        ("", Outcome.UNCLEAR, "", "nothing tells what it gives"),
    ],
)
def test_a_role_that_everybody_may_take_is_never_proven_harmless(more: str, outcome: Outcome, severity: str, words: str) -> None:
    """A registration asks for the role and keeps it: a hole where something is decided by it, for a person to judge where nothing is."""
    with unguarded.serving(CHOSEN + more) as stage:
        evidence = extra_field(stage)
    seen = next(one for one in evidence.observations if one.where == "POST /register")
    assert (seen.outcome, seen.severity) == (outcome, severity)
    assert words in seen.detail
    assert judge.first_verdict(evidence) is (Verdict.VIOLATED if more else Verdict.NOT_VERIFIED)
    assert bool(evidence.unlock) is not bool(more)


def test_claims_the_role_that_this_application_knows() -> None:
    """Against a pass of a claim that means nothing here: its own code compares the role with a keeper's, and knows no admin."""
    with unguarded.serving(CHOSEN + STRIKE.replace('"admin"', '"keeper"')) as stage:
        seen = next(one for one in extra_field(stage).observations if one.where == "POST /register")
    assert seen.outcome is Outcome.BROKEN
    assert "role is member by itself, and keeper where anna sends it along" in seen.detail


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("if user.role != 'keeper':\n    stop()\n", "keeper"),
        ("if row['role'] == 'member' or row['role'] == 'chief':\n    go()\n", "chief"),
        ("if user.role == 'member':\n    go()\n", ""),
        ("user.role = 'keeper'\n", ""),
    ],
)
def test_knows_the_role_that_code_asks_for(text: str, value: str, tmp_path: Path) -> None:
    """Not the one that everybody has, and none that is only given."""
    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    facts = AppFacts(target="app:app", framework="flask", framework_version="3", root=str(tmp_path), routes=(), sources=("app.py",))
    assert Sources(facts).value_asked("role", "member") == value


@pytest.mark.parametrize(
    ("text", "value", "line"),
    [
        ("if user.role == 'admin':\n    go()\n", "admin", "if user.role == 'admin':"),
        ("def need(role):\n    if user.role != role:\n        stop()\nneed('admin')\n", "admin", "if user.role != role:"),
        ("if row['level'] >= 5:\n    go()\n", 9, "if row['level'] >= 5:"),
        ("if user.role == 'seller':\n    go()\n", "admin", ""),
        ("user.role = 'admin'\n", "admin", ""),
        ("# if user.role == 'admin'\n", "admin", ""),
    ],
)  # fmt: skip
def test_knows_the_line_that_decides_by_a_field(text: str, value: Any, line: str, tmp_path: Path) -> None:
    """What is only set, only shown, or never compared where the claimed value is known, gives nothing that is seen."""
    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    facts = AppFacts(target="app:app", framework="flask", framework_version="3", root=str(tmp_path), routes=(), sources=("app.py",))
    assert Sources(facts).where_asked("level" if "level" in text else "role", value) == line


@pytest.mark.parametrize(("wanted", "found"), [("name != 'id'", {"GET,POST /profile": {"is_admin"}}), ("name == 'town'", {})])
def test_finds_a_loop_over_whatever_a_form_brings(wanted: str, found: dict[str, set[str]]) -> None:
    """Whoever changes his town makes himself an administrator; the twin takes the town alone."""
    assert _broken(FLASK.replace("WANTED", wanted)) == found


@pytest.mark.parametrize(
    ("rest", "found"), [("**data", {"POST /register": {"is_admin"}, "POST /notes": {"owner"}}), ("'is_new': True", {})]
)
def test_finds_what_is_merged_into_objects_in_memory(rest: str, found: dict[str, set[str]]) -> None:
    """No table tells which fields there are: the code that asks for one does."""
    assert _broken(MEMORY.replace("REST", rest)) == found


def test_says_that_an_ordinary_user_is_missing() -> None:
    """Nothing is claimed of an application into which nobody can sign in."""
    with unguarded.serving(unguarded.PLAIN) as stage:
        evidence = extra_field(stage)
    assert evidence.not_verified
    assert "[[prove.users]]" in evidence.unlock


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("is_admin", "flag"), ("isAdmin", "flag"), ("superuser", "flag"), ("role", "role"), ("groups", "role"), ("owner_id", "owner"),
        ("tenant", "owner"), ("balance", "amount"), ("price_cents", "amount"), ("is_approved", "grant"), ("email_verified", "grant"),
        ("order_status", "state"), ("title", ""), ("username", ""), ("company", ""), ("description", ""), ("staffing", ""), ("unpaid", ""),
        ("is_manager", "flag"), ("isClerk", "flag"), ("manager", ""), ("is_organizer", ""),
        ("order_state", "state"), ("state", ""), ("published", ""), ("max_guests", ""), ("credit_limit", "amount"), ("limit", ""),
    ],
)  # fmt: skip
def test_knows_what_an_application_sets_itself(name: str, kind: str) -> None:
    """A word that only looks like one is a user's to write."""
    assert own_fields.kind_of(name) == kind


@pytest.mark.parametrize(
    ("sent", "stored", "is_same"),
    [(True, 1, True), (True, "True", True), (True, 0, False), (True, None, False), (False, 0, True), (41000, "41000.00", True),
     (41000, 41000.0, True), (41000, 4100, False), ("admin", "admin", True), ("admin", "member", False)],
)  # fmt: skip
def test_knows_its_value_again(sent: Any, stored: Any, is_same: bool) -> None:
    """A store makes a number of a truth value and a text of a number."""
    assert own_fields.same(sent, stored) is is_same


def _one(**values: Any) -> list[Kept]:
    return [Kept(store="sqlite:a/b", values=values)]


def test_claims_an_owner_only_where_the_asker_sets_it() -> None:
    """A number that differs at each request, or is the same for everybody, names nobody."""
    first, again, theirs = _one(user_id=1, account_id=7, author=4), _one(user_id=1, account_id=8, author=4), _one(user_id=2, author=4)
    assert own_fields.claims(first, again, theirs, {}) == [Claim(name="user_id", kind="owner", value=2, was=1)]


def test_claims_nothing_that_was_sent_or_would_give_less() -> None:
    """Who is verified already gains nothing, and what an honest request brings is its own."""
    assert own_fields.claims(_one(verified=1, role="admin", price=4, status=3), [], [], {"price": 4}) == []


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("class Item(Base):\n    price = Column(Integer)\n", False),
        ("class ItemSchema(Schema):\n    price = fields.Integer()\n", True),
        ("def new():\n    item.price = data['price']\n", True),
        ("def new():\n    row = {'price': 4}\n", False),
    ],
)
def test_leaves_what_its_own_code_may_take_on_purpose(text: str, may: bool, tmp_path: Path) -> None:
    """A schema that no framework tells of may let the seller name his price."""
    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    facts = AppFacts(target="app:app", framework="flask", framework_version="3", root=str(tmp_path), routes=(), sources=("app.py",))
    assert Sources(facts).may_read("price", ["Item"]) is may


def test_finds_a_word_in_objects_of_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an application keeps in memory alone, with its plain values and without a look at what they could do."""
    module: Any = types.ModuleType("kept_somewhere")
    module.__file__ = str(tmp_path / "kept_somewhere.py")
    module.things = {1: types.SimpleNamespace(title="rwabc", tags=["a", "b"], blob=b"x", inner={"note": "else"}), 2: {"title": "else"}}
    monkeypatch.setitem(__import__("sys").modules, "kept_somewhere", module)
    assert kept.holding(tmp_path, "rwabc") == [{"store": "memory:kept_somewhere.things", "values": {"title": "rwabc", "tags": "a, b"}}]
    assert kept.holding(tmp_path, "rwdef") == []


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [
        (403, "<h1>CSRF verification failed</h1>", "forged requests"), (415, "", "such a body"), (429, "", "a limit"),
        (401, "", "asks for a login"), (403, "not yours", "answered 403"), (422, "", "answered 422"),
    ],
)  # fmt: skip
def test_tells_by_what_its_own_request_was_refused(status: int, text: str, words: str) -> None:
    """Against a report of no object where the prover's own request never got past a guard."""
    answer = Answer(status=status, reason="", http_version="1.1", headers=[], body=text.encode(), request=b"", answer=b"")
    assert words in witness.why_not(answer)


SELLING = (
    FLASK_HEAD
    + """
db.execute("create table if not exists wares (id integer primary key, author text, title text, price_cents int default 100, status text)")
@app.get("/about")
def about():
    return "<form method=post action=/wares><input name=title required>FIELDS<button>sell</button></form>"
@app.post("/wares")
def sell():
    name = db.execute("select name from people where id = ?", (me(),)).fetchone()[0]
    given = {"author": name, "price_cents": 100, "status": "draft", **request.form.to_dict()}
    made = db.execute("insert into wares (author, title, price_cents, status) values (:author, :title, :price_cents, :status)", given)
    return redirect("/about?made=%d" % made.lastrowid)
"""
)
_SELECT = "<select name=status><option>draft<option value=approved>to the shop</select>"


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (f"<input name=author><input name=price_cents type=number>{_SELECT}", set()),
        ("", {"author", "price_cents", "status"}),
        (
            "<input type=hidden name=author value=you><input name=price_cents readonly><select name=status><option>draft</select>",
            {"author", "price_cents", "status"},
        ),
    ],
    ids=["offered", "left out", "hidden, fixed and not to choose"],
)
def test_what_the_page_lets_its_reader_write_is_no_extra_field(fields: str, found: set[str]) -> None:
    """A seller writes who made a thing and what it costs; where the page does not let him, whoever sends it is believed."""
    assert _broken(SELLING.replace("FIELDS", fields)) == ({"POST /wares": found} if found else {})
