"""ASGI: from scope and messages to the Exchange and back, for every scope type.

Two places in an application: `Outer` stands outside everything, the error layer too, so that headers are on every byte
that leaves; `enter` is called right before the router, where the matched route and the framework's own session are known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

from ringwork.current import SERVED, csp_nonce
from ringwork.enforce.guard import DECIDED, Decision, Refusal
from ringwork.errors import PolicyInvalid
from ringwork.exchange import Exchange, Header, unread
from ringwork.frameworks import reached
from ringwork.frameworks.asgi_deciding import Body, Message, Receive, drive
from ringwork.frameworks.asgi_limits import Meter, SocketMeter, Watches, metered
from ringwork.frameworks.asgi_sending import Send, Sender, lowered, refusing
from ringwork.installation import Installation
from ringwork.pipeline import ACCESS, Answer, Plan

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

Decide = Callable[[Scope, Exchange, Receive], Coroutine[Any, Any, tuple[Decision, Receive]] | None]
"""From a request to the decision on its route, where that is a refusal or has to be waited for."""

_serve = SERVED.set

KEY = "ringwork"
"""Where the Exchange stands in a scope."""


class Outer:
    """The outermost layer. `settle` is called once, at the lifespan's start or at the first request."""

    __slots__ = ("app", "installation", "watches", "decide")

    def __init__(self, app: App, installation: Installation, decide: Decide | None = None) -> None:
        """decide: what stands before the router, where nothing of the application's own stands between; it is asked here then."""
        self.app, self.installation, self.decide = app, installation, decide
        self.watches = Watches()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Guard one connection of any type."""
        kind = scope["type"]
        if kind == "http":
            return self._http(scope, receive, send)
        if kind == "websocket":
            return self._websocket(scope, receive, send)
        if kind == "lifespan":
            return self.lifespan(scope, receive, send)
        # Against a new kind of connection that no guard has ever seen: what is unknown is not served.
        raise PolicyInvalid([f"ASGI scope type {kind!r} is unknown to ringwork and is refused"])

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Settle the installation before the application hears that it starts."""

        async def checked() -> Message:
            message = await receive()
            if message["type"] == "lifespan.startup":
                fault = self.installation.unsettled()
                if fault is not None:
                    # Against a server that takes an exception here for an application without a start, and serves it.
                    await send({"type": "lifespan.startup.failed", "message": str(fault)})
                    raise fault
            return message

        await self.app(scope, checked, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        plan = self.installation.pipeline.unmatched
        if not self.installation.settled:
            fault = self.installation.unsettled()
            plan = self.installation.pipeline.unmatched  # settling may compile it anew
            if fault is not None:
                exchange = begin(scope, plan, scope["method"])
                await Sender(exchange, send).answer(plan.pipeline.fail(exchange, fault, status=503))
                return
        exchange = begin(scope, plan, scope["method"])
        limits, arrive, meter = plan.limits, plan.arrive, None
        if limits is not None:
            watch = self.watches.current()
            if len(watch.meters) >= limits.concurrent and not plan.pipeline.passes(exchange, limits.too_many):
                # Against more requests at once than the process can hold: the next one learns it at once.
                await Sender(exchange, send).answer(plan.pipeline.give(exchange, limits.too_many))
                return
        found = arrive(exchange)
        if type(found) is Refusal:
            await refusing(exchange, send).answer(plan.pipeline.give(exchange, found))
            return
        if limits is None:
            sender = Sender(exchange, send)
        else:
            sender = meter = metered(exchange, send, receive, watch, limits)
            receive = meter.receive
        try:
            if found is not None:
                found, receive = await _settled(found, receive, plan.pipeline.guard_seconds)
                if found is not None:
                    await sender.answer(plan.pipeline.give(exchange, found))
                    return
            rewrite(scope, exchange, plan)
            decide, app = self.decide, self.app
            if decide is not None:
                waiting = decide(scope, exchange, receive)
                if waiting is not None:
                    found, receive = await waiting
                    if found is not None:
                        await sender.answer(plan.pipeline.give(exchange, found))
                        return
            await app(scope, receive, sender.send)
            if sender.held is not None:
                await sender.flush()  # the application has returned: nothing may stay held
        except BaseException as error:
            if _is_taken_back(error):
                if meter is not None and meter.has_cut:
                    return  # not by the server: it was cut for being late
                raise
            if await _rises(error, sender, meter, exchange, plan):
                raise
        finally:
            # They refer back to the scope; without the circle a request is freed at once.
            exchange.native = exchange.chosen = None
            if meter is not None:
                meter.leave()
                if meter.closing is not None:
                    await meter.close(meter.closing)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        installation = self.installation
        fault = None if installation.settled else installation.unsettled()
        plan = installation.pipeline.unmatched
        exchange = begin(scope, plan, "GET")
        sender = SocketSender(exchange, send, can_answer="websocket.http.response" in (scope.get("extensions") or {}))
        if fault is not None:
            await receive()
            await sender.refuse(plan.pipeline.fail(exchange, fault, status=503))
            return
        watch = self.watches.current()
        found = plan.arrive(exchange)
        if found is not None and not isinstance(found, DECIDED):
            found = await drive(found, None, seconds=plan.pipeline.guard_seconds)
        if found is None and plan.limits is not None and len(watch.meters) >= plan.limits.concurrent:
            # Against sockets that stay open until the process can hold no more.
            found = None if plan.pipeline.passes(exchange, plan.limits.too_many) else plan.limits.too_many
        if found is not None:
            await receive()
            await sender.refuse(plan.pipeline.give(exchange, found))
            return
        rewrite(scope, exchange, plan)
        scope = reached.Watched.over(scope)
        meter = None if plan.limits is None else SocketMeter(exchange, sender, receive, watch)
        receive = receive if meter is None else meter.receive
        try:
            await self.app(scope, receive, sender.send)
            if not sender.accepted and not sender.closed and not plan.pipeline.observing:
                # Against the server's own bare answer: a handler that returns without a word is answered from here.
                plan.pipeline.answered(exchange, 500)
                await sender.refuse(plan.pipeline.answer(exchange, 500))
        except reached.Undecided:
            return  # told already, and the socket is closed
        except Exception as error:
            answer = plan.pipeline.fail(exchange, error)
            if plan.pipeline.observing:
                raise
            if sender.closed:
                return
            if sender.accepted:
                await send({"type": "websocket.close", "code": 1011, "reason": f"incident {exchange.incident}"})
            else:
                await sender.refuse(answer)
        finally:
            if meter is not None:
                meter.leave()


async def _see_off(plan: Plan, exchange: Exchange, sender: Sender) -> None:
    """End the request of a client that broke off. Against one who fills the log with faults of the application: it is his own doing."""
    plan.pipeline.answered(exchange, 400)
    if not sender.started:
        await sender.answer(plan.pipeline.answer(exchange, 400))


async def _rises(error: BaseException, sender: Sender, meter: Meter | None, exchange: Exchange, plan: Plan) -> bool:
    """Answer what the application raised, unless it is answered already; whether the server has to hear of it all the same."""
    if sender.cut and isinstance(error, Exception):
        return False  # what follows from a body or a wait that was cut; the client has its answer
    if meter is not None and meter.has_left(error):
        await _see_off(plan, exchange, sender)
        return False
    pipeline = plan.pipeline
    if type(error) is reached.OtherHandler and not sender.started:
        await sender.answer(pipeline.give(exchange, reached.OTHER_HANDLER))
        return False
    pipeline.failed(exchange, error)
    if sender.started or pipeline.observing:
        return True  # the answer is under way and cannot be mended: the server cuts the connection
    # Against the server's own bare page: SystemExit and the like end as a clean one too, and rise afterwards.
    if sender.held is not None:
        await sender.flush()  # the application's own error page, or the framework's, which is replaced
    else:
        await sender.answer(pipeline.answer(exchange, 500))
    return not isinstance(error, Exception | asyncio.CancelledError)


async def _settled(found: Any, receive: Receive, seconds: float) -> tuple[Decision, Receive]:
    """A decision that stands before routing, and the receive with which the application goes on."""
    if isinstance(found, DECIDED):
        return found, receive
    body = Body(receive)
    return await drive(found, body, seconds=seconds), body.receive


def begin(scope: Scope, plan: Plan, method: str) -> Exchange:
    """A new Exchange for `scope`, noted there and as the current one."""
    client = scope.get("client")
    exchange = unread(Exchange)
    exchange.method, exchange.path = method, scope["path"]
    exchange.scheme = scope.get("scheme", "http")
    if scope["type"] != "http":
        exchange.kind = scope["type"]
    # What every request is asked for is set, even where the class says the same: it is found at once then.
    exchange.notes = exchange.principal = None
    exchange.is_forwarded = exchange.identified = False
    exchange.replaced = ()
    exchange.peer = exchange.client = client[0] if client else ""
    exchange.read(scope["headers"])
    query = scope.get("query_string")
    if query:
        exchange.query = query
    exchange.plan = plan
    if plan.certifies:
        exchange.certificate = certificate_of(scope)
    scope[KEY] = exchange
    state = scope.get("state")
    if state is None:
        scope["state"] = {"csp_nonce": csp_nonce}
    else:
        state["csp_nonce"] = csp_nonce  # Starlette's request.state; nothing is made until a template prints it
    _serve(exchange)
    return exchange


def certificate_of(scope: Scope) -> str | None:
    """The client's certificate that the server's handshake has verified, PEM (ASGI TLS extension); None for none."""
    told = (scope.get("extensions") or {}).get("tls") or {}
    chain = () if told.get("client_cert_error") else told.get("client_cert_chain") or ()
    return next(iter(chain), None)


def rewrite(scope: Scope, exchange: Exchange, plan: Plan) -> None:
    """Take out of the request what the application must not see, and put in what guards replaced."""
    if plan.pipeline.observing:
        return
    if exchange.is_resolved:
        scope["scheme"] = exchange.scheme
        if exchange.client != exchange.peer:
            scope["client"] = (exchange.client, 0)  # whom a trusted proxy named; its port nobody knows
    replaced, shape = exchange.replaced, exchange.shape
    if shape is not None and not exchange.is_odd and not exchange.dropped and shape.is_free_of(plan.drops):
        if not replaced:
            return
        if len(replaced) == 1 and (own := replaced[0])[0] in shape.at:  # the usual one: cookies under the names that the application knows
            headers: list[Header] = [*scope["headers"]]  # the server's own list stays as it came
            headers[shape.at[own[0]]] = own
            scope["headers"] = headers
            return
    gone = {*plan.drops, *exchange.dropped, *(name for name, _ in replaced)}
    # Against a dropped name spelled with underscores, which a mounted WSGI application could not tell from the other.
    scope["headers"] = [*(pair for pair in scope["headers"] if pair[0].replace(b"_", b"-") not in gone), *replaced]


def _is_taken_back(error: BaseException) -> bool:
    """Whether the server takes this request back, so that nobody waits for an answer."""
    task = asyncio.current_task()
    cancelled = isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
    return cancelled or isinstance(error, GeneratorExit)


class SocketSender:
    """Sends a WebSocket's messages; a refusal before acceptance is a whole HTTP answer where the server can send one."""

    __slots__ = ("exchange", "raw", "can_answer", "accepted", "closed")

    def __init__(self, exchange: Exchange, raw: Send, *, can_answer: bool) -> None:
        self.exchange, self.raw, self.can_answer = exchange, raw, can_answer
        self.accepted = self.closed = False

    async def send(self, message: Message) -> None:
        """What the application calls instead of the server's send."""
        kind = message["type"]
        plan: Any = self.exchange.plan
        if plan.pipeline.observing:
            self.accepted = self.accepted or kind == "websocket.accept"
        elif kind == "websocket.accept":
            await self._require_decision(plan, 101)
            self.accepted = True
            message["headers"] = plan.start(self.exchange, 101, lowered(message.get("headers") or []))
        elif kind == "websocket.http.response.start":
            await self._require_decision(plan, message["status"])
            message["headers"] = plan.start(self.exchange, message["status"], lowered(message.get("headers") or []))
            self.closed = True
        elif kind == "websocket.close":
            if not self.accepted and self.can_answer and not self.closed:
                await self.refuse(plan.pipeline.answer(self.exchange, 403))
                return
            self.closed = True
        await self.raw(message)

    async def _require_decision(self, plan: Any, status: int) -> None:
        refusal = reached.unfit(self.exchange, plan.pipeline, status)
        if refusal is not None:
            await self.refuse(plan.pipeline.give(self.exchange, refusal))
            raise reached.Undecided(control=ACCESS, status=403, reason=refusal.reason)

    async def refuse(self, answer: Answer) -> None:
        """Refuse the handshake, with headers and page where the server's WebSocket side can send them."""
        self.closed = True
        if not self.can_answer:
            await self.raw({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        plan: Any = self.exchange.plan
        headers = plan.start_own(self.exchange, answer.status, answer.headers)
        await self.raw({"type": "websocket.http.response.start", "status": answer.status, "headers": headers})
        await self.raw({"type": "websocket.http.response.body", "body": answer.body, "more_body": False})
