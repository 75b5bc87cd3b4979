"""Errors tell the user little and the log everything.

Against error pages that reveal code, queries, paths and versions: whatever looks like a traceback, a debugger or a
framework's own page is replaced by a page or problem document with an incident number, under which the operator finds the rest.
Source: RFC 9457 (problem documents); ASVS 5.0, 16.5.1 and 16.5.4; CWE-209.
"""

from __future__ import annotations

import html
import json
import zlib
from collections.abc import Sequence
from dataclasses import field
from functools import lru_cache
from http import HTTPStatus

from ringwork.enforce.guard import ERROR, Body, Guard, Hooks, Site
from ringwork.exchange import Exchange, Header
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route, RouteKind

CONTROL = ControlId("output.error-handling")

INCIDENT = b"incident-id"
LOOK_BYTES = 64 * 1024

MARKERS = (
    b"Traceback (most recent call last)",
    b'", line ',
    b"&quot;, line ",
    b"&#34;, line ",
    b"&#x27;, line ",
    b"site-packages/",
    b"dist-packages/",
    b"Werkzeug Debugger",
    b"__debugger__",
    b"traceback-container",
    b"<code>DEBUG = True</code>",
    b"Django Version:",
    b"sqlalchemy.exc.",
    b"sqlalche.me/e/",
    b"sqlite3.OperationalError",
    b"sqlite3.IntegrityError",
    b"psycopg2.errors",
    b"psycopg.errors",
    b"pymysql.err",
)
"""What the inside of a Python application looks like from outside; found by plain search, so the time is linear."""

DESCRIBES_BODY = frozenset(
    {
        b"content-type",
        b"content-length",
        b"content-encoding",
        b"content-disposition",
        b"content-range",
        b"transfer-encoding",
        b"etag",
        b"last-modified",
        b"accept-ranges",
        b"cache-control",
    }
)
"""Headers that belong to a body and go with it."""

SENTENCES = {
    400: "The request could not be understood.",
    401: "Please sign in first.",
    403: "You may not do this.",
    404: "There is nothing at this address.",
    405: "This address does not take that kind of request.",
    409: "This does not fit what is stored now. Load the page again and try once more.",
    413: "What was sent is too large.",
    415: "What was sent is of a kind that is not taken here.",
    421: "This host name is not served here.",
    422: "Something that was filled in does not fit.",
    429: "Too many requests. Please wait a little.",
    500: "Something went wrong on our side.",
    503: "The service is not available at the moment. Please try again later.",
}


class ErrorHandlingSettings(Frozen):
    """What is replaced besides bodies that show the inside, which always are."""

    replace_defaults: bool = field(
        default=True,
        metadata={
            "doc": "replace the framework's own short error bodies by problem documents and pages",
            "unit": "true or false",
            "source": "ASVS 16.5.1; our choice",
        },
    )


def plan(settings: ErrorHandlingSettings, site: Site, route: Route | None) -> Hooks:
    """The same for every route, and for no route; where files are served no words of the framework stay.

    Against a file whose refusal reads otherwise than its absence, which tells that it is there.
    """
    files = route is not None and (route.kind is RouteKind.STATIC or route.sends_files)
    replaced = _REPLACE_WORDS if files else _REPLACE_ALL
    return Hooks(
        leave=_number, leave_on=frozenset({ERROR}), is_steady=True, error_body=replaced if settings.replace_defaults else _REPLACE_LEAKS
    )


def faults(settings: ErrorHandlingSettings) -> Sequence[str]:
    """Nothing can be set wrong here."""
    return ()


def answer_for(exchange: Exchange, status: int, detail: str = "") -> tuple[list[Header], bytes]:
    """Headers and body of a clean answer with `status`.

    status: 300 to 599; below 400 the body is empty. detail: text for the client, at most a sentence; it is escaped. By
    default a sentence that fits the status. Returns an HTML page when the request prefers one, a problem document otherwise.
    Does not carry `incident-id`: the leave hook adds it.
    """
    if status < 400:
        return [(b"content-length", b"0")], b""
    incident = exchange.numbered().encode("ascii")
    headers, before, after = _clean(status, detail, len(incident), exchange.prefers_html)
    return [*headers], before + incident + after


@lru_cache(maxsize=64)
def _clean(status: int, detail: str, digits: int, is_page: bool) -> tuple[tuple[Header, ...], bytes, bytes]:  # noqa: FBT001  # a key
    """Headers of a clean answer, and what stands before and after the incident number, which alone differs from one to the next."""
    before, after = (_page if is_page else _problem)(status, detail)
    headers = (
        (b"content-type", b"text/html; charset=utf-8" if is_page else b"application/problem+json"),
        (b"content-length", b"%d" % (len(before) + digits + len(after))),
        # Against an incident number, or the wrong one of the two forms, out of a cache.
        (b"cache-control", b"no-store"),
        (b"vary", b"Accept"),
    )
    return headers, before, after


def title_of(status: int) -> str:
    """The standard phrase of `status`, or one for its class."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Server Error" if status >= 500 else "Request Refused"


def sentence_of(status: int) -> str:
    """One plain sentence for people."""
    return SENTENCES.get(status) or SENTENCES[500 if status >= 500 else 400]


def _problem(status: int, detail: str) -> tuple[bytes, bytes]:
    """What stands before and after the incident number."""
    fields = {"type": "about:blank", "title": title_of(status), "status": status, "detail": detail or sentence_of(status)}
    return json.dumps(fields, separators=(",", ":")).encode()[:-1] + b',"incident":"', b'"}'


def _page(status: int, detail: str) -> tuple[bytes, bytes]:
    """What stands before and after the incident number. No style, no script: it shows under the strictest policy."""
    title, sentence = html.escape(title_of(status)), html.escape(detail or sentence_of(status))
    before = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{status} {title}</title>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{sentence}</p>\n"
        "<p>If you ask for help, give this incident number: <code>"
    )
    return before.encode(), b"</code></p>\n</main>\n</body>\n</html>\n"


def _number(exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
    if INCIDENT in dict(headers):
        headers = [pair for pair in headers if pair[0] != INCIDENT]
    headers.append((INCIDENT, exchange.numbered().encode("ascii")))
    return headers


def _replacer(*, defaults: bool, words: bool = True) -> Body:
    def error_body(exchange: Exchange, status: int, headers: list[Header], body: bytes) -> tuple[list[Header], bytes] | None:
        kind, seen = _visible(headers, body)
        detail: str | None = ""
        if seen is None:
            # Against a traceback in a coding that cannot be read here; below 500 the application made the page itself.
            detail = "" if status >= 500 else None
        elif not _shows_inside(seen):
            detail = _default_text(exchange, status, kind, seen) if defaults else None
        if detail is None:
            return None
        own_headers, own_body = answer_for(exchange, status, detail if words else "")
        kept = [(name, value) for name, value in headers if name.lower() not in DESCRIBES_BODY]
        return [*kept, *own_headers], own_body

    return error_body


_REPLACE_ALL = _replacer(defaults=True)
_REPLACE_WORDS = _replacer(defaults=True, words=False)
_REPLACE_LEAKS = _replacer(defaults=False)


def _visible(headers: list[Header], body: bytes) -> tuple[bytes, bytes | None]:
    """The body's type, and what a client would see of it, at most LOOK_BYTES; None when it cannot be looked into."""
    kind = coding = b""
    for name, value in headers:
        lower = name.lower()
        if lower == b"content-type":
            kind = value.partition(b";")[0].strip().lower()
        elif lower == b"content-encoding":
            coding = value.strip().lower()
    if coding in (b"", b"identity"):
        return kind, body[:LOOK_BYTES]
    if coding in (b"gzip", b"x-gzip", b"deflate"):
        try:
            # Against a traceback hidden by compression, and against a bomb: never more than LOOK_BYTES are unpacked.
            return kind, zlib.decompressobj(wbits=47).decompress(body, LOOK_BYTES)
        except zlib.error:
            pass
    return kind, None


def _shows_inside(seen: bytes) -> bool:
    return any(marker in seen for marker in MARKERS)


_DJANGO = b'<!doctype html>\n<html lang="en">\n<head>\n  <title>%s</title>\n</head>\n<body>\n  <h1>'
_DJANGO_TITLES = {400: b"Bad Request (400)", 403: b"403 Forbidden", 404: b"Not Found", 500: b"Server Error (500)"}


def _default_text(exchange: Exchange, status: int, kind: bytes, seen: bytes) -> str | None:
    """The text to keep of a framework's own short body, "" for none of it; None when the body is the application's."""
    if not seen:
        # A HEAD has no body anyway; an application that says nothing is given a page.
        return None if exchange.method == "HEAD" else ""
    phrase = title_of(status)
    if kind == b"application/json":
        return _default_json(status, phrase, seen)
    text = seen.strip()
    if kind == b"text/plain":
        return "" if text in (phrase.encode(), f"{status}: {phrase}".encode()) else None  # aiohttp's own begin with the number
    # The first lines of werkzeug's own page, whatever its description says, and of Django's.
    own = (b"<!doctype html>\n<html lang=en>\n<title>%d " % status, _DJANGO % _DJANGO_TITLES.get(status, phrase.encode()))
    return "" if text.startswith(own) else None


def _default_json(status: int, phrase: str, seen: bytes) -> str | None:
    if len(seen) >= 4096 or not seen.lstrip().startswith(b'{"detail"'):
        return None
    try:
        told = json.loads(seen)
    except ValueError:
        return None
    if not isinstance(told, dict) or len(told) != 1 or not isinstance(told["detail"], str):
        return None
    if told["detail"] == phrase:
        return phrase
    # Against HTTPException(500, str(error)): what an exception says is for the log. Below 500 the application chose its words.
    return "" if status == HTTPStatus.INTERNAL_SERVER_ERROR else None


GUARD: Guard[ErrorHandlingSettings] = Guard(control=CONTROL, settings=ErrorHandlingSettings, plan=plan, faults=faults)
