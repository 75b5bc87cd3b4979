"""What reading a project gives: the ways of values together with what no way shows."""

from __future__ import annotations

from ringwork.survey import reading
from ringwork.survey.flows import Entry, Flow, Step, Strength

_APP = """
import sqlite3
from flask import Flask, request

app = Flask(__name__)
app.secret_key = "written here"


@app.route("/notes")
def notes():
    name = request.args.get("name")
    return str(sqlite3.connect("a.db").execute(f"SELECT * FROM notes WHERE name = '{name}'").fetchall())
"""


def _flow(line: int, strength: Strength, said: str) -> Flow:
    step = Step(file="app.py", line=line, column=0, said=said)
    return Flow(kind="weak-hash", strength=strength, sink="x", entry=Entry(), steps=(step,), function="app")


def test_ways_and_looks_are_told_together(tmp_path):
    """One reading, one list, by place."""
    (tmp_path / "app.py").write_text(_APP, encoding="utf-8")
    facts = reading.read(tmp_path)
    strong = [(flow.kind, flow.place.line) for flow in facts.flows if flow.strength is Strength.STRONG]
    assert ("default-secret", 6) in strong
    assert ("sql", 12) in strong
    assert facts.files == 1


def test_one_thing_that_both_see_is_told_once():
    """The stronger one stays; at equal strength the way that a value takes says more."""
    ways = (_flow(1, Strength.STRONG, "way"), _flow(2, Strength.WEAK, "way"))
    looks = (_flow(1, Strength.STRONG, "look"), _flow(2, Strength.STRONG, "look"), _flow(3, Strength.WEAK, "look"))
    assert [(flow.place.line, flow.place.said) for flow in reading.joined(ways, looks)] == [(1, "way"), (2, "look"), (3, "look")]


def test_the_templates_beside_a_lone_module_are_its_own(tmp_path):
    """Flask has them there; another program's folder is not looked into."""
    (tmp_path / "shop.py").write_text("from flask import Flask\napp = Flask(__name__)\n", encoding="utf-8")
    for folder in ("templates", "other/templates"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "page.html").write_text("<html><body>{{ words|safe }}</body></html>", encoding="utf-8")
    assert [flow.place.file for flow in reading.read(tmp_path, only=("shop.py",)).flows] == ["templates/page.html"]
