"""aiohttp, limits: what one request may send and how long it may take, counted where its bytes come in.

Against a body that is longer than it said or never ends, unpacks to a multiple of what was sent, a client that drips, and a handler
that hangs. Whoever reads, be it the application's own middleware, reads through here.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp.streams import StreamReader

from ringwork.enforce.guard import Limits
from ringwork.enforce.network.request_limits import announced
from ringwork.frameworks.aiohttp_sending import Sender
from ringwork.frameworks.asgi_limits import OverLimit, Watch


class MeteredReader(StreamReader):
    """The body of one request, whose every piece is counted before somebody gets it. What is packed counts unpacked.

    No state of its own: aiohttp's parser has made the reader already, and feeds it; it is given this class in place.
    """

    __slots__ = ()

    def _read_nowait_chunk(self, n: int) -> bytes:
        protocol: Any = self._protocol
        sender = getattr(protocol._current_request, "writer", None)  # noqa: SLF001  # the one way from a body to its request
        if isinstance(sender, Sender) and sender.content is self:
            count(sender, self.total_bytes)
        return super()._read_nowait_chunk(n)

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for a piece that the client has not sent."""
        return self._waiter is not None and not self._eof

    def give_back(self, data: bytes) -> None:
        """Put what was read before the application's turn in front of the rest."""
        if not data:
            return
        if self._buffer_offset:
            self._buffer[0] = self._buffer[0][self._buffer_offset :]
            self._buffer_offset = 0
        self._size += len(data)
        self._cursor -= len(data)
        self._buffer.appendleft(data)


def count(sender: Sender, size: int) -> None:
    """Hold a body to the limit of its plan. Raises OverLimit; the answer is settled then, whatever is made of it."""
    exchange: Any = sender.exchange
    plan: Any = exchange.plan
    limits: Limits | None = plan.limits
    if limits is None:
        return
    length = exchange.content_length
    # Against a body without a length, or with a wrong one: one byte more than the limit ends it.
    if size <= limits.body_bytes and (length is None or announced(length) <= limits.body_bytes):
        return
    if plan.pipeline.observing:
        if not sender.is_over:
            sender.is_over = plan.pipeline.passes(exchange, limits.too_large)
        return
    if not sender.started and not sender.muted:
        sender.cut = limits.too_large
    elif not sender.is_over:
        # The answer is under way already: the body ends here, as if its sender had gone.
        sender.is_over = True
        plan.pipeline.record(exchange, limits.too_large)
    raise OverLimit(control=limits.too_large.control, status=limits.too_large.status, reason=limits.too_large.reason)


class Meter:
    """Holds one request to the deadline of its plan: the general one until its route is known, then the route's.

    is_settled: its deadline has nothing to say any more. closing: the late answer on its way.
    """

    __slots__ = ("sender", "is_settled", "closing", "_watch", "_task", "_begun")

    def __init__(self, sender: Sender, watch: Watch, limits: Limits) -> None:
        self.sender, self._watch, self._task = sender, watch, watch.task
        self.is_settled = False
        self.closing: asyncio.Task[None] | None = None
        self._begun = watch.time()
        watch.meters.add(self)
        watch.wake_by(self._begun + limits.seconds)
        sender.meter = self

    def hold(self, limits: Limits) -> None:
        """The route is known and has limits of its own."""
        self._watch.wake_by(self._begun + limits.seconds)

    @property
    def due(self) -> float:
        """When the answer has to have started, by the limits that hold now."""
        plan: Any = self.sender.exchange and self.sender.exchange.plan
        return float(self._begun + plan.limits.seconds)

    def late(self) -> None:
        """Time is up: unless the answer has started, the client is given one from here."""
        if self.is_settled:
            return
        self.is_settled = True
        sender = self.sender
        if sender.started or sender.muted:
            return
        exchange: Any = sender.exchange
        plan: Any = exchange.plan
        waits = isinstance(sender.content, MeteredReader) and sender.content.is_awaited
        refusal = plan.limits.body_late if waits else plan.limits.too_slow
        if plan.pipeline.passes(exchange, refusal):
            return
        sender.muted = True
        # Against a handler that does not let itself be stopped: the client is answered first, and by nobody else.
        self.closing = self._watch.loop.create_task(sender.answer(plan.pipeline.give(exchange, refusal)))
        if self._task is not None:
            self._task.cancel()

    def leave(self) -> None:
        """The application has returned, or was cut."""
        self.is_settled = True
        self._watch.meters.discard(self)
        self.sender.meter = None  # it refers back; without the circle a request is freed at once

    async def close(self) -> None:
        """See the late answer out."""
        if self._task is not None:
            self._task.uncancel()
        if self.closing is not None:
            await self.closing

    @property
    def has_cut(self) -> bool:
        """Whether this request was cancelled from here, and from nowhere else."""
        return self.closing is not None and self._task is not None and self._task.cancelling() == 1
