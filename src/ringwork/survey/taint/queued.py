"""Calls that somebody else makes later: `convert.delay(name)` of Celery and Huey, `convert.send(name)` of Dramatiq, `Thread(target=...)`.

Against a hole that a worker opens: what a request put into the queue is as foreign there as it was in the view.
Source: https://docs.celeryq.dev/en/stable/userguide/calling.html, https://docs.python.org/3/library/threading.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ringwork.survey.taint import ir, summaries
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.units import DefinedClass
from ringwork.survey.taint.values import UNKNOWN, Kind, Value

_LATER = frozenset({"delay", "send", "s", "si", "schedule", "enqueue"})
_LISTED = frozenset({"apply_async", "signature", "subtask", "send_with_options"})

_STARTED = {
    **dict.fromkeys(["threading.Thread", "multiprocessing.Process", "multiprocessing.context.Process"], ("target", 1, 3, 4)),
    "threading.Timer": ("function", 1, 2, 3),
    "_thread.start_new_thread": ("function", 0, 1, 2),
}
"""What runs a function beside the program: the name of that argument, its position, and those of what the function is called with."""


def is_done(run: Run, dotted: str, arguments: Sequence[Value], keywords: Mapping[str, Value], at: int) -> bool:
    """Whether calling an attribute of a function asks a worker to call it; if so, what the worker does is read here."""
    if dotted in _STARTED:
        _start(run, *_STARTED[dotted], arguments, keywords, at)
        return False
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


def begun(run: Run, owner: DefinedClass, name: str, receiver: Value, at: int) -> None:
    """What a class of threads does is read where one of them is started: `Importer(address).start()` runs its method run()."""
    own = run.project.method(owner, "run") if name in _BEGUN else None
    if own is not None:
        summaries.defined(run, own, [], {}, at, receiver=receiver)


_BEGUN = frozenset({"threading.Thread.start", "threading.Timer.start", "multiprocessing.Process.start"})


def _start(
    run: Run, name: str, function: int, args: int, kwargs: int, arguments: Sequence[Value], keywords: Mapping[str, Value], at: int
) -> None:
    """What a thread will do is read where it is made."""
    target = keywords.get(name, arguments[function] if len(arguments) > function else None)
    if target is not None:
        tail = [*arguments[args : args + 1], *arguments[kwargs : kwargs + 1]]
        given, named = _listed(tail, keywords)
        run.apply(run, target, given, named, ir.Call(at, ir.Broken(at, ()), (), ()), [])


def _listed(arguments: Sequence[Value], keywords: Mapping[str, Value]) -> tuple[Sequence[Value], Mapping[str, Value]]:
    """apply_async(args=[...], kwargs={...})."""
    given = keywords.get("args", arguments[0] if arguments else None)
    named = keywords.get("kwargs", arguments[1] if len(arguments) > 1 else None)
    return (
        given.data if given is not None and given.kind is Kind.ITEMS else (),
        {str(key): value for key, value in named.data[0].items()} if named is not None and named.kind is Kind.KEYED else {},
    )
