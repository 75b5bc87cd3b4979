"""What runs around a handler and hands it something: a class view's own set-up, and the project's decorators.

Against a value of a request that no parameter brings: `self.word` is set in `setup`, and a decorator calls the view with one argument more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ringwork.survey.taint import ir, summaries, values
from ringwork.survey.taint.frames import Frame, Run, State
from ringwork.survey.taint.handlers import Handler
from ringwork.survey.taint.units import Defined, blocks
from ringwork.survey.taint.values import Kind, Value

_BEFORE = ("__init__", "setup", "initial", "dispatch", "prepare")
"""Methods of class views that run before the one that answers, in their order."""


def factory(run: Run, own: Defined) -> dict[str, Value]:
    """What the functions around a handler import, or make by one call each: a factory makes the application and its views use the rest.

    Against an application of which nothing stands at the top of a module, and of whose views nothing would be understood.
    """
    frame = Frame(own.unit, None, State({}))
    before, run.frame = run.frame, frame
    try:
        for maker in _makers(own):
            statements = list(_statements(maker.node.body))
            given = Counter(_single(one) for one in statements)
            for one in statements:
                if isinstance(one, ir.Import | ir.ImportFrom) or (given[name := _single(one)] == 1 and name):
                    run.block((one,))
    finally:
        run.frame = before
    return frame.state.names


def _makers(own: Defined) -> list[Defined]:
    """The functions around a function, outermost first."""
    found: list[Defined] = []
    outer = own.qualname
    while "<locals>" in outer:
        outer = outer.rpartition(".<locals>")[0]
        if outer in own.unit.functions:
            found.insert(0, own.unit.functions[outer])
    return found


def _single(statement: ir.Statement) -> str:
    """The one name that a statement gives what a call makes, "" for any other."""
    if isinstance(statement, ir.Assign) and len(statement.targets) == 1 and isinstance(statement.value, ir.Call):
        target = statement.targets[0]
        return target.id if isinstance(target, ir.Name) else ""
    return ""


def _statements(block: ir.Block) -> Iterator[ir.Statement]:
    """The statements of a function's own scope."""
    for one in block:
        yield one
        for inner in blocks(one):
            yield from _statements(inner)


_REQUESTS = {
    "fastapi": "starlette.requests.Request",
    "starlette": "starlette.requests.Request",
    "django": "django.http.HttpRequest",
    "aiohttp": "aiohttp.web.Request",
}
"""What a middleware is called with, by framework."""


def before(run: Run, own: Defined, handler: Handler) -> None:
    """Read what runs before a handler and keeps something for it; the frame being read is the handler's."""
    for name in handler.before:
        hook = run.project.function(name)
        if hook is not None and hook is not own:
            receiver = Value(Kind.OBJECT, (hook.owner, {}), hook.owner.dotted) if hook.owner is not None else None
            given = [values.unknown({}, _REQUESTS[handler.framework])] if handler.framework in _REQUESTS else []
            summaries.defined(run, hook, given, {}, own.node.at, receiver=receiver)
            run.frame.state.dead = False


def set_up(run: Run, own: Defined, handler: Handler) -> None:
    """Read what a class view does with its object before the method that answers; the frame being read is that method's."""
    first = own.node.parameters[:1]
    owner = run.project.class_(handler.instance) if handler.instance else None
    if owner is None or not first or own.node.name in _BEFORE:
        return
    names, at = run.frame.state.names, own.node.at
    for name in _BEFORE:
        method = run.project.method(owner, name)
        mine = names.get(first[0].name)
        if method is not None and mine is not None and mine.kind is Kind.OBJECT:
            request = mine.data[1].get("request")
            given = [request] if request is not None and len(method.node.parameters) > 1 else []
            summaries.defined(run, method, given, {}, at, receiver=mine, written=ir.Name(at, first[0].name))
            run.frame.state.dead = False  # what a view refuses at its door depends on the request


def wrapped(run: Run, own: Defined, handler: Handler, given: Mapping[str, Value]) -> None:
    """Read a handler once more as its decorators call it, where one of its parameters comes from nothing else."""
    parameters = [one for one in own.node.parameters if one.kind not in {"args", "kwargs"}]
    missing = [one for one in parameters if one.name not in handler.brought and one.default is None and one.name not in _OBJECTS]
    if not missing or own.owner is not None:
        return
    before, run.frame = run.frame, Frame(own.unit, own, State({}))
    run.frame.found = before.found
    try:
        view = values.named(own.dotted)
        for decorator in reversed(own.node.decorators):
            view = _decorated(run, own, decorator, view)
        if view.kind is Kind.LOCAL:
            at = own.node.at
            first = [one.name for one in parameters[:1] if one.name == "request"]
            named = {name: value for name, value in given.items() if name in handler.brought and name not in first}
            run.apply(run, view, [given[name] for name in first], named, ir.Call(at, ir.Broken(at, ()), (), ()), [])
    finally:
        run.frame = before


_OBJECTS = frozenset({"self", "cls", "request"})


def is_called_by_own(run: Run, own: Defined) -> bool:
    """Whether a decorator of the project stands around a function, and so may say what it is given."""
    return any(_maker(run, own, decorator) is not None for decorator in own.node.decorators)


def _maker(run: Run, own: Defined, decorator: ir.Expression) -> Defined | None:
    return run.project.function(run.project.resolve(own.unit, decorator.function if isinstance(decorator, ir.Call) else decorator))


def _decorated(run: Run, own: Defined, decorator: ir.Expression, view: Value) -> Value:
    """A view after one decorator; the same where that is a library's, which hands on what it is called with."""
    maker = _maker(run, own, decorator)
    if maker is None:
        return view
    made = values.named(maker.dotted)
    call = ir.Call(decorator.at, ir.Broken(decorator.at, ()), (), ())
    if isinstance(decorator, ir.Call):
        made = run.apply(run, made, [run.at_top(own.unit, one) for one in decorator.arguments], {}, call, [])
    found: Value = run.apply(run, made, [view], {}, call, [])
    return found if found.kind is Kind.LOCAL else view
