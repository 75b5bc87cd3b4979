"""What aiohttp alone has: two seams, class views, parts by prefix and domain, raised answers, a parser that answers by itself."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer

import ringwork
from ringwork import Policy, Principal, public, requires
from ringwork.enforce.network.request_limits import RequestLimitsSettings
from ringwork.errors import PolicyInvalid, UnsupportedApp
from ringwork.events import Event
from ringwork.frameworks import aiohttp as adapter
from ringwork.pipeline import Answer, Pipeline
from ringwork.testing import as_browser

Client = Any
SMALL = RequestLimitsSettings(body_bytes=64, seconds=20.0)
BYTES = b"Host: 127.0.0.1\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n"
HASTY = RequestLimitsSettings(seconds=0.05)


def identify(request: web.Request) -> Principal | None:
    """The user named in a cookie."""
    name = request.cookies.get("user")
    return Principal(id=name, roles=frozenset({"admin"} if name == "erin" else ())) if name else None


@public("of this test")
async def fine(request: web.Request) -> web.Response:
    """What anybody may see."""
    return web.Response(text="fine")


def app_of(*routes: web.RouteDef, **how: Any) -> web.Application:
    """An application of these routes."""
    app = web.Application(**how)
    app.add_routes(routes)
    return app


@asynccontextmanager
async def served(app: web.Application, events: list[Event] | None = None, **settings: Any) -> AsyncIterator[Client]:
    """The guarded application on loopback, and a client of it."""
    told = [] if events is None else events
    ringwork.protect(app, Policy(**{"identify": identify, "events": told.append, **settings}))
    async with TestClient(TestServer(app)) as client:
        yield client


def honest(client: Client, user: str = "alice") -> dict[str, str]:
    """What a browser says of a page of the site itself."""
    return {"Origin": str(client.make_url("")).rstrip("/"), "Sec-Fetch-Site": "same-origin", "Cookie": f"__Host-user={user}"}


async def raw(client: Client, sent: bytes) -> bytes:
    """What comes back to these bytes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(sent)
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()


def run(test: Callable[[], Awaitable[None]]) -> None:
    """One test in a loop of its own."""
    asyncio.run(_whole(test))


async def _whole(test: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.timeout(60):
        await test()


# -- what is decided on -------------------------------------------------------------------------------------


def test_lists_every_way_in_with_parts_views_files_and_sockets(tmp_path: Path) -> None:
    """The table tells each method of a view, each part with its prefix, and what opens a socket."""

    class Notes(web.View):
        async def get(self) -> web.Response:
            return web.Response()

        async def post(self) -> web.Response:
            return web.Response()

    async def live(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        return socket

    deep = app_of(web.get("/x/{rest:.*}", fine))
    inner = app_of(web.get("/{id:[0-9]+}/{name}", fine))
    inner.add_subapp("/deep", deep)
    other = app_of(web.get("/there", fine))
    app = app_of(web.get("/", fine), web.view("/notes", Notes), web.get("/live", live), web.route("*", "/any", fine))
    app.router.add_static("/files", tmp_path)
    app.add_subapp("/inner", inner)
    app.add_domain("other.example", other)
    found = {route.name: route for route in adapter.list_routes(app)}
    assert set(found) == {
        "GET /", "GET /notes", "POST /notes", "WEBSOCKET /live", "DELETE,GET,PATCH,POST,PUT /any", "GET /files",
        "GET /inner/{id}/{name}", "GET /inner/deep/x/{rest}", "GET /there",
    }  # fmt: skip
    assert found["GET /files"].kind.value == "static"
    assert [name for name, route in found.items() if route.swallows] == ["GET /inner/deep/x/{rest}"]


def test_asks_each_method_of_a_view_for_its_own_rule() -> None:
    """A public page does not open the method that writes."""

    class Notes(web.View):
        @public("to read")
        async def get(self) -> web.Response:
            return web.Response(text="read")

        @requires("admin")
        async def post(self) -> web.Response:
            return web.Response(text="written")

        async def delete(self) -> web.Response:
            return web.Response(text="deleted")

    async def test() -> None:
        async with served(app_of(web.view("/notes", Notes))) as client:
            assert (await client.get("/notes")).status == 200
            assert (await client.post("/notes", headers=honest(client))).status == 403
            assert (await client.post("/notes", headers=honest(client, "erin"), json={})).status == 200
            assert (await client.delete("/notes", headers=honest(client, "erin"))).status == 403, "nobody thought of it"
            assert (await client.put("/notes", headers=honest(client, "erin"))).status == 405, "there is no such method"

    run(test)


def test_takes_the_mark_of_a_view_class_and_of_a_part() -> None:
    """A rule stands once on a class, or on all of an application in the application."""

    @requires("admin")
    class Desk(web.View):
        async def get(self) -> web.Response:
            return web.Response(text="desk")

    async def inside(request: web.Request) -> web.Response:
        return web.Response(text="inside")

    async def test() -> None:
        app = app_of(web.view("/desk", Desk))
        app.add_subapp("/part", public("all of it")(app_of(web.get("/x", inside))))
        async with served(app) as client:
            assert (await client.get("/desk", headers=honest(client))).status == 403
            assert (await client.get("/desk", headers=honest(client, "erin"))).status == 200
            assert await (await client.get("/part/x")).text() == "inside"

    run(test)


def test_guards_a_part_by_domain_and_one_inside_another() -> None:
    """A domain and a nested prefix lead to no handler without a decision."""
    effects = []

    async def bare(request: web.Request) -> web.Response:
        effects.append(request.path)
        return web.Response(text="bare")

    async def test() -> None:
        outer = app_of(web.get("/bare", bare))
        outer.add_subapp("/deep", app_of(web.get("/bare", bare), web.get("/fine", fine)))
        app = app_of(web.get("/fine", fine))
        app.add_subapp("/inner", outer)
        app.add_domain("127.0.0.1", app_of(web.get("/domain", bare)))
        app.add_domain("localhost", app_of(web.get("/fine", fine), web.get("/bare", bare)))
        async with served(app) as client:
            for path in ("/domain",):
                assert (await client.get(path)).status == 403
            named = {"Host": f"localhost:{client.port}"}
            assert (await client.get("/bare", headers=named)).status == 403
            assert (await client.get("/fine", headers=named)).status == 200
        assert effects == []

    run(test)


def test_refuses_a_route_that_was_added_after_the_start() -> None:
    """A method that joins an address while it is served is asked for a rule as any other."""
    effects = []

    async def late(request: web.Request) -> web.Response:
        effects.append("late")
        return web.Response(text="late")

    async def test() -> None:
        app = web.Application()
        resource = app.router.add_resource("/x")
        resource.add_route("GET", fine)
        async with served(app) as client:
            resource.add_route("PUT", late)
            assert (await client.put("/x", headers=honest(client))).status == 403
            assert (await client.get("/x")).status == 200
        assert effects == []

    run(test)


def test_refuses_a_middleware_that_serves_by_itself() -> None:
    """What was answered before any route was decided on does not leave."""

    @web.middleware
    async def shortcut(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path == "/secret":
            return web.Response(text="the secret")
        answer: web.StreamResponse = await handler(request)
        return answer

    async def test() -> None:
        events: list[Event] = []
        async with served(app_of(web.get("/fine", fine), middlewares=[shortcut]), events) as client:
            answer = await client.get("/secret")
            assert answer.status == 403
            assert "the secret" not in await answer.text()
            assert (await client.get("/fine")).status == 200
        assert ("access.deny-by-default", "undecided") in [(event.control, event.reason) for event in events]

    run(test)


def test_refuses_a_middleware_that_hands_on_to_another_handler() -> None:
    """The rule of one route opens no other: the handler that would run is held against the one that was decided on."""
    effects = []

    async def secret(request: web.Request) -> web.Response:
        effects.append("secret")
        return web.Response(text="the secret")

    @web.middleware
    async def swap(request: web.Request, handler: Any) -> web.StreamResponse:
        if "swap" in request.query:
            other = request.clone(rel_url="/secret")
            match = await request.app.router.resolve(other)
            match.add_app(request.app)
            other._match_info = match
            answer: web.StreamResponse = await handler(other)
            return answer
        passed: web.StreamResponse = await handler(request)
        return passed

    async def test() -> None:
        app = app_of(web.get("/fine", fine), web.get("/secret", requires("admin")(secret)), middlewares=[swap])
        async with served(app) as client:
            assert (await client.get("/fine?swap=1")).status == 403
            assert (await client.get("/fine")).status == 200
        assert effects == []

    run(test)


def test_refuses_to_guard_what_stands_in_another_application_or_has_started() -> None:
    """Guards that would never run are refused with what to do instead."""
    part = ringwork.protect(app_of(web.get("/", fine)), Policy())
    with pytest.raises(UnsupportedApp, match="outermost"):
        web.Application().add_subapp("/part", part)
    started = app_of(web.get("/", fine))
    started.freeze()
    with pytest.raises(UnsupportedApp, match="right after its routes"):
        ringwork.protect(started, Policy())


def test_refuses_to_start_in_production_with_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A route without a rule stops the start, and so does one that a start-up step adds."""
    monkeypatch.setenv("RINGWORK_MODE", "production")

    async def add(app: web.Application) -> None:
        app.router.add_get("/late", lambda request: web.Response())

    async def test() -> None:
        app = ringwork.protect(app_of(web.get("/", fine)), Policy(origin="https://clinic.example"))
        app.on_startup.append(add)
        with pytest.raises(PolicyInvalid, match="GET /late"):
            await web.AppRunner(app).setup()

    with pytest.warns(DeprecationWarning, match="Bare functions"):
        run(test)


# -- what leaves --------------------------------------------------------------------------------------------


def test_sends_the_same_headers_whenever_an_answer_of_one_kind_goes_out() -> None:
    """What is remembered of the first answer is what it carried, and no banner comes back with it."""

    async def test() -> None:
        async with served(app_of(web.get("/", fine))) as client:
            sent = b"GET / HTTP/1.1\r\n" + BYTES
            first, *others = [(await raw(client, sent)).split(b"\r\n") for _ in range(3)]
            assert first[0] == b"HTTP/1.1 200 OK"
            assert any(line.lower().startswith(b"content-security-policy: ") for line in first)
            assert not any(line.lower().startswith(b"server:") for line in first)
            for answer in others:
                assert sorted(map(_undated, answer)) == sorted(map(_undated, first))

    run(test)


def _undated(line: bytes) -> bytes:
    return b"date" if line.lower().startswith(b"date:") else line


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0"])
def test_lets_no_value_of_a_refusal_end_its_line(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """A refusal's head is not written by aiohttp: a redirect that names its client's path must add no header, nor a second answer."""
    forged = Answer(status=308, headers=[(b"location", f"/x{end}set-cookie: sid=forged".encode())], body=b"")
    events: list[Event] = []

    async def test() -> None:
        async with served(app_of(web.get("/", fine)), events) as client:
            monkeypatch.setattr(Pipeline, "give", lambda *_: forged)
            answer = await raw(client, b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert b"forged" not in answer
        assert [event.reason for event in events] == ["exception"]

    run(test)


def test_sends_a_refusal_that_redirects_as_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """The honest twin: head, length and no body, and the connection is kept for the next request."""
    given = Answer(status=308, headers=[(b"location", b"/x?a=b")], body=b"")

    async def test() -> None:
        async with served(app_of(web.get("/", fine))) as client:
            monkeypatch.setattr(Pipeline, "give", lambda *_: given)
            sent = b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\nGET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
            first, second, rest = (await raw(client, sent)).split(b"\r\n\r\n")
        for head in (first, second):
            assert head.startswith(b"HTTP/1.1 308 Permanent Redirect\r\nDate: ")
            assert {b"Location: /x?a=b", b"Content-Length: 0", b"X-Content-Type-Options: nosniff"} <= set(head.split(b"\r\n"))
        assert (b"Connection: close" in first, b"Connection: close" in second, rest) == (False, True, b"")

    run(test)


def test_answers_what_the_parser_cannot_read_with_headers_and_without_its_words() -> None:
    """The parser's own 400 repeats what it was sent; it passes no handler, no middleware and no signal."""

    async def test() -> None:
        events: list[Event] = []
        async with served(app_of(web.get("/", fine)), events) as client:
            answer = await raw(client, b"GET / HTTP/1.1\r\nHost: x\r\nBad Header\x01: canary\r\n\r\n")
        assert answer.startswith(b"HTTP/1.0 400")
        assert b"nosniff" in answer
        assert b"canary" not in answer
        assert b"aiohttp" not in answer
        assert [(event.status, event.reason) for event in events] == [(400, "answered")]

    run(test)


def test_refuses_a_target_that_names_another_host_than_the_host_line() -> None:
    """aiohttp takes the host of an absolute target for its own."""
    seen = []

    @public("of this test")
    async def tells(request: web.Request) -> web.Response:
        seen.append(str(request.url))
        return web.Response(text="told")

    async def test() -> None:
        async with served(app_of(web.get("/x", tells))) as client:
            host = b"127.0.0.1:%d" % client.port
            forged = await raw(client, b"GET http://evil.example/x HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
            same = await raw(client, b"GET http://" + host + b"/x HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
        assert forged.split()[1] in {b"400", b"421"}
        assert same.split()[1] == b"200"
        assert all("evil" not in url for url in seen)

    run(test)


def test_keeps_what_a_raised_answer_carries() -> None:
    """A redirect and a refusal that are raised are answers of the application as any other."""

    @public("of this test")
    async def moves(request: web.Request) -> web.Response:
        answer = web.HTTPFound("/fine")
        answer.set_cookie("seen", "1")
        raise answer

    @public("of this test")
    async def gone(request: web.Request) -> web.Response:
        raise web.HTTPGone(text="it was sold", headers={"X-Why": "sold"})

    async def test() -> None:
        async with served(app_of(web.get("/moves", moves), web.get("/gone", gone))) as client:
            moved = await client.get("/moves", allow_redirects=False)
            assert (moved.status, moved.headers["Location"]) == (302, "/fine")
            assert "HttpOnly" in moved.headers["Set-Cookie"]
            answer = await client.get("/gone")
            assert (answer.status, answer.headers["X-Why"], await answer.text()) == (410, "sold", "it was sold")
            assert "Incident-Id" in answer.headers

    run(test)


def test_answers_a_fault_in_a_signal_or_a_missing_answer_by_a_clean_page() -> None:
    """What breaks after the handler has returned is no bare end of the connection, and is told."""

    @public("of this test")
    async def nothing(request: web.Request) -> None:
        return None

    async def breaks(request: web.Request, answer: web.StreamResponse) -> None:
        if request.path == "/fine":
            raise RuntimeError("the canary of the signal")

    async def test() -> None:
        events: list[Event] = []
        app = app_of(web.get("/fine", fine), web.get("/nothing", nothing))  # type: ignore[arg-type]  # the fault that is asked about
        app.on_response_prepare.append(breaks)
        async with served(app, events) as client:
            for path in ("/fine", "/nothing"):
                answer = await client.get(path)
                assert answer.status == 500
                assert "canary" not in await answer.text()
        assert [event.reason for event in events] == ["exception", "exception"]

    run(test)


def test_sends_files_whole_in_part_and_not_at_all(tmp_path: Path) -> None:
    """Files leave by the system's own call, past every writer; their heads do not."""
    (tmp_path / "a.css").write_text("body{}" * 20_000)

    async def test() -> None:
        app = web.Application()
        public("assets")(app.router.add_static("/files", tmp_path))
        async with served(app) as client:
            whole = await client.get("/files/a.css")
            assert (whole.status, len(await whole.read()), whole.headers["X-Content-Type-Options"]) == (200, 120_000, "nosniff")
            piece = await client.get("/files/a.css", headers={"Range": "bytes=0-5"})
            assert (piece.status, await piece.text()) == (206, "body{}")
            same = await client.get("/files/a.css", headers={"If-None-Match": whole.headers["ETag"]})
            assert (same.status, await same.read()) == (304, b"")
            assert same.headers["X-Content-Type-Options"] == "nosniff"
            missing = await client.get("/files/b.css")
            assert (missing.status, missing.headers["X-Content-Type-Options"]) == (404, "nosniff")
            assert "Server" not in missing.headers

    run(test)


def test_cuts_a_stream_that_breaks() -> None:
    """A client must see that what came is not whole."""

    @public("of this test")
    async def breaks(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"first piece")
        raise RuntimeError("the canary of the stream")

    async def test() -> None:
        events: list[Event] = []
        async with served(app_of(web.get("/x", breaks)), events) as client:
            answer = await raw(client, b"GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"first piece" in answer
        assert not answer.endswith(b"0\r\n\r\n")
        assert b"canary" not in answer
        assert [event.reason for event in events] == ["exception"]

    run(test)


def test_lets_nothing_be_written_before_a_head() -> None:
    """The writer of a request is no way round the guards."""

    @public("of this test")
    async def sneaks(request: web.Request) -> web.Response:
        await request.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsneaked")
        return web.Response(text="never")

    async def test() -> None:
        async with served(app_of(web.get("/x", sneaks))) as client:
            answer = await raw(client, b"GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert b"sneaked" not in answer

    run(test)


# -- what comes in ------------------------------------------------------------------------------------------


def test_holds_every_reader_of_a_body_to_its_limit() -> None:
    """Whole, in pieces, line by line, as a form: one byte too many is answered 413, whatever the handler makes of it."""

    @public("of this test")
    async def reads(request: web.Request) -> web.Response:
        how = request.query["how"]
        try:
            if how == "chunks":
                async for _ in request.content.iter_chunked(8):
                    pass
            elif how == "line":
                await request.content.readline()
            else:
                await getattr(request, how)()
        except Exception:  # noqa: BLE001  # as careless handlers do
            return web.Response(text="it went well")
        return web.Response(text="read")

    async def pieces(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * 8

    async def test() -> None:
        events: list[Event] = []
        async with served(app_of(web.post("/x", ringwork.csrf_exempt("of this test")(reads))), events, request_limits=SMALL) as client:
            for how in ("read", "text", "post", "chunks", "line"):
                kind = {"Content-Type": "application/octet-stream" if how != "post" else "application/x-www-form-urlencoded"}
                assert (await client.post(f"/x?how={how}", data=pieces(8), headers=kind)).status == 200, how
                assert (await client.post(f"/x?how={how}", data=pieces(9), headers=kind)).status == 413, how
        assert {event.reason for event in events} == {"large-body"}

    run(test)


def test_counts_a_packed_body_by_what_it_unpacks_to() -> None:
    """aiohttp unpacks by itself: a small parcel must not become a large body."""

    @public("of this test")
    async def reads(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    async def test() -> None:
        async with served(app_of(web.post("/x", ringwork.csrf_exempt("of this test")(reads))), request_limits=SMALL) as client:
            packed = {"Content-Encoding": "gzip", "Content-Type": "application/octet-stream"}
            assert (await client.post("/x", data=gzip.compress(b"x" * 65), headers=packed)).status == 413
            assert (await client.post("/x", data=gzip.compress(b"x" * 64), headers=packed)).status == 200

    run(test)


def test_gives_the_application_the_body_that_a_guard_has_read() -> None:
    """A form that was looked at for its token, or measured, is there as it came, for every way to read it."""

    async def reads(request: web.Request) -> web.Response:
        how = request.query["how"]
        if how == "multipart":
            reader = await request.multipart()
            part: Any = await reader.next()
            return web.Response(text=(await part.read()).decode())
        if how == "content":
            return web.Response(text=(await request.content.read()).decode())
        if how == "post":
            return web.Response(text=str((await request.post())["name"]))
        return web.Response(text=(await request.json())["name"])

    async def test() -> None:
        async with served(app_of(web.post("/x", requires()(reads)), web.get("/f", requires()(form)))) as client:
            assert await (await client.post("/x?how=json", json={"name": "ann"}, headers=honest(client))).text() == "ann"
            for how in ("post", "content"):
                page = await client.get("/f", headers=honest(client))
                browser = {**honest(client), "Cookie": f"__Host-user=alice; {page.headers['Set-Cookie'].partition(';')[0]}"}
                fields = {"name": "ann", "csrf_token": await page.text()}
                answer = await client.post(f"/x?how={how}", data=fields, headers=browser)
                assert answer.status == 200, how
                assert "ann" in await answer.text()

    async def form(request: web.Request) -> web.Response:
        return web.Response(text=ringwork.current().csrf_token("/x"))

    run(test)


def test_asks_for_no_body_before_the_decision() -> None:
    """`Expect: 100-continue` is the route's to answer, and its own code runs for nobody who may not enter."""
    asked = []

    async def expects(request: web.Request) -> None:
        asked.append(request.path)
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def reads(request: web.Request) -> web.Response:
        return web.Response(text=await request.text())

    async def test() -> None:
        app = web.Application()
        app.router.add_post("/x", requires()(reads), expect_handler=expects)
        app.router.add_post("/open", public("open")(ringwork.csrf_exempt("of this test")(_twin(reads))))
        async with served(app) as client:
            head = b"POST %s HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" + BYTES
            refused = await raw(client, head % b"/x" + b"hi")
            taken = await raw(client, head % b"/open" + b"hi")
        assert refused.startswith(b"HTTP/1.1 401")
        assert asked == []
        assert taken.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")

    run(test)


def _twin(handler: Any) -> Any:
    async def twin(request: web.Request) -> web.StreamResponse:
        answer: web.StreamResponse = await handler(request)
        return answer

    return twin


def test_answers_in_time_for_a_handler_that_will_not_be_stopped() -> None:
    """A handler that hangs, or swallows its own end, keeps nobody waiting; a body that never comes is the client's fault."""

    @public("of this test")
    async def hangs(request: web.Request) -> web.Response:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return web.Response(text="too late")
        return web.Response()

    @public("of this test")
    async def reads(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def test() -> None:
        events: list[Event] = []
        app = app_of(web.get("/hangs", hangs), web.post("/reads", ringwork.csrf_exempt("of this test")(reads)))
        async with served(app, events, request_limits=HASTY) as client:
            late = await client.get("/hangs")
            assert (late.status, late.headers["X-Content-Type-Options"]) == (503, "nosniff")
            head = b"POST /reads HTTP/1.1\r\nContent-Length: 9\r\n" + BYTES + b"x"
            reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
            writer.write(head)
            assert (await reader.readline()).startswith(b"HTTP/1.1 408")
            writer.close()
        assert [event.reason for event in events] == ["late-answer", "late-body"]

    run(test)


def test_hands_half_a_body_to_nobody_and_calls_it_no_fault() -> None:
    """A client that leaves, or frames its body wrongly, is told as 400; no handler runs on what a guard could not read whole."""
    effects = []

    async def writes(request: web.Request) -> web.Response:
        effects.append("written")
        return web.Response(text="written")

    async def test() -> None:
        events: list[Event] = []
        async with served(app_of(web.post("/x", requires()(writes))), events) as client:
            browser = "".join(f"{name}: {value}\r\n" for name, value in honest(client).items())
            head = f"POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\n{browser}Content-Type: application/json\r\n".encode()
            _, writer = await asyncio.open_connection("127.0.0.1", client.port)
            writer.write(head + b'Content-Length: 10\r\n\r\n{"a":')
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            garbled = await raw(client, head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\nzz\r\n")
        assert garbled.split()[1] == b"400"
        assert effects == []
        assert {(event.status, event.reason) for event in events} == {(400, "answered")}

    run(test)


# -- sockets ------------------------------------------------------------------------------------------------


@public("of this test")
async def echoes(request: web.Request) -> web.StreamResponse:
    """Says again what it hears, and breaks at a word."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.data == "break":
            raise RuntimeError("the canary of the socket")
        if message.data == "nothing":
            return None  # type: ignore[return-value]  # what a careless handler does
        await socket.send_str(message.data)
    return socket


def test_lets_pages_of_the_site_alone_open_a_socket() -> None:
    """A foreign page is refused before the handler runs, and the handshake carries the headers."""

    async def test() -> None:
        async with served(app_of(web.get("/live", echoes))) as client:
            foreign = await client.get("/live", headers={"Origin": "https://evil.example", **HANDSHAKE})
            assert (foreign.status, foreign.headers["X-Content-Type-Options"]) == (403, "nosniff")
            async with client.ws_connect("/live", headers={"Origin": honest(client)["Origin"]}) as socket:
                await socket.send_str("hello")
                assert (await socket.receive()).data == "hello"

    run(test)


HANDSHAKE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}  # fmt: skip


def test_opens_no_socket_by_another_method() -> None:
    """A handshake that the guards took for a plain request opens nothing."""

    async def test() -> None:
        app = app_of(web.route("*", "/live", ringwork.csrf_exempt("of this test")(_open(echoes))))
        async with served(app) as client:
            answer = await client.post("/live", headers=HANDSHAKE)
            assert answer.status in {400, 403}

    run(test)


def _open(handler: Any) -> Any:
    return public("of this test")(_twin(handler))


def test_ends_a_socket_cleanly_that_breaks_or_sends_too_much() -> None:
    """A fault closes with an incident number, a message that is too big with 1009; a second head is never written into it."""

    async def test() -> None:
        events: list[Event] = []
        async with served(app_of(web.get("/live", echoes)), events, request_limits=SMALL) as client:
            for word, code in (("break", 1011), ("x" * 65, 1009), ("nothing", 1000)):
                async with client.ws_connect("/live", headers={"Origin": honest(client)["Origin"]}) as socket:
                    await socket.send_str(word)
                    ended = await socket.receive()
                    assert ended.type is WSMsgType.CLOSE, word
                    assert socket.close_code == code, word
                    assert "canary" not in str(ended.extra)
        assert [event.reason for event in events] == ["exception", "large-body"]

    run(test)


# -- beside it ----------------------------------------------------------------------------------------------


def test_changes_nothing_in_observe() -> None:
    """The first step of adoption answers as the application does, and says what it would have refused."""

    async def bare(request: web.Request) -> web.Response:
        return web.Response(text="bare")

    async def test() -> None:
        events: list[Event] = []
        async with served(app_of(web.get("/bare", bare)), events, mode=ringwork.Mode.OBSERVE) as client:
            answer = await client.get("/bare")
            assert (answer.status, await answer.text()) == (200, "bare")
            assert "X-Content-Type-Options" not in answer.headers
            assert "aiohttp" in answer.headers["Server"]
        assert [(event.control, event.outcome.value) for event in events] == [("access.deny-by-default", "observed")]

    run(test)


def test_reads_what_aiohttp_cors_was_told_and_answers_preflights_itself() -> None:
    """Sharing with any page is named at the start, with the lines to write instead; its own preflight routes need no rule."""
    import aiohttp_cors

    app = web.Application()
    cors = aiohttp_cors.setup(app, defaults={"*": aiohttp_cors.ResourceOptions(allow_credentials=True, allow_headers="*")})
    cors.add(app.router.add_get("/x", fine))
    assert [route.name for route in adapter.list_routes(app)] == ["GET /x"]
    told = adapter.look_round(app).settings["aiohttp-cors"]
    assert told[0]["origins"] == ["*"]
    assert told[0]["supports_credentials"] is True


def test_teaches_templates_the_nonce() -> None:
    """A page of aiohttp-jinja2 prints the nonce that its own answer carries."""
    import aiohttp_jinja2
    import jinja2

    @public("of this test")
    async def page(request: web.Request) -> web.Response:
        return aiohttp_jinja2.render_template("page.html", request, {})

    async def test() -> None:
        app = app_of(web.get("/page", page))
        aiohttp_jinja2.setup(app, loader=jinja2.DictLoader({"page.html": '<script nonce="{{ csp_nonce }}">1</script>'}))
        async with served(app) as client:
            answer = await client.get("/page")
            nonce = (await answer.text()).split('"')[1]
            assert nonce
            assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]

    run(test)


def test_keeps_a_suite_going_whose_client_says_that_it_is_a_browser() -> None:
    """aiohttp's own test client, over plain http on loopback: Secure cookies are kept, and forms come from the site itself."""

    @public("of this test")
    async def sign_in(request: web.Request) -> web.Response:
        answer = web.Response(text="signed in")
        answer.set_cookie("user", "alice")
        return answer

    async def write(request: web.Request) -> web.Response:
        return web.Response(text=str((await request.json())["name"]))

    async def test() -> None:
        app = app_of(web.post("/login", sign_in), web.post("/x", requires()(write)))
        ringwork.protect(app, Policy(identify=identify, events=lambda event: None))
        async with as_browser(TestClient(TestServer(app))) as client:
            assert (await client.post("/x", json={"name": "ann"})).status == 401
            assert (await client.post("/login")).status == 200
            answer = await client.post("/x", json={"name": "ann"})
            assert (answer.status, await answer.text()) == (200, "ann")

    run(test)
