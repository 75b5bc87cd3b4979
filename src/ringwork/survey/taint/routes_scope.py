"""What a name means at one place of the source, as far as it can be told without running: constants, lists, classes and their attributes.

Against routes that are missed because their paths are put together: prefixes stand in constants, loops, settings and factories.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ringwork.survey.taint import folding, ir
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.units import Defined, DefinedClass, Unit, blocks

_DEEP = 12
"""Names that are followed one to the next; a longer chain is a circle."""
_MOST_ITEMS = 200


class Known(NamedTuple):
    """An expression, and where it stands."""

    scope: Scope
    expression: ir.Expression


@dataclass(slots=True, eq=False)
class Scope:
    """One place where names are looked up, inside out.

    prefix: what stands before the qualified names of what is defined here ("make.<locals>."). bound: names that a loop or a call gives a
    value of another place. assigned, imports: of this function's own statements; those of a module stand in its unit.
    """

    project: Project
    unit: Unit
    parent: Scope | None = None
    function: Defined | None = None
    owner: DefinedClass | None = None
    prefix: str = ""
    bound: dict[str, Known] = field(default_factory=dict)
    assigned: dict[str, ir.Expression] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()

    def chain(self) -> Iterator[Scope]:
        """This scope and those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def bind(self, bound: dict[str, Known]) -> Scope:
        """The same place with more names known, as in one turn of a loop."""
        return Scope(self.project, self.unit, parent=self, function=self.function, owner=self.owner, prefix=self.prefix, bound=bound)

    def holder(self, name: str) -> Scope | None:
        """The scope of a function that gives a name its meaning; None where the module does."""
        for scope in self.chain():
            if name in scope.bound or name in scope.assigned or name in scope.imports or name in scope.parameters:
                return scope
            if scope.prefix and (scope.prefix + name in scope.unit.functions or scope.prefix + name in scope.unit.classes):
                return scope
        return None


def of_module(project: Project, unit: Unit) -> Scope:
    """The top level of a module."""
    return Scope(project, unit)


def of_function(outside: Scope, defined: Defined) -> Scope:
    """The inside of a function. outside: where it is defined."""
    scope = Scope(
        outside.project, outside.unit, parent=outside, function=defined, owner=defined.owner, prefix=f"{defined.qualname}.<locals>."
    )
    scope.parameters = frozenset(parameter.name for parameter in defined.node.parameters)
    _fill(scope, defined.node.body)
    return scope


def around(project: Project, defined: Defined) -> Scope:
    """The place where a function is defined: its module, or the functions around it."""
    scope = of_module(project, defined.unit)
    outer = defined.qualname
    names = []
    while ".<locals>." in outer:
        outer = outer.rpartition(".<locals>.")[0]
        names.append(outer)
    for name in reversed(names):
        if name in defined.unit.functions:
            scope = of_function(scope, defined.unit.functions[name])
    return scope


def _fill(scope: Scope, body: ir.Block) -> None:
    for statement in body:
        if isinstance(statement, ir.Assign):
            for target in statement.targets:
                if isinstance(target, ir.Name):
                    scope.assigned[target.id] = statement.value
        elif isinstance(statement, ir.Declare):
            if isinstance(statement.target, ir.Name) and statement.value is not None:
                scope.assigned[statement.target.id] = statement.value
        elif isinstance(statement, ir.Import):
            for dotted, name in statement.names:
                first = dotted.partition(".")[0]
                scope.imports[name or first] = dotted if name else first
        elif isinstance(statement, ir.ImportFrom):
            base = scope.unit.absolute(statement.level, statement.module)
            for name, renamed in statement.names:
                scope.imports[renamed or name] = f"{base}.{name}" if base else name
        elif not isinstance(statement, ir.Function | ir.Class):
            for inner in blocks(statement):
                _fill(scope, inner)


# -- names ------------------------------------------------------------------------------------------------------


def dotted(scope: Scope, expression: ir.Expression, *, depth: int = _DEEP) -> str:
    """The canonical dotted name of what an expression names, "" where it names nothing that can be told."""
    if isinstance(expression, ir.Item):
        return dotted(scope, expression.of, depth=depth)
    parts: list[str] = []
    root: ir.Expression = expression
    while isinstance(root, ir.Attribute):
        parts.append(root.name)
        root = root.of
    if isinstance(root, ir.Name) and depth:
        holder = scope.holder(root.id)
        if holder is not None:
            inner = _local(holder, root.id, depth)
            return scope.project.canonical(".".join([inner, *reversed(parts)])) if inner else ""
    if isinstance(root, ir.Name | ir.Constant):
        return scope.project.resolve(scope.unit, expression)
    return ""


def _local(holder: Scope, name: str, depth: int) -> str:
    if name in holder.bound:
        known = holder.bound[name]
        return dotted(known.scope, known.expression, depth=depth - 1)
    if name in holder.imports:
        return holder.imports[name]
    if holder.prefix + name in holder.unit.functions or holder.prefix + name in holder.unit.classes:
        return f"{holder.unit.name}.{holder.prefix}{name}"
    value = holder.assigned.get(name)
    if isinstance(value, ir.Name | ir.Attribute) and not (isinstance(value, ir.Name) and value.id == name):
        return dotted(holder, value, depth=depth - 1)
    return ""


def written(expression: ir.Expression) -> str:
    """A name as it is written: "app.route" of a call's function; "" where it is no name."""
    if isinstance(expression, ir.Attribute):
        inner = written(expression.of)
        return f"{inner}.{expression.name}" if inner else expression.name
    if isinstance(expression, ir.Call):
        return written(expression.function)
    return expression.id if isinstance(expression, ir.Name) else ""


def follow(known: Known, *, depth: int = _DEEP) -> Known:
    """What a name, or an attribute of a class, a module or self, was given: the last expression that is no such name."""
    scope, expression = known
    if not depth:
        return known
    found: Known | None = None
    if isinstance(expression, ir.Name):
        found = _given(scope, expression.id)
    elif isinstance(expression, ir.Attribute):
        found = _attribute(scope, expression, depth)
    elif isinstance(expression, ir.Await | ir.Starred):
        found = Known(scope, expression.value)
    if found is None or (found.expression is expression and found.scope is scope):
        return known
    return follow(found, depth=depth - 1)


def _given(scope: Scope, name: str) -> Known | None:
    holder = scope.holder(name)
    if holder is not None:
        if name in holder.bound:
            return holder.bound[name]
        if name in holder.assigned:
            return Known(holder, holder.assigned[name])
        if name in holder.imports:
            return of_dotted(scope.project, scope.project.canonical(holder.imports[name]))
        return None
    if name in scope.unit.gives:
        return Known(of_module(scope.project, scope.unit), scope.unit.assigned[name])
    return of_dotted(scope.project, scope.project.resolve(scope.unit, ir.Name(0, name)))


def of_dotted(project: Project, name: str) -> Known | None:
    """What a module-level name, or an attribute of a class, of the project was given; None where it was nothing that can be told."""
    head, _, last = name.rpartition(".")
    unit = project.unit(head) if head else None
    if unit is not None and last in unit.gives:
        return Known(of_module(project, unit), unit.assigned[last])
    owner = project.class_(head) if head else None
    return class_value(project, owner, last) if owner is not None else None


def class_value(project: Project, owner: DefinedClass, name: str) -> Known | None:
    """What the body of a class, or of one of its bases, gives a name."""
    found = project.attribute(owner, name)
    return Known(of_module(project, found[0].unit), found[1]) if found is not None else None


def _attribute(scope: Scope, expression: ir.Attribute, depth: int) -> Known | None:
    named = dotted(scope, expression, depth=depth - 1)
    if named and (found := of_dotted(scope.project, named)) is not None:
        return found
    owner = instance_of(scope, expression.of, depth=depth - 1)
    if owner is None:
        return None
    return class_value(scope.project, owner, expression.name) or own_value(scope.project, owner, expression.name)


def own_value(project: Project, owner: DefinedClass, name: str) -> Known | None:
    """What a method of the class gives to self.name, its maker first."""
    methods = sorted(owner.methods.values(), key=lambda method: method.node.name != "__init__")
    for method in methods:
        first = method.node.parameters[0].name if method.node.parameters else ""
        for target, value in _assignments(method.node.body):
            if isinstance(target, ir.Attribute) and target.name == name and isinstance(target.of, ir.Name) and target.of.id == first:
                return Known(of_function(around(project, method), method), value)
    return None


def _assignments(body: ir.Block) -> Iterator[tuple[ir.Expression, ir.Expression]]:
    for statement in body:
        if isinstance(statement, ir.Assign):
            yield from ((target, statement.value) for target in statement.targets)
        elif isinstance(statement, ir.Declare) and statement.value is not None:
            yield statement.target, statement.value
        elif not isinstance(statement, ir.Function | ir.Class):
            for inner in blocks(statement):
                yield from _assignments(inner)


def instance_of(scope: Scope, expression: ir.Expression, *, depth: int = _DEEP) -> DefinedClass | None:
    """The project's class of which an expression is an instance: self, or what its constructor made."""
    if isinstance(expression, ir.Name) and scope.owner is not None and scope.function is not None:
        first = scope.function.node.parameters[:1]
        if first and first[0].name == expression.id:
            return scope.owner
    made = follow(Known(scope, expression), depth=max(depth, 0))
    call = made.expression
    if isinstance(call, ir.Call) and depth > 0:
        kind = made.scope.project.class_(dotted(made.scope, call.function))
        if kind is not None:
            return kind
        function = made.scope.project.function(dotted(made.scope, call.function))
        returned = function.node.returns if function is not None else None
        return made.scope.project.class_(scope.project.resolve(function.unit, returned)) if function is not None and returned else None
    return None


# -- values -----------------------------------------------------------------------------------------------------


def text(scope: Scope, expression: ir.Expression | None, *, gaps: bool = False, depth: int = _DEEP) -> str | None:
    """The text that an expression gives, None where it cannot be told. gaps: what cannot be told of it is left out instead."""
    if expression is None or not depth:
        return "" if gaps else None
    known = follow(Known(scope, expression))
    scope, expression = known
    parts: list[str | None]
    if isinstance(expression, ir.Constant):
        return str(expression.value) if isinstance(expression.value, str | int) else ("" if gaps else None)
    if isinstance(expression, ir.Binary) and expression.operator in {"+", "/"}:
        parts = [text(scope, side, gaps=gaps, depth=depth - 1) for side in (expression.left, expression.right)]
    elif isinstance(expression, ir.Binary) and expression.operator == "%":
        return _filled(scope, expression, gaps=gaps, depth=depth)
    elif isinstance(expression, ir.Text):
        parts = [text(scope, part.value if isinstance(part, ir.Format) else part, gaps=gaps, depth=depth - 1) for part in expression.parts]
    elif isinstance(expression, ir.Call) and isinstance(expression.function, ir.Attribute):
        return _method_text(scope, expression, expression.function, gaps=gaps, depth=depth)
    elif isinstance(expression, ir.Call) and len(expression.arguments) == 1 and (gaps or written(expression.function) in _TELLING):
        # What a function makes of a path is not known; with gaps, the path as it was given is the best that can be said.
        return text(scope, expression.arguments[0], gaps=gaps, depth=depth - 1)
    else:
        return "" if gaps else None
    return None if None in parts else "".join(part or "" for part in parts)


def _filled(scope: Scope, expression: ir.Binary, *, gaps: bool, depth: int) -> str | None:
    """Of "%s/urls" % name."""
    pattern = text(scope, expression.left, gaps=gaps, depth=depth - 1)
    right = expression.right
    given = right.items if isinstance(right, ir.Sequence) else (right,)
    parts = [text(scope, one, gaps=gaps, depth=depth - 1) for one in given]
    if pattern is None or None in parts:
        return None
    made = folding.binary("%", pattern, tuple(parts))
    return made if isinstance(made, str) else "" if gaps else None


_TELLING = frozenset({"str", "_", "gettext_lazy", "gettext", "pgettext_lazy"})
_STRIPS = {"rstrip": str.rstrip, "lstrip": str.lstrip, "strip": str.strip}


def _method_text(scope: Scope, call: ir.Call, function: ir.Attribute, *, gaps: bool, depth: int) -> str | None:
    """Of "".join, "".format, and the stripping of slashes."""
    inner = text(scope, function.of, gaps=gaps, depth=depth - 1)
    given = [text(scope, argument, gaps=gaps, depth=depth - 1) for argument in call.arguments]
    if inner is None:
        return None
    if function.name in _STRIPS and len(given) == 1 and given[0] is not None:
        return _STRIPS[function.name](inner, given[0])
    if function.name == "join" and len(call.arguments) == 1 and (listed := items(Known(scope, call.arguments[0]))) is not None:
        parts = [text(one.scope, one.expression, gaps=gaps, depth=depth - 1) for one in listed]
        return None if None in parts else inner.join(part or "" for part in parts)
    if function.name == "format" and not call.keywords and None not in given:
        made = folding.method(inner, "format", given)
        return made if isinstance(made, str) else None
    return "" if gaps else None


def items(known: Known, *, depth: int = _DEEP) -> list[Known] | None:
    """The elements of a list that is written down, or put together of such; None where they cannot be told."""
    if not depth:
        return None
    scope, expression = follow(known)
    if isinstance(expression, ir.Sequence):
        found: list[Known] = []
        for item in expression.items:
            inner = items(Known(scope, item.value), depth=depth - 1) if isinstance(item, ir.Starred) else [Known(scope, item)]
            found += inner if inner is not None else []
        return found[:_MOST_ITEMS]
    if isinstance(expression, ir.Binary) and expression.operator in {"+", "|"}:
        sides = [items(Known(scope, side), depth=depth - 1) for side in (expression.left, expression.right)]
        return None if sides == [None, None] else [one for side in sides if side is not None for one in side]
    if isinstance(expression, ir.Mapping):
        return [Known(scope, key) for key, _ in expression.items if key is not None]
    if isinstance(expression, ir.Call):
        return _made_items(scope, expression, depth)
    return None


def _made_items(scope: Scope, call: ir.Call, depth: int) -> list[Known] | None:
    name = call.function.name if isinstance(call.function, ir.Attribute) else written(call.function)
    if name in {"list", "tuple", "set", "frozenset", "sorted", "reversed"} and call.arguments:
        return items(Known(scope, call.arguments[0]), depth=depth - 1)
    if name in {"items", "values", "keys"} and isinstance(call.function, ir.Attribute) and not call.arguments:
        inner_scope, table = follow(Known(scope, call.function.of))
        found: list[Known] = []
        for key, value in table.items if isinstance(table, ir.Mapping) else ():
            if key is not None:
                pair = ir.Sequence(0, "tuple", (key, value))
                found.append(Known(inner_scope, {"items": pair, "values": value, "keys": key}[name]))
        return found or None
    return None


def texts(scope: Scope, expression: ir.Expression | None) -> tuple[str, ...]:
    """The texts of a list: methods, names. Of one text that text; what cannot be told is left out."""
    if expression is None:
        return ()
    listed = items(Known(scope, expression))
    if listed is None:
        alone = text(scope, expression)
        return (alone,) if alone is not None else ()
    found = (text(one.scope, one.expression) for one in listed)
    return tuple(one for one in found if one is not None)


def bindings(known: Known, target: ir.Expression) -> dict[str, Known]:
    """What one turn of a loop gives to its names: `for path, view in ...`."""
    if isinstance(target, ir.Name):
        return {target.id: known}
    found: dict[str, Known] = {}
    if isinstance(target, ir.Sequence):
        parts = items(known) or []
        for one, part in zip(target.items, parts, strict=False):
            found |= bindings(part, one)
    return found


def argument(call: ir.Call, position: int, *names: str) -> ir.Expression | None:
    """An argument of a call by position, or by one of its names; a position of -1 stands for none."""
    if 0 <= position < len(call.arguments) and not any(isinstance(one, ir.Starred) for one in call.arguments[: position + 1]):
        return call.arguments[position]
    return next((value for name, value in call.keywords if name in names), None)
