from __future__ import annotations

import datetime
import subprocess

import pytest

from ringwork.survey.linters import ages, suppressions
from ringwork.survey.linters.suppressions import Form
from ringwork.survey.syntax import Files


def _of(folder, text):
    (folder / "a.py").write_text(text)
    return list(suppressions.of_files(Files(folder), ["a.py"]))


@pytest.mark.parametrize(
    ("line", "form", "codes", "reason", "fault"),
    [
        ("x = 1  # noqa", Form.NOQA, (), "", "names no rule"),
        ("x = 1  # noqa: S608", Form.NOQA, ("S608",), "", "no reason"),
        ("x = 1  # noqa: S608, S105 - names of columns only", Form.NOQA, ("S608", "S105"), "names of columns only", ""),
        ("x = 1  # noqa: E501", Form.NOQA, ("E501",), "", ""),
        ("x = 1  # nosec", Form.NOSEC, (), "", "names no rule"),
        ("x = 1  # nosec B602", Form.NOSEC, ("B602",), "", "no reason"),
        ("x = 1  # nosec B602 fixed words only", Form.NOSEC, ("B602",), "fixed words only", ""),
        ("x = 1  # type: ignore", Form.TYPE_IGNORE, (), "", "names no rule"),
        ("x = 1  # type: ignore[arg-type]  # their stub is wrong", Form.TYPE_IGNORE, ("arg-type",), "their stub is wrong", ""),
        ("x = 1  # pragma: no cover", Form.NO_COVER, (), "", ""),
    ],
)
def test_reads_what_a_comment_switches_off(tmp_path, line, form, codes, reason, fault):
    """Which rules are off, and why; one that names none, or says nothing, is at fault where it hides a rule of security."""
    (one,) = _of(tmp_path, f"{line}\n")
    assert (one.form, one.codes, one.reason) == (form, codes, reason)
    assert (fault in one.fault, bool(one.fault)) == (True, bool(fault))


def test_takes_no_other_mark_for_a_reason(tmp_path):
    """Two marks in one comment do not explain each other; words behind both explain both."""
    first, second = _of(tmp_path, "x = 1  # type: ignore[misc]  # noqa: S301\n")
    assert (first.reason, second.reason) == ("", "")
    assert {one.reason for one in _of(tmp_path, "x = 1  # type: ignore[misc]  # noqa: S301  # signed before\n")} == {"signed before"}


def test_sees_no_mark_inside_a_text(tmp_path):
    """What looks like a comment inside a string is none."""
    assert _of(tmp_path, 'x = "# noqa"\n') == []


def test_reads_marks_of_newer_syntax(tmp_path):
    """A file that this interpreter cannot read has its comments all the same."""
    (one,) = _of(tmp_path, "type A[T] = list[T]\ntry:\n    f()\nexcept A, B:  # noqa\n    pass\n")
    assert one.line == 4


@pytest.mark.parametrize("line", ["x = 1  # NOQA", "x = 1  # no\u017fec B602", "x = 1  # pragma: no cover", "x = 1  # pyright: ignore"])
def test_reads_a_file_that_may_have_a_mark_and_no_other(tmp_path, line):
    """A file in which no line has the words of a mark is not taken apart; one that has them is, however they are spelled."""
    (tmp_path / "a.py").write_text(f"{line}\n", encoding="utf-8")
    (tmp_path / "b.py").write_text("noqa = ignore = 1  # plain words\n")
    files = Files(tmp_path)
    assert [one.file for one in suppressions.of_files(files, ["a.py", "b.py"])] == ["a.py"]
    with pytest.raises(AttributeError):  # asked past what would read it now
        object.__getattribute__(files.file("b.py"), "root")


def test_covers_a_whole_function_from_above_it(tmp_path):
    """A comment above a definition, or on its head, is of all of it; one behind a statement is of that statement."""
    (one,) = _of(tmp_path, '# ringwork: ignore[input.path-traversal] reason="x"\n@app.get("/")\ndef f():\n    a()\n    b()\n')
    assert (one.first, one.last) == (2, 5)
    (one,) = _of(tmp_path, "def f():\n    a(\n        1,  # nosec B101\n    )\n    b()\n")
    assert (one.first, one.last) == (2, 4)


SETTINGS = """[tool.bandit]
skips = ["B608"]  # all statements are constants

[tool.ruff.lint]
ignore = ["E501", "S101"]

[tool.ruff.lint.per-file-ignores]
"shop/**" = ["S"]  # read twice by hand

[tool.mypy]
strict = true

[[tool.mypy.overrides]]
module = "shop.*"
ignore_errors = true
"""


def test_lists_settings_that_hide_rules_of_security(tmp_path):
    """A rule that nobody sees because a file says so is listed with its line; one without a reason is at fault."""
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    found = {(one.line, one.codes, bool(one.fault)) for one in suppressions.of_settings(tmp_path)}
    assert found == {(2, ("B608",), False), (5, ("S101",), True), (8, ("S",), False), (15, (), True)}


def test_tells_how_old_a_line_is(tmp_path):
    """The day comes from git, for lines that are committed; outside of a repository nobody guesses."""
    (tmp_path / "a.py").write_text("x = 1  # noqa\n")
    assert ages.of(tmp_path, [("a.py", 1)]) == {}
    when = {"GIT_COMMITTER_DATE": "2024-03-05T12:00:00Z", "GIT_AUTHOR_DATE": "2024-03-05T12:00:00Z", "PATH": "/usr/bin:/bin"}
    for words in (["init", "-q"], ["add", "a.py"], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, env=when)
    (tmp_path / "a.py").write_text("x = 1  # noqa\ny = 2  # noqa\n")
    assert ages.of(tmp_path, [("a.py", 1), ("a.py", 2), ("none.py", 1)]) == {("a.py", 1): datetime.date(2024, 3, 5)}
