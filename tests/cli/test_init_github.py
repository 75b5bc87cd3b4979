"""The workflow that `ringwork init ci github` writes, step by step, on a repository with two branches; GitHub is played by a stand-in."""

from __future__ import annotations

import json
import shutil

import pytest

from ringwork.cli import main
from tests.cli import hosted, judging
from tests.cli.hosted import COOKIE, SHOP

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("init-github")]

BEFORE = "github.event.pull_request.base.sha || github.event.merge_group.base_sha || github.event.before"


class Pull:
    """A repository whose main branch has findings, and what its workflow does for a branch."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.state = folder, folder / "state"
        self.origin = folder / "origin"
        self.origin.mkdir()
        hosted.git(self.origin, "init", "--quiet", "--initial-branch", "main")
        (self.origin / "shop.py").write_text(SHOP)
        monkeypatch.chdir(self.origin)
        assert main.main(["init"]) == 0
        assert main.main(["init", "ci", "github", "--install", hosted.INSTALL]) == 0
        with (self.origin / "ringwork.toml").open("a") as settings:
            settings.write(hosted.NARROWED)
        self.base = hosted.commit(self.origin, "A shop")
        self.jobs = judging.yaml(self.origin / ".github" / "workflows" / "ringwork.yml")["jobs"]
        self.environment = {"GITHUB_REPOSITORY": "clinic/shop", "GITHUB_REF": "refs/pull/7/merge", "STANDIN_STATE": str(self.state)}
        self.environment["GITHUB_SHA"] = self.base

    def forget(self):
        """GitHub as it was before any job asked it."""
        shutil.rmtree(self.state, ignore_errors=True)
        (self.state / "comments").mkdir(parents=True)
        (self.state / "processing").write_text("pending complete")

    def prove(self, name, text, *, before="", known=None, **files):
        """The job `prove` for a branch that changes the application, and other files, merged as GitHub merges it.

        before: the commit that the event names, where it is not the base. known: what an earlier job found at the same base.
        """
        tree = self.merged(name, {"shop.py": text, **files})
        temp, job = self.folder / f"temp-{name}", self.jobs["prove"]
        if known is not None:
            for part in ("known", "known.json"):
                (shutil.copytree if part == "known" else shutil.copy)(known / part, temp / part)
            job = {**job, "steps": [step for step in job["steps"] if step["name"] != "Prove what was there before"]}
        ran = hosted.github(job, cwd=tree, temp=temp, expressions={BEFORE: before or self.base}, environment=self.environment)
        return ran, temp / "ringwork"

    def merged(self, name, files):
        """A checkout of the base with a branch that changes files merged into it."""
        tree = self.folder / name
        hosted.git(self.folder, "clone", "--quiet", str(self.origin), str(tree))
        hosted.git(tree, "switch", "--quiet", "--create", name)
        for file, new in files.items():
            (tree / file).write_text(new)
        hosted.commit(tree, "A change")
        hosted.git(tree, "switch", "--quiet", "--detach", self.base)
        hosted.git(tree, "-c", "user.name=a", "-c", "user.email=a@example.invalid", "merge", "--quiet", "--no-ff", "--no-edit", name)
        self.environment["GITHUB_SHA"] = hosted.git(tree, "rev-parse", "HEAD")
        return tree

    def check(self, name, **files):
        """The job `check` for a branch that changes files."""
        tree, temp = self.merged(name, files), self.folder / f"temp-{name}"
        return hosted.github(self.jobs["check"], cwd=tree, temp=temp, expressions={BEFORE: self.base}, environment=self.environment)

    def job(self, name, report, result="failure"):
        """Another job, in an empty folder with the artifact that it fetches."""
        folder = self.folder / f"job-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(report, folder / "ringwork")
        given = {"github.token": "a-token", "github.event.pull_request.number": "7", "needs.prove.result": result}
        return hosted.github(self.jobs[name], cwd=folder, temp=folder / "temp", expressions=given, environment=self.environment)

    def comments(self):
        """Their texts, in order."""
        return [path.read_text() for path in sorted((self.state / "comments").iterdir())]


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A shop that has findings, with its workflow; made once, because what its main branch is like takes a proof to know."""
    with pytest.MonkeyPatch.context() as patch:
        return Pull(tmp_path_factory.mktemp("github"), patch)


@pytest.fixture
def pull(repository):
    """A pull request to that shop."""
    repository.forget()
    return repository


@pytest.fixture(scope="module")
def cookie(repository):
    """What the job `prove` says of a branch that brings one finding, and its report."""
    return repository.prove("cookie", COOKIE)


def test_a_branch_that_brings_a_finding_is_stopped_and_only_that_is_told(pull, cookie):
    """What was there before is nobody's news, in gate, summary, annotations, SARIF and comment alike."""
    ran, report = cookie
    assert ran.code == 1, ran.said
    assert ran.outputs == {"there": "yes"}
    assert "### New findings: 1\n" in ran.summary
    told = [line for line in ran.said.splitlines() if line.startswith(("::error", "::warning"))]
    assert [("browser.cookie-attributes" in line, "file=" in line) for line in told] == [(True, True)]
    states = [one.get("baselineState") for one in json.loads((report / "report.sarif").read_text())["runs"][0]["results"]]
    assert (states.count("new"), states.count("unchanged") > 3) == (1, True)

    assert pull.job("comment", report).code == 0
    (comment,) = pull.comments()
    assert "1 new finding" in comment
    assert "browser.cookie-attributes" in comment
    assert "transport.tls-required" not in comment

    uploaded = pull.job("upload", report)
    assert (uploaded.code, "Code scanning has accepted the report." in uploaded.said) == (0, True), uploaded.said
    assert (pull.state / "handed-in.sarif").read_bytes() == (report / "report.sarif").read_bytes()


def test_a_branch_cannot_call_its_own_finding_known(pull, cookie, run):
    """Against a change that writes what it brings into the baseline: what counts is what stood there before it."""
    _, report = cookie
    known = pull.folder / "known.json"
    assert run("baseline", "record", "--report", str(report), "--file", str(known)).code == 0
    settings = f'{(pull.origin / "ringwork.toml").read_text()}baseline = "ringwork-baseline.json"\n'
    ran, _ = pull.prove("hidden", COOKIE, known=report.parent, **{"ringwork-baseline.json": known.read_text(), "ringwork.toml": settings})
    assert ran.code == 1
    assert "### New findings: 1\n" in ran.summary


def test_a_branch_that_brings_nothing_passes_and_nobody_is_told(pull, cookie):
    """An old finding stops no change; a comment of an earlier push is put right in its place."""
    ran, report = pull.prove("words", SHOP.replace("hello", "good day"), known=cookie[1].parent)
    assert ran.code == 0, ran.said
    assert "### New findings: none" in ran.summary
    quiet = pull.job("comment", report, "success")
    assert (quiet.code, pull.comments()) == (0, []), quiet.said

    (pull.state / "comments" / "1.somebody[bot]").write_text("<!-- ringwork --> from somebody else")
    (pull.state / "comments" / "2.github-actions[bot]").write_text("<!-- ringwork -->\n1 new finding")
    assert pull.job("comment", report, "success").code == 0
    others, mine = pull.comments()
    assert others == "<!-- ringwork --> from somebody else"
    assert mine.startswith("<!-- ringwork -->\n## ")
    assert "0 new findings" in mine


def test_a_branch_that_writes_a_hole_is_stopped_by_reading_alone(pull):
    """The job that starts nothing tells the line, and a branch beside it passes, whatever stood there before."""
    stopped = pull.check("written", **{"more.py": "import os\nos.system(f'ls {os.getcwd()}')  # noqa\n"})
    assert stopped.code == 1, stopped.said
    assert "file=more.py,line=2" in stopped.said
    passed = pull.check("plain", **{"plain.py": "NAME = 'shop'\n"})
    assert passed.code == 0, passed.said


@pytest.fixture
def report(tmp_path):
    """An artifact as the jobs fetch it."""
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "report.sarif").write_text("{}")
    return folder


@pytest.mark.parametrize(
    ("told", "said"), [("pending failed", "code scanning refused the report"), ("pending", "code scanning did not say within five minutes")]
)
def test_an_upload_that_was_not_accepted_fails(pull, report, told, said):
    """Against the green tick of an upload that was thrown away: refused and not yet processed are both no acceptance."""
    (pull.state / "processing").write_text(told)
    ran = pull.job("upload", report)
    assert ran.code == 1
    assert f"::error title=ringwork::{said}" in ran.said
    assert not [line for line in ran.said.splitlines() if line.startswith("::error::two")]


def test_nothing_to_compare_with_makes_every_finding_new(pull):
    """The first push of a branch has nothing before it; the gate then counts everything."""
    ran, _ = pull.prove("first", SHOP, before="0" * 40)
    assert ran.code == 1
    assert "There is no commit to compare with" in ran.said
    assert "### Findings: " in ran.summary
