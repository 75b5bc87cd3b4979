"""A password that is kept or looked for as it was typed is told; what a password function made of it is not."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from ringwork.survey.looks import clear_passwords
from ringwork.survey.looks.seen import Seen
from ringwork.survey.taint import routes
from ringwork.survey.taint.handlers import Routes
from ringwork.survey.taint.project import Project

FLASK = """
    from flask import Flask, request
    from flask_sqlalchemy import SQLAlchemy
    from werkzeug.security import check_password_hash, generate_password_hash

    app = Flask(__name__)
    db = SQLAlchemy(app)

    class User(db.Model):
        name = db.Column(db.String)
        password = db.Column(db.String)
"""
FASTAPI = """
    from fastapi import FastAPI
    from pydantic import BaseModel
    from sqlalchemy.orm import DeclarativeBase, Mapped

    class Base(DeclarativeBase): ...

    class User(Base):
        name: Mapped[str]
        password: Mapped[str]

    class Given(BaseModel):
        name: str
        password: str

    app = FastAPI()
"""
SETTER = """
    class User(db.Model):
        name = db.Column(db.String)
        kept = db.Column(db.String)

        @property
        def password(self):
            return self.kept

        @password.setter
        def password(self, given):
            self.kept = generate_password_hash(given)
"""


def _lines(folder: Path, head: str, body: str, parameters: str = "") -> list[str]:
    """The lines that are told of one handler with this body."""
    inside = "".join(f"    {line}\n" for line in dedent(body).strip().splitlines())
    text = f'{dedent(head)}\n@app.post("/accounts")\ndef handle({parameters}):\n{inside}    return "done"\n'
    (folder / "shop.py").write_text(text, encoding="utf-8")
    project = Project(folder)
    known = Routes.of(routes.handlers(project))
    flows = [flow for unit in project.units() for flow in clear_passwords.look(Seen(project, unit, known))]
    assert all((flow.kind, flow.strength.value) == ("password-hash", "strong") for flow in flows)
    return [text.splitlines()[flow.place.line - 1].strip() for flow in flows]


FORM = 'request.form["password"]'
BAD = (
    f'User(name="x", password={FORM})',
    f"password = {FORM}.strip()\nUser(name='x', password=password)",
    f"user = User(name='x')\nuser.password = {FORM}",
    f'User.query.filter_by(name="x", password={FORM}).first()',
    f"db.session.query(User).filter(User.password == {FORM}).first()",
    f'db.execute("INSERT INTO users (name, password) VALUES (?, ?)", ("x", {FORM}))',
    f'db.execute("SELECT * FROM users WHERE name = ? AND password = ?", ("x", {FORM}))',
    f"db.execute(f\"SELECT * FROM users WHERE password = '{{{FORM}}}'\")",
    f"statement = \"UPDATE users SET password = '%s'\" % {FORM}\ndb.execute(statement)",
    'given = request.get_json()\nusers.insert_one({"name": "x", "password": given["password"]})',
)
SAFE = (
    f'User(name="x", password=generate_password_hash({FORM}))',
    f"password = generate_password_hash({FORM})\nUser(name='x', password=password)",
    f"password = {FORM}\npassword = generate_password_hash(password)\nUser(name='x', password=password)",
    f"user = User.query.filter_by(name='x').first()\ncheck_password_hash(user.password, {FORM})",
    f'made = generate_password_hash({FORM})\ndb.execute("INSERT INTO users (name, password) VALUES (?, ?)", ("x", made))',
    f'client.login(name="x", password={FORM})',
    'User(name="x", password=settings["password"])',
    'db.execute("SELECT name FROM users WHERE name = ?", (request.form["name"],))',
)


@pytest.mark.parametrize("body", BAD)
def test_a_password_that_is_kept_or_looked_for_as_it_was_typed_is_told(tmp_path, body):
    """Against the stolen table in which every password stands as it is."""
    assert _lines(tmp_path, FLASK, body) == [body.splitlines()[-1]]


@pytest.mark.parametrize("body", SAFE)
def test_what_a_password_function_made_is_not_told(tmp_path, body):
    """A hash may be kept and asked for; a password that is for another service is its own matter."""
    assert _lines(tmp_path, FLASK, body) == []


def test_a_model_that_hashes_where_it_is_set_is_not_told(tmp_path):
    """The property behind the name makes something else of it."""
    head = dedent(FLASK).partition("class User")[0] + dedent(SETTER)
    assert _lines(tmp_path, head, f'User(name="x", password={FORM})') == []


def test_an_empty_module_beside_it_hides_nothing(tmp_path):
    """Of an empty file nobody can tell what its bytes would spell."""
    (tmp_path / "__init__.py").write_text("", encoding="utf-8")
    assert _lines(tmp_path, FLASK, f'User(name="x", password={FORM})') == [f'User(name="x", password={FORM})']


def test_a_row_of_djangos_own_accounts_is_told(tmp_path):
    """`create` keeps what it is given; `create_user` hashes it."""
    for made, is_told in (("create", True), ("create_user", False)):
        body = f'User.objects.{made}(username="x", password=request.POST["password"])'
        assert bool(_lines(tmp_path, "from shop import app, request\nfrom django.contrib.auth.models import User\n", body)) is is_told


VALIDATOR = """
    from sqlalchemy.orm import validates

    class User(db.Model):
        name = db.Column(db.String)
        password = db.Column(db.String)

        @validates("password")
        def hashed(self, key, given):
            return generate_password_hash(given)
"""


@pytest.mark.parametrize("body", [f'User(name="x", password={FORM})', f"user = User()\nuser.password = {FORM}"])
def test_a_model_that_validates_what_is_set_is_not_told(tmp_path, body):
    """What is set goes through a function of the class."""
    head = dedent(FLASK).partition("class User")[0] + dedent(VALIDATOR)
    assert _lines(tmp_path, head, body) == []


@pytest.mark.parametrize(
    ("body", "is_told"),
    [
        ("User(name=given.name, password=given.password)", True),
        ("User(**given.model_dump())", True),
        ("User(**given.model_dump(exclude={'password'}), password=hashed(given.password))", False),
        ("given.password = hashed(given.password)\nUser(**given.model_dump())", False),
        ("User(name=given.name, password=hashed(given.password))", False),
    ],
)
def test_a_schema_is_asked_like_a_form(tmp_path, body, is_told):
    """A field of the body, and the body as a whole."""
    assert bool(_lines(tmp_path, FASTAPI, body, "given: Given")) is is_told
