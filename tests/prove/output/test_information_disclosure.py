"""The proof of output.information-disclosure: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

from typing import Any

import pytest

from ringwork.prove.check import Check
from ringwork.prove.evidence import Exchanged, Outcome
from ringwork.prove.output import information_disclosure
from ringwork.survey.facts import AppFacts, RouteFacts
from ringwork.survey.wire.client import Answer
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("output.information-disclosure")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """Every attack is made and fails, in effect as well as in status."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """With only that defence out the same attack succeeds, so a pass means something."""
    showing.falls(framework, check)


# -- what counts as handed out, and where it is asked for -------------------------------------------------------


class Answering:
    """A browser to which each path is answered from a table, and every other path with 404."""

    def __init__(self, answers: dict[str, tuple[int, str, bytes]]) -> None:
        self.answers, self.asked = answers, list[str]()

    def get(self, path: str) -> Answer:
        self.asked.append(path)
        status, kind, body = self.answers.get(path, (404, "text/html", b"<p>Not found"))
        headers = [(b"content-type", kind.encode())]
        return Answer(status=status, reason="", http_version="1.1", headers=headers, body=body, request=b"", answer=body)


SIGNS = dict(information_disclosure.STRAYS)


def judged(path: str, status: int, kind: str, body: bytes, *, others: int = 404) -> str:
    """What is wrong with this answer. others: the status of a name of the same shape that cannot exist."""
    client = Answering({})
    first = Answering({path: (status, kind, body)}).get(path)
    if others != 404:
        client.get = lambda path: Answering({path: (others, "text/plain", b"")}).get(path)  # type: ignore[method-assign]
    return information_disclosure._fault(client, path, first, SIGNS[path.removeprefix("/static/")])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/static/.git/HEAD", b"ref: refs/heads/main\n"),
        ("/static/.env", b"# settings\nSECRET_KEY=1\n"),
        ("/static/backup.sql", b"-- MySQL dump 10.13\n"),
        ("/static/db.sqlite3", b"SQLite format 3\x00..."),
        ("/static/id_rsa", b"-----BEGIN OPENSSH PRIVATE KEY-----\n"),
        ("/static/settings.py", b"import os\n"),
        ("/static/main.js.map", b'{"version":3,"sources":["a.ts"]}'),
        ("/static/package.json", b'{"name": "shop", "dependencies": {}}'),
        ("/static/requirements.txt", b"flask==3.1.0\n"),
        ("/static/Dockerfile", b"FROM python:3.11\n"),
    ],
)
def test_knows_a_stray_by_what_it_contains(path: str, body: bytes) -> None:
    """The content decides; a page that is served under every address is no stray."""
    assert "handed out" in judged(path, 200, "text/plain", body)
    assert judged(path, 404, "text/plain", body) == ""
    assert judged(path, 200, "text/html", b"<!doctype html><p>ref: refs/ SECRET_KEY=1") == ""
    assert judged(path, 200, "text/plain", b"nothing of the kind") == ""


def test_takes_a_forbidden_answer_for_a_confession_only_where_a_missing_name_is_answered_otherwise() -> None:
    """A 403 for a file that exists and a 404 for one that does not tells which is there."""
    assert "tells that it is there" in judged("/static/.env", 403, "text/plain", b"")
    assert judged("/static/.env", 403, "text/plain", b"", others=403) == ""


@pytest.mark.parametrize(
    ("at", "outcome"),
    [("/admin/orders/new/", Outcome.HELD), ("/admin/orders/new/.env", Outcome.BROKEN)],
    ids=["the folder", "a file in it"],
)
def test_a_route_that_is_refused_is_no_file_that_was_left_behind(at: str, outcome: Outcome) -> None:
    """That /admin/orders/new/ is there stands in the application's own menu; what hides in such a folder does not."""
    client: Any = Answering({at: (403, "text/html", b"forbidden")})
    strays = [(".env", SIGNS[".env"])]
    seen = information_disclosure._root_asked(client, "/admin/orders/new/", strays, Exchanged(request="GET /", answer="200"))
    assert seen.outcome is outcome


@pytest.mark.parametrize(
    ("path", "start", "end"),
    [("/static/.env", "/static/.lost", ""), ("/a/backup.sql", "/a/lost", ".sql"), ("/.git/HEAD", "/.git/lost", "")],
)
def test_compares_with_a_name_of_the_same_shape(path: str, start: str, end: str) -> None:
    """Else a rule about dots or endings would look like knowledge of the file."""
    other = information_disclosure._same_shape(path)
    assert other.startswith(start)
    assert other.endswith(end)
    assert other != path


def test_asks_at_every_place_where_files_are_served() -> None:
    """Static routes, handlers that take a file's name, and the folders of linked assets; each once."""

    class Looking:
        facts = AppFacts(
            target="shop:app",
            framework="fastapi",
            framework_version="1",
            root="/shop",
            routes=(
                RouteFacts(kind="static", path="/static", methods=("GET",), handler="static"),
                RouteFacts(kind="http", path="/files/{filename}", methods=("GET",), handler="files"),
                RouteFacts(kind="http", path="/notes/{note_id}", methods=("GET",), handler="note"),
                RouteFacts(kind="http", path="/upload/{path}", methods=("POST",), handler="upload"),
            ),
        )

    roots = information_disclosure._roots(Looking(), ["/static/a.css", "/cdn/deep/b.js"])  # type: ignore[arg-type]
    assert roots == ["/static/", "/files/", "/cdn/deep/"]


@pytest.mark.parametrize(
    ("name", "value", "tells"),
    [
        ("server", "Werkzeug/2.0.1 Python/3.9.2", True),
        ("x-powered-by", "PHP/8.1.2", True),
        ("x-generator", "Wagtail 6.1", True),
        ("x-aspnet-version", "4.0.30319", True),
        ("server", "clinic", False),
        ("x-runtime", "0.004", False),
        ("etag", '"1.2.3"', False),
        ("x-request-id", "Probe/1.2", False),
    ],
)
def test_takes_a_name_with_a_version_for_a_banner(name: str, value: str, *, tells: bool) -> None:
    """A name alone says little; a version says which known hole fits."""
    answer = Answer(status=200, reason="", http_version="1.1", headers=[(name.encode(), value.encode())], body=b"", request=b"", answer=b"")
    assert bool([*information_disclosure._header_faults(answer)]) is tells


def test_reads_versions_in_bodies_of_errors_only() -> None:
    """A page may speak of versions as it likes; an error page of the framework may not."""

    def body(status: int, text: bytes) -> list[str]:
        answer = Answer(status=status, reason="", http_version="1.1", headers=[], body=text, request=b"", answer=b"")
        return [*information_disclosure._body_faults(answer)]

    assert body(500, b"<address>Werkzeug/3.0.1 Python/3.11.7</address>")
    assert body(422, b'{"url":"https://errors.pydantic.dev/2.11/v/int_parsing"}')
    assert not body(200, b"We run Python/3.11 here")
    assert not body(500, b"Something went wrong on our side.")
