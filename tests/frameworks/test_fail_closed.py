"""What breaks closes, in each framework: guards that raise, stores that hang, layers that are gone; and the traps that belong to it."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from typing import Any

import pytest
from starlette.testclient import TestClient

import ringwork
from ringwork.enforce.output.fail_closed import FailClosedSettings
from ringwork.errors import PolicyInvalid, StoreDown
from ringwork.events import Outcome
from ringwork.frameworks import deadline, layers
from ringwork.pipeline import FAIL_CLOSED
from ringwork.policy.policy import Mode
from ringwork.protect import installed
from tests.frameworks.hosts import FRAMEWORKS, Host, builds
from tests.frameworks.surgery import ways
from tests.frameworks.ways import Effects, Files, Ways

ALICE = {"Cookie": "__Host-user=alice", "Origin": "https://clinic.example", "Content-Type": "text/plain"}
ASGI = ["fastapi", "starlette"]
IN_PLACE = [*ASGI, "flask"]
"""Frameworks that keep their layers in the application object; Django's handler and aiohttp's application are called as they are."""


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


class Store:
    """A store of spent tokens that does what a test says."""

    def __init__(self, fault: Any = None, *, blocking: bool = True) -> None:
        self.fault, self.blocking, self.over = fault, blocking, threading.Event()

    def claim(self, token_id: bytes, *, now: float, until: float) -> bool:
        if self.fault == "hangs":
            self.over.wait(10)
        elif self.fault is not None:
            raise self.fault
        return True


def with_store(framework: str, store: Store, **more: Any) -> Host:
    """A host that spends its tokens in `store`, which works until the test says otherwise."""
    host = Host(framework, fail_closed=FailClosedSettings(guard_seconds=0.05), **more)
    installation = installed(host.app)
    assert installation is not None
    installation.site = dataclasses.replace(installation.site, spent=store)
    installation.recompile()
    return host


def send_form(host: Host) -> Any:
    """A state change with a token of the page, which the store has to spend."""
    page = host.ask("GET", "/form", {"Cookie": ALICE["Cookie"]})
    token = page.text.split('value="')[1].split('"')[0]
    binding = next(cookie.split(";")[0] for cookie in page.all("set-cookie") if "ringwork-csrf" in cookie)
    cookies = f"{ALICE['Cookie']}; {binding}"
    return host.ask("POST", "/write", {**ALICE, "Cookie": cookies, "X-CSRF-Token": token}, b"note")


@pytest.mark.parametrize("blocking", [True, False])
@pytest.mark.parametrize(
    ("fault", "control", "reason"),
    [
        (StoreDown("planted"), "browser.csrf", "store-down"),
        (LookupError("planted"), "output.fail-closed", "guard-failed"),
        (ConnectionResetError("planted"), "output.fail-closed", "guard-failed"),
    ],
)
def test_refuses_while_a_store_fails_and_goes_on_afterwards(
    framework: str, fault: Exception, control: str, reason: str, *, blocking: bool
) -> None:
    """A store that is pushed over lets nothing through, whatever it raises; the record has what it raised."""
    store = Store(fault, blocking=blocking)
    host = with_store(framework, store)
    answer = send_form(host)
    assert (answer.status, host.effects.done) == (503, [])
    assert [(event.control, event.reason, event.outcome) for event in host.events] == [(control, reason, Outcome.DENIED)]
    assert (host.events[0].error is fault) == (control == "output.fail-closed")
    store.fault = None
    assert send_form(host).status == 200
    assert host.effects.done == ["note"]


def test_refuses_within_the_deadline_while_a_store_hangs(framework: str) -> None:
    """A store that hangs must not take the worker with it: the request is refused while the call still waits."""
    store = Store("hangs")
    host = with_store(framework, store)
    try:
        answer = send_form(host)
        assert not store.over.is_set()
    finally:
        store.over.set()
    assert (answer.status, host.effects.done) == (503, [])
    assert [(event.control, event.reason) for event in host.events] == [("output.fail-closed", "guard-hung")]


def test_goes_on_as_careless_software_would_only_where_the_prover_took_it_out(framework: str) -> None:
    """With this defence out the same fault lets the request through, so that a refusal means something."""
    host = with_store(framework, Store(LookupError("planted")))
    installation = installed(host.app)
    assert installation is not None
    installation.recompile(without=frozenset({FAIL_CLOSED}))
    assert send_form(host).status == 200
    assert host.effects.done == ["note"]


class Unreadable(frozenset[str]):
    """Roles on which every decision raises."""

    def __iter__(self) -> Any:
        raise LookupError("the roles cannot be read")


def unreadable(request: Any) -> ringwork.Principal:
    """A user whose roles cannot be read."""
    return ringwork.Principal(id="erin", roles=Unreadable({"admin"}))


def test_refuses_while_the_roles_of_a_user_cannot_be_read(framework: str) -> None:
    """A decision that could not be made is no permission; the answer shows nothing of the fault."""
    host = Host(framework, identify=unreadable)
    answer = host.ask("GET", "/admin")
    assert (answer.status, "roles" in answer.text) == (503, False)
    assert [(event.control, event.reason) for event in host.events] == [("output.fail-closed", "guard-failed")]


def test_observe_tells_of_a_guard_that_failed_and_refuses_nothing(framework: str) -> None:
    """observe changes no answer, and its records show what would have been."""
    host = Host(framework, identify=unreadable, mode=Mode.OBSERVE)
    assert host.ask("GET", "/admin").status == 200
    assert [(event.control, event.reason, event.outcome) for event in host.events] == [
        ("output.fail-closed", "guard-failed", Outcome.OBSERVED)
    ]
    assert isinstance(host.events[0].error, LookupError)


def tidy(effects: Effects) -> Ways:
    """The suite's ways without what no production may serve: its folder with strays, and webhooks of senders without keys."""
    return [way for way in ways(effects) if not isinstance(way, Files) and not way.path.endswith("hook")]


def production(framework: str, **more: Any) -> Host:
    """A host whose every route has a rule, as production asks."""
    build = builds(framework, tidy)
    open_ones = {route.name: ringwork.public("the suite") for route in Host(framework, build).routes() if route.rule is None}
    return Host(framework, build, **{"mode": Mode.PRODUCTION, "key": ringwork.Secret(b"k" * 32), "rules": open_ones, **more})


class Foreign:
    """A layer of somebody else's."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, *given: Any) -> Any:
        return self.app(*given)


def wrap(app: Any) -> None:
    """Put a layer round ringwork, as code that knows nothing of it does."""
    if hasattr(app, "wsgi_app"):
        app.wsgi_app = Foreign(app.wsgi_app)
        return
    built = app.build_middleware_stack
    app.build_middleware_stack = lambda: Foreign(built())


def take_gate_out(app: Any) -> None:
    """Let the application dispatch as if nobody stood before it."""
    if hasattr(app, "wsgi_app"):
        app.full_dispatch_request, app.dispatch_request = app.full_dispatch_request.dispatch, app.full_dispatch_request.view
        return
    built = app.build_middleware_stack

    def changed() -> Any:
        outer = built()
        inner = outer
        while type(inner.app).__name__ != "Gate":
            inner = inner.app
        inner.app = app.router
        return outer

    app.build_middleware_stack = changed


def why_refused(host: Host) -> str:
    """What production says about its start; it must answer nothing."""
    assert host.ask("GET", "/ok").status == 503
    return str(next(event.error for event in host.events if event.reason == "start-refused"))


def test_starts_in_production_with_every_layer_in_its_place(framework: str) -> None:
    """What is whole is served."""
    assert production(framework).ask("GET", "/ok").status == 200


@pytest.mark.parametrize("framework", IN_PLACE)
def test_refuses_to_start_in_production_with_a_layer_round_it(framework: str) -> None:
    """A layer outside sees, answers and rewrites what no guard has looked at; it is named with what to do."""
    host = production(framework)
    wrap(host.app)
    told = why_refused(host)
    assert "test_fail_closed.Foreign stands outside ringwork's outer layer" in told
    assert "allowed_outside" in told


@pytest.mark.parametrize("framework", IN_PLACE)
def test_starts_with_a_layer_round_it_that_the_settings_name(framework: str) -> None:
    """Tracing may have to stand outside; whoever allows it says so by name."""
    host = production(framework, fail_closed=FailClosedSettings(allowed_outside=(layers.name_of(Foreign),)))
    wrap(host.app)
    assert host.ask("GET", "/ok").status == 200


@pytest.mark.parametrize("framework", IN_PLACE)
def test_refuses_to_start_in_production_without_the_gate(framework: str) -> None:
    """Without it no rule is asked for before a handler runs."""
    host = production(framework)
    take_gate_out(host.app)
    assert "ringwork's gate is gone" in why_refused(host)


@pytest.mark.parametrize("framework", IN_PLACE)
def test_enforce_warns_of_a_layer_round_it_and_serves(framework: str, caplog: pytest.LogCaptureFixture) -> None:
    """In development a reloader or a tracer may stand there; the operator is told, and nothing breaks."""
    host = Host(framework)
    wrap(host.app)
    assert host.ask("GET", "/ok").status == 200
    assert any("stands outside ringwork's outer layer" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("asgi", ASGI)
def test_refuses_to_start_in_production_without_the_outer_layer(asgi: str) -> None:
    """The gate looks as well, since the outer layer that would have refused is the one that is gone."""
    host = production(asgi)
    built = host.app.build_middleware_stack
    host.app.build_middleware_stack = lambda: built().app
    with pytest.raises(PolicyInvalid, match="outer layer is gone"), TestClient(host.app):
        pass


def test_serves_nothing_without_the_outer_layer_under_wsgi() -> None:
    """WSGI knows no start; every request is then an error, and no handler runs."""
    host = Host("flask")
    host.app.wsgi_app = host.app.wsgi_app.app
    assert host.ask("GET", "/bare").status == 500
    assert host.effects.done == []


@pytest.mark.parametrize("asgi", ASGI)
def test_does_not_take_a_layer_that_hides_what_it_wraps_for_a_missing_gate(asgi: str) -> None:
    """A middleware may be a plain function; the look ends there, and an answer without a decision is refused all the same."""
    host = production(asgi)

    def hiding(app: Any) -> Any:
        async def inner(scope: Any, receive: Any, send: Any) -> None:
            await app(scope, receive, send)

        return inner

    host.app.add_middleware(hiding)
    assert host.ask("GET", "/ok").status == 200


def test_finds_no_fault_in_a_stack_that_nobody_has_built() -> None:
    """Before the start there is nothing to look at."""
    assert layers.of_asgi(None, None, outer=Foreign, gate=Foreign) == ()


def test_names_a_function_that_stands_where_the_outer_layer_was() -> None:
    """A layer without any name of what it wraps has taken the outer one's place, as far as can be seen."""
    (fault,) = layers.of_wsgi(wrap, Foreign(None), outer=Host, gate=Foreign)
    assert "outer layer is gone" in fault
    assert "test_fail_closed.wrap stands" in fault


def test_keeps_its_threads_and_uses_them_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that works costs one thread, however often it is asked, and one that raises costs no more."""
    monkeypatch.setattr(deadline, "THREADS", deadline.Threads(1))
    first = deadline.within(10.0, threading.get_ident)
    with pytest.raises(LookupError):
        deadline.within(10.0, lambda: _raise(LookupError()))
    assert deadline.within(10.0, threading.get_ident) == first
    assert asyncio.run(deadline.awaited(10.0, threading.get_ident)) == first


def test_a_forked_process_begins_without_the_threads_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a worker whose first call waits for a thread that stayed behind."""
    monkeypatch.setattr(deadline, "THREADS", deadline.Threads(1))
    first = deadline.within(10.0, threading.get_ident)
    monkeypatch.setattr(deadline.os, "getpid", lambda: 1)
    assert deadline.within(10.0, threading.get_ident) != first


def test_does_not_wait_for_a_call_that_hangs_when_the_loop_ends() -> None:
    """Against a server that cannot be stopped while a store hangs; what the call returns later is told to nobody."""
    over = threading.Event()

    async def asked() -> None:
        with pytest.raises(TimeoutError):
            await deadline.awaited(0.01, lambda: over.wait(10))

    try:
        asyncio.run(asked())
        assert not over.is_set()
    finally:
        over.set()


def test_a_deadline_hands_on_what_a_call_returns_and_raises() -> None:
    """The thread in between changes nothing but the time."""
    assert deadline.within(5.0, lambda: 7) == 7
    with pytest.raises(LookupError, match="planted"):
        deadline.within(5.0, lambda: _raise(LookupError("planted")))


def test_refuses_at_once_when_too_many_calls_hang_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a hanging store that takes a thread with each request until none is left."""
    monkeypatch.setattr(deadline, "THREADS", deadline.Threads(1))
    over = threading.Event()
    try:
        with pytest.raises(TimeoutError, match="did not answer"):
            deadline.within(0.01, lambda: over.wait(10))
        with pytest.raises(TimeoutError, match="still waiting"):
            deadline.within(10.0, lambda: 7)
    finally:
        over.set()


def _raise(error: Exception) -> Any:
    raise error


# -- traps --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["http", "websocket", "lifespan", "webtransport", "", "HTTP"])
@pytest.mark.parametrize("asgi", ASGI)
def test_trap_02_every_scope_type_is_guarded_and_an_unknown_one_is_denied(asgi: str, kind: str) -> None:
    """Rule 2: enforce on every ASGI scope type; a type that nobody knows is not served, nor handed on."""
    host = Host(asgi)
    sent: list[Any] = []
    scope = {
        "type": kind,
        "asgi": {"version": "3.0"},
        "path": "/bare-socket" if kind == "websocket" else "/bare",
        "method": "GET",
        "scheme": "wss" if kind == "websocket" else "https",
        "query_string": b"",
        "headers": [(b"host", b"clinic.example"), (b"origin", b"https://clinic.example")],
        "client": ("127.0.0.1", 5),
        "extensions": {"websocket.http.response": {}},
    }
    first = {"http": "http.request", "websocket": "websocket.connect", "lifespan": "lifespan.startup"}.get(kind, "")
    waiting = [{"type": first, "body": b"", "more_body": False}, {"type": "lifespan.shutdown"}]

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    if kind in {"http", "websocket", "lifespan"}:
        asyncio.run(host.app(scope, receive, send))
    else:
        with pytest.raises(PolicyInvalid, match="scope type"):
            asyncio.run(host.app(scope, receive, send))
    assert host.effects.done == []
    statuses = [message["status"] for message in sent if "status" in message]
    assert statuses == ([403] if kind in {"http", "websocket"} else [])


def test_trap_05_headers_are_a_list_so_two_cookies_and_two_vary_survive(framework: str) -> None:
    """Rule 5: repeated headers of the application leave as they came, not folded and not overwritten."""
    answer = Host(framework).ask("GET", "/cookies")
    assert [cookie.split("=")[0] for cookie in answer.all("set-cookie")] == ["__Host-one", "__Host-two"]
    varied = ", ".join(answer.all("vary"))
    assert ("Accept" in varied, "Cookie" in varied) == (True, True)
