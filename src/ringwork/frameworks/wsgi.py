"""WSGI: from environ and start_response to the Exchange and back."""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.client import responses
from typing import Any

from ringwork.current import SERVED
from ringwork.enforce.guard import DECIDED, Asking, Blocking, Decision, ReadBody, ReadForm, Refusal
from ringwork.exchange import Exchange, Header, spelled, unread
from ringwork.frameworks.wsgi_limits import metered
from ringwork.frameworks.wsgi_names import Environ
from ringwork.frameworks.wsgi_reading import begin, rewrite
from ringwork.installation import Installation
from ringwork.pipeline import Answer

StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

OVER = object()
"""What an adapter leaves as chosen where nothing of the application runs any more once the head of the answer is out."""

HELD_BYTES = 64 * 1024
"""How much of an error's body is held back to be looked at."""


class Outer:
    """The outermost layer of a WSGI application: error pages of the framework itself pass it too."""

    __slots__ = ("app", "installation")

    def __init__(self, app: WsgiApp, installation: Installation) -> None:
        self.app, self.installation = app, installation

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Guard one request."""
        installation = self.installation
        fault = None if installation.settled else installation.unsettled()
        plan = installation.pipeline.unmatched
        exchange = begin(environ, plan)
        starter = unread(Starter)
        starter.exchange, starter.raw, starter.cut, starter.held = exchange, start_response, None, False
        if fault is not None:
            return _last(starter.answer(plan.pipeline.fail(exchange, fault, status=503)), exchange)
        app, arrive = self.app, plan.arrive  # taken first, as in asgi_sending
        found = arrive(exchange)
        if type(found) is Refusal:
            return _last(starter.answer(plan.pipeline.give(exchange, found)), exchange)  # nothing of a body was read, and nothing will be
        if plan.limits is not None:
            environ["wsgi.input"] = metered(exchange, starter, environ["wsgi.input"])
        if found is not None and not isinstance(found, DECIDED):
            found = drive(found, environ, seconds=plan.pipeline.guard_seconds)
        if found is not None:
            return _last(starter.answer(plan.pipeline.give(exchange, found)), exchange)
        rewrite(environ, exchange, plan)
        try:
            body = app(environ, starter.start)
            if starter.status == 0 or starter.held:
                return starter.held_answer(body)
            if exchange.chosen is OVER:
                return _last(body, exchange)
        except Exception as error:
            if starter.cut is not None:
                return _last(starter.answer(starter.cut), exchange)  # what follows from a body that was cut
            if plan.pipeline.observing:
                plan.pipeline.failed(exchange, error)
                SERVED.set(None)
                raise
            # Against the server's own bare page: no byte has left yet, so even a started answer can be taken back (PEP 3333).
            told = sys.exc_info() if starter.started else None
            return _last(starter.answer(plan.pipeline.fail(exchange, error), exc_info=told), exchange)
        except BaseException:
            SERVED.set(None)  # a worker's own timeout, or SystemExit: its thread may serve on, and must find nobody here
            raise
        wrapper = environ.get("wsgi.file_wrapper")
        if wrapper is not None and isinstance(wrapper, type) and isinstance(body, wrapper):
            return _last(body, exchange)  # the server sends the file by itself; nothing of the application runs any more
        return starter.carry(body, iter(body))


ReadFields = Callable[[bytes], Mapping[str, str] | None]
"""The framework's own parser: from a whole body to the first value of each field, None for what is no form."""


def no_fields(body: bytes) -> Mapping[str, str] | None:
    """For a place where no framework's parser is at hand."""
    return None


def drive(asking: Asking, environ: Environ, read_fields: ReadFields = no_fields, *, seconds: float) -> Decision:
    """Answer what a guard asks; blocking calls are waited for so many seconds."""
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
            answer = read_body(environ, ask.limit_bytes)
            if answer is not None and isinstance(ask, ReadForm):
                answer = read_fields(answer)
        elif isinstance(ask, Blocking):
            from ringwork.frameworks import deadline

            try:
                answer = deadline.within(seconds, ask.call)
            except Exception as error:  # noqa: BLE001  # whatever a store raises
                # Against a fault that passes by the guard which asked: it is told, and what it does not decide is refused.
                answer, go_on = error, asking.throw
        else:
            raise TypeError(f"a guard asked for {type(ask).__name__}, which no adapter knows")


def read_body(environ: Environ, limit_bytes: int) -> bytes | None:
    """The whole body, which the application can read once more; None when it is longer than `limit_bytes`."""
    text = environ.get("CONTENT_LENGTH") or ""
    if text and not (text.isascii() and text.isdigit() and len(text) <= 18):
        return None
    # Against a read that waits for bytes that never come: only as much as was announced, unless the server marks the end itself.
    size = int(text) if text else limit_bytes + 1 if environ.get("wsgi.input_terminated") else 0
    if size > limit_bytes + 1:
        return None
    source = environ["wsgi.input"]
    body: bytes = source.read(size)
    environ["wsgi.input"] = io.BytesIO(body) if len(body) <= limit_bytes else io.BufferedReader(_Again(body, source))
    return body if len(body) <= limit_bytes else None


class _Again(io.RawIOBase):
    """What was read already, then the rest."""

    def __init__(self, read: bytes, rest: Any) -> None:
        super().__init__()
        self._read, self._rest = io.BytesIO(read), rest

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` as far as one read goes."""
        piece: bytes = self._read.read(len(buffer)) or self._rest.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


class Starter:
    """Starts one answer: headers settled by the plan, errors held back until their body was looked at.

    Then it is that answer's body on its way: what fails in it is recorded; closing reaches the application's own iterable.
    """

    # Class attributes are the defaults: most answers set two of them.
    started = held = False
    status, line = 0, ""
    exchange: Exchange
    raw: StartResponse
    headers: list[Header]
    cut: Answer | None = None
    body: Iterable[bytes] = ()
    pieces: Iterator[bytes]

    def start(self, line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], Any]:
        """What the application calls instead of the server's start_response."""
        exchange = self.exchange
        plan: Any = exchange.plan
        if self.cut is not None:
            self._own(self.cut)  # whatever the application made of a body that was cut
            return _write
        self.status = status = _STATUSES.get(line) or int(line[:3])
        self.line = line
        is_usual = exchange.decided and exc_info is None
        known, raw = plan.known, self.raw
        if is_usual and (tail := known(exchange, status, headers)) is not None:
            self.started = True
            raw(line, [*headers, *tail.text])
            return _write
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        if is_usual and (swift := plan.swift(exchange, status, self.headers, headers)) is not None:
            self.started = True
            self.raw(line, _native(swift, plan))
            return _write
        refused = plan.pipeline.undecided(exchange, self.status)
        if refused is None and plan.judge is not None:
            refused = plan.judge(exchange, self.status, self.headers)
        if refused is not None:
            self._own(plan.pipeline.give(exchange, refused))
        elif self.status >= 400 and plan.error_body is not None:
            self.held = True
        else:
            self._send(plan, exc_info)
        return _write

    def _own(self, answer: Answer) -> None:
        self.status, self.headers, self.held = answer.status, [*answer.headers, (b"", answer.body)], True

    def _send(self, plan: Any, exc_info: Any = None) -> None:
        native = _native(plan.start(self.exchange, self.status, self.headers), plan)
        self.started = True  # not before: a fault in a hook above still ends as a clean 500
        self._begin(self.line, native, exc_info)

    def _begin(self, line: str, native: list[tuple[str, str]], exc_info: Any) -> None:
        if exc_info is not None:
            self.raw(line, native, exc_info)
        else:
            self.raw(line, native)

    def held_answer(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """Send a held error, replaced where its body tells too much; or an answer that starts with its first piece."""
        pieces = iter(body)
        read: list[bytes] = []
        for piece in pieces:
            read.append(piece)
            if not self.held or sum(map(len, read)) >= HELD_BYTES:
                break
        else:
            pieces = iter(())
        plan: Any = self.exchange.plan
        if not self.held:
            return self.carry(body, _chain(read, pieces))
        if self.headers and self.headers[-1][0] == b"":
            _close(body)
            return _last(self.answer(Answer(status=self.status, headers=self.headers[:-1], body=self.headers[-1][1])), self.exchange)
        if not self.exchange.has_incident:
            plan.pipeline.answered(self.exchange, self.status)
        found = plan.error_body(self.exchange, self.status, self.headers, b"".join(read))
        if found is not None:
            self.headers, read, pieces = found[0], [found[1]], iter(())
        self._send(plan)
        if self.exchange.method == "HEAD":
            read = []
        return self.carry(body, _chain(read, pieces))

    def answer(self, answer: Answer, exc_info: Any = None) -> Iterable[bytes]:
        """Send an answer of ringwork's own."""
        plan: Any = self.exchange.plan
        native = plan.own_text(self.exchange, answer.status, answer.headers)
        self.started = True  # not before: as below
        self._begin(f"{answer.status} {responses.get(answer.status, 'Refused')}", native, exc_info)
        return [] if self.exchange.method == "HEAD" else [answer.body]

    def carry(self, body: Iterable[bytes], pieces: Iterator[bytes]) -> Starter:
        """Go on as the answer's body. pieces: what is left to send of the application's own iterable."""
        self.body, self.pieces = body, pieces
        return self

    def __iter__(self) -> Iterator[bytes]:
        if type(self.pieces) is not _OF_A_LIST:
            return self
        # Nothing of the application runs between two pieces of a list, and not every caller closes: as below.
        SERVED.set(None)
        return self.pieces

    def __next__(self) -> bytes:
        try:
            return next(self.pieces)
        except StopIteration:
            SERVED.set(None)  # not every caller closes; the next request of this thread must find nobody here
            raise
        except Exception as error:
            plan: Any = self.exchange.plan
            plan.pipeline.failed(self.exchange, error)
            raise

    def close(self) -> None:
        """Called by the server at the end."""
        SERVED.set(self.exchange)  # what the application left to be called at the end is still of this request
        try:
            _close(self.body)
        finally:
            self.body, self.pieces = _last((), self.exchange), iter(())


def _write(piece: bytes) -> None:
    raise TypeError("the write() callable of start_response is not served; return the body as an iterable (PEP 3333 asks for it)")


_STATUSES = {f"{status} {phrase}": status for status, phrase in responses.items()}
"""The usual lines; any other is read."""


def _chain(read: Iterable[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    yield from read
    yield from rest


_serve = SERVED.set
_OF_A_LIST: Any = type(iter([]))


def _last(body: Iterable[bytes], exchange: Exchange) -> Iterable[bytes]:
    # Against the user of one request who is still there in the next of the same thread.
    _serve(None)
    # The environ holds the exchange, which holds the environ by its names: undone here, so that a request's memory, and what its client
    # sent, is free at once and not when Python next looks for circles.
    exchange.values = _GONE
    return body


_GONE: Mapping[bytes, bytes] = {}


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()


def _native(headers: list[Header], plan: Any) -> list[tuple[str, str]]:
    """The headers as WSGI wants them; the constant ones, which stand last, were written once."""
    for own, written in _written(plan.constants):
        if headers[-len(own) :] == own:
            return [*map(spelled, headers[: -len(own)]), *written]
    return [*map(spelled, headers)]


@functools.lru_cache(maxsize=64)
def _written(constants: tuple[tuple[Header, ...], ...]) -> tuple[tuple[list[Header], list[tuple[str, str]]], ...]:
    return tuple(([*own], [*map(spelled, own)]) for own in constants if own)
