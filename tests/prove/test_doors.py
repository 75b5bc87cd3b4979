"""Ways in beside a login: HTTP Basic, tokens for it, keys, and the accounts that a target brings along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove import coverage, doors, settings, users
from ringwork.prove.stage import LiveStage
from ringwork.prove.users import Entrances
from ringwork.survey.wire.entry import DeclaredUser
from tests.prove import copies_of

FASTAPI = """
import secrets
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPBasic, HTTPBasicCredentials
app = FastAPI()
def who(given: HTTPBasicCredentials = Depends(HTTPBasic())):
    if not (secrets.compare_digest(given.username, "olga") and secrets.compare_digest(given.password, "reads-all-day")):
        raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
    return given.username
@app.get("/shelf")
def shelf(name=Depends(who)):
    return name
"""
FLASK = """
import base64, functools
from flask import Flask, Response, request
app = Flask(__name__)
USERS = {"olga": "reads-all-day", "piet": "writes-at-night"}
def login_required(view):
    @functools.wraps(view)
    def inner(**given):
        found = request.authorization
        if not found or found.type != "basic" or USERS.get(found.username) != found.password:
            return Response("no", 401, {"WWW-Authenticate": 'Basic realm="shelf"'})
        return view(**given)
    return inner
@app.get("/shelf")
@login_required
def shelf():
    return "books"
"""
AIOHTTP = """
from aiohttp import BasicAuth, web
USERS = {"olga": {"password": "reads-all-day", "role": "reader"}, "root": {"password": "rules-all", "role": "admin"}}
@web.middleware
async def guard(request, handler):
    try:
        given = BasicAuth.decode(request.headers.get("Authorization", ""))
    except ValueError:
        given = BasicAuth("", "")
    if USERS.get(given.login, {}).get("password") != given.password:
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="shelf"'})
    return await handler(request)
async def shelf(request):
    return web.Response(text="books")
app = web.Application(middlewares=[guard])
app.router.add_get("/shelf", shelf)
"""
DJANGO = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")\n',
    "site1/__init__.py": "",
    "site1/settings.py": """
SECRET_KEY = "probe-" + "k" * 60
ROOT_URLCONF = "site1.urls"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
""",
    "site1/urls.py": """
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.response import Response
@api_view(["GET"])
def shelf(request):
    return Response(request.user.username)
urlpatterns = [path("shelf", shelf)]
""",
}
TARGETS: dict[str, tuple[dict[str, str], str]] = {
    "fastapi": ({"app.py": FASTAPI}, "app.py"), "flask": ({"app.py": FLASK}, "app.py"), "aiohttp": ({"app.py": AIOHTTP}, "app.py"),
    "django": (DJANGO, "."),
}  # fmt: skip


@contextmanager
def entered(folder: Path, files: dict[str, str], where: str) -> Iterator[tuple[Entrances, LiveStage]]:
    """Who gets into a project's copy, and a stage on it."""
    with copies_of.loaded(folder, files, where, anybody=True) as (launcher, loaded):
        found = users.find(loaded.facts, settings.Settings(), launcher)
        stage = LiveStage(launcher, loaded.facts, found)
        try:
            yield found, stage
        finally:
            stage.close()


@pytest.mark.parametrize("framework", TARGETS)
def test_users_get_in_by_http_basic(tmp_path: Path, framework: str) -> None:
    """Routes that ask for it are proven as those whom they let in, and a stranger stays outside."""
    with entered(tmp_path, *TARGETS[framework]) as (found, stage):
        assert found.users
        statuses = {cell.role: cell.status for cell in coverage.explore(stage).cells if cell.route == "GET /shelf"}
        assert statuses.pop(coverage.ANONYMOUS) == 401
        assert set(statuses.values()) == {200}


WITH_TOKENS = """
import secrets
from flask import Flask, Response, g, jsonify, redirect, request, session
app = Flask(__name__)
app.secret_key = "probe-" + "k" * 60
PEOPLE, TOKENS = {}, {}
@app.route("/register", methods=["GET", "POST"])
def register():
    if request.method == "POST":
        PEOPLE[request.form["username"]] = request.form["password"]
        return redirect("/login")
    return "<form method=post><input name=username><input type=password name=password></form>"
@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST" and PEOPLE.get(request.form["username"]) == request.form["password"]:
        session["user"] = request.form["username"]
        return redirect("/")
    return "<form method=post><input name=username><input type=password name=password></form>"
@app.get("/")
def home():
    return session["user"] if "user" in session else redirect("/login")
@app.post("/api/tokens")
def tokens():
    given = request.authorization
    if not given or PEOPLE.get(given.username) != given.password:
        return Response("", 401, {"WWW-Authenticate": "Basic"})
    token = secrets.token_hex(16)
    TOKENS[token] = given.username
    return jsonify(token=token)
@app.get("/api/me")
def me():
    name = TOKENS.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
    return jsonify(name=name) if name else Response("", 401, {"WWW-Authenticate": "Bearer"})
"""


def test_a_token_that_basic_buys_opens_the_api_beside_the_pages(tmp_path: Path) -> None:
    """The same two users are known by their sessions on pages, and by such a token where one is asked for, and nowhere else."""
    with entered(tmp_path, {"app.py": WITH_TOKENS}, "app.py") as (found, stage):
        assert [one.name for one in found.users] == ["anna", "ben"]
        client = stage.browser(found.users[0])
        assert client.get("/api/me").status == client.get("/").status == 200
        assert [name for name, _ in client.letters("/api/me")] == ["authorization"]
        assert client.letters("/") == []


WITH_KEYS = """
import sqlite3, os
from flask import Flask, abort, g, jsonify, request
app = Flask(__name__)
def rows(text, *given):
    with sqlite3.connect("keys.db") as kept:
        return kept.execute(text, given).fetchall()
@app.get("/jobs")
def jobs():
    known = rows("SELECT name FROM clients WHERE api_key = ?", request.headers.get("X-API-Key"))
    return jsonify(known[0][0]) if known else abort(401)
def init_db():
    rows("CREATE TABLE clients (name TEXT, api_key TEXT)")
    rows("INSERT INTO clients VALUES ('acme', 'acme-4711-key'), ('globex', 'globex-0815-key')")
"""


def test_keys_of_the_copys_own_store_open_what_asks_for_one(tmp_path: Path) -> None:
    """Each client of the table asks with a key of its own; what is imported beside others in one line is seen."""
    with entered(tmp_path, {"app.py": WITH_KEYS}, "app.py") as (found, stage):
        assert [one.name for one in found.users] == ["acme", "globex"]
        assert [stage.browser(user).get("/jobs").text.strip() for user in found.users] == ['"acme"', '"globex"']
        assert stage.browser(None).get("/jobs").status == 401


SEEDED = """
import os, sqlite3
from flask import Flask, redirect, request, session
from werkzeug.security import check_password_hash, generate_password_hash
app = Flask(__name__)
app.secret_key = "probe-" + "k" * 60
def rows(text, *given):
    with sqlite3.connect("site.db") as kept:
        return kept.execute(text, given).fetchall()
def init_db():
    rows("CREATE TABLE users (username TEXT, password_hash TEXT, is_admin INTEGER)")
    for name, password, power in [("vera", "tulips-4-ever", 0), ("wim", "windmills!", 0), ("boss", "keep-out-77", 1)]:
        rows("INSERT INTO users VALUES (?, ?, ?)", name, generate_password_hash(password), power)
    rows("INSERT INTO users VALUES ('xan', ?, 0)", generate_password_hash(os.urandom(9).hex()))
@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST":
        found = rows("SELECT password_hash FROM users WHERE username = ?", request.form["username"])
        if found and check_password_hash(found[0][0], request.form["password"]):
            session["user"] = request.form["username"]
            return redirect("/")
    return "<form method=post><input name=username><input type=password name=password></form>"
@app.get("/")
def home():
    return session["user"] if "user" in session else redirect("/login")
if __name__ == "__main__":
    init_db()
"""


def test_seeded_accounts_sign_in_with_the_passwords_that_stand_beside_them(tmp_path: Path) -> None:
    """Nobody can register here: two ordinary users and an administrator are there from the start; one whose password is nowhere is not."""
    with entered(tmp_path, {"app.py": SEEDED}, "app.py") as (found, stage):
        assert {one.name: one.roles for one in found.users} == {"vera": (), "wim": (), "boss": ("admin",)}
        assert [stage.browser(user).get("/").text for user in found.users] == ["vera", "wim", "boss"]


def test_nobody_is_let_in_where_the_login_takes_no_such_password(tmp_path: Path) -> None:
    """A name in a store is no user: only the application's own login makes one."""
    shut = SEEDED.replace("if found and check", "if found and False and check")
    with entered(tmp_path, {"app.py": shut}, "app.py") as (found, _):
        assert not found.users


class _Asked:
    """A client of a door that answers every value alike."""

    def __init__(self, status: int) -> None:
        self.status, self.jar = status, SimpleNamespace(cookies=())
        self.carried: tuple[Any, ...] = ()

    def stranger(self) -> _Asked:
        return _Asked(self.status)

    def take_login(self, other: _Asked) -> None:
        """Nobody has one here."""

    def get(self, path: str) -> SimpleNamespace:
        return SimpleNamespace(status=self.status)

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("status", "is_open"),
    [
        (200, True),
        (204, True),
        (404, True),
        (422, True),
        (302, False),
        (400, False),
        (401, False),
        (403, False),
        (429, False),
        (500, False),
    ],
)
def test_a_door_is_open_only_for_whom_it_answers(status: int, is_open: bool) -> None:
    """Against a user who is believed to be in because a limit, a fault or a redirect to the login is no 401."""
    door = doors.Door(scheme=doors.Scheme.BASIC, paths=("/api/items",), asked="/api/items")
    client: Any = _Asked(status)
    assert door.open(client, DeclaredUser(name="mia", username="mia", password="word")) is is_open
    assert bool(client.carried) is is_open
