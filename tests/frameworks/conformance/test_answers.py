"""Answers: every kind of answer carries every header once, with the same value, whatever made it."""

from __future__ import annotations

import gc
import json

import pytest

from ringwork.events import Outcome
from tests.frameworks.conformance.answers import missing_headers
from tests.frameworks.conformance.conftest import kept
from tests.frameworks.conformance.kinds import KINDS, Kind
from tests.frameworks.conformance.unlike import only, unlike
from tests.frameworks.hosts import ORIGIN, Host

ALICE = {"Cookie": "__Host-user=alice"}
OWN_PAGE = {"Origin": ORIGIN}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.status} {kind.name}")
def test_puts_every_header_once_on_every_kind_of_answer(framework: str, kind: Kind) -> None:
    """Traps 4, 33: headers missing on the 404, the redirect, the file, or the server layer's 500."""
    host = kept(framework, "")
    host.forget()
    reply = host.ask(kind.method, kind.path, kind.headers)
    assert missing_headers(reply) == []
    if framework in kind.elsewhere:
        assert reply.status == kind.elsewhere[framework][0]
        return
    assert reply.status == kind.status
    assert kind.kind is None or reply.all("content-type") == [kind.kind]
    assert kind.status == 304 or kind.kind is None or reply.all("content-security-policy")[0].startswith(kind.policy)
    assert kind.body is None or reply.text == kind.body
    assert reply.ends


def test_puts_every_header_on_a_file_that_is_not_sent_again(host: Host) -> None:
    """A browser that has the file already gets 304 from the framework's own file server, and takes these headers for the file's."""
    first = host.ask("GET", "/files/app.css")
    since = {"If-Modified-Since": first.all("last-modified")[0]}
    reply = host.ask("GET", "/files/app.css", since)
    assert (reply.status, reply.text, missing_headers(reply)) == (304, "", [])


def test_puts_every_header_on_a_refused_handshake(host: Host) -> None:
    """A WebSocket without a rule is refused before its handler runs, and the refusal is an answer like another."""
    reply = host.knock("/bare-socket", OWN_PAGE)
    assert reply.status == 403 or (host.interface == "wsgi" and reply.status == 404)
    assert missing_headers(reply) == []
    assert host.effects.done == []


NO_SOCKETS = "WSGI has no WebSockets"


@unlike("wsgi", because=NO_SOCKETS, instead="test_answers_a_handshake_as_a_page")
@unlike("django-asgi", because="Django itself serves no WebSockets", instead="test_answers_a_handshake_as_a_page")
def test_lets_an_honest_handshake_in(host: Host) -> None:
    """An open socket for everybody, one with a rule for whom it names, from the site's own page."""
    assert (host.knock("/socket", OWN_PAGE).status, host.effects.done) == (101, ["socket"])
    assert host.knock("/ruled-socket", OWN_PAGE).status == 401
    assert host.knock("/ruled-socket", {**OWN_PAGE, **ALICE}).status == 101
    assert host.effects.done == ["socket", "ruled socket"]


@unlike("wsgi", because=NO_SOCKETS, instead="test_answers_a_handshake_as_a_page")
@unlike("django-asgi", because="Django itself serves no WebSockets", instead="test_answers_a_handshake_as_a_page")
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.invalid"}, {"Origin": "null"}, {}])
def test_refuses_a_handshake_of_a_foreign_page(host: Host, headers: dict[str, str]) -> None:
    """Cross-site WebSocket hijacking: the browser sends the cookie along, and no preflight asks."""
    reply = host.knock("/ruled-socket", {**ALICE, **headers})
    assert (reply.status, missing_headers(reply)) == (403, [])
    assert host.effects.done == []


@only("wsgi", "django-asgi")
def test_answers_a_handshake_as_a_page(host: Host) -> None:
    """Where there are no sockets nothing is upgraded."""
    assert host.knock("/ok", OWN_PAGE).status in {200, 400, 403}
    assert host.knock("/socket", OWN_PAGE).status in {403, 404}
    assert host.effects.done == []


def test_keeps_repeated_headers_two(host: Host) -> None:
    """Trap 5: two cookies and two Vary survive; each cookie leaves with its prefix and every attribute."""
    reply = host.ask("GET", "/cookies")
    cookies = reply.all("set-cookie")
    assert [cookie.split("=")[0] for cookie in cookies] == ["__Host-one", "__Host-two"]
    for cookie in cookies:
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {word.strip() for value in reply.all("vary") for word in value.split(",")} >= {"Accept", "Cookie"}


@pytest.mark.parametrize("kind", ["malformed", "oversized"])
def test_leaves_out_a_cookie_that_no_browser_would_keep(host: Host, kind: str) -> None:
    """The answer goes on without it, and the operator hears of it."""
    reply = host.ask("GET", f"/biscuit?kind={kind}")
    assert (reply.status, reply.all("set-cookie")) == (200, [])
    assert [(event.control, event.reason, event.outcome) for event in host.events] == [
        ("browser.cookie-attributes", kind, Outcome.OBSERVED)
    ]


def test_takes_out_what_tells_who_answers(host: Host) -> None:
    """Names and versions of server and framework are the first thing an attacker reads."""
    told = host.ask("GET", "/boasting")
    assert told.status == 200
    assert [name for name, _ in told.headers if name in {"server", "x-powered-by", "via", "x-generator", "x-aspnet-version"}] == []


@pytest.mark.parametrize("path", ["/boom", "/waiting-boom"])
def test_gives_a_clean_page_for_a_fault_and_tells_it_once(host: Host, path: str) -> None:
    """The client learns a status and a number; the operator the exception, under the same number."""
    reply = host.ask("GET", path)
    problem = json.loads(reply.text)
    assert (reply.status, problem["status"]) == (500, 500)
    assert "canary" not in reply.text
    assert "Traceback" not in reply.text
    (event,) = host.events
    assert event.incident == problem["incident"] == reply.all("incident-id")[0]
    assert isinstance(event.error, RuntimeError)


@pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning")
def test_cuts_a_stream_that_breaks_and_tells_it(host: Host) -> None:
    """A fault behind the first piece can change no status any more: the answer ends too early and shows nothing of it."""
    reply = host.ask("GET", "/broken-stream")
    assert (reply.status, missing_headers(reply)) == (200, [])
    assert "canary" not in reply.text
    assert not reply.ends
    assert [(event.control, event.reason) for event in host.events] == [("output.error-handling", "exception")]
    # Django leaves the body's temporary file to the collector here, once nobody holds the traceback; better now than in another test.
    host.forget()
    gc.collect()
