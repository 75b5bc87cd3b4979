"""WSGI: from environ and start_response to the Exchange and back."""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.client import responses
from typing import Any

from ringwork.current import SERVED
from ringwork.enforce.guard import DECIDED, Asking, Blocking, Decision, ReadBody, ReadForm
from ringwork.exchange import PLAIN, Exchange, Header, spelled, unread
from ringwork.frameworks.wsgi_limits import Metered
from ringwork.frameworks.wsgi_names import Names, key_of, shape_of
from ringwork.installation import Installation
from ringwork.pipeline import Answer, Plan

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

KEY = "ringwork.exchange"
"""Where the Exchange stands in an environ."""

_COMMA = ord(",")  # as a number: see exchange.py

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
        starter = Starter(exchange, start_response)
        if fault is not None:
            return _last(starter.answer(plan.pipeline.fail(exchange, fault, status=503)), exchange)
        if plan.limits is not None:
            environ["wsgi.input"] = Metered(exchange, starter, environ["wsgi.input"])
        app, arrive = self.app, plan.arrive  # taken first, as in asgi_sending
        found = arrive(exchange)
        if found is not None and not isinstance(found, DECIDED):
            found = drive(found, environ, seconds=plan.pipeline.guard_seconds)
        if found is not None:
            return _last(starter.answer(plan.pipeline.give(exchange, found)), exchange)
        rewrite(environ, exchange, plan)
        try:
            body = app(environ, starter.start)
            if starter.status == 0 or starter.held:
                return starter.held_answer(body)
            if exchange.is_over:
                return _last(body, exchange)
        except Exception as error:
            if starter.cut is not None:
                return _last(starter.answer(starter.cut), exchange)  # what follows from a body that was cut
            if plan.pipeline.observing:
                plan.pipeline.failed(exchange, error)
                SERVED.set(None)
                raise
            # Against the server's own bare page: no byte has left yet, so even a started answer can be taken back (PEP 3333).
            return _last(
                starter.answer(plan.pipeline.fail(exchange, error), exc_info=sys.exc_info() if starter.started else None), exchange
            )
        wrapper = environ.get("wsgi.file_wrapper")
        if wrapper is not None and isinstance(wrapper, type) and isinstance(body, wrapper):
            return _last(body, exchange)  # the server sends the file by itself; nothing of the application runs any more
        return starter.carry(body, iter(body))


def begin(environ: Environ, plan: Plan) -> Exchange:
    """A new Exchange for `environ`, noted there and as the current one."""
    find = environ.get
    script, path = find("SCRIPT_NAME", ""), find("PATH_INFO", "")
    exchange = unread(Exchange)
    exchange.kind, exchange.method, exchange.path = "http", environ["REQUEST_METHOD"], _as_sent(script + path if script else path)
    exchange.scheme = find("wsgi.url_scheme", "http")
    exchange.peer = exchange.client = find("REMOTE_ADDR", "")
    shape = shape_of(tuple(environ))
    exchange.values, exchange.header_count = Names(environ, shape), shape.count
    exchange.header_bytes = shape.spelled + len("".join(shape.values(environ)))
    host, cookie = find("HTTP_HOST"), find("HTTP_COOKIE")
    fetch_site, authorization = find("HTTP_SEC_FETCH_SITE"), find("HTTP_AUTHORIZATION")
    if host:
        exchange.host = host.encode("latin-1")
    if cookie:
        exchange.cookie = cookie.encode("latin-1")
    if authorization:
        exchange.authorization = authorization.encode("latin-1")
    if fetch_site:
        exchange.fetch_site = fetch_site.encode("latin-1")
    if shape.is_bare:
        exchange.content_length = b"0"  # as in _read_more, for the keys that most requests of a browser have
        exchange.is_plain = exchange.method in PLAIN
    else:
        _read_more(exchange, environ)
    query = environ.get("QUERY_STRING")
    if query:
        exchange.query = query.encode("latin-1")
    if exchange.host and _COMMA in exchange.host:
        # Against two Host lines: a WSGI server joins repeated lines with a comma, and a host name never holds one.
        exchange.repeated, exchange.is_plain = (b"host",), False
    exchange.plan = plan
    # Against one that mod_ssl hands on unverified (optional_no_ca), with or without a word of it.
    if plan.certifies and find("SSL_CLIENT_VERIFY") == "SUCCESS":
        exchange.certificate = find("SSL_CLIENT_CERT") or None
    environ[KEY] = exchange
    SERVED.set(exchange)
    return exchange


def _read_more(exchange: Exchange, environ: Environ) -> None:
    """What a body and a proxy say of a request; where no key of theirs is there, nothing is said."""
    kind, length = environ.get("CONTENT_TYPE"), environ.get("CONTENT_LENGTH")
    if kind:
        exchange.content_type = kind.encode("latin-1")
        _count(exchange, "CONTENT_TYPE", kind)
    if length:
        exchange.content_length = length.encode("latin-1")
        _count(exchange, "CONTENT_LENGTH", length)
    exchange.is_forwarded = bool(environ.get("HTTP_X_FORWARDED_FOR") or environ.get("HTTP_FORWARDED"))
    if exchange.content_length is None and "HTTP_TRANSFER_ENCODING" not in environ and not environ.get("wsgi.input_terminated"):
        exchange.content_length = b"0"  # a request that announces no body has none (RFC 9112, 6.3), whether its client says so or not
        exchange.is_plain = not kind and exchange.method in PLAIN


def _as_sent(path: str) -> str:
    """The path as its client wrote it: PEP 3333 hands bytes on as latin-1."""
    return (path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")) or "/"


def _count(exchange: Exchange, key: str, value: str) -> None:
    exchange.header_count += 1
    exchange.header_bytes += len(key) + len(value)


def rewrite(environ: Environ, exchange: Exchange, plan: Plan) -> None:
    """Take out of the request what the application must not see, and put in what guards replaced."""
    if plan.pipeline.observing:
        return
    if exchange.is_resolved:
        environ["wsgi.url_scheme"] = exchange.scheme
        if exchange.client != exchange.peer:
            environ["REMOTE_ADDR"] = exchange.client  # whom a trusted proxy named; its port and name nobody knows
            for name in ("REMOTE_PORT", "REMOTE_HOST"):
                environ.pop(name, None)
    for key in exchange.values.shape.among(plan.drops):
        environ.pop(key, None)
    for dropped in exchange.dropped:
        environ.pop(key_of(dropped), None)
    for replaced, value in exchange.replaced:
        environ[key_of(replaced)] = value.decode("latin-1")


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
    headers: list[Header]
    cut: Answer | None = None
    body: Iterable[bytes] = ()
    pieces: Iterator[bytes]

    def __init__(self, exchange: Exchange, raw: StartResponse) -> None:
        self.exchange, self.raw = exchange, raw

    def start(self, line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], Any]:
        """What the application calls instead of the server's start_response."""
        exchange = self.exchange
        plan: Any = exchange.plan
        if self.cut is not None:
            self._own(self.cut)  # whatever the application made of a body that was cut
            return self._write
        self.status, self.line = int(line[:3]), line
        status = self.status
        is_usual = exchange.decided and exc_info is None
        known, raw = plan.known, self.raw
        if is_usual and (tail := known(exchange, status, headers)) is not None:
            self.started = True
            raw(line, [*headers, *tail.text])
            return self._write
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        if is_usual and (swift := plan.swift(exchange, status, self.headers, headers)) is not None:
            self.started = True
            self.raw(line, _native(swift, plan))
            return self._write
        refused = plan.pipeline.undecided(exchange, self.status)
        if refused is None and plan.judge is not None:
            refused = plan.judge(exchange, self.status, self.headers)
        if refused is not None:
            self._own(plan.pipeline.give(exchange, refused))
        elif self.status >= 400 and plan.error_body is not None:
            self.held = True
        else:
            self._send(plan, exc_info)
        return self._write

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

    def _write(self, piece: bytes) -> None:
        raise TypeError("the write() callable of start_response is not served; return the body as an iterable (PEP 3333 asks for it)")

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
            return self.answer(Answer(status=self.status, headers=self.headers[:-1], body=self.headers[-1][1]))
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


def _chain(read: Iterable[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    yield from read
    yield from rest


_OF_A_LIST: Any = type(iter([]))


def _last(body: Iterable[bytes], exchange: Exchange) -> Iterable[bytes]:
    # Against the user of one request who is still there in the next of the same thread.
    SERVED.set(None)
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
