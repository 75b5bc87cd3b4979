"""An API of django-ninja, unguarded: its operations are read, signed in to, and asked for another user's objects."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.prove import coverage, launch, settings, target, users
from ringwork.prove.access import object_level_authorization
from ringwork.prove.evidence import Outcome
from ringwork.prove.stage import LiveStage
from ringwork.survey.facts import ParameterFacts

FILES = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")\n',
    "site1/__init__.py": "",
    "site1/settings.py": """
SECRET_KEY = "of-this-test-alone"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "notes"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ROOT_URLCONF = "site1.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "notes.sqlite3"}}
""",
    "site1/urls.py": "from django.urls import path\nfrom notes.api import api\nurlpatterns = [path('api/', api.urls)]\n",
    "notes/__init__.py": "",
    "notes/models.py": """
from django.conf import settings
from django.db import models
class Note(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    text = models.TextField()
""",
    "notes/api.py": """
from django.contrib.auth import authenticate, login
from django.shortcuts import get_object_or_404
from ninja import NinjaAPI, Schema
from ninja.security import django_auth
from notes.models import Note
api = NinjaAPI(docs_url=None, openapi_url=None)
class Account(Schema):
    username: str
    password: str
class Given(Schema):
    text: str
class Shown(Schema):
    id: int
    text: str
@api.post("/login")
def sign_in(request, account: Account):
    user = authenticate(request, username=account.username, password=account.password)
    if user is None:
        return api.create_response(request, {"detail": "no"}, status=401)
    login(request, user)
    return {"fine": True}
@api.get("/notes", auth=django_auth, response=list[Shown])
def listed(request):
    return Note.objects.filter(owner=request.user)
@api.post("/notes", auth=django_auth, response=Shown)
def made(request, given: Given, color: str = "red"):
    return Note.objects.create(owner=request.user, text=given.text)
@api.get("/notes/{number}", auth=django_auth, response=Shown)
def one(request, number: int):
    return get_object_or_404(Note, WHOSE)
""",
}


@pytest.fixture
def stage_of(tmp_path: Path):
    """A stage on the project, whose single note is found as WHOSE says."""
    launchers: list[launch.Launcher] = []
    stages: list[LiveStage] = []

    def build(whose: str) -> LiveStage:
        for name, text in FILES.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text.replace("WHOSE", whose))
        chosen = target.resolve(".", here=tmp_path)
        launcher = launch.Launcher(chosen, extra={})
        launchers.append(launcher)
        facts = launcher.load().facts
        stage = LiveStage(launcher, facts, users.find(facts, settings.Settings(**settings.of_project(chosen)), launcher))
        stages.append(stage)
        return stage

    yield build
    for stage in stages:
        stage.close()
    for launcher in launchers:
        launcher.close()


@pytest.mark.parametrize(("whose", "found"), [("id=number", {"GET /api/notes/{number}"}), ("id=number, owner=request.user", set())])
def test_another_users_note_is_found_behind_an_operation(stage_of, whose, found) -> None:
    """Methods, inputs and the login are those of the operations; a change carries the token that Django's cookie check wants."""
    stage = stage_of(whose)
    routes = {route.name: route for route in stage.facts.routes}
    assert set(routes) == {"POST /api/login", "GET /api/notes", "POST /api/notes", "GET /api/notes/{number}", "GET /api/"}
    made = routes["POST /api/notes"]
    assert (made.body, made.guarded_by) == ("json", ("SessionAuth",))
    assert {(one.name, one.where, one.required) for one in made.parameters} == {("text", "json", True), ("color", "query", False)}
    assert routes["GET /api/notes/{number}"].parameters == (
        ParameterFacts(name="number", where="path", kind="integer", required=True, example="1"),
    )
    assert [user.name for user in stage.users] == ["anna", "ben", "erin"]
    reached = coverage.summary(stage.facts, coverage.explore(stage), floor=0.8)
    assert "POST /api/notes" not in reached.skipped
    seen = object_level_authorization.two_user_matrix(stage)
    assert {one.where for one in seen.observations if one.outcome is Outcome.BROKEN} == found
    assert "GET /api/notes/{number}" in {one.where for one in seen.observations if one.outcome is not Outcome.UNTRIED}
