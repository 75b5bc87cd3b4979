from __future__ import annotations

import socket
import sqlite3
import ssl
import time
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from ringwork.errors import TargetFailed
from ringwork.prove import launch, process, target

HOSTILE = """
import os, shutil, socket, sqlite3, subprocess
from fastapi import FastAPI
app = FastAPI()
seen = {}
def attempt(name, act):
    try:
        act()
        seen[name] = "done"
    except Exception as error:
        seen[name] = type(error).__name__
OUT = os.environ["OUT"]
attempt("connect", lambda: socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 2))
attempt("look up", lambda: socket.getaddrinfo("database.example", 5432))
attempt("write", lambda: open(OUT + "/written", "w"))
attempt("append", lambda: open(OUT + "/kept", "a"))
attempt("low-level write", lambda: os.open(OUT + "/written", os.O_WRONLY | os.O_CREAT))
attempt("remove", lambda: os.remove(OUT + "/kept"))
attempt("rename", lambda: os.rename(OUT + "/kept", OUT + "/moved"))
attempt("make folder", lambda: os.mkdir(OUT + "/folder"))
attempt("remove tree", lambda: shutil.rmtree(OUT))
attempt("link out", lambda: (os.symlink(OUT, "out"), open("out/written", "w")))
attempt("program", lambda: subprocess.run(["touch", OUT + "/written"]))
attempt("shell", lambda: os.system("touch " + OUT + "/written"))
def write_database():
    connection = sqlite3.connect(OUT + "/shop.db")
    connection.execute("INSERT INTO items VALUES ('from the copy')")
    connection.commit()
attempt("database", write_database)
@app.get("/")
def home():
    return seen
"""

PLAIN = """
from fastapi import FastAPI
app = FastAPI()
orders = []
@app.post("/orders")
def order():
    orders.append(1)
    open("orders.txt", "a").write("x")
    return len(orders)
"""


@pytest.fixture
def start(tmp_path):
    """Write a module, load it in a copy, and end the copy afterwards."""
    opened = []

    def load(source, *, kernel=True, extra=None, name="shop.py", users_from="", target_text=""):
        root = tmp_path / "project"
        root.mkdir(exist_ok=True)
        (root / name).write_text(source)
        launcher = launch.Launcher(target.resolve(target_text or name, here=root), extra=extra or {}, kernel=kernel)
        opened.append(launcher)
        return launcher, launcher.load(users_from)

    yield load
    for launcher in opened:
        launcher.close()


REPLACEABLE = """
from fastapi import FastAPI
app = FastAPI()
def word():
    return "own"
@app.get("/")
def home():
    return word()
def replace():
    global word
    word = lambda: "other"
"""


def _get(running, path, method="GET"):
    context = ssl._create_unverified_context()
    connection = HTTPSConnection(*running.address, context=context, timeout=5)
    connection.request(method, path, headers={"Host": running.origin.removeprefix("https://")})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


@pytest.mark.parametrize("kernel", [True, False])
def test_lets_nothing_outside_the_copy_change(start, tmp_path, kernel):
    """A target that connects, writes, removes and starts programs at import changes nothing of the user's."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "kept").write_text("kept")
    with sqlite3.connect(out / "shop.db") as database:
        database.execute("CREATE TABLE items (name TEXT)")
    database.close()
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.2)
        _, loaded = start(HOSTILE, kernel=kernel, extra={"OUT": str(out), "PORT": str(canary.getsockname()[1])})
        with pytest.raises(TimeoutError):
            canary.accept()
    with sqlite3.connect(out / "shop.db") as database:
        rows = database.execute("SELECT * FROM items").fetchall()
    database.close()
    assert sorted(path.name for path in out.iterdir()) == ["kept", "shop.db"]
    assert (out / "kept").read_text() == "kept"
    assert rows == []
    assert len(loaded.refused) >= 8


@pytest.mark.parametrize("kernel", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_refuses_each_attempt_and_goes_on_without_it(start, tmp_path, kernel):
    """The application sees ordinary errors; its database is replaced by a copy that it can write."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "kept").write_text("kept")
    with sqlite3.connect(out / "shop.db") as database:
        database.execute("CREATE TABLE items (name TEXT)")
    database.close()
    launcher, _ = start(HOSTILE, kernel=kernel, extra={"OUT": str(out), "PORT": "9"})
    _, body = _get(launcher.run(process.Change()), "/")
    assert '"database":"done"' in body
    assert body.count('"done"') == 1


def test_says_how_the_copy_is_kept_from_the_network(start):
    """Where the machine allows no namespaces, the report says that hooks alone stand."""
    _, loaded = start(PLAIN, kernel=False)
    assert loaded.confinement.startswith("audit hooks only")


def test_passes_a_server_start_over(start):
    """A module that calls app.run() at its top is imported, not served by itself."""
    source = "from flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef home():\n    return 'x'\napp.run(port=5000)\n"
    _, loaded = start(source)
    assert loaded.started == ("flask.Flask.run",)
    assert "GET /" in [route.name for route in loaded.facts.routes]


def test_scrubs_the_environment(start, monkeypatch):
    """A connection string in the user's shell never reaches the copy; what was asked for does."""
    monkeypatch.setenv("DATABASE_URL", "postgres://user@production/db")
    source = "import os\nfrom fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef home():\n    return sorted(os.environ)\n"
    launcher, _ = start(source, extra={"ASKED": "1"})
    _, body = _get(launcher.run(process.Change()), "/")
    assert "DATABASE_URL" not in body
    assert "ASKED" in body


@pytest.mark.parametrize("kernel", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_keeps_variants_apart(start, kernel):
    """What one variant writes, in memory and on disk, another never sees."""
    launcher, _ = start(PLAIN, kernel=kernel)
    one, two = launcher.run(process.Change()), launcher.run(process.Change())
    before = two.ask("state")
    _get(one, "/orders", "POST")
    assert one.ask("state")["memory:shop.orders"] != before["memory:shop.orders"]
    assert two.ask("state") == before


@pytest.mark.parametrize("kernel", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_resets_a_variant_to_its_start_on_the_same_port(start, kernel):
    """After a reset every store is as right after the import."""
    launcher, _ = start(PLAIN, kernel=kernel)
    running = launcher.run(process.Change())
    before, address = running.ask("state"), running.address
    _get(running, "/orders", "POST")
    running.reset()
    assert running.ask("state") == before
    assert running.address == address
    assert _get(running, "/orders", "POST") == (200, "1")


def test_imports_anew_where_the_import_keeps_a_database_open(start):
    """What such a connection was given of code cannot be opened anew in a fork; each variant gets an import of its own."""
    source = PLAIN + "import sqlite3\ndb = sqlite3.connect('shop.db', check_same_thread=False)\ndb.create_function('twice', 1, len)\n"
    launcher, loaded = start(source)
    assert loaded.unforkable == "the import opened a database and keeps it open"
    assert _get(launcher.run(process.Change()), "/orders", "POST")[0] == 200


def test_changes_nothing_in_the_project_itself(start, tmp_path):
    """A file that the application writes beside its code is written in the copy only."""
    launcher, _ = start(PLAIN)
    _get(launcher.run(process.Change()), "/orders", "POST")
    assert [path.name for path in (tmp_path / "project").iterdir()] == ["shop.py"]


def test_records_what_is_logged_once_and_what_is_printed(start):
    """A log record that is also printed by its handler counts once."""
    source = (
        "import logging\nfrom fastapi import FastAPI\napp = FastAPI()\nlogging.basicConfig()\n"
        "@app.get('/')\ndef home():\n    logging.warning('logged-marker')\n    print('printed-marker')\n"
    )
    launcher, _ = start(source)
    running = launcher.run(process.Change())
    _get(running, "/")
    records = running.ask("records")
    assert [sum(marker in record for record in records) for marker in ("logged-marker", "printed-marker")] == [1, 1]


def test_has_users_made_in_the_copy(start):
    """A fixture of the project makes users before any variant is forked."""
    source = PLAIN + "def people():\n    orders.append('anna')\n    return [{'name': 'anna', 'roles': ['clerk'], 'password': 'p'}]\n"
    launcher, loaded = start(source, users_from="shop:people")
    assert loaded.users[0]["name"] == "anna"
    assert _get(launcher.run(process.Change()), "/orders", "POST") == (200, "2")


DJANGO = """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="x" * 50, ROOT_URLCONF="shop", INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db"}},
)
django.setup()
from django.core.wsgi import get_wsgi_application
urlpatterns = []
app = get_wsgi_application()
def people():
    from django.contrib.auth.models import User
    User.objects.create_user("anna", password="p")
    return [{"name": "anna", "password": "p"}]
"""


def test_an_empty_database_has_its_tables_before_users_are_made(start):
    """As on a fresh clone, where nobody migrated yet."""
    _, loaded = start(DJANGO, users_from="shop:people")
    assert [user["name"] for user in loaded.users] == ["anna"]


def test_ends_every_process_and_removes_the_folder(start):
    """Nothing of a run is left behind."""
    launcher, _ = start(PLAIN)
    running = launcher.run(process.Change())
    folder, pid = launcher.first.folder, running._pid
    launcher.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():  # the kernel reaps in its own time
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}").exists()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("source", "step", "text"),
    [
        ("import nowhere_to_be_found\n", "import", "install nowhere_to_be_found"),
        ("import os\nos.environ['DATABASE_URL']\n", "import", "--env NAME=VALUE"),
        ("raise ValueError('broken')\n", "import", "shop.py:1"),
        ("import sys\nsys.exit(3)\n", "import", "ends the program"),
        ("x = 1\n", "find", "holds no FastAPI"),
        ("def create_app(size):\n    return None\n", "factory", "--factory-args"),
        ("from fastapi import FastAPI\napp = FastAPI()\nimport os\nos._exit(5)\n", "import", "process ended"),
    ],
)
def test_says_why_a_target_cannot_be_loaded_and_what_to_do(start, source, step, text):
    """Each way to fail has its own words."""
    with pytest.raises(TargetFailed) as caught:
        start(source)
    assert caught.value.step == step
    assert text in str(caught.value)


def test_gives_up_on_an_import_that_never_ends(start, monkeypatch):
    """A module that serves or waits at import is cut off, with its whole process group."""
    monkeypatch.setattr(process, "IMPORT_SECONDS", 1.5)
    with pytest.raises(TargetFailed, match="the import waited"):
        start("import time\ntime.sleep(60)\n")


def test_lets_an_import_take_its_time_while_it_computes(start, monkeypatch):
    """A large application on a busy machine is not one that waits."""
    monkeypatch.setattr(process, "IMPORT_SECONDS", 1.5)
    monkeypatch.setattr(process, "_LEAST_CPU_SECONDS", 0.05)
    source = "import time\nwhile time.process_time() < 4: sum(range(10000))\nfrom fastapi import FastAPI\napp = FastAPI()\n"
    assert start(source)[1].facts.framework == "fastapi"


INNER = {
    "fastapi": "from fastapi import FastAPI\ninner = FastAPI()\n@inner.get('/')\ndef home():\n    return 'home'\n",
    "flask": "from flask import Flask\ninner = Flask('shop')\n@inner.get('/')\ndef home():\n    return 'home'\n",
}
AROUND_ASGI = """
class Around:
    def __init__(self, app, secret):
        self.app, self.secret = app, secret
    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and scope["path"] == "/around":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"around"})
        else:
            await self.app(scope, receive, send)
"""
AROUND_WSGI = """
def around(app):
    def call(environ, start_response):
        if environ["PATH_INFO"] == "/around":
            start_response("200 OK", [])
            return [b"around"]
        return app(environ, start_response)
    return call
"""
KEEPING = """
from flask import g, request
class Keeping:
    def __init__(self, app):
        self.request, self.kept, self.app = request, [g], app
    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] != "/around":
            return self.app(environ, start_response)
        start_response("200 OK", [])
        return [b"around"]
"""
ADAPTED = """
from asgiref.wsgi import WsgiToAsgi
class KnowsNoLifespan(Around):
    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            raise ValueError("no lifespan")
        await super().__call__(scope, receive, send)
app = KnowsNoLifespan(WsgiToAsgi(inner), "x")
"""
WRAPPED = {
    "a middleware of ASGI": INNER["fastapi"] + AROUND_ASGI + "app = Around(inner, 'x')\n",
    "two of them": INNER["fastapi"] + AROUND_ASGI + "app = Around(Around(inner, 'x'), 'y')\n",
    "a router of protocols": INNER["fastapi"] + AROUND_ASGI + "app = Around({'http': inner}['http'], 'x')\n",
    "a function of WSGI": INNER["flask"] + AROUND_WSGI + "app = around(inner)\n",
    "one that keeps the request of Flask": INNER["flask"] + KEEPING + "app = Keeping(inner)\n",
    "an adapter from WSGI to ASGI": INNER["flask"] + AROUND_ASGI + ADAPTED,
}


@pytest.mark.parametrize("source", WRAPPED.values(), ids=WRAPPED)
def test_an_application_is_served_with_what_stands_around_it(start, source):
    """What production serves is attacked, and what stands inside has the routes; the report says so."""
    launcher, loaded = start(source)
    assert [route.path for route in loaded.facts.routes if route.path == "/"] == ["/"]
    assert loaded.wrapped.startswith("shop.")
    running = launcher.run(process.Change())
    assert (_get(running, "/around"), _get(running, "/")[0]) == ((200, "around"), 200)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("async def app(scope, receive, send):\n    pass\n", "app is of ASGI, and no FastAPI"),
        ("def app(environ, start_response):\n    return []\n", "app is of WSGI, and no FastAPI"),
        ("class Kept:\n    app = 1\napp = Kept()\n", "app is a Kept, no FastAPI"),
    ],
)
def test_says_that_an_application_is_of_no_kind_that_it_knows(start, source, problem):
    """Nothing that serves requests is called as if it made an application."""
    with pytest.raises(TargetFailed, match=problem):
        start(source, target_text="shop:app")


def test_says_why_a_start_fails(start):
    """An application whose own lifespan raises is told with its message."""
    source = (
        "from contextlib import asynccontextmanager\nfrom fastapi import FastAPI\n"
        "@asynccontextmanager\nasync def lifespan(app):\n    raise RuntimeError('no broker')\n    yield\n"
        "app = FastAPI(lifespan=lifespan)\n@app.get('/')\ndef home():\n    return 1\n"
    )
    launcher, _ = start(source)
    with pytest.raises(TargetFailed, match="no broker"):
        launcher.run(process.Change())


def test_takes_guards_out_of_a_foreign_application_never(start):
    """Only what ringwork put in can be taken out."""
    launcher, _ = start(PLAIN)
    with pytest.raises(TargetFailed, match="no ringwork guard"):
        launcher.run(process.Change(without=frozenset({"browser.csrf"})))


def test_puts_another_component_into_one_variant_alone(start):
    """What stands on no request's path is taken out by replacing it, in the copy that asks for it and in no other."""
    launcher, _ = start(REPLACEABLE)
    whole, breached = launcher.run(process.Change()), launcher.run(process.Change(replaced=("shop:replace",)))
    assert (_get(whole, "/"), _get(breached, "/")) == ((200, '"own"'), (200, '"other"'))


def test_says_when_what_should_replace_a_component_is_not_there(start):
    """A breached copy that was not breached would show every check able to fail."""
    launcher, _ = start(REPLACEABLE)
    with pytest.raises(TargetFailed, match="is not there"):
        launcher.run(process.Change(replaced=("shop:lost",)))
