"""The proof of access.function-level-authorization: roles in the clinics, and administration in applications without any rule."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove.access import function_level_authorization as proof
from ringwork.prove.access.function_level_authorization import CHANGES, READS, role_matrix
from ringwork.prove.check import Check
from ringwork.prove.evidence import Observation, Outcome
from ringwork.survey.wire.client import Answer
from tests.prove import clinics, showing, unguarded
from tests.prove.test_objects import HEAD

CHECKS = clinics.checks_of("access.function-level-authorization")

USERS = """
@app.get("/admin/users")
def users(user=Depends(RULE)):
    return [{"username": u["username"], "email": u["email"]} for u in people.values()]
@app.delete("/admin/users/{username}")
def end(username: str, user=Depends(RULE)):
    people.pop(username, None)
"""
STAFF = """
def staff(user=Depends(me)):
    if user["username"] != "root":
        raise HTTPException(403)
@app.get("/admin/report")
def report(user=Depends(staff)):
    return {"people": len(people)}
"""


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """Whoever has the role is shown the page, and everybody else is refused."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """A planted route that is only left out of the menu is found, and no other."""
    assert showing.places(showing.falls(framework, check)) == {"GET /ringwork-probe/admin"}


def _seen(text: str) -> dict[tuple[str, str], Observation]:
    with unguarded.serving(text) as stage:
        return {(o.where, o.attack): o for o in role_matrix(stage).observations}


def test_finds_administration_that_every_user_reaches() -> None:
    """Accounts of others, and an account that is gone afterwards, where another such route refuses."""
    seen = _seen(HEAD + STAFF + USERS.replace("RULE", "me"))
    assert {key for key, o in seen.items() if o.outcome is Outcome.BROKEN} == {
        ("GET /admin/users", READS),
        ("DELETE /admin/users/{username}", CHANGES),
    }
    assert "lists the accounts of others" in seen["GET /admin/users", READS].detail
    assert "GET /admin/report refuses him" in seen["DELETE /admin/users/{username}", CHANGES].detail


def test_leaves_administration_that_asks_for_the_role() -> None:
    """The safe twin: refused, and said to prove nothing where nobody with the role is known."""
    seen = _seen(HEAD + STAFF + USERS.replace("RULE", "staff"))
    assert {o.outcome for o in seen.values()} == {Outcome.UNTRIED}
    assert "nobody who may enter is known" in seen["GET /admin/users", READS].detail


PRICES = """
goods = {7: {"id": 7, "price": 5}}
@app.put("/admin/goods/{pid}/price")
async def price(pid: int, request: Request, user=Depends(RULE)):
    goods[pid] = {"id": pid, "price": (await request.json())["price"]} if pid in goods else raised(404)
    return {}
"""


def _shop(rule: str, kept: int) -> str:
    """Prices under an administration whose report is for root alone, who can sign in; goods that begin at a number."""
    text = (HEAD + STAFF + PRICES).replace("RULE", rule).replace("7", str(kept))
    return text + "def raised(status):\n    raise HTTPException(status)\n"


@pytest.mark.parametrize(("rule", "outcome"), [("me", Outcome.BROKEN), ("staff", Outcome.UNTRIED)])
def test_asks_about_what_is_there_where_a_path_names_no_account(rule: str, outcome: Outcome) -> None:
    """The number of an account names no goods: whoever asks for that one is answered 404, and nothing was tried."""
    seen = _seen(_shop(rule, 1))
    assert seen["PUT /admin/goods/{pid}/price", CHANGES].outcome is outcome, seen


def test_a_route_that_was_not_seen_to_refuse_leaves_nothing_proven() -> None:
    """Of two one refuses, and the other could not be asked about anything that is there: the pass of one is none of both."""
    held, untried = (
        proof.saw(one, READS, where, "seen", read=1) for one, where in ((Outcome.HELD, "GET /admin/a"), (Outcome.UNTRIED, "GET /admin/b"))
    )
    routes = [SimpleNamespace(name=name) for name in ("GET /admin/a", "GET /admin/b")]
    told: Any = proof._left_open
    assert told([held, untried], routes).startswith(
        "1 of 2 routes that say that they are for other roles were not seen to refuse anybody: GET /admin/b"
    )
    assert told([held], routes).endswith("GET /admin/b (it was not asked for)")
    assert (told([held], routes[:1]), told([untried], routes[1:])) == ("", "")


def test_leaves_a_page_that_refuses_in_words_and_one_that_everybody_sees() -> None:
    """A refusal that is answered 200, a way in without any login, and a page of one's own: none of them is a hole."""
    pages = '@app.get("/admin/words")\ndef words(user=Depends(me)):\n    return {"error": "permission denied"}\n'
    pages += '@app.get("/admin/about")\ndef open_():\n    return {"version": 1}\n'
    pages += '@app.get("/manage/profile")\ndef profile(user=Depends(me)):\n    return {"username": user["username"]}\n'
    seen = _seen(HEAD + pages)
    assert {where: o.outcome for (where, _), o in seen.items()} == {
        "GET /admin/words": Outcome.UNTRIED,
        "GET /admin/about": Outcome.UNCLEAR,
        "GET /manage/profile": Outcome.UNTRIED,
    }
    assert "without a login" in seen["GET /admin/about", READS].detail


@pytest.mark.parametrize(("names", "told"), [(("Ada", "ben", "root"), True), (("ada", "carol"), False), (("ada",), False)])
def test_a_field_that_names_both_users_lists_accounts(names: tuple[str, ...], told: bool) -> None:
    """Rows of anything have names; rows in which both users stand are people."""
    body = json.dumps([{"id": at, "name": name} for at, name in enumerate(names)]).encode()
    answer = Answer(status=200, reason="", http_version="1.1", headers=[], body=body, request=b"", answer=b"")
    low: Any = SimpleNamespace(name="ada")
    other: Any = SimpleNamespace(name="ben")
    assert proof._accounts(answer, low, other) is told


def test_a_limit_and_a_refusal_in_another_part_accuse_nobody() -> None:
    """Too many requests, and a refusal under another roof, say nothing of whom a page is for."""
    pages = '@app.get("/admin/busy")\ndef busy(user=Depends(me)):\n    raise HTTPException(429)\n'
    pages += '@app.get("/admin/hints")\ndef hints(user=Depends(me)):\n    return {"hint": "water them"}\n'
    pages += '@app.get("/billing/admin/closed")\ndef closed(user=Depends(me)):\n    raise HTTPException(403)\n'
    pages += '@app.get("/manage/beds")\ndef beds(user=Depends(me)):\n    return {"beds": 3}\n'
    assert {where: o.outcome for (where, _), o in _seen(HEAD + pages).items()} == {
        "GET /admin/busy": Outcome.UNTRIED,
        "GET /admin/hints": Outcome.UNCLEAR,
        "GET /billing/admin/closed": Outcome.UNTRIED,
        "GET /manage/beds": Outcome.UNTRIED,
    }


def test_finds_the_page_of_the_staff_that_forgot_to_ask() -> None:
    """Beside one that refuses, whatever the room is called; a page of one colleague, the door itself and a public list are no such page."""
    pages = '@app.get("/ROOM/rota")\ndef rota(user=Depends(staff)):\n    return {"monday": "root"}\n'
    pages += '@app.get("/ROOM/takings")\ndef takings(user=Depends(me)):\n    return {"total": 40}\n'
    pages += '@app.get("/ROOM")\ndef door(user=Depends(me)):\n    return {"names": ["root"]}\n'
    pages += '@app.get("/ROOM/opening-hours")\ndef hours():\n    return {"from": 9}\n'
    pages += '@app.get("/ROOM/{name}")\ndef colleague(name: str, user=Depends(me)):\n    return {"name": name}\n'
    for room in ("staff", "internal"):
        seen = _seen(HEAD + STAFF.partition("@app")[0] + pages.replace("ROOM", room))
        assert {where for (where, _), o in seen.items() if o.outcome is Outcome.BROKEN} == {f"GET /{room}/takings"}
        assert f"GET /{room}/rota refuses him" in seen[f"GET /{room}/takings", READS].detail


def test_leaves_a_restaurant_that_shows_its_staff() -> None:
    """Nobody is refused: a word that may mean something else says nothing by itself."""
    pages = '@app.get("/staff")\ndef everybody():\n    return [{"name": "Ann"}]\n'
    pages += '@app.get("/articles/management")\ndef article():\n    return "<p>how to manage"\n'
    pages += '@app.get("/staff/menu")\ndef menu(user=Depends(me)):\n    return [{"dish": "soup"}]\n'
    assert {o.outcome for o in _seen(HEAD + pages).values()} == {Outcome.UNTRIED}


def test_has_nothing_to_say_where_nothing_administers() -> None:
    """No rule and no such path: not applicable, which is no pass."""
    with unguarded.serving(unguarded.PLAIN) as stage:
        assert role_matrix(stage).not_applicable


def test_rules_that_nobody_can_be_asked_by_are_not_verified() -> None:
    """Where rules name roles they apply; without somebody who has one nothing is known of them."""
    with unguarded.serving(unguarded.GUARDED_FOR_STAFF) as stage:
        evidence = role_matrix(stage)
    assert (evidence.not_applicable, "rules name roles" in evidence.not_verified) == ("", True)
