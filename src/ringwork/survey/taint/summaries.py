"""The project's own functions: each is read once for values of one shape, and what was given is put into what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ringwork.survey.taint import answers, assigning, attributes, closures, facts, indexes, ir, sinks, unbound, values
from ringwork.survey.taint.closures import Closure
from ringwork.survey.taint.frames import Frame, Run, State, Summary
from ringwork.survey.taint.putting import Put, known_of, standing
from ringwork.survey.taint.shapes import Shapes
from ringwork.survey.taint.units import Defined, Unit
from ringwork.survey.taint.values import NONE, NOTHING, UNKNOWN, Atom, Facts, Kind, Mark, Taint, Value

_MOST_SHAPES = 16
"""Shapes in which one function calls another that are told apart."""


def nobody(callee: Value, arguments: Sequence[Value], keywords: Mapping[str, Value], spread: Sequence[Value]) -> Value:
    """Nobody knows what was called: what goes in may come out."""
    taint = values.merge([values.within(value) for value in (callee, *arguments, *keywords.values(), *spread)])
    if not taint:
        given = (*arguments, *keywords.values(), *spread)
        is_made = given and not unbound.is_open(callee) and all(value.kind is Kind.CONSTANT for value in given)
        return UNKNOWN if is_made else unbound.given(callee)  # what is made of constants alone is as good as one
    return values.unknown({atom: Mark(mark.clean, mark.trail, weak=True) for atom, mark in taint.items()})


def defined(
    run: Run,
    own: Defined,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    at: int,
    *,
    receiver: Value | None = None,
    spread: Sequence[Value] = (),
    around: Mapping[str, Value] | None = None,
    written: ir.Expression | None = None,
) -> Value:
    """A call of a function of the project: its summary for values of this shape, with what was given put in.

    around: what a function inside another uses of its variables. written: the text of the receiver.
    """
    bound = _bind(run, own, arguments, keywords, receiver, spread)
    inputs = {**(around or {}), **_modules(run), **bound}
    if run.memory.is_deep():
        return nobody(UNKNOWN, list(inputs.values()), {}, ())
    shapes, key, given = _shaped(run, own, inputs)
    summary = run.memory.known(key)
    if summary is None and run.memory.is_reading(key):
        summary = run.memory.so_far(key)
        if summary is None and run.memory.is_last:  # Nobody will see it: what follows is read as if it did, and not left out.
            return nobody(UNKNOWN, list(inputs.values()), {}, ())
        if summary is None:  # Nobody saw it return yet: a way on which it calls itself ends here.
            run.frame.state.dead = True
            return UNKNOWN
    if summary is None:
        if around is not None:
            given[own.node.name] = Value(Kind.LOCAL, (own, Closure(own.unit, {name: given[name] for name in around})))
        summary = run.memory.read(key, lambda: summarise(run, own, given))
    return _put_in(run, own, summary, shapes.given, at, inputs, written if receiver is not None else None)


def _modules(run: Run) -> Mapping[str, Value]:
    """Names of modules that hold something else by now."""
    return {name: value for name, value in run.frame.state.names.items() if ":" in name} if run.has_changed_modules else {}


def _shaped(run: Run, own: Defined, inputs: Mapping[str, Value]) -> tuple[Shapes, Any, dict[str, Value]]:
    """What a summary is kept under, and the values that it is made for."""
    for generic in (False, True):
        shapes = Shapes(run.scopes, is_generic=generic)
        each = {name: shapes.of(value, f"{own.dotted}:{name}") for name, value in inputs.items()}
        names = () if len(inputs) == len(own.node.parameters) else tuple(inputs)
        key = run.memory.key(own, (names, tuple([shape for _, shape in each.values()])))
        seen = run.frame.shapes.setdefault(own, set())
        if generic or not shapes.is_apart or (not run.memory.is_often(own) and (key in seen or len(seen) < _MOST_SHAPES)):
            break
    seen.add(key)
    return shapes, key, {name: value for name, (value, _) in each.items()}


def _bind(
    run: Run, own: Defined, arguments: Sequence[Value], keywords: Mapping[str, Value], receiver: Value | None, spread: Sequence[Value]
) -> dict[str, Value]:
    found: dict[str, Value] = {}
    waiting = [receiver, *arguments] if receiver is not None else list(arguments)
    left = {name: value for name, value in keywords.items() if name != "**"}
    unpacked = values.unknown(values.merge([values.within(one) for one in spread])) if spread else None
    for parameter in own.node.parameters:
        if parameter.kind == "args":
            found[parameter.name] = Value(Kind.ITEMS, tuple(waiting), "builtins.tuple", unpacked.taint if unpacked else NOTHING)
            waiting = []
        elif parameter.kind == "kwargs":
            found[parameter.name] = Value(Kind.KEYED, (left, unpacked), "builtins.dict", _names_of(keywords.get("**")))
            left = {}
        elif waiting and parameter.kind != "keyword":
            found[parameter.name] = waiting.pop(0)
        elif parameter.name in left:
            found[parameter.name] = left.pop(parameter.name)
        elif unpacked is not None:
            found[parameter.name] = unpacked
        else:
            found[parameter.name] = default_of(run, own, parameter)
        found[parameter.name] = _annotated(run, own, parameter, found[parameter.name])
    return found


def _names_of(mapping: Value | None) -> Taint:
    """What the names carry under which ** hands a mapping over: whoever sends a whole mapping chooses them too."""
    if mapping is None:
        return NOTHING
    return mapping.taint if mapping.kind is Kind.KEYED else values.within(mapping)


def default_of(run: Run, own: Defined, parameter: ir.Parameter) -> Value:
    """What a parameter holds when nothing is given for it."""
    return run.at_top(own.unit, parameter.default) if parameter.default is not None else UNKNOWN


def _annotated(run: Run, own: Defined, parameter: ir.Parameter, value: Value) -> Value:
    if value.kind in {Kind.UNKNOWN, Kind.METHOD} and not value.type and parameter.annotation is not None:
        type_ = attributes.type_of(run, own.unit, parameter.annotation)
        # An annotation is a claim: it tells what methods mean, not that a text is a number.
        if type_ and type_ not in attributes.NUMBERS:
            return Value(Kind.UNKNOWN, None, type_, values.within(value), value.facts)
    return value


def summarise(run: Run, own: Defined, given: Mapping[str, Value]) -> Summary:
    """Read a function with its parameters holding these."""
    before, changed = run.frame, run.changed
    frame = run.frame = Frame(own.unit, own, State(dict(given)))
    run.project.noted.add(own.unit.name)
    try:
        run.block(own.node.body)
        if not frame.state.dead:
            frame.returned.append((NONE, frame.state.facts, frame.state.names))
    finally:
        run.frame, run.changed = before, changed
    answers.settle(frame)
    return _summed(run, frame, own, given)


def in_place(
    run: Run, node: ir.Lambda, unit: Unit, around: Mapping[str, Value], arguments: Sequence[Value], keywords: Mapping[str, Value]
) -> Value:
    """A call of a lambda, which is read where it is called, as a part of what calls it."""
    if run.frame.lambdas.count(id(node)) > 1:
        return nobody(UNKNOWN, [*arguments, *keywords.values()], {}, ())
    names, given = dict(around), list(arguments)
    for parameter in node.parameters:
        names[parameter.name] = given.pop(0) if given else keywords.get(parameter.name, UNKNOWN)
    before = run.frame
    frame = run.frame = Frame(unit, before.defined, State(names, before.state.facts))
    frame.found, frame.reaches, frame.lambdas = before.found, before.reaches, before.lambdas
    frame.lambdas.append(id(node))
    try:
        found = run.settled(run.value(node.body), frame.state.facts)
    finally:
        frame.lambdas.pop()
        run.frame = before
    for name, value in around.items():
        assigning.change(run, value, names[name])
    return found


def _summed(run: Run, frame: Frame, own: Defined, given: Mapping[str, Value]) -> Summary:
    found: Value | None = None
    on_return: Facts | None = None
    true: Facts | None = None
    false: Facts | None = None
    for value, seen, _ in frame.returned:
        settled = run.settled(closures.closed(run.scopes, value) if frame.makes_functions else value, seen)
        found = settled if found is None else values.join(found, settled)
        on_return = seen if on_return is None else values.common(on_return, seen)
        known, (if_true, if_false) = values.truth(value), facts.of(value)
        if known is not False:
            both = values.united(seen, if_true)
            true = both if true is None else values.common(true, both)
        if known is not True:
            both = values.united(seen, if_false)
            false = both if false is None else values.common(false, both)
    # Against two dicts of two dicts and so on: each alone is light, and what they are joined to need not be.
    returned = values.light(found) if found is not None else UNKNOWN
    if frame.yielded or own.node.is_generator:
        inner = frame.yielded[0] if frame.yielded else UNKNOWN
        for value in frame.yielded[1:]:
            inner = values.join(inner, value)
        returned = Value(Kind.KEYED, ({}, inner), "builtins.list")
    elif true or false:
        returned = returned.sure((true or NOTHING, false or NOTHING))
    reaches = {atom: tuple(kept.values()) for atom, kept in frame.reaches.items()}
    returns = bool(frame.returned) or own.node.is_generator
    return Summary(returned, on_return or NOTHING, reaches, frame.found, _changed(run, frame, own, given), returns, given)


_CHANGEABLE = frozenset({Kind.OBJECT, Kind.KEYED, Kind.ITEMS, Kind.UNKNOWN, Kind.LOCAL})


def _changed(run: Run, frame: Frame, own: Defined, given: Mapping[str, Value]) -> dict[str, Value]:
    """What was given and holds something else wherever the function returns, and what it changed in modules."""
    found: dict[str, Value] = {}
    names = [*given, *dict.fromkeys(name for _, _, end in frame.returned for name in end if ":" in name and name not in given)]
    for name in names:
        start = given.get(name)
        ends = [end.get(name) for _, _, end in frame.returned]
        if all(end is start for end in ends):
            continue
        is_shared = name in run.scopes.of(own.node).shared
        if start is not None and start.kind not in _CHANGEABLE and not is_shared:
            continue
        if ":" not in name and name in run.scopes.of(own.node).bound:
            continue  # the variable got another value, which is nobody's but its own
        whole: Value | None = None
        for (_, seen, _), end in zip(frame.returned, ends, strict=True):
            here = end if end is not None else start if start is not None else run.untouched(name)
            if here is not None:
                here = run.settled(closures.closed(run.scopes, here) if frame.makes_functions else here, seen)
                whole = here if whole is None else values.join(whole, here)
        if whole is not None and (start is None or is_shared or whole.kind in _CHANGEABLE):
            found[name] = whole
    return found


def _put_in(
    run: Run,
    own: Defined,
    summary: Summary,
    given: Mapping[Atom, Taint],
    at: int,
    inputs: Mapping[str, Value],
    written: ir.Expression | None,
) -> Value:
    frame = run.frame
    for key, found in summary.found.items():
        known = frame.found.get(key)
        if known is None or (known.weak and not found.weak):
            frame.found[key] = found
    said = f"is passed to {own.node.name}()"
    for atom, reaches in summary.reaches.items():
        taint = standing(given, atom, own)
        if taint:
            for reach in reaches:
                sinks.carry(run, reach, taint, at, said)
    put = Put(run, own, given, at, summary, inputs)
    if summary.changed:
        put.changes(written)
        for name in summary.changed:  # `nonlocal` gives a variable of this function another value
            indexes.turned(frame, name)
    if not summary.returns:
        if frame.raised:
            frame.raised[-1].append(frame.state.copy())
        frame.state.dead = True
        return UNKNOWN
    frame.state.learn(known_of(summary.on_return, given, own))
    given_back = put.value(summary.returned)
    run.memory.spend(put.count)
    return given_back
