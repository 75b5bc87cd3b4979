"""Bodies, waits and crowds are bounded whoever reads: the handler, the framework's parser, or a middleware of the application."""

from __future__ import annotations

import asyncio
import functools
import io
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI, Request
from flask import Flask
from flask import Response as FlaskResponse
from flask import request as flask_request
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

import ringwork
from ringwork import Policy, limits, public
from ringwork.enforce.network.request_limits import RequestLimitsSettings
from ringwork.events import Event
from ringwork.policy.files import from_table

OPEN = public("a test")
CONTROL = "network.request-limits"
OCTETS = (b"content-type", b"application/octet-stream")
JSON = (b"content-type", b"application/json")


class Told:
    """The events of this control alone."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.then: Callable[[], Any] = list

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self.then()

    @property
    def own(self) -> list[tuple[str, int, str]]:
        """Reason, status and outcome of each."""
        return [(e.reason, e.status, e.outcome.value) for e in self.events if e.control == CONTROL]

    @property
    def others(self) -> list[str]:
        """What else was told."""
        return [f"{e.control}: {e.reason}" for e in self.events if e.control != CONTROL]


def make_policy(told: Told, mode: str = "enforce", **settings: Any) -> Policy:
    """Small limits, so that tests are quick."""
    small: dict[str, Any] = {"body_bytes": 1000, "form_fields": 10, "seconds": 20.0, **settings}
    return Policy(origin="https://clinic.example", mode=mode, events=told, request_limits=RequestLimitsSettings(**small))  # type: ignore[arg-type]  # a word


async def read(request: Request) -> Response:
    """Reads its body whole."""
    return PlainTextResponse(f"read {len(await request.body())}")


async def swallow(request: Request) -> Response:
    """Takes whatever goes wrong for a success."""
    try:
        await request.body()
    except Exception:  # noqa: BLE001  # that is the point
        return PlainTextResponse("swallowed")
    return PlainTextResponse("read")


async def echo(request: Request) -> Response:
    """Starts its answer before it reads."""

    async def pieces() -> Any:
        yield b"begun "
        try:
            async for piece in request.stream():
                yield piece[:1]
        except Exception:  # noqa: BLE001  # the client went, as far as it can see
            yield b" ended"

    return StreamingResponse(pieces())


async def hang(request: Request) -> Response:
    """Never answers."""
    await asyncio.Event().wait()
    return PlainTextResponse("late")


async def stubborn(request: Request) -> Response:
    """Does not let itself be stopped, and answers all the same."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return PlainTextResponse("stubborn")
    return PlainTextResponse("late")


async def slow_stream(request: Request) -> Response:
    """Starts at once and goes on for longer than the deadline."""

    async def pieces() -> Any:
        yield b"first "
        await asyncio.get_running_loop().run_in_executor(None, threading.Event().wait, 0.15)
        yield b"last"

    return StreamingResponse(pieces())


def starlette_app(**more: Any) -> Starlette:
    """The handlers, on plain Starlette."""
    ways: list[tuple[str, Any]] = [
        ("/read", OPEN(_twin(read))),
        ("/large", limits("scans", body_bytes=4000)(OPEN(_twin(read)))),
        ("/small", limits("a word", body_bytes=10)(OPEN(_twin(read)))),
        ("/swallow", OPEN(_twin(swallow))),
        ("/echo", OPEN(_twin(echo))),
        ("/hang", OPEN(_twin(hang))),
        ("/stubborn", OPEN(_twin(stubborn))),
        ("/stream", OPEN(_twin(slow_stream))),
        ("/patient", limits("a long report", seconds=20.0)(OPEN(_twin(hang)))),
        ("/hasty", limits("a health check", seconds=0.02)(OPEN(_twin(hang)))),
    ]
    return Starlette(routes=[Route(path, way, methods=["GET", "POST"]) for path, way in ways], **more)


def _twin(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
    async def twin(request: Request) -> Response:
        answer: Response = await handler(request)
        return answer

    return twin


class Asgi:
    """An application under a server that can be counted: what it asked for, and what it was given."""

    def __init__(self, app: Any, mode: str = "enforce", **settings: Any) -> None:
        self.told = Told()
        self.app = ringwork.protect(app, make_policy(self.told, mode, **settings))
        self.asked = 0

    def post(self, path: str, pieces: Iterable[bytes] = (), *headers: tuple[bytes, bytes], ends: bool = True, method: str = "POST") -> Any:
        """Status and body of the answer; pieces are the body's messages, and without `ends` nothing follows them."""
        return asyncio.run(self.send(path, list(pieces), headers, ends=ends, method=method))

    async def send(
        self, path: str, pieces: list[bytes], headers: Iterable[tuple[bytes, bytes]] = (), *, ends: bool = True, method: str = "POST"
    ) -> tuple[int, bytes]:
        """The same, inside a loop."""
        sent: list[Any] = []
        waiting, ended = list(pieces), not ends
        self.asked = 0

        async def receive() -> Any:
            nonlocal ended
            self.asked += 1
            if waiting:
                return {"type": "http.request", "body": waiting.pop(0), "more_body": True}
            if not ended:
                ended = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": method,
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "https",
            "server": ("clinic.example", 443), "client": ("203.0.113.9", 1),
            "headers": [(b"host", b"clinic.example"), *headers],
        }  # fmt: skip
        async with asyncio.timeout(10):
            await self.app(scope, receive, send)
        assert [m["type"] for m in sent].count("http.response.start") == 1
        return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:])


LARGE = [("large-body", 413, "denied")]


# -- ASGI: bodies


def test_a_body_of_the_limit_is_read_and_one_byte_more_is_not() -> None:
    """In pieces without a length, as chunked encoding brings it."""
    host = Asgi(starlette_app())
    assert host.post("/read", [b"a" * 500, b"a" * 500], OCTETS) == (200, b"read 1000")
    assert host.told.own == []
    assert host.post("/read", [b"a" * 500, b"a" * 501], OCTETS)[0] == 413
    assert host.told.own == LARGE
    assert host.told.others == []


def test_nothing_more_is_asked_for_once_the_limit_is_passed() -> None:
    """Against a body without an end: the rest is never buffered."""
    host = Asgi(starlette_app())
    assert host.post("/read", [b"a" * 100] * 5000, OCTETS)[0] == 413
    assert host.asked == 11


def test_a_handler_that_swallows_the_fault_answers_nothing() -> None:
    """Nobody in between turns the refusal into a success."""
    host = Asgi(starlette_app())
    status, body = host.post("/swallow", [b"a" * 1001], OCTETS)
    assert (status, b"swallowed" in body) == (413, False)
    assert host.told.own == LARGE


def test_fastapi_makes_no_other_status_of_it() -> None:
    """FastAPI wraps whatever its body parser raises into a 400 of its own."""
    app = FastAPI()

    @app.post("/items")
    @OPEN
    async def items(item: dict[str, str]) -> dict[str, str]:
        return item

    host = Asgi(app)
    assert host.post("/items", [b'{"a": "', b"a" * 1001, b'"}'], JSON)[0] == 413
    assert host.post("/items", [b'{"a": "b"}'], JSON) == (200, b'{"a":"b"}')
    assert host.told.own == LARGE


def test_middleware_of_the_application_reads_through_the_same_measure() -> None:
    """A body is measured before the route is known, too; a larger limit of the route comes too late for what was read before."""

    class Reads(BaseHTTPMiddleware):
        async def dispatch(self, request: Any, call_next: Any) -> Any:
            await request.body()
            return await call_next(request)

    host = Asgi(starlette_app(middleware=[Middleware(Reads)]))
    assert host.post("/read", [b"a" * 1000], OCTETS) == (200, b"read 1000")
    assert host.post("/read", [b"a" * 1001], OCTETS)[0] == 413
    assert host.post("/nowhere", [b"a" * 1001], OCTETS)[0] == 413
    assert host.post("/large", [b"a" * 1001], OCTETS)[0] == 413
    assert host.told.own == LARGE * 3


def test_a_route_has_its_own_limit() -> None:
    """Larger or smaller than the rest."""
    host = Asgi(starlette_app())
    assert host.post("/large", [b"a" * 4000], OCTETS) == (200, b"read 4000")
    assert host.post("/large", [b"a" * 4001], OCTETS)[0] == 413
    assert host.post("/small", [b"a" * 10], OCTETS) == (200, b"read 10")
    assert host.post("/small", [b"a" * 11], OCTETS)[0] == 413


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_trap_a_body_is_measured_whatever_the_method(method: str) -> None:
    """A handler may read the body of a GET; HTTP/2 brings one without any header that says so."""
    host = Asgi(starlette_app())
    assert host.post("/read", [b"a" * 1001], method=method)[0] == 413


def test_trap_expect_100_continue_is_never_granted_to_too_long_a_body() -> None:
    """Servers send 100 (Continue) when the body is first asked for, so it must not be."""
    host = Asgi(starlette_app())
    headers = (OCTETS, (b"content-length", b"1001"), (b"expect", b"100-continue"))
    for path in ("/read", "/swallow"):
        assert host.post(path, [], *headers, ends=False)[0] == 413
    assert host.asked == 0


def test_trap_a_body_longer_than_its_length_is_measured_by_what_comes() -> None:
    """Servers check this as a rule; what they let through is counted all the same."""
    assert Asgi(starlette_app()).post("/read", [b"a" * 1001], OCTETS, (b"content-length", b"5"))[0] == 413


def test_an_answer_under_way_is_not_broken_by_a_body_that_grows() -> None:
    """A handler that answers while it reads sees the body end."""
    host = Asgi(starlette_app())
    status, body = host.post("/echo", [b"a" * 400] * 4, OCTETS)
    assert (status, body) == (200, b"begun aa ended")
    assert host.told.own == LARGE


def test_deep_json_and_many_fields_reach_no_handler() -> None:
    """Counted before the framework parses."""
    host = Asgi(starlette_app())
    assert host.post("/read", [b"[" * 100], JSON)[0] == 400
    form = (b"content-type", b"application/x-www-form-urlencoded")
    assert host.post("/read", [b"&".join([b"a=1"] * 11)], form)[0] == 400
    assert host.post("/read", [b"[[1]]"], JSON) == (200, b"read 5")
    assert [reason for reason, _, _ in host.told.own] == ["deep-json", "many-fields"]


def test_observe_tells_once_and_changes_nothing() -> None:
    """A body of many pieces over the limit is one event, and is read whole."""
    host = Asgi(starlette_app(), mode="observe")
    assert host.post("/read", [b"a" * 900] * 5, OCTETS, (b"content-length", b"4500")) == (200, b"read 4500")
    assert host.told.own[0][0] == "large-body"
    assert {outcome for _, _, outcome in host.told.own} == {"observed"}
    host.told.events.clear()
    assert host.post("/read", [b"a" * 900] * 5, OCTETS) == (200, b"read 4500")
    assert host.told.own == [("large-body", 413, "observed")]


@pytest.mark.parametrize(
    ("reason", "named", "word"),
    [("", {"body_bytes": 1}, "reason"), (" ", {"body_bytes": 1}, "reason"), ("x", {}, "above 0"), ("x", {"seconds": -1.0}, "above 0")],
)
def test_a_mark_needs_a_reason_and_a_limit(reason: str, named: dict[str, Any], word: str) -> None:
    """One that changes nothing, or says no why, is refused where it is written."""
    with pytest.raises(ValueError, match=word):
        limits(reason, **named)


def test_a_mark_stands_once() -> None:
    """Two of a kind on one handler leave open which one holds."""
    with pytest.raises(ValueError, match="two marks"):
        limits("large", body_bytes=2)(limits("small", body_bytes=1)(_twin(read)))


def test_a_settings_file_names_routes_with_their_limits() -> None:
    """As rows; a whole number of seconds is a number too."""
    row = {"route": "POST /read", "reason": "a word", "body_bytes": 10, "seconds": 60}
    policy = from_table({"origin": "https://clinic.example", "network": {"request-limits": {"seconds": 5, "routes": [row]}}}, where="test")
    assert policy.request_limits.seconds == 5.0
    assert policy.request_limits.routes[0].seconds == 60.0
    told = Told()
    app = ringwork.protect(Starlette(routes=[Route("/read", OPEN(_twin(read)), methods=["POST"])]), replace(policy, events=told))
    client = TestClient(app, base_url="https://clinic.example")
    assert client.post("/read", content=b"a" * 10).status_code == 200
    assert client.post("/read", content=b"a" * 11).status_code == 413


# -- ASGI: waits


def test_a_handler_that_hangs_is_answered_for() -> None:
    """The client hears 503, the operator one event, and the handler is stopped."""
    host = Asgi(starlette_app(), seconds=0.02)
    assert host.post("/hang")[0] == 503
    assert host.told.own == [("late-answer", 503, "denied")]
    assert host.told.others == []


def test_a_handler_that_does_not_let_itself_be_stopped_answers_nothing() -> None:
    """The client has its answer already."""
    host = Asgi(starlette_app(), seconds=0.02)
    status, body = host.post("/stubborn")
    assert (status, b"stubborn" in body) == (503, False)


def test_a_plain_function_that_hangs_in_its_thread_is_answered_for() -> None:
    """The thread runs on to its end; the client does not wait for it."""
    free = threading.Event()

    def waits(request: Any) -> Response:
        free.wait(10)
        return PlainTextResponse("late")

    host = Asgi(Starlette(routes=[Route("/waits", OPEN(waits))]), seconds=0.02)
    try:
        assert host.post("/waits", method="GET")[0] == 503
    finally:
        free.set()


def test_a_client_that_drips_is_told_that_its_body_came_too_late() -> None:
    """408, since it is the client that is waited for; in a guard's own read as well."""
    host = Asgi(starlette_app(), seconds=0.02)
    assert host.post("/read", [b"a"], OCTETS, ends=False)[0] == 408
    assert host.post("/read", [b"["], JSON, ends=False)[0] == 408
    assert host.told.own == [("late-body", 408, "denied")] * 2


def test_a_stream_that_has_started_is_never_cut() -> None:
    """Events and downloads last as long as they last."""
    host = Asgi(starlette_app(), seconds=0.05)
    assert host.post("/stream", method="GET") == (200, b"first last")
    assert host.told.own == []


def test_a_route_has_its_own_deadline() -> None:
    """A shorter one strikes at its own time; a longer one outlasts the general one."""
    host = Asgi(starlette_app(), seconds=20.0)
    assert host.post("/hasty")[0] == 503
    host = Asgi(starlette_app(), seconds=0.02)

    async def both() -> tuple[bool, int]:
        patient = asyncio.ensure_future(host.send("/patient", []))
        status, _ = await host.send("/hang", [])
        is_waiting = not patient.done()
        patient.cancel()
        return is_waiting, status

    assert asyncio.run(both()) == (True, 503)


def test_a_request_that_the_server_takes_back_is_no_late_answer() -> None:
    """A client that goes away is cancelled by the server, and nobody is answered."""
    host = Asgi(starlette_app())

    async def taken_back() -> bool:
        asking = asyncio.ensure_future(host.send("/hang", []))
        for _ in range(20):
            await asyncio.sleep(0)
        asking.cancel()
        return isinstance((await asyncio.gather(asking, return_exceptions=True))[0], asyncio.CancelledError)

    assert asyncio.run(taken_back())
    assert host.told.own == []


def test_observe_lets_a_late_answer_through_and_tells_it() -> None:
    """One event; the answer comes when it comes."""
    free = asyncio.Event()

    async def waits(request: Any) -> Response:
        await free.wait()
        return PlainTextResponse("late")

    host = Asgi(Starlette(routes=[Route("/waits", OPEN(waits), methods=["POST"])]), mode="observe", seconds=0.01)

    async def late() -> Any:
        host.told.then = free.set
        return await host.send("/waits", [])

    assert asyncio.run(late()) == (200, b"late")
    assert host.told.own == [("late-answer", 503, "observed")]


# -- ASGI: crowds


def test_more_requests_than_the_process_can_hold_are_told_so_at_once() -> None:
    """503 with Retry-After; when one has gone, the next is served."""
    host = Asgi(starlette_app(), concurrent=2)

    async def crowd() -> list[int]:
        held = [asyncio.ensure_future(host.send("/hang", [])) for _ in range(2)]
        await asyncio.sleep(0)
        refused = (await host.send("/read", []))[0]
        held[0].cancel()
        await asyncio.gather(held[0], return_exceptions=True)
        served = (await host.send("/read", []))[0]
        held[1].cancel()
        await asyncio.gather(held[1], return_exceptions=True)
        return [refused, served]

    assert asyncio.run(crowd()) == [503, 200]
    assert host.told.own == [("crowded", 503, "denied")]


# -- ASGI: sockets


@pytest.mark.parametrize("message", ["a" * 1001, b"a" * 1001], ids=["text", "bytes"])
def test_a_message_that_is_too_long_closes_its_socket(message: Any) -> None:
    """Closed with 1009, told once, and the handler sees its peer go; a message of the limit is read."""
    seen: list[int] = []

    @OPEN
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            while True:
                seen.append(len((await websocket.receive_text()) if isinstance(message, str) else (await websocket.receive_bytes())))
        except WebSocketDisconnect as gone:
            seen.append(gone.code)

    host = Asgi(Starlette(routes=[WebSocketRoute("/socket", socket)]))
    client = TestClient(host.app, base_url="https://clinic.example")
    with client.websocket_connect("wss://clinic.example/socket", headers={"origin": "https://clinic.example"}) as opened:
        send = opened.send_text if isinstance(message, str) else opened.send_bytes
        send(message[:1000])
        send(message)
        assert opened.receive()["code"] == 1009
    assert seen == [1000, 1009]
    assert host.told.own == LARGE


def test_an_open_socket_counts_among_those_under_way() -> None:
    """Against sockets that stay until nothing else can be served; a socket too many is refused before it is accepted."""

    @OPEN
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.receive_text()
        await websocket.close()

    host = Asgi(Starlette(routes=[WebSocketRoute("/socket", socket), Route("/read", OPEN(_twin(read)))]), concurrent=1)
    own = {"origin": "https://clinic.example"}
    with TestClient(host.app, base_url="https://clinic.example") as client:  # one loop for all
        with client.websocket_connect("wss://clinic.example/socket", headers=own) as opened:
            assert client.get("/read").status_code == 503
            with pytest.raises(WebSocketDisconnect), client.websocket_connect("wss://clinic.example/socket", headers=own):
                pass
            opened.send_text("go")
            assert opened.receive()["type"] == "websocket.close"
        assert client.get("/read").status_code == 200
    assert host.told.own == [("crowded", 503, "denied")] * 2


# -- WSGI


def flask_app() -> Flask:
    """The same ways in, on Flask."""
    app = Flask("limits", static_folder=None)

    def whole() -> str:
        return f"read {len(flask_request.get_data())}"

    def raw() -> str:
        try:
            stream = flask_request.environ["wsgi.input"]
            return f"raw {len(b''.join(stream))} {stream.read(1)!r}"
        except Exception:  # noqa: BLE001  # that is the point
            return "swallowed"

    def pieces() -> FlaskResponse:
        stream = flask_request.environ["wsgi.input"]

        def body() -> Any:
            yield b"begun "
            while piece := stream.read(400):
                yield piece[:1]

        return FlaskResponse(body())

    def form() -> str:
        return f"fields {len(flask_request.form)}"

    for path, way in (("/read", whole), ("/raw", raw), ("/pieces", pieces), ("/form", form)):
        app.add_url_rule(path, path, OPEN(way), methods=["GET", "POST"])
    app.add_url_rule("/large", "/large", limits("scans", body_bytes=4000)(OPEN(functools.partial(whole))), methods=["POST"])
    return app


class Wsgi:
    """An application under a server that gives it this body."""

    def __init__(self, mode: str = "enforce", **settings: Any) -> None:
        self.told = Told()
        self.app = ringwork.protect(flask_app(), make_policy(self.told, mode, **settings))

    def post(self, path: str, body: bytes = b"", *, length: str | None = None, kind: str = "application/octet-stream", **more: Any) -> Any:
        """Status and body. length None: in chunks, which the server ends by itself."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "clinic.example", "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "clinic.example", "REMOTE_ADDR": "203.0.113.9", "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(), "wsgi.version": (1, 0), "wsgi.multithread": True,
            "wsgi.multiprocess": False, "wsgi.run_once": False, "CONTENT_TYPE": kind,
            **({"wsgi.input_terminated": True} if length is None else {"CONTENT_LENGTH": length}), **more,
        }  # fmt: skip
        started: list[str] = []

        def start(line: str, headers: Any, exc_info: Any = None) -> Any:
            started.append(line)

        pieces = self.app(environ, start)
        whole = b"".join(pieces)
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
        return int(started[-1][:3]), whole


def test_flask_reads_a_body_of_the_limit_and_not_one_byte_more() -> None:
    """With a length and without one."""
    host = Wsgi()
    assert host.post("/read", b"a" * 1000) == (200, b"read 1000")
    assert host.post("/read", b"a" * 1000, length="1000") == (200, b"read 1000")
    assert host.told.own == []
    assert host.post("/read", b"a" * 1001)[0] == 413
    assert host.post("/read", b"a" * 1001, length="1001")[0] == 413
    assert host.told.own == LARGE * 2
    assert host.told.others == []


@pytest.mark.parametrize("length", [None, "5"], ids=["chunked", "lying"])
def test_flask_turns_no_refusal_into_a_success(length: str | None) -> None:
    """A view that reads the raw input and swallows what is raised answers nothing."""
    host = Wsgi()
    status, body = host.post("/raw", b"a" * 1001, length=length)
    assert (status, b"swallowed" in body) == (413, False)
    assert host.told.own == LARGE
    assert host.post("/raw", b"a\n" * 500) == (200, b"raw 1000 b''")


def test_a_flask_route_has_its_own_limit() -> None:
    """As everywhere."""
    host = Wsgi()
    assert host.post("/large", b"a" * 4000) == (200, b"read 4000")
    assert host.post("/large", b"a" * 4001)[0] == 413


@pytest.mark.parametrize("length", ["+5", "-5", "5,5", "\xb2", "5 "])
def test_trap_flask_hears_no_garbled_length(length: str) -> None:
    """Two Content-Length lines arrive joined by a comma, and are refused like any other that is no number."""
    host = Wsgi()
    assert host.post("/read", b"hello", length=length)[0] == 400
    assert host.told.own == [("garbled-length", 400, "denied")]


def test_trap_flask_counts_a_length_of_thousands_of_digits_as_too_long() -> None:
    """Its conversion would fail with a fault of the interpreter."""
    assert Wsgi().post("/read", b"hello", length="9" * 5000)[0] == 413


def test_flask_parses_no_deep_json_and_no_large_form() -> None:
    """Counted before Werkzeug parses, and what is left is read as ever."""
    host = Wsgi()
    assert host.post("/read", b"[" * 100, kind="application/json")[0] == 400
    kind = "application/x-www-form-urlencoded"
    assert host.post("/form", b"&".join(b"f%d=1" % i for i in range(11)), kind=kind)[0] == 400
    assert host.post("/form", b"&".join(b"f%d=1" % i for i in range(10)), kind=kind) == (200, b"fields 10")


def test_flask_refuses_too_many_and_too_long_header_lines() -> None:
    """Distinct names are counted: a WSGI server joins repeated lines before anybody sees them."""
    host = Wsgi()
    lines: dict[str, Any] = {f"HTTP_X_{i}": "1" for i in range(100)}
    assert host.post("/read", **lines)[0] == 431
    assert host.post("/read", HTTP_X="a" * 40_000)[0] == 431
    assert [reason for reason, _, _ in host.told.own] == ["many-headers", "long-headers"]


def test_a_flask_answer_under_way_is_not_broken_by_a_body_that_grows() -> None:
    """The view sees the body end."""
    host = Wsgi()
    assert host.post("/pieces", b"a" * 1600) == (200, b"begun aa")
    assert host.told.own == LARGE


def test_flask_in_observe_tells_once_and_changes_nothing() -> None:
    """A body over the limit is read whole."""
    host = Wsgi(mode="observe")
    assert host.post("/pieces", b"a" * 1600) == (200, b"begun aaaa")
    assert host.told.own == [("large-body", 413, "observed")]
