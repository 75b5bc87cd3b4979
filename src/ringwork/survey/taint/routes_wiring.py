"""Who registers what with whom: applications, routers and blueprints, however they are handed from one module or function to the next.

Against a handler that is missed because its application is a parameter, an attribute or the result of a factory: what stands before the
dot is followed to where it was made, and where that is not found, the method's name alone still tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ringwork.survey.taint import ir
from ringwork.survey.taint.project import Defined, DefinedClass, Project, Unit, blocks
from ringwork.survey.taint.routes_scope import Known, Scope, around, bindings, dotted, follow, items, of_function, of_module, written

STARLETTE, FLASK, AIOHTTP = "starlette", "flask", "aiohttp"

_MADE = {
    STARLETTE: "fastapi.FastAPI fastapi.applications.FastAPI fastapi.APIRouter fastapi.routing.APIRouter starlette.applications.Starlette"
    " starlette.routing.Router fastapi_offline.FastAPIOffline",
    FLASK: "flask.Flask flask.app.Flask flask.Blueprint flask.blueprints.Blueprint quart.Quart quart.Blueprint flask_restful.Api"
    " flask_restx.Api flask_restx.Namespace flask_restplus.Api flask_restplus.Namespace flask_smorest.Api flask_smorest.Blueprint"
    " apiflask.APIFlask apiflask.APIBlueprint flask_openapi3.OpenAPI flask_openapi3.APIBlueprint",
    AIOHTTP: "aiohttp.web.Application aiohttp.web.RouteTableDef aiohttp.web_app.Application aiohttp.web_routedef.RouteTableDef"
    " aiohttp.web.UrlDispatcher",
}
KINDS = {name: framework for framework, names in _MADE.items() for name in names.split()}
"""What makes an application, router or blueprint, and whose it is."""

_MOST_TURNS = 120
_DEEP = 10
_SAME = frozenset({"router", "wsgi_app", "app", "url_map", "asgi_app"})
"""Attributes of an application under which it, or what stands for it here, is found again."""


@dataclass(slots=True, eq=False)
class Container:
    """An application, router or blueprint. made: the dotted name of what made it. call: the one that made it."""

    key: str
    made: str
    framework: str
    scope: Scope
    call: ir.Call


@dataclass(slots=True, eq=False)
class Use:
    """A method that is called on something, or stands before a function or class as its decorator.

    of: the key of what stands before the dot. target: what is decorated. known: the bare receiver, for what has no key.
    """

    of: str
    name: str
    call: ir.Call | None
    scope: Scope
    receiver: ir.Expression
    target: Defined | DefinedClass | None = None


@dataclass(slots=True, eq=False)
class Wiring:
    """All that the project's source says about who registers what. same: a key, and the keys of what it may be."""

    project: Project
    containers: dict[str, Container] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    same: dict[str, list[str]] = field(default_factory=dict)
    calls: dict[str, list[tuple[ir.Call, Scope]]] = field(default_factory=dict)
    converters: dict[str, Known] = field(default_factory=dict)
    _found: dict[str, tuple[str, ...]] = field(default_factory=dict)

    # -- keys -----------------------------------------------------------------------------------------------------

    def key(self, scope: Scope, expression: ir.Expression, *, depth: int = _DEEP) -> str:
        """A name for what an expression stands for, the same wherever that is meant; "" for none."""
        if not depth:
            return ""
        if isinstance(expression, ir.Name):
            holder = scope.holder(expression.id)
            if holder is None:
                return self.project.resolve(scope.unit, expression)
            if expression.id in holder.bound:
                known = holder.bound[expression.id]
                return self.key(known.scope, known.expression, depth=depth - 1)
            if expression.id in holder.imports:
                return self.project.canonical(holder.imports[expression.id])
            return f"{holder.unit.name}.{holder.prefix}{expression.id}"
        if isinstance(expression, ir.Attribute):
            return self._attribute_key(scope, expression, depth)
        if isinstance(expression, ir.Await | ir.Starred):
            return self.key(scope, expression.value, depth=depth - 1)
        if isinstance(expression, ir.Walrus):
            return self.key(scope, ir.Name(expression.at, expression.name), depth=depth - 1)
        return self._call_key(scope, expression, depth) if isinstance(expression, ir.Call) else ""

    def _attribute_key(self, scope: Scope, expression: ir.Attribute, depth: int) -> str:
        of = expression.of
        if isinstance(of, ir.Name) and scope.owner is not None and scope.function is not None:
            first = scope.function.node.parameters[:1]
            if first and first[0].name == of.id:
                return f"{scope.owner.dotted}.self.{expression.name}"
        named = dotted(scope, expression)
        if named and not (expression.name in _SAME and self.key(scope, of, depth=depth - 1) in self.containers):
            return named
        inner = self.key(scope, of, depth=depth - 1)
        return inner if expression.name in _SAME else f"{inner}.{expression.name}" if inner else ""

    def _call_key(self, scope: Scope, call: ir.Call, depth: int) -> str:
        name = dotted(scope, call.function)
        if self.kind_of(name):
            return self._define(f"{scope.unit.name}@{call.at}", name, scope, call)
        if self.project.function(name) is not None:
            return f"{name}()"
        if isinstance(call.function, ir.Attribute) and call.function.name in {"namespace", "add_resource"}:
            return f"{scope.unit.name}@{call.at}"
        # What wraps an application, or marks it, hands it on.
        for argument in (*call.arguments, *(value for _, value in call.keywords)):
            if isinstance(argument, ir.Call | ir.Name | ir.Attribute):
                inner = self.key(scope, argument, depth=depth - 1)
                if inner in self.containers:
                    return inner
        return ""

    def kind_of(self, name: str) -> str:
        """Whose application or router a class makes, the project's own subclasses too; "" for none."""
        if not name:
            return ""
        if name in KINDS:
            return KINDS[name]
        if self.project.class_(name) is None:
            return ""
        return next((KINDS[base] for base in self.project.bases(name) if base in KINDS), "")

    def made_by(self, name: str) -> str:
        """The library's own class that `name` is, or is made from."""
        return name if name in KINDS else next((base for base in self.project.bases(name) if base in KINDS), name)

    def _define(self, key: str, name: str, scope: Scope, call: ir.Call) -> str:
        if key not in self.containers:
            self.containers[key] = Container(key, self.made_by(name), self.kind_of(name), scope, call)
        return key

    # -- what a key may be ------------------------------------------------------------------------------------------

    def behind(self, key: str) -> tuple[str, ...]:
        """The keys of all that a key may stand for: applications and routers where they are found, else what it ends with."""
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = tuple(dict.fromkeys(self._behind(key, frozenset())))
        return known

    def _behind(self, key: str, seen: frozenset[str]) -> Iterator[str]:
        if key in seen or len(seen) > _DEEP:
            return
        if key in self.containers:
            yield key
            return
        further = [*self.same.get(key, ()), *self._handed(key), *self._inherited(key)]
        found = [one for other in further for one in self._behind(other, seen | {key})]
        yield from found or [key]

    def _inherited(self, key: str) -> Iterator[str]:
        """self.app of a class is that of its base, and may stand in the body of the class; one of a subclass is it too."""
        owner, marked, name = key.partition(".self.")
        if marked and self.project.class_(owner) is not None:
            yield f"{owner}.{name}"
            yield from (f"{base}.self.{name}" for base in self.project.bases(owner))

    def _handed(self, key: str) -> Iterator[str]:
        """What the calls of a function hand to the parameter that a key stands for."""
        place, marked, name = key.rpartition(".<locals>.")
        defined = self.project.function(place) if marked else None
        if defined is None:
            return
        names = [parameter.name for parameter in defined.node.parameters]
        if name not in names:
            return
        is_method = defined.owner is not None
        called = defined.owner.node.name if is_method and defined.node.name == "__init__" and defined.owner else defined.node.name
        position = names.index(name) - (1 if is_method else 0)
        for call, scope in self.calls.get(called, ()):
            target = dotted(scope, call.function)
            if target and target not in {place, place.removesuffix(".__init__")}:
                continue
            given = next((value for word, value in call.keywords if word == name), None)
            if given is None and 0 <= position < len(call.arguments):
                given = call.arguments[position]
            if given is not None and (found := self.key(scope, given)) and found != key:
                yield found


class Reader:
    """Reads the statements of all modules into a Wiring."""

    def __init__(self, project: Project) -> None:
        self.wiring = Wiring(project)

    def read(self) -> Wiring:
        """The whole project, module by module in the order of their names."""
        for unit in self.wiring.project.units():
            self._block(unit.module.body, of_module(self.wiring.project, unit), None)
        return self.wiring

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
                self.wiring.uses.append(Use(key, function.name, call, scope, function.of, target))

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
        name = dotted(scope, value.function) if isinstance(value, ir.Call) else ""
        if isinstance(value, ir.Call) and self.wiring.kind_of(name):
            self.wiring._define(key, name, scope, value)  # noqa: SLF001  # the reader fills what the wiring keeps
            return
        other = self.wiring.key(scope, value)
        if other and other != key and other not in self.wiring.same.setdefault(key, []):
            self.wiring.same[key].append(other)

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
            key = self.wiring.key(scope, value)
            if key and not key.startswith("builtins."):
                self.wiring.same.setdefault(f"{function.dotted}()", []).append(key)

    def _converter(self, target: ir.Item, value: ir.Expression, scope: Scope) -> None:
        """app.url_map.converters["list"] = ListConverter."""
        if isinstance(target.of, ir.Attribute) and target.of.name == "converters" and isinstance(target.key, ir.Constant):
            self.wiring.converters[str(target.key.value)] = Known(scope, value)

    def _expression(self, expression: ir.Expression, scope: Scope) -> None:
        """Every call in an expression, outermost first."""
        if isinstance(expression, ir.Call):
            self._call(expression, scope)
            for argument in (*expression.arguments, *(value for _, value in expression.keywords)):
                self._expression(argument, scope)
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
                self.wiring.uses.append(Use(self.wiring.key(scope, of), function.function.name, function, scope, of, defined))
        self._expression(function, scope)

    def _call(self, call: ir.Call, scope: Scope) -> None:
        if isinstance(call.function, ir.Attribute):
            name = call.function.name
            of = call.function.of
            is_listing = name not in _LISTING or (isinstance(of, ir.Attribute) and of.name == "routes")
            if (name in REGISTERING or name.endswith("_resource")) and is_listing:
                key = self.wiring.key(scope, call.function.of)
                self.wiring.uses.append(Use(key, name, call, scope, call.function.of))
        else:
            name = written(call.function)
        if name and (call.arguments or call.keywords or name in ALONE):
            self.wiring.calls.setdefault(name, []).append((call, scope))
        if self.wiring.kind_of(dotted(scope, call.function)):
            self.wiring.key(scope, call)


ALONE = frozenset({"CSRFProtect", "CsrfProtect", "SeaSurf"})
"""Calls that tell something without an argument."""
_LISTING = frozenset({"append", "extend", "insert"})
REGISTERING = frozenset(
    """add_api_route add_route add_websocket_route add_api_websocket_route include_router mount host
    add_url_rule register_blueprint add_resource add_namespace namespace init_app register_api
    add_get add_post add_put add_patch add_delete add_head add_options add_view add_routes add_subapp add_domain
    register before_request before_app_request append extend insert add_middleware""".split()
)
"""Methods that register something, or may."""


def target_of(scope: Scope, expression: ir.Expression, *, depth: int = 6) -> tuple[Defined | DefinedClass | None, tuple[ir.Expression, ...]]:
    """The function or class behind what is registered, and what wraps it there, outermost first."""
    project = scope.project
    name = dotted(scope, expression)
    found: Defined | DefinedClass | None = (project.function(name) or project.class_(name)) if name else None
    if found is not None or not depth:
        return found, ()
    if isinstance(expression, ir.Attribute) and isinstance(expression.of, ir.Name) and scope.owner is not None and scope.function is not None:
        first = scope.function.node.parameters[:1]
        if first and first[0].name == expression.of.id:
            return project.method(scope.owner, expression.name), ()
    if isinstance(expression, ir.Call):
        if isinstance(expression.function, ir.Attribute) and expression.function.name in {"as_view", "as_asgi"}:
            return target_of(scope, expression.function.of, depth=depth - 1)
        for argument in (*expression.arguments, *(value for name, value in expression.keywords if name in {"view_func", "handler"})):
            found, inner = target_of(scope, argument, depth=depth - 1)
            if found is not None:
                return found, (expression.function, *inner)
    known = follow(Known(scope, expression))
    if known.expression is not expression:
        return target_of(known.scope, known.expression, depth=depth - 1)
    return None, ()


def scope_of(project: Project, target: Defined | DefinedClass) -> Scope:
    """The place where a function or class is defined."""
    return around(project, target) if isinstance(target, Defined) else of_module(project, target.unit)


def imports_of(unit: Unit) -> frozenset[str]:
    """The first names of what a module imports at its top."""
    return frozenset(name.partition(".")[0] for name in (*unit.imports.values(), *unit.stars))
