"""The compiled plan does what its guards do one by one, in the written order, and nothing else."""

from __future__ import annotations

import functools
import inspect
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringwork import pipeline as pipeline_module
from ringwork.clock import FixedClock
from ringwork.enforce.guard import Hooks, ReadBody, ReadForm, Refusal
from ringwork.events import Event, Outcome
from ringwork.exchange import Exchange, Header
from ringwork.installation import Installation
from ringwork.names import ControlId
from ringwork.pipeline import ORDER, Pipeline, Plan
from ringwork.policy.guards import SETTINGS
from ringwork.policy.policy import Mode, Policy
from ringwork.principal import Principal, Via
from ringwork.route import Handler, Own, Public, Requires, Route, RouteKind

ORIGIN = "https://clinic.example"


def installation(**fields: Any) -> Installation:
    return Installation(Policy(**{"origin": ORIGIN, "clock": FixedClock(), **fields}), only=None, list_routes=list)


def route(rule: Any = None, methods: frozenset[str] = frozenset({"GET", "POST"})) -> Route:
    return Route(kind=RouteKind.HTTP, path="/notes/{n}", methods=methods, handler=Handler(name="notes.view"), rule=rule)


def exchange(method: str = "GET", headers: list[Header] | None = None, principal: Principal | None = None) -> Exchange:
    made = Exchange(kind="http", method=method, path="/notes/1", scheme="https", peer="127.0.0.1")
    made.read(headers if headers is not None else [(b"host", b"clinic.example")])
    made.principal = principal
    return made


def test_lists_each_guard_of_the_policy_once() -> None:
    """A guard whose settings exist but which stands nowhere in the order would be on in the file and off in truth."""
    assert sorted(guard.control for guard in ORDER) == sorted(guard.control for _, guard in SETTINGS)


def test_gives_a_reason_for_each_pair_of_neighbours() -> None:
    """An order without reasons is changed by the next reader."""
    source = inspect.getsource(pipeline_module)
    for above, below in itertools.pairwise(ORDER):
        first, second = above.control.split(".")[1], below.control.split(".")[1]
        assert f"# {first} before {second}" in source


RULES = st.sampled_from([None, Public(reason="open"), Requires(), Requires(roles=frozenset({"admin"})), Own(by="app.auth:current_user")])
PRINCIPALS = st.sampled_from(
    [None, Principal(id="alice"), Principal(id="erin", roles=frozenset({"admin"})), Principal(id="robot", via=Via.BEARER)]
)
HEADER_VALUES = {
    b"host": [b"clinic.example", b"CLINIC.example", b"evil.invalid", b"clinic.example:443", b""],
    b"origin": [b"https://clinic.example", b"https://evil.invalid", b"null"],
    b"cookie": [b"__Host-session=1", b"session=1; __Host-a=2"],
    b"content-type": [b"application/json", b"text/plain", b"application/x-www-form-urlencoded"],
    b"sec-fetch-site": [b"same-origin", b"cross-site", b"none", b"same-site"],
    b"sec-fetch-mode": [b"navigate", b"cors"],
    b"accept": [b"text/html", b"application/json"],
}
HEADERS = st.lists(st.sampled_from([(name, value) for name, values in HEADER_VALUES.items() for value in values]), max_size=6)
ANSWERS = st.lists(
    st.sampled_from(
        [
            (b"content-type", b"text/html"),
            (b"X-Frame-Options", b"ALLOWALL"),
            (b"x-powered-by", b"PHP"),
            (b"set-cookie", b"a=1; Domain=evil.invalid"),
            (b"set-cookie", b"b=2; SameSite=Strict"),
            (b"referrer-policy", b"no-referrer"),
            (b"vary", b"Cookie"),
        ]
    ),
    max_size=6,
)


def slow_decision(pipeline: Pipeline, asked: Exchange, where: Route) -> Any:
    """The guards one by one, as a reader would do it by hand."""
    for guard, own in pipeline.guards:
        hooks = guard.plan(own, pipeline.site, None)
        refusal = hooks.arrive(asked) if hooks.arrive else None
        if refusal is not None:
            return refusal
    for guard, own in pipeline.guards:
        hooks = guard.plan(own, pipeline.site, where)
        found = hooks.enter(asked) if hooks.enter else None
        decided = driven(found)
        if decided is not None:
            return decided
    return None


def driven(found: Any) -> Any:
    """A decision, or what asking comes to when the form turns out to hold nothing."""
    if found is None or isinstance(found, Refusal):
        return found
    return ended(found)


@settings(max_examples=300, deadline=None)
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "DELETE", "ZZZ"]),
    headers=HEADERS,
    rule=RULES,
    principal=PRINCIPALS,
    remade=st.booleans(),
)
def test_decides_as_the_guards_do_one_by_one(
    method: str,
    headers: list[Header],
    rule: Any,
    principal: Principal | None,
    remade: bool,  # given by hypothesis
) -> None:
    """The fused plan may be faster than its guards, never milder or stricter; not for a link that was made into a form either."""
    pipeline = installation().pipeline
    where = route(rule)
    taken, asked = exchange(method, headers, principal), exchange(method, headers, principal)
    for one in (taken, asked):
        one.handed_on("POST" if remade else method)
    expected = slow_decision(pipeline, taken, where)
    plan = pipeline.plan(where)
    assert driven(pipeline.unmatched.arrive(asked) or plan.enter(asked)) == expected


@settings(max_examples=200, deadline=None)
@given(status=st.sampled_from([200, 204, 304, 302, 404, 500]), answer=ANSWERS)
def test_sends_each_owned_header_once_and_loses_no_other(status: int, answer: list[Header]) -> None:
    """Trap 5: a header list is a list; what guards own is theirs, everything else stays as often as it came."""
    pipeline = installation().pipeline
    plan = pipeline.plan(route(Public(reason="open")))
    sent = plan.start(exchange(), status, [(name.lower(), value) for name, value in answer])
    names = [name for name, _ in sent]
    assert names.count(b"x-frame-options") == names.count(b"x-content-type-options") == names.count(b"referrer-policy") == 1
    assert b"x-powered-by" not in names
    assert names.count(b"set-cookie") == [n for n, _ in answer].count(b"set-cookie")
    # What an answer varies by is added to, in a line that stands there already or in one of its own.
    told = {word.strip().lower() for name, value in sent if name == b"vary" for word in value.split(b",")}
    assert told >= {word.strip().lower() for name, value in answer if name == b"vary" for word in value.split(b",")}
    if (b"referrer-policy", b"no-referrer") in answer:
        assert (b"referrer-policy", b"no-referrer") in sent


FURTHER = st.sampled_from(
    [
        (b"location", b"https://evil.invalid/"),
        (b"Location", b"http://clinic.example/x"),
        (b"refresh", b"0; url=//evil.invalid"),
        (b"cache-control", b"public, max-age=60"),
        (b"content-length", b"3"),
        (b"Server", b"nginx/1.2"),
        (b"access-control-allow-origin", b"*"),
        (b"content-type", b"application/json"),
        (b"strict-transport-security", b"max-age=1"),
        (b"incident-id", b"forged"),
    ]
)


@functools.cache
def lasting(rule: Any) -> Plan:
    """The plan of one rule, the same for all examples, so that later ones meet what earlier ones left in it."""
    return installation(identify=lambda request: None).pipeline.plan(route(rule))


@settings(max_examples=600, deadline=None)
@given(
    status=st.sampled_from([200, 204, 206, 302, 304, 404, 500]),
    answer=st.tuples(ANSWERS, st.lists(FURTHER, max_size=3)).map(lambda parts: [*parts[0], *parts[1]]),
    headers=HEADERS,
    rule=RULES,
    principal=PRINCIPALS,
    path=st.sampled_from(["/notes/1", "/notes/1;a.css", "/notes/1/x.css"]),
)
def test_takes_the_short_way_only_where_it_leads_to_the_same(
    status: int, answer: list[Header], headers: list[Header], rule: Any, principal: Principal | None, path: str
) -> None:
    """An answer that goes out at once is one that every judge lets out, with the headers that the long way sends."""
    plan = lasting(rule)
    asked = exchange("GET", headers, principal)
    asked.path = path
    known = plan.known(asked, status, list(answer))
    again = None if known is None else [*answer, *known.pairs]
    for short in (again, plan.swift(asked, status, list(answer))):
        if short is None:
            continue
        lowered = [(name.lower(), value) for name, value in answer]
        assert plan.judge is None or plan.judge(asked, status, lowered) is None
        assert short == plan.start(asked, status, lowered)
        assert status < 400


def test_takes_nothing_over_from_an_answer_that_forbade_caches() -> None:
    """A private answer that says "public" is held back from caches, whatever the one before it said."""
    plan = installation().pipeline.plan(route(Requires()))
    asked = exchange(principal=Principal(id="alice"))
    never, shared = ([(b"content-type", b"application/json"), (b"cache-control", value)] for value in (b"no-store", b"public, max-age=60"))
    assert (b"cache-control", b"no-store") in (plan.swift(asked, 200, never) or ())
    assert plan.known(asked, 200, shared) is None
    sent = plan.swift(asked, 200, shared)
    assert sent is not None
    assert [value for name, value in sent if name == b"cache-control"] == [b"no-store"]


def test_keeps_what_it_added_to_an_answer_of_the_same_kind() -> None:
    """The second one is not looked at by any hook; one of another kind is."""
    plan = installation().pipeline.plan(route(Requires()))
    asked = exchange(principal=Principal(id="alice"))
    answer, longer = ([(b"content-type", b"application/json"), (b"content-length", size)] for size in (b"1", b"22"))
    assert plan.known(asked, 200, answer) is None
    first, then = plan.swift(asked, 200, answer), plan.known(asked, 200, longer)
    assert first is not None
    assert then is not None
    assert [*answer, *then.pairs] == first
    assert dict(then.text)["Cache-Control"] == "no-store"
    for other in ([(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"1")], [*answer, (b"x-more", b"1")], answer[:1]):
        assert plan.known(asked, 200, other) is None
    for nobody in (exchange(), exchange(principal=Principal(id="alice"), headers=[(b"host", b"clinic.example"), (b"cookie", b"a=1")])):
        assert plan.known(nobody, 200, answer) is None
    asked.note("anything", "at all")
    assert plan.known(asked, 200, answer) is None


@settings(max_examples=300, deadline=None)
@given(
    status=st.sampled_from([400, 401, 403, 404, 413, 421, 429, 500, 503]),
    headers=HEADERS,
    rule=RULES,
    principal=PRINCIPALS,
    extra=st.sampled_from([(), ((b"retry-after", b"7"),), ((b"www-authenticate", b"Bearer"),)]),
    scheme=st.sampled_from(["http", "https"]),
    noted=st.sampled_from([None, "browser.csrf", "other"]),
)
def test_gives_an_answer_of_its_own_the_headers_of_the_long_way(
    status: int, headers: list[Header], rule: Any, principal: Principal | None, extra: Any, scheme: str, noted: str | None
) -> None:
    """What was kept of an earlier refusal is what this one would have been given, and the number is its own."""
    plan = lasting(rule)
    asked = exchange("GET", headers, principal)
    asked.scheme = scheme
    answer = plan.pipeline.answer(asked, status, extra)
    if noted is not None:
        asked.note(noted, "something")
    kept = [plan.start_own(asked, status, list(answer.headers)) for _ in range(2)]
    assert kept[0] == kept[1] == plan.start(asked, status, list(answer.headers))
    assert dict(kept[1])[b"incident-id"] == asked.incident.encode()


def test_takes_the_short_way_for_an_ordinary_answer() -> None:
    """Else the test above would compare nothing."""
    asked = exchange(principal=Principal(id="alice"))
    sent = installation().pipeline.plan(route(Requires())).swift(asked, 200, [(b"content-type", b"application/json")])
    assert sent is not None
    assert (b"cache-control", b"no-store") in sent


def test_takes_out_only_what_the_prover_asks_for() -> None:
    """`without` leaves every other guard where it was."""
    made = installation()
    before = made.pipeline.controls
    made.recompile(without=frozenset({ControlId("browser.csrf")}))
    assert set(before) - set(made.pipeline.controls) == {"browser.csrf"}


def test_observes_without_refusing() -> None:
    """observe tells what it would refuse, and lets it pass."""
    events: list[Event] = []
    pipeline = installation(mode=Mode.OBSERVE, events=events.append).pipeline
    asked = exchange(headers=[(b"host", b"evil.invalid")])
    assert pipeline.unmatched.arrive(asked) is None
    assert pipeline.plan(route()).enter(asked) is None
    assert {event.outcome for event in events} == {Outcome.OBSERVED}
    assert pipeline.unmatched.start(asked, 200, [(b"a", b"b")]) == [(b"a", b"b")]


@pytest.mark.parametrize(
    ("status", "method", "refused"), [(200, "GET", True), (302, "GET", False), (404, "GET", False), (200, "OPTIONS", False)]
)
def test_holds_back_an_answer_that_no_rule_allowed(status: int, method: str, refused: bool) -> None:
    """Whatever served it: an answer with content needs a decision; redirects, errors and OPTIONS carry none."""
    found = installation().pipeline.undecided(exchange(method), status)
    assert (found is not None) is refused


def asking(pipeline: Pipeline, exchange_: Exchange, where: Route, form: dict[str, str]) -> Any:
    """Drive what the plan asks with one form."""
    found: Any = pipeline.plan(where).enter(exchange_)
    try:
        asked = next(found)
        while isinstance(asked, ReadBody):
            asked = found.send(None)  # network.request-limits looks into a body before it is read as a form
        found.send(form)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("the guard asked for more than a form")


def ended(found: Any) -> Any:
    """What asking comes to when every form is empty."""
    try:
        asked = next(found)
        while True:
            asked = found.send(None if isinstance(asked, ReadBody) else {})
    except StopIteration as stop:
        return stop.value


def test_goes_on_behind_a_guard_that_asks() -> None:
    """A guard that stands behind one which asks still decides, whether it answers at once or asks itself."""
    last = Refusal(control=ControlId("access.deny-by-default"), status=403, reason="last")

    def asks(exchange_: Exchange) -> Any:
        yield ReadForm(limit_bytes=1)
        return None

    def again(exchange_: Exchange) -> Any:
        yield ReadForm(limit_bytes=1)
        return last

    pipeline = installation().pipeline
    for behind in (lambda _: last, again):
        hooks = [Hooks(enter=asks, asks=True), Hooks(enter=lambda _: None), Hooks(enter=behind, asks=True)]
        found: Any = pipeline_module.Plan(pipeline, route(), hooks).enter(exchange())
        assert ended(found) == last


def test_refuses_behind_a_guard_that_asks_without_having_said_so() -> None:
    """The guards behind it would be left out, so it is a fault, and a fault is refused."""

    def asks(exchange_: Exchange) -> Any:
        yield ReadForm(limit_bytes=1)
        return None

    found: Any = pipeline_module.Plan(installation().pipeline, route(), [Hooks(enter=asks)]).enter(exchange())
    assert (found.control, found.status) == ("output.fail-closed", 503)


def test_observes_what_a_form_shows_without_refusing() -> None:
    """observe goes on behind a refusal that came of a form."""
    events: list[Event] = []
    pipeline = installation(mode=Mode.OBSERVE, events=events.append).pipeline
    headers = [(b"host", b"clinic.example"), (b"origin", b"https://clinic.example"), (b"content-type", b"text/plain")]
    assert asking(pipeline, exchange("POST", headers, Principal(id="alice")), route(Requires()), {}) is None
    assert [event.control for event in events] == ["browser.csrf"]


def test_tells_the_operator_of_a_cookie_that_was_left_out() -> None:
    """What a guard remarks becomes one event, and changes no answer."""
    events: list[Event] = []
    plan = installation(events=events.append).pipeline.plan(route(Public(reason="open")))
    sent = plan.start(exchange(), 200, [(b"set-cookie", b"big=" + b"x" * 5000)])
    assert b"set-cookie" not in [name for name, _ in sent]
    assert [event.reason for event in events] == ["oversized"]
