"""Calls that a queue makes later: `convert.delay(name)` of Celery and Huey, `convert.send(name)` of Dramatiq.

Against a hole that a worker opens: what a request put into the queue is as foreign there as it was in the view.
Source: https://docs.celeryq.dev/en/stable/userguide/calling.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ringwork.survey.taint import summaries
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.values import UNKNOWN, Kind, Value

_LATER = frozenset({"delay", "send", "s", "si", "schedule", "enqueue"})
_LISTED = frozenset({"apply_async", "signature", "subtask", "send_with_options"})


def is_done(run: Run, dotted: str, arguments: Sequence[Value], keywords: Mapping[str, Value], at: int) -> bool:
    """Whether calling an attribute of a function asks a worker to call it; if so, what the worker does is read here."""
    head, _, last = dotted.rpartition(".")
    own = run.project.function(head) if last in _LATER or last in _LISTED else None
    if own is None or own.owner is not None or not own.node.decorators:
        return False
    if last in _LISTED:
        arguments, keywords = _listed(arguments, keywords)
    first = own.node.parameters[:1]
    if first and first[0].name == "self":  # a task that is bound gets itself
        arguments = [UNKNOWN, *arguments]
    summaries.defined(run, own, arguments, keywords, at)
    return True


def _listed(arguments: Sequence[Value], keywords: Mapping[str, Value]) -> tuple[Sequence[Value], Mapping[str, Value]]:
    """apply_async(args=[...], kwargs={...})."""
    given = keywords.get("args", arguments[0] if arguments else None)
    named = keywords.get("kwargs", arguments[1] if len(arguments) > 1 else None)
    return (
        given.data if given is not None and given.kind is Kind.ITEMS else (),
        {str(key): value for key, value in named.data[0].items()} if named is not None and named.kind is Kind.KEYED else {},
    )
