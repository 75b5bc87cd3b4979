"""`ringwork check --history`: what earlier commits added is told by commit, file and line, and never by value."""

from __future__ import annotations

import datetime
import json
import subprocess

import pytest

TOKEN = "gh" + "p_" + "aQ3xW8zR5vT1yU6bN2mK9cJ4dF7gH0sL3pZe"
DAY = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=30)
AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@example.invalid", "-c", "commit.gpgSign=false")


def _git(root, *words):
    subprocess.run(["git", "-C", str(root), *AUTHOR, *words], check=True, capture_output=True)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A project that once had a token, as the current folder."""
    folder = tmp_path / "shop"
    folder.mkdir()
    _git(folder, "init", "-q")
    (folder / "shop.py").write_text(f"A = 1\nTOKEN = '{TOKEN}'\n")
    (folder / "pyproject.toml").write_text("")
    _git(folder, "add", ".")
    _git(folder, "commit", "-qm", "first")
    (folder / "shop.py").write_text("A = 1\nB = 2\n")
    _git(folder, "commit", "-qam", "second")
    monkeypatch.chdir(folder)
    return folder


def _check(run, *words):
    ran = run("check", ".", "--no-tools", "--history", *words)
    assert TOKEN not in ran.text
    assert TOKEN[4:] not in ran.text
    return ran


def test_tells_a_secret_that_was_deleted(shop, run):
    """Who has the repository has it: commit, file, line, kind and length are told, and the run fails."""
    ran = _check(run, "--format", "json")
    (one,) = json.loads(ran.text)["findings"]
    assert (ran.code, one["check"], one["file"], one["line"]) == (1, "source.hardcoded-secrets/history", "shop.py", 2)
    commit = subprocess.run(["git", "rev-list", "--max-parents=0", "HEAD"], capture_output=True, text=True, check=True).stdout[:12]
    assert f"Commit {commit} of " in one["said"]
    assert "a GitHub token of 40 characters" in one["said"]
    assert json.loads(ran.text)["history"] == {"commits": 2, "not_verified": ""}


def test_the_tree_alone_is_read_unless_asked(shop, run):
    """Reading every commit takes its time."""
    ran = run("check", ".", "--no-tools", "--format", "json")
    assert (ran.code, json.loads(ran.text)["findings"], json.loads(ran.text)["history"]) == (0, [], None)


def test_a_secret_that_was_rotated_with_a_record_is_accepted(shop, run):
    """Nobody can take it out of the history; that it is of no use any more is a person's word, with a day."""
    id_ = json.loads(_check(run, "--format", "json").text)["findings"][0]["id"]
    (shop / "pyproject.toml").write_text(f'[tool.ringwork.prove]\nrotated = [{{secret = "{id_}", day = "2031-01-01", by = "anna"}}]\n')
    ran = _check(run, "--format", "json")
    assert (ran.code, json.loads(ran.text)["findings"][0]["accepted"]) == (0, "rotated on 2031-01-01 (anna)")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ('"a"', "has to have secret, day and by"),
        (f'{{secret = "{TOKEN}", day = "2031-01-01", by = "a"}}', "never write the secret itself"),
        ('{secret = "0123456789ab", day = "soon", by = "a"}', "is no date"),
    ],
)
def test_refuses_a_record_that_is_not_whole(shop, run, record, said):
    """What to write instead is told, and a secret in the record is not repeated."""
    (shop / "pyproject.toml").write_text(f"[tool.ringwork.prove]\nrotated = [{record}]\n")
    ran = _check(run)
    assert (ran.code, said in " ".join(ran.text.split())) == (2, True)


def test_a_comment_on_todays_line_accepts_nothing_of_the_past(shop, run):
    """What an earlier commit added in the place of this line is something else."""
    waiver = f'# ringwork: ignore[source.hardcoded-secrets] reason="a number" owner=anna until={DAY}'
    (shop / "shop.py").write_text(f"{waiver}\nB = 2\n")
    assert _check(run, "--format", "json").code == 1


def test_refuses_where_there_is_no_history(tmp_path, monkeypatch, run):
    """What was asked for is not left out in silence."""
    (tmp_path / "shop.py").write_text("A = 1\n")
    monkeypatch.chdir(tmp_path)
    ran = run("check", ".", "--no-tools", "--history")
    assert (ran.code, "no repository here" in ran.text) == (2, True)


def test_a_shallow_clone_is_not_verified(shop, tmp_path, monkeypatch, run):
    """An empty list of a part of the commits is no clean history."""
    _git(tmp_path, "clone", "-q", "--depth=1", shop.as_uri(), str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    assert "shallow clone" in run("check", ".", "--no-tools", "--history").text
    ran = run("check", ".", "--no-tools", "--history", "--format", "sarif")
    assert "shallow clone" in ran.text
