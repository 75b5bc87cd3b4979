from __future__ import annotations

import subprocess

import pytest

from ringwork.prove import checkout


@pytest.fixture
def repository(tmp_path):
    """A repository with one commit and a project in a folder of it."""
    project = tmp_path / "services" / "shop"
    project.mkdir(parents=True)
    (project / "main.py").write_text("app = None\n")
    _git(tmp_path, "init", "-q", "-b", "main")
    _commit(tmp_path)
    return tmp_path


def _git(folder, *words):
    identity = ["-c", "user.name=anna", "-c", "user.email=anna@clinic.example"]
    return subprocess.run(["git", "-C", folder, *identity, *words], check=True, capture_output=True, text=True).stdout.strip()


def _commit(folder):
    _git(folder, "add", ".")
    _git(folder, "commit", "-q", "-m", "first")


def test_names_the_whole_commit_of_a_clean_tree(repository):
    """A statement about a commit needs all of its digits."""
    found = checkout.of(repository)
    assert found == checkout.Checkout(commit=_git(repository, "rev-parse", "HEAD"), tree="clean", folder="")


def test_tells_where_the_project_stands_in_its_repository(repository):
    """Code scanning wants paths from the top of the repository, and a project may be a folder of it."""
    assert checkout.of(repository / "services" / "shop").folder == "services/shop"


@pytest.mark.parametrize("name", ["services/shop/main.py", "services/shop/new.py", "other.py"])
def test_tells_that_the_tree_was_changed(repository, name):
    """What is attacked holds edited and new files too, so the commit alone does not name it."""
    (repository / name).write_text("app = 1\n")
    assert checkout.of(repository / "services" / "shop").tree == "changed"


def test_a_report_of_an_earlier_run_changes_nothing(repository):
    """The run writes into the tree itself; its own files are no change of the code."""
    reports = repository / "services" / "shop" / ".ringwork"
    reports.mkdir()
    (reports / "report.json").write_text("{}")
    assert checkout.of(repository / "services" / "shop").tree == "clean"


def test_knows_a_second_work_tree(repository, tmp_path):
    """There `.git` is a file."""
    _git(repository, "worktree", "add", "-q", "-b", "other", "../second")
    found = checkout.of(repository.parent / "second")
    assert (found.commit, found.tree) == (_git(repository, "rev-parse", "HEAD"), "clean")


@pytest.mark.parametrize("packed", [False, True])
def test_reads_the_commit_without_git_and_claims_no_clean_tree(repository, packed, monkeypatch):
    """In a slim container nobody can say whether the tree was changed, and nothing is claimed."""
    commit = _git(repository, "rev-parse", "HEAD")
    if packed:
        _git(repository, "pack-refs", "--all")
    monkeypatch.setenv("PATH", str(repository))
    assert checkout.of(repository / "services") == checkout.Checkout(commit=commit, tree="", folder="services")


def test_names_nothing_outside_of_a_repository(tmp_path):
    """A folder without history has no commit."""
    assert checkout.of(tmp_path) == checkout.Checkout()


def test_starts_nothing_that_the_repository_configures(repository):
    """A hostile checkout may name a program as its file monitor."""
    trace = repository.parent / f"{repository.name}-started"
    _git(repository, "config", "core.fsmonitor", f"touch {trace}; false")
    checkout.of(repository)
    assert not trace.exists()
