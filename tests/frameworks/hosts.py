"""One small application in each framework, with the same ways in and the same behaviour, for the conformance suite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from flask import Blueprint, Flask
from flask import Response as FlaskResponse
from flask import redirect as flask_redirect
from flask import request as flask_request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient

import ringwork
from ringwork import Policy, Principal, public, requires
from ringwork.events import Event

ORIGIN = "https://clinic.example"

OPEN = public("the conformance suite needs an open way in")


class Effects:
    """What handlers did; an attack is judged by this, not by its status."""

    def __init__(self) -> None:
        self.done: list[str] = []


def identify(request: Any) -> Principal | None:
    """The user named in a cookie; `via` stays cookie, as a session's would be."""
    name = request.cookies.get("user")
    if name is None:
        return None
    if name == "broken":
        raise LookupError("the user table is gone")
    if name == "odd":
        return "no principal"  # type: ignore[return-value]  # what a careless loader might hand back
    return Principal(id=name, roles=frozenset({"admin"} if name == "erin" else {"patient"}))


def policy(**more: Any) -> Policy:
    """The suite's policy; `events` and single fields can be laid over it."""
    return Policy(**{"origin": ORIGIN, "identify": identify, **more})


def starlette_app(effects: Effects) -> Starlette:
    """The ways in, on plain Starlette."""

    async def ok(request: Request) -> Response:
        return PlainTextResponse("fine")

    async def write(request: Request) -> Response:
        body = await request.body()
        effects.done.append(body.decode())
        return PlainTextResponse("written")

    async def who(request: Request) -> Response:
        effects.done.append("who")
        return PlainTextResponse(str(ringwork.current().principal and ringwork.current().principal.id))

    async def boom(request: Request) -> Response:
        raise RuntimeError("the canary of the fault")

    async def cookies(request: Request) -> Response:
        answer = PlainTextResponse("two")
        answer.set_cookie("one", "1")
        answer.set_cookie("two", "2")
        answer.headers.append("Vary", "Accept")
        answer.headers.append("Vary", "Cookie")
        return answer

    async def moved(request: Request) -> Response:
        return RedirectResponse("/ok", 302)

    async def stream(request: Request) -> Response:
        async def pieces() -> Any:
            yield b"first"
            yield b"second"

        return StreamingResponse(pieces(), media_type="text/plain")

    async def bare(request: Request) -> Response:
        effects.done.append("bare")
        return PlainTextResponse("nobody thought of me")

    async def form_page(request: Request) -> Response:
        return HTMLResponse(f'<form action="/write" method="post">{ringwork.current().csrf_field("/write")}</form>')

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        effects.done.append("socket")
        await websocket.send_text("hello")
        await websocket.close()

    async def bare_socket(websocket: WebSocket) -> None:
        effects.done.append("bare socket")
        await websocket.accept()
        await websocket.close()

    return Starlette(
        routes=[
            Route("/ok", OPEN(ok)),
            Route("/write", requires()(write), methods=["POST"]),
            Route("/who", requires()(who)),
            Route("/admin", requires("admin")(_twin(ok))),
            Route("/boom", public("faults")(boom)),
            Route("/cookies", public("cookies")(cookies)),
            Route("/moved", public("redirect")(moved)),
            Route("/stream", public("stream")(stream)),
            Route("/form", public("form")(form_page)),
            Route("/bare", bare),
            Mount("/inner", routes=[Route("/ok", public("inside a mount")(_twin(ok))), Route("/bare", _twin(bare))]),
            WebSocketRoute("/socket", public("socket")(socket)),
            WebSocketRoute("/bare-socket", bare_socket),
        ]
    )


def _twin(handler: Any) -> Any:
    async def twin(request: Request) -> Response:
        answer: Response = await handler(request)
        return answer

    return twin


def fastapi_app(effects: Effects) -> FastAPI:
    """The same ways in, on FastAPI, some through a nested included router."""
    app = FastAPI()
    inner, deep = APIRouter(), APIRouter()

    @app.get("/ok")
    @OPEN
    def ok() -> Response:
        return PlainTextResponse("fine")

    @app.post("/write")
    @requires()
    async def write(request: Request) -> Response:
        body = await request.body()
        effects.done.append(body.decode())
        return PlainTextResponse("written")

    @app.get("/who")
    @requires()
    def who() -> Response:
        effects.done.append("who")
        principal = ringwork.current().principal
        return PlainTextResponse(str(principal and principal.id))

    @deep.get("/admin")
    def admin() -> Response:
        return PlainTextResponse("fine")

    @app.get("/boom")
    @public("faults")
    def boom() -> Response:
        raise RuntimeError("the canary of the fault")

    @app.get("/cookies")
    @public("cookies")
    def cookies() -> Response:
        answer = PlainTextResponse("two")
        answer.set_cookie("one", "1")
        answer.set_cookie("two", "2")
        answer.headers.append("Vary", "Accept")
        answer.headers.append("Vary", "Cookie")
        return answer

    @app.get("/moved")
    @public("redirect")
    def moved() -> Response:
        return RedirectResponse("/ok", 302)

    @app.get("/stream")
    @public("stream")
    def stream() -> Response:
        return StreamingResponse(iter([b"first", b"second"]), media_type="text/plain")

    @app.get("/form")
    @public("form")
    def form_page() -> Response:
        return HTMLResponse(f'<form action="/write" method="post">{ringwork.current().csrf_field("/write")}</form>')

    @app.get("/bare")
    def bare() -> Response:
        effects.done.append("bare")
        return PlainTextResponse("nobody thought of me")

    @inner.get("/ok")
    @public("inside a router")
    def inner_ok() -> Response:
        return PlainTextResponse("fine")

    @inner.get("/bare")
    def inner_bare() -> Response:
        effects.done.append("bare")
        return PlainTextResponse("nobody thought of me")

    @app.websocket("/socket")
    @public("socket")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        effects.done.append("socket")
        await websocket.send_text("hello")
        await websocket.close()

    @app.websocket("/bare-socket")
    async def bare_socket(websocket: WebSocket) -> None:
        effects.done.append("bare socket")
        await websocket.accept()
        await websocket.close()

    app.include_router(inner, prefix="/inner")
    app.include_router(requires("admin")(deep))
    return app


def flask_app(effects: Effects) -> Flask:
    """The same ways in, on Flask, some through a blueprint; no WebSockets there."""
    app = Flask(__name__)
    inner = Blueprint("inner", __name__, url_prefix="/inner")
    deep = requires("admin")(Blueprint("deep", __name__))

    @app.get("/ok")
    @OPEN
    def ok() -> FlaskResponse:
        return FlaskResponse("fine", mimetype="text/plain")

    @app.post("/write")
    @requires()
    def write() -> FlaskResponse:
        effects.done.append(flask_request.get_data(as_text=True) or "&".join(f"{k}={v}" for k, v in flask_request.form.items()))
        return FlaskResponse("written", mimetype="text/plain")

    @app.get("/who")
    @requires()
    def who() -> FlaskResponse:
        effects.done.append("who")
        principal = ringwork.current().principal
        return FlaskResponse(str(principal and principal.id), mimetype="text/plain")

    @deep.get("/admin")
    def admin() -> FlaskResponse:
        return FlaskResponse("fine", mimetype="text/plain")

    @app.get("/boom")
    @public("faults")
    def boom() -> FlaskResponse:
        raise RuntimeError("the canary of the fault")

    @app.get("/cookies")
    @public("cookies")
    def cookies() -> FlaskResponse:
        answer = FlaskResponse("two", mimetype="text/plain")
        answer.set_cookie("one", "1")
        answer.set_cookie("two", "2")
        answer.headers.add("Vary", "Accept")
        answer.headers.add("Vary", "Cookie")
        return answer

    @app.get("/moved")
    @public("redirect")
    def moved() -> Any:
        return flask_redirect("/ok", 302)

    @app.get("/stream")
    @public("stream")
    def stream() -> FlaskResponse:
        return FlaskResponse(iter([b"first", b"second"]), mimetype="text/plain")

    @app.get("/form")
    @public("form")
    def form_page() -> str:
        return f'<form action="/write" method="post">{ringwork.current().csrf_field("/write")}</form>'

    @app.get("/bare")
    def bare() -> str:
        effects.done.append("bare")
        return "nobody thought of me"

    @inner.get("/ok")
    @public("inside a blueprint")
    def inner_ok() -> FlaskResponse:
        return FlaskResponse("fine", mimetype="text/plain")

    @inner.get("/bare")
    def inner_bare() -> str:
        effects.done.append("bare")
        return "nobody thought of me"

    app.register_blueprint(inner)
    app.register_blueprint(deep)
    return app


class Reply:
    """An answer in one shape for all frameworks: status, all headers in lower case, text."""

    def __init__(self, status: int, headers: list[tuple[str, str]], text: str) -> None:
        self.status, self.text = status, text
        self.headers = [(name.lower(), value) for name, value in headers]

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for found, value in self.headers if found == name]


class Host:
    """A guarded application of one framework, and how to ask it."""

    def __init__(self, name: str, build: Callable[[Effects], Any], **settings: Any) -> None:
        self.name, self.effects = name, Effects()
        self.events: list[Event] = []
        self.bare = build(self.effects)
        only = settings.pop("only", None)
        self.app = ringwork.protect(self.bare, policy(events=self.events.append, **settings), only=only)

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None, host: str = "clinic.example"
    ) -> Reply:
        """One request; a browser's honest headers are the caller's to give."""
        sent = {"Host": host, **(headers or {})}
        if self.name == "flask":
            answer = self.app.test_client(use_cookies=False).open(
                path, method=method, headers=sent, data=body, base_url="https://clinic.example", follow_redirects=False
            )
            return Reply(answer.status_code, list(answer.headers.items()), answer.get_data(as_text=True))
        client = TestClient(self.app, base_url="https://clinic.example", follow_redirects=False)
        found = client.request(method, path, headers=sent, content=body)
        return Reply(found.status_code, list(found.headers.multi_items()), found.text)


BUILDERS: dict[str, Callable[[Effects], Any]] = {"starlette": starlette_app, "fastapi": fastapi_app, "flask": flask_app}
