"""Reading and introspection know the same routes: on the clinics, and on applications as strangers write them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ringwork.prove import settings, target
from ringwork.prove.process import Copy
from ringwork.survey.facts import AppFacts
from ringwork.survey.taint import confirmed, routes
from ringwork.survey.taint.confirmed import Held
from ringwork.survey.taint.handlers import Handler
from ringwork.survey.taint.project import Project

ROOT = Path(__file__).parents[3]
APPS = ROOT / "tests" / "apps"
EXISTING = {"flask": ("flask_spa", "api:app"), "django_rest": ("django_bearer", "shop.wsgi:application")}
CLINICS = ["flask", *(pytest.param(name, marks=pytest.mark.slow) for name in ("fastapi", "django", "aiohttp"))]


def _facts(folder: Path, name: str, *, factory: bool = False) -> AppFacts:
    chosen = target.resolve(name, here=folder, factory=factory)
    copy = Copy(chosen, extra=dict(settings.of_project(chosen).get("env", {})))
    try:
        return copy.load().facts
    finally:
        copy.close()


def _held(facts: AppFacts) -> list[Held]:
    """The routes of the running application; a file outside the project is a library's."""
    return [
        Held(name=route.name, handler=route.handler, file="" if Path(route.file).is_absolute() else route.file)
        for route in facts.routes
        if route.kind in {"http", "websocket"}
    ]


@pytest.mark.parametrize("framework", CLINICS)
def test_the_clinics_have_the_routes_that_were_read(framework: str, tmp_path: Path) -> None:
    """Neither way of looking knows a route that the other does not; the admin's own pages are Django's code."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    mine = tuple(f"examples/clinic/{name}" for name in (framework, *(("admin.py",) if framework == "django" else ())))
    read = [handler for handler in routes.handlers(Project(tmp_path)) if handler.file.startswith(mine)]
    found = confirmed.compare(read, _held(_facts(ROOT, f"examples.clinic.{framework}_app:app")))
    assert read
    assert found == confirmed.Differences()


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "name"), EXISTING.values(), ids=EXISTING)
def test_existing_applications_have_the_routes_that_were_read(folder: str, name: str) -> None:
    """The same of applications that never heard of ringwork."""
    read = routes.handlers(Project(APPS / "existing" / folder))
    assert read
    assert confirmed.compare(read, _held(_facts(APPS / "existing" / folder, name))) == confirmed.Differences()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("plain_fastapi", "plain_fastapi.main:app"),
        ("plain_flask", "plain_flask.app:app"),
        ("plain_django", "plain_django/manage.py"),
        ("plain_aiohttp", "plain_aiohttp.main:init_app"),
    ],
)
def test_plain_applications_have_the_routes_that_were_read(folder: str, name: str) -> None:
    """Factories, relative imports, blueprints and included routers."""
    read = routes.handlers(Project(APPS / folder))
    assert read
    assert confirmed.compare(read, _held(_facts(APPS, name, factory="init_app" in name))) == confirmed.Differences()


def test_names_what_only_one_of_the_two_knows() -> None:
    """A route that was forgotten by either is named, and so is one that leads to another function."""
    read = [Handler(function="shop.a", path="/a", methods=("GET",)), Handler(function="shop.b", path="/b", methods=("GET",))]
    held = [
        Held(name="GET /b", handler="shop.other", file="shop.py"),
        Held(name="GET /c", handler="shop.c", file="shop.py"),
        Held(name="GET /docs", handler="fastapi.docs"),
    ]
    assert confirmed.compare(read, held) == confirmed.Differences(only_read=("GET /a",), only_held=("GET /c",), elsewhere=("GET /b",))
