from __future__ import annotations

import pytest

from ringwork.survey.flows import Entry, Flow, Step, Strength
from ringwork.survey.linters import merging, tool
from ringwork.survey.syntax import Files


def _ours(kind, line, file="a.py"):
    step = Step(file=file, line=line, column=4, said="here")
    return Flow(kind=kind, strength=Strength.STRONG, sink="x", entry=Entry(kind="query"), steps=(step,), function="f")


def _theirs(code, kind, line, file="a.py", column=4):
    name = "bandit" if code.startswith("B") else "ruff"
    return tool.seen(tool=name, code=code, kind=kind, file=file, line=line, column=column, said="said")


def _told(rows):
    return [(row.flow.kind, row.flow.place.line, row.seen_by) for row in rows]


def test_makes_one_row_of_one_fault():
    """The same statement, seen by three, is one row that names all three, ours first."""
    rows = merging.merged([_ours("command", 5)], [_theirs("S602", "command", 5), _theirs("B602", "command", 5)])
    assert _told(rows) == [("command", 5, ("ringwork", "bandit B602", "ruff S602"))]
    assert rows[0].flow.strength is Strength.STRONG


def test_makes_one_row_of_two_tools_without_us():
    """Two tools at one place are one row as well, and stay weak: nobody followed a value there."""
    (row,) = merging.merged([], [_theirs("S608", "sql", 7), _theirs("B608", "sql", 8)])
    assert (row.seen_by, row.flow.strength) == (("ruff S608", "bandit B608"), Strength.WEAK)


@pytest.mark.parametrize(("kind", "other"), [("deserialise", "loader"), ("sql", "orm"), ("weak-hash", "password-hash")])
def test_joins_kinds_of_one_cause(kind, other):
    """A loader and what it loads are one fault under two names."""
    assert len(merging.merged([_ours(kind, 3)], [_theirs("B506", other, 3)])) == 1


def test_hears_others_where_a_text_is_made_and_where_it_is_run():
    """What is told in the line that makes a text ends in a helper: another tool may name either."""
    made, run = Step(file="a.py", line=5, column=4, said="made"), Step(file="b.py", line=9, column=4, said="run")
    entry = Entry(kind="query")
    flow = Flow(kind="command", strength=Strength.STRONG, sink="x", entry=entry, steps=(made, run), function="f", told=made)
    rows = merging.merged([flow], [_theirs("S605", "command", 5), _theirs("B602", "command", 9, file="b.py")])
    assert _told(rows) == [("command", 5, ("ringwork", "ruff S605", "bandit B602"))]
    assert len(merging.merged([flow], [_theirs("B602", "command", 5, file="b.py")])) == 2


@pytest.mark.parametrize(
    "theirs",
    [
        pytest.param(_theirs("B602", "command", 9), id="another line"),
        pytest.param(_theirs("B324", "weak-hash", 5), id="another cause"),
        pytest.param(_theirs("B602", "command", 5, file="b.py"), id="another file"),
    ],
)
def test_keeps_what_is_another_fault(theirs):
    """A merge must not hide one fault behind another."""
    assert len(merging.merged([_ours("command", 5)], [theirs])) == 2


def test_keeps_neighbours_apart():
    """The same fault on two lines below each other is two rows, each with its own witnesses."""
    rows = merging.merged(
        [_ours("weak-hash", 5), _ours("weak-hash", 6)],
        [_theirs(code, "weak-hash", line) for code in ("B324", "S324") for line in (6, 5)],
    )
    seen = ("ringwork", "bandit B324", "ruff S324")
    assert _told(rows) == [("weak-hash", 5, seen), ("weak-hash", 6, seen)]


def test_keeps_two_findings_of_one_rule_on_one_line():
    """One tool that speaks twice of one line has seen two things."""
    rows = merging.merged([], [_theirs("B105", "secret", 2, column=1), _theirs("B105", "secret", 2, column=30)])
    assert len(rows) == 2


def test_joins_what_stands_in_one_statement(tmp_path):
    """A call over six lines is one statement, whichever of them a tool points at."""
    (tmp_path / "a.py").write_text("run(\n    1,\n    2,\n    3,\n    shell=True,\n)\nrun()\n")
    spans = Files(tmp_path).span
    assert len(merging.merged([_ours("command", 1)], [_theirs("B602", "command", 5)], spans=spans)) == 1
    assert len(merging.merged([_ours("command", 1)], [_theirs("B602", "command", 8)], spans=spans)) == 2


def test_answers_the_same_in_any_order():
    """The order in which tools end changes nothing."""
    theirs = [_theirs(code, "sql", line) for code in ("S608", "B608") for line in (3, 4, 5)]
    assert _told(merging.merged([], theirs)) == _told(merging.merged([], theirs[::-1]))
