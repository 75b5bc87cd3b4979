"""Reads the statements of all modules of a project into what they say of who registers what with whom."""

from __future__ import annotations

from ringwork.survey.taint import ir
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.routes_sayings import Said, Sayings, Use
from ringwork.survey.taint.routes_scope import Known, Scope, bindings, dotted, items, of_function, of_module, written
from ringwork.survey.taint.routes_wiring import ALONE, KINDS, LISTING, REGISTERING, Wiring, target_of
from ringwork.survey.taint.units import Defined, DefinedClass, Unit, blocks

_MOST_TURNS = 120


def makers(project: Project) -> frozenset[str]:
    """The short names of the classes that make an application or router, the project's own among them."""
    found = {name.rpartition(".")[2] for name in KINDS}
    waiting = [
        (owner.name, {base.rpartition(".")[2] for base in project.written(owner)})
        for unit in project.units()
        for owner in unit.classes.values()
    ]
    while more := {name for name, bases in waiting if name not in found and bases & found}:
        found |= more
    return frozenset(found)


_LIBRARIES = frozenset({name.partition(".")[0] for name in KINDS} | {"aiohttp_jinja2", "flask_login", "werkzeug"})
"""Where none of these is imported, nothing makes an application or router, so that each module can be read by itself and in any order."""


def _is_any_used(project: Project) -> bool:
    return any(unit.name.partition(".")[0] in _LIBRARIES or unit.heads & _LIBRARIES for unit in project.units())


class Reader:
    """Reads the statements of modules into a Wiring."""

    def __init__(self, project: Project) -> None:
        self.wiring = Wiring(project, Sayings(project, self._said, is_whole=_is_any_used(project)))
        self.said = Said()
        self.wiring.makers = makers(project)

    def read(self) -> Wiring:
        """The whole project, module by module in the order of their names; where no library asks for that, each when it is needed."""
        if self.wiring.said.is_whole:
            self.wiring.said.read_all()
        return self.wiring

    def _said(self, unit: Unit) -> Said:
        before, self.said = self.said, Said()
        try:
            self._block(unit.module.body, of_module(self.wiring.project, unit), None)
            return self.said
        finally:
            self.said = before

    def _block(self, body: ir.Block, scope: Scope, owner: DefinedClass | None, prefix: str = "") -> None:
        for statement in body:
            if isinstance(statement, ir.Function):
                self._function(statement, scope, prefix)
            elif isinstance(statement, ir.Class):
                self._class(statement, scope, prefix)
            elif isinstance(statement, ir.For):
                self._loop(statement, scope, owner, prefix)
            else:
                self._plain(statement, scope, owner)
                for inner in blocks(statement):
                    self._block(inner, scope, owner, prefix)

    def _function(self, node: ir.Function, scope: Scope, prefix: str) -> None:
        defined = scope.unit.functions.get((prefix or scope.prefix) + node.name)
        if defined is None:
            return
        if defined.node is not node:  # one name given twice: each is read as what it is
            defined = Defined(scope.unit, defined.qualname, node, defined.owner)
        self._decorators(node.decorators, scope, defined)
        inside = of_function(scope, defined)
        self._block(node.body, inside, None)

    def _class(self, node: ir.Class, scope: Scope, prefix: str) -> None:
        qualname = (prefix or scope.prefix) + node.name
        defined = scope.unit.classes.get(qualname)
        if defined is None:
            return
        self._decorators(node.decorators, scope, defined)
        self._block(node.body, scope, defined, f"{qualname}.")

    def _decorators(self, decorators: tuple[ir.Expression, ...], scope: Scope, target: Defined | DefinedClass) -> None:
        for decorator in decorators:
            call = decorator if isinstance(decorator, ir.Call) else None
            function = call.function if call is not None else decorator
            if isinstance(function, ir.Attribute):
                key = self.wiring.key(scope, function.of)
                self.said.uses.append(Use(key, function.name, call, scope, function.of, target))

    def _loop(self, loop: ir.For, scope: Scope, owner: DefinedClass | None, prefix: str) -> None:
        self._expression(loop.source, scope)
        turns = items(Known(scope, loop.source)) or []
        if not turns:
            self._block(loop.body, scope, owner, prefix)
        for turn in turns[:_MOST_TURNS]:
            self._block(loop.body, scope.bind(bindings(turn, loop.target)), owner, prefix)
        self._block(loop.other, scope, owner, prefix)

    # -- plain statements ---------------------------------------------------------------------------------------------

    def _plain(self, statement: ir.Statement, scope: Scope, owner: DefinedClass | None) -> None:
        if isinstance(statement, ir.Assign):
            self._expression(statement.value, scope)
            for target in statement.targets:
                self._assigned(target, statement.value, scope, owner)
        elif isinstance(statement, ir.Declare):
            if statement.value is not None:
                self._expression(statement.value, scope)
                self._assigned(statement.target, statement.value, scope, owner)
        elif isinstance(statement, ir.Evaluate | ir.Augment):
            self._expression(statement.value, scope)
        elif isinstance(statement, ir.Return) and statement.value is not None:
            self._expression(statement.value, scope)
            self._returned(statement.value, scope)
        elif isinstance(statement, ir.With):
            for manager, _ in statement.items:
                self._expression(manager, scope)

    def _assigned(self, target: ir.Expression, value: ir.Expression, scope: Scope, owner: DefinedClass | None) -> None:
        if not isinstance(value, ir.Call | ir.Name | ir.Attribute | ir.Await):
            if isinstance(target, ir.Item):
                self._converter(target, value, scope)
            return
        if isinstance(target, ir.Item):
            self._converter(target, value, scope)
        key = self._target_key(target, scope, owner)
        if not key:
            return
        if isinstance(value, ir.Call) and self.wiring.may_make(scope, value):
            name = dotted(scope, value.function)
            if self.wiring.kind_of(name):
                self.wiring.define(key, name, scope, value)
                return
        self.said.given.setdefault(key, []).append(Known(scope, value))

    def _target_key(self, target: ir.Expression, scope: Scope, owner: DefinedClass | None) -> str:
        if isinstance(target, ir.Name):
            if owner is not None:
                return f"{owner.dotted}.{target.id}"
            place = next((one for one in scope.chain() if one.prefix or one.parent is None), scope)
            return f"{place.unit.name}.{place.prefix}{target.id}"
        return self.wiring.key(scope, target) if isinstance(target, ir.Attribute) else ""

    def _returned(self, value: ir.Expression, scope: Scope) -> None:
        function = next((one.function for one in scope.chain() if one.function is not None), None)
        if function is not None and isinstance(value, ir.Call | ir.Name | ir.Attribute | ir.Await):
            self.said.given.setdefault(f"{function.dotted}()", []).append(Known(scope, value))

    def _converter(self, target: ir.Item, value: ir.Expression, scope: Scope) -> None:
        """app.url_map.converters["list"] = ListConverter."""
        if isinstance(target.of, ir.Attribute) and target.of.name == "converters" and isinstance(target.key, ir.Constant):
            self.wiring.converters[str(target.key.value)] = Known(scope, value)

    def _expression(self, expression: ir.Expression, scope: Scope) -> None:
        """Every call in an expression, outermost first."""
        kind = type(expression)
        if kind is ir.Name or kind is ir.Constant or kind is ir.Attribute:
            return
        if isinstance(expression, ir.Call):
            self._call(expression, scope)
            for argument in expression.arguments:
                self._expression(argument, scope)
            for _, value in expression.keywords:
                self._expression(value, scope)
            if isinstance(expression.function, ir.Attribute):
                self._expression(expression.function.of, scope)
            elif isinstance(expression.function, ir.Call):
                self._applied(expression, expression.function, scope)
        elif isinstance(expression, ir.Sequence):
            for item in expression.items:
                self._expression(item, scope)
        elif isinstance(expression, ir.Await | ir.Starred | ir.Walrus):
            self._expression(expression.value, scope)
        elif isinstance(expression, ir.Comprehension) and len(expression.loops) == 1:
            self._comprehension(expression, scope)
        elif isinstance(expression, ir.Logic):
            for value in expression.values:
                self._expression(value, scope)

    def _comprehension(self, expression: ir.Comprehension, scope: Scope) -> None:
        if isinstance(expression.element, ir.Call):
            loop = expression.loops[0]
            for turn in (items(Known(scope, loop.source)) or [])[:_MOST_TURNS]:
                self._expression(expression.element, scope.bind(bindings(turn, loop.target)))

    def _applied(self, call: ir.Call, function: ir.Call, scope: Scope) -> None:
        """app.get("/x")(view): a decorator that is called by hand."""
        if isinstance(function.function, ir.Attribute) and len(call.arguments) == 1:
            defined, _ = target_of(scope, call.arguments[0])
            if defined is not None:
                of = function.function.of
                self.said.uses.append(Use(self.wiring.key(scope, of), function.function.name, function, scope, of, defined))
        self._expression(function, scope)

    def _call(self, call: ir.Call, scope: Scope) -> None:
        if isinstance(call.function, ir.Attribute):
            name = call.function.name
            of = call.function.of
            is_listing = name not in LISTING or (isinstance(of, ir.Attribute) and of.name == "routes")
            if (name in REGISTERING or name.endswith("_resource")) and is_listing:
                key = self.wiring.key(scope, call.function.of)
                self.said.uses.append(Use(key, name, call, scope, call.function.of))
        else:
            name = written(call.function)
        if name and (call.arguments or call.keywords or name in ALONE):
            self.said.calls.setdefault(name, []).append((call, scope))
        if self.wiring.may_make(scope, call) and self.wiring.kind_of(dotted(scope, call.function)):
            self.wiring.key(scope, call)
