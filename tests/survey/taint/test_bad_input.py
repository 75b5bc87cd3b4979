"""Projects that would end a reader: each fault is named, and what stands beside it is still found."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from ringwork.survey.flows import SourceFacts
from ringwork.survey.taint import analysis

HOLE = (
    "import os\nfrom flask import Flask, request\napp = Flask(__name__)\n@app.route('/')\ndef view():\n    os.system(request.args['a'])\n"
)


def _read(root: Path, **texts: str) -> SourceFacts:
    """With the hole in a file of its own beside the others."""
    (root / "hole.py").write_text(HOLE)
    for name, text in texts.items():
        (root / f"{name}.py").write_text(text)
    facts = analysis.analyse(root)
    assert "command" in {flow.kind for flow in facts.flows if flow.place.file == "hole.py"}
    return facts


def _unread(facts: SourceFacts) -> set[tuple[str, int]]:
    return {(one.file, one.line) for one in facts.unread}


def test_a_missing_bracket_is_named_and_the_rest_is_followed(tmp_path: Path) -> None:
    """Half-written files are what an editor checks all day."""
    facts = _read(tmp_path, half=HOLE + "\n\ndef half(a:\n    return a\n")
    assert ("half.py", 9) in _unread(facts)
    assert "command" in {flow.kind for flow in facts.flows if flow.place.file == "half.py"}


def test_endless_nesting_is_named(tmp_path: Path) -> None:
    """Against a file that ends the run by depth alone."""
    deep = _read(tmp_path, deep="x = " + "[" * 5_000 + "]" * 5_000 + "\n", sum="x = " + " + ".join(["a"] * 5_000) + "\n")
    assert {("deep.py", 1), ("sum.py", 1)} <= _unread(deep)


def test_binaries_links_and_endless_files_are_named(tmp_path: Path) -> None:
    """None of them is opened as source."""
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "binary.py").write_bytes(b"\x00\x01")
    (tmp_path / "large.py").write_bytes(b"#" * (3 * 1024 * 1024))
    assert {("loop.py", 0), ("again", 0), ("binary.py", 0), ("large.py", 0)} <= _unread(_read(tmp_path))


@pytest.mark.parametrize(
    "texts",
    [
        {"one": "from two import b as a\n", "two": "from one import a as b\n", "user": "from one import a\na(1)\n"},
        {"one": "from two import *\n", "two": "from one import *\n", "user": "from one import a\na(1)\n"},
        {"one": "import two\nx = two.y\n", "two": "import one\ny = one.x\n", "user": "from one import x\nx.z()\n"},
        {"one": "class A(A):\n    def f(self):\n        return self.f() + self.g()\nA().f()\n"},
        {"one": "from two import B\nclass A(B): pass\n", "two": "from one import A\nclass B(A): pass\nB().f()\n"},
        {"one": "def f(a):\n    return g(a)\ndef g(a):\n    return f(a) + g(f(a))\n"},
        {"one": "def f(a):\n    return f(lambda: f(f))(a)\nx = f(f)\n"},
        {"one": "x = x\ny = [y]\nz = {z: z}\nimport one\none.one.one.f()\n"},
        {"one": "def f(n):\n    a = []\n    for i in n:\n        a = [a, a]\n        n = (n, a, i)\n    return a\n"},
        {"one": "a.b.c = a = a.b = a\ndel a\nglobal q\nreturn 3\nyield\nbreak\nawait x\n"},
    ],
    ids=["names", "stars", "values", "own base", "bases", "functions", "lambdas", "itself", "growth", "nonsense"],
)
def test_circles_end(tmp_path: Path, texts: dict[str, str]) -> None:
    """Imports, bases, values and calls that lead back to themselves end, and hide nothing beside them."""
    _read(tmp_path, **texts)


def test_an_empty_folder_has_nothing(tmp_path: Path) -> None:
    """No file read is told as none, so that nothing looks proven."""
    assert analysis.analyse(tmp_path) == SourceFacts()


@pytest.mark.parametrize(
    "text",
    [
        "'ab' * 90_000_000",
        "[0] * 90_000_000",
        "'%90000000d' % 1",
        "b'%90000000d' % 1",
        "'x'.ljust(90_000_000)",
        "'{:>90000000}'.format(1)",
        "('x' * 9000).replace('x', 'y' * 9999).replace('y', 'z' * 9999)",
    ],
)
def test_makes_no_constant_that_fills_the_memory(tmp_path: Path, text: str) -> None:
    """Against a file whose constants take all memory of whoever reads it: they are bounded before they are made."""
    tracemalloc.start()
    try:
        route = f"from flask import Flask\napp = Flask(__name__)\n@app.route({text})\ndef page():\n    return 'x'\n"
        _read(tmp_path, large=f"KEPT = {text}\ndef made():\n    return {text}\n", route=route)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()
