"""WSGI below its frameworks: what an environ says of itself, what a request leaves behind, and answers of a kind that was met."""

from __future__ import annotations

import gc
import io
import weakref
from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask, Response

import ringwork
from ringwork.frameworks import wsgi_reading
from ringwork.frameworks.wsgi_names import shape_of
from ringwork.protect import installed
from tests.frameworks.hosts import policy


def environ(**more: str) -> dict[str, Any]:
    """One GET over TLS as a server hands it over."""
    return {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/x", "QUERY_STRING": "", "SERVER_NAME": "clinic.example",
        "SERVER_PORT": "443", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "https",
        "wsgi.errors": io.StringIO(), "wsgi.input": io.BytesIO(), "wsgi.multithread": False, "wsgi.multiprocess": False,
        "wsgi.run_once": False, "HTTP_HOST": "clinic.example", **more,
    }  # fmt: skip


def application(headers: Iterable[tuple[str, str]] = ()) -> Any:
    """A guarded application with one open page."""
    app = Flask("wsgi")
    app.add_url_rule("/x", view_func=lambda: Response("<p>", headers=[*headers]), endpoint="x")
    return ringwork.protect(app, policy(events=lambda event: None, rules={"GET /x": ringwork.public("a page of the tests")}))


def ask(app: Any, given: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    """Status line, headers and body; the body closed as PEP 3333 asks."""
    started: list[Any] = []
    body = app(given, lambda *told: started.append(told))
    read = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return started[0][0], started[0][1], read


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, (False, False, None)),
        ({"wsgi.input_terminated": "yes"}, (False, False, None)),
        ({"CONTENT_LENGTH": "7"}, (False, False, b"7")),
        ({"CONTENT_TYPE": "text/plain"}, (False, False, b"0")),
        ({"HTTP_X_FORWARDED_FOR": "203.0.113.9"}, (True, True, b"0")),
        ({"HTTP_FORWARDED": "for=203.0.113.9"}, (True, True, b"0")),
        ({"REQUEST_METHOD": "POST"}, (False, False, b"0")),
        ({"HTTP_ACCEPT": "*/*"}, (True, False, b"0")),
        ({"CONTENT_TYPE": "", "CONTENT_LENGTH": ""}, (True, False, b"0")),
    ],
)
def test_takes_a_request_for_plain_only_where_no_key_tells_of_a_body(more: dict[str, str], told: tuple[bool, bool, bytes | None]) -> None:
    """Against a body, or a proxy, that the short way of plain requests goes by: whether one is told of is known by the keys alone."""
    exchange = wsgi_reading.begin(environ(**more), installed(application()).pipeline.unmatched)
    assert (exchange.is_plain, exchange.is_forwarded, exchange.content_length) == told


@pytest.mark.parametrize("more", [{}, {"HTTP_HOST": "evil.example"}])
def test_leaves_nothing_of_a_request_to_the_collector(more: dict[str, str]) -> None:
    """What a client sent is gone with its answer, served or refused; circles would keep it until Python looks for them."""
    app = application()
    ask(app, environ(**more))

    class Body(io.BytesIO):
        """One that can be watched."""

    gc.collect()
    gc.disable()
    try:
        body = Body()
        gone = weakref.ref(body)
        ask(app, {**environ(**more), "wsgi.input": body})
        del body
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
def test_sends_the_same_headers_to_the_first_and_to_the_second(name: str) -> None:
    """Whether the kind of answer was met before or not, and however its names are spelled."""
    app = application()
    inner = app.wsgi_app.app
    app.wsgi_app.app = lambda given, start: inner(
        given, lambda line, headers, *info: start(line, [(name, "text/html"), ("X-More", "1")], *info)
    )
    first, second, third = (ask(app, environ()) for _ in range(3))
    assert first == second == third
    assert len({key.lower() for key, _ in first[1]}) == len(first[1]) > 5


def test_tells_kinds_apart_by_what_guards_look_at() -> None:
    """An answer that may be kept by caches is no kind of one that may not."""
    app = application()
    inner = app.wsgi_app.app
    for value in ("no-store", "public, max-age=60", "no-store"):
        app.wsgi_app.app = lambda given, start, value=value: inner(
            given, lambda line, headers, *info: start(line, [("Content-Type", "text/html"), ("Cache-Control", value)], *info)
        )
        assert dict(ask(app, environ())[1])["Cache-Control"] == value


def test_reads_from_the_keys_what_is_a_header() -> None:
    """Count and length of names, once for all requests with the same keys; values anew for each."""
    given = environ(HTTP_X="abc", CONTENT_TYPE="", MY_HTTP_X="no header")
    shape = shape_of(tuple(given))
    assert shape is shape_of(tuple(environ(HTTP_X="other", CONTENT_TYPE="", MY_HTTP_X="")))
    assert (shape.count, shape.spelled) == (2, len("HTTP_HOST") + len("HTTP_X"))
    assert list(shape.values(given)) == ["clinic.example", "abc"]
    assert shape.among(frozenset({b"x", b"y"})) == ("HTTP_X",)
    assert list(shape_of(("HTTP_X", "wsgi.input")).values({"HTTP_X": "alone"})) == ["alone"]
    assert list(shape_of(("wsgi.input",)).values({})) == []
    assert wsgi_reading.begin(given, installed(application()).pipeline.unmatched).names.get(b"x") == b"abc"


def test_counts_what_stands_beside_the_headers_where_it_was_sent() -> None:
    """Servers write an empty type and length for a request that has neither."""
    plan = application().wsgi_app.installation.pipeline.unmatched
    bare, sent = (
        wsgi_reading.begin(environ(**more), plan) for more in ({"CONTENT_TYPE": ""}, {"CONTENT_TYPE": "text/html", "CONTENT_LENGTH": "3"})
    )
    assert bare.header_count == 1
    assert (sent.header_count, sent.header_bytes - bare.header_bytes) == (3, len("CONTENT_TYPEtext/htmlCONTENT_LENGTH3"))


@pytest.mark.parametrize(("raw", "path"), [("/x", "/x"), ("", "/"), ("/\xc3\xa4", "/\u00e4"), ("/\xff", "/\ufffd")])
def test_reads_the_path_as_its_client_wrote_it(raw: str, path: str) -> None:
    """PEP 3333 hands bytes on as latin-1."""
    plan = application().wsgi_app.installation.pipeline.unmatched
    assert wsgi_reading.begin({**environ(), "PATH_INFO": raw}, plan).path == path
