"""Work per request is bounded.

Against one cheap request that costs memory, processor time or a worker without end: a body, a header block, a form or a nesting
that never stops, a client that drips, a handler that hangs, more requests at once than the process can hold. What is too much
is told from lengths and counts, before anything is parsed. Source: ASVS 5.0, 15.1.3 and 15.2.2; RFC 9110, 8.6 and 15.5.14;
RFC 6585, 5; CWE-400, CWE-674, CWE-770.
"""

from __future__ import annotations

import functools
from array import array
from collections.abc import Sequence
from dataclasses import field
from itertools import accumulate

from ringwork.enforce.guard import Arrive, Asking, Decision, Enter, Guard, Hooks, Limits, ReadBody, Refusal, Site, Surroundings
from ringwork.enforce.ordinary import Bounds
from ringwork.exchange import Exchange, Header
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route, RouteKind, RouteLimits
from ringwork.words import Words

CONTROL = ControlId("network.request-limits")

MEGABYTE = 1_048_576
_DIGITS = 18
"""Most digits of a length that is looked at as a number. Against a length whose conversion alone is work (CPython stops at 4300)."""
_FORM = b"application/x-www-form-urlencoded"
_JUST_MARKS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_SIGNS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


class RequestLimitsSettings(Frozen):
    """The limits of every request; single routes may have their own, with a reason."""

    body_bytes: int = field(default=MEGABYTE, metadata={"doc": "greatest length of a body", "unit": "bytes", "source": "our choice"})
    headers: int = field(default=100, metadata={"doc": "most header lines of a request", "unit": "count", "source": "our choice"})
    header_bytes: int = field(
        default=32_768, metadata={"doc": "greatest length of all header lines together", "unit": "bytes", "source": "our choice"}
    )
    url_bytes: int = field(
        default=8192,
        metadata={"doc": "greatest length of path (decoded) and query", "unit": "bytes", "source": "RFC 9110, 4.1: at least 8000"},
    )
    form_fields: int = field(default=1000, metadata={"doc": "most fields of a form", "unit": "count", "source": "our choice"})
    json_depth: int = field(default=32, metadata={"doc": "deepest nesting of a JSON body", "unit": "levels", "source": "our choice"})
    seconds: float = field(
        default=30.0,
        metadata={
            "doc": "longest time until the answer starts, the reading of the body included (ASGI; a WSGI worker has its own)",
            "unit": "seconds",
            "source": "our choice",
        },
    )
    concurrent: int = field(
        default=1000,
        metadata={
            "doc": "most requests and sockets under way at once in one process (ASGI; under WSGI the worker's threads are the bound)",
            "unit": "count",
            "source": "our choice",
        },
    )
    routes: tuple[RouteLimits, ...] = field(
        default=(), metadata={"doc": "routes with limits of their own, each with its reason", "unit": "tables", "source": "ASVS 15.1.3"}
    )


class RequestLimitsReason(Words):
    """Why a request was refused."""

    LONG_URL = "long-url"
    MANY_HEADERS = "many-headers"
    LONG_HEADERS = "long-headers"
    GARBLED_LENGTH = "garbled-length"
    LARGE_BODY = "large-body"
    MANY_FIELDS = "many-fields"
    DEEP_JSON = "deep-json"
    LATE_BODY = "late-body"
    LATE_ANSWER = "late-answer"
    CROWDED = "crowded"


def plan(settings: RequestLimitsSettings, site: Site, route: Route | None) -> Hooks:
    """Head and address are measured before routing, the body while it is read, and what it holds before the handler sees it."""
    own = own_limits(settings, route)
    limits = _limits(own.body_bytes, own.seconds, settings.concurrent)
    if route is None:
        sizes = Bounds(headers=settings.headers, header_bytes=settings.header_bytes, url_bytes=settings.url_bytes)
        return Hooks(arrive=_measure(settings), limits=limits, bounds=sizes)
    has_body = route.kind in (RouteKind.HTTP, RouteKind.MOUNT)
    return Hooks(enter=_look_in(own, limits.too_large) if has_body else None, limits=limits, passes_plain=True, asks=True)


@functools.lru_cache(maxsize=64)
def _limits(body_bytes: int, seconds: float, concurrent: int) -> Limits:
    """What the adapter applies. Routes without limits of their own share one value, so that an adapter sees that nothing changed."""
    return Limits(
        body_bytes=body_bytes,
        seconds=seconds,
        concurrent=concurrent,
        too_large=_refuse(
            413,
            RequestLimitsReason.LARGE_BODY,
            f'the body is longer than {body_bytes} bytes; if this route needs more, mark it: limits("why", body_bytes=...)',
        ),
        too_slow=_refuse(503, RequestLimitsReason.LATE_ANSWER, f"no answer within {seconds:g} seconds"),
        body_late=_refuse(408, RequestLimitsReason.LATE_BODY, f"the body was not there within {seconds:g} seconds"),
        too_many=_refuse(
            503, RequestLimitsReason.CROWDED, f"more than {concurrent} requests at once in this process", headers=((b"retry-after", b"5"),)
        ),
    )


def own_limits(settings: RequestLimitsSettings, route: Route | None) -> RouteLimits:
    """The limits of one route, each filled in: its own mark, then the settings' row for it, then the general ones."""
    rows = [] if route is None else [*([route.limits] if route.limits else []), *(row for row in settings.routes if _means(row, route))]
    general = RouteLimits(
        body_bytes=settings.body_bytes, form_fields=settings.form_fields, json_depth=settings.json_depth, seconds=settings.seconds
    )
    rows.append(general)
    return RouteLimits(
        body_bytes=next(row.body_bytes for row in rows if row.body_bytes),
        form_fields=next(row.form_fields for row in rows if row.form_fields),
        json_depth=next(row.json_depth for row in rows if row.json_depth),
        seconds=next(row.seconds for row in rows if row.seconds),
    )


def _means(row: RouteLimits, route: Route) -> bool:
    return row.route in (route.name, f"ANY {route.path}")


# -- before routing -----------------------------------------------------------------------------------------


def _measure(settings: RequestLimitsSettings) -> Arrive:
    most, most_bytes, most_url = settings.headers, settings.header_bytes, settings.url_bytes
    long_url = _refuse(414, RequestLimitsReason.LONG_URL, f"path and query are longer than {most_url} bytes")
    many = _refuse(431, RequestLimitsReason.MANY_HEADERS, f"more than {most} header lines")
    long_headers = _refuse(431, RequestLimitsReason.LONG_HEADERS, f"the header lines are longer than {most_bytes} bytes together")

    def arrive(exchange: Exchange) -> Decision:
        if exchange.header_count > most:
            return many
        if exchange.header_bytes > most_bytes:
            return long_headers
        if len(exchange.path) + len(exchange.query) > most_url:
            return long_url
        length = exchange.content_length
        if exchange.is_plain or length is None:
            return None
        # Against a length that two readers take for two numbers: "+5", "5_0", "5, 5", two lines of it (RFC 9110, 8.6).
        if not length.isdigit() or b"content-length" in exchange.repeated:
            return _GARBLED
        return None

    return arrive


# -- on a matched route -------------------------------------------------------------------------------------


def _look_in(own: RouteLimits, large: Refusal) -> Enter:
    most_bytes = own.body_bytes

    def enter(exchange: Exchange) -> Decision | Asking:
        length, kind = exchange.content_length, exchange.content_type
        if length is None:
            if kind is None and exchange.method in _BODILESS:
                return None
        elif length == b"0":
            return None
        elif announced(length) > most_bytes:
            # Against reading, or asking for (Expect: 100-continue), what will be refused anyway.
            return large
        media = _media(kind)
        if media == _FORM:
            return _count_fields(own)
        return _measure_depth(own) if _may_be_json(media) else None

    return enter


_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that bring a body hardly ever; one that comes without a length and a type is left to the measure of what is read."""


def announced(length: bytes) -> int:
    """A Content-Length as a number; one that is garbled, or of absurdly many digits, counts as more than any limit."""
    return int(length) if length.isdigit() and len(length) <= _DIGITS else 10**_DIGITS


def _media(kind: bytes | None) -> bytes:
    return b"" if kind is None else kind.partition(b";")[0].strip().lower()


def _may_be_json(media: bytes) -> bool:
    # Against a depth that hides behind another type: handlers parse text and untyped bodies as JSON without asking.
    return media in _JSON or media.endswith(b"+json") or media.startswith(b"text/")


_JSON = frozenset({b"", b"application/json", b"application/csp-report", b"application/reports+json"})


def _count_fields(own: RouteLimits) -> Asking:
    body = yield ReadBody(limit_bytes=own.body_bytes)
    # None: too long, which the measure of what is read has answered already, or the client is gone.
    # Against parsers that split at either sign.
    if body is not None and body.count(b"&") + body.count(b";") >= own.form_fields:
        return _refuse(400, RequestLimitsReason.MANY_FIELDS, f"a form of more than {own.form_fields} fields")
    return None


def _measure_depth(own: RouteLimits) -> Asking:
    body = yield ReadBody(limit_bytes=own.body_bytes)
    if body is not None and is_deeper(body, own.json_depth):
        return _refuse(400, RequestLimitsReason.DEEP_JSON, f"JSON nested deeper than {own.json_depth} levels")
    return None


def is_deeper(body: bytes, depth: int) -> bool:
    """Whether JSON text nests deeper than `depth`, in linear time and without parsing it.

    body: any bytes. What is no JSON is measured all the same: up to the place where a parser would stop, the answer is the parser's.
    """
    # Against a parser that recurses until its stack ends. Most bodies hold fewer brackets than they might be deep.
    if body.count(b"[") + body.count(b"{") <= depth:
        return False
    # Against UTF-16, in which a quote may be half of another character: then brackets in strings are counted too.
    outside = body if b"\0" in body else b"".join(body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    signs = array("b", outside.translate(_SIGNS, _JUST_MARKS))
    return max(accumulate(signs), default=0) > depth


def _refuse(status: int, reason: RequestLimitsReason, detail: str, *, headers: tuple[Header, ...] = ()) -> Refusal:
    return Refusal(control=CONTROL, status=status, reason=reason.value, detail=detail, headers=headers)


_GARBLED = _refuse(400, RequestLimitsReason.GARBLED_LENGTH, "Content-Length is no plain number, or came twice")


# -- settings -----------------------------------------------------------------------------------------------

_RANGES: tuple[tuple[str, int, int], ...] = (
    ("body_bytes", 1, 2**40),
    ("headers", 10, 10_000),
    ("header_bytes", 1024, MEGABYTE),
    ("url_bytes", 256, MEGABYTE),
    ("form_fields", 1, 1_000_000),
    ("json_depth", 1, 500),
    ("concurrent", 1, 1_000_000),
)
"""Name, least and greatest value. Beyond a depth of 500 Python's own JSON parser is near the end of its stack."""


def faults(settings: RequestLimitsSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    default = RequestLimitsSettings()
    found = [
        f"{name}: {getattr(settings, name)} is out of range; write {least} to {greatest}, for example {getattr(default, name)}"
        for name, least, greatest in _RANGES
        if not least <= getattr(settings, name) <= greatest
    ]
    if not 0 < settings.seconds <= 86_400:
        found.append(f"seconds: {settings.seconds:g} is out of range; write more than 0, up to 86400, for example 30.0")
    for i, row in enumerate(settings.routes):
        if " /" not in row.route or not row.reason.strip():
            found.append(f'routes[{i}]: give route = "POST /path" and a reason')
        found += [f"routes[{i}].{fault}" for fault in _row_faults(row)]
    return found


def _row_faults(row: RouteLimits) -> list[str]:
    named = {"body_bytes": row.body_bytes, "form_fields": row.form_fields, "json_depth": row.json_depth, "seconds": row.seconds}
    if not any(named.values()):
        return ["changes nothing; give body_bytes, form_fields, json_depth or seconds, or take it out"]
    greatest: dict[str, float] = {**{name: most for name, _, most in _RANGES}, "seconds": 86_400}
    return [
        f"{name}: {value:g} is out of range; write 1 to {greatest[name]:g}"
        for name, value in named.items()
        if not 0 <= value <= greatest[name]
    ]


def at_start(settings: RequestLimitsSettings, site: Site, around: Surroundings, routes: Sequence[Route]) -> Sequence[str]:
    """Rows that name no route, and marks with a value that no route may have."""
    found = [
        f'routes[{i}]: "{row.route}" names no route of this application; take it out, or correct method and path'
        for i, row in enumerate(settings.routes)
        if not any(_means(row, route) for route in routes)
    ]
    return [*found, *(f"{route.name}: limits(): {fault}" for route in routes if route.limits for fault in _row_faults(route.limits))]


GUARD: Guard[RequestLimitsSettings] = Guard(control=CONTROL, settings=RequestLimitsSettings, plan=plan, faults=faults, at_start=at_start)
