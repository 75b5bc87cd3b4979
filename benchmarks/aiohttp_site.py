"""The ten routes of `./run bench request` on aiohttp, asked over its own parser and protocol in memory, and a stack that users assemble.

aiohttp has no interface between server and application, so bare and guarded both count what its server does for a request.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp_cors
import aiohttp_session
import jwt
import peers
from aiohttp import web
from aiohttp_session.cookie_storage import EncryptedCookieStorage
from interleaved import Batch
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from secure import Preset, Secure

from ringwork import requires

Handler = Any


@requires("user")
async def _item(request: web.Request) -> web.Response:
    return web.json_response({"item": int(request.match_info["item"]), "name": "thing"})


def _other() -> Handler:
    async def other(request: web.Request) -> web.Response:
        return web.json_response({"item": int(request.match_info["item"])})

    return requires("user")(other)


def application(*middlewares: Any) -> web.Application:
    """Ten routes, the asked one last."""
    app = web.Application(middlewares=middlewares)
    for i in range(9):
        app.router.add_get(rf"/other{i}/{{item:\d+}}", _other())
    app.router.add_get(r"/items/{item:\d+}", _item)
    return app


def assembled() -> web.Application:
    """aiohttp-session, aiohttp-cors, secure, limits and PyJWT, put together as their documentation shows it."""
    headers, limiter, rate = Secure.from_preset(Preset.STRICT), FixedWindowRateLimiter(MemoryStorage()), parse(peers.NO_LIMIT)
    session = aiohttp_session.session_middleware(EncryptedCookieStorage(bytes.fromhex(peers.SECRET), secure=True))

    @web.middleware
    async def secured(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer: web.StreamResponse = await handler(request)
        await headers.set_headers_async(answer)
        return answer

    @web.middleware
    async def limited(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not await limiter.hit(rate, request.remote or ""):
            raise web.HTTPTooManyRequests
        answer: web.StreamResponse = await handler(request)
        return answer

    @web.middleware
    async def at_home(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.host != peers.HOST or not request.secure:
            raise web.HTTPMisdirectedRequest
        answer: web.StreamResponse = await handler(request)
        return answer

    @web.middleware
    async def signed_in(request: web.Request, handler: Handler) -> web.StreamResponse:
        await aiohttp_session.get_session(request)
        try:
            sent = request.headers["Authorization"].removeprefix("Bearer ")
            claims = jwt.decode(sent, peers.SECRET, algorithms=["HS256"], audience="api", issuer="bench")
        except (KeyError, jwt.PyJWTError) as error:
            raise web.HTTPUnauthorized from error
        if "user" not in claims["roles"]:
            raise web.HTTPForbidden
        answer: web.StreamResponse = await handler(request)
        return answer

    app = application(secured, limited, at_home, session, signed_in)
    cors = aiohttp_cors.setup(app, defaults={peers.ORIGIN: aiohttp_cors.ResourceOptions(allow_credentials=True)})
    for route in list(app.router.routes()):
        if route.method == "GET":
            cors.add(route)
    return app


class Wire(asyncio.Transport):
    """A connection in memory; tells when a whole answer has come."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 4000), "sockname": ("127.0.0.1", 443), "sslcontext": object()})
        self.heard, self.whole = bytearray(), asyncio.get_running_loop().create_future()

    def write(self, data: Any) -> None:
        """What the server sends."""
        self.heard += data
        head, _, body = bytes(self.heard).partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if length and len(body) >= int(length) and not self.whole.done():
            self.whole.set_result(head)

    def is_closing(self) -> bool:
        """Never."""
        return False

    def close(self) -> None:
        """Nothing is open."""

    def pause_reading(self) -> None:
        """Nothing is read."""

    def resume_reading(self) -> None:
        """Nothing is read."""


def batch(app: web.Application, *, headers: list[tuple[bytes, bytes]], path: str = "/items/42", expect: int = 200) -> Batch:
    """Calls the application over one kept connection; an unexpected status ends the run."""
    sent = b"GET " + path.encode() + b" HTTP/1.1\r\n" + b"".join(name + b": " + value + b"\r\n" for name, value in headers) + b"\r\n"
    opened: list[tuple[Any, Wire]] = []

    async def ask(calls: int) -> None:
        loop = asyncio.get_running_loop()
        if not opened:
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            wire, protocol = Wire(), runner.server()  # type: ignore[misc]  # a server after setup()
            protocol.connection_made(wire)
            opened.append((protocol, wire))
        protocol, wire = opened[0]
        for _ in range(calls):
            wire.heard.clear()
            wire.whole = loop.create_future()
            protocol.data_received(sent)
            head = await wire.whole
            if head[9:12] != b"%d" % expect:
                raise SystemExit(f"{path}: {head[:15]!r} instead of {expect}; the comparison would be worthless")

    return ask
