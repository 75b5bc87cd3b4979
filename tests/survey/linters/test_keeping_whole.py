"""What a tool said of a whole project is asked for again only where something changed that it stands on."""

from __future__ import annotations

import dataclasses

import pytest

from ringwork.survey.linters import deptry, grimp, imported, mypy, ruff, run, semgrep, standing
from ringwork.survey.linters.tool import Asked, State

SHOP = """[project]
name = "shop"
version = "1"
dependencies = ["packaging", "pygments"]
[tool.mypy]
strict = true
[tool.importlinter]
root_package = "shop"
[[tool.importlinter.contracts]]
name = "down only"
type = "layers"
layers = ["shop.views", "shop.data"]
"""
TOOLS = (deptry.TOOL, grimp.TOOL, mypy.TOOL)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project in which each of the tools finds something, and the names of those that were started."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    root = tmp_path / "work"
    (root / "shop").mkdir(parents=True)
    (root / "pyproject.toml").write_text(SHOP)
    for name, text in {
        "__init__": "",
        "views": "import packaging\n",
        "data": "from shop import views\n\n\ndef f(x):\n    return x\n",
    }.items():
        (root / f"shop/{name}.py").write_text(text)
    started = []
    true = run._ended

    def ended(words, *given):
        started.append(next(one.name for one in TOOLS if any(one.name in word or "contracts" in word for word in words[:4])))
        return true(words, *given)

    monkeypatch.setattr(run, "_ended", ended)
    return root, started


def _asked(root, **more):
    files = tuple(sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py")))
    return Asked(root=root, files=files, **{"is_kept": True, **more})


def _result(tool, asked):
    (found,) = run.run(asked, tools=(tool,))
    assert found.state is State.RAN, found.why
    return found


def _told(result):
    return sorted(map(str, result.flows)), sorted(map(str, result.unread))


def _again(tool, root, started):
    """What is told now, and whether the tool was started for it; it has to be what a fresh run tells."""
    started.clear()
    told = _told(_result(tool, _asked(root)))
    was_started = bool(started)
    assert told == _told(_result(tool, _asked(root, is_kept=False)))
    return told, was_started


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_project_that_did_not_change_is_not_asked_about_again(project, tool):
    """The second time nothing is started, and the same is told, which is something."""
    root, started = project
    first = _told(_result(tool, _asked(root)))
    assert first[0]
    assert _again(tool, root, started) == (first, False)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_change_of_what_it_reads_asks_again(project, tool):
    """An import and a definition are what these tools judge."""
    root, started = project
    first = _told(_result(tool, _asked(root)))
    (root / "shop/data.py").write_text("import pygments\n\n\ndef g(x: int) -> str:\n    return x\n")
    told, was_started = _again(tool, root, started)
    assert was_started
    assert told != first


def test_a_project_that_is_an_environment_itself_is_asked_again_too(project):
    """Against `python -m venv .`, after which no change of the project's own files would be seen."""
    root, started = project
    (root / "pyvenv.cfg").write_text("home = /usr/bin\n")
    before, _ = _again(grimp.TOOL, root, started)
    assert _again(grimp.TOOL, root, started) == (before, False)
    (root / "shop/data.py").write_text("")
    after, was_started = _again(grimp.TOOL, root, started)
    assert was_started
    assert after != before


@pytest.mark.parametrize("tool", [deptry.TOOL, grimp.TOOL], ids=lambda tool: tool.name)
def test_a_change_of_no_import_asks_nobody_who_reads_imports(project, tool):
    """What a function says after the imports of a file is nothing to them; a line before them moves their places."""
    root, started = project
    _result(tool, _asked(root))
    data = root / "shop/data.py"
    data.write_text(data.read_text() + "\n\nLIMIT = 5\n")
    assert _again(tool, root, started)[1] is False
    data.write_text("# moved\n" + data.read_text())
    assert _again(tool, root, started)[1] is True


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_change_of_the_settings_asks_again(project, tool):
    """Each stands in the project's settings."""
    root, started = project
    _result(tool, _asked(root))
    changed = (
        SHOP.replace(', "pygments"', "")
        .replace("strict = true", "strict = false")
        .replace('"layers"\n', '"layers"\nignore_imports = ["shop.data -> shop.views"]\n')
    )
    (root / "pyproject.toml").write_text(changed)
    assert _again(tool, root, started) == (([], []), True)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_another_version_asks_again(project, tool, monkeypatch):
    """What an older one said is not the newer one's word."""
    root, started = project
    _result(tool, _asked(root))
    monkeypatch.setattr(run, "_version", lambda name: "99.0")
    assert _again(tool, root, started)[1] is True


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_another_package_in_the_environment_asks_again(project, tool, tmp_path, monkeypatch):
    """Dependencies are judged by what is installed, and types by what the packages say."""
    root, started = project
    site = tmp_path / "site-packages"
    (site / "thing-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(site))
    _result(tool, _asked(root))
    assert _again(tool, root, started)[1] is False
    (site / "thing-1.0.dist-info" / "METADATA").write_text("Name: thing\n")
    assert _again(tool, root, started)[1] is True
    (site / "other-1.0.dist-info").mkdir()
    assert _again(tool, root, started)[1] is True


def test_a_module_on_the_path_outside_of_the_project_asks_mypy_again(project, tmp_path, monkeypatch):
    """What is installed to be edited has no version that changes."""
    root, started = project
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/thing.py").write_text("LIMIT = 5\n")
    monkeypatch.syspath_prepend(str(tmp_path / "beside"))
    _result(mypy.TOOL, _asked(root))
    (tmp_path / "beside/thing.py").write_text("LIMIT = '5'\n")
    assert _again(mypy.TOOL, root, started)[1] is True


def test_what_git_ignores_asks_deptry_again(project, tmp_path):
    """It passes over ignored files, and what is ignored may be said above the project and in the user's settings."""
    root, started = project
    _result(deptry.TOOL, _asked(root))
    home = tmp_path / "home"
    for path, text in (
        (tmp_path / ".gitignore", "views.py\n"),
        (home / ".gitconfig", f"[core]\nexcludesfile = {home}/x\n"),
        (home / "x", "data.py\n"),
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        assert _again(deptry.TOOL, root, started)[1] is True
    assert _again(deptry.TOOL, root, started)[1] is False


@pytest.mark.parametrize(
    ("tool", "name", "text"),
    [
        (deptry.TOOL, "requirements.txt", "-r ../other.txt\n"),
        (deptry.TOOL, "pyproject.toml", f'{SHOP}[tool.deptry]\nrequirements_files = ["../other.txt"]\n'),
        (mypy.TOOL, "pyproject.toml", SHOP.replace("strict = true", 'strict = true\nmypy_path = "../stubs"')),
        (ruff.TOOL, "ruff.toml", 'extend = "../ruff.toml"\n'),
    ],
)
def test_nothing_is_kept_where_settings_lead_out_of_the_project(project, tool, name, text):
    """Nobody looks there for changes."""
    root, _ = project
    (root / name).write_text(text)
    how = tool.together or tool.apart
    assert how.about(_asked(root)) == ""
    (root / name).write_text(SHOP if name == "pyproject.toml" else "")
    assert how.about(_asked(root)) != ""


def test_some_files_are_no_project(project):
    """What is kept of a whole project answers for no part of it."""
    root, _ = project
    _result(deptry.TOOL, _asked(root))
    (found,) = run.run(dataclasses.replace(_asked(root), is_whole=False), tools=(deptry.TOOL,))
    assert found.state is State.UNASKED


def test_nothing_is_kept_of_a_tool_that_gave_up(project, monkeypatch):
    """The next time it may get further."""
    root, started = project
    true = run._ended
    monkeypatch.setattr(run, "_ended", lambda *given: (-9, true(*given)[1]))
    _result(deptry.TOOL, _asked(root))
    monkeypatch.setattr(run, "_ended", true)
    assert _again(deptry.TOOL, root, started)[1] is True


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'["a", "b", 5]', b"[1, 2, 3]"])
def test_a_damaged_file_of_a_whole_project_holds_nothing(project, tmp_path, damage):
    """Nothing is told that somebody else wrote there."""
    root, started = project
    _result(deptry.TOOL, _asked(root))
    (kept,) = (tmp_path / "cache/ringwork").glob("deptry-*.kept")
    kept.write_bytes(damage)
    assert _again(deptry.TOOL, root, started)[1] is True


PLAIN = b"import os\n\n\ndef f():\n    from json import loads as l\n\n\nx = 1\n"


@pytest.mark.parametrize(
    ("change", "is_seen"),
    [
        (lambda text: text.replace(b"x = 1", b"x = 2"), False),
        (lambda text: text.replace(b"import os", b"import sys"), True),
        (lambda text: text.replace(b"json", b"toml"), True),
        (lambda text: text.replace(b"x = 1", b"try:\n    import y\nexcept E:\n    pass"), True),
        (lambda text: text.replace(b"x = 1", b"match x:\n    case 1:\n        import y"), True),
        (lambda text: text.replace(b"import os", b"if T: import os"), True),
        (lambda text: b'"""' + text + b'"""', True),
        (lambda text: text.replace(b"x = 1", b"x = = 1"), True),
        (lambda text: text.replace(b"x = 1", b"print 'x'"), True),
        (lambda text: text.replace(b"x = 1", b"__import__('y')"), True),
        (lambda text: text.replace(b"x = 1", b"x = 1  # deptry: ignore"), True),
        (lambda text: text.replace(b"x = 1", b"x = '\xff'"), True),
    ],
)
def test_what_a_file_imports_is_told_apart_from_the_rest(change, is_seen):
    """Each way to import, and whatever makes a file unreadable, is another file; a value is not."""
    assert (imported.of(change(PLAIN)) != imported.of(PLAIN)) is is_seen


def test_newer_syntax_is_read_by_an_older_interpreter():
    """Several exceptions without parentheses are ordinary already."""
    newer = PLAIN + b"try:\n    f()\nexcept OSError, json.JSONDecodeError:\n    import y\n"
    assert imported.of(newer) == imported.of(newer + b"z = 5\n")
    assert imported.of(newer) != imported.of(newer.replace(b"import y", b"import z"))


def test_a_condition_around_an_import_is_part_of_it():
    """An import for types alone is another than one that runs."""
    held = b"if TYPE_CHECKING:\n    import os\n"
    assert imported.of(held) != imported.of(held.replace(b"TYPE_CHECKING", b"TYPE_UNCHECKED"))
    assert imported.of(held) == imported.of(held + b"y = 5\n")


@pytest.fixture
def lone(tmp_path, started):
    """A project of two files, and the files that a tool was started with."""
    root = tmp_path / "lone"
    (root / "inner").mkdir(parents=True)
    for name in ("a.py", "inner/b.py"):
        (root / name).write_text("def f(x):\n    assert x\n    return eval(x)\n")
    return root, started


def test_ruff_is_asked_of_the_file_that_changed(lone):
    """And tells of all of them what a fresh run tells."""
    root, started = lone
    first, started[:] = _told(_result(ruff.TOOL, _asked(root))), []
    assert _told(_result(ruff.TOOL, _asked(root))) == first
    assert started == []
    (root / "a.py").write_text("assert 1\n")
    told = _told(_result(ruff.TOOL, _asked(root)))
    assert started == [["a.py"]]
    assert told == _told(_result(ruff.TOOL, _asked(root, is_kept=False)))


@pytest.mark.parametrize("name", ["pyproject.toml", "ruff.toml", "inner/ruff.toml", "../ruff.toml"])
def test_another_configuration_of_ruff_asks_of_every_file(lone, name):
    """The nearest one counts for a file, wherever it stands."""
    root, started = lone
    _result(ruff.TOOL, _asked(root))
    started.clear()
    (root / name).write_text('[tool.ruff.lint]\nignore = ["S101"]\n' if "pyproject" in name else '[lint]\nignore = ["S101"]\n')
    _result(ruff.TOOL, _asked(root))
    assert started == [["a.py", "inner/b.py"]]


def test_what_semgrep_said_is_taken_apart_and_put_together(lone):
    """By file, without the lines that it quotes; its rules and the project's are what it stands on."""
    root, _ = lone
    one = {"check_id": "x.rule", "path": "a.py", "start": {"line": 3, "col": 5}, "extra": {"message": "eval", "lines": "eval(secret)"}}
    given = {"results": [one], "errors": [{"path": "inner/b.py", "message": "half", "type": "Syntax"}, {"message": "elsewhere"}]}
    parts = semgrep.TOOL.apart.parts(given, root)
    assert set(parts) == {"a.py", "inner/b.py"}
    whole = semgrep.TOOL.apart.whole(list(parts.values()))
    assert "secret" not in str(whole)
    assert [one["extra"]["message"] for one in whole["results"]] == ["eval"]
    before = semgrep.TOOL.apart.about(_asked(root))
    (root / ".semgrep").mkdir()
    (root / ".semgrep/own.yml").write_text("rules: []\n")
    assert semgrep.TOOL.apart.about(_asked(root)) != before


def test_a_worktree_is_ignored_by_the_repository_that_it_belongs_to(tmp_path):
    """Its `.git` is a file that names it."""
    common, tree = tmp_path / "main/.git", tmp_path / "tree"
    (common / "info").mkdir(parents=True)
    (common / "worktrees/tree").mkdir(parents=True)
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {common}/worktrees/tree\n")
    before = list(standing.ignoring(tree))
    (common / "info/exclude").write_text("a.py\n")
    assert list(standing.ignoring(tree)) != before
