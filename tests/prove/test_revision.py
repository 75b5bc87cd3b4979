from __future__ import annotations

import subprocess

import pytest

from ringwork.errors import TargetFailed
from ringwork.prove import revision

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@example.invalid", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main")


@pytest.fixture
def git(tmp_path, monkeypatch):
    """A repository with one commit on main, and git at work in it."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")

    def _git(*words):
        subprocess.run(["git", *IDENTITY, *words], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "shop.py").write_text("one\ntwo\nthree\nfour\n")
    (tmp_path / "page.html").write_text("<p>\n")
    for words in (("init",), ("add", "."), ("commit", "-m", "first")):
        _git(*words)
    return _git


def test_nothing_changed_is_no_change(git, tmp_path):
    """The tree as it was committed."""
    assert revision.changes(tmp_path, "main") == {}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one\nTWO\nthree\nfour\n", {2}),
        ("one\ntwo\nnew\nnewer\nthree\nfour\n", {3, 4}),
        ("one\nthree\nfour\n", {1, 2}),
        ("two\nthree\nfour\nfive\n", {0, 1, 4}),
        ("one\n\n\ntwo\nthree\nfour\n\n\nfive\n", {9}),
        ("one\n\nthree\nfour\n", {2}),
        ("one\ntwo\nthree\n++ four\n", {4}),
        ("one\n-- two\n+++ b/other.py\nthree\nfour\nfive", {2, 3, 6}),
    ],
)
def test_names_the_lines_that_changed(git, tmp_path, text, lines):
    """New lines by their number now; where lines were taken out, their neighbours; empty lines say nothing."""
    (tmp_path / "shop.py").write_text(text)
    assert revision.changes(tmp_path, "main") == {"shop.py": frozenset(lines)}


def test_reads_a_line_that_looks_like_one_of_gits_own(git, tmp_path):
    """What was taken out may begin with two signs, and is no head of another file."""
    (tmp_path / "shop.py").write_text("one\n-- two\n++ three\nfour\n")
    git("commit", "-am", "signs")
    (tmp_path / "shop.py").write_text("one\nfour\nlast\n")
    assert revision.changes(tmp_path, "HEAD") == {"shop.py": frozenset({1, 2, 3})}


def test_an_empty_line_alone_changes_nothing(git, tmp_path):
    """The file is listed, and none of its lines."""
    (tmp_path / "shop.py").write_text("one\n\ntwo\nthree\nfour\n")
    assert revision.changes(tmp_path, "main") == {"shop.py": frozenset()}


def test_counts_what_is_new_and_what_is_taken_away(git, tmp_path):
    """A file that git does not know yet is changed whole, as are other kinds of file."""
    (tmp_path / "new one.py").write_text("x\n")
    (tmp_path / "page.html").unlink()
    (tmp_path / ".ringwork").mkdir()
    (tmp_path / ".ringwork" / "report.json").write_text("{}")
    assert revision.changes(tmp_path, "main") == {"new one.py": None, "page.html": None}


def test_counts_from_where_the_branch_began(git, tmp_path):
    """What others did on main meanwhile is none of this branch's changes."""
    git("checkout", "-b", "branch")
    (tmp_path / "shop.py").write_text("one\ntwo\nthree\nFOUR\n")
    git("commit", "-am", "ours")
    git("checkout", "main")
    (tmp_path / "page.html").write_text("<b>\n")
    git("commit", "-am", "theirs")
    git("checkout", "branch")
    assert revision.changes(tmp_path, "main") == {"shop.py": frozenset({4})}


def test_names_files_below_the_projects_folder(git, tmp_path):
    """In a repository of several projects only this one's changes are seen, by the names that its routes have."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "app.py").write_text("x\n")
    git("add", ".")
    git("commit", "-m", "second")
    (tmp_path / "inner" / "app.py").write_text("y\n")
    (tmp_path / "shop.py").write_text("other\n")
    assert revision.changes(tmp_path / "inner", "HEAD") == {"app.py": frozenset({1})}


@pytest.mark.parametrize("name", ["nowhere", "--upload-pack=x", "-h", "main; ls"])
def test_refuses_a_revision_that_git_does_not_know(git, tmp_path, name):
    """A mistyped branch must not narrow the run to nothing; words of git's own are no revisions."""
    with pytest.raises(TargetFailed, match="git knows no revision"):
        revision.changes(tmp_path, name)


def test_refuses_a_folder_without_a_repository(tmp_path):
    """Nothing can be measured there."""
    with pytest.raises(TargetFailed, match="in no repository"):
        revision.changes(tmp_path, "main")
