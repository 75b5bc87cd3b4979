"""What a test says of the variables that it names, on the way where it holds and on the other.

Against a check that is taken for none, as it is asked of a value only where there is one: `if address and not is_own(address):`. That
an empty value does no harm is said of the variable, not of the piece of the request: what was made of a piece may be empty where the
piece is not.
"""

from __future__ import annotations

from ringwork.survey.taint import attributes, facts, ir, values
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.values import Kind, Value


def narrow(run: Run, test: ir.Expression, *, is_true: bool) -> None:
    """`if x is None`, `if not x`: what a name holds on this way."""
    while isinstance(test, ir.Unary) and test.operator == "not":
        test, is_true = test.value, not is_true
    if isinstance(test, ir.Call) and is_true:
        _instance(run, test)
    if isinstance(test, ir.Logic) and is_true is (test.operator == "or"):
        _empty_or(run, test)
    names = run.frame.state.names
    if isinstance(test, ir.Compare) and len(test.operators) == 1 and isinstance(test.left, ir.Name):
        right = test.rights[0]
        if test.operators[0] in {"is", "=="} and isinstance(right, ir.Constant) and is_true and test.left.id in names:
            names[test.left.id] = values.constant(right.value)
    if isinstance(test, ir.Name) and test.id in names:
        held = names[test.id]
        kept = [one for one in values.alternatives(held) if values.truth(one) in {None, is_true}]
        if held.kind is Kind.SEVERAL and 0 < len(kept) < len(held.data):
            names[test.id] = (
                kept[0] if len(kept) == 1 else Value(Kind.SEVERAL, tuple(kept), "", values.merge([values.within(k) for k in kept]))
            )


def _instance(run: Run, test: ir.Call) -> None:
    if isinstance(test.function, ir.Name) and test.function.id == "isinstance" and len(test.arguments) == 2:
        subject, kinds = test.arguments
        if isinstance(subject, ir.Name) and subject.id in run.frame.state.names:
            each = kinds.items if isinstance(kinds, ir.Sequence) else (kinds,)
            types = [attributes.full(run.models.canonical(run.project.resolve(run.frame.unit, one))) for one in each]
            if types and all(type_ in attributes.NUMBERS for type_ in types):
                run.frame.state.names[subject.id] = Value(Kind.UNKNOWN, None, types[0])


def _empty_or(run: Run, test: ir.Logic) -> None:
    """One part of several decided. Where that may be one by which a variable is empty, the others say what holds of it if it is not."""
    is_true, names = test.operator == "or", run.frame.state.names
    empty = [_empty(part, is_true=is_true) for part in test.values]
    for name in sorted(frozenset[str]().union(*empty)):
        held = names.get(name)
        if held is None or not held.taint or held.kind is not Kind.UNKNOWN:
            continue
        others = [facts.of(run.value(part)) for part, names_ in zip(test.values, empty, strict=True) if name not in names_]
        seen = [other[0 if is_true else 1] for other in others]
        known = seen[0] if seen else values.NOTHING
        for other in seen[1:]:
            known = values.common(known, other)
        names[name] = run.settled(held, known)


def _empty(test: ir.Expression, *, is_true: bool) -> frozenset[str]:
    """Variables that are empty where a test comes out so."""
    if isinstance(test, ir.Name):
        return frozenset() if is_true else frozenset({test.id})
    if isinstance(test, ir.Unary) and test.operator == "not":
        return _empty(test.value, is_true=not is_true)
    if isinstance(test, ir.Logic):
        each = [_empty(part, is_true=is_true) for part in test.values]
        is_each = is_true is (test.operator == "and")
        return each[0].union(*each[1:]) if is_each else each[0].intersection(*each[1:])
    return frozenset()
