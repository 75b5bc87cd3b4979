"""aiohttp, deciding: the gate right before a handler, inside of every middleware, where the application's session is known.

aiohttp has matched its own route by then, so what is decided on is what will be called; the two are compared all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiohttp import web
from aiohttp.streams import StreamReader
from aiohttp.web_urldispatcher import SystemRoute
from multidict import CIMultiDict, CIMultiDictProxy

from ringwork.enforce.guard import DECIDED, Decision, Refusal
from ringwork.errors import UnsupportedApp
from ringwork.exchange import Exchange, Header
from ringwork.frameworks import reached, suite_clients
from ringwork.frameworks.aiohttp_limits import MeteredReader
from ringwork.frameworks.aiohttp_sending import CONTINUE, Sender
from ringwork.frameworks.asgi_deciding import Body, drive, identify
from ringwork.installation import Installation
from ringwork.pipeline import Answer, Plan
from ringwork.route import Route, RouteKind

ToRoute = Callable[[Any, str, Installation], Route]
"""From aiohttp's route and a request's method to the route in ringwork's words."""


class Gate:
    """The innermost middleware of one application, the guarded one or a part of it; the innermost of all decides."""

    __middleware_version__ = 1

    def __init__(self, app: web.Application, installation: Installation, to_route: ToRoute) -> None:
        self.app, self.installation, self.to_route = app, installation, to_route
        self.parts: frozenset[web.Application] = frozenset((app,))
        self._plans: dict[tuple[Any, str], Plan] = {}

    async def __call__(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Decide on the matched route, then let its handler go on."""
        sender = request.writer
        exchange = getattr(sender, "exchange", None)
        if not isinstance(sender, Sender) or exchange is None:
            # Against a way round the outermost layer: without its Exchange nothing was checked, so nothing is served.
            raise UnsupportedApp("a request reached a handler past ringwork's outermost layer")
        match = request.match_info
        app = match.apps[-1]
        if app is not self.app and app in self.parts:
            return await self._hand_on(request, handler)
        if isinstance(match.route, SystemRoute) or _has_no_method(match.handler, request.method):
            return await self._hand_on(request, handler)  # 404 and 405: nothing of the application answers
        plan = self._plan(match.route, request.method)
        if app is not self.app or handler != match.handler:
            # Against a part that was put in by hand, and a middleware that hands the request to a handler of its own choice.
            return (
                own(sender, plan.pipeline.give(exchange, reached.OTHER_HANDLER))
                if plan.pipeline.requires_decision
                else await handler(request)
            )
        exchange.handed_on(request.method)
        found = await enter(exchange, plan, request, sender)
        if found is not None:
            return own(sender, plan.pipeline.give(exchange, found))
        if sender.expecting is not None:
            answer = await _expect(request, sender)
            if answer is not None:
                return answer
        if plan.route is not None and plan.route.kind is RouteKind.STATIC and not plan.pipeline.observing:
            return await self._hand_file(request, handler)
        return await self._hand_on(request, handler)

    async def _hand_file(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Against a folder that tells that it is there: aiohttp says 403 of those, and 404 of what is not."""
        try:
            return await self._hand_on(request, handler)
        except web.HTTPForbidden:
            raise web.HTTPNotFound from None

    @staticmethod
    async def _hand_on(request: web.Request, handler: Any) -> web.StreamResponse:
        answer: web.StreamResponse = await handler(request)
        return answer

    def _plan(self, route: Any, method: str) -> Plan:
        """The compiled plan; of a class view one for each method, since each may carry a rule of its own."""
        key = (route, method if isinstance(route.handler, type) else "")
        plan = self._plans.get(key)
        if plan is None or plan.pipeline is not self.installation.pipeline:
            plan = self._plans[key] = self.installation.pipeline.plan(self.to_route(route, method, self.installation))
        return plan


def _has_no_method(handler: Any, method: str) -> bool:
    """Whether a class view will answer 405 by itself: it defines no such method, and asks in no way of its own."""
    return (
        isinstance(handler, type)
        and issubclass(handler, web.View)
        and not hasattr(handler, method.lower())
        and handler._iter is web.View._iter  # noqa: SLF001  # against a view that answers in its own way
        and handler.__await__ is web.View.__await__
    )


def own(sender: Sender, answer: Answer) -> web.Response:
    """An answer of ringwork's own, which passes the application's middlewares as any other."""
    headers = CIMultiDict((name.decode(), value.decode("latin-1")) for name, value in answer.headers)
    sender.own = web.Response(status=answer.status, body=answer.body or None, headers=headers)
    return sender.own


async def enter(exchange: Exchange, plan: Plan, request: web.Request, sender: Sender) -> Decision:
    """Identify the principal, then let the guards of the matched route decide."""
    exchange.plan, exchange.route = plan, plan.route
    exchange.decided = False
    if plan.has_own_limits and sender.meter is not None:
        sender.meter.hold(plan.limits)
    if plan.pipeline.identifies and not exchange.identified:
        waiting = identify(exchange, plan.pipeline, request)
        refusal = waiting if waiting is None or isinstance(waiting, Refusal) else await waiting
        if refusal is not None:
            return refusal
    entered = plan.enter
    found = entered(exchange)
    if found is not None and not isinstance(found, DECIDED):
        body = None if exchange.kind == "websocket" else Payload(request, sender)
        found = await drive(found, body, fields_of, request, seconds=plan.pipeline.guard_seconds)
    exchange.decided = found is None
    return found


class Payload(Body):
    """A request's body that a guard reads before the application does; the application finds it as it came."""

    __slots__ = ("request", "sender")

    def __init__(self, request: web.Request, sender: Sender) -> None:
        self.request, self.sender = request, sender

    async def read(self, limit_bytes: int) -> bytes | None:
        """The whole body, None when it is longer than `limit_bytes`. Raises as the body does: half of one reaches no handler."""
        stream = self.sender.content
        if not isinstance(stream, MeteredReader):
            return b""
        if self.sender.expecting is not None:
            await self.sender.write(CONTINUE)  # its client sends nothing before that word
            self.sender.output_size = 0
        pieces: list[bytes] = []
        size = 0
        while size <= limit_bytes and (piece := await stream.readany()):
            pieces.append(piece)
            size += len(piece)
        body = b"".join(pieces)
        stream.give_back(body)
        return body if size <= limit_bytes else None


class _Still:
    """What a reader asks of its connection, where everything is there already."""

    connected = True

    def pause_reading(self) -> None:
        """Nothing comes."""

    def resume_reading(self, *, resume_parser: bool = True) -> None:
        """Nothing was paused."""


async def fields_of(request: Any, body: bytes) -> Mapping[str, str] | None:
    """The form's text fields, first value of each name, by aiohttp's own parser; None for what it cannot read."""
    still: Any = _Still()
    stream = StreamReader(still, 2**16, loop=request._loop)  # noqa: SLF001  # as aiohttp makes its own
    stream.feed_data(body)
    stream.feed_eof()
    probe = web.Request(
        request._message,  # noqa: SLF001  # as clone() does, which reads the body that is not to be spent
        stream,
        request.protocol,
        request.writer,
        request.task,
        request._loop,  # noqa: SLF001
        client_max_size=0,
        client_max_fields=0,
    )
    try:
        form = await probe.post()
        fields = {name: value for name, value in reversed(list(form.items())) if isinstance(value, str)}
        return suite_clients.fields_from(request.headers.get(suite_clients.HEADER), fields, request.writer.exchange)
    except (web.HTTPException, ValueError, LookupError, AssertionError):
        # What the parser cannot read is no form; whether that matters is the guard's to say.
        return None
    finally:
        probe._finish()  # noqa: SLF001  # closes the files that the parser has opened


def exchange_one(request: Any, pairs: Iterable[Header], name: bytes, value: bytes) -> None:
    """The same for one header that came once: the others stay as aiohttp has read them."""
    headers = request.headers.copy()
    headers[_text(name)] = _text(value)
    _put(request, headers, tuple((key, value if key.lower() == name else old) for key, old in pairs))


def put_headers(request: Any, pairs: list[Header]) -> None:
    """Have the application read these headers instead of those that came."""
    _put(request, CIMultiDict((_text(name), _text(value)) for name, value in pairs), tuple(pairs))


def _put(request: Any, made: CIMultiDict[str], pairs: tuple[Header, ...]) -> None:
    headers = CIMultiDictProxy(made)
    request._message = request._message._replace(headers=headers, raw_headers=pairs)  # noqa: SLF001  # as clone() does
    request._headers = headers  # noqa: SLF001
    for name in ("headers", "raw_headers"):
        request._cache.pop(name, None)  # noqa: SLF001


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


async def _expect(request: web.Request, sender: Sender) -> web.StreamResponse | None:
    """The route's word on `Expect`, which aiohttp would have asked for before any middleware."""
    put_headers(request, [*request.raw_headers, sender.expecting])
    sender.expecting = None
    return await request.match_info.expect_handler(request)
