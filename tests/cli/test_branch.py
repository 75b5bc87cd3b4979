from __future__ import annotations

import json
import subprocess

import pytest

OLD = """from fastapi import FastAPI
app = FastAPI(openapi_url=None)

@app.get("/admin/users")
def users():
    return [{"id": 1, "email": "anna@clinic.example"}]
"""
NEW = """

@app.get("/admin/exports")
def exports():
    return [{"id": 1, "email": "anna@clinic.example"}]
"""
PROVE = ("prove", "shop.py", "-q", "--quick", "--select", "access.deny-by-default/policy-coverage")
IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@example.invalid", "-c", "commit.gpgsign=false")


@pytest.fixture
def git(tmp_path, monkeypatch):
    """An application with a known hole on main, and a branch that brings another."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")

    def _git(*words):
        subprocess.run(["git", *IDENTITY, *words], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "shop.py").write_text(OLD)
    (tmp_path / ".gitignore").write_text(".ringwork/\n__pycache__/\n")
    for words in (("init", "-b", "main"), ("add", "."), ("commit", "-m", "first")):
        _git(*words)
    return _git


def _finding(folder):
    return [(one["where"], one["id"]) for one in json.loads((folder / "report.json").read_text())["findings"]]


def test_a_finding_that_a_branch_brings_is_the_only_new_one(git, run, tmp_path):
    """From the first run to the ticket: the old hole is known and moves its line, the new one fails, and mending it closes the ticket."""
    assert run(*PROVE, "--output-dir", ".ringwork/main").code == 1
    ((where, old),) = _finding(tmp_path / ".ringwork" / "main")
    assert where == "GET /admin/users"
    run("baseline", "record", "--report", ".ringwork/main")
    git("add", "ringwork-baseline.json")
    git("commit", "-m", "what is known")

    git("checkout", "-b", "branch")
    (tmp_path / "shop.py").write_text(f'"""A line more."""\n{OLD}{NEW}')
    ended = run(*PROVE, "--baseline", "ringwork-baseline.json", "--output-dir", ".ringwork/branch")
    new = dict(_finding(tmp_path / ".ringwork" / "branch"))["GET /admin/exports"]
    assert (ended.code, new in ended.text, old in ended.text) == (1, True, False)
    assert "1 new finding(s) of severity low or above; 1 known to the baseline" in " ".join(ended.text.split())
    compared = run("report", "diff", ".ringwork/main", ".ringwork/branch")
    assert (compared.code, "1 new, 1 still there, 0 fixed, 0 not tested again" in compared.text) == (1, True)

    (tmp_path / "shop.py").write_text(OLD)
    assert run(*PROVE, "--baseline", "ringwork-baseline.json", "--output-dir", ".ringwork/mended").code == 0
    tickets = run("report", "tickets", ".ringwork/mended", "--before", ".ringwork/branch").out
    assert {line["key"]: line["state"] for line in map(json.loads, tickets.splitlines())} == {
        f"ringwork-{old}": "open",
        f"ringwork-{new}": "fixed",
    }


def test_a_run_since_main_asks_the_route_of_the_branch(git, run, tmp_path):
    """The route that the branch brings is the one that is asked, and the others are listed as left out."""
    (tmp_path / "shop.py").write_text(OLD + NEW)
    ended = run(*PROVE, "--since", "main")
    assert ended.code == 1
    assert [where for where, _ in _finding(tmp_path / ".ringwork")] == ["GET /admin/exports"]
    assert "GET /admin/users" in json.loads((tmp_path / ".ringwork" / "report.json").read_text())["left_out"]
