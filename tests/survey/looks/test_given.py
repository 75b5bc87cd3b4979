"""What the handlers of a project take from those who ask, and should not: powers, numbers that are none, and the keys of tokens."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ringwork.survey.flows import Flow
from ringwork.survey.looks import floats, self_given, token_keys
from ringwork.survey.looks.seen import Seen
from ringwork.survey.taint import routes
from ringwork.survey.taint.handlers import Routes
from ringwork.survey.taint.project import Project

HEAD = """
    from typing import Annotated, Literal
    from fastapi import Depends, FastAPI, HTTPException, Query
    from pydantic import BaseModel, Field, field_validator
    from shop.rows import User, session

    app = FastAPI()

    def current_user(token: str):
        if token not in session:
            raise HTTPException(401)
        return session[token]

    def require_admin(user=Depends(current_user)):
        if user.role != "admin":
            raise HTTPException(403)
        return user
"""
FLASK = """
    from flask import Flask, abort, request
    from shop.rows import User

    app = Flask(__name__)
"""

Look = Callable[[Seen], Iterator[Flow]]


def _found(folder: Path, look: Look, *parts: str) -> list[tuple[str, str]]:
    """What one look tells, each with its strength and the text of its line."""
    text = "".join(textwrap.dedent(part) for part in parts)
    (folder / "shop.py").write_text(text, encoding="utf-8")
    project = Project(folder)
    known = Routes.of(routes.handlers(project))
    flows = [flow for unit in project.units() for flow in look(Seen(project, unit, known))]
    return [(flow.strength.value, text.splitlines()[flow.place.line - 1].strip()) for flow in flows]


SCHEMA = """
    class SignUp(BaseModel):
        name: str
        role: str = "member"

    class Settings(BaseModel):
        name: str | None = None
        is_organiser: bool | None = None
"""
TAKEN = (
    ("the whole schema", '@app.post("/sign-up")\ndef sign_up(body: SignUp):\n    return User(**body.model_dump())\n', "strong"),
    ("the field alone", '@app.post("/sign-up")\ndef sign_up(body: SignUp):\n    return User(name=body.name, role=body.role)\n', "strong"),
    (
        "a variable that holds the whole",
        '@app.post("/sign-up")\ndef sign_up(body: SignUp):\n    given = body.dict()\n    return User(**given)\n',
        "strong",
    ),
    ("a model made of it", '@app.post("/sign-up")\ndef sign_up(body: SignUp):\n    return User.model_validate(body)\n', "strong"),
    (
        "each field of one's own settings",
        (
            '@app.patch("/me")\ndef change(body: Settings, user=Depends(current_user)):\n'
            "    for name, value in body.model_dump(exclude_unset=True).items():\n        setattr(user, name, value)\n"
        ),
        "strong",
    ),
    (
        "what a newcomer may well be by his own word",
        (
            "class Newcomer(BaseModel):\n    name: str\n    is_seller: bool = False\n\n"
            '@app.post("/sign-up")\ndef sign_up(body: Newcomer):\n    return User(**body.model_dump())\n'
        ),
        "weak",
    ),
    (
        "a flag of a thing that somebody may own",
        (
            '@app.patch("/clubs/{n}")\ndef change(n: int, body: Settings, user=Depends(current_user)):\n'
            "    user.is_organiser = body.is_organiser\n"
        ),
        "weak",
    ),
)
NOT_TAKEN = (
    (
        "left out",
        '@app.post("/sign-up")\ndef sign_up(body: SignUp):\n    return User(**body.model_dump(exclude={"role"}), role="member")\n',
    ),
    (
        "set anew",
        '@app.post("/sign-up")\ndef sign_up(body: SignUp):\n    given = body.dict()\n    given["role"] = "x"\n    return User(**given)\n',
    ),
    ("only what is named", '@app.post("/sign-up")\ndef sign_up(body: SignUp):\n    return User(**body.model_dump(include={"name"}))\n'),
    ("for the office", '@app.post("/users")\ndef add(body: SignUp, user=Depends(require_admin)):\n    return User(**body.model_dump())\n'),
    ("among the office's pages", '@app.post("/admin/users")\ndef add(body: SignUp):\n    return User(**body.model_dump())\n'),
    (
        "held to what is allowed",
        (
            '@app.post("/sign-up")\ndef sign_up(body: SignUp):\n    if body.role not in {"buyer"}:\n        raise HTTPException(400)\n'
            "    return User(**body.model_dump())\n"
        ),
    ),
    (
        "words without a power",
        (
            'class Choice(BaseModel):\n    role: Literal["buyer", "seller"]\n\n@app.post("/sign-up")\ndef sign_up(body: Choice):\n'
            "    return User(**body.model_dump())\n"
        ),
    ),
)


@pytest.mark.parametrize(("handler", "strength"), [case[1:] for case in TAKEN], ids=[case[0] for case in TAKEN])
def test_a_power_that_is_taken_from_its_own_bearer_is_told(tmp_path, handler, strength):
    """Against is_admin in a sign-up's body."""
    assert [one for one, _ in _found(tmp_path, self_given.look, HEAD, SCHEMA, handler)] == [strength]


@pytest.mark.parametrize("handler", [case[1] for case in NOT_TAKEN], ids=[case[0] for case in NOT_TAKEN])
def test_a_power_that_others_give_or_nobody_is_not_told(tmp_path, handler):
    """A field that is left out, that others set, or whose words are no power."""
    assert _found(tmp_path, self_given.look, HEAD, SCHEMA, handler) == []


@pytest.mark.parametrize(
    ("body", "is_told"),
    [
        ('User(name=request.form["name"], role=request.form.get("role", "member"))', True),
        ('User(name=request.form["name"], role="member")', False),
        ('User(name=request.form["name"], title=request.form.get("role"))', False),
    ],
)
def test_a_role_from_a_form_is_told(tmp_path, body, is_told):
    """The same without a schema: the field is read by its name."""
    text = f'@app.post("/register")\ndef register():\n    user = {body}\n    return str(user)\n'
    assert bool(_found(tmp_path, self_given.look, FLASK, text)) is is_told


def test_a_flag_that_went_through_a_variable_is_told(tmp_path):
    """`is_admin = request.form.get("is_admin") == "1"` is what was sent, in another shape."""
    text = """
        @app.post("/register")
        def register():
            is_admin = request.form.get("is_admin") == "1"
            return str(User(name="x", is_admin=is_admin))
    """
    assert [one for one, _ in _found(tmp_path, self_given.look, FLASK, text)] == ["strong"]


ORDER = """
    class Transfer(BaseModel):
        to: str
        amount: {annotation}

    @app.post("/transfers")
    def transfer(body: Transfer):
        if body.amount <= 0 or body.amount > session.balance:
            raise HTTPException(400)
        session.balance -= body.amount
"""
FREE = ("float", "float | None = None", "Annotated[float, Field(description='euro')]", "float = Field(description='euro')")
BOUND = ("float = Field(gt=0)", "Annotated[float, Field(le=100)]", "float = Field(allow_inf_nan=False)", "int", "Decimal")


@pytest.mark.parametrize("annotation", FREE)
def test_a_float_that_a_comparison_is_to_refuse_is_told(tmp_path, annotation):
    """nan is neither at most nothing nor above the balance."""
    assert [line for _, line in _found(tmp_path, floats.look, HEAD, ORDER.format(annotation=annotation))] == [
        "if body.amount <= 0 or body.amount > session.balance:"
    ]


@pytest.mark.parametrize("annotation", BOUND)
def test_a_number_with_a_bound_is_not_told(tmp_path, annotation):
    """pydantic refuses nan wherever a bound is declared; whole numbers and decimals are another matter."""
    assert _found(tmp_path, floats.look, HEAD, ORDER.format(annotation=annotation)) == []


@pytest.mark.parametrize(
    ("parameter", "test", "is_told"),
    [
        ("amount: float", "amount > 100", True),
        ("amount: Annotated[float, Query()] = 1", "amount > 100", True),
        ("amount: float = Query(le=100)", "amount > 100", False),
        ("amount: float", "not 0 < amount <= 100", False),
        ("amount: int", "amount > 100", False),
    ],
)
def test_a_parameter_is_asked_like_a_field(tmp_path, parameter, test, is_told):
    """A float of the address is no other number; a comparison that has to be true to go on refuses nan too."""
    text = f'@app.post("/paid")\ndef paid({parameter}):\n    if {test}:\n        raise HTTPException(400)\n'
    assert bool(_found(tmp_path, floats.look, HEAD, text)) is is_told


def test_a_model_that_asks_for_itself_is_not_told(tmp_path):
    """A validator of its own may refuse what it likes."""
    text = ORDER.format(annotation="float\n\n        @field_validator('amount')\n        def finite(cls, value): ...\n")
    assert _found(tmp_path, floats.look, HEAD, text) == []


TOKENS = """
    import json
    import jwt
    from jwt import PyJWKClient

    KEYS, HOSTS = {}, {}
"""
BROUGHT = (
    "header = jwt.get_unverified_header(token)\nkey = jwt.PyJWK(header['jwk']).key\nreturn jwt.decode(token, key, algorithms=['RS256'])",
    "return jwt.decode(token, jwt.get_unverified_header(token)['jwk'], algorithms=['RS256'])",
    (
        "header = jwt.get_unverified_header(token)\nif 'jku' not in header:\n    raise ValueError\nkeys = PyJWKClient(header['jku'])\n"
        "return jwt.decode(token, keys.get_signing_key_from_jwt(token).key, algorithms=['RS256'])"
    ),
    (
        "header = json.loads(opened(token.split('.')[0]))\nurl = header.get('x5u')\npem = fetched(url)\n"
        "return jwt.decode(token, pem, algorithms=['RS256'])"
    ),
)
HELD = (
    "header = jwt.get_unverified_header(token)\nreturn jwt.decode(token, KEYS[header['kid']], algorithms=['RS256'])",
    (
        "header = jwt.get_unverified_header(token)\nurl = header['jku']\nif url not in HOSTS:\n    raise ValueError(url)\n"
        "return jwt.decode(token, PyJWKClient(url).get_signing_key_from_jwt(token).key, algorithms=['RS256'])"
    ),
    "header = jwt.get_unverified_header(token)\nprint(header['jwk'])\nreturn jwt.decode(token, KEYS['own'], algorithms=['RS256'])",
)


@pytest.mark.parametrize("body", BROUGHT)
def test_a_key_that_a_token_brings_is_told(tmp_path, body):
    """Whoever makes the token up signs it by the key that it names."""
    text = "def read(token):\n" + textwrap.indent(body, "    ") + "\n"
    assert [line for _, line in _found(tmp_path, token_keys.look, TOKENS, text)] == [body.splitlines()[-1]]


@pytest.mark.parametrize("body", HELD)
def test_a_key_of_a_set_of_ones_own_is_not_told(tmp_path, body):
    """kid chooses among keys that are there; an address that is held to those that are allowed leads to no stranger."""
    assert _found(tmp_path, token_keys.look, TOKENS, "def read(token):\n" + textwrap.indent(body, "    ") + "\n") == []


@pytest.mark.parametrize(("key", "is_told"), [("header['jwk']", True), ("KEYS[header['kid']]", False)])
def test_a_function_that_chooses_keys_is_asked_too(tmp_path, key, is_told):
    """Libraries ask a function for the key, and hand it the header that nobody verified."""
    text = f"from authlib.jose import jwt\nKEYS = {{}}\ndef load_key(header, payload):\n    return {key}\n"
    assert bool(_found(tmp_path, token_keys.look, text)) is is_told
