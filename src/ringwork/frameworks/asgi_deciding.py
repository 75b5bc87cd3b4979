"""ASGI, deciding: who is asking, what the guards of a route ask for, and the body that they may read first."""

from __future__ import annotations

import asyncio
import types
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, MutableMapping
from typing import Any

from ringwork.enforce.guard import DECIDED, Asking, Blocking, Decision, ReadBody, ReadForm, Refusal
from ringwork.exchange import Exchange
from ringwork.pipeline import Pipeline, Plan
from ringwork.principal import Principal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
ReadFields = Callable[[Any, bytes], Awaitable[Mapping[str, str] | None]]
"""The framework's own parser: from its request and a whole body to the first value of each field, None for what is no form."""


class Body:
    """A request's body that a guard reads before the application does; `receive` then gives it once more."""

    __slots__ = ("receive", "_receive", "_replay")

    def __init__(self, receive: Receive) -> None:
        self.receive = self._receive = receive
        self._replay: deque[Message] = deque()

    async def _again(self) -> Message:
        return self._replay.popleft() if self._replay else await self._receive()

    async def read(self, limit_bytes: int) -> bytes | None:
        """The whole body, None when it is longer than `limit_bytes` or the client went away."""
        self.receive = self._again
        if len(self._replay) == 1 and self._replay[0]["type"] == "http.request" and not self._replay[0].get("more_body"):
            body: bytes = self._replay[0].get("body", b"")  # another guard has read it already
            return body if len(body) <= limit_bytes else None
        size = sum(len(message.get("body", b"")) for message in self._replay)
        while True:
            message = await self._receive()
            self._replay.append(message)
            size += len(message.get("body", b""))
            if message["type"] != "http.request" or size > limit_bytes:
                return None
            if not message.get("more_body"):
                break
        body = b"".join(m.get("body", b"") for m in self._replay)
        # Against a body in a million pieces: it goes on in one.
        self._replay = deque([{"type": "http.request", "body": body, "more_body": False}])
        return body


async def no_fields(request: object, body: bytes) -> Mapping[str, str] | None:
    """For a place where no framework's parser is at hand."""
    return None


Entered = tuple[Decision, Receive]
"""A decision, and the receive by which the application goes on."""


def enter(
    exchange: Exchange, plan: Plan, request: object, receive: Receive, read_fields: ReadFields
) -> Coroutine[Any, Any, Entered] | None:
    """Identify the principal, then let the guards of the matched route decide. None: it may enter, and nobody waited for anything."""
    exchange.plan, exchange.route = plan, plan.route
    pipeline = plan.pipeline
    if plan.has_own_limits and exchange.meter is not None:
        meter: Any = exchange.meter
        meter.hold(plan.limits)
    if pipeline.identifies and not exchange.identified:
        refusal = identify(exchange, pipeline, request)
        if refusal is not None:
            return _identified(refusal, exchange, plan, request, receive, read_fields)
    entered = plan.enter
    found = entered(exchange)
    if found is None:
        exchange.decided = True
        return None
    return _decided(found, exchange, plan, request, receive, read_fields)


async def _identified(
    waiting: Refusal | Coroutine[Any, Any, Refusal | None],
    exchange: Exchange,
    plan: Plan,
    request: object,
    receive: Receive,
    read_fields: ReadFields,
) -> Entered:
    refusal = waiting if isinstance(waiting, Refusal) else await waiting
    if refusal is not None:
        return refusal, receive
    return await _decided(plan.enter(exchange), exchange, plan, request, receive, read_fields)


async def _decided(
    found: Decision | Asking, exchange: Exchange, plan: Plan, request: object, receive: Receive, read_fields: ReadFields
) -> Entered:
    if found is not None and not isinstance(found, DECIDED):
        body = None if exchange.kind == "websocket" else Body(receive)
        found = await drive(found, body, read_fields, request, seconds=plan.pipeline.guard_seconds)
        receive = receive if body is None else body.receive
    exchange.decided = found is None
    return found, receive


async def drive(
    asking: Asking, body: Body | None, read_fields: ReadFields = no_fields, request: object = None, *, seconds: float
) -> Decision:
    """Answer what a guard asks: bodies and forms through `body`, blocking calls in threads, for so many seconds."""
    answer: Any = None
    go_on: Callable[[Any], Any] = asking.send
    while True:
        try:
            ask = go_on(answer)
        except StopIteration as stop:
            result: Decision = stop.value
            return result
        go_on = asking.send
        if isinstance(ask, ReadForm | ReadBody):
            answer = None if body is None else await body.read(ask.limit_bytes)
            if answer is not None and isinstance(ask, ReadForm):
                answer = await read_fields(request, answer)
        elif isinstance(ask, Blocking):
            from ringwork.frameworks import deadline

            try:
                answer = await deadline.awaited(seconds, ask.call)
            except Exception as error:  # noqa: BLE001  # whatever a store raises
                # Against a fault that passes by the guard which asked: it is told, and what it does not decide is refused.
                answer, go_on = error, asking.throw
        else:
            raise TypeError(f"a guard asked for {type(ask).__name__}, which no adapter knows")


def identify(exchange: Exchange, pipeline: Pipeline, request: object) -> Refusal | Coroutine[Any, Any, Refusal | None] | None:
    """Who is asking; a coroutine where that has to be waited for.

    Against a broken user loader that lets everybody in: what goes wrong here is nobody, or a refusal.
    """
    exchange.identified = True
    identify: Any = pipeline.policy.identify
    if not pipeline.identify_waits:
        return _waited(exchange, pipeline, asyncio.to_thread(identify, request))
    told: list[object] = []
    try:
        asking = _asking(identify, request, told)
        first = next(asking, _DONE)
    except Exception as error:  # noqa: BLE001  # whatever the application raises
        return _unidentified(exchange, pipeline, error)
    if first is not _DONE:
        return _waited(exchange, pipeline, _Begun(asking, first, told))
    found = told[0]
    if type(found) is Principal:  # one that never waits costs neither timer nor task
        exchange.principal = found
        return None
    return pipeline.take_identity(exchange, found)


@types.coroutine
def _asking(identify: Any, request: object, told: list[object]) -> Generator[Any, Any, None]:
    """Ask, and tell by the list: what ends without a value is no exception for `next`, and one costs more than all that is asked."""
    told.append((yield from identify(request)))


_DONE = object()


async def _waited(exchange: Exchange, pipeline: Pipeline, waiting: Awaitable[object]) -> Refusal | None:
    try:
        async with asyncio.timeout(pipeline.policy.identify_seconds):
            found = await waiting
    except Exception as error:  # noqa: BLE001  # whatever the application raises
        return _unidentified(exchange, pipeline, error)
    return pipeline.take_identity(exchange, found)


def _unidentified(exchange: Exchange, pipeline: Pipeline, error: Exception) -> Refusal | None:
    if isinstance(error, TimeoutError):
        return pipeline.no_identity(exchange, f"identify took longer than {pipeline.policy.identify_seconds:g} seconds")
    return pipeline.no_identity(exchange, f"identify raised {type(error).__name__}", error)


class _Begun:
    """A coroutine that has made its first step already and waits for `first`; what it returns stands in `told` then."""

    __slots__ = ("coroutine", "first", "told")

    def __init__(self, coroutine: Any, first: Any, told: list[object]) -> None:
        self.coroutine, self.first, self.told = coroutine, first, told

    def __await__(self) -> Generator[Any, Any, Any]:
        waiting = self.first
        while True:
            try:
                sent = yield waiting
            except BaseException as error:  # noqa: BLE001  # whatever the application raises
                step, value = self.coroutine.throw, error
            else:
                step, value = self.coroutine.send, sent
            try:
                waiting = step(value)
            except StopIteration:
                return self.told[0]
