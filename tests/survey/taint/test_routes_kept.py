"""Routes are kept until a module answers otherwise than it did when they were read."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from ringwork.survey import reading
from ringwork.survey.taint import routes
from ringwork.survey.taint.handlers import Routes
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.questions import Question
from ringwork.survey.taint.units import Unit

FILES = {
    "shop/__init__.py": "",
    "shop/settings.py": "ROOT_URLCONF = 'shop.urls'\nINSTALLED_APPS = []\nMIDDLEWARE = []\n",
    "shop/urls.py": """\
from django.urls import include, path

from shop.shown import *
from shop.tables import router

urlpatterns = [
    path("one/<path:word>", one),
    path("two", two),
    path("api/", include(router.urls)),
]
""",
    "shop/shown.py": "from shop.views import one, two\n",
    "shop/tables.py": """\
from rest_framework.routers import SimpleRouter

from shop.sets import Notes

router = SimpleRouter()
router.register("notes", Notes)
""",
    "shop/sets.py": """\
import os

from shop.bases import Base


class Notes(Base):
    def list(self, request):
        os.system(request.query_params["word"])
""",
    "shop/bases.py": "from rest_framework.viewsets import ModelViewSet\n\n\nclass Base(ModelViewSet):\n    pass\n",
    "shop/views.py": """\
import os

from django.shortcuts import render

from shop.guards import is_known


@is_known
def one(request, word):
    os.system(word)


def two(request):
    return render(request, "note.html", {"note": request.GET["note"]})
""",
    "shop/guards.py": """\
def is_known(view):
    def inside(request, *given):
        if not request.user:
            raise PermissionError
        return view(request, *given)

    return inside
""",
    "shop/other.py": "LIMIT = 3\n\n\ndef unrelated(number):\n    return number + LIMIT\n",
    "shop/models.py": "class Order:\n    def word(self):\n        return self.kept\n",
    "templates/note.html": "{{ note|safe }}",
    "templates/parts.html": "{{ note }}",
}

Edit = Callable[[Path], object]


def appended(file: str, text: str) -> Edit:
    """More at the end of a file."""
    return lambda root: (root / file).write_text((root / file).read_text() + text)


def changed(file: str, old: str, new: str) -> Edit:
    """Something in a file is written otherwise, or back."""

    def edit(root: Path) -> None:
        text = (root / file).read_text()
        (root / file).write_text(text.replace(old, new) if old in text else text.replace(new, old))

    return edit


def moved(old: str, new: str) -> Edit:
    """A file lies elsewhere, or where it lay."""
    return lambda root: (root / old).rename(root / new) if (root / old).exists() else (root / new).rename(root / old)


MATTER: dict[str, Edit] = {
    "another address": changed("shop/urls.py", '"two"', '"three"'),
    "a name that a star brings": changed("shop/shown.py", "one, two", "two, two as one"),
    "a name that hides another": appended("shop/shown.py", "\ntwo = open\n"),
    "another base": changed("shop/bases.py", "Base(ModelViewSet)", "Base(object)"),
    "a base through an import": changed("shop/bases.py", "rest_framework.viewsets", "rest_framework.mixins"),
    "a decorator less": changed("shop/views.py", "@is_known\n", "\n"),
    "a guard that lets all through": changed("shop/guards.py", "raise PermissionError", "pass"),
    "a callable of WSGI": appended("shop/other.py", "\n\ndef serve(environ, start_response):\n    return [environ['QUERY_STRING']]\n"),
    "a page for what is missing": appended("shop/urls.py", "\nhandler404 = 'shop.other.unrelated'\n"),
    "a registration elsewhere": appended(
        "shop/models.py", "\nfrom shop import tables\nfrom shop.sets import Notes\n\ntables.router.register('more', Notes)\n"
    ),
    "a library that is used from now on": appended("shop/other.py", "\nfrom flask import Flask\n\napp = Flask(__name__)\n"),
    "a settings module": appended("shop/other.py", "\nROOT_URLCONF = 'shop.shown'\n"),
    "a module elsewhere": moved("shop/guards.py", "shop/doors.py"),
}
OTHERS: dict[str, Edit] = {
    "a constant": appended("shop/other.py", "\nMORE = 4\n"),
    "a line on top": changed("shop/other.py", "LIMIT = 3\n", "# at most\nLIMIT = 3\n"),
    "the inside of a function": changed("shop/other.py", "number + LIMIT", "number * LIMIT"),
    "the inside of a method": changed("shop/models.py", "self.kept", "self.given"),
}
PAGES: dict[str, Edit] = {
    "a page that escapes": changed("templates/note.html", "{{ note|safe }}", "{{ note }}"),
    "a part that shows as it is": changed("templates/parts.html", "{{ note }}", "{{ note|safe }}"),
    "a page that takes in a part": changed("templates/note.html", "}}", "}}{% include 'parts.html' %}"),
    "a page elsewhere": moved("templates/note.html", "templates/old.html"),
    "a new page": appended("templates/parts.html", "<script>go()</script>"),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop of Django, whose routes go through several modules, and with modules that have nothing to do with them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def routes_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One word for each time that routes are really read."""
    told: list[str] = []
    plain = routes.read

    def read(project: Project) -> Routes:
        told.append("read")
        return plain(project)

    monkeypatch.setattr(routes, "read", read)
    return told


@pytest.mark.parametrize("name", MATTER)
def test_what_routes_stand_on_is_read_again(project: Path, routes_read: list[str], name: str) -> None:
    """Against a route of another day: one changed answer of one module, and they are read."""
    reading.read(project, is_kept=True)
    routes_read.clear()
    MATTER[name](project)
    warm = reading.read(project, is_kept=True)
    assert routes_read == ["read"]
    assert repr(warm) == repr(reading.read(project))


@pytest.mark.parametrize("name", OTHERS)
def test_what_no_route_stands_on_leaves_them_as_they_were(project: Path, routes_read: list[str], name: str) -> None:
    """A module of which the routes ask nothing that changed is read alone, and findings in the others name their routes as before."""
    before = reading.read(project, is_kept=True)
    assert ("GET /one/{word}",) in {flow.routes for flow in before.flows}
    routes_read.clear()
    OTHERS[name](project)
    warm = reading.read(project, is_kept=True)
    assert routes_read == []
    assert repr(warm) == repr(reading.read(project))


@pytest.mark.parametrize("seed", range(3))
def test_after_any_edits_the_warm_reading_is_the_cold_one(project: Path, seed: int) -> None:
    """Whatever is edited, in whatever order, and however often it is read between: byte for byte what a reading from nothing says."""
    chance = random.Random(seed)
    edits = [*MATTER.values(), *OTHERS.values(), *PAGES.values()]
    for _ in range(12):
        for edit in chance.sample(edits, chance.randint(1, 2)):
            with contextlib.suppress(FileNotFoundError):  # it lies elsewhere for now
                edit(project)
        assert repr(reading.read(project, is_kept=True)) == repr(reading.read(project))


def test_only_what_changed_is_searched_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the routes are read again, a word is looked for in the modules that have other bytes than when it was looked for last."""
    reading.read(project, is_kept=True)
    searched: set[str] = set()
    plain = Unit.says

    def says(unit: Unit, question: Question) -> bool:
        searched.add(unit.name)
        return plain(unit, question)

    monkeypatch.setattr(Unit, "says", says)
    MATTER["another address"](project)
    reading.read(project, is_kept=True)
    assert searched == {"shop.urls"}
