"""aiohttp, outermost: from the parsed message to the Exchange, before anything of the application.

Two seams that aiohttp itself calls: `_make_request` for every message, unreadable ones among them, and `_handle` for what could be read.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import ERROR, RequestPayloadError

from ringwork.current import SERVED
from ringwork.enforce.guard import DECIDED
from ringwork.errors import UnsupportedApp
from ringwork.exchange import SECURE, Exchange
from ringwork.frameworks.aiohttp_deciding import Payload, exchange_one, put_headers
from ringwork.frameworks.aiohttp_limits import Meter, MeteredReader
from ringwork.frameworks.aiohttp_sending import Given, Sender
from ringwork.frameworks.asgi_deciding import drive
from ringwork.frameworks.asgi_limits import Watches
from ringwork.installation import Installation
from ringwork.pipeline import Answer, Plan

FAILED = 1011
"""The code of a WebSocket whose handler broke (RFC 6455, 7.4.1)."""
TOO_BIG = 1009

SESSION = "aiohttp_session"
"""Where aiohttp-session leaves a session that was looked into, in the request."""


class Outer:
    """Takes the place of an application's `_handle` and `_make_request`."""

    __slots__ = ("app", "installation", "handler", "maker", "watches")

    def __init__(self, app: web.Application, installation: Installation) -> None:
        self.app, self.installation = app, installation
        self.handler: Any = app._handle  # noqa: SLF001  # the seams that aiohttp itself calls
        self.maker: Any = app._make_request  # noqa: SLF001
        self.watches = Watches()

    def make_request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.Request:
        """aiohttp's own request, with a writer and a body that are ours."""
        sender = Sender(protocol, writer.loop)
        if type(payload) is StreamReader:
            payload.__class__ = MeteredReader
        sender.message, sender.content = message, payload
        request: web.Request = self.maker(message, payload, protocol, sender, task)
        if message is ERROR:
            # Against the parser's own answer, which passes no handler: it is written as any other.
            sender.is_broken = True
            begin(request, sender, self.installation.pipeline.unmatched)
        return request

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Guard one request or handshake."""
        sender = request.writer
        if type(sender) is not Sender:
            raise UnsupportedApp(
                "a request was made past ringwork's outermost layer; serve the application by AppRunner, run_app or gunicorn"
            )
        installation = self.installation
        fault = None if installation.settled else installation.unsettled()
        plan = installation.pipeline.unmatched
        exchange = begin(request, sender, plan)
        SERVED.set(exchange)
        if fault is not None:
            return await give(sender, plan.pipeline.fail(exchange, fault, status=503))
        limits = plan.limits
        if limits is None:
            return await self._serve(request, sender, exchange, plan)
        watch = self.watches.current()
        if len(watch.meters) >= limits.concurrent and not plan.pipeline.passes(exchange, limits.too_many):
            # Against more requests at once than the process can hold: the next one learns it at once.
            return await give(sender, plan.pipeline.give(exchange, limits.too_many))
        meter = Meter(sender, watch, limits)
        try:
            return await self._serve(request, sender, exchange, plan)
        finally:
            meter.leave()

    async def _serve(self, request: web.Request, sender: Sender, exchange: Exchange, plan: Plan) -> web.StreamResponse:
        try:
            arrive = plan.arrive
            found = arrive(exchange)
            if found is not None and not isinstance(found, DECIDED):
                found = await drive(found, Payload(request, sender), seconds=plan.pipeline.guard_seconds)
            if found is not None:
                return await give(sender, plan.pipeline.give(exchange, found))
            rewrite(request, sender, exchange, plan)
            answer = await self.handler(request)
            if not isinstance(answer, web.StreamResponse):
                answer = _nothing_but_a_socket(sender, answer)
            sender.is_own = answer is sender.own
            # Here and not after our return, so that a fault in a signal or a header is answered from here too.
            return await _prepared(request, sender, answer)
        except web.HTTPException as raised:
            return await self._raised(request, sender, raised)
        except BaseException as error:  # noqa: BLE001  # whatever the application raises
            return await _failed(request, sender, error)

    async def _raised(self, request: web.Request, sender: Sender, answer: web.HTTPException) -> web.StreamResponse:
        """An answer that was raised: aiohttp's own way to end a handler."""
        try:
            await answer.prepare(request)
        except BaseException as error:  # noqa: BLE001  # whatever the application's signals raise
            return await _failed(request, sender, error)
        raise answer

    async def note_answer(self, request: web.Request, answer: web.StreamResponse) -> None:
        """A signal: an answer begins. A WebSocket is held to the limit of a body, message by message."""
        # Against a page of one session, kept by a cache for everybody: aiohttp-session does not say that it was looked into.
        if SESSION in request and "cookie" not in answer.headers.get("Vary", "").lower():
            answer.headers.add("Vary", "Cookie")
        sender = request.writer
        if not isinstance(answer, web.WebSocketResponse) or not isinstance(sender, Sender):
            return
        sender.socket = answer
        plan: Any = sender.exchange and sender.exchange.plan
        if plan is not None and plan.limits is not None and not plan.pipeline.observing:
            # Against messages that are bodies by another way. 0 is aiohttp's word for no limit.
            answer._max_msg_size = min(answer._max_msg_size or plan.limits.body_bytes, plan.limits.body_bytes)  # noqa: SLF001


async def give(sender: Sender, answer: Answer) -> web.StreamResponse:
    """Send an answer of ringwork's own, and tell the server so."""
    await sender.answer(answer)
    return sender.as_given()


async def _prepared(request: web.Request, sender: Sender, answer: web.StreamResponse) -> web.StreamResponse:
    """Start an answer that a handler returned, as the server would, and tell the server how far it has come."""
    if answer.prepared:
        _was_cut(sender)
        return answer
    await answer.prepare(request)
    if isinstance(answer, web.Response):
        return answer
    # A file cannot be prepared a second time: it is sent here, whole.
    await answer.write_eof()
    return Given(answer.status, keep_alive=bool(answer.keep_alive), sent=answer.body_length)


def _nothing_but_a_socket(sender: Sender, answer: object) -> web.StreamResponse:
    """Against a second head in the middle of a socket: who opened one and returned nothing has answered."""
    if sender.socket is not None and sender.started:
        socket: web.StreamResponse = sender.socket
        return socket
    raise TypeError(f"the handler returned {type(answer).__name__}; it must return a response")


def _was_cut(sender: Sender) -> bool:
    """Whether a socket was closed for a message that was too big; its operator is told."""
    socket = sender.socket
    if socket is None or getattr(socket.exception(), "code", 0) != TOO_BIG:
        return False
    exchange: Any = sender.exchange
    if exchange.plan.limits is not None:
        exchange.plan.pipeline.record(exchange, exchange.plan.limits.too_large)
    return True


async def _failed(request: web.Request, sender: Sender, error: BaseException) -> web.StreamResponse:
    """What follows from something that was raised."""
    exchange: Any = sender.exchange
    pipeline = exchange.plan.pipeline
    meter = sender.meter
    if meter is not None and meter.closing is not None and (meter.has_cut or not isinstance(error, asyncio.CancelledError)):
        await meter.close()
        return sender.as_given()  # it was cut for being late, and has its answer
    if _is_taken_back(error):
        raise error
    if sender.muted and sender.given:
        return sender.as_given()
    if sender.cut is not None and not sender.started:
        return await give(sender, pipeline.give(exchange, sender.cut))
    if sender.socket is not None and isinstance(error, Exception) and _was_cut(sender):
        return sender.socket  # type: ignore[no-any-return]  # a WebSocketResponse; what follows from its end is no fault
    if isinstance(error, ConnectionError) and (request.transport is None or request.transport.is_closing()):
        return _seen_off(sender, error)
    if isinstance(error, RequestPayloadError):
        pipeline.answered(exchange, 400)
        answer = pipeline.answer(exchange, 400)
    else:
        pipeline.failed(exchange, error)
        if exchange.plan.error_body is None:
            raise error  # in observe, and where error-handling is off: aiohttp's own page
        answer = pipeline.answer(exchange, 504 if isinstance(error, TimeoutError) else 500)
    return await _ended(request, sender, error, answer)


def _seen_off(sender: Sender, error: ConnectionError) -> web.StreamResponse:
    """End the request of a client that broke off. Against one who fills the log with faults of the application: it is his own doing."""
    exchange: Any = sender.exchange
    if exchange.plan.pipeline.observing:
        raise error
    if not sender.started:
        exchange.plan.pipeline.answered(exchange, 400)
        sender.given = 400
    sender.muted = True
    return sender.as_given()


async def _ended(request: web.Request, sender: Sender, error: BaseException, answer: Answer) -> web.StreamResponse:
    """The answer where none has started; else the connection, or the socket, is cut."""
    socket = sender.socket
    if not sender.started:
        given = await give(sender, answer)
        if not isinstance(error, Exception | asyncio.CancelledError):
            raise error
        return given
    if socket is not None:
        exchange: Any = sender.exchange
        await socket.close(code=FAILED, message=f"incident {exchange.incident}".encode())
        return socket  # type: ignore[no-any-return]  # a WebSocketResponse, as note_answer found it
    # The answer is under way and cannot be mended: its client must see that it is not whole.
    sender.muted, sender.given = True, answer.status
    request.protocol.force_close()
    return sender.as_given()


def _is_taken_back(error: BaseException) -> bool:
    """Whether the server takes this request back, so that nobody waits for an answer."""
    task = asyncio.current_task()
    cancelled = isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
    return cancelled or isinstance(error, GeneratorExit)


def begin(request: web.Request, sender: Sender, plan: Plan) -> Exchange:
    """A new Exchange for `request`, noted in its writer."""
    message = sender.message
    headers = [(name.lower(), value) for name, value in message.raw_headers]
    url, protocol = request.rel_url, request.protocol
    is_secure = protocol.ssl_context is not None
    is_socket = message.upgrade and message.method == "GET" and message.headers.get("Upgrade", "").lower().strip() == "websocket"
    peer = protocol.peername
    exchange = Exchange(
        kind="websocket" if is_socket else "http",
        method=message.method,
        path=url.path_safe,
        scheme=("wss" if is_secure else "ws") if is_socket else "https" if is_secure else "http",
        peer=str(peer[0]) if isinstance(peer, tuple | list) and peer else "",
    )
    exchange.read(headers)
    if url.raw_query_string:
        exchange.query = url.raw_query_string.encode()
    if message.url.absolute and message.url.host is not None:
        _name_host(exchange, message.url.raw_authority.encode())
    if exchange.content_length is None and not exchange.has(b"transfer-encoding") and not isinstance(sender.content, MeteredReader):
        exchange.content_length = b"0"  # a request that announces no body has none (RFC 9112, 6.3)
    exchange.plan = plan
    if plan.certifies and is_secure:
        exchange.certificate = request.get_extra_info("ssl_object").getpeercert(binary_form=True)
    sender.exchange = exchange
    return exchange


def _name_host(exchange: Exchange, authority: bytes) -> None:
    """Against two hosts in one request: aiohttp takes that of an absolute target for its own, whatever the Host line says."""
    if exchange.host != authority:
        exchange.repeated, exchange.is_plain = (*exchange.repeated, b"host"), False
        exchange.host = authority


def rewrite(request: Any, sender: Sender, exchange: Exchange, plan: Plan) -> None:
    """Take out of the request what the application must not see, and put in what guards replaced."""
    pairs = sender.message.raw_headers
    expects = exchange.has(b"expect")
    if expects:
        # Against code of a route that runs, and a body that is asked for, before anybody has decided on it.
        sender.expecting = (b"Expect", exchange.names[b"expect"])
        pairs = tuple(pair for pair in pairs if pair[0].lower() != b"expect")
    if plan.pipeline.observing:
        if expects:
            put_headers(request, list(pairs))
        return
    if exchange.is_resolved:
        request._cache["scheme"] = "https" if exchange.scheme in SECURE else "http"  # noqa: SLF001  # as aiohttp's own clone() does
        if exchange.client != exchange.peer:
            request._cache["remote"] = exchange.client  # noqa: SLF001  # whom a trusted proxy named
        request._cache.pop("url", None)  # noqa: SLF001
    replaced, shape = exchange.replaced, exchange.shape
    is_free = shape is not None and shape.is_free_of(plan.drops)
    if not expects and not replaced and not exchange.is_odd and not exchange.dropped and is_free:
        return
    if not (expects or exchange.is_odd or exchange.dropped) and len(replaced) == 1 and is_free:
        exchange_one(request, pairs, *replaced[0])  # the usual one: cookies under the names that the application knows
        return
    gone = {*plan.drops, *exchange.dropped, *(name for name, _ in replaced)}
    # Against a dropped name spelled with underscores, which a proxy behind us could not tell from the other.
    put_headers(request, [*(pair for pair in pairs if pair[0].lower().replace(b"_", b"-") not in gone), *replaced])
