"""The jobs that `ringwork init ci gitlab` writes, on a repository with two branches; GitLab is played by a stand-in."""

from __future__ import annotations

import json
import shutil
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

import pytest

from tests.cli import hosted, judging
from tests.cli.hosted import COOKIE, SHOP

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("init-gitlab")]

TOKEN = "glpat-stand-in"
NOTES = "/api/v4/projects/3/merge_requests/7/notes"


class StandIn(BaseHTTPRequestHandler):
    """The part of GitLab that the job asks: who am I, and the notes of one merge request, two a page."""

    notes: list

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        path, _, query = self.path.partition("?")
        if self.headers["PRIVATE-TOKEN"] != TOKEN:
            self.tell(401, {})
        elif path == "/api/v4/user":
            self.tell(200, {"id": 42})
        elif path == NOTES and self.command == "POST":
            self.notes.append({"id": len(self.notes) + 1, "author": {"id": 42}, "body": body["body"]})
            self.tell(201, {})
        elif path == NOTES:
            page = int(query.rpartition("page=")[2])
            self.tell(200, self.notes[2 * page - 2 : 2 * page])
        elif self.command == "PUT" and path.startswith(f"{NOTES}/"):
            self.notes[int(path.rpartition("/")[2]) - 1]["body"] = body["body"]
            self.tell(200, {})
        else:
            self.tell(404, {})

    do_GET = do_POST = do_PUT = answer  # noqa: N815 - the names that the standard library's server calls

    def tell(self, status, what):
        text = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@contextmanager
def _standing_in(notes):
    kind = type("Here", (StandIn,), {"notes": notes})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v4"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Merge:
    """A repository whose main branch has findings, and what its pipeline does for a branch."""

    def __init__(self, folder, run, monkeypatch):
        self.folder, self.origin = folder, folder / "origin"
        self.origin.mkdir()
        hosted.git(self.origin, "init", "--quiet", "--initial-branch", "main")
        (self.origin / "shop.py").write_text(SHOP)
        monkeypatch.chdir(self.origin)
        assert run("init").code == 0
        assert run("init", "ci", "gitlab", "--install", hosted.INSTALL).code == 0
        with (self.origin / "ringwork.toml").open("a") as settings:
            settings.write(hosted.NARROWED)
        self.base = hosted.commit(self.origin, "A shop")
        self.jobs = judging.yaml(self.origin / ".gitlab" / "ringwork.yml")

    def branch(self, name, text):
        """A branch that changes the application."""
        hosted.git(self.origin, "switch", "--quiet", "--create", name)
        (self.origin / "shop.py").write_text(text)
        hosted.commit(self.origin, "A change")

    def before(self, kept):
        """What the main branch was like, as its job hands it on; made once, since each of these repositories begins alike."""
        handed = self.folder / "handed"
        if kept.exists():
            shutil.copytree(kept, handed)
            return
        ran = self.job("ringwork-before", {})
        assert ran.code == 0, ran.said
        shutil.copytree(handed, kept)

    def job(self, name, environment):
        """One job in a checkout of its own."""
        checkout = self.folder / name
        hosted.git(self.folder, "clone", "--quiet", str(self.origin), str(checkout))
        given = {"CI_COMMIT_BEFORE_SHA": "0" * 40, "CI_MERGE_REQUEST_DIFF_BASE_SHA": self.base, **environment}
        return hosted.gitlab(self.jobs[name], checkout=checkout, handed=self.folder / "handed", environment=given)


def _talk(address, token=TOKEN):
    return {"CI_API_V4_URL": address, "CI_PROJECT_ID": "3", "CI_MERGE_REQUEST_IID": "7", "RINGWORK_GITLAB_TOKEN": token}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where what the first job found is kept."""
    return tmp_path_factory.mktemp("gitlab") / "kept"


@pytest.fixture
def merge(tmp_path, run, monkeypatch):
    """A merge request to a shop that has findings."""
    return Merge(tmp_path, run, monkeypatch)


def test_a_branch_that_brings_a_finding_is_stopped_and_only_that_is_told(merge, kept):
    """What was there before is nobody's news, in gate, SARIF and note alike; JUnit goes along for the merge request's own list."""
    merge.branch("cookie", COOKIE)
    merge.before(kept)
    ran = merge.job("ringwork", {})
    assert ran.code == 1, ran.said
    report = merge.folder / "handed" / "ringwork-report"
    states = [one.get("baselineState") for one in json.loads((report / "report.sarif").read_text())["runs"][0]["results"]]
    assert (states.count("new"), states.count("unchanged") > 3) == (1, True)
    assert ElementTree.parse(report / "junit.xml").getroot().tag == "testsuites"

    notes = [{"id": n, "author": {"id": 1}, "body": "<!-- ringwork --> from somebody else"} for n in (1, 2, 3)]
    with _standing_in(notes) as address:
        for _ in range(2):
            said = merge.job("ringwork-comment", _talk(address))
            assert said.code == 0, said.said
            hosted.forget(merge.folder / "ringwork-comment")
    *others, mine = [note["body"] for note in notes]
    assert others == ["<!-- ringwork --> from somebody else"] * 3
    assert "1 new finding" in mine
    assert "browser.cookie-attributes" in mine
    assert "transport.tls-required" not in mine


def test_a_branch_that_brings_nothing_passes_and_nobody_is_told(merge, kept):
    """An old finding stops no change."""
    merge.branch("words", SHOP.replace("hello", "good day"))
    merge.before(kept)
    ran = merge.job("ringwork", {})
    assert ran.code == 0, ran.said
    notes = []
    with _standing_in(notes) as address:
        said = merge.job("ringwork-comment", _talk(address))
    assert (said.code, notes, "Nothing is new" in said.said) == (0, [], True), said.said


def test_without_a_token_the_note_says_what_it_lacks(merge):
    """The job is allowed to fail, and tells which variable it needs."""
    ran = merge.job("ringwork-comment", _talk("http://127.0.0.1:9", token=""))
    assert (ran.code, "RINGWORK_GITLAB_TOKEN is not set" in ran.said) == (1, True)
