from __future__ import annotations

import os
import sys

import pytest

from ringwork.survey.linters import bandit, deptry, grimp, mypy, ruff, run, semgrep
from ringwork.survey.linters.tool import Asked, Declined, Saw, State, Tool

SHELL = 'import subprocess\n\n\ndef show(name):\n    return subprocess.run(f"ls {name}", shell=True)\n'
PLAIN = 'import subprocess\n\n\ndef show():\n    return subprocess.run(["/bin/ls", "--"], check=True)\n'
HALF = "def half(:\n    pass\n"


def _asked(folder, *, is_whole=True, **files):
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.py"))
    return Asked(root=folder, files=tuple(names), is_whole=is_whole)


def _of(tool, asked):
    (result,) = run.run(asked, tools=(tool,))
    assert result.state is State.RAN, result.why
    return result


@pytest.mark.parametrize("tool", [bandit.TOOL, ruff.TOOL], ids=lambda tool: tool.name)
def test_tells_a_shell_and_not_a_list_of_words(tmp_path, tool):
    """A text given to a shell is found at its line, and the same command as a list is not called that."""
    result = _of(tool, _asked(tmp_path, bad=SHELL, safe=PLAIN))
    found = [(one.kind, one.place.file, one.place.line) for one in result.flows if one.kind == "command"]
    assert found == [("command", "bad.py", 5)]


@pytest.mark.parametrize("tool", [bandit.TOOL, ruff.TOOL], ids=lambda tool: tool.name)
def test_tells_the_file_that_could_not_be_read(tmp_path, tool):
    """A file with a syntax error is not passed over: it is named with the tool and the reason."""
    result = _of(tool, _asked(tmp_path, bad=SHELL, half=HALF))
    assert {one.file for one in result.unread} == {"half.py"}
    assert all(one.why.startswith(tool.name) for one in result.unread)


def test_tells_what_the_configuration_of_bandit_leaves_out(tmp_path):
    """A folder that nobody reads because a setting says so is not a folder without faults."""
    (tmp_path / "pyproject.toml").write_text('[tool.bandit]\nexclude_dirs = ["left"]\nskips = ["B404"]\n')
    result = _of(bandit.TOOL, _asked(tmp_path, bad=SHELL, left__bad=SHELL))
    assert {one.file for one in result.unread} == {"left/bad.py"}
    assert {one.place.file for one in result.flows} == {"bad.py"}
    assert "bandit B404" not in {one.sink for one in result.flows}


def test_respects_what_the_project_ignores_in_ruff(tmp_path):
    """A rule that the project ignores stays ignored, although ours are asked for on the command line."""
    (tmp_path / "pyproject.toml").write_text('[tool.ruff.lint]\nselect = ["E"]\nignore = ["S602"]\n')
    result = _of(ruff.TOOL, _asked(tmp_path, bad=SHELL, other="def f(x):\n    assert x\n"))
    assert {one.sink for one in result.flows if one.place.file == "bad.py"} & {"ruff S602"} == set()
    assert "ruff S101" in {one.sink for one in result.flows}


def test_knows_what_a_comment_hides(tmp_path):
    """A warning behind a comment is not told as open, and is known to be there; a comment of another rule hides nothing."""
    hushed = SHELL.replace("shell=True)", "shell=True)  # noqa: S602")
    other = SHELL.replace("shell=True)", "shell=True)  # noqa: E501")
    whole = f"# ruff: noqa\n{SHELL}"
    result = _of(ruff.TOOL, _asked(tmp_path, hushed=hushed, other=other, whole=whole))
    assert {one.place.file for one in result.flows if one.sink == "ruff S602"} == {"other.py"}
    assert {one.place.file for one in result.hidden if one.sink == "ruff S602"} == {"hushed.py", "whole.py"}


def test_prints_no_password_that_bandit_found(tmp_path):
    """A report is read by more people than the file: the length stands for the password."""
    result = _of(bandit.TOOL, _asked(tmp_path, keys='password = "hunter2-very-long"\n'))
    (one,) = [one for one in result.flows if one.kind == "secret"]
    assert "hunter2" not in one.detail
    assert "17 characters" in one.detail


def test_never_runs_a_file_of_the_project(tmp_path):
    """A file of the project that is named like a module of the tool's is read, not imported."""
    mark = tmp_path / "ran"
    trap = f"from pathlib import Path\nPath({str(mark)!r}).touch()\n"
    results = run.run(_asked(tmp_path, json=trap, bandit=trap, ruff=trap, argparse=trap), tools=(bandit.TOOL, ruff.TOOL))
    assert [one.state for one in results] == [State.RAN, State.RAN]
    assert not mark.exists()


def test_asks_mypy_only_where_it_is_configured(tmp_path):
    """A project that uses no type checker is told so, and not flooded."""
    (result,) = run.run(_asked(tmp_path, a="def f(x):\n    return x\n"), tools=(mypy.TOOL,))
    assert (result.state, "no mypy configuration" in result.why) == (State.UNASKED, True)


def test_reads_the_errors_of_mypy(tmp_path):
    """With strict settings an untyped definition is an error at its line; a typed one is none."""
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\n")
    result = _of(mypy.TOOL, _asked(tmp_path, a="def f(x):\n    return 1\n", b="def g(x: int) -> int:\n    return x\n"))
    assert {(one.kind, one.place.file, one.place.line) for one in result.flows} == {("types", "a.py", 1)}


def test_tells_that_mypy_gave_up(tmp_path):
    """A syntax error ends mypy's whole run, so its silence about all other files is no proof."""
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\n")
    result = _of(mypy.TOOL, _asked(tmp_path, a="def f(x):\n    return 1\n", half=HALF))
    assert [(one.file, "nothing else" in one.why) for one in result.unread] == [("half.py", True)]


def test_tells_dependencies_that_are_declared_and_not_used(tmp_path):
    """What nobody imports is named, what is imported is not."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\ndependencies = ["packaging", "pygments"]\n')
    result = _of(deptry.TOOL, _asked(tmp_path, a="import packaging\n"))
    assert [(one.sink, one.place.file) for one in result.flows] == [("deptry DEP002", "pyproject.toml")]
    assert "pygments" in result.flows[0].detail


LAYERS = """[tool.importlinter]
root_package = "shop"
[[tool.importlinter.contracts]]
name = "low knows no high"
type = "layers"
layers = ["shop.high", "shop.low"]
"""


def test_tells_an_import_that_a_contract_forbids(tmp_path):
    """The layer below imports the one above: found at its line, and the other direction is fine."""
    (tmp_path / "pyproject.toml").write_text(LAYERS)
    bad = _of(grimp.TOOL, _asked(tmp_path, shop____init__="", shop__high="from shop import low\n", shop__low="import os\n"))
    assert bad.flows == ()
    result = _of(grimp.TOOL, _asked(tmp_path, shop__high="", shop__low="import os\nfrom shop import high\n"))
    assert [(one.kind, one.place.file, one.place.line) for one in result.flows] == [("contract", "shop/low.py", 2)]


def test_asks_no_tool_of_whole_projects_about_some_files(tmp_path):
    """A hook that is given two files must not wait for the whole project."""
    asked = _asked(tmp_path, is_whole=False, a="x = 1\n")
    assert {one.state for one in run.run(asked, tools=(mypy.TOOL, deptry.TOOL, grimp.TOOL))} == {State.UNASKED}


def _tool(code, read=lambda path, asked: Saw()):
    return Tool(name="stand-in", start=lambda asked, result: [sys.executable, "-c", code, str(result)], read=read)


def test_ends_a_tool_that_takes_too_long(tmp_path):
    """A tool that hangs is ended with all that it started, and told as late."""
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
    (result,) = run.run(_asked(tmp_path, a="x = 1\n"), tools=(_tool(code),), limit_seconds=0.3)
    assert result.state is State.LATE


@pytest.mark.parametrize("code", ["raise SystemExit(0)", "import sys; open(sys.argv[1], 'w').write('[')", "raise SystemExit('no')"])
def test_believes_no_exit_code(tmp_path, code):
    """Without a result file that can be read nothing was looked at, however well the process ended."""
    (result,) = run.run(_asked(tmp_path, a="x = 1\n"), tools=(_tool(code, read=ruff.read),))
    assert (result.state, bool(result.why)) == (State.FAILED, True)


def test_hands_no_secret_of_the_environment_on(tmp_path, monkeypatch):
    """What a tool has no use for does not reach it."""
    monkeypatch.setenv("SHOP_SECRET", "top")
    code = "import json, os, sys; json.dump(sorted(os.environ), open(sys.argv[1], 'w'))"
    seen = []
    run.run(_asked(tmp_path, a="x = 1\n"), tools=(_tool(code, read=lambda path, asked: seen.append(path.read_text()) or Saw()),))
    assert "SHOP_SECRET" not in seen[0]
    assert "PATH" in os.environ


def test_says_what_would_let_an_absent_tool_run(tmp_path, monkeypatch):
    """A tool that is not there is named with the line that brings it."""
    monkeypatch.setattr("ringwork.survey.linters.tool.program", lambda name: "")
    found = semgrep.start(_asked(tmp_path, a="x = 1\n"), tmp_path / "r.json")
    assert isinstance(found, Declined)
    assert found.unlock == "pip install semgrep"
