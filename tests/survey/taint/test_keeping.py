"""What was read is kept until something that it stands on changes."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from ringwork.survey import kept_files, reading
from ringwork.survey.flows import SourceFacts
from ringwork.survey.looks import register
from ringwork.survey.taint import analysis, keeping, packing, shelf
from ringwork.survey.taint import reading as parsing

VIEWS = """\
import hashlib
import sqlite3

from flask import Flask, request

from shop.conf import DIGEST
from shop.words import clean, run
from shop.store import Store

app = Flask(__name__)


@app.get("/notes")
def notes():
    run(sqlite3.connect("notes.db"), "SELECT * FROM notes WHERE word = '" + clean(request.args["word"]) + "'")
    return ""


@app.get("/sum")
def digest():
    return hashlib.new(DIGEST, request.args["password"].encode()).hexdigest()


@app.get("/kept")
def kept(store):
    store.keep_word(request.args["word"])
    return ""
"""
WORDS = """\
def clean(word):
    return word


def run(connection, text):
    connection.execute(text)
"""
STORE = """\
import os


class Store:
    def keep_word(self, word):
        return len(word)
"""
CONF = "DIGEST = 'sha256'\n"
SETTINGS = "INSTALLED_APPS = []\nDEBUG = False\n"
WSGI = "import os\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"
URLS = "from django.urls import path\n\nfrom shop import pages\n\nurlpatterns = [path('one', pages.one)]\n"
PAGES = """\
import os

from shop.models import order_of


def one(request):
    os.system(order_of(request))


def two(request):
    os.system(request.GET["word"])
"""
MORE = {
    "shop/settings.py": SETTINGS,
    "shop/live.py": SETTINGS.replace("DEBUG = False", "DEBUG = True"),
    "shop/wsgi.py": WSGI,
    "shop/urls.py": URLS,
    "shop/pages.py": PAGES,
    "shop/models.py": "def order_of(request):\n    return request.GET['order']\n",
    "templates/note.html": "{{ note }}",
    "templates/old.html": "{{ note|safe }}",
    "requirements.txt": "flask\n",
}
OTHER = """\
def unrelated():
    return 1
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop whose view leans on two other modules: on one by its name, on one because an object may be of its class."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    (root / "shop").mkdir(parents=True)
    for name, text in {"__init__": "", "views": VIEWS, "words": WORDS, "store": STORE, "conf": CONF, "other": OTHER}.items():
        (root / "shop" / f"{name}.py").write_text(text)
    for name, text in MORE.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def read_now(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the modules that are really followed from now on."""
    names: list[str] = []
    plain = analysis.Module.read

    def noted(self: analysis.Module, *given: object) -> None:
        names.append(self.unit.name)
        plain(self, *given)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(analysis.Module, "read", noted)
    return names


def kinds(facts: SourceFacts) -> list[tuple[str, str]]:
    """Kind and place of each flow."""
    return [(flow.kind, flow.place.file) for flow in facts.flows]


def test_the_second_reading_is_the_kept_one(project: Path, read_now: list[str]) -> None:
    """Every field comes back as it was, and nothing is followed again."""
    plain = reading.read(project)
    assert ("sql", "shop/views.py") in kinds(plain)
    assert reading.read(project, is_kept=True) == plain
    read_now.clear()
    assert reading.read(project, is_kept=True) == plain
    assert read_now == []


def test_a_module_that_nobody_asks_is_read_alone(project: Path, read_now: list[str]) -> None:
    """Of a project in which one file changed, only that one is followed again."""
    reading.read(project, is_kept=True)
    (project / "shop" / "other.py").write_text(OTHER + "\n\nimport hashlib\n\nhashlib.md5(b'password')\n")
    read_now.clear()
    found = reading.read(project, is_kept=True)
    assert read_now == ["shop.other"]
    assert found == reading.read(project)


def change_words(project: Path) -> None:
    """A helper in another module makes a number of what it is given."""
    (project / "shop" / "words.py").write_text(WORDS.replace("return word", "return int(word)"))


def change_constant(project: Path) -> None:
    """A name of a module that no function of it is called of."""
    (project / "shop" / "conf.py").write_text(CONF.replace("sha256", "md5"))


def change_store(project: Path) -> None:
    """A method that a view reaches only by its name runs a command."""
    (project / "shop" / "store.py").write_text(STORE.replace("return len(word)", "return os.system(word)"))


def add_method(project: Path) -> None:
    """Another class has a method of that name, in a module that nobody asked for before."""
    (project / "shop" / "other.py").write_text("import os\n\n\nclass Kept:\n    def keep_word(self, word):\n        os.system(word)\n")


def change_route(project: Path) -> None:
    """A view is no route any more."""
    (project / "shop" / "views.py").write_text(VIEWS.replace('@app.get("/notes")\n', ""))


def add_module(project: Path) -> None:
    """A new module shadows nothing, and is read."""
    (project / "shop" / "new.py").write_text("import os\n\nfrom flask import request\n\n\ndef go():\n    os.system(request.args['x'])\n")


def remove_module(project: Path) -> None:
    """A helper is gone."""
    (project / "shop" / "words.py").unlink()


def break_module(project: Path) -> None:
    """A file is half written."""
    (project / "shop" / "words.py").write_text("def clean(word:\n    return word\n")


def change_template(project: Path) -> None:
    """A page shows a text as it is."""
    (project / "templates" / "note.html").write_text("{{ note|safe }}<script>1</script>")


def add_template(project: Path) -> None:
    """A page comes with a link that opens a window."""
    (project / "templates" / "new.html").write_text('<a href="//example.org" target="_blank" rel="opener">x</a>')


def rename_template(project: Path) -> None:
    """The same page lies where tests lie."""
    (project / "tests").mkdir()
    (project / "templates" / "old.html").rename(project / "tests" / "old.html")


def remove_template(project: Path) -> None:
    """A page is gone, and what was told of it with it."""
    (project / "templates" / "old.html").unlink()


def change_settings(project: Path) -> None:
    """A setting of production is turned on."""
    (project / "shop" / "settings.py").write_text(SETTINGS.replace("DEBUG = False", "DEBUG = True"))


def change_which_settings(project: Path) -> None:
    """The servers are told other settings."""
    (project / "shop" / "wsgi.py").write_text(WSGI.replace("shop.settings", "shop.live"))


def change_routes(project: Path) -> None:
    """Another view answers an address."""
    (project / "shop" / "urls.py").write_text(URLS.replace("pages.one", "pages.two"))


def change_models(project: Path) -> None:
    """What a view asks the models for is a number from now on."""
    (project / "shop" / "models.py").write_text("def order_of(request):\n    return int(request.GET['order'])\n")


def add_environment(project: Path) -> None:
    """A file of secrets lies in the project."""
    (project / "deploy.yml").write_text("api_key: 'q8Zt2Lw9Xk4Vn7Rb3Mc6'\n")


def change_requirements(project: Path) -> None:
    """A package that nobody keeps is asked for."""
    (project / "requirements.txt").write_text("pycrypto==2.6\n")


@pytest.mark.parametrize(
    "change",
    [
        change_words, change_constant, change_store, add_method, change_route, add_module, remove_module, break_module, change_template,
        add_template, rename_template, remove_template, change_settings, change_which_settings, change_routes, change_models,
        add_environment, change_requirements,
    ],
)  # fmt: skip
def test_whatever_a_finding_stands_on_is_read_again(project: Path, change: Callable[[Path], None]) -> None:
    """Against findings of another day: what is kept says what a reading from nothing says."""
    before = reading.read(project, is_kept=True)
    change(project)
    after = reading.read(project, is_kept=True)
    assert after == reading.read(project)
    assert after != before


def test_files_that_did_not_change_are_not_looked_at_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the files that are no Python the one that changed is looked at, and what was told of the others is told again."""
    looked: list[str] = []
    plain = register.FILES
    monkeypatch.setattr(register, "FILES", (lambda one: looked.append(one.file) or (), *plain))
    before = reading.read(project, is_kept=True)
    assert {"templates/note.html", "templates/old.html"} <= set(looked)
    assert ("html", "templates/old.html") in kinds(before)
    looked.clear()
    change_template(project)
    after = reading.read(project, is_kept=True)
    assert looked == ["templates/note.html"]
    assert ("html", "templates/old.html") in kinds(after)


def test_another_engine_reads_again(project: Path, read_now: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that was mended finds what the old one did not."""
    reading.read(project, is_kept=True)
    monkeypatch.setattr(shelf, "engine", lambda: "another")
    read_now.clear()
    reading.read(project, is_kept=True)
    assert len(read_now) == 12


def kept_file(tmp_path: Path) -> Path:
    """The one file of what is kept."""
    (path,) = (tmp_path / "cache" / "ringwork").glob("source-*.kept")
    return path


@pytest.mark.parametrize("damage", ["empty", "half", "text", "other shape"])
def test_a_damaged_file_is_read_again(project: Path, tmp_path: Path, damage: str) -> None:
    """Half a file is no result, and is replaced by a whole one."""
    plain = reading.read(project, is_kept=True)
    path = kept_file(tmp_path)
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "half": whole[: len(whole) // 2], "text": b"{}", "other shape": packing.pack(("a", {}))}[damage])
    assert reading.read(project, is_kept=True) == plain
    assert path.read_bytes() == whole


class Forged:
    """What a forged file would have the reader run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("run by the reader",)


def test_a_forged_file_runs_nothing(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only syntax and findings come out of what is kept; the same bytes do run where anything may come out."""
    plain = reading.read(project, is_kept=True)
    forged = pickle.dumps(("", {}, Forged()))
    pickle.loads(forged)
    assert capsys.readouterr().out == "run by the reader\n"
    kept_file(tmp_path).write_bytes(forged)
    assert reading.read(project, is_kept=True) == plain
    assert capsys.readouterr().out == ""
    with pytest.raises(shelf.Unfit, match=r"builtins\.print"):
        packing.unpack(forged)


def test_a_folder_that_cannot_be_written_only_costs_time(project: Path, tmp_path: Path) -> None:
    """A read-only home ends no run."""
    (tmp_path / "cache").write_text("a file, no folder")
    assert reading.read(project, is_kept=True) == reading.read(project)


def test_of_many_projects_the_oldest_go(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that only grows is somebody's full disk."""
    monkeypatch.setattr(kept_files, "_MOST_PROJECTS", 2)
    for number in range(4):
        other = tmp_path / f"project{number}"
        other.mkdir()
        (other / "a.py").write_text("a = 1\n")
        reading.read(other, is_kept=True)
    assert len(list((tmp_path / "cache" / "ringwork").glob("source-*.kept"))) == 2


def test_what_no_module_needs_any_more_is_left_out(project: Path, tmp_path: Path) -> None:
    """A project that changes for years keeps one reading."""
    reading.read(project, is_kept=True)
    before = len(kept_file(tmp_path).read_bytes())
    for number in range(20):
        (project / "shop" / "other.py").write_text(OTHER.replace("1", str(number)))
        reading.read(project, is_kept=True)
    assert len(kept_file(tmp_path).read_bytes()) < before * 1.1


def test_what_could_not_be_read_is_told_each_time(project: Path) -> None:
    """A kept reading does not forget what it left out."""
    (project / "shop" / "deep.py").write_text("a = " + "-" * 3_000 + "1\n")
    plain = reading.read(project)
    assert [one.file for one in plain.unread] == ["shop/deep.py"]
    for _ in range(2):
        assert reading.read(project, is_kept=True) == plain


def test_syntax_comes_back_as_it_went(project: Path) -> None:
    """Numbers of every kind, bytes, names and comments."""
    data = b"x = (1, 2.5, 3j, b'b', None, True, 'a', ...)  # said\ndef f(*a: int, **k): yield a\n"
    module = parsing.parse(data, file="a.py", name="a")
    assert packing.unpack(packing.pack(module)) == module


def test_who_has_no_home_reads_all_the_same(tmp_path, monkeypatch):
    """As a user of a container that no file of users names; and a cache that is named without its root is none of this folder."""
    (tmp_path / "app.py").write_text("A = 1\n")
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.chdir(tmp_path)

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    kept = keeping.of(tmp_path)
    kept.parse(b"A = 1\n", file="app.py", name="app", is_package=False)
    kept.close()
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


def test_what_an_application_keeps_is_asked_again_of_the_module_that_keeps_it(project: Path, read_now: list[str]) -> None:
    """A client that another module begins to keep makes what is asked of it matter; a module that gives nothing of that name does not."""
    (project / "asks.py").write_text(
        "from aiohttp import web\nasync def asked(request):\n    await request.app['http'].get(request.query['url'])\n"
        "def make():\n    app = web.Application()\n    app.router.add_get('/asked', asked)\n    return app\n",
        encoding="utf-8",
    )
    (project / "begins.py").write_text("async def begin(app):\n    pass\n", encoding="utf-8")
    before = reading.read(project, is_kept=True)
    (project / "begins.py").write_text("async def begin(app):\n    pass\n\ndef other():\n    pass\n", encoding="utf-8")
    read_now.clear()
    assert reading.read(project, is_kept=True).flows == before.flows
    assert read_now == ["begins"]
    (project / "begins.py").write_text(
        "import aiohttp\nasync def begin(app):\n    app['http'] = aiohttp.ClientSession()\n", encoding="utf-8"
    )
    after = reading.read(project, is_kept=True)
    assert [(flow.kind, flow.place.file) for flow in after.flows if flow not in before.flows] == [("ssrf", "asks.py")]
    assert after == reading.read(project)
