"""Values of which nobody says whence they come: what somebody who is not read gives a function, and what code gives that nobody described.

Against a hole that waits for its caller: a statement put together in a library is as dangerous as who calls it. No request was seen to get
there, so that each is no more than a hint.
"""

from __future__ import annotations

from ringwork.survey.taint import ir, values
from ringwork.survey.taint.frames import Found, Frame, Run
from ringwork.survey.taint.units import Defined, Unit
from ringwork.survey.taint.values import Atom, Kind, Trail, Value
from ringwork.survey.taint.walk import walk

_COMPOSED = frozenset({"sql", "soql", "xpath", "ldap", "template", "orm", "html"})
"""Kinds of places where such a value matters as a part of a text; as a whole it is what the function is for."""
_WHOLE = frozenset({"command", "code", "deserialise"})
"""Kinds of places where it matters as a whole too."""
_NUMBERED = frozenset({"builtins.int", "builtins.float", "builtins.bool"})


def arrive(run: Run, kind: str, sink: str, value: Value, at: int) -> None:
    """A value that brings nothing from a request comes to a place: where it is put together from what nobody knows, that is told."""
    if kind in _WHOLE:
        is_open = any(_is_open(part) for one in values.alternatives(value) for part in (one, *_parts(one)))
    else:
        is_open = kind in _COMPOSED and any(_is_open(part) for one in values.alternatives(value) for part in _parts(one))
    if is_open:
        trail = run.here(at, f"text that is put together reaches {sink}")
        run.tell(Found(kind, sink, Atom("local", ""), trail, True, run.frame.function, "", ""))


def _parts(value: Value) -> tuple[Value, ...]:
    """What stands beside constants in a text, or in the list of words of a command."""
    if value.kind is Kind.TEXT:
        return tuple(part for part in value.data if type(part) is Value)
    if value.kind is Kind.ITEMS:
        return tuple(part for item in value.data for part in (item, *_parts(item)))
    return ()


def _is_open(value: Value) -> bool:
    if value.kind is Kind.METHOD:
        return _is_open(value.data[0])
    return value.kind is Kind.UNKNOWN and value.data == values.OPEN.data and not value.type


def tell(run: Run, own: Defined, frame: Frame) -> None:
    """What a function does with what it is given, where nothing in its module calls it."""
    if not frame.reaches or own.node.name in _called(run, own.unit):
        return
    for parameter in own.node.parameters:
        atom = Atom("", f"{own.dotted}:{parameter.name}")
        for reach in frame.reaches.get(atom, {}).values():
            if reach.kind in _WHOLE or (reach.kind in _COMPOSED and reach.context.strip("\x00\x01 ")):
                trail = _behind(Trail(own.unit.file, parameter.at, f"{own.node.name}() is given {parameter.name}", None), reach.trail)
                run.tell(Found(reach.kind, reach.sink, Atom("local", parameter.name), trail, True, reach.function, reach.context, ""))


def _behind(first: Trail, rest: Trail) -> Trail:
    steps: list[Trail] = []
    here: Trail | None = rest
    while here is not None:
        steps.append(here)
        here = here.before
    found = first
    for step in reversed(steps):
        found = Trail(step.file, step.at, step.said, found)
    return found


def _called(run: Run, unit: Unit) -> frozenset[str]:
    """The last names of all that a module calls."""
    known = run.calls_in.get(unit.file)
    if known is None:
        functions = [part.function for part in walk(unit.module.body) if isinstance(part, ir.Call)]
        named = {one.name for one in functions if isinstance(one, ir.Attribute)}
        known = run.calls_in[unit.file] = frozenset(named | {one.id for one in functions if isinstance(one, ir.Name)})
    return known
