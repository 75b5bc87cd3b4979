"""What all looks have in common: their kinds mean something, their order is the same each time, and files can be picked."""

from __future__ import annotations

import re
from pathlib import Path

from ringwork.prove import kinds
from ringwork.survey import looks
from ringwork.survey.looks import register
from ringwork.survey.taint.project import Project
from tests.survey.looks.conftest import all_seen

_BAD = {"a.py": "def f(u):\n    assert u.is_admin\n    breakpoint()\n", "b.py": "def g(u):\n    assert u.is_staff\n"}


def test_each_kind_that_a_look_tells_has_a_meaning():
    """A kind that nobody described is shown as a remark, and belongs to no control."""
    folder = Path(looks.__file__).parent
    told = {
        kind
        for path in sorted(folder.glob("*.py"))
        for kind in re.findall(r'(?:flow|of_file)\(\s*"([a-z-]+)"', path.read_text(encoding="utf-8"))
    }
    assert len(told) > 20
    assert told <= set(kinds.kinds())


def test_every_module_of_looks_is_registered_or_serves_one():
    """A look that stands in no tuple sees nothing."""
    folder = Path(looks.__file__).parent
    with_look = {path.stem for path in folder.glob("*.py") if re.search(r"(?m)^def look\(", path.read_text(encoding="utf-8"))}
    registered = {look.__module__.rpartition(".")[2] for look in (*register.LOOKS, *register.FILES, *register.PROJECTS)}
    assert with_look == registered


def test_tells_the_same_in_the_same_order(tmp_path):
    """Two runs differ in nothing."""
    for name, text in _BAD.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    first, second = (all_seen(Project(tmp_path)) for _ in range(2))
    assert first == second
    assert [(flow.place.file, flow.place.line) for flow in first] == [("a.py", 2), ("a.py", 3), ("b.py", 2)]


def test_only_the_files_that_were_asked_for_are_told(tmp_path):
    """A hook before a commit asks for what changed."""
    for name, text in _BAD.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert {flow.place.file for flow in all_seen(Project(tmp_path), only={"b.py"})} == {"b.py"}


def test_what_is_half_written_is_looked_at_as_far_as_it_goes(tmp_path):
    """A file that a person is writing has no syntax yet, and may have a fault already."""
    (tmp_path / "a.py").write_text("def f(u):\n    assert u.is_admin\n\ndef g(:\n", encoding="utf-8")
    (tmp_path / "b.py").write_bytes(b"\xff\xfe\x00broken")
    (tmp_path / "c.html").write_text("{{ {% for x %} {{ a|safe", encoding="utf-8")
    assert any(flow.kind == "assert-guard" for flow in all_seen(Project(tmp_path)))
