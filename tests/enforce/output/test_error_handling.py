"""Errors tell the user little and the log everything."""

from __future__ import annotations

import gzip
import json
import zlib
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork.enforce.output.error_handling import GUARD, ErrorHandlingSettings, answer_for
from ringwork.exchange import Exchange, Header
from tests.enforce.making import ask, leave, make_route, make_site

SETTINGS = ErrorHandlingSettings()
LEAKS_ONLY = ErrorHandlingSettings(replace_defaults=False)
SITE = make_site()
BROWSER: Header = (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
JSON: Header = (b"content-type", b"application/json")
TEXT: Header = (b"content-type", b"text/plain; charset=utf-8")
HTML: Header = (b"content-type", b"text/html; charset=utf-8")
TRACE = b'Traceback (most recent call last):\n  File "/srv/clinic/app.py", line 3, in note\nKeyError: 7\n'


def replaced(
    status: int, headers: list[Header], body: bytes, *, settings: ErrorHandlingSettings = SETTINGS, exchange: Exchange | None = None
) -> tuple[list[Header], bytes] | None:
    step = GUARD.plan(settings, SITE, make_route()).error_body
    assert step is not None
    return step(exchange or ask(), status, headers, body)


def test_answers_a_problem_document_by_default() -> None:
    """A client of the API gets the standard form, the incident number, and nothing of the inside."""
    exchange = ask()
    headers, body = answer_for(exchange, 404)
    assert json.loads(body) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing at this address.",
        "incident": exchange.incident,
    }
    assert dict(headers) == {
        b"content-type": b"application/problem+json",
        b"content-length": b"%d" % len(body),
        b"cache-control": b"no-store",
        b"vary": b"Accept",
    }


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs


def test_answers_a_page_to_a_browser() -> None:
    """A person reads one plain sentence and a number, on a page that the strictest policy shows whole."""
    exchange = ask("GET", "/x", BROWSER)
    headers, body = answer_for(exchange, 500)
    tags = _Tags()
    tags.feed(body.decode())
    assert (b"content-type", b"text/html; charset=utf-8") in headers
    assert ("lang", "en") in tags.attributes
    assert {"title", "main", "h1"} <= set(tags.seen)
    assert not {"style", "script", "link", "img"} & set(tags.seen)
    assert not [name for name, _ in tags.attributes if name == "style" or name.startswith("on")]
    assert exchange.incident.encode() in body
    assert b"Something went wrong on our side." in body


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        (None, False),
        (b"*/*", False),
        (b"application/json", False),
        (b"application/json, text/html", False),
        (b"application/problem+json,text/html", False),
        (b"text/html, application/json", True),
        (b"TEXT/HTML", True),
    ],
)
def test_chooses_the_form_by_accept(accept: bytes | None, is_page: bool) -> None:
    """What the client names first decides; who names nothing gets the document."""
    exchange = ask("GET", "/x", *([] if accept is None else [(b"accept", accept)]))
    assert answer_for(exchange, 403)[1].startswith(b"<!DOCTYPE html>") is is_page


@pytest.mark.parametrize("accept", [BROWSER, (b"accept", b"*/*")])
def test_escapes_the_detail(accept: Header) -> None:
    """Whatever text reaches the page stays text."""
    _, body = answer_for(ask("GET", "/x", accept), 400, '<script>alert("1")</script>')
    if body.startswith(b"<"):
        assert b"<script>" not in body
        assert b"&lt;script&gt;" in body
    else:
        assert json.loads(body)["detail"] == '<script>alert("1")</script>'


@pytest.mark.parametrize(("status", "title"), [(499, "Request Refused"), (599, "Server Error"), (418, "I'm a Teapot")])
def test_answers_statuses_that_nobody_lists(status: int, title: str) -> None:
    """An odd status has a page too."""
    assert json.loads(answer_for(ask(), status)[1])["title"] == title


def test_answers_a_redirect_without_a_body() -> None:
    """A refusal that sends people to the login is no error page."""
    assert answer_for(ask(), 303) == ([(b"content-length", b"0")], b"")


@pytest.mark.parametrize("route", [None, make_route()])
def test_numbers_every_error(route: object) -> None:
    """The client can name the incident, whoever made the answer."""
    exchange = ask()
    headers = leave(GUARD, SETTINGS, SITE, exchange, [(b"incident-id", b"forged"), JSON], status=404, route=route)  # type: ignore[arg-type]  # parametrised
    assert headers == [JSON, (b"incident-id", exchange.incident.encode())]


def test_numbers_no_success() -> None:
    """A good answer carries no number, and none is made."""
    exchange = ask()
    headers = [JSON]
    assert leave(GUARD, SETTINGS, SITE, exchange, headers, status=399) is headers
    assert not exchange.has_incident


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([TEXT], TRACE),
        ([JSON], json.dumps({"error": TRACE.decode()}).encode()),
        ([HTML], b"<pre>  File &#34;/srv/clinic/app.py&#34;, line 3</pre>"),
        ([HTML], b"<pre>  File &quot;/srv/clinic/app.py&quot;, line 3</pre>"),
        ([HTML], b'<title>KeyError // Werkzeug Debugger</title><script src="?__debugger__=yes">'),
        ([HTML], b'<div class="traceback-container">'),
        ([TEXT], b"(sqlite3.OperationalError) no such table: note"),
        ([TEXT], b"(Background on this error at: https://sqlalche.me/e/20/e3q8)"),
        ([TEXT], b"cannot read /venv/lib/python3.11/site-packages/x/y.json"),
        ([], TRACE),
        ([TEXT, (b"Content-Encoding", b"gzip")], gzip.compress(TRACE)),
        ([TEXT, (b"content-encoding", b"deflate")], zlib.compress(TRACE)),
        ([TEXT, (b"content-encoding", b"identity")], TRACE),
    ],
)
@pytest.mark.parametrize("status", [400, 404, 500, 503])
@pytest.mark.parametrize("settings", [SETTINGS, LEAKS_ONLY], ids=["all", "leaks only"])
def test_replaces_what_shows_the_inside(headers: list[Header], body: bytes, status: int, settings: ErrorHandlingSettings) -> None:
    """A traceback is replaced even when a handler of the application made it, compressed or not."""
    found = replaced(status, headers, body, settings=settings)
    assert found is not None
    new_headers, new_body = found
    assert json.loads(new_body)["status"] == status
    assert not [name for name, _ in new_headers if name.lower() == b"content-encoding"]
    assert [value for name, value in new_headers if name == b"content-length"] == [b"%d" % len(new_body)]


@pytest.mark.parametrize("body", [b"not gzip at all", b""])
def test_replaces_a_server_error_that_it_cannot_look_into(body: bytes) -> None:
    """What may be a traceback in a foreign coding is taken for one; a client's error stays as the application made it."""
    coded = [TEXT, (b"content-encoding", b"br")]
    assert replaced(500, coded, body) is not None
    assert replaced(404, coded, body) is None
    broken = [TEXT, (b"content-encoding", b"gzip")]
    assert replaced(500, broken, b"\x1f\x8bnot gzip") is not None


def test_keeps_headers_that_do_not_belong_to_the_body() -> None:
    """Allow, Retry-After and cookies mean what they meant; the old body's own headers go with it."""
    kept = [(b"allow", b"GET"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"www-authenticate", b"Cookie")]
    gone = [(b"ETag", b'"x"'), (b"Content-Length", b"9"), (b"content-disposition", b"attachment"), (b"cache-control", b"public")]
    found = replaced(405, [*gone, *kept, TEXT], b"Method Not Allowed")
    assert found is not None
    assert found[0][:4] == kept
    assert [name for name, _ in found[0][4:]] == [b"content-type", b"content-length", b"cache-control", b"vary"]


@pytest.mark.parametrize(
    ("status", "headers", "body", "detail"),
    [
        (404, [JSON], b'{"detail":"Not Found"}', "Not Found"),
        (405, [JSON], b'{"detail":"Method Not Allowed"}', "Method Not Allowed"),
        (404, [TEXT], b"Not Found", "There is nothing at this address."),
        (500, [TEXT], b"Internal Server Error", "Something went wrong on our side."),
        (500, [JSON], b'{"detail":"could not reach 10.0.0.7"}', "Something went wrong on our side."),
        (
            404,
            [HTML],
            b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>x</p>\n",
            "There is nothing at this address.",
        ),
        (404, [], b"", "There is nothing at this address."),
    ],
)
def test_replaces_the_framework_s_own_bodies(status: int, headers: list[Header], body: bytes, detail: str) -> None:
    """They tell which framework answers, and carry no incident number."""
    found = replaced(status, headers, body)
    assert found is not None
    assert json.loads(found[1])["detail"] == detail
    assert replaced(status, headers, body, settings=LEAKS_ONLY) is None


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (404, [JSON], b'{"detail":"no such note"}'),
        (404, [JSON], b'{"detail":"Not Found","code":7}'),
        (404, [JSON], b'{"detail":["Not Found"]}'),
        (404, [JSON], b'{"detail"'),
        (404, [JSON], b'{"detail":"' + b"x" * 5000 + b'"}'),
        (404, [JSON], b"[]"),
        (503, [JSON], b'{"detail":"closed for maintenance until noon"}'),
        (422, [JSON], b'{"detail":[{"type":"missing","loc":["body","title"],"msg":"Field required"}]}'),
        (404, [TEXT], b"no such note"),
        (404, [HTML], b"<!doctype html><title>The clinic: not found</title>"),
        (500, [HTML], b"<h1>Sorry</h1>"),
        (404, [(b"content-type", b"image/png")], b"\x89PNG"),
    ],
)
def test_leaves_the_application_s_own_words(status: int, headers: list[Header], body: bytes) -> None:
    """A page or message that the application chose goes out as it is."""
    assert replaced(status, headers, body) is None


@pytest.mark.parametrize("accept", [BROWSER, (b"accept", b"*/*")])
@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_leaves_its_own_answers(accept: Header, status: int) -> None:
    """What it made is not made again."""
    exchange = ask("GET", "/x", accept)
    assert replaced(status, *answer_for(exchange, status), exchange=exchange) is None


def test_puts_no_body_into_a_head() -> None:
    """A HEAD is empty by nature."""
    assert replaced(404, [TEXT], b"", exchange=ask("HEAD")) is None


@given(
    st.binary(max_size=200),
    st.sampled_from([b"gzip", b"deflate", b"br", b""]),
    st.sampled_from([b"application/json", b"text/plain", b"text/html", b""]),
)
def test_looks_into_any_body(body: bytes, coding: bytes, kind: bytes) -> None:
    """No bytes of an application make it raise."""
    found = replaced(500, [(b"content-type", kind), (b"content-encoding", coding)], body)
    assert found is None or found[1].startswith(b"{")


def test_has_nothing_to_set_wrong() -> None:
    """It is one switch."""
    assert GUARD.faults(SETTINGS) == ()
