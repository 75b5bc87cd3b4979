"""What a statement does to what is known: ways that part and come together, loops, and what is never reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ringwork.survey.taint import assigning, attributes, expressions, facts, folding, ir, narrowing, rounds, values
from ringwork.survey.taint.frames import Run, State
from ringwork.survey.taint.units import Defined, DefinedClass
from ringwork.survey.taint.values import NONE, TRUE, UNKNOWN, Kind, Value


def _assign(run: Run, node: ir.Assign) -> None:
    value = run.value(node.value)
    for target in node.targets:
        assigning.assign(run, target, value, node.at)


def _declare(run: Run, node: ir.Declare) -> None:
    if node.value is not None:
        value = run.value(node.value)
        if value.kind in {Kind.UNKNOWN, Kind.METHOD} and not value.type:
            declared = attributes.type_of(run, run.frame.unit, node.annotation)
            value = Value(Kind.UNKNOWN, None, declared, value.taint, value.facts) if declared else value
        assigning.assign(run, node.target, value, node.at)


def _augment(run: Run, node: ir.Augment) -> None:
    left, right = run.value(node.target), run.value(node.value)
    assigning.assign(run, node.target, expressions.binary(run, node.operator, left, right, node.at), node.at)


def _evaluate(run: Run, node: ir.Evaluate) -> None:
    run.value(node.value)


def _return(run: Run, node: ir.Return) -> None:
    value = run.value(node.value) if node.value is not None else NONE
    if not run.frame.state.dead:
        run.returning(value, node.at)
    run.frame.state.dead = True


def _raise(run: Run, node: ir.Raise) -> None:
    if node.value is not None:
        run.raising(run.value(node.value), node.at)
    _thrown(run)


def _thrown(run: Run) -> None:
    if run.frame.raised:
        run.frame.raised[-1].append(run.frame.state.copy())
    run.frame.state.dead = True


def _assert(run: Run, node: ir.Assert) -> None:
    test = run.value(node.test)
    if values.truth(test) is not False:
        run.frame.state.learn(facts.of(test)[0])


def _delete(run: Run, node: ir.Delete) -> None:
    for target in node.targets:
        if isinstance(target, ir.Name):
            run.frame.state.names.pop(target.id, None)
        elif isinstance(target, ir.Item) and not (isinstance(target.key, ir.Constant) and isinstance(target.key.value, str)):
            assigning.shifted(run, run.value(target.of))


def _jump(run: Run, node: ir.Jump) -> None:
    if run.frame.loops:
        run.frame.loops[-1][0 if node.kind == "break" else 1].append(run.frame.state.copy())
    run.frame.state.dead = True


def _if(run: Run, node: ir.If) -> None:
    if run.frame.defined is None and _is_main(node.test):
        around, run.memory.around = run.memory.around, (False, True)
        run.block(node.then)
        run.memory.around = around
        return
    test = run.value(node.test)
    known = values.truth(test)
    if known is not None:
        run.block(node.then if known else node.other)
        return
    seen = facts.of(test)
    before = run.frame.state
    run.frame.state = before.copy()
    run.frame.state.learn(seen[0])
    narrowing.narrow(run, node.test, is_true=True)
    run.block(node.then)
    then = run.frame.state
    run.frame.state = before
    before.learn(seen[1])
    narrowing.narrow(run, node.test, is_true=False)
    run.block(node.other)
    run.frame.state = run.meet(then, run.frame.state)


def _is_main(test: ir.Expression) -> bool:
    """if __name__ == "__main__": what no server runs that imports the module."""
    return isinstance(test, ir.Compare) and isinstance(test.left, ir.Name) and test.left.id == "__name__"


def _while(run: Run, node: ir.While) -> None:
    test = run.value(node.test)
    if values.truth(test) is False:
        run.block(node.other)
        return
    is_endless = values.truth(test) is True and isinstance(node.test, ir.Constant)

    def once() -> None:
        test = run.value(node.test)
        run.frame.state.learn(facts.of(test)[0])
        run.block(node.body)

    def leave() -> None:
        run.frame.state.learn(facts.of(run.value(node.test))[1])

    fresh = run.fresh(node, lambda: rounds.fresh(node.body, None, node.test))
    _loop(run, once, node.other, fresh, is_endless=is_endless, leave=leave)


def _for(run: Run, node: ir.For) -> None:
    source = run.value(node.source)

    def once() -> None:
        assigning.assign(run, node.target, attributes.element(run, source), node.at)
        run.block(node.body)

    is_sure = source.kind is Kind.ITEMS and bool(source.data)
    fresh = run.fresh(node, lambda: rounds.fresh(node.body, node.target, None))
    _loop(run, once, node.other, fresh, is_endless=False, leave=lambda: None, is_sure=is_sure)


def _loop(
    run: Run,
    once: Callable[[], None],
    other: ir.Block,
    fresh: frozenset[str],
    *,
    is_endless: bool,
    leave: Callable[[], None],
    is_sure: bool = False,
) -> None:
    """The body read twice, so that what one round leaves is seen by the next; then every way out is joined.

    fresh: variables that a round does not take over from the one before it.
    """
    frame = run.frame
    left: list[State] = []
    entry = frame.state
    for _ in range(2):
        start = entry.copy()
        again: list[State] = []
        frame.loops.append((left, again))
        frame.state = start
        once()
        frame.loops.pop()
        end = frame.state
        for state in again:
            end = run.meet(end, state)
        before, entry = entry, end if is_sure and not end.dead else run.meet(entry, end)
        if _is_left(before, entry, fresh):
            break
    frame.state = State(dict(entry.names), entry.facts, dead=entry.dead or is_endless)
    if not frame.state.dead:
        leave()
        run.block(other)
    for state in left:
        frame.state = run.meet(frame.state, state)


def _is_left(before: State, after: State, fresh: frozenset[str]) -> bool:
    """Whether a round left all that the next one could see of it as it was, so that it would be the same again."""
    names = before.names
    is_same = all(names.get(name) is value or name in fresh for name, value in after.names.items())
    return is_same and names.keys() <= after.names.keys() and before.facts == after.facts and before.dead == after.dead


def _try(run: Run, node: ir.Try) -> None:
    frame = run.frame
    before = frame.state.copy()
    thrown: list[State] = []
    frame.raised.append(thrown)
    run.block(node.body)
    frame.raised.pop()
    done = frame.state
    # An exception may come at any point of the body: what it assigned may hold, or what was there before.
    caught = run.meet(before.copy(), done) if not done.dead else before.copy()
    for state in thrown:
        caught = run.meet(caught, state)
    run.block(node.other)
    after = frame.state
    for handler in node.handlers:
        frame.state = caught.copy()
        if handler.name:
            frame.state.names[handler.name] = run.caught(handler)
        run.block(handler.body)
        after = run.meet(after, frame.state)
    if node.final:
        is_dead = after.dead
        frame.state = after if not is_dead else caught.copy()
        run.block(node.final)
        frame.state.dead = frame.state.dead or is_dead
        return
    frame.state = after


def _with(run: Run, node: ir.With) -> None:
    for manager, target in node.items:
        value = run.value(manager)
        entered = run.entered(value, node.at)
        if target is not None:
            assigning.assign(run, target, entered, node.at)
    run.block(node.body)


def _match(run: Run, node: ir.Match) -> None:
    subject = run.value(node.subject)
    before = run.frame.state
    out: State | None = None
    is_decided = False
    for case in node.cases:
        fits = _fits(run, case.pattern, subject)
        if fits is False:
            continue
        run.frame.state = before.copy()
        _bind(run, case.pattern, subject, case.at)
        if fits is None:
            run.frame.state.learn(_equal(run, case.pattern, subject))
        if case.guard is not None:
            test = run.value(case.guard)
            fits = values.truth(test) if fits else None
            if fits is False:
                continue
            run.frame.state.learn(facts.of(test)[0])
        run.block(case.body)
        out = run.frame.state if out is None else run.meet(out, run.frame.state)
        if fits:
            is_decided = True
            break
    if not is_decided:
        out = before if out is None else run.meet(out, before)
    run.frame.state = out if out is not None else before


def _fits(run: Run, pattern: ir.Pattern, subject: Value) -> bool | None:
    if isinstance(pattern, ir.Capture):
        return True
    if isinstance(pattern, ir.Bound):
        return _fits(run, pattern.pattern, subject)
    if isinstance(pattern, ir.Either):
        found = [_fits(run, one, subject) for one in pattern.patterns]
        return True if True in found else None if None in found else False
    if isinstance(pattern, ir.Matches):
        wanted, given = attributes.literal(run.value(pattern.value)), attributes.literal(subject)
        if wanted is not folding.ABSENT and given is not folding.ABSENT:
            return type(wanted) is type(given) and bool(wanted == given)
    return None


def _equal(run: Run, pattern: ir.Pattern, subject: Value) -> values.Facts:
    if isinstance(pattern, ir.Matches):
        return facts.compared("==", subject, run.value(pattern.value))[0]
    if isinstance(pattern, ir.Either) and all(isinstance(one, ir.Matches) for one in pattern.patterns):
        return facts.compared("==", subject, TRUE)[0]
    return {}


def _bind(run: Run, pattern: ir.Pattern, subject: Value, at: int) -> None:
    names = run.frame.state.names
    if isinstance(pattern, ir.Capture | ir.Rest):
        if pattern.name:
            names[pattern.name] = subject
    elif isinstance(pattern, ir.Bound):
        names[pattern.name] = subject
        _bind(run, pattern.pattern, subject, at)
    elif isinstance(pattern, ir.Either):
        for one in pattern.patterns:
            _bind(run, one, subject, at)
    elif isinstance(pattern, ir.Several):
        for index, inner in enumerate(pattern.items):
            _bind(run, inner, attributes.item(run, subject, values.constant(index), at), at)
    elif isinstance(pattern, ir.Keyed):
        for key, inner in pattern.items:
            _bind(run, inner, attributes.item(run, subject, run.value(key), at), at)
        if pattern.rest:
            names[pattern.rest] = subject
    elif isinstance(pattern, ir.Instance):
        for name, inner in pattern.items:
            _bind(run, inner, attributes.of(run, subject, name, at) if name else values.unknown(values.within(subject)), at)


def _function(run: Run, node: ir.Function) -> None:
    frame = run.frame
    prefix = f"{frame.defined.qualname}.<locals>." if frame.defined is not None else ""
    defined = frame.unit.functions.get(prefix + node.name)
    frame.makes_functions = True
    frame.state.names[node.name] = Value(Kind.LOCAL, (defined or Defined(frame.unit, prefix + node.name, node), frame))


def _class(run: Run, node: ir.Class) -> None:
    frame = run.frame
    prefix = f"{frame.defined.qualname}.<locals>." if frame.defined is not None else ""
    owner: DefinedClass | None = frame.unit.classes.get(prefix + node.name)
    frame.state.names[node.name] = values.named(owner.dotted) if owner is not None else UNKNOWN


def _import(run: Run, node: ir.Import) -> None:
    for dotted, name in node.names:
        first = dotted.partition(".")[0]
        run.frame.state.names[name or first] = attributes.named(run, dotted if name else first)


def _import_from(run: Run, node: ir.ImportFrom) -> None:
    base = run.frame.unit.absolute(node.level, node.module)
    for name, renamed in node.names:
        run.frame.state.names[renamed or name] = attributes.named(run, f"{base}.{name}" if base else name)


def _scope(run: Run, node: ir.Scope) -> None:
    if node.kind == "global":
        run.frame.globals = run.frame.globals | frozenset(node.names)


def _nothing(run: Run, node: Any) -> None:
    for part in getattr(node, "parts", ()):
        if type(part) in expressions.EXPRESSIONS:
            run.value(part)


STATEMENTS: Mapping[type, Callable[[Run, Any], None]] = {
    ir.Assign: _assign, ir.Declare: _declare, ir.Augment: _augment, ir.Evaluate: _evaluate, ir.Return: _return, ir.Raise: _raise,
    ir.Assert: _assert, ir.Delete: _delete, ir.Jump: _jump, ir.If: _if, ir.While: _while, ir.For: _for, ir.Try: _try, ir.With: _with,
    ir.Match: _match, ir.Function: _function, ir.Class: _class, ir.Import: _import, ir.ImportFrom: _import_from, ir.Scope: _scope,
    ir.Alias: _nothing, ir.Broken: _nothing,
}  # fmt: skip
