"""Copies begin with what their own users' passwords hash to; a wrong one, and whatever is timed, costs what it costs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringwork.prove import launch, settings, target, users
from ringwork.prove.data import constant_time_comparison
from ringwork.prove.stage import LiveStage

SHOP = """
import hashlib, os
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
SALT = os.urandom(16)
def hashed(password):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), SALT, 1000)
PEOPLE = {name: hashed(f"pw-{name}-4711") for name in ("anna", "olaf")}
KEYS = {}
async def login(request):
    given = await request.json()
    if PEOPLE.get(given["username"]) != hashed(given["password"]):
        return PlainTextResponse("no", 401)
    key = os.urandom(8).hex()
    KEYS[key] = given["username"]
    answer = PlainTextResponse("in")
    answer.set_cookie("key", key)
    return answer
async def me(request):
    name = KEYS.get(request.cookies.get("key"))
    return PlainTextResponse(name or "nobody", 200 if name else 401)
app = Starlette(routes=[Route("/login", login, methods=["POST"]), Route("/me", me)])
"""
OWN, WRONG = "pw-anna-4711", "pw-anna-4712"
SETTINGS = '[prove.login]\npath = "/login"\nkind = "json"\n' + "".join(
    f'[[prove.users]]\nname = "{name}"\npassword = "pw-{name}-4711"\n' for name in ("anna", "olaf")
)


@pytest.fixture(scope="module", params=["at import", "at the first login"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStage]:
    """A shop whose users' hashes are known since it was imported, or since somebody was first seen to sign in."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.py").write_text(SHOP)
    (folder / "ringwork.toml").write_text(SETTINGS)
    chosen = target.resolve("shop.py", here=folder)
    asked = settings.Settings(**settings.of_project(chosen))
    launcher = launch.Launcher(chosen, extra={})
    facts = launcher.begin().facts
    known = [user.password for user in asked.users] if request.param == "at import" else []
    assert launcher.settle(known).remembered == len(known)
    launcher.warm_up()
    made = LiveStage(launcher, facts, users.find(facts, asked, launcher))
    loaded = launcher.first.loaded
    assert loaded is not None
    assert loaded.remembered == 2
    yield made
    made.close()
    launcher.close()


def _worked_out(stage: LiveStage, password: str = OWN) -> bool:
    """Whether this copy hashed that password itself."""
    return bool(stage.served.running.ask(f'hashed ["{password}"]'))


def _post(stage: LiveStage, password: str) -> int:
    body = f'{{"username": "anna", "password": "{password}"}}'.encode()
    return stage.served.client().send("POST", "/login", headers=[("content-type", "application/json")], body=body).status


def test_a_users_own_password_is_not_hashed_again(stage: LiveStage) -> None:
    """And lets them in as before."""
    stage.fresh()
    assert stage.served.login(stage.users[0]).get("/me").status == 200
    assert not _worked_out(stage)


def test_a_wrong_password_is_hashed_and_refused(stage: LiveStage) -> None:
    """Against a memory that answers in the application's place."""
    stage.fresh()
    assert [_post(stage, WRONG), _post(stage, OWN)] == [401, 200]
    assert [_worked_out(stage, WRONG), _worked_out(stage)] == [True, False]


def test_nothing_is_remembered_where_time_is_measured(stage: LiveStage) -> None:
    """After `forget` both cost the same; the next copy remembers again."""
    stage.fresh()
    stage.served.forget()
    assert [_post(stage, WRONG), _post(stage, OWN)] == [401, 200]
    assert [_worked_out(stage, WRONG), _worked_out(stage)] == [True, True]
    stage.fresh()
    assert _post(stage, OWN) == 200
    assert not _worked_out(stage)


def test_the_proof_that_measures_time_forgets(stage: LiveStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is timed there is the application."""
    stage.fresh()
    monkeypatch.setattr(constant_time_comparison.credentials, "of_user", lambda cast: [])  # nothing that takes minutes
    constant_time_comparison.prefix_timing(stage)
    assert _post(stage, OWN) == 200
    assert _worked_out(stage)


def test_every_proof_that_measures_time_forgets() -> None:
    """A house rule: who imports the comparison of times says `forget` to its copies."""
    proofs = Path(constant_time_comparison.__file__).parent.parent
    timed = [file for file in sorted(proofs.glob("*/*.py")) if "timing" in _imported(ast.parse(file.read_text()))]
    assert timed
    for file in timed:
        called = {
            node.func.attr
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert "forget" in called, file.name


def _imported(module: ast.Module) -> set[str]:
    return {
        alias.name
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and node.module == "ringwork.prove"
        for alias in node.names
    }
