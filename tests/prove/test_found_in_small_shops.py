"""Holes as hurried shops have them, met on applications of our own: what is found now and was not, and what is accused no more."""

from __future__ import annotations

import pytest

from ringwork.prove import changes, composing, judge, makers, safe_asking, things, views
from ringwork.prove.access import mass_assignment
from ringwork.prove.access.object_level_authorization import two_user_matrix
from ringwork.prove.attacking import MAKERS, Seen
from ringwork.prove.browser import cors, csrf
from ringwork.prove.check import Noticed
from ringwork.prove.evidence import Evidence, Outcome, Verdict
from ringwork.prove.views import View
from ringwork.prove.witness import Cast
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer
from tests.prove import unguarded
from tests.prove.test_objects import HEAD

SHOP = """
import sqlite3
from flask import Flask, Blueprint, abort, jsonify, redirect, request, session
app = Flask(__name__)
app.secret_key = "x" * 40
db = sqlite3.connect("data.sqlite", check_same_thread=False, isolation_level=None)
db.execute("create table if not exists people (id integer primary key, name text, word text, greeting text, visits int default 0)")
db.execute("create table if not exists orders (id integer primary key, owner int, place text, sent int default 0)")
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
        given = request.form["username"], request.form["password"]
        row = db.execute("select id from people where name = ? and word = ?", given).fetchone()
        if row is None:
            return FORM, 401
        session["id"] = row[0]
        db.execute("update people set visits = visits + 1 where id = ?", row)
        return redirect("/orders")
    return FORM
def me():
    if "id" not in session:
        abort(401)
    return session["id"]
@app.get("/orders")
def orders():
    rows = db.execute("select id, place from orders where owner = ?", (me(),)).fetchall()
    made = "<form method=post action=/order/7><input name=place></form>"
    return made + "".join(f'<a href="/orders/{number}">{place}</a>' for number, place in rows)
@app.post("/order/<int:pid>")
def order(pid):
    made = db.execute("insert into orders (owner, place) values (?, ?)", (me(), request.form["place"]))
    return redirect(f"/orders/{made.lastrowid}")
@app.get("/orders/<int:oid>")
def one(oid):
    row = db.execute("select place from orders where id = ? and (owner = ? or OPEN)", (oid, me())).fetchone()
    return f"<h1>{row[0]}</h1>" if row else abort(404)
@app.post("/orders/<int:oid>/edit")
def edit(oid):
    db.execute("update orders set place = ? where id = ? and (owner = ? or OPEN)", (request.form["place"], oid, me()))
    return redirect("/orders")
@app.post("/orders/<int:oid>/send")
def send(oid):
    db.execute("update orders set sent = 1 where id = ? and (owner = ? or OPEN)", (oid, me()))
    return redirect("/orders")
@app.post("/orders/<int:oid>/delete")
def delete(oid):
    db.execute("delete from orders where id = ? and owner = ?", (oid, me()))
    return redirect("/orders")
@app.get("/orders/<int:oid>/remove")
def remove(oid):
    if BY_GET:
        db.execute("delete from orders where id = ? and owner = ?", (oid, me()))
    return redirect("/orders")
@app.route("/profile", methods=["GET", "POST"])
def profile():
    if request.method == "POST":
        db.execute("update people set greeting = ? where id = ?", (request.form["greeting"], me()))
        return redirect("/profile")
    said = db.execute("select greeting from people where id = ?", (me(),)).fetchone()[0]
    return f'<form method=post><textarea name=greeting>{said or ""}</textarea></form><a href="/people/{me()}">as others see it</a>'
@app.get("/people/<int:uid>")
def person(uid):
    me()
    row = db.execute("select name, greeting from people where id = ?", (uid,)).fetchone()
    return f"<h1>{row[0]}</h1><p>{row[1]}</p>" if row else abort(404)
api = Blueprint("api", __name__, url_prefix="/api")
@api.after_request
def share(answer):
    if SHARES:
        answer.headers["access-control-allow-origin"] = request.headers.get("origin", "*")
        answer.headers["access-control-allow-credentials"] = "true"
        answer.headers["vary"] = "origin"
    return answer
@api.get("/me")
def about():
    return jsonify(id=me())
app.register_blueprint(api)
"""


FLASK_HEAD = (
    SHOP.partition('@app.get("/orders")')[0]
    .replace('redirect("/orders")', 'redirect("/about")')
    .replace("update people set visits = visits + 1 where id = ?", "insert into logins (who) values (?)")
    + 'db.execute("create table if not exists logins (id integer primary key, who int)")\n'
    + 'db.execute("create table if not exists totals (asked int)")\ndb.execute("insert into totals values (0)")\n'
)
"""Its people alone, each login of theirs noted."""


def shop(*, is_open: bool = False, by_get: bool = False, shares: bool = False) -> str:
    return SHOP.replace("OPEN", str(int(is_open))).replace("BY_GET", str(by_get)).replace("SHARES", str(shares))


def broken(evidence: Evidence) -> set[tuple[str, str]]:
    return {(o.where, o.attack) for o in evidence.observations if o.outcome is Outcome.BROKEN}


READS, CHANGES = "another user reads it", "another user changes it"


def test_orders_of_something_are_made_and_asked_for_by_another() -> None:
    """What is made below another thing's id is an object too; and a removal that does nothing for others asks for the owner."""
    with unguarded.serving(shop(is_open=True)) as stage:
        found = broken(two_user_matrix(stage))
    assert found == {("GET /orders/{oid}", READS), ("POST /orders/{oid}/edit", CHANGES), ("POST /orders/{oid}/send", CHANGES)}


def test_an_effect_that_no_page_shows_is_told_from_the_store() -> None:
    """That an order is sent stands in its row alone."""
    with unguarded.serving(shop(is_open=True)) as stage:
        told = [o.detail for o in two_user_matrix(stage).observations if o.where == "POST /orders/{oid}/send"]
    assert told[0].startswith("ben changed it (sqlite:data.sqlite/orders sent became 1): answered 302")


def test_only_values_of_the_same_rows_tell_of_an_effect() -> None:
    """A record of the request beside the thing, and what changes by being looked at, are none."""
    kept = View(rows=(("sqlite:a.db/orders sent", 0),))
    sent, beside = View(rows=(("sqlite:a.db/orders sent", 1),)), View(rows=(*kept.rows, ("sqlite:a.db/orders seen_by", "ben")))
    assert views.effect(kept, kept, sent) == (True, "sqlite:a.db/orders sent became 1")
    assert views.effect(kept, kept, beside) == views.effect(kept, sent, sent) == views.effect(kept, kept, kept) == (False, "")
    assert (things.is_record("sqlite:blog.db/posts"), things.is_record("sqlite:site.db/audit_log")) == (False, True)


PATCHED = (
    HEAD
    + """
@app.patch("/me")
async def change(request: Request, user=Depends(me)):
    user.update(await request.json())
    return {}
"""
)


def test_what_takes_any_field_is_asked_with_those_that_it_shows() -> None:
    """Nobody named the fields of this body: the object that is read there tells which it has."""
    with unguarded.serving(
        PATCHED.replace('"id": next(ids), **a', '"id": next(ids), "role": "user", **a').replace(
            '"email": user["email"]}', '"email": user["email"], "role": user["role"]}'
        )
    ) as stage:
        assert ("PATCH /me", "a field that the application sets itself is sent along") in broken(mass_assignment.extra_field(stage))


def test_a_page_that_shows_users_to_each_other_is_no_hole() -> None:
    """The safe twin: scoped orders, and a greeting that others read on a page made for them."""
    with unguarded.serving(shop()) as stage:
        evidence = two_user_matrix(stage)
    assert not broken(evidence)
    held = {(o.where, o.attack) for o in evidence.observations if o.outcome is Outcome.HELD}
    assert ("GET /orders/{oid}", READS) in held


@pytest.mark.parametrize("by_get", [True, False])
def test_a_get_that_removes_is_seen_where_something_is_there_to_be_removed(by_get: bool) -> None:
    """An object is made before pages are asked for, or nothing could be missing afterwards."""
    with unguarded.serving(shop(by_get=by_get)) as stage:
        found = broken(csrf.safe_methods(stage))
    assert {where for where, _ in found} == ({"GET /orders/{oid}/remove"} if by_get else set())


LINKLESS = (
    FLASK_HEAD
    + """
db.execute("create table if not exists bills (id integer primary key, owner int, place text, paid int default 0)")
db.execute("create table if not exists hearts (owner int, shop int)")
db.execute("create table if not exists shops (id int)")
db.execute("insert into shops values (1)")
@app.get("/about")
def about():
    return "about"
@app.get("/bills")
def bills():
    return jsonify([{"id": number, "place": place} for number, place in db.execute("select id, place from bills where owner = ?", (me(),))])
@app.post("/bills")
def bill():
    made = db.execute("insert into bills (owner, place) values (?, ?)", (me(), request.json["place"]))
    return jsonify(id=made.lastrowid), 201
@app.get("/bills/<int:bid>/settled")
def settled(bid):
    if BY_GET:
        db.execute("update bills set paid = 1 where id = ? and owner = ?", (bid, me()))
    found = db.execute("select place from bills where id = ? and owner = ?", (bid, me())).fetchone()
    return found[0] if found else abort(404)
@app.get("/shops/<int:sid>/heart")
def heart(sid):
    if not db.execute("select 1 from shops where id = ?", (sid,)).fetchone():
        abort(404)
    if BY_GET and not db.execute("select 1 from hearts where owner = ? and shop = ?", (me(), sid)).fetchone():
        db.execute("insert into hearts values (?, ?)", (me(), sid))
    return "liked"
"""
)


@pytest.mark.parametrize("by_get", [True, False])
def test_a_get_that_no_page_links_is_asked_about_an_own_object_and_a_look_round_counts(by_get: bool) -> None:
    """Only the JSON of an object tells its number; and what is done once is done by looking round, before anybody attacks."""
    with unguarded.serving(LINKLESS.replace("BY_GET", str(by_get))) as stage:
        evidence = csrf.safe_methods(stage)
    holes = {("GET /bills/{bid}/settled", safe_asking.ATTACK), ("GET /shops/{sid}/heart", safe_asking.ATTACK)}
    assert broken(evidence) == (holes if by_get else set())
    assert judge.first_verdict(evidence) is (Verdict.VIOLATED if by_get else Verdict.PROVEN), evidence


def test_a_get_that_lets_in_nobody_is_no_safe_one() -> None:
    """Its object could not be made: that nothing changed says nothing of it, and it is named."""
    closed = LINKLESS.replace("BY_GET", "False") + '\n@app.get("/parcels/<uuid:pid>/release")\ndef release(pid):\n    abort(404)\n'
    with unguarded.serving(closed) as stage:
        evidence = csrf.safe_methods(stage)
    assert judge.first_verdict(evidence) is Verdict.NOT_VERIFIED
    assert "not known: GET /parcels/{pid}/release" in evidence.not_verified


def test_a_row_that_is_made_by_the_first_visit_is_a_question() -> None:
    """A profile that is made when it is first looked at does no harm; a subscription that is taken so would, and looks the same."""
    made = LINKLESS.replace("BY_GET", "False") + (
        '\n@app.get("/hello")\ndef hello():\n    if not db.execute("select 1 from hearts where owner = ?", (me(),)).fetchone():'
        '\n        db.execute("insert into hearts values (?, 0)", (me(),))\n    return "hello"\n'
    )
    with unguarded.serving(made) as stage:
        evidence = csrf.safe_methods(stage)
    assert [(o.where, o.outcome) for o in evidence.observations] == [("GET /hello", Outcome.UNCLEAR)]


def test_what_a_login_changes_is_no_deed_of_the_first_page() -> None:
    """Each login is counted in the store, and pages are asked for after it; one that does change something is still told alone."""
    counted = (
        FLASK_HEAD
        + """
@app.get("/about")
@app.get("/press")
@app.get("/jobs")
@app.get("/help")
def about():
    return "about"
@app.get("/count")
def count():
    db.execute("update totals set asked = asked + 1")
    return "counted"
"""
    )
    with unguarded.serving(counted) as stage:
        assert broken(csrf.safe_methods(stage)) == {("GET /count", "change by a safe method")}


CODED = (
    FLASK_HEAD
    + """
db.execute("create table if not exists parcels (id integer primary key, owner int, place text, code text)")
@app.get("/about")
def about():
    return "<form method=post action=/parcels/new><textarea name=place>\\n</textarea><input name=code maxlength=6></form>"
@app.post("/parcels/new")
def new():
    place, code = request.form["place"], request.form["code"]
    if not place.strip() or len(code) > 6:
        return "too long or empty", 422
    return redirect(f"/parcels/{db.execute('insert into parcels (owner, place, code) values (?, ?, ?)', (me(), place, code)).lastrowid}")
@app.get("/parcels/<int:pid>")
def parcel(pid):
    row = db.execute("select place from parcels where id = ? and (owner = ? or OPEN)", (pid, me())).fetchone()
    return row[0] if row else abort(404)
"""
)


@pytest.mark.parametrize("is_open", [True, False])
def test_a_field_that_takes_few_characters_is_given_no_more(is_open: bool) -> None:
    """Against a form that is refused for the length of a fresh word, so that nothing was tried of what it makes."""
    with unguarded.serving(CODED.replace("OPEN", str(int(is_open)))) as stage:
        read, forged = two_user_matrix(stage), csrf.token_matrix(stage)
    assert broken(read) == ({("GET /parcels/{pid}", READS)} if is_open else set())
    assert any(o.outcome is Outcome.HELD for o in read.observations) is not is_open
    assert ("POST /parcels/new", "form post from another site") in broken(forged)


WIKI = (
    FLASK_HEAD
    + """
db.execute("create table if not exists sheets (id integer primary key, owner int, body text)")
@app.get("/about")
def about():
    return "about"
@app.get("/sheets")
def sheets():
    me()
    rows = db.execute("select id, body from sheets").fetchall()
    links = "".join(f'<a href="/sheets/{number}/edit">{body}</a>' for number, body in rows) if LINKED else "".join(b for _, b in rows)
    return links + "<form method=post action=/sheets/new><textarea name=body></textarea></form>"
@app.post("/sheets/new")
def new():
    db.execute("insert into sheets (owner, body) values (?, ?)", (me(), request.form["body"]))
    return redirect("/sheets")
@app.route("/sheets/<int:sid>/edit", methods=["GET", "POST"])
def edit(sid):
    me()
    if request.method == "POST":
        db.execute("update sheets set body = ? where id = ?", (request.form["body"], sid))
        return redirect("/sheets")
    row = db.execute("select body from sheets where id = ?", (sid,)).fetchone()
    return f"<form method=post><textarea name=body>{row[0]}</textarea></form>" if row else abort(404)
"""
)


@pytest.mark.parametrize("is_linked", [True, False])
def test_what_is_offered_to_everybody_may_be_meant(is_linked: bool) -> None:
    """A wiki links the edit of each sheet for all; where nobody else is shown the way, a column that names the owner tells."""
    with unguarded.serving(WIKI.replace("LINKED", str(is_linked))) as stage:
        evidence = two_user_matrix(stage)
    told = {o.outcome for o in evidence.observations if (o.where, o.attack) == ("GET,POST /sheets/{sid}/edit", CHANGES)}
    assert told == {Outcome.UNCLEAR if is_linked else Outcome.BROKEN}


@pytest.mark.parametrize("shares", [True, False])
def test_a_part_of_an_application_that_shares_is_asked_as_well(shares: bool) -> None:
    """Five pages before it share nothing: those of one part do not stand for another's."""
    with unguarded.serving(shop(shares=shares)) as stage:
        found = broken(cors.origin_matrix(stage))
    assert {where for where, _ in found} == ({"GET /api/me"} if shares else set())


def test_a_change_of_what_a_login_changes_too_is_a_change() -> None:
    """The greeting stands in the table in which visits are counted at each login, and counts where nobody signs in meanwhile."""
    with unguarded.serving(shop()) as stage:
        found = changes.find(Cast(stage), most=6, attack="form without a token", forms_only=True)
    effects = {change.route.name: change.effect for change in found.changes}
    assert effects["GET,POST /profile"] == {"sqlite:data.sqlite/people"}


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/order/{pid}", True), ("/posts/{post_id}/comments", True), ("/cart/add/{sku}", True), ("/orders", True),
        ("/orders/{oid}/cancel", False), ("/orders/{order_id}", False), ("/orders/{oid}/edit", False), ("/users/{uid}/role", False),
    ],
)  # fmt: skip
def test_knows_what_makes_something_below_another_thing(path: str, is_one: bool) -> None:
    """By the last word of the path and the name of the parameter; what changes the thing itself makes none."""
    assert makers.makes(RouteFacts(kind="http", path=path, methods=("POST",), handler="shop.it")) is is_one


def test_a_number_that_is_a_text_takes_a_fresh_word_where_nothing_else_does() -> None:
    """An invoice with a number and an amount could not be told from another."""
    fields, marks = composing._filled({"number": "probe number", "amount": 1}, {"number"}, {})
    assert marks == {fields["number"]: "number"}
    fields, marks = composing._filled({"number": "probe number", "title": "probe title"}, {"number", "title"}, {})
    assert (fields["number"], marks) == ("probe number", {fields["title"]: "title"})


MARK = "rwmark0000"


def judged(kind: str, *noticed: tuple[str, str], text: str = "") -> set[str]:
    answer = Answer(status=200, reason="", http_version="1.1", headers=[], body=text.encode(), request=b"", answer=b"")
    seen = Seen(answer=answer, noticed=[Noticed(event=event, texts=(one,)) for event, one in noticed], records=(), secret="rwsecret")
    return {said for attack in MAKERS[kind](MARK, "/copy/x.txt") if (said := attack.judge(seen))}


def test_shows_what_a_statement_became() -> None:
    """A reviewer reads the statement that was run, on one line, cut round the text that came from outside."""
    statement = f"SELECT id,\n  name FROM product ORDER BY 1 /*{MARK}*/"
    assert judged("sql", ("sql", statement)) == {
        f"its text became part of the statement that was run: SELECT id, name FROM product ORDER BY 1 /*{MARK}*/"
    }
    said = judged("sql", ("sql", f"SELECT {'column, ' * 90} x FROM o WHERE n = 0 /*{MARK}*/ AND {'y = 1 AND ' * 90}"))
    assert all(len(one) < 460 and " ... " in one and one.endswith(" ...") for one in said)


def test_sends_what_stands_as_an_order_and_what_stands_in_the_middle_of_a_command() -> None:
    """A column's number is an order that runs; a word of its own is one whatever the command goes on with."""
    assert f"1 /*{MARK}*/" in {attack.value for attack in MAKERS["sql"](MARK, "")}
    value = next(attack.value for attack in MAKERS["command"](MARK, ""))
    assert judged("command", ("os.system", f"touch /tmp/export-{value}.csv"))
    assert not judged("command", ("os.system", f"touch /tmp/export-a-{MARK}.csv"))


def test_knows_a_template_that_works_nothing_out() -> None:
    """Django's has no arithmetic: what a filter takes out shows that it was one."""
    value = next(attack.value for attack in MAKERS["template"](MARK, ""))
    number = value.partition('"ba')[2].partition("b")[0]
    answer = Answer(
        status=200, reason="", http_version="1.1", headers=[], body=f"<p>{MARK}a{number}c</p>".encode(), request=b"", answer=b""
    )
    assert not judged("template", text=f"<p>{value}</p>")
    assert f'{{{{ "ba{number}bcb"|cut:"b" }}}}' in value
    assert next(MAKERS["template"](MARK, "")).judge(Seen(answer=answer, noticed=(), records=(), secret="s")) == ""


STRICT = """
from flask import Flask, abort, redirect, render_template_string, request, session
from flask_wtf import CSRFProtect
app = Flask(__name__)
app.secret_key = "x" * 40
CSRFProtect(app)
people = {}
FORM = "<form method=post><input type=hidden name=csrf_token value={{ csrf_token() }}>"
FORM += "<input name=username><input name=password type=password>"
@app.route("/register", methods=["GET", "POST"])
def register():
    if request.method == "POST":
        people[request.form["username"]] = request.form["password"]
        return redirect("/login")
    return render_template_string(FORM)
@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST" and people.get(request.form["username"]) == request.form["password"]:
        session["name"] = request.form["username"]
        return redirect("/mine")
    return render_template_string(FORM)
@app.get("/mine")
def mine():
    return session.get("name") or abort(401)
"""


def test_signs_in_where_a_form_has_to_come_from_a_page_of_the_site() -> None:
    """Flask-WTF asks for a Referer of the site over https; a browser sends it, and so does the prover."""
    with unguarded.serving(STRICT) as stage:
        assert len(stage.users) >= 2
        client = stage.served.login(stage.users[0])
        assert client.get("/mine").status == 200
        page = client.page("/login")
        token = page.text.partition("csrf_token value=")[2].partition(">")[0]
        foreign = client.cross_site("POST", "/login", content_type="application/x-www-form-urlencoded", body=f"csrf_token={token}".encode())
        assert foreign.status == 400
