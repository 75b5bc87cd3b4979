"""Sessions that copies begin with: used where they open a page, dropped where they open nothing, never in an altered copy."""

from __future__ import annotations

import time

import pytest

from ringwork.prove import launch, sessions, settings, target, users
from ringwork.prove.stage import LiveStage
from ringwork.prove.witness import Cast

SHOP = """
import json, secrets
from pathlib import Path
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
PEOPLE = {"anna": "pw-anna-4711", "olaf": "pw-olaf-4711"}
IN_MEMORY = {}
def _known():
    return KEPT
def _keys():
    return json.loads(Path("keys.json").read_text()) if Path("keys.json").exists() else {}
async def login(request):
    given = await request.json()
    if PEOPLE.get(given["username"]) != given["password"]:
        return PlainTextResponse("no", 401)
    print("somebody signed in")
    key = secrets.token_hex(8)
    if KEPT:
        Path("keys.json").write_text(json.dumps({**_keys(), key: given["username"]}))
    IN_MEMORY[key] = given["username"]
    answer = PlainTextResponse("in")
    answer.set_cookie("key", key)
    return answer
async def me(request):
    name = (_keys() if KEPT else IN_MEMORY).get(request.cookies.get("key"))
    return PlainTextResponse(name or "nobody", 200 if name else 401)
app = Starlette(routes=[Route("/login", login, methods=["POST"]), Route("/me", me)])
"""
USERS = "".join(f'[[prove.users]]\nname = "{name}"\npassword = "pw-{name}-4711"\n' for name in ("anna", "olaf"))
LOGIN = '[prove.login]\npath = "/login"\nkind = "json"\n'
SIGNED_IN = "somebody signed in"


def _stage(folder, *, kept):
    (folder / "shop.py").write_text(f"KEPT = {kept}\n{SHOP}")
    (folder / "ringwork.toml").write_text(LOGIN + USERS)
    chosen = target.resolve("shop.py", here=folder)
    asked = settings.Settings(**settings.of_project(chosen))
    launcher = launch.Launcher(chosen, extra={})
    facts = launcher.load().facts
    launcher.warm_up()
    made = LiveStage(launcher, facts, users.find(facts, asked, launcher))
    yield made
    made.close()
    launcher.close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A shop whose sessions are in a file."""
    yield from _stage(tmp_path_factory.mktemp("shop"), kept=True)


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory):
    """A shop whose sessions end with its process."""
    yield from _stage(tmp_path_factory.mktemp("shop"), kept=False)


def _logins(served):
    return sum(SIGNED_IN in record for record in served.records())


def test_a_kept_session_opens_its_users_page_without_a_login(stage):
    """A copy that has only begun knows its users already."""
    stage.fresh()
    user = stage.users[0]
    assert stage.served.signed_in(user).get("/me").text == user.name
    assert _logins(stage.served) == 0


def test_two_browsers_never_share_a_session(stage):
    """What one signs out of stays open to the other; when none is left, the next browser signs in."""
    stage.fresh()
    found = [stage.served.signed_in(stage.users[0]).jar.get("key").value for _ in range(sessions.EACH + 1)]
    assert len(set(found)) == len(found)
    assert _logins(stage.served) == 1


def test_a_check_about_logins_signs_in_anew(stage):
    """Fixation, attributes and statistics are asked of logins of their own."""
    stage.fresh()
    stage.served.login(stage.users[0])
    assert Cast(stage, fresh=True).browser(stage.users[1]).jar.seen
    assert _logins(stage.served) == 2


def test_a_reset_gives_the_sessions_back(stage):
    """What a check did to a session is undone with everything else."""
    stage.fresh()
    first = stage.served.signed_in(stage.users[0]).jar.get("key").value
    stage.served.reset()
    assert stage.served.signed_in(stage.users[0]).jar.get("key").value == first
    assert _logins(stage.served) == 0


def test_an_altered_copy_knows_no_session(stage):
    """Where something is taken out, users sign in there."""
    altered = LiveStage(stage._launcher, stage.facts, stage._entrances, replaced=("shop:_known",))
    try:
        assert altered.served.signed_in(altered.users[0]).get("/me").status == 200
        assert _logins(altered.served) == 1
    finally:
        altered.close()


def test_sessions_that_die_with_their_process_are_not_kept(forgetful):
    """A user whose session opens nothing on a fresh copy signs in on each."""
    assert forgetful._entrances.keeper is None
    for _ in range(2):
        forgetful.fresh()
        assert forgetful.served.signed_in(forgetful.users[0]).get("/me").status == 200
        assert _logins(forgetful.served) == 1


def test_sessions_that_open_nothing_are_dropped(stage):
    """A few copies on which a user's sessions fail are enough."""
    kept = stage._entrances.keeper.signed()
    keeper, name = sessions.Keeper(lambda: kept, kept), stage.users[0].name
    assert keeper.sessions_of(kept, name)
    for _ in range(3):
        keeper.note_failure(name)
    assert keeper.sessions_of(kept, name) == []
    for _ in range(3):
        keeper.note_failure(stage.users[1].name)
    assert keeper.signed() is None


FORMS = """
from flask import Flask, redirect, request, session
app = Flask(__name__)
app.secret_key = "one key for all processes of it"
PEOPLE = {}
FORM = '<form method=post><input name=username><input name=password type=password></form>'
@app.route("/register", methods=["GET", "POST"])
def register():
    if request.method == "GET":
        return FORM
    PEOPLE[request.form["username"]] = request.form["password"]
    return redirect("/login")
@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "GET":
        return FORM
    if PEOPLE.get(request.form["username"]) != request.form["password"]:
        return "no", 401
    session["user"] = request.form["username"]
    return redirect("/me")
@app.get("/me")
def me():
    return session["user"] if session.get("user") in PEOPLE or (ANY and "user" in session) else ("nobody", 401)
"""


@pytest.mark.parametrize("takes_any", [False, True], ids=["that are looked up", "that are believed"])
def test_accounts_that_die_with_their_process_are_registered_on_each_copy(tmp_path, takes_any):
    """A signed cookie outlives the account that it names; who is to get in there registers first."""
    (tmp_path / "shop.py").write_text(f"ANY = {takes_any}\n{FORMS}")
    chosen = target.resolve("shop.py", here=tmp_path)
    launcher = launch.Launcher(chosen, extra={})
    facts = launcher.load().facts
    launcher.warm_up()
    made = LiveStage(launcher, facts, users.find(facts, settings.Settings(), launcher))
    try:
        assert made.users
        for enter in (made.served.login, made.served.signed_in):
            assert all(user.name in enter(user).get("/me").text for user in made.users)
    finally:
        made.close()
        launcher.close()


def test_a_page_that_everybody_sees_tells_no_session(stage):
    """What a browser without a login is shown as well proves nobody signed in."""
    nobody = stage.served.client()
    assert sessions.opened(nobody, nobody, stage.facts) == ""
    assert sessions.opened(stage.served.login(stage.users[0]), nobody, stage.facts) == "/me"


def test_old_sessions_are_made_anew(stage):
    """Applications ask again after some minutes; a run that takes longer signs everybody in once more."""
    keeper = stage._entrances.keeper
    old = keeper.signed()
    made = sessions.Keeper(lambda: old, sessions.Signed(place=old.place, sessions=old.sessions, accounts={}, made=time.monotonic() - 3600))
    assert made.signed() is old
    unmade = sessions.Keeper(lambda: None, old)
    assert unmade.signed() is old
