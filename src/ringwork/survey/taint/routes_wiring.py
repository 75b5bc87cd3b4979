"""Who registers what with whom: applications, routers and blueprints, however they are handed from one module or function to the next.

Against a handler that is missed because its application is a parameter, an attribute or the result of a factory: what stands before the
dot is followed to where it was made, and where that is not found, the method's name alone still tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ringwork.survey.taint import ir
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.routes_sayings import Sayings
from ringwork.survey.taint.routes_scope import (
    Known,
    Scope,
    around,
    dotted,
    follow,
    instance_of,
    of_function,
    of_module,
)
from ringwork.survey.taint.units import Defined, DefinedClass, Unit, blocks

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

_DEEP = 10
SAME = frozenset({"router", "wsgi_app", "app", "url_map", "asgi_app"})
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
class Wiring:
    """All that the project's source says about who registers what.

    said: what its modules say. makers: short names of classes that make applications. marks: what is written around an application.
    """

    project: Project
    said: Sayings
    containers: dict[str, Container] = field(default_factory=dict)
    makers: frozenset[str] = frozenset()
    converters: dict[str, Known] = field(default_factory=dict)
    marks: dict[str, list[Known]] = field(default_factory=dict)
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
        if named and not (expression.name in SAME and self.key(scope, of, depth=depth - 1) in self.containers):
            return named
        inner = self.key(scope, of, depth=depth - 1)
        return inner if expression.name in SAME else f"{inner}.{expression.name}" if inner else ""

    def _call_key(self, scope: Scope, call: ir.Call, depth: int) -> str:
        name = dotted(scope, call.function)
        if self.may_make(scope, call) and self.kind_of(name):
            return self.define(f"{scope.unit.name}@{call.at}", name, scope, call)
        if self.project.function(name) is not None:
            return f"{name}()"
        if isinstance(call.function, ir.Attribute) and call.function.name in {"namespace", "add_resource"}:
            return f"{scope.unit.name}@{call.at}"
        # What wraps an application, or marks it, hands it on.
        for argument in (*call.arguments, *(value for _, value in call.keywords)):
            if isinstance(argument, ir.Call | ir.Name | ir.Attribute):
                inner = self.key(scope, argument, depth=depth - 1)
                if inner in self.containers or (inner and self._is_made(Known(scope, argument))):
                    self._mark(inner, Known(scope, call.function))
                    return inner
        return ""

    def _is_made(self, known: Known) -> bool:
        """Whether what is named was made by a constructor of an application or router, in whatever module."""
        made = follow(known)
        return isinstance(made.expression, ir.Call) and bool(self.kind_of(dotted(made.scope, made.expression.function)))

    def _mark(self, key: str, known: Known) -> None:
        """Note what wraps an application or router: it may be a rule."""
        marks = self.marks.setdefault(key, [])
        if isinstance(known.expression, ir.Call) and not any(one.expression is known.expression for one in marks):
            marks.append(known)

    def may_make(self, scope: Scope, call: ir.Call) -> bool:
        """Whether a call has such a name, before anything is looked up."""
        function = call.function
        if isinstance(function, ir.Attribute):
            return function.name in self.makers
        if not isinstance(function, ir.Name):
            return False
        return function.id in self.makers or scope.unit.imports.get(function.id, "").rpartition(".")[2] in self.makers

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

    def define(self, key: str, name: str, scope: Scope, call: ir.Call) -> str:
        """Note what a constructor made; returns the key."""
        if key not in self.containers:
            self.containers[key] = Container(key, self.made_by(name), self.kind_of(name), scope, call)
        return key

    # -- what a key may be ------------------------------------------------------------------------------------------

    def behind(self, key: str) -> tuple[str, ...]:
        """The keys of all that a key may stand for: applications and routers where they are found, else what it ends with."""
        known = self._found.get(key)
        if known is None:
            found = list(dict.fromkeys(self._behind(key, frozenset())))
            made = [one for one in found if one in self.containers]
            known = self._found[key] = tuple(made or found[:1])
        return known

    def _behind(self, key: str, seen: frozenset[str]) -> Iterator[str]:
        if key in seen or len(seen) > _DEEP:
            return
        if key in self.containers:
            yield key
            return
        given = (self.key(*known) for known in self.said.given(key, SAME))
        further = [*(one for one in given if one), *self._handed(key), *self._inherited(key)]
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
        for call, scope in self.said.called(called):
            target = dotted(scope, call.function)
            if target and target not in {place, place.removesuffix(".__init__")}:
                continue
            given = next((value for word, value in call.keywords if word == name), None)
            if given is None and 0 <= position < len(call.arguments):
                given = call.arguments[position]
            if given is not None and (found := self.key(scope, given)) and found != key:
                yield found


ALONE = frozenset({"CSRFProtect", "CsrfProtect", "SeaSurf"})
"""Calls that tell something without an argument."""
LISTING = frozenset({"append", "extend", "insert"})
REGISTERING = frozenset(
    [
        "add_api_route",
        "add_route",
        "add_websocket_route",
        "add_api_websocket_route",
        "include_router",
        "mount",
        "host",
        "add_url_rule",
        "register_blueprint",
        "add_resource",
        "add_namespace",
        "namespace",
        "init_app",
        "register_api",
        "add_get",
        "add_post",
        "add_put",
        "add_patch",
        "add_delete",
        "add_head",
        "add_options",
        "add_view",
        "add_routes",
        "add_subapp",
        "add_domain",
        "register",
        "before_request",
        "before_app_request",
        "append",
        "extend",
        "insert",
        "add_middleware",
    ]
)
"""Methods that register something, or may."""


def target_of(
    scope: Scope, expression: ir.Expression, *, depth: int = 6
) -> tuple[Defined | DefinedClass | None, tuple[ir.Expression, ...]]:
    """The function or class behind what is registered, and what wraps it there, outermost first."""
    project = scope.project
    name = dotted(scope, expression)
    found: Defined | DefinedClass | None = (project.function(name) or project.class_(name)) if name else None
    if found is not None or not depth:
        return found, ()
    if (
        isinstance(expression, ir.Attribute)
        and isinstance(expression.of, ir.Name)
        and scope.owner is not None
        and scope.function is not None
    ):
        first = scope.function.node.parameters[:1]
        if first and first[0].name == expression.of.id:
            return project.method(scope.owner, expression.name), ()
    if isinstance(expression, ir.Attribute) and (owner := instance_of(scope, expression.of)) is not None:
        return project.method(owner, expression.name), ()
    if isinstance(expression, ir.Call):
        if isinstance(expression.function, ir.Attribute) and expression.function.name in {"as_view", "as_asgi"}:
            return target_of(scope, expression.function.of, depth=depth - 1)
        for argument in (*expression.arguments, *(value for name, value in expression.keywords if name in {"view_func", "handler"})):
            found, inner = target_of(scope, argument, depth=depth - 1)
            if found is not None:
                return found, (expression.function, *inner)
        if (made := _made_by(project, dotted(scope, expression.function), depth)) is not None:
            return made, ()
    known = follow(Known(scope, expression))
    if known.expression is not expression:
        return target_of(known.scope, known.expression, depth=depth - 1)
    return None, ()


def _made_by(project: Project, name: str, depth: int) -> Defined | DefinedClass | None:
    """The function or class that a function of the project makes and returns: add_url_rule("/notes", view_func=make_view(Note))."""
    maker = project.function(name) if name else None
    if maker is None:
        return None
    inside = of_function(around(project, maker), maker)
    for value in _returned(maker.node.body):
        found, _ = target_of(inside, value, depth=depth - 1) if isinstance(value, ir.Name | ir.Call) else (None, ())
        if found is not None and found is not maker:
            return found
    return None


def _returned(body: ir.Block) -> Iterator[ir.Expression]:
    for statement in body:
        if isinstance(statement, ir.Return) and statement.value is not None:
            yield statement.value
        elif not isinstance(statement, ir.Function | ir.Class):
            for inner in blocks(statement):
                yield from _returned(inner)


def scope_of(project: Project, target: Defined | DefinedClass) -> Scope:
    """The place where a function or class is defined."""
    return around(project, target) if isinstance(target, Defined) else of_module(project, target.unit)


def imports_of(unit: Unit) -> frozenset[str]:
    """The first names of what a module imports at its top."""
    return frozenset(name.partition(".")[0] for name in (*unit.imports.values(), *unit.stars))
