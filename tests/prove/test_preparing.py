"""An application whose database is made by a command is proven with that database, and not as one whose every page fails."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from ringwork.survey.harness import preparing
from tests.prove import copies_of

APP = """
import sqlite3
import sys
from flask import Flask
app = Flask(__name__)
def connect():
    return sqlite3.connect("shop.db")
@app.get("/")
def home():
    return [name for (name,) in connect().execute("SELECT name FROM items ORDER BY name")]
"""
MAKE = 'c = connect(); c.execute("CREATE TABLE items (name TEXT)"); c.execute("INSERT INTO items VALUES (\'pear\')"); c.commit()'
SCRIPT = 'import sqlite3\nc = sqlite3.connect("shop.db"); c.execute("CREATE TABLE items (name TEXT)"); c.commit()\n'
MODELS = """
from fastapi import FastAPI
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
engine = create_engine("sqlite:///shop.db")
class Base(DeclarativeBase):
    pass
class Item(Base):
    __tablename__ = "items"
    name: Mapped[str] = mapped_column(primary_key=True)
app = FastAPI()
@app.get("/")
def home():
    with Session(engine) as session:
        return list(session.scalars(select(Item.name)))
"""
STARTING = MODELS.replace("FastAPI()", "FastAPI(lifespan=begin)").replace(
    "class Item(Base)",
    """from contextlib import asynccontextmanager
@asynccontextmanager
async def begin(app):
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Item(name="pear"))
        session.commit()
    yield
class Item(Base)""",
)


@pytest.mark.parametrize(
    ("files", "told", "body"),
    [
        (
            {"app.py": f"{APP}\nif __name__ == '__main__':\n    {MAKE}\n    app.run(debug=True)\n"},
            "what app does when it is started itself",
            '["pear"]',
        ),
        (
            {"app.py": f"{APP}\ndef main():\n    {MAKE}\n    app.run()\nif '__main__' == __name__:\n    main()\n"},
            "what app does",
            '["pear"]',
        ),
        ({"app.py": f"{APP}\n@app.cli.command('init-db')\ndef command():\n    {MAKE}\n"}, "the command `flask init-db`", '["pear"]'),
        ({"app.py": f"{APP}\ndef create_tables():\n    {MAKE}\n"}, "app.create_tables()", '["pear"]'),
        ({"app.py": APP, "init_db.py": SCRIPT}, "python init_db.py", "[]"),
        ({"app.py": APP, "tools/create_database.py": SCRIPT}, "python tools/create_database.py", "[]"),
        ({"app.py": MODELS}, "create_all() of its models", "[]"),
        ({"app.py": STARTING}, "", '["pear"]'),
        ({"app.py": f"{APP}\n{MAKE}\nif __name__ == '__main__':\n    {MAKE}\n    app.run()\n"}, "", '["pear"]'),
    ],
    ids=["main", "main-function", "flask-command", "function", "script", "script-below", "models", "at-start", "at-import"],
)
def test_an_empty_database_is_filled_by_the_projects_own_means(tmp_path: Path, files: dict[str, str], told: str, body: str) -> None:
    """Its page answers, what filled it is told, and nothing is left beside the project; what makes its own tables is left to it."""
    with copies_of.loaded(tmp_path, files, "app.py") as (launcher, loaded):
        sentences = [sentence for sentence in loaded.refused if "was filled by" in sentence]
        assert [sentence.rpartition(" filled by ")[2].startswith(told) for sentence in sentences] == ([True] if told else [])
        status, answered = copies_of.home(launcher)
        assert (status, answered.strip().replace("\n", "").replace(" ", "")) == (200, body)
    assert not list(tmp_path.rglob("*.db"))


def test_the_folder_of_a_database_is_made(tmp_path: Path) -> None:
    """A checkout has no folder of data, and whoever sets the application up makes it."""
    text = f"{APP}\n{MAKE}\n".replace("shop.db", "data/kept/shop.db")
    with copies_of.loaded(tmp_path, {"app.py": text}, "app.py") as (launcher, loaded):
        assert "the folder data/kept of a database was made" in loaded.refused
        assert "pear" in copies_of.home(launcher)[1]
    assert not (tmp_path / "data").exists()


def test_a_database_with_rows_is_left_alone(tmp_path: Path) -> None:
    """A developer's own data are copied as they are."""
    files = {"app.py": f"{APP}\nif __name__ == '__main__':\n    {MAKE}\n"}
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("CREATE TABLE items (name TEXT)")
        connection.execute("INSERT INTO items VALUES ('apple')")
    with copies_of.loaded(tmp_path, files, "app.py") as (launcher, loaded):
        assert not [sentence for sentence in loaded.refused if "was filled by" in sentence]
        assert "apple" in copies_of.home(launcher)[1]


def test_what_never_ends_is_left_and_what_fails_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A server that nobody knows, a question at the terminal, a parser of arguments: the proof goes on with the copy as it is."""
    monkeypatch.setattr(preparing, "_SECONDS", 0.5)

    def endless() -> None:
        while True:
            with contextlib.suppress(BaseException):
                print("serving")

    held = dict[str, bool]()
    steps = (endless, lambda: input("Sure? "), lambda: sys.exit(2), lambda: held.update(debug=True))
    assert [preparing._tried("a start", step, tmp_path) for step in steps] == [False, True, True, True]
    assert held == {}
    assert capfd.readouterr().out == ""


def test_a_start_that_only_waits_does_not_end_the_proof(tmp_path: Path) -> None:
    """Against a run that is given up: a server that nobody knows waits under `__main__`, and the copy is proven as it is."""
    main = "from wsgiref.simple_server import make_server\n    make_server('127.0.0.1', 0, app).serve_forever()"
    files = {"app.py": f"{APP}\nif __name__ == '__main__':\n    {main}\n", "init_db.py": SCRIPT}
    with copies_of.loaded(tmp_path, files, "app.py") as (launcher, loaded):
        assert [sentence for sentence in loaded.refused if "filled by python init_db.py" in sentence]
        assert copies_of.home(launcher)[0] == 200


def test_what_waits_each_time_is_not_tried_without_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The parent gives up a copy that computes nothing for long: so many steps that wait may be tried, and no more."""
    monkeypatch.setattr(preparing, "_IDLE_SECONDS", 0.5)
    monkeypatch.setattr(preparing, "_held", lambda folder: {})  # other tests of this process may keep databases in memory

    def waits(number: int) -> None:
        (tmp_path / f"{number}.txt").write_text("began")
        threading.Event().wait()

    monkeypatch.setattr(preparing, "_main", lambda module: waits(0))
    monkeypatch.setattr(preparing, "_steps", lambda app, folder: ((f"start {at}", functools.partial(waits, at)) for at in range(1, 9)))
    preparing.prepare(SimpleNamespace(), folder=tmp_path, module=__name__, imports=["sqlite3"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.txt", "1.txt", "2.txt"]


def test_what_a_start_by_hand_switches_on_is_not_proven(tmp_path: Path) -> None:
    """A server that imports the module never sees it: only what is written into files stays of such a start."""
    switch = "@app.after_request\n    def marked(answer):\n        answer.headers['X-Marked'] = 'yes'\n        return answer"
    page = APP.replace('@app.get("/")', '@app.get("/")\n@app.get("/state")').replace(
        "def home():", "def home():\n    if 'DARK' in app.config:\n        return 'dark'"
    )
    files = {"app.py": f"{page}\nif __name__ == '__main__':\n    {MAKE}\n    app.config['DARK'] = True\n    {switch}\n    app.run()\n"}
    with copies_of.loaded(tmp_path, files, "app.py") as (launcher, loaded):
        assert [sentence for sentence in loaded.refused if "what app does when it is started itself" in sentence]
        status, body = copies_of.home(launcher)
        assert (status, "pear" in body) == (200, True)
