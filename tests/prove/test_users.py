"""Which users a run still asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.prove import settings, users
from ringwork.prove.check import User
from tests.prove import copies_of

ANNA = User(name="anna", roles=("clinician",))


def test_shows_the_lines_to_add_while_nobody_signs_in() -> None:
    """Whoever starts copies them."""
    assert users.to_declare(None) == users.to_declare(users.Entrances()) == users.UNLOCK


def test_asks_for_one_more_where_somebody_signs_in() -> None:
    """Lines that stand in the settings already would only puzzle."""
    said = users.to_declare(users.Entrances(users=(ANNA,)))
    assert said.startswith("one more [[prove.users]]")
    assert "password" not in said


BY_ADDRESS = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")\n',
    "site1/__init__.py": "",
    "site1/settings.py": """
SECRET_KEY = "probe-" + "k" * 60
ROOT_URLCONF = "site1.urls"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
""",
    "site1/urls.py": """
from django.contrib.auth import authenticate, get_user_model, login
from django.http import HttpResponse
from django.urls import path
FORM = "<form method=post><input type=email name=email><input type=password name=password><button>In</button></form>"
def enter(request):
    if request.method == "POST":
        known = get_user_model().objects.filter(email=request.POST["email"]).first()
        if known and known.check_password(request.POST["password"]):
            login(request, known, backend="django.contrib.auth.backends.ModelBackend")
            return HttpResponse("in")
    return HttpResponse(FORM)
def home(request):
    return HttpResponse(request.user.username or "nobody", status=200 if request.user.is_authenticated else 403)
urlpatterns = [path("accounts/login/", enter), path("", home)]
""",
}


def test_an_account_of_django_signs_in_by_its_address_where_the_form_asks_for_one(tmp_path: Path) -> None:
    """A backend that looks accounts up by address knows the prover's own too."""
    with copies_of.loaded(tmp_path, BY_ADDRESS, ".") as (launcher, loaded):
        found = users.find(loaded.facts, settings.Settings(), launcher)
        assert [user.name for user in found.users] == ["anna", "ben", "erin"]


REGISTERED = {
    **BY_ADDRESS,
    "site1/urls.py": BY_ADDRESS["site1/urls.py"]
    .replace("urlpatterns = [", 'urlpatterns = [path("accounts/register/", register), ')
    .replace(
        "def home(",
        "SHELVES = {}\nASKS = '<form method=post><input name=username><input type=email name=email>'\n"
        "ASKS += '<input type=password name=password><button>Join</button></form>'\n"
        "def register(request):\n"
        '    if request.method == "POST" and TAKES:\n'
        '        name, mail, word = (request.POST[field] for field in ("username", "email", "password"))\n'
        "        SHELVES[get_user_model().objects.create_user(name, mail, word).username] = []\n"
        '        return HttpResponse("joined")\n'
        "    return HttpResponse(ASKS, status=400 if request.POST else 200)\n"
        "def home(",
    ),
}


@pytest.mark.parametrize("takes", [True, False])
def test_who_registers_goes_before_an_account_made_by_the_frameworks_means(takes: bool, tmp_path: Path) -> None:
    """A registration makes more than the account; where nobody is taken, the framework's own get in as before."""
    files = {name: text.replace("TAKES", str(takes)) for name, text in REGISTERED.items()}
    with copies_of.loaded(tmp_path, files, ".") as (launcher, loaded):
        found = users.find(loaded.facts, settings.Settings(), launcher)
        assert [user.name for user in found.users] == ["anna", "ben", "erin"]
        assert [user.name for user in found.known] == (["erin"] if takes else ["anna", "ben", "erin"])
        assert (found.register is not None) is takes
        # Who registered under a name is known to this login by the address.
        signed = found.keeper.signed() if found.keeper is not None else None
        assert signed is not None
        assert [known.username.partition("@")[2] for known in signed.accounts.values()] == ["example.org"] * (2 * takes)


OPEN_TO_ALL = """
import secrets
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPBearer
from pydantic import BaseModel
app = FastAPI()
PEOPLE, KEYS = {}, {}
class Account(BaseModel):
    username: str
    password: str
@app.post("/register")
def register(given: Account):
    PEOPLE[given.username] = given.password
    return {}
@app.post("/login")
def login(given: Account):
    if PEOPLE.get(given.username) != given.password:
        raise HTTPException(401)
    key = secrets.token_hex(16)
    KEYS[key] = given.username
    return {"access_token": key}
@app.get("/me")
def me(given=Depends(HTTPBearer())):
    if given.credentials not in KEYS:
        raise HTTPException(401)
    return KEYS[given.credentials]
"""
DECLARED = '[[prove.users]]\nname = "olga"\nroles = ["staff"]\npassword = "nobody-gave-her-one"\n'


def test_users_register_where_nobody_who_is_declared_gets_in(tmp_path: Path) -> None:
    """The copy begins with an empty database: a declared user who is not in it must not make the run see less, and is told of."""
    with copies_of.loaded(tmp_path, {"app.py": OPEN_TO_ALL, "ringwork.toml": DECLARED}, "app.py") as (launcher, loaded):
        found = users.find(loaded.facts, settings.Settings(**settings.of_project(launcher.target)), launcher)
        assert [user.name for user in found.users] == ["anna", "ben"]
        assert found.failed[0].startswith("olga was not signed in")
