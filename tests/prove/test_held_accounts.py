"""Whom a copy knows already: accounts in its tables and modules sign in, whatever form their passwords are kept in."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ringwork.prove import settings, users
from ringwork.survey.wire import masking
from tests.prove import copies_of

SHOP = """
import sqlite3
from pathlib import Path
from flask import Flask, request, session
{imports}
FILE = str(Path(__file__).with_name("shop.sqlite3"))
with sqlite3.connect(FILE) as made:
    made.execute("CREATE TABLE IF NOT EXISTS members (id INTEGER PRIMARY KEY, name TEXT, email TEXT, {column} TEXT, role TEXT, active INT)")
    if not made.execute("SELECT 1 FROM members").fetchone():
        for name, role in (("otto", "customer"), ("mia", "customer"), ("kim", "chief"), ("lea", "customer"), ("max", "admin")):
            row = (name, name + "@example.org", keep("known-to-" + name), role, name != "otto")
            made.execute("INSERT INTO members (name, email, {column}, role, active) VALUES (?, ?, ?, ?, ?)", row)
app = Flask(__name__)
app.secret_key = "k" * 40
@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST":
        with sqlite3.connect(FILE) as read:
            row = read.execute("SELECT name, {column} FROM members WHERE {by} = ? AND active", (request.form["{by}"],)).fetchone()
        if row is None or not fits(row[1], request.form["password"]):
            return "no", 401
        session["name"] = row[0]
        return "in"
    return "<form method=post><input name={by}><input type=password name=password></form>"
@app.get("/me")
def me():
    return session.get("name") or ("nobody", 403)
"""
FORMS = {
    "in clear": "keep = str\nfits = lambda kept, given: kept == given",
    "werkzeug": "from werkzeug.security import generate_password_hash as keep, check_password_hash as fits",
    "bcrypt": "import bcrypt\nkeep = lambda word: bcrypt.hashpw(word.encode(), bcrypt.gensalt(4)).decode()\n"
    "fits = lambda kept, given: bcrypt.checkpw(given.encode(), kept.encode())",
    "argon2": "import argon2\nHASHER = argon2.PasswordHasher(time_cost=1, memory_cost=64)\nkeep = HASHER.hash\n"
    "def fits(kept, given):\n    try:\n        return HASHER.verify(kept, given)\n    except argon2.exceptions.VerifyMismatchError:\n"
    "        return False",
    "passlib": "from passlib.hash import pbkdf2_sha256\nkeep = pbkdf2_sha256.using(rounds=10).hash\n"
    "fits = lambda kept, given: pbkdf2_sha256.verify(given, kept)",
    "a bare digest": "import hashlib\nkeep = lambda word: hashlib.md5(word.encode()).hexdigest()\n"
    "fits = lambda kept, given: kept == keep(given)",
}  # fmt: skip


def shop(*, form: str, column: str = "password", by: str = "name") -> dict[str, str]:
    """An application whose accounts stand in a table that it fills itself."""
    return {"shop.py": SHOP.format(imports=FORMS[form], column=column, by=by)}


def found(tmp_path: Path, files: dict[str, str], where: str) -> tuple[users.Entrances, tuple[str, ...]]:
    """Who gets in, and what was told of the copy."""
    with copies_of.loaded(tmp_path, files, where, anybody=True) as (launcher, loaded):
        return users.find(loaded.facts, settings.Settings(), launcher), loaded.refused


@pytest.mark.parametrize("form", FORMS)
def test_accounts_of_a_table_sign_in_whatever_form_their_passwords_have(form: str, tmp_path: Path) -> None:
    """Two of the commonest role and one of each other; who is shut out is passed over, and a role that administers comes last."""
    entrances, told = found(tmp_path, shop(form=form), "shop.py")
    assert [(user.name, user.roles) for user in entrances.users] == [
        ("mia", ("customer",)), ("lea", ("customer",)), ("kim", ("chief",)), ("max", ("admin",)),
    ]  # fmt: skip
    assert any("members" in sentence for sentence in told) == (form != "in clear")


def test_the_name_is_the_one_that_the_login_asks_for(tmp_path: Path) -> None:
    """A row has a name and an address; a login takes one of the two."""
    entrances, _ = found(tmp_path, shop(form="werkzeug", column="pw_hash", by="email"), "shop.py")
    assert [user.name for user in entrances.users] == ["mia", "lea", "kim", "max"]


def test_the_database_of_the_project_is_left_as_it_is(tmp_path: Path) -> None:
    """Hashes give way in the copy alone."""
    files = shop(form="werkzeug")
    with sqlite3.connect(tmp_path / "shop.sqlite3") as made:
        made.execute("CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT, email TEXT, password TEXT, role TEXT, active INTEGER)")
        made.execute("INSERT INTO members (name, email, password, role, active) VALUES ('ada', '', 'pbkdf2:sha256:1$s$ab', 'customer', 1)")
    made.close()
    entrances, _ = found(tmp_path, files, "shop.py")
    assert [user.name for user in entrances.users] == ["ada"]
    with sqlite3.connect(tmp_path / "shop.sqlite3") as read:
        assert read.execute("SELECT password FROM members").fetchall() == [("pbkdf2:sha256:1$s$ab",)]
    read.close()


LISTED = """
from fastapi import FastAPI, HTTPException
from fastapi.security import HTTPBearer
from fastapi import Depends
from pydantic import BaseModel
import secrets
{people}
KEYS = {{}}
app = FastAPI()
class Given(BaseModel):
    username: str
    password: str
@app.post("/login")
def login(given: Given):
    if not known(given.username, given.password):
        raise HTTPException(401)
    key = secrets.token_hex(16)
    KEYS[key] = given.username
    return {{"access_token": key}}
@app.get("/me")
def me(given=Depends(HTTPBearer())):
    if given.credentials not in KEYS:
        raise HTTPException(401)
    return KEYS[given.credentials]
"""
PEOPLE = {
    "records by name": 'USERS = {"mia": {"hashed_password": "m-secret-1"}, "lea": {"hashed_password": "l-secret-1"}}\n'
    'known = lambda name, word: name in USERS and USERS[name]["hashed_password"] == word',
    "a list of records": 'STAFF = [{"username": "mia", "password": "m-secret-1"}, {"username": "lea", "password": "l-secret-1"}]\n'
    'known = lambda name, word: any(one["username"] == name and one["password"] == word for one in STAFF)',
    "objects": "from dataclasses import dataclass\n@dataclass\nclass User:\n    username: str\n    pw_hash: str\n"
    "from werkzeug.security import generate_password_hash, check_password_hash\n"
    'ALL = [User("mia", generate_password_hash("m")), User("lea", generate_password_hash("l"))]\n'
    "known = lambda name, word: any(one.username == name and check_password_hash(one.pw_hash, word) for one in ALL)",
    "passwords by name": 'users_db = {"mia": "m-secret-1", "lea": "l-secret-1"}\nknown = lambda name, word: users_db.get(name) == word',
}  # fmt: skip


@pytest.mark.parametrize("people", PEOPLE)
def test_accounts_that_a_module_lists_sign_in(people: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tutorials keep their users beside the routes."""
    monkeypatch.setattr(masking, "_LEARNT", set())
    entrances, _ = found(tmp_path, {"listed.py": LISTED.format(people=PEOPLE[people])}, "listed.py")
    assert [user.name for user in entrances.users] == ["mia", "lea"]
    # Against a report that quotes a page which shows its user's password.
    page = b"HTTP/1.1 200 OK\r\n\r\nhello mia, your word is m-secret-1"
    assert ("m-secret-1" in masking.masked(page)) == (people == "objects")  # hashes: no word of theirs is known


def test_what_everybody_keeps_is_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six keep a password and two a key; four sign in. A page that shows them all shows no word of theirs in a report."""
    monkeypatch.setattr(masking, "_LEARNT", set())
    rows = {f"user{number}": {"password": f"word-of-{number}-x", "titles": ["shown"]} for number in range(6)}
    people = f'USERS = {rows!r}\nROBOTS = {{"depot": {{"api_key": "dk-71-aaaa"}}, "till": {{"api_key": "dk-72-bbbb"}}}}\n'
    people += 'HEADS = [{"name": "first", "key": "Content-Type"}]\n'  # a name that is called a key hides nothing
    files = {"listed.py": LISTED.format(people=people + 'known = lambda name, word: name in USERS and USERS[name]["password"] == word')}
    with copies_of.loaded(tmp_path, files, "listed.py", anybody=True) as (launcher, _):
        launcher.warm_up()
    page = masking.masked(f"HTTP/1.1 200 OK\r\n\r\n{rows} dk-71-aaaa dk-72-bbbb".encode())
    assert page.count("****") == 8
    assert not any(word in page for word in ("word-of", "dk-7"))
    assert page.count("shown") == 6
    assert "Content-Type" in masking.masked(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")


def test_a_mapping_of_other_texts_is_no_list_of_users(tmp_path: Path) -> None:
    """The safe twin: titles by key are no passwords, and nobody is tried with them."""
    files = {"listed.py": LISTED.format(people='TITLES = {"mia": "m-secret-1"}\nknown = lambda name, word: TITLES.get(name) == word')}
    with copies_of.loaded(tmp_path, files, "listed.py", anybody=True) as (_, loaded):
        assert loaded.held == ()


BY_STARTING = """
import sqlite3
from contextlib import asynccontextmanager
from pathlib import Path
from werkzeug.security import generate_password_hash, check_password_hash
FILE = str(Path(__file__).with_name("people.sqlite3"))
@asynccontextmanager
async def begin(app):
    with sqlite3.connect(FILE) as made:
        made.execute("CREATE TABLE IF NOT EXISTS people (username TEXT UNIQUE, hashed_password TEXT)")
        for name in ("mia", "lea"):
            made.execute("INSERT OR IGNORE INTO people VALUES (?, ?)", (name, generate_password_hash(name)))
    made.close()
    yield
def known(name, word):
    with sqlite3.connect(FILE) as read:
        row = read.execute("SELECT hashed_password FROM people WHERE username = ?", (name,)).fetchone()
    read.close()
    return row is not None and check_password_hash(row[0], word)
"""


def test_accounts_that_an_application_makes_by_starting_sign_in(tmp_path: Path) -> None:
    """A copy that is only imported holds none yet: they are looked for once it has started, and kept for every later one."""
    files = {"listed.py": LISTED.format(people=BY_STARTING).replace("FastAPI()", "FastAPI(lifespan=begin)")}
    with copies_of.loaded(tmp_path, files, "listed.py", anybody=True) as (launcher, loaded):
        assert loaded.held == ()
        launcher.warm_up()
        assert [user.name for user in users.find(loaded.facts, settings.Settings(), launcher).users] == ["mia", "lea"]


def test_hashes_stay_where_users_are_declared(tmp_path: Path) -> None:
    """Their own passwords sign them in, so nothing is put in the place of anything."""
    with copies_of.loaded(tmp_path, shop(form="werkzeug"), "shop.py") as (_, loaded):
        assert loaded.held is None
        assert not any("members" in sentence for sentence in loaded.refused)


RULES = """
from ringwork import Policy, Principal, protect, requires
@app.get("/staff")
@requires("{role}")
def staff():
    return "staff"
protect(app, Policy(identify=lambda request: None))
"""


@pytest.mark.parametrize(("role", "tried"), [("chief", True), ("head-of-shop", False)])
def test_accounts_count_where_rules_call_roles_as_the_rows_do(role: str, tried: bool, tmp_path: Path) -> None:
    """Against a wrong finding: a row's "chief" may well be what the rules call otherwise, and then nothing is known of who may enter."""
    files = {"shop.py": shop(form="in clear")["shop.py"] + RULES.format(role=role)}
    with copies_of.loaded(tmp_path, files, "shop.py", anybody=True) as (launcher, loaded):
        ways = list(users._ways(loaded.facts, settings.Settings(), launcher, users._login(loaded.facts, settings.Settings().login)))
        assert bool(ways) is tried
