"""aiohttp, answering: whatever leaves a connection as an answer is written here.

Against an answer that a middleware or a signal never sees: the writer of each request is ours, so error pages of the framework,
of its parser, files, streams and handshakes are settled alike, before their first byte.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import SERVER_SOFTWARE, StreamWriter
from multidict import CIMultiDict

from ringwork.enforce.guard import Refusal
from ringwork.exchange import Exchange, Header
from ringwork.pipeline import ACCESS, Answer

HELD_BYTES = 64 * 1024
"""How much of an error's body is held back to be looked at."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
"""The one thing that aiohttp writes before a head."""

DISCLOSURE = "output.information-disclosure"

NO_SOCKET = Refusal(control=ACCESS, status=403, reason="undecided", detail="a WebSocket that did not begin as a handshake by GET")
_BODILESS = frozenset({204, 304})


class Taken(ConnectionResetError):
    """The answer was given from here, in place of the application's; whoever still writes is stopped, as if the client had gone."""


class Given(web.Response):
    """Stands for an answer that is on the wire already; the server logs it and goes on."""

    def __init__(self, status: int, *, keep_alive: bool, sent: int = 0) -> None:
        super().__init__(status=status)
        self._keep_alive, self._body_length = keep_alive, sent

    async def prepare(self, request: Any) -> None:
        """Nothing is left to be prepared."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to be written."""


class Sender(StreamWriter):
    """Writes one answer: headers settled by the plan, errors held back until their body was looked at.

    started: the head is out. passes: what follows is the application's own body, and goes straight through. muted: the answer was
    given from here. cut: what the answer will be, whatever the application makes of a body or a wait that was cut.
    given: status of the answer that was given from here. is_broken: the parser could make nothing of the request.
    is_own: what comes is ringwork's own. is_over: that the body is too long was told. socket: the WebSocket that is being opened.
    """

    # Class attributes are the defaults: most answers set three of them.
    exchange: Exchange | None = None
    message: Any = None
    meter: Any = None
    content: Any = None
    socket: Any = None
    expecting: Any = None
    own: web.Response | None = None
    cut: Refusal | None = None
    held: tuple[str, list[Header]] | None = None
    body = b""
    given = 0
    started = passes = muted = is_broken = is_over = is_own = False

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """What aiohttp calls with the head of any answer, its last word on it."""
        if self.muted:
            raise Taken
        exchange = self.exchange
        if exchange is None:
            # Against a way round the outermost layer: without its Exchange nothing was checked, so nothing is served.
            raise Taken("an answer to a request that never passed ringwork's outermost layer")
        plan: Any = exchange.plan
        try:
            status = int(status_line[9:12])
            is_fit = exchange.decided and self.cut is None and (status != 101 or exchange.kind == "websocket")
            headers = _without_banner(headers, plan)
            pairs = list(headers.items())
            if is_fit and not self.is_own and (tail := plan.known(exchange, status, pairs)) is not None:
                await super().write_headers(status_line, headers)
                self._headers_buf = (self._headers_buf or b"")[:-2] + tail.lines
                self.started = self.passes = True
                return
            own = [(name.lower().encode(), value.encode("utf-8", "surrogateescape")) for name, value in pairs]
            swift = plan.start(exchange, status, own) if self.is_own else plan.swift(exchange, status, own, pairs) if is_fit else None
            if swift is not None:
                await self._head(status_line, swift, plan)
                self.passes = True
                return
            refusal = self._unfit(exchange, plan, status, own)
            if refusal is None:
                if status >= 400 and plan.error_body is not None:
                    self.held, self.body = (status_line, own), b""
                    return
                await self._head(status_line, plan.start(exchange, status, own), plan)
                self.passes = True
                return
            answer = plan.pipeline.give(exchange, refusal)
        except Exception as error:  # noqa: BLE001  # a fault in a hook, or in a header, still ends as a clean 500
            answer = plan.pipeline.fail(exchange, error)
        await self.answer(answer)
        raise Taken

    def _unfit(self, exchange: Exchange, plan: Any, status: int, headers: list[Header]) -> Refusal | None:
        """Why this answer may not leave, or None."""
        if self.cut is not None:
            return self.cut
        if status == 101 and exchange.kind != "websocket" and not plan.pipeline.observing:
            return NO_SOCKET
        refusal: Refusal | None = plan.pipeline.undecided(exchange, status)
        if refusal is None and plan.judge is not None:
            refusal = plan.judge(exchange, status, headers)
        return refusal

    async def _head(self, status_line: str, headers: list[Header], plan: Any) -> None:
        """Put a head before what follows; the constant headers, which stand last, were written once."""
        for own, written in _written(plan.constants):
            if headers[-len(own) :] == own:
                await super().write_headers(status_line, CIMultiDict(map(_spelled, headers[: -len(own)])))
                self._headers_buf = (self._headers_buf or b"")[:-2] + written
                break
        else:
            await super().write_headers(status_line, CIMultiDict(map(_spelled, headers)))
        self.started = True  # not before: a fault above still ends as a clean 500

    async def write(self, chunk: Any, *, drain: bool = True, LIMIT: int = 0x10000) -> None:  # noqa: N803  # aiohttp's own name
        """What aiohttp and the application call with a piece of the body."""
        if self.passes:
            await super().write(chunk, drain=drain, LIMIT=LIMIT)
        elif self.held is not None:
            self.body += bytes(chunk)
            if len(self.body) >= HELD_BYTES:
                await self._flush(more=True)
        elif not self.muted and bytes(chunk) == CONTINUE:
            await super().write(chunk, drain=drain, LIMIT=LIMIT)
        else:
            # Against bytes before any head, which no guard has seen, and against a stream that goes on for nobody.
            raise Taken

    async def write_eof(self, chunk: bytes = b"") -> None:
        """What aiohttp calls with the last piece of the body."""
        if self.passes:
            await super().write_eof(chunk)
        elif self.held is not None:
            self.body += chunk
            await self._flush(more=False)

    async def _flush(self, *, more: bool) -> None:
        """Send a held error: replaced where its body tells too much, else as it is."""
        held, self.held = self.held, None
        exchange: Any = self.exchange
        if held is None:
            return
        (line, headers), plan, body = held, exchange.plan, self.body
        status = int(line[9:12])
        if not exchange.has_incident:
            plan.pipeline.answered(exchange, status)
        # What is compressed on its way out is here as it was written.
        shown = headers if self._compress is None else [pair for pair in headers if pair[0] != b"content-encoding"]
        found = self._of_parser(exchange, plan, status, headers) if self.is_broken else plan.error_body(exchange, status, shown, body)
        if found is not None:
            headers, body = found
            self._unframe()
        await self._head(line, plan.start(exchange, status, headers), plan)
        last = b"" if exchange.method == "HEAD" else body
        if found is None and more:
            self.passes = True
            await super().write(last)
            return
        self.muted, self.given = True, status if more else 0
        await super().write_eof(last)

    @staticmethod
    def _of_parser(exchange: Exchange, plan: Any, status: int, headers: list[Header]) -> tuple[list[Header], bytes] | None:
        """Against a parser that repeats what it was sent, byte by byte, and tells how it reads."""
        if plan.pipeline.observing:
            return None
        clean = plan.pipeline.answer(exchange, status)
        return [*(pair for pair in headers if pair[0] in (b"date", b"connection")), *clean.headers], clean.body

    async def answer(self, answer: Answer) -> None:
        """Send an answer of ringwork's own, in place of whatever the application has prepared or held back."""
        exchange: Any = self.exchange
        plan, message = exchange.plan, self.message
        headers = plan.start_own(exchange, answer.status, answer.headers)
        if answer.status not in _BODILESS and b"content-length" not in dict(headers):
            headers = [(b"content-length", b"%d" % len(answer.body)), *headers]
        closes = message.should_close or message.version < (1, 1)
        # Written here and not by aiohttp, of which it is most of what a refusal costs: but for date and number it is always the same.
        self._headers_written, self._headers_buf = False, _head_of(answer.status, headers, closes=closes)
        # Not before: a fault above still ends as a clean 500.
        self.held, self.muted, self.given, self.started = None, True, answer.status, True
        self._unframe()
        await super().write_eof(b"" if exchange.method == "HEAD" or answer.status in _BODILESS else answer.body)

    def _unframe(self) -> None:
        """Forget how the application's body would have been sent."""
        self.chunked, self.length, self._compress = False, None, None

    def as_given(self) -> Given:
        """What the server is told of the answer that was given from here."""
        return Given(self.given, keep_alive=not self.message.should_close and self.message.version >= (1, 1))


def _without_banner(headers: CIMultiDict[str], plan: Any) -> CIMultiDict[str]:
    """The headers without aiohttp's own banner, which the guard takes out: so an ordinary answer stays one."""
    if headers.getall("Server", None) != [SERVER_SOFTWARE] or plan.pipeline.observing or DISCLOSURE not in plan.pipeline.controls:
        return headers
    kept = headers.copy()
    del kept["Server"]
    return kept


@functools.lru_cache(maxsize=64)
def _written(constants: tuple[tuple[Header, ...], ...]) -> tuple[tuple[list[Header], bytes], ...]:
    """Each set of constant headers, and as it stands at the end of a head."""
    return tuple(([*own], _lines(own)) for own in constants if own)


def _lines(headers: Iterable[Header]) -> bytes:
    return b"".join(_title(name).encode() + b": " + value + b"\r\n" for name, value in headers) + b"\r\n"


def _head_of(status: int, headers: Iterable[Header], *, closes: bool) -> bytes:
    """The head of an answer of ringwork's own, to the empty line."""
    date = b"Date: " + rfc822_formatted_time().encode() + b"\r\n"
    return b"".join((_line(status), date, b"Connection: close\r\n" if closes else b"", *map(_field, headers), b"\r\n"))


@functools.lru_cache(maxsize=64)
def _line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {_phrase(status)}\r\n".encode()


def _field(pair: Header) -> bytes:
    """One line of a head. Raises ValueError for what aiohttp refuses."""
    # Against a client's path, cookie or token that stays in memory: only what is the same for everybody is remembered.
    return _field_of_all(pair) if pair[0] in _SAME_FOR_ALL else _field_of_one(pair)


def _field_of_one(pair: Header) -> bytes:
    name, value = pair
    # Against a second head behind a line end: a redirect to https names the path that its client sent.
    if _UNSENDABLE.search(value) or _UNSENDABLE.search(name):
        raise ValueError(f"the header {_title(name)!r} holds a line end or another control character")
    return _title(name).encode() + b": " + value + b"\r\n"


_field_of_all = functools.lru_cache(maxsize=256)(_field_of_one)
_UNSENDABLE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_SAME_FOR_ALL = frozenset(
    {
        b"content-type", b"content-length", b"cache-control", b"vary", b"x-content-type-options", b"referrer-policy", b"permissions-policy",
        b"cross-origin-opener-policy", b"cross-origin-resource-policy", b"x-frame-options", b"strict-transport-security",
        b"x-permitted-cross-domain-policies", b"content-security-policy",
    }
)  # fmt: skip


def _spelled(pair: Header) -> tuple[str, str]:
    return _title(pair[0]), pair[1].decode("utf-8", "surrogateescape")


@functools.lru_cache(maxsize=256)
def _title(name: bytes) -> str:
    """The usual spelling of a header's name; servers and test clients show it."""
    return name.decode("utf-8", "surrogateescape").title()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"
