"""Calls of what a function was given: `retry(requests.get, url)` calls, inside retry, whatever its caller handed in.

Against a finding in the helper that every caller shares: which place a value reaches there is the caller's choice, so it is told at the
call that hands both in, and two callers are two findings.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.taint import ir
from ringwork.survey.taint.units import Defined
from ringwork.survey.taint.walk import walk


def calls(own: Defined) -> frozenset[int]:
    """The positions of the calls in a function whose callee is one of its parameters, or an attribute that a parameter names."""
    if own.handed is None:
        own.handed = frozenset(_calls(own))
    return own.handed


def _calls(own: Defined) -> Iterator[int]:
    names = {parameter.name for parameter in own.node.parameters if parameter.kind not in {"args", "kwargs"}}
    if not names:
        return
    given = set(names)
    for part in walk(own.node.body):
        if isinstance(part, ir.Assign) and len(part.targets) == 1 and isinstance(part.targets[0], ir.Name):
            name = part.targets[0].id
            given.discard(name)
            if _is_named_by(part.value, names):
                given.add(name)
        elif isinstance(part, ir.Call):
            is_given = isinstance(part.function, ir.Name) and part.function.id in given
            if is_given or _is_named_by(part.function, names):
                yield part.at


def _is_named_by(expression: ir.Expression, names: set[str]) -> bool:
    """getattr(connection, method), where `method` is a parameter."""
    if not isinstance(expression, ir.Call) or not isinstance(expression.function, ir.Name) or expression.function.id != "getattr":
        return False
    return len(expression.arguments) > 1 and isinstance(expression.arguments[1], ir.Name) and expression.arguments[1].id in names
