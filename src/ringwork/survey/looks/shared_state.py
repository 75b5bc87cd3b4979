"""State that requests share without meaning to: defaults that are changed, attributes of classes, globals that a handler sets.

Against the data of one person in the answer to another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, last, mentions, words, written
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import walk

_CHANGES = frozenset({
    "append", "add", "update", "extend", "insert", "pop", "remove", "clear", "setdefault", "discard", "popitem", "appendleft",
})  # fmt: skip
_MAKERS = frozenset({"list", "dict", "set", "defaultdict", "OrderedDict", "deque", "Counter"})
_VIEWS = ("View", "ViewSet", "Resource", "APIView", "MethodView", "HTTPEndpoint", "RequestHandler", "Controller")
_PERSONAL = frozenset({"user", "session", "request", "token", "tenant", "account", "principal", "customer"})


def look(seen: Seen) -> Iterator[Flow]:
    """What the requests to one module share."""
    for function, scope in seen.of(ir.Function):
        inner = Scope(f"{scope.qualname}.{function.name}".lstrip("."), function, scope.owner)
        yield from _defaults(seen, inner, function)
        if seen.handler(inner) or _is_of_view(scope):
            yield from _globals(seen, inner, function)
            yield from _classes(seen, inner, function)


def _is_of_view(scope: Scope) -> bool:
    owner = scope.owner
    return owner is not None and any(last(base).endswith(_VIEWS) for base in owner.bases)


def _is_container(expression: ir.Expression | None) -> bool:
    if isinstance(expression, ir.Sequence):
        return expression.kind != "tuple"
    return isinstance(expression, ir.Mapping) or (isinstance(expression, ir.Call) and last(expression.function) in _MAKERS)


def _changed(body: tuple[Any, ...], name: str) -> int:
    """Where a container of this name, as it is written, is changed; 0 for nowhere."""
    for part in walk(body):
        if (
            isinstance(part, ir.Call)
            and isinstance(part.function, ir.Attribute)
            and part.function.name in _CHANGES
            and _is(part.function.of, name)
        ):
            return part.at
        targets = part.targets if isinstance(part, ir.Assign | ir.Delete) else (part.target,) if isinstance(part, ir.Augment) else ()
        for target in targets:
            if isinstance(target, ir.Item) and _is(target.of, name):
                return part.at  # type: ignore[no-any-return] # every statement has a place
    return 0


def _is(expression: ir.Expression, name: str) -> bool:
    return isinstance(expression, ir.Name | ir.Attribute) and written(expression) == name


def _defaults(seen: Seen, scope: Scope, function: ir.Function) -> Iterator[Flow]:
    for parameter in function.parameters:
        if not _is_container(parameter.default) or _is_replaced(function.body, parameter.name):
            continue
        others = [
            target.id
            for part in function.body
            if isinstance(part, ir.Assign) and _is(part.value, parameter.name)
            for target in part.targets
            if isinstance(target, ir.Name)
        ]
        at = next((at for name in (parameter.name, *others) if (at := _changed(function.body, name))), 0)
        if at:
            strength = STRONG if seen.handler(scope) or words(f"{scope.qualname}.{parameter.name}") & _PERSONAL else WEAK
            detail = f"The default of {parameter.name} is made once and changed by every call that does not give it."
            yield seen.flow(
                "mutable-state", at, strength=strength, sink=parameter.name, detail=detail, scope=scope, said="a default is changed"
            )


def _is_replaced(body: ir.Block, name: str) -> bool:
    """Whether something new takes the place of a default before it is changed: always, or where the default stands there."""
    for part in body:
        if isinstance(part, ir.Assign) and any(_is(target, name) for target in part.targets):
            return True
        if isinstance(part, ir.If) and mentions((part.test,), (name,)) and _is_set_anew(part.then, name):
            return True
    return False


def _is_set_anew(body: tuple[Any, ...], name: str) -> bool:
    return any(isinstance(part, ir.Assign) and any(_is(target, name) for target in part.targets) for part in walk(body))


def _globals(seen: Seen, scope: Scope, function: ir.Function) -> Iterator[Flow]:
    declared = {name for part in walk(function.body) if isinstance(part, ir.Scope) and part.kind == "global" for name in part.names}
    for part in walk(function.body if declared else ()):
        targets = part.targets if isinstance(part, ir.Assign) else ()
        for target in targets:
            if isinstance(target, ir.Name) and target.id in declared and not mentions(function.body, ("lock", "Lock", "_lock")):
                is_personal = bool(words(target.id) & _PERSONAL)
                detail = f"A handler sets the global {target.id}, which all requests of the process share."
                strength = STRONG if is_personal else WEAK
                yield seen.flow(
                    "mutable-state", part.at, strength=strength, sink=target.id, detail=detail, scope=scope, said="a global is set"
                )
    local = {parameter.name for parameter in function.parameters}
    for name, value in seen.unit.assigned.items():
        if name in local or not _is_container(value) or _is_set_anew(function.body, name):
            continue
        at = _changed(function.body, name)
        if at and not any("lock" in word.lower() for part in walk(function.body) if isinstance(part, ir.With) for word in _managers(part)):
            detail = f"A handler changes {name}, which all requests of the process share, without a lock."
            yield seen.flow(
                "mutable-state", at, strength=WEAK, sink=name, detail=detail, scope=scope, said="a container of the module is changed"
            )


def _managers(statement: ir.With) -> Iterator[str]:
    return (written(manager) for manager, _ in statement.items)


def _classes(seen: Seen, scope: Scope, function: ir.Function) -> Iterator[Flow]:
    owner = scope.owner
    if owner is None or function.name in {"__init__", "setup", "as_view", "__init_subclass__", "dispatch", "prepare"}:
        return
    shared = {
        target.id
        for part in owner.body
        if isinstance(part, ir.Assign) and _is_container(part.value)
        for target in part.targets
        if isinstance(target, ir.Name)
    }
    own = {
        target.name
        for part in walk(owner.body)
        if isinstance(part, ir.Assign)
        for target in part.targets
        if isinstance(target, ir.Attribute)
    }
    for name in sorted(shared - own):
        at = _changed(function.body, f"self.{name}")
        if at:
            detail = f"{owner.name}.{name} belongs to the class, so that all requests share and change it."
            yield seen.flow(
                "mutable-state",
                at,
                strength=STRONG,
                sink=f"{owner.name}.{name}",
                detail=detail,
                scope=scope,
                said="an attribute of the class is changed",
            )
    for part in walk(function.body):
        for target in part.targets if isinstance(part, ir.Assign) else ():
            if (
                isinstance(target, ir.Attribute)
                and written(target.of) in {owner.name, "cls", "self.__class__"}
                and mentions(part.value, ("request", "user"))
            ):
                detail = f"{written(target)} belongs to the class, and is given what one request brought."
                yield seen.flow(
                    "mutable-state",
                    part.at,
                    strength=STRONG,
                    sink=written(target),
                    detail=detail,
                    scope=scope,
                    said="an attribute of the class is set",
                )
