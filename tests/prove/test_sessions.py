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
    return launcher, LiveStage(launcher, facts, users.find(facts, asked, launcher))


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A shop whose sessions are in a file."""
    launcher, made = _stage(tmp_path_factory.mktemp("shop"), kept=True)
    yield made
    made.close()
    launcher.close()


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory):
    """A shop whose sessions end with its process."""
    launcher, made = _stage(tmp_path_factory.mktemp("shop"), kept=False)
    yield made
    made.close()
    launcher.close()


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


def test_sessions_that_die_with_their_process_are_not_believed(forgetful):
    """A user whose session opens nothing signs in, and after a few such copies at once."""
    for _ in range(3):
        forgetful.fresh()
        assert forgetful.served.signed_in(forgetful.users[0]).get("/me").status == 200
        assert _logins(forgetful.served) == 1
    keeper = forgetful._entrances.keeper
    assert keeper.signed() is None or not keeper.sessions_of(keeper.signed(), forgetful.users[0].name)


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
