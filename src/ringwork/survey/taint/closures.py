"""Functions inside functions: what they use of the variables around them is given to them like an argument.

Against a value that comes in by another door: a function that was made and handed back still holds what its maker was given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ringwork.survey.taint import ir, values
from ringwork.survey.taint.units import Unit
from ringwork.survey.taint.values import Kind, Value
from ringwork.survey.taint.walk import walk

_DEEP = 3


class Closure(NamedTuple):
    """The variables around a function, as they were when it was handed on."""

    unit: Unit
    names: Mapping[str, Value]


class Scope(NamedTuple):
    """Names in a function's text.

    used: in their order. bound: those that it gives a value itself. shared: those of others that it may give one. node: whose scope it is.
    """

    used: tuple[str, ...]
    bound: frozenset[str]
    shared: frozenset[str]
    node: Any


class Scopes:
    """The scopes of functions, each looked for once."""

    def __init__(self) -> None:
        self._known: dict[int, Scope] = {}

    def of(self, node: Any) -> Scope:
        """The scope of an ir.Function or ir.Lambda."""
        found = self._known.get(id(node))
        if found is None:
            found = self._known[id(node)] = _scope(node)
        return found


def _scope(node: Any) -> Scope:
    used: dict[str, None] = {}
    bound: set[str] = set()
    shared: set[str] = set()
    for part in walk(node.body):
        kind = type(part)
        if kind is ir.Name:
            used[part.id] = None
        elif kind is ir.Assign:
            for target in part.targets:
                bound.update(_targets(target))
        elif kind in {ir.Declare, ir.Augment, ir.For, ir.Loop}:
            bound.update(_targets(part.target))
        elif kind is ir.With:
            for _, target in part.items:
                bound.update(_targets(target) if target is not None else ())
        elif kind in {ir.Walrus, ir.Handler, ir.Function, ir.Class} and part.name:
            bound.add(part.name)
        elif kind in {ir.Import, ir.ImportFrom}:
            bound.update(name or dotted.partition(".")[0] for dotted, name in part.names)
        elif kind is ir.Scope:
            shared.update(part.names)
    return Scope(tuple(used), frozenset(bound - shared), frozenset(shared), node)


def _targets(target: ir.Expression) -> list[str]:
    if isinstance(target, ir.Name):
        return [target.id]
    if isinstance(target, ir.Starred):
        return _targets(target.value)
    if isinstance(target, ir.Sequence):
        return [name for item in target.items for name in _targets(item)]
    return []


def captured(scope: Scope, names: Mapping[str, Value]) -> dict[str, Value]:
    """What a function uses of the variables around it. Its own name stays out: it is known inside anyway."""
    given = {parameter.name for parameter in scope.node.parameters}
    found: dict[str, Value] = {}
    for name in scope.used:
        value = names.get(name)
        if value is not None and name not in given and name not in scope.bound and not _is_self(value, scope.node):
            found[name] = value
    return found


def _is_self(value: Value, node: Any) -> bool:
    return value.kind is Kind.LOCAL and node_of(value) is node


def node_of(value: Value) -> Any:
    """The text of a function that is a value."""
    what = value.data[0]
    return what if isinstance(what, ir.Lambda) else what.node


def around(value: Value) -> Mapping[str, Value]:
    """The variables around a function that is a value, as they are now."""
    holder = value.data[1]
    return holder.names if isinstance(holder, Closure) else holder.state.names


def closed(scopes: Scopes, value: Value, depth: int = 0) -> Value:
    """The same, with nothing in it that changes when its maker goes on."""
    kind = value.kind
    if kind is Kind.LOCAL:
        if isinstance(value.data[1], Closure):
            return value
        inner = captured(scopes.of(node_of(value)), around(value)) if depth < _DEEP else {}
        names = {name: closed(scopes, one, depth + 1) for name, one in inner.items()}
        return Value(kind, (value.data[0], Closure(value.data[1].unit, names)))
    if kind not in values.HOLDING or not holds_functions(value):
        return value
    return mapped(value, lambda part: closed(scopes, part, depth))


def holds_functions(value: Value, depth: int = 0) -> bool:
    """Whether a function is somewhere in it."""
    if value.kind is Kind.LOCAL:
        return True
    return depth < _DEEP and value.kind in values.HOLDING and any(holds_functions(part, depth + 1) for part in values.inside(value))


def mapped(value: Value, change: Callable[[Value], Value]) -> Value:
    """The same with each value inside changed."""
    return Value(value.kind, inside(value, change), value.type, value.taint, value.facts)


def inside(value: Value, change: Callable[[Value], Value]) -> Any:
    """The data of a value with each value inside changed."""
    kind, data = value.kind, value.data
    if kind is Kind.KEYED:
        return {key: change(part) for key, part in data[0].items()}, change(data[1]) if data[1] is not None else None
    if kind is Kind.OBJECT:
        return data[0], {name: change(part) for name, part in data[1].items()}
    if kind in _ROWS:
        return tuple([change(part) if type(part) is Value else part for part in data])
    if kind is Kind.METHOD:
        return change(data[0]), data[1]
    if kind is Kind.LOCAL and isinstance(data[1], Closure):
        return data[0], Closure(data[1].unit, {name: change(part) for name, part in data[1].names.items()})
    return data


_ROWS = frozenset({Kind.TEXT, Kind.ITEMS, Kind.SEVERAL})
