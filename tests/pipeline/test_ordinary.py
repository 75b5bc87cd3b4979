"""One look at an ordinary request comes to the same as each guard's own, whoever is left out, and nobody gets by it with anything else."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from typing import Any
from unittest import mock

import pytest
from fastapi import FastAPI, Request
from hypothesis import given, settings
from hypothesis import strategies as st

import ringwork
from ringwork import fusing
from ringwork.clock import FixedClock
from ringwork.enforce.browser import content_security_policy
from ringwork.enforce.guard import Refusal
from ringwork.enforce.network import host_validation, rate_limiting, request_limits, trusted_proxies
from ringwork.enforce.ordinary import Bounds, within
from ringwork.enforce.transport import tls_required
from ringwork.events import Event
from ringwork.exchange import _HOT, Exchange, Header
from ringwork.installation import Installation
from ringwork.pipeline import ORDER, Pipeline
from ringwork.policy.policy import Mode, Policy

ORIGIN = "https://clinic.example"
REPORTS = content_security_policy.ContentSecurityPolicySettings().report_path

METHODS = st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "get", "ZZZ"])
PATHS = st.sampled_from(["/notes/1", "/notes/1;a.css", REPORTS, "/", "", "clinic.example", "http://evil.invalid/", "/" + "x" * 300, "/é"])
VALUES: dict[bytes, list[bytes]] = {
    b"host": [b"clinic.example", b"CLINIC.example", b"clinic.example:443", b"evil.invalid", b"clinic.example, evil.invalid", b""],
    b"cookie": [b"__Host-session=1", b"session=1; __Host-a=2", b"s=" + b"1" * 1200],
    b"authorization": [b"Bearer abc"],
    b"content-length": [b"0", b"5", b"+5"],
    b"content-type": [b"application/json"],
    b"sec-fetch-site": [b"same-origin", b"cross-site"],
    b"sec-fetch-mode": [b"navigate"],
    b"origin": [ORIGIN.encode(), b"https://evil.invalid"],
    b"x-forwarded-proto": [b"http", b"https", b"gopher"],
    b"x-forwarded-host": [b"clinic.example", b"evil.invalid"],
    b"x-forwarded-for": [b"203.0.113.9", b"127.0.0.1"],
    b"x_forwarded_for": [b"203.0.113.9"],
    b"x-user": [b"root"],
    b"x-request-id": [b"trace-7"],
}
PAIRS = st.sampled_from([(name, value) for name, values in VALUES.items() for value in values])
USUAL = [(b"host", b"clinic.example"), (b"accept", b"text/html")]
HEADERS = st.one_of(
    st.lists(PAIRS, max_size=6),
    st.lists(PAIRS, max_size=4).map(lambda more: [*USUAL, *more]),
    st.just([*USUAL, *((b"x-%d" % i, b"1") for i in range(12))]),
)
REQUESTS = st.fixed_dictionaries(
    {
        "method": METHODS,
        "path": PATHS,
        "scheme": st.sampled_from(["https", "http"]),
        "peer": st.sampled_from(["10.0.0.7", "203.0.113.5", "127.0.0.1", ""]),
        "query": st.sampled_from([b"", b"a=1", b"q=" + b"x" * 300]),
        "headers": HEADERS,
    }
)
TIGHT = {
    "request_limits": request_limits.RequestLimitsSettings(headers=10, header_bytes=1024, url_bytes=256),
    "rate_limiting": rate_limiting.RateLimitingSettings(arriving=("4 per minute",)),
}
PROXIES = trusted_proxies.TrustedProxiesSettings(proxies=("10.0.0.7",), forwards_host=True)
BOUNDED = [host_validation.CONTROL, tls_required.CONTROL, request_limits.CONTROL]


def pipeline(**how: Any) -> Pipeline:
    without = how.pop("without", frozenset())
    policy = Policy(origin=ORIGIN, clock=FixedClock(), **TIGHT, **how)
    made = Installation(policy, only=None, list_routes=list)
    return Pipeline(made.policy, made.pipeline.site, mode=Mode.ENFORCE, without=without)


def exchange(asked: dict[str, Any]) -> Exchange:
    made = Exchange(kind="http", method=asked["method"], path=asked["path"], scheme=asked["scheme"], peer=asked["peer"])
    made.read(asked["headers"])
    made.query = asked["query"]
    return made


def left(asked: Exchange) -> tuple[Any, ...]:
    """What a request has become."""
    return asked.client, asked.scheme, asked.host, asked.path, asked.replaced, asked.dropped, asked.notes, asked.principal


@settings(max_examples=250, deadline=None)
@given(
    requests=st.lists(REQUESTS, min_size=1, max_size=8),
    proxies=st.booleans(),
    without=st.one_of(st.just(frozenset()), st.sampled_from([frozenset({guard.control}) for guard in ORDER])),
)
def test_comes_to_the_same_as_the_guards_one_by_one(requests: list[dict[str, Any]], proxies: bool, without: frozenset[Any]) -> None:
    """Decision, what is changed of the request and what was counted, for whole rows of requests."""
    more = {"trusted_proxies": PROXIES} if proxies else {}
    fused, slow = pipeline(without=without, **more), pipeline(without=without, **more)
    hooks = [guard.plan(own, slow.site, None) for guard, own in slow.guards]
    for asked in requests:
        taken, expected = exchange(asked), exchange(asked)
        assert shown(fused.unmatched.arrive(taken)) == shown(one_by_one(hooks, expected))
        assert left(taken) == left(expected)


def one_by_one(hooks: list[Any], asked: Exchange) -> Any:
    """What the guards say, each asked by itself and in their order."""
    for hook in hooks:
        found = hook.arrive(asked) if hook.arrive else None
        if found is not None:
            return found
    for hook in hooks:
        if hook.admit:
            hook.admit(asked)
    return None


def shown(found: Any) -> Any:
    """A decision as it is, and asking as that it asks."""
    return found if found is None or isinstance(found, Refusal) else type(found).__name__


def sent(app: Any, asked: dict[str, Any]) -> list[Any]:
    """All that an application answers to a request."""
    out: list[Any] = []
    scope = {
        "type": "http", "http_version": "1.1", "method": asked["method"], "path": asked["path"], "raw_path": b"", "root_path": "",
        "query_string": asked["query"], "scheme": asked["scheme"], "headers": list(asked["headers"]), "client": (asked["peer"], 1),
        "server": ("127.0.0.1", 443), "state": {}, "extensions": {},
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        out.append(message)

    async def turn() -> None:
        await app(scope, receive, send)

    asyncio.run(turn())
    return out


def guarded(events: list[Event]) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.api_route("/notes/{n}", methods=["GET", "HEAD", "POST"])
    @ringwork.public("a test")
    async def notes(request: Request, n: str) -> dict[str, Any]:
        return {"n": n, "seen": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in request.headers.raw]}

    return ringwork.protect(app, Policy(origin=ORIGIN, clock=FixedClock(), events=events.append, trusted_proxies=PROXIES, **TIGHT))


@settings(max_examples=60, deadline=None)
@given(requests=st.lists(REQUESTS, min_size=1, max_size=6))
def test_answers_and_tells_the_same_with_and_without_the_one_look(requests: list[dict[str, Any]]) -> None:
    """Whole answers and events of two applications, of which one asks each guard about each request."""
    told: tuple[list[Event], list[Event]] = ([], [])
    with mock.patch("ringwork.exchange.random_hex", lambda size: "0" * 2 * size):
        with mock.patch.object(fusing, "within", return_value=None):
            slow = guarded(told[0])
            sent(slow, {**requests[0], "headers": []})
        fused = guarded(told[1])
        sent(fused, {**requests[0], "headers": []})
        for asked in requests:
            assert sent(slow, asked) == sent(fused, asked)
    assert told[0] == told[1]


@pytest.mark.parametrize("control", BOUNDED)
def test_leaves_no_bound_of_a_guard_behind_that_is_taken_out(control: Any) -> None:
    """What the guard alone refuses goes on without it, and is refused with it."""
    refused: dict[str, Any] = {
        "network.host-validation": {"headers": [(b"host", b"evil.invalid")]},
        "transport.tls-required": {"scheme": "http"},
        "network.request-limits": {"path": "/" + "x" * 300},
    }[control]
    usual: dict[str, Any] = {
        "method": "GET", "path": "/notes/1", "scheme": "https", "peer": "203.0.113.5", "query": b"",
        "headers": [(b"host", b"clinic.example")],
    }  # fmt: skip
    assert pipeline().unmatched.arrive(exchange(usual)) is None
    found = pipeline().unmatched.arrive(exchange({**usual, **refused}))
    assert isinstance(found, Refusal)
    assert found.control == control
    assert pipeline(without=frozenset({control})).unmatched.arrive(exchange({**usual, **refused})) is None


def test_asks_about_a_request_that_is_out_of_any_bound() -> None:
    """Each bound by itself, and a request within all of them."""
    is_within = within(
        [
            Bounds(hosts=frozenset({b"a.example", b"b.example"})),
            Bounds(hosts=frozenset({b"a.example"}), schemes=frozenset({"https"})),
            Bounds(elsewhere=frozenset({"/reports"})),
            Bounds(headers=3, header_bytes=40, url_bytes=20),
        ]
    )
    assert is_within is not None
    inside: list[Header] = [(b"host", b"a.example")]

    def asked(path: str = "/a", scheme: str = "https", headers: list[Header] = inside, query: bytes = b"") -> bool:
        made = Exchange(kind="http", method="GET", path=path, scheme=scheme, peer="")
        made.read(headers)
        made.query = query
        return is_within(made)

    assert asked()
    outside: list[dict[str, Any]] = [
        {"headers": [(b"host", b"b.example")]}, {"headers": []}, {"scheme": "http"}, {"path": "/reports"}, {"path": "a"}, {"path": ""},
        {"headers": [*inside, (b"a", b""), (b"b", b""), (b"c", b"")]}, {"headers": [*inside, (b"a", b"x" * 40)]}, {"path": "/" + "a" * 20},
        {"query": b"a" * 20},
    ]  # fmt: skip
    assert [one for one in outside if asked(**one)] == []


def test_is_not_used_where_nobody_bounds_hosts() -> None:
    """An application that nobody has configured, or one that switched a few guards on: each is asked by itself."""
    assert within([Bounds(schemes=frozenset({"https"})), Bounds(headers=1, header_bytes=1, url_bytes=1)]) is None
    assert within([]) is None


def dictionaries() -> int:
    """How many dictionaries one request's exchange holds that has all of the hot fields set."""
    guarded_here = pipeline()
    made = exchange(
        {"method": "GET", "path": "/", "scheme": "https", "peer": "", "query": b"a=1", "headers": [*USUAL, (b"x-user", b"root")]}
    )
    assert guarded_here.unmatched.arrive(made) is None
    for name in _HOT:
        setattr(made, name, "set")
    return sum(type(one) is dict for one in gc.get_referents(made))


def test_holds_what_most_requests_have_set_without_a_dictionary_of_its_own() -> None:
    """One field too many, and each request would have one. In a process of its own, since other tests make exchanges of their own kinds."""
    asked = [sys.executable, "-c", f"from {__name__} import dictionaries; print(dictionaries())"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split() == ["0"]
    assert set(_HOT) <= {*Exchange.__annotations__, "kind", "method", "path", "scheme", "peer", "client"}
