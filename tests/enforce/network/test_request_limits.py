"""Work per request is bounded, before anything is parsed."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork.enforce.guard import ReadBody, Refusal, Surroundings
from ringwork.enforce.network.request_limits import GUARD, RequestLimitsSettings, announced, is_deeper, own_limits
from ringwork.exchange import Header
from ringwork.route import RouteKind, RouteLimits
from tests.enforce.making import arrive, ask, make_route, make_site

SITE = make_site()
SETTINGS = RequestLimitsSettings()
JSON = (b"content-type", b"application/json")
FORM = (b"content-type", b"application/x-www-form-urlencoded; charset=utf-8")
NOWHERE = Surroundings(framework="starlette")


def decide(body: bytes | None, *headers: Header, settings: RequestLimitsSettings = SETTINGS, method: str = "POST", **route: Any) -> Any:
    """What the guard decides on a matched route about a body; "unread" in front when it never asked for it."""
    place = replace(make_route("/notes"), **route)
    step = GUARD.plan(settings, SITE, place).enter
    assert step is not None
    found = step(ask(method, "/notes", *headers))
    if not isinstance(found, Generator):
        return found
    asked = next(found)
    assert isinstance(asked, ReadBody)
    assert asked.limit_bytes == own_limits(settings, place).body_bytes
    with pytest.raises(StopIteration) as stop:
        found.send(body)
    return stop.value.value


def reason_of(found: Any) -> tuple[int, str] | None:
    """Status and reason of a refusal."""
    return None if found is None else (found.status, found.reason)


# -- before routing


def test_lets_an_ordinary_request_pass() -> None:
    """A browser's request is far below every limit."""
    assert arrive(GUARD, SETTINGS, SITE, ask("POST", "/notes", (b"content-length", b"12"), (b"accept", b"*/*"))) is None


def test_refuses_more_header_lines_than_the_limit() -> None:
    """A hundred pass with Host among them, one more is too many."""
    lines = [(b"x-h%d" % i, b"1") for i in range(99)]
    assert arrive(GUARD, SETTINGS, SITE, ask("GET", "/", *lines)) is None
    assert reason_of(arrive(GUARD, SETTINGS, SITE, ask("GET", "/", *lines, (b"x", b"1")))) == (431, "many-headers")


@pytest.mark.parametrize("line", [(b"x", b"a" * 40_000), (b"a" * 40_000, b"1")], ids=["value", "name"])
def test_refuses_header_lines_that_are_too_long_together(line: Header) -> None:
    """Names count as well as values."""
    assert reason_of(arrive(GUARD, SETTINGS, SITE, ask("GET", "/", line))) == (431, "long-headers")


def test_refuses_an_address_that_is_too_long() -> None:
    """Path and query count together."""
    exchange = ask("GET", "/" + "a" * 5000)
    assert arrive(GUARD, SETTINGS, SITE, exchange) is None
    exchange.query = b"a" * 4000
    assert reason_of(arrive(GUARD, SETTINGS, SITE, exchange)) == (414, "long-url")


@pytest.mark.parametrize("length", [b"+5", b"-1", b"5_0", b" 5", b"5 ", b"5, 5", b"5,5", b"0x5", b"5.0", b"\xb2", b"", b"five"])
def test_trap_garbled_content_length_is_refused(length: bytes) -> None:
    """A length that two readers take for two numbers is no length: negative, signed, doubled, spaced or in words."""
    assert reason_of(arrive(GUARD, SETTINGS, SITE, ask("POST", "/notes", (b"content-length", length)))) == (400, "garbled-length")


def test_trap_two_content_lengths_are_refused() -> None:
    """Two of them may be read differently further in, even when they agree."""
    twice = ask("POST", "/notes", (b"content-length", b"5"), (b"content-length", b"5"))
    assert reason_of(arrive(GUARD, SETTINGS, SITE, twice)) == (400, "garbled-length")


def test_measures_the_head_before_routing_only() -> None:
    """The plan of a matched route carries no second look at the head."""
    assert GUARD.plan(SETTINGS, SITE, make_route()).arrive is None


# -- what is announced


def test_trap_a_length_of_a_million_digits_is_no_work() -> None:
    """Converting it would fail in CPython beyond 4300 digits, and cost before that."""
    assert announced(b"9" * 1_000_000) > SETTINGS.body_bytes
    assert reason_of(decide(None, JSON, (b"content-length", b"9" * 5000))) == (413, "large-body")


@pytest.mark.parametrize(
    ("length", "reason"), [(b"1048576", None), (b"1048577", (413, "large-body")), (b"99999999999", (413, "large-body"))]
)
def test_refuses_an_announced_body_that_is_too_long_without_reading_it(length: bytes, reason: Any) -> None:
    """What will be refused anyway is not asked for: a client that waits for 100 (Continue) hears 413."""
    kind = (b"content-type", b"application/octet-stream")
    assert reason_of(decide(None, kind, (b"content-length", length))) == reason


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_trap_a_body_counts_whatever_the_method(method: str) -> None:
    """GET and HEAD may bring a body too, and a handler may read it."""
    assert reason_of(decide(None, (b"content-length", b"1048577"), method=method)) == (413, "large-body")
    assert reason_of(decide(b"[" * 100, JSON, (b"content-length", b"100"), method=method)) == (400, "deep-json")


def test_asks_for_nothing_where_no_body_comes() -> None:
    """A plain page costs no read."""
    enter = GUARD.plan(SETTINGS, SITE, make_route()).enter
    assert enter is not None
    assert enter(ask("GET", "/notes")) is None
    assert enter(ask("POST", "/notes", JSON, (b"content-length", b"0"))) is None


def test_leaves_files_and_sockets_alone() -> None:
    """A route of static files reads no body; a socket's messages are measured by the adapter."""
    assert GUARD.plan(SETTINGS, SITE, make_route(kind=RouteKind.STATIC)).enter is None
    assert GUARD.plan(SETTINGS, SITE, make_route(kind=RouteKind.WEBSOCKET)).enter is None


# -- what a body holds


@pytest.mark.parametrize(
    "kind",
    [b"application/json", b"Application/JSON; charset=utf-8", b"application/problem+json", b"application/csp-report", b"text/plain", b""],
)
def test_refuses_json_that_nests_too_deep(kind: bytes) -> None:
    """A parser recurses once for each level; handlers parse text and untyped bodies as JSON too."""
    assert reason_of(decide(b"[" * 33 + b"]" * 33, (b"content-type", kind))) == (400, "deep-json")
    assert decide(b"[" * 32 + b"]" * 32, (b"content-type", kind)) is None


@pytest.mark.parametrize("kind", [b"application/octet-stream", b"multipart/form-data; boundary=x", b"image/png"])
def test_reads_no_body_of_another_kind(kind: bytes) -> None:
    """Uploads keep streaming; their length is measured as they are read."""
    enter = GUARD.plan(SETTINGS, SITE, make_route()).enter
    assert enter is not None
    assert enter(ask("POST", "/notes", (b"content-type", kind), (b"content-length", b"100"))) is None


def test_leaves_a_body_that_cannot_be_had_to_the_measure() -> None:
    """Too long a body is answered by the adapter as it is read; the guard does not refuse it a second time."""
    assert decide(None, JSON) is None
    assert decide(None, FORM) is None


@pytest.mark.parametrize("sign", [b"&", b";"])
def test_refuses_a_form_of_too_many_fields(sign: bytes) -> None:
    """Counted before any parser makes an object of each, whichever sign it splits at."""
    assert decide(sign.join([b"a=1"] * 1000), FORM) is None
    assert reason_of(decide(sign.join([b"a=1"] * 1001), FORM)) == (400, "many-fields")


def test_brackets_in_text_are_no_nesting() -> None:
    """Somebody who writes about brackets may do so, with quotes and backslashes in between."""
    for text in ("[" * 500, '"' + "[" * 500, "\\" + "{" * 500, '\\"' + "[{" * 300, "]" * 500 + "[" * 500):
        assert not is_deeper(json.dumps({"a": text, "b": [1]}).encode(), 2)


def test_trap_utf_16_hides_no_nesting() -> None:
    """Half a character that looks like a quote must not open a string behind which brackets vanish."""
    text = '["\u2222\u0122", ' + "[" * 100
    assert is_deeper(text.encode("utf-16-le"), 32)
    assert is_deeper(text.encode("utf-16-be"), 32)


def test_trap_25_depth_is_measured_in_linear_time() -> None:
    """Every byte is looked at a fixed number of times: no pattern, no recursion, no look behind. Against detectors that hang."""
    limit = sys.getrecursionlimit()
    worst = {
        "open": b"[" * 1_000_000,
        "pairs": b"[]" * 500_000,
        "quotes": b'"[' * 500_000,
        "backslashes": b"\\" * 999_900 + b"[" * 100,
        "escaped": b'"' + b'\\"[' * 300_000,
    }
    assert {name: is_deeper(body, 32) for name, body in worst.items()} == {
        "open": True,
        "pairs": False,
        "quotes": True,
        "backslashes": True,
        "escaped": False,
    }
    assert sys.getrecursionlimit() == limit


_VALUES = st.recursive(
    st.none() | st.integers() | st.text(alphabet='[]{}"\\a\u2222') | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='[{"\\'), inner, max_size=3),
    max_leaves=20,
)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (1 if isinstance(value, list | dict) else 0) + max(map(_depth, inner), default=0)


@given(_VALUES, st.booleans())
def test_measures_the_depth_that_a_parser_would_meet(value: Any, ascii_only: bool) -> None:
    """Whatever stands in strings and keys."""
    body, depth = json.dumps(value, ensure_ascii=ascii_only).encode(), _depth(value)
    assert not is_deeper(body, depth)
    assert depth == 0 or is_deeper(body, depth - 1)


# -- limits of single routes


def test_a_mark_and_a_row_change_what_they_name_and_nothing_else() -> None:
    """The mark on the route wins over the settings' row, each falls back to the general limit."""
    row = RouteLimits(route="POST /upload", reason="scans", body_bytes=8_000_000, seconds=120.0)
    settings = RequestLimitsSettings(routes=(row,))
    plain = make_route("/upload", "POST")
    assert own_limits(settings, plain).body_bytes == 8_000_000
    marked = replace(plain, limits=RouteLimits(reason="thumbnails", body_bytes=10))
    found = own_limits(settings, marked)
    assert (found.body_bytes, found.seconds, found.json_depth) == (10, 120.0, 32)
    assert own_limits(settings, make_route("/other", "POST")) == own_limits(settings, None)


def test_the_adapter_gets_the_limits_of_the_route() -> None:
    """General ones until a route is known, then its own; each refusal says which limit it was."""
    general = GUARD.plan(SETTINGS, SITE, None).limits
    own = GUARD.plan(SETTINGS, SITE, replace(make_route(), limits=RouteLimits(reason="x", body_bytes=7, seconds=1.5))).limits
    assert general is not None
    assert own is not None
    assert (general.body_bytes, general.seconds, general.concurrent) == (1_048_576, 30.0, 1000)
    assert (own.body_bytes, own.seconds) == (7, 1.5)
    assert "7 bytes" in own.too_large.detail
    told: list[Refusal] = [own.too_large, own.too_slow, own.body_late, own.too_many]
    assert [(one.status, one.reason) for one in told] == [(413, "large-body"), (503, "late-answer"), (408, "late-body"), (503, "crowded")]
    assert own.too_many.headers == ((b"retry-after", b"5"),)


# -- settings


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"body_bytes": 0}, "body_bytes"),
        ({"headers": 3}, "headers"),
        ({"json_depth": 5000}, "json_depth"),
        ({"seconds": 0.0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"concurrent": 0}, "concurrent"),
        ({"routes": (RouteLimits(route="POST /x", reason=" ", body_bytes=1),)}, "routes[0]"),
        ({"routes": (RouteLimits(route="/x", reason="y", body_bytes=1),)}, "routes[0]"),
        ({"routes": (RouteLimits(route="POST /x", reason="y"),)}, "changes nothing"),
        ({"routes": (RouteLimits(route="POST /x", reason="y", json_depth=-1),)}, "json_depth"),
    ],
)
def test_tells_settings_that_bound_nothing(changed: dict[str, Any], word: str) -> None:
    """A limit that is off, or out of any range, is a fault with the value to write instead."""
    found = GUARD.faults(replace(SETTINGS, **changed))
    assert len(found) == 1
    assert word in found[0]
    assert GUARD.faults(SETTINGS) == []


def test_tells_a_row_that_names_no_route() -> None:
    """A mistyped route would keep the general limits in silence."""
    settings = RequestLimitsSettings(routes=(RouteLimits(route="POST /uplaod", reason="scans", body_bytes=10),))
    assert "names no route" in GUARD.at_start(settings, SITE, NOWHERE, [make_route("/upload", "POST")])[0]
    assert GUARD.at_start(settings, SITE, NOWHERE, [make_route("/uplaod", "POST")]) == []


def test_tells_a_mark_that_no_route_may_have() -> None:
    """A depth that Python's own parser cannot stand is no limit."""
    deep = replace(make_route(), limits=RouteLimits(reason="x", json_depth=100_000))
    assert "json_depth" in GUARD.at_start(SETTINGS, SITE, NOWHERE, [deep])[0]
