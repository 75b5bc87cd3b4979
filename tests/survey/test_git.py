"""Git runs no program that a repository names, and a repository cannot keep its own commits from being read."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from ringwork.prove import revision
from ringwork.survey.linters import ages
from ringwork.survey.looks import history, repository

_KEY = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3hJ5"


def git(folder: Path, *words: str, text: str = "") -> str:
    """What git says in a repository of a test."""
    name = ("-c", "user.name=a", "-c", "user.email=a@a.example", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *name, "-C", str(folder), *words], check=True, capture_output=True, text=True, input=text)
    return done.stdout.strip()


@pytest.fixture
def shop(tmp_path):
    """A repository with a key in its first commit, which the second took out."""
    root = tmp_path / "shop"
    root.mkdir()
    git(root, "init", "-q")
    for text in (f"KEY = '{_KEY}'\n", "KEY = ''\n"):
        (root / "app.py").write_text(text)
        git(root, "add", "app.py")
        git(root, "commit", "-qm", "next")
    return root


@pytest.fixture
def program(tmp_path):
    """A program that leaves a trace, and the trace."""
    path, trace = tmp_path / "program", tmp_path / "trace"
    path.write_text(f"#!/bin/sh\necho ran >> '{trace}'\ncat\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path), trace


def _signed(root: Path, program: str) -> None:
    parts = ("author a <a> 1700000000 +0000", "committer a <a> 1700000000 +0000")
    head = f"tree {git(root, 'write-tree')}\nparent {git(root, 'rev-parse', 'HEAD')}\n"
    mark = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
    commit = git(root, "hash-object", "-t", "commit", "-w", "--stdin", text="\n".join((head + parts[0], parts[1], mark, "", "signed", "")))
    git(root, "update-ref", "refs/heads/signed", commit)
    git(root, "config", "log.showSignature", "true")
    git(root, "config", "gpg.program", program)


def _inside(root: Path, program: str) -> None:
    inner = root / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    for text in ("1\n", "2\n"):
        (inner / "file").write_text(text)
        git(inner, "add", "file")
        git(inner, "commit", "-qm", "next")
        git(root, "add", "inner")
        git(root, "commit", "-qm", "next")
    git(inner, "config", "diff.external", program)
    (inner / ".gitattributes").write_text("* filter=odd\n")
    git(inner, "config", "filter.odd.clean", program)
    (inner / "file").write_text("3\n")
    git(root, "config", "diff.submodule", "diff")


def _filtered(root: Path, program: str) -> None:
    (root / ".gitattributes").write_text("* filter=odd diff=odd\n")
    for name in ("filter.odd.clean", "filter.odd.process", "diff.odd.textconv", "diff.odd.command"):
        git(root, "config", name, program)
    git(root, "config", "filter.odd.required", "true")
    (root / "app.py").write_text("KEY = 1\n")


def _promised(root: Path, program: str) -> None:
    blob = git(root, "rev-parse", "HEAD:app.py")
    (root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    rows = {"url": str(root), "promisor": "true", "uploadpack": program, "partialclonefilter": "blob:none"}
    for name, value in rows.items():
        git(root, "config", f"remote.origin.{name}", value)
    git(root, "config", "core.repositoryFormatVersion", "1")
    git(root, "config", "extensions.partialClone", "origin")


@pytest.mark.parametrize("arm", [_signed, _inside, _filtered, _promised])
def test_no_program_of_a_repository_is_started(shop, program, arm):
    """A folder out of an archive brings its own .git/config, and reading it must be safe."""
    path, trace = program
    arm(shop, path)
    history.read(shop)
    repository.tracked(shop)
    ages.of(shop, [("app.py", 1)])
    if arm is not _promised:
        assert "app.py" in revision.changes(shop, git(shop, "rev-list", "--max-parents=0", "HEAD"))
    assert not trace.exists()


def test_a_folder_of_a_repository_that_looks_like_one_is_not_believed(shop, program):
    """A clone brings no settings, but a folder in it may be a repository without a tree, with settings of its own."""
    path, trace = program
    odd = shop / "odd"
    git(shop, "clone", "-q", "--bare", str(shop), str(odd))
    _signed(shop, path)
    git(odd, "fetch", "-q", str(shop), "signed:signed")
    for name, value in (("log.showSignature", "true"), ("gpg.program", path)):
        git(odd, "config", name, value)
    assert history.read(odd).why
    assert not trace.exists()


def _attributes(root: Path) -> None:
    (root / ".gitattributes").write_text("* -diff\n")


def _first(root: Path) -> None:
    git(root, "config", "log.showRoot", "false")


def _grafted(root: Path) -> None:
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "grafts").write_text(f"{git(root, 'rev-parse', 'HEAD')}\n")


def _replaced(root: Path) -> None:
    git(root, "replace", "--graft", "HEAD")


def _ordered(root: Path) -> None:
    git(root, "config", "diff.orderFile", "no/such/file")


@pytest.mark.parametrize("hide", [_attributes, _first, _grafted, _replaced, _ordered])
def test_no_setting_hides_a_commit(shop, hide):
    """What is in the repository is told, whatever is asked not to be shown."""
    hide(shop)
    found = history.read(shop)
    assert (found.commits >= 2, found.missing) == (True, "")
    assert [flow.place.file for flow in found.flows] == ["app.py"]


def test_a_history_that_git_could_not_read_to_its_end_is_no_whole_one(shop):
    """An object that is missing ends git in the middle: what comes after was not read, and nothing may be proven by it."""
    blob = git(shop, "rev-parse", "HEAD~1:app.py")
    (shop / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    assert "objects are missing" in history.read(shop).missing
