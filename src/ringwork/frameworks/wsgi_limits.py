"""WSGI, limits: what one request may send, counted where its bytes come in.

Against a body that is longer than it said or never ends. Whoever reads, be it the application's own middleware, reads through
here; and the answer is noted here, so that nobody in between can turn it into a success or a fault. A thread that waits
cannot be cut from outside: the deadline is the worker's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from ringwork.enforce.guard import Limits, Refusal
from ringwork.enforce.network.request_limits import announced
from ringwork.errors import Refused
from ringwork.exchange import Exchange, unread
from ringwork.pipeline import ERRORS, Answer


class OverLimit(Refused):
    """The body grew past its limit; the answer is settled already, and what reads on is stopped."""


class Starts(Protocol):
    """What a meter needs of the starter of an answer. cut: the answer that takes the place of whatever would come."""

    started: bool
    cut: Answer | None


class Metered:
    """The input of one request, held to the limit of its plan: the general one until its route is known, then the route's."""

    __slots__ = ("exchange", "starter", "_source", "_read", "_told")

    exchange: Exchange
    starter: Starts
    _source: Any
    _read: int
    _told: bool

    def read(self, size: int | None = -1) -> bytes:
        """As a file's."""
        return self._take(self._source.read, size, fills=True)

    def readline(self, size: int | None = -1) -> bytes:
        """As a file's. Against a line without an end: it is never longer than what is left."""
        return self._take(self._source.readline, size)

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """As a file's."""
        lines, found = [], 0
        for line in self:
            lines.append(line)
            found += len(line)
            if hint is not None and 0 < hint <= found:
                break
        return lines

    def readinto(self, buffer: Any) -> int:
        """As a raw file's."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def _take(self, read: Any, size: int | None, *, fills: bool = False) -> bytes:
        plan: Any = self.exchange.plan
        limits: Limits = plan.limits
        if self.starter.cut is not None:
            return b""
        wanted = -1 if size is None or size < 0 else size
        if plan.pipeline.observing:
            piece: bytes = read(wanted)
            self._read += len(piece)
            if self._is_over(limits, announced_only=False) and not self._told:
                self._told = plan.pipeline.passes(self.exchange, limits.too_large)
            return piece
        if self._is_over(limits, announced_only=True):
            return self._refuse(plan, limits.too_large)
        left = max(limits.body_bytes - self._read, 0) + 1
        most = left if wanted < 0 else min(wanted, left)
        piece = self._filled(most) if fills else read(most)
        self._read += len(piece)
        if len(piece) < most and (fills or not piece) and self._is_short():
            return self._break_off(plan)
        # Against a body without a length, or with a wrong one: one byte more than the limit ends it, and nothing of it is kept.
        if self._is_over(limits, announced_only=False):
            return self._refuse(plan, limits.too_large)
        return piece

    def _filled(self, size: int) -> bytes:
        """`size` bytes, fewer at the end of the body only: a raw source gives what it has, and that is no end."""
        piece: bytes = self._source.read(size)
        length = self.exchange.content_length
        if not piece or length is None:
            return piece
        wanted = min(size, announced(length) - self._read)
        while len(piece) < wanted and (more := self._source.read(wanted - len(piece))):
            piece += more
        return piece

    def _is_short(self) -> bool:
        length = self.exchange.content_length
        return length is not None and self._read < announced(length)

    def _break_off(self, plan: Any) -> bytes:
        """Against half a body that a handler takes for a whole one: its client has left, and nothing shall be done with it."""
        if self.starter.started:
            return b""
        plan.pipeline.answered(self.exchange, 400)
        self.starter.cut = plan.pipeline.answer(self.exchange, 400)
        raise OverLimit(control=ERRORS, status=400, reason="answered")

    def _is_over(self, limits: Limits, *, announced_only: bool) -> bool:
        length = self.exchange.content_length
        if length is not None and announced(length) > limits.body_bytes:
            return True
        return not announced_only and self._read > limits.body_bytes

    def _refuse(self, plan: Any, refusal: Refusal) -> bytes:
        if self.starter.started:
            # The answer is under way already: the body ends here, as if its sender had gone.
            if not self._told:
                self._told = True
                plan.pipeline.record(self.exchange, refusal)
            return b""
        self.starter.cut = plan.pipeline.give(self.exchange, refusal)
        raise OverLimit(control=refusal.control, status=refusal.status, reason=refusal.reason)


def metered(exchange: Exchange, starter: Starts, source: Any) -> Metered:
    """The input of a request, metered; see `unread` for why it is no constructor."""
    made = unread(Metered)
    made.exchange, made.starter, made._source, made._read, made._told = exchange, starter, source, 0, False  # noqa: SLF001
    return made
