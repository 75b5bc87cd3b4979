"""What is handed out as a whole, with more in it than its reader should have: all local names to a template, a password in a token.

Against a line that was right until somebody added a name, and against a token that whoever holds it can read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, last, text_of
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import walk

_RENDERS = frozenset(
    {"render", "render_template", "render_to_string", "render_to_response", "TemplateResponse", "Context", "RequestContext"}
)
_ISSUERS = re.compile(r"(?:^|\.)(?:jwt|jws|jose)(?:\.\w+)*\.encode$|(?:^|\.)jwt\.sign$")
_SECRETS = frozenset(
    {"password", "passwd", "pwd", "passphrase", "secret", "secret_key", "private_key", "credit_card", "card_number", "cvv"}
)


def look(seen: Seen) -> Iterator[Flow]:
    """Such calls of one module."""
    for call, scope in seen.of(ir.Call):
        if last(call.function) in _RENDERS:
            yield from _rendered(seen, scope, call)
        elif call.arguments and _ISSUERS.search(seen.name(call.function)):
            yield from _issued(seen, scope, call)


def _rendered(seen: Seen, scope: Scope, call: ir.Call) -> Iterator[Flow]:
    for argument in (*call.arguments, *(value for _, value in call.keywords)):
        value = _meant(seen, scope, argument)
        if isinstance(value, ir.Call) and last(value.function) == "locals" and not value.arguments:
            detail = "The template is given every local name of the function, whoever adds one; name what it shows."
            yield seen.flow("template", call.at, strength=WEAK, sink="locals", detail=detail, scope=scope, said="all local names")


def _issued(seen: Seen, scope: Scope, call: ir.Call) -> Iterator[Flow]:
    value = _meant(seen, scope, call.arguments[0])
    if not isinstance(value, ir.Mapping):
        return
    for key, _ in value.items:
        name = text_of(key) or ""
        if name.lower() in _SECRETS:
            detail = f"{name} is written into a token, which is signed and not sealed: whoever holds it can read it."
            yield seen.flow("token-content", value.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="written into a token")
            return


def _meant(seen: Seen, scope: Scope, expression: ir.Expression) -> ir.Expression:
    """What a name was given, in the function or at the top of the module; else what stands there."""
    if not isinstance(expression, ir.Name):
        return expression
    inner = scope.function.body if scope.function is not None else ()
    for part in walk(inner):
        if isinstance(part, ir.Assign) and any(last(target) == expression.id for target in part.targets):
            return part.value
    return seen.unit.assigned.get(expression.id, expression)
