"""WSGI: from environ and start_response to the Exchange and back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from http.client import responses
from typing import Any

from ringwork.current import SERVED
from ringwork.exchange import SINGLETONS, Exchange, Header
from ringwork.installation import Installation
from ringwork.pipeline import Answer, Plan

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

KEY = "ringwork.exchange"
"""Where the Exchange stands in an environ."""

HELD_BYTES = 64 * 1024
"""How much of an error's body is held back to be looked at."""

_FIELDS = tuple(
    (slot, "CONTENT_" + name.decode()[8:].upper() if name.startswith(b"content-") else "HTTP_" + name.decode().upper().replace("-", "_"))
    for name, slot in SINGLETONS.items()
)


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
            return _last(starter.answer(plan.pipeline.fail(exchange, fault, status=503)))
        refusal = plan.arrive(exchange)
        if refusal is not None:
            return _last(starter.answer(plan.pipeline.refuse(exchange, refusal)))
        rewrite(environ, exchange, plan)
        try:
            body = self.app(environ, starter.start)
            if starter.status == 0 or starter.held:
                return starter.held_answer(body)
        except Exception as error:
            if plan.pipeline.observing:
                plan.pipeline.failed(exchange, error)
                SERVED.set(None)
                raise
            # Against the server's own bare page: no byte has left yet, so even a started answer can be taken back (PEP 3333).
            return _last(starter.answer(plan.pipeline.fail(exchange, error), exc_info=sys.exc_info() if starter.started else None))
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(body, wrapper):
            return _last(body)  # the server sends the file by itself; nothing of the application runs any more
        return Streamed(body, exchange, plan)


def begin(environ: Environ, plan: Plan) -> Exchange:
    """A new Exchange for `environ`, noted there and as the current one."""
    exchange = Exchange(
        kind="http",
        method=environ["REQUEST_METHOD"],
        path=(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1").decode("utf-8", "replace") or "/",
        scheme=environ.get("wsgi.url_scheme", "http"),
        peer=environ.get("REMOTE_ADDR", ""),
    )
    for slot, name in _FIELDS:
        value = environ.get(name)
        if value:
            setattr(exchange, slot, value.encode("latin-1"))
    if exchange.host and b"," in exchange.host:
        # Against two Host lines: a WSGI server joins repeated lines with a comma, and a host name never holds one.
        exchange.repeated = (b"host",)
    exchange.plan = plan
    environ[KEY] = exchange
    SERVED.set(exchange)
    return exchange


def rewrite(environ: Environ, exchange: Exchange, plan: Plan) -> None:
    """Take out of the request what the application must not see, and put in what guards replaced."""
    if plan.pipeline.observing:
        return
    for name in (*plan.drops, *exchange.dropped):
        environ.pop("HTTP_" + name.decode().upper().replace("-", "_"), None)
    for name, value in exchange.replaced:
        environ["HTTP_" + name.decode().upper().replace("-", "_")] = value.decode("latin-1")


class Starter:
    """Starts one answer: headers settled by the plan, errors held back until their body was looked at."""

    __slots__ = ("exchange", "raw", "started", "held", "status", "line", "headers")

    def __init__(self, exchange: Exchange, raw: StartResponse) -> None:
        self.exchange, self.raw = exchange, raw
        self.started = self.held = False
        self.status, self.line = 0, ""
        self.headers: list[Header] = []

    def start(self, line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], Any]:
        """What the application calls instead of the server's start_response."""
        exchange = self.exchange
        plan: Any = exchange.plan
        self.status, self.line = int(line[:3]), line
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        refused = plan.pipeline.undecided(exchange, self.status)
        if refused is not None:
            self._own(plan.pipeline.refuse(exchange, refused))
        elif self.status >= 400 and plan.error_body is not None:
            self.held = True
        else:
            self._send(plan, exc_info)
        return self._write

    def _own(self, answer: Answer) -> None:
        self.status, self.headers, self.held = answer.status, [*answer.headers, (b"", answer.body)], True

    def _send(self, plan: Any, exc_info: Any = None) -> None:
        out = plan.start(self.exchange, self.status, self.headers)
        native = [(_title(name), value.decode("latin-1")) for name, value in out]
        self.started = True  # not before: a fault in a hook above still ends as a clean 500
        if exc_info is not None:
            self.raw(self.line, native, exc_info)
        else:
            self.raw(self.line, native)

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
            return Streamed(body, self.exchange, plan, read=read, rest=pieces)
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
        return Streamed(body, self.exchange, plan, read=read, rest=pieces)

    def answer(self, answer: Answer, exc_info: Any = None) -> Iterable[bytes]:
        """Send an answer of ringwork's own."""
        plan: Any = self.exchange.plan
        self.status, self.headers = answer.status, answer.headers
        self.line = f"{answer.status} {responses.get(answer.status, 'Refused')}"
        self._send(plan, exc_info)
        return [] if self.exchange.method == "HEAD" else [answer.body]


class Streamed:
    """The body on its way: what fails in it is recorded; closing reaches the application's own iterable."""

    __slots__ = ("body", "exchange", "plan", "pieces")

    def __init__(
        self, body: Iterable[bytes], exchange: Exchange, plan: Plan, *, read: Iterable[bytes] = (), rest: Iterator[bytes] | None = None
    ) -> None:
        self.body, self.exchange, self.plan = body, exchange, plan
        self.pieces = iter(body) if rest is None else _chain(read, rest)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self.pieces)
        except StopIteration:
            SERVED.set(None)  # not every caller closes; the next request of this thread must find nobody here
            raise
        except Exception as error:
            self.plan.pipeline.failed(self.exchange, error)
            raise

    def close(self) -> None:
        """Called by the server at the end."""
        SERVED.set(self.exchange)  # what the application left to be called at the end is still of this request
        try:
            _close(self.body)
        finally:
            SERVED.set(None)


def _chain(read: Iterable[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    yield from read
    yield from rest


def _last(body: Iterable[bytes]) -> Iterable[bytes]:
    # Against the user of one request who is still there in the next of the same thread.
    SERVED.set(None)
    return body


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()


_TITLES: dict[bytes, str] = {}


def _title(name: bytes) -> str:
    """The usual spelling of a header's name; servers and test clients show it."""
    found = _TITLES.get(name)
    if found is None:
        found = name.decode("latin-1").title()
        if len(_TITLES) < 200:
            _TITLES[name] = found
    return found
