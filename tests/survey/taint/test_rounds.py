"""What is left out for its time gives what it would have given."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.survey import reading
from ringwork.survey.taint import ir, memory, rounds
from ringwork.survey.taint import reading as parsing

LOOPS = """\
import os

from flask import Flask, request

app = Flask(__name__)


@app.get("/last")
def last(words):
    for word in words:
        os.system(kept)
        kept = request.args["word"]


@app.get("/other")
def other(words):
    text = ""
    while text != "end":
        os.system(text)
        if words:
            continue
        text = request.args["text"]


@app.get("/each")
def each(words):
    for name, word in words:
        found = clean(word)
        for inner in found:
            line = "echo " + inner + request.args["inner"]
            os.system(line)


@app.get("/tree")
def tree():
    os.system(flat(request.get_json()))
    os.system(flat(["a", ["b", request.args["b"]]]))
    os.system(flat({"a": {"b": [request.args["c"]]}}))


def flat(data):
    if isinstance(data, dict):
        return " ".join(flat(value) for value in data.values())
    if isinstance(data, list):
        return " ".join([flat(value) for value in data])
    return data


def clean(word):
    return word
"""


def _loop(text: str) -> frozenset[str]:
    statement = parsing.parse(text.encode(), file="a.py").body[0]
    assert isinstance(statement, ir.For | ir.While)
    is_for = isinstance(statement, ir.For)
    return rounds.fresh(statement.body, statement.target if is_for else None, None if is_for else statement.test)


@pytest.mark.parametrize(
    ("text", "fresh"),
    [
        ("for a, b in c:\n    d = a\n    e = d\n", {"a", "b", "d", "e"}),
        ("for a in c:\n    d = d + a\n", {"a"}),
        ("for a in c:\n    use(d)\n    d = a\n", {"a"}),
        ("for a in c:\n    if a:\n        d = 1\n    use(d)\n", {"a"}),
        ("for a.b in c:\n    d = a\n", {"d"}),
        ("for a in c:\n    d.x = a\n    d = 1\n", {"a"}),
        ("for a in c:\n    use(lambda: d)\n    d = a\n", {"a"}),
        ("while a:\n    a = 1\n    b = 2\n", {"b"}),
    ],
)
def test_knows_what_a_round_does_not_take_over(text: str, fresh: set[str]) -> None:
    """A variable that may be read before it is given a value carries something from round to round."""
    assert _loop(text) == fresh


@pytest.mark.parametrize("always", ["rounds", "trees"])
def test_what_is_left_out_would_have_said_nothing_more(always: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Second rounds of loops, and functions that go down a tree: the short way and the long one tell the same."""
    (tmp_path / "app.py").write_text(LOOPS, encoding="utf-8")
    short = reading.read(tmp_path)
    if always == "rounds":
        monkeypatch.setattr(rounds, "fresh", lambda *given: frozenset())
    else:
        monkeypatch.setattr(memory.Memory, "_is_alone", lambda *given: False)
    assert reading.read(tmp_path) == short
    assert sum(flow.kind == "command" for flow in short.flows) >= 5
