"""Certificates that nobody checks any more, for the whole process: what the standard library asks for is replaced.

Against a line that was meant for one host of one day, and opens every connection of every library to whoever stands between.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Scope, Seen, calls, text_of, written
from ringwork.survey.taint import ir

_MAKERS = frozenset({"ssl._create_default_https_context", "ssl.create_default_context"})
_UNCHECKED = frozenset({"ssl._create_unverified_context", "ssl._create_stdlib_context"})
_SWITCH = "PYTHONHTTPSVERIFY"


def look(seen: Seen) -> Iterator[Flow]:
    """What replaces the contexts of the standard library in one module, or switches their checks off by the environment."""
    for statement, scope in seen.of(ir.Assign):
        for target in statement.targets:
            if seen.name(target) in _MAKERS and _is_unchecked(seen, statement.value):
                yield _told(seen, statement.at, scope, seen.name(target))
            elif isinstance(target, ir.Item) and text_of(target.key) == _SWITCH and text_of(statement.value) == "0":
                yield _told(seen, statement.at, scope, _SWITCH)
    for call, scope in seen.of(ir.Call):
        if written(call.function) == "setattr" and len(call.arguments) == 3:
            name = f"{seen.name(call.arguments[0])}.{text_of(call.arguments[1])}"
            if name in _MAKERS and _is_unchecked(seen, call.arguments[2]):
                yield _told(seen, call.at, scope, name)


def _is_unchecked(seen: Seen, value: ir.Expression) -> bool:
    if isinstance(value, ir.Lambda):
        return any(seen.name(call.function) in _UNCHECKED for call in calls(value.body))
    return seen.name(value) in _UNCHECKED


def _told(seen: Seen, at: int, scope: Scope, name: str) -> Flow:
    detail = "No certificate is checked any more in the whole process; give the one call that needs another authority a context."
    return seen.flow("tls-unverified", at, strength=STRONG, sink=name, detail=detail, scope=scope, said=f"{name} is replaced")
