"""Where a way ends that is longer than anybody reads, and where it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.survey.flows import Strength
from ringwork.survey.taint import analysis

HEAD = "import sqlite3\n\nfrom flask import Flask, request\n\napp = Flask(__name__)\n\n"


def chain(count: int, made: str) -> str:
    """A value through so many functions, from a view to a statement. made: what the view hands to the first."""
    text = f"{HEAD}\ndef f0(text):\n    return sqlite3.connect('a').execute(text)\n"
    for number in range(1, count):
        text += f"\n\ndef f{number}(text):\n    return f{number - 1}(text)\n"
    return f"{text}\n\n@app.get('/')\ndef view():\n    return f{count - 1}({made})\n"


@pytest.mark.parametrize("count", [10, 23, 24, 40, 55])
def test_a_long_way_is_told_with_its_two_ends(tmp_path: Path, count: int) -> None:
    """Against a hole behind many functions: what is left out of its way is named, and the place is the line that makes the text."""
    (tmp_path / "a.py").write_text(chain(count, """"SELECT '" + request.args["a"] + "'" """))
    (flow,) = analysis.analyse(tmp_path).flows
    assert (flow.kind, flow.strength, flow.function) == ("sql", Strength.STRONG, "a.view")
    assert flow.place.line == flow.steps[0].line == len((tmp_path / "a.py").read_text().splitlines())
    assert flow.steps[-1].said == "reaches sqlite3.Connection.execute"
    assert len(flow.steps) <= 26
    assert ("more steps, which are left out" in [step.said for step in flow.steps]) is (count > 22)


def test_a_long_way_without_a_request_is_silent(tmp_path: Path) -> None:
    """The same functions with a constant."""
    (tmp_path / "a.py").write_text(chain(40, "'SELECT 1'"))
    assert not analysis.analyse(tmp_path).flows
