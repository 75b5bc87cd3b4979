from __future__ import annotations

from ringwork.survey.facts import from_plain, to_plain
from ringwork.survey.flows import Entry, Flow, SourceFacts, Step, Strength
from ringwork.survey.linters import hearing

SHELL = 'import subprocess\n\n\ndef show(name):\n    return subprocess.run(f"ls {name}", shell=True)\n'


def _facts(*strengths):
    step = Step(file="a.py", line=5, column=4, said="given to a shell")
    flows = (Flow(kind="command", strength=one, sink="x", entry=Entry(kind="query"), steps=(step,), function="f") for one in strengths)
    return SourceFacts(flows=tuple(flows), files=1, lines=5)


def _heard(folder, facts, **files):
    for name, text in {"a": SHELL, **files}.items():
        (folder / f"{name}.py").write_text(text)
    return hearing.with_others(facts, folder, [path.name for path in folder.glob("*.py")])


def test_takes_for_sure_what_our_own_reading_saw_too(tmp_path):
    """Two tools and we ourselves at one place: one fault, as strong as ours, with their names."""
    (one,) = _heard(tmp_path, _facts(Strength.STRONG)).imported
    assert (one.kind, one.strength, one.sink) == ("command", Strength.STRONG, "bandit B602, ruff S602")


def test_takes_for_weak_what_others_say_alone(tmp_path):
    """No way from a request was seen, so it is listed and no hole."""
    for facts in (_facts(), _facts(Strength.WEAK)):
        (one,) = _heard(tmp_path, facts).imported
        assert (one.strength, one.sink) == (Strength.WEAK, "bandit B602, ruff S602")


def test_leaves_remarks_out(tmp_path):
    """An assert, an import, a word that sounds like a password: nobody would find what matters among them."""
    found = _heard(tmp_path, _facts(), b='import pickle\n\n\ndef f(x, password=""):\n    assert x\n')
    assert {one.place.file for one in found.imported} == {"a.py"}


def test_tells_who_read_and_what_they_lost(tmp_path):
    """Which tools ran, over how many files, and which of them they could not read."""
    found = _heard(tmp_path, _facts(), half="def half(:\n")
    assert [(one.tool, one.ran, one.read) for one in found.heard] == [("bandit", True, 2), ("ruff", True, 2)]
    assert {unread.file for one in found.heard for unread in one.unread} == {"half.py"}


def test_lists_what_is_switched_off(tmp_path):
    """Comments that may hide a hole, with their faults; what hides a matter of style is nobody's concern."""
    found = _heard(tmp_path, _facts(), b="x = 1  # noqa\ny = 1  # noqa: E501\nz = 1  # nosec B101 - a test of the tool\n")
    assert [(one.form, one.line, bool(one.fault)) for one in found.silenced if one.file == "b.py"] == [
        ("noqa", 1, True),
        ("nosec", 3, False),
    ]


def test_tells_a_comment_that_hides_a_hole_from_one_that_hides_style(tmp_path):
    """Without a rule both hide everything, and only behind one of them is anything of security."""
    found = _heard(tmp_path, _facts(), b=SHELL.replace("shell=True)", "shell=True)  # noqa"), c="import os  # noqa\n")
    assert {(one.file, one.is_grave) for one in found.silenced} == {("b.py", True), ("c.py", False)}


def test_crosses_as_json(tmp_path):
    """The process that reads hands plain data on, and all of it comes back."""
    found = _heard(tmp_path, _facts(Strength.STRONG), b="x = 1  # noqa\n")
    assert from_plain(SourceFacts, to_plain(found)) == found
