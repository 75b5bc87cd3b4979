"""Modules that say nothing of routes are left alone, and nothing that they might have said is missed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.survey import reading
from ringwork.survey.taint import analysis, routes, routes_reading
from ringwork.survey.taint.handlers import Handler
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.routes_reading import Reader

VIEWS = """\
import os

from rest_framework import viewsets


class Notes(viewsets.ModelViewSet):
    queryset = ()

    def list(self, request):
        os.system(request.query_params["word"])
"""
URLS = "from django.urls import include, path\n\nfrom shop import {table}\n\nurlpatterns = [path('api/', include({router}.urls))]\n"
MADE = "from rest_framework.routers import SimpleRouter\n\nfrom shop.views import Notes\n\nrouter = SimpleRouter()\n"
REGISTERED = "router.register('notes', Notes)\n"
PROJECTS = {
    "made and registered in one module": {
        "routing.py": MADE + REGISTERED,
        "urls.py": URLS.format(table="routing", router="routing.router"),
    },
    "registered in another module": {
        "routing.py": MADE,
        "listed.py": "from shop.routing import router as shown\nfrom shop.views import Notes\n\nshown.register('notes', Notes)\n",
        "urls.py": URLS.format(table="routing", router="routing.router"),
    },
    "known by another name": {
        "routing.py": MADE + REGISTERED,
        "names.py": "from shop import routing\n\nways = routing.router\n",
        "urls.py": URLS.format(table="names", router="names.ways"),
    },
    "given to a module from outside": {
        "table.py": "shown = None\n",
        "routing.py": "from shop import table\n" + MADE + REGISTERED + "table.shown = router\n",
        "urls.py": URLS.format(table="table", router="table.shown"),
    },
    "given from outside under another name": {
        "table.py": "shown = None\n",
        "names.py": "from shop.table import shown as listed\n",
        "routing.py": "from shop import names\n" + MADE + REGISTERED + "names.listed = router\n",
        "urls.py": URLS.format(table="table", router="table.shown"),
    },
    "handed to a function": {
        "routing.py": MADE + "from shop.listed import add\n\nadd(router)\n",
        "listed.py": "from shop.views import Notes\n\n\ndef add(to):\n    to.register('notes', Notes)\n",
        "urls.py": URLS.format(table="routing", router="routing.router"),
    },
    "a dot on the line before": {
        "routing.py": MADE + "(router.  # all of them\n    register)('notes', Notes)\n",
        "urls.py": URLS.format(table="routing", router="routing.router"),
    },
    "a method that other libraries have too": {
        "admin.py": "class Page:\n    def more(self):\n        return self.add_view('/more', view=self)\n",
        "routing.py": MADE + REGISTERED,
        "urls.py": URLS.format(table="routing", router="routing.router"),
    },
}


def _made(root: Path, files: dict[str, str]) -> Path:
    (root / "shop").mkdir(parents=True)
    for name, text in {"__init__.py": "", "views.py": VIEWS, "other.py": "def unrelated():\n    return 1\n", **files}.items():
        (root / "shop" / name).write_text(text)
    return root


def _handlers(root: Path) -> tuple[Handler, ...]:
    with analysis.undisturbed():
        return routes.handlers(Project(root))


@pytest.mark.parametrize("files", PROJECTS.values(), ids=PROJECTS.keys())
def test_finds_the_same_as_when_every_module_is_asked(tmp_path: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking few modules is only faster: wherever a router stands and whatever it is called, its routes are those of a whole reading."""
    found = _handlers(_made(tmp_path, files))
    monkeypatch.setattr(routes_reading, "_is_any_used", lambda project: True)
    assert found == _handlers(tmp_path)


def test_reads_the_route_of_a_router_that_another_module_fills(tmp_path: Path) -> None:
    """A view set is a handler where the module that registers it is none that the URLconf names."""
    found = _handlers(_made(tmp_path, PROJECTS["registered in another module"]))
    assert "/api/notes/" in {one.path for one in found if one.function == "shop.views.Notes.list"}


def test_asks_no_module_that_names_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that nobody waits for: what cannot say anything of routes is not looked through."""
    asked: list[str] = []
    plain = Reader._said

    def noted(self: Reader, unit: object) -> object:
        asked.append(unit.name)  # type: ignore[attr-defined] # a unit, as it is called with one
        return plain(self, unit)  # type: ignore[arg-type] # the same

    monkeypatch.setattr(Reader, "_said", noted)
    _handlers(_made(tmp_path, PROJECTS["made and registered in one module"]))
    assert "shop.routing" in asked
    assert "shop.other" not in asked


def test_asks_every_module_where_an_import_inside_a_function_brings_flask(tmp_path: Path) -> None:
    """A factory imports its framework where it needs it: the application that it makes is found all the same."""
    lines = [
        "def make():",
        "    from flask import Flask",
        "    app = Flask(__name__)",
        "    @app.get('/x')",
        "    def x():",
        "        return ''",
    ]
    files = {"app.py": "\n".join([*lines, ""])}
    assert [one.path for one in _handlers(_made(tmp_path, files)) if one.framework == "flask"] == ["/x"]


CHANGES: dict[str, dict[str, str | None]] = {
    "a base class is another one": {"shop/base.py": "class Base:\n    def run(self, word):\n        return word\n"},
    "a class has another name": {"shop/base.py": "import os\n\n\nclass Renamed:\n    def run(self, word):\n        os.system(word)\n"},
    "a file is gone": {"shop/base.py": None},
    "what everything is imported from defines the name": {"shop/star.py": "class Base:\n    def run(self, word):\n        return word\n"},
    "an import leads elsewhere": {
        "shop/pages.py": "from shop.calm import Child\n\n\ndef one(request):\n    Child().run(request.GET['word'])\n"
    },
    "a route leads elsewhere": {"shop/urls.py": "from django.urls import path\n\nurlpatterns = []\n"},
    "a setting is weaker": {"shop/settings.py": "ROOT_URLCONF = 'shop.urls'\nINSTALLED_APPS = []\nDEBUG = True\n"},
}
CLASSES = {
    "shop/__init__.py": "",
    "shop/settings.py": "ROOT_URLCONF = 'shop.urls'\nINSTALLED_APPS = []\n",
    "shop/urls.py": "from django.urls import path\n\nfrom shop import pages\n\nurlpatterns = [path('one', pages.one)]\n",
    "shop/star.py": "OTHER = 1\n",
    "shop/base.py": "import os\n\n\nclass Base:\n    def run(self, word):\n        os.system(word)\n",
    "shop/child.py": "from shop.star import *\nfrom shop.base import *\n\n\nclass Child(Base):\n    pass\n",
    "shop/calm.py": "class Child:\n    def run(self, word):\n        return word\n\n\nurlpatterns = []\n",
    "shop/pages.py": "from shop.child import Child\n\n\ndef one(request):\n    Child().run(request.GET['word'])\n",
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES.keys())
def test_what_was_kept_never_answers_for_what_changed(
    tmp_path: Path, changes: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stale answer is a hole that nobody is told of: after each change, what is kept says what a first reading says."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    (root / "shop").mkdir(parents=True)
    for name, text in CLASSES.items():
        (root / name).write_text(text)
    before = reading.read(root, is_kept=True)
    assert reading.read(root, is_kept=True) == before
    assert ("command", ("GET /one",)) in {(flow.kind, flow.routes) for flow in before.flows}
    for name, changed in changes.items():
        (root / name).unlink() if changed is None else (root / name).write_text(changed)
    after = reading.read(root, is_kept=True)
    assert after == reading.read(root)
    assert after != before
