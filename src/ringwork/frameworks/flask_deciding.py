"""Flask, deciding: who is asking, and what the guards of a route ask for."""

from __future__ import annotations

import asyncio
import inspect
import io
from collections.abc import Mapping
from typing import Any

from flask.wrappers import Request
from werkzeug.exceptions import HTTPException

from ringwork.enforce.guard import DECIDED, Decision, Refusal
from ringwork.exchange import Exchange
from ringwork.frameworks import suite_clients, wsgi
from ringwork.pipeline import Pipeline, Plan
from ringwork.principal import Principal


def enter(exchange: Exchange, plan: Plan, asked: Request) -> Decision:
    """Identify the principal, then let the guards of the matched route decide."""
    exchange.plan, exchange.route = plan, plan.route
    refusal = _identify(exchange, plan.pipeline, asked)
    if refusal is not None:
        return refusal
    entered = plan.enter
    found = entered(exchange)
    if found is not None and not isinstance(found, DECIDED):
        found = wsgi.drive(found, asked.environ, lambda body: _fields(asked, exchange), seconds=plan.pipeline.guard_seconds)
    exchange.decided = found is None
    return found


def _identify(exchange: Exchange, pipeline: Pipeline, asked: Request) -> Refusal | None:
    identify: Any = pipeline.policy.identify
    if not pipeline.identifies or exchange.identified:
        return None
    try:
        # The deadline of a thread is the worker's: Flask cannot cut one that is running.
        found = identify(asked)
        if type(found) is not Principal and inspect.isawaitable(found):
            found = asyncio.run(_wait(found))
    except Exception as error:  # noqa: BLE001  # whatever the application raises
        return pipeline.no_identity(exchange, f"identify raised {type(error).__name__}", error)
    if type(found) is Principal:
        exchange.principal = found
        return None
    return pipeline.take_identity(exchange, found)


async def _wait(found: Any) -> Any:
    return await found


def _fields(asked: Request, exchange: Exchange) -> Mapping[str, str] | None:
    """The form through Flask's own request, which keeps what it has parsed for the view."""
    try:
        # The bytes are kept, so that the view, or an application mounted beside it, reads the same body once more.
        asked.environ["wsgi.input"] = io.BytesIO(asked.get_data(cache=True))
        form = asked.form
    except HTTPException:
        # What the parser cannot read is no form; whether that matters is the guard's to say.
        return None
    fields = {name: values[0] for name, values in form.to_dict(flat=False).items() if values}
    return suite_clients.fields_from(asked.headers.get(suite_clients.HEADER), fields, exchange)
