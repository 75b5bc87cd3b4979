"""Django, deciding: who is asking, and what the guards of the matched pattern say, right before the view.

The same decision in both worlds: a thread of a WSGI server, or the loop of an ASGI one, where whatever touches the database runs in
Django's own thread. The body is read once and handed on to the view.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import io
from collections.abc import Awaitable, Mapping
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.core.handlers.wsgi import LimitedStream
from django.http import HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from ringwork.enforce.guard import DECIDED, Decision, Refusal
from ringwork.exchange import Exchange
from ringwork.frameworks import asgi_deciding, django_csrf, wsgi
from ringwork.frameworks.asgi_deciding import Message, Receive
from ringwork.pipeline import Answer, Pipeline, Plan
from ringwork.principal import Principal

PIECE_BYTES = 65_536


def enter(exchange: Exchange, plan: Plan, request: Any) -> Decision:
    """Identify the principal, then let the guards of the matched pattern decide; in the thread of a WSGI server."""
    exchange.plan, exchange.route = plan, plan.route
    refusal = _identify(exchange, plan.pipeline, request)
    if refusal is not None:
        return refusal
    entered = plan.enter
    found = entered(exchange)
    if found is not None and not isinstance(found, DECIDED):
        found = _driven(found, plan, request)
    exchange.decided = found is None
    return found


async def enter_waiting(exchange: Exchange, plan: Plan, request: Any) -> Decision:
    """The same in the loop of an ASGI server."""
    exchange.plan, exchange.route = plan, plan.route
    if plan.pipeline.identifies and not exchange.identified:
        exchange.identified = True
        refusal = await _identified(exchange, plan.pipeline, request)
        if refusal is not None:
            return refusal
    waiting = asgi_deciding.enter(exchange, plan, request, _again(request), functools.partial(_fields_waiting, plan))
    if waiting is None:
        return None
    found, _ = await waiting
    if not request._read_started and not hasattr(request, "_body") and request._stream.seekable():  # noqa: SLF001  # Django hands a body on by these
        request._stream.seek(0)  # noqa: SLF001  # the same
    return found


def answer_of(answer: Answer) -> HttpResponse:
    """An answer of ringwork's own in Django's words; it leaves through the application's middleware."""
    response = HttpResponse(answer.body, status=answer.status)
    for name in ("Content-Type", *(key.decode("latin-1") for key, _ in answer.headers)):
        if response.has_header(name):
            del response[name]
    for name, value in ((key.decode("latin-1"), value.decode("latin-1")) for key, value in answer.headers):
        response[name] = f"{response[name]}, {value}" if response.has_header(name) else value
    return response


# -- who is asking -------------------------------------------------------------------------------------------


def _identify(exchange: Exchange, pipeline: Pipeline, request: Any) -> Refusal | None:
    if not pipeline.identifies or exchange.identified:
        return None
    exchange.identified = True
    identify: Any = pipeline.policy.identify
    try:
        # The deadline of a thread is the worker's: nobody can cut one that is running.
        found = identify(request)
        if type(found) is not Principal and inspect.isawaitable(found):
            found = async_to_sync(_wait)(found)
    except Exception as error:  # noqa: BLE001  # whatever the application raises
        return pipeline.no_identity(exchange, f"identify raised {type(error).__name__}", error)
    if type(found) is Principal:
        exchange.principal = found
        return None
    return pipeline.take_identity(exchange, found)


async def _identified(exchange: Exchange, pipeline: Pipeline, request: Any) -> Refusal | None:
    identify: Any = pipeline.policy.identify
    # Where Django's own database connections live, and not any thread of a pool.
    asked = identify(request) if pipeline.identify_waits else sync_to_async(identify, thread_sensitive=True)(request)
    try:
        async with asyncio.timeout(pipeline.policy.identify_seconds):
            found = await asked
            if inspect.isawaitable(found):
                found = await found
    except TimeoutError:
        return pipeline.no_identity(exchange, f"identify took longer than {pipeline.policy.identify_seconds:g} seconds")
    except Exception as error:  # noqa: BLE001  # whatever the application raises
        return pipeline.no_identity(exchange, f"identify raised {type(error).__name__}", error)
    return pipeline.take_identity(exchange, found)


async def _wait(found: Awaitable[object]) -> object:
    return await found


# -- the body ------------------------------------------------------------------------------------------------


def _driven(asking: Any, plan: Plan, request: Any) -> Decision:
    environ = request.META
    if hasattr(request, "_body"):
        environ["wsgi.input"] = io.BytesIO(request.body)  # a middleware has read it already
    source = environ["wsgi.input"]
    found = wsgi.drive(asking, environ, lambda body: _fields(request, body, plan), seconds=plan.pipeline.guard_seconds)
    if environ["wsgi.input"] is not source and not request._read_started and not hasattr(request, "_body"):  # noqa: SLF001  # as above
        request._stream = LimitedStream(environ["wsgi.input"], _length(environ))  # noqa: SLF001  # as WSGIRequest makes it
    return found


def _length(environ: Mapping[str, Any]) -> int:
    text = str(environ.get("CONTENT_LENGTH") or "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _again(request: Any) -> Receive:
    """The body that Django's ASGI handler has read already, as a server would send it."""
    stream = io.BytesIO(request.body) if hasattr(request, "_body") else request._stream  # noqa: SLF001  # as above

    async def receive() -> Message:
        piece = stream.read(PIECE_BYTES)
        return {"type": "http.request", "body": piece, "more_body": len(piece) == PIECE_BYTES}

    return receive


async def _fields_waiting(plan: Plan, request: Any, body: bytes) -> Mapping[str, str] | None:
    if plan.route is not None and plan.route.own_token and settings.CSRF_USE_SESSIONS:
        return await sync_to_async(_fields, thread_sensitive=True)(request, body, plan)  # the session may be in the database
    return _fields(request, body, plan)


def _fields(request: Any, body: bytes, plan: Plan) -> Mapping[str, str] | None:
    """The form through Django's own request, which keeps what it has parsed for the view."""
    if not request._read_started and not hasattr(request, "_body"):  # noqa: SLF001  # as HttpRequest.body leaves it
        request._body, request._stream = body, io.BytesIO(body)  # noqa: SLF001  # the same
    try:
        form = request.POST
    except (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError, UnicodeDecodeError):
        # What the parser cannot read is no form; whether that matters is the guard's to say.
        return None
    fields = {name: form.getlist(name)[0] for name in form if form.getlist(name)}
    return django_csrf.proven(request, fields) if plan.route is not None and plan.route.own_token else fields
