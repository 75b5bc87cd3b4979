"""Webhooks that do what a message says before anybody knows who sent it.

Against an order that a stranger marks as paid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import WEAK, Scope, Seen, calls, last, words
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import names, walk

_HOOKS = re.compile(r"web_?hook|(?:^|[/_])(?:ipn|hooks?)(?:$|[/_])", re.IGNORECASE)
_VERIFIES = re.compile(
    r"verif|signature|hmac|compare_digest|construct_event|unsign|hub_secret|webhook_secret|constant_time|validate_request|check_auth|require_token",
    re.IGNORECASE,
)
_PARSES = frozenset({"json", "get_json", "loads", "form", "parse_raw", "model_validate_json"})
_BODIES = frozenset({"body", "data", "json", "get_json", "get_data", "form", "POST", "read", "text"})


def look(seen: Seen) -> Iterator[Flow]:
    """Handlers of messages of one module that verify nothing, or verify too late."""
    for function, scope in seen.of(ir.Function):
        inner = Scope(f"{scope.qualname}.{function.name}".lstrip("."), function, scope.owner)
        handlers = seen.handler(inner)
        if not handlers or not (_HOOKS.search(function.name) or any(_HOOKS.search(handler.path) for handler in handlers)):
            continue
        if any(handler.authenticated_by for handler in handlers) or not any(set(handler.methods) & {"POST", "PUT"} for handler in handlers):
            continue
        yield from _handled(seen, inner, function)


def _handled(seen: Seen, scope: Scope, function: ir.Function) -> Iterator[Flow]:
    verified = next((part.at for part in calls(function.body) if _VERIFIES.search(last(part.function))), 0)
    knows = verified or any(_VERIFIES.search(name) for name in names((*function.body, *function.decorators, *function.parameters)))
    if not knows:
        brought = bool(_BODIES & set(names(function.body))) or any(
            words(parameter.name) & {"payload", "event", "body"} for parameter in function.parameters
        )
        if brought:
            detail = f"{function.name} does what the message says, and nothing in it verifies who sent it."
            yield seen.flow(
                "unverified-message", function.at, strength=WEAK, sink=function.name, detail=detail, scope=scope, said="not verified"
            )
        return
    parsed = next((part.at for part in walk(function.body) if isinstance(part, ir.Call) and last(part.function) in _PARSES), 0)
    if verified and parsed and parsed < verified:
        detail = f"{function.name} parses the message before it is verified; verify the bytes as they came."
        yield seen.flow(
            "unverified-message", parsed, strength=WEAK, sink=function.name, detail=detail, scope=scope, said="parsed before it is verified"
        )
