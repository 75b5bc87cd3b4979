"""What is handed out as a whole, with more in it than its reader should have: all names to a template, a password in a token, a pickle.

Against a line that was right until somebody added a name, and against a token or a cookie that whoever holds it can read or make anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Scope, Seen, calls, last, text_of
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import walk

_RENDERS = frozenset(
    {"render", "render_template", "render_to_string", "render_to_response", "TemplateResponse", "Context", "RequestContext"}
)
_NAMES = frozenset({"globals", "locals"})
_PICKLES = frozenset({"pickle.dumps", "cPickle.dumps", "dill.dumps", "cloudpickle.dumps", "jsonpickle.encode"})
_ISSUERS = re.compile(r"(?:^|\.)(?:jwt|jws|jose)(?:\.\w+)*\.encode$|(?:^|\.)jwt\.sign$")
_SECRETS = frozenset(
    {"password", "passwd", "pwd", "passphrase", "secret", "secret_key", "private_key", "credit_card", "card_number", "cvv"}
)


def look(seen: Seen) -> Iterator[Flow]:
    """Such calls of one module."""
    for call, scope in seen.of(ir.Call):
        if last(call.function) in _RENDERS:
            yield from _rendered(seen, scope, call)
        elif last(call.function) == "set_cookie":
            yield from _pickled(seen, scope, call)
        elif call.arguments and _ISSUERS.search(seen.name(call.function)):
            yield from _issued(seen, scope, call)


def _rendered(seen: Seen, scope: Scope, call: ir.Call) -> Iterator[Flow]:
    for argument in (*call.arguments, *(value for _, value in call.keywords)):
        value = _meant(seen, scope, argument)
        name = last(value.function) if isinstance(value, ir.Call) and not value.arguments else ""
        if name in _NAMES:
            detail = f"The template is given every name that {name}() has, the request and its rows among them; name what it shows."
            yield seen.flow("template", call.at, strength=STRONG, sink=name, detail=detail, scope=scope, said=f"all names of {name}()")


def _pickled(seen: Seen, scope: Scope, call: ir.Call) -> Iterator[Flow]:
    """A cookie that holds a pickle comes back from whoever changed it, and runs what it says when it is loaded."""
    for argument in (*call.arguments, *(value for _, value in call.keywords)):
        for inner in calls(_meant(seen, scope, argument)):
            if seen.name(inner.function) in _PICKLES:
                detail = "An object is pickled into a cookie: what comes back was written by whoever holds it. Write JSON."
                yield seen.flow(
                    "loader", call.at, strength=STRONG, sink="pickle.dumps", detail=detail, scope=scope, said="pickled for a cookie"
                )
                return


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
