"""ASGI, limits: what one request may send and how long it may take, counted where its bytes come in.

Against a body that is longer than it said or never ends, a client that drips, and a handler that hangs. Whoever reads, be it
the application's own middleware, reads through here; and the answer is given from here, so that nobody in between can turn it
into a success or a fault.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
from asyncio import current_task
from threading import get_ident
from typing import Any, Protocol

from ringwork.enforce.guard import Limits, Refusal
from ringwork.enforce.network.request_limits import announced
from ringwork.errors import Refused
from ringwork.exchange import Exchange, unread
from ringwork.frameworks.asgi_deciding import Message, Receive
from ringwork.frameworks.asgi_sending import Send, Sender

LEFT = "ClientDisconnect"
"""The name of what Starlette raises to whoever reads a body of which no more will come; it is not imported to be told apart."""

TOO_BIG = 1009
"""The code of a WebSocket that is closed for a message that is too big (RFC 6455, 7.4.1)."""


class OverLimit(Refused):
    """The body grew past its limit; the client has its answer already, and what reads on is stopped."""


class Watch:
    """The requests under way in one event loop, and the one timer that looks after their deadlines."""

    __slots__ = ("loop", "thread", "time", "meters", "wakes_at", "task", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop, self.thread = loop, get_ident()
        self.time, self.wakes_at = loop.time, math.inf
        self.meters: set[Any] = set()
        self.task: asyncio.Task[Any] | None = None  # the one that asked last
        self._timer: asyncio.TimerHandle | None = None

    def wake_by(self, when: float) -> None:
        """Look at all deadlines at `when`, in the loop's own time, if nothing wakes us before that."""
        if when >= self.wakes_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        # An empty context: the timer outlives the request that set it, and must not keep it.
        self._timer, self.wakes_at = self.loop.call_at(when, self._look, context=contextvars.Context()), when

    def _look(self) -> None:
        self._timer, self.wakes_at = None, math.inf
        now = self.loop.time()
        waiting = [(meter.due, meter) for meter in self.meters if not meter.is_settled]
        for due, meter in waiting:
            if due <= now:
                # Each in a call of its own. Against one whose answer fails and leaves the others without a deadline.
                self.loop.call_soon(meter.late, context=contextvars.Context())
        left = [due for due, _ in waiting if due > now]
        if left:
            self.wake_by(min(left))


class Watches:
    """One watch for each event loop that serves the application; there is only one as a rule."""

    __slots__ = ("_last", "_all")

    def __init__(self) -> None:
        self._last: Watch | None = None
        self._all: list[Watch] = []

    def current(self) -> Watch:
        """The watch of the running loop."""
        last = self._last
        # Of one thread only one loop runs a task at a time; to ask for the running one costs a call of the system.
        if last is not None and last.thread == get_ident() and (task := current_task(last.loop)) is not None:
            last.task = task
            return last
        loop = asyncio.get_running_loop()
        self._all = [watch for watch in self._all if not watch.loop.is_closed()]
        found = next((watch for watch in self._all if watch.loop is loop), None)
        if found is None:
            found = Watch(loop)
            self._all.append(found)
        self._last = found
        found.task = current_task(loop)
        return found


class Meter(Sender):
    """Sends one answer, and holds its HTTP request to the limits of its plan: the general ones until its route is known, then the route's.

    is_settled: its deadline has nothing to say any more. closing: the late answer on its way.
    """

    # Class attributes are the defaults: what is not set costs nothing, and most requests bring no body.
    _read = 0
    _waiting = _whole = _told = _gone = is_settled = False
    closing: asyncio.Task[None] | None = None
    task: asyncio.Task[Any] | None = None
    watch: Watch
    begun: float
    heard: Receive

    def hold(self, limits: Limits) -> None:
        """The route is known and has limits of its own."""
        self.watch.wake_by(self.begun + limits.seconds)

    @property
    def due(self) -> float:
        """When the answer has to have started, by the limits that hold now."""
        plan: Any = self.exchange.plan
        return float(self.begun + plan.limits.seconds)

    async def receive(self) -> Message:
        """What is called instead of the server's receive."""
        limits: Limits = self.exchange.plan.limits  # type: ignore[attr-defined]  # a Plan since the outermost layer
        if self._told and not self._observing:
            return {"type": "http.disconnect"}
        length = self.exchange.content_length
        if not self._read and length is not None and announced(length) > limits.body_bytes and not self._passes(limits.too_large):
            return await self._refuse(limits.too_large)
        self._waiting = True
        message = await self.heard()
        self._waiting = False
        if message["type"] != "http.request":
            self._gone = not self._whole
            return message
        self._read += len(message.get("body", b""))
        self._whole = not message.get("more_body")
        # Against a body without a length, or with a wrong one: one byte more than the limit ends it, and nothing of it is kept.
        if self._read > limits.body_bytes and not self._passes(limits.too_large):
            return await self._refuse(limits.too_large)
        return message

    @property
    def _observing(self) -> bool:
        plan: Any = self.exchange.plan
        return bool(plan.pipeline.observing)

    def _passes(self, refusal: Refusal) -> bool:
        """Whether the request goes on all the same, in observe; it is told once."""
        plan: Any = self.exchange.plan
        told, self._told = self._told, True
        return bool(plan.pipeline.observing and (told or plan.pipeline.passes(self.exchange, refusal)))

    async def _refuse(self, refusal: Refusal) -> Message:
        plan: Any = self.exchange.plan
        if self.started or self.muted:
            # The answer is under way already: the body ends here, as if its sender had gone.
            plan.pipeline.record(self.exchange, refusal)
            return {"type": "http.disconnect"}
        self.cut = self.muted = True
        await self.answer(plan.pipeline.give(self.exchange, refusal))
        raise OverLimit(control=refusal.control, status=refusal.status, reason=refusal.reason)

    def late(self) -> None:
        """Time is up: unless the answer has started, the client is given one from here."""
        if self.is_settled:
            return
        self.is_settled = True
        if self.started or self.muted:
            return
        plan: Any = self.exchange.plan
        refusal = plan.limits.body_late if self._waiting and not self._whole else plan.limits.too_slow
        if plan.pipeline.passes(self.exchange, refusal):
            return
        self._told = self.cut = self.muted = True
        # Against a handler that does not let itself be stopped: the client is answered first, and by nobody else.
        self.closing = self.watch.loop.create_task(self.answer(plan.pipeline.give(self.exchange, refusal)))
        if self.task is not None:
            self.task.cancel()

    @property
    def has_cut(self) -> bool:
        """Whether this request was cancelled from here, and from nowhere else."""
        return self.closing is not None and self.task is not None and self.task.cancelling() == 1

    def has_left(self, error: BaseException) -> bool:
        """Whether the client went before its body was whole, and the application was told so by what it raises."""
        plan: Any = self.exchange.plan
        return self._gone and type(error).__name__ == LEFT and not plan.pipeline.observing

    def leave(self) -> None:
        """The application has returned, or was cut."""
        self.is_settled = True
        self.watch.meters.discard(self)
        self.exchange.meter = None  # it refers back; without the circle a request is freed at once

    async def close(self, closing: asyncio.Task[None]) -> None:
        """See the late answer out."""
        if self.task is not None:
            self.task.uncancel()
        await closing


def metered(exchange: Exchange, raw: Send, receive: Receive, watch: Watch, limits: Limits) -> Meter:
    """A meter that begins to count; see `unread` for why it is no constructor, and `begin` for what is set that the class says too."""
    meter = unread(Meter)
    meter.exchange, meter.raw, meter.heard, meter.watch, meter.task = exchange, raw, receive, watch, watch.task
    meter.passes = meter.muted = False
    meter.held = meter.closing = None
    time, meters = watch.time, watch.meters
    meter.begun = begun = time()
    meters.add(meter)
    if begun + limits.seconds < watch.wakes_at:
        watch.wake_by(begun + limits.seconds)
    exchange.meter = meter
    return meter


def as_of_a_client_that_left(exchange: Exchange, receive: Receive) -> Receive:
    """A receive for Django, which lets itself be stopped in one way only: by a client that has left.

    Then it stops the view and closes what it opened. So a body over its limit and an answer that is late are told to it as that;
    the client has been answered from here.
    """
    meter: Any = exchange.meter
    if meter is None:
        return receive

    async def heard() -> Message:
        meter.task = task = current_task()
        try:
            return await receive()
        except OverLimit:
            return {"type": "http.disconnect"}
        except asyncio.CancelledError:
            if task is None or not meter.cut:
                raise
            task.uncancel()
            return {"type": "http.disconnect"}

    return heard


class Socket(Protocol):
    """What a meter needs of the sender of a WebSocket."""

    closed: bool

    @property
    def raw(self) -> Any:
        """The server's own send."""


class SocketMeter:
    """Holds each message of a WebSocket to the limit of a body. It counts among those under way, and has no deadline."""

    __slots__ = ("exchange", "sender", "is_settled", "_receive", "_watch", "_told")

    def __init__(self, exchange: Exchange, sender: Socket, receive: Receive, watch: Watch) -> None:
        self.exchange, self.sender, self._receive, self._watch = exchange, sender, receive, watch
        self.is_settled, self._told = True, False
        watch.meters.add(self)

    def leave(self) -> None:
        """The socket is closed."""
        self._watch.meters.discard(self)

    async def receive(self) -> Message:
        """What is called instead of the server's receive."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return message
        plan: Any = self.exchange.plan
        limits: Limits = plan.limits
        text = message.get("text") or ""
        # Text is counted as its bytes on the wire; what is short enough whatever its letters needs no second look.
        size = len(message.get("bytes") or b"") or (len(text) if len(text) * 4 <= limits.body_bytes else len(text.encode()))
        if size <= limits.body_bytes:
            return message
        if plan.pipeline.observing:
            if not self._told:
                self._told = plan.pipeline.passes(self.exchange, limits.too_large)
            return message
        # Against messages that are bodies by another way.
        plan.pipeline.record(self.exchange, limits.too_large)
        self.sender.closed = True
        await self.sender.raw({"type": "websocket.close", "code": TOO_BIG, "reason": ""})
        return {"type": "websocket.disconnect", "code": TOO_BIG}
