"""Routes of Flask, Quart and what extends them: decorators, URL rules, blueprints, class views, Flask-RESTful and Flask-RESTX."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ringwork.survey.taint import ir, routes_checks, routes_entry, routes_paths, walk
from ringwork.survey.taint.handlers import Handler
from ringwork.survey.taint.routes_sayings import Use
from ringwork.survey.taint.routes_scope import Known, argument, class_value, dotted, items, text, texts
from ringwork.survey.taint.routes_tree import Registered, Tree, Way, uses
from ringwork.survey.taint.routes_wiring import ALONE, FLASK, Container, Wiring, scope_of, target_of
from ringwork.survey.taint.units import Defined, DefinedClass

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace"})
_NUMBERS = ("IntegerConverter", "FloatConverter", "UUIDConverter", "AnyConverter")
_KEEPING = frozenset({"flask.g", "quart.g"})
_HOOKS = frozenset({"before_request", "before_app_request"})


def handlers(wiring: Wiring) -> Iterator[Handler]:
    """Every function that answers requests of such an application."""
    collector = _Collector(Tree(wiring, FLASK))
    registered = list(collector.all())
    for one in registered:
        for way in collector.tree.ways(one.key):
            yield from _handlers(one, way, collector)


@dataclass(slots=True)
class _Collector:
    """hooks: checks that run before each request, by the application or blueprint ("" for all). exempt: what CSRF protection spares.

    keeping: functions that run before each request and keep something in flask.g, in the same way.
    """

    tree: Tree
    hooks: dict[str, list[str]] = field(default_factory=dict)
    keeping: dict[str, list[str]] = field(default_factory=dict)
    exempt: set[str] = field(default_factory=set)
    converters: dict[str, bool] = field(default_factory=dict)

    @property
    def wiring(self) -> Wiring:
        """What was read."""
        return self.tree.wiring

    def all(self) -> Iterator[Registered]:
        """What is registered; the tree, the hooks and the converters are filled on the way."""
        found = list(uses(self.wiring, FLASK))
        for use in found:
            if use.name == "namespace" and use.call is not None:
                self._namespace(use, use.call)
        for name, known in sorted(self.wiring.converters.items()):
            self.converters[name] = self._is_text(known)
        for container in self.tree.containers():
            self._contained(container)
        for use in self.wiring.said.used({"exempt"}):
            if use.name == "exempt":
                self._spared(use)
        for use in found:
            yield from self._used(use)

    def _contained(self, container: Container) -> None:
        scope, call = container.scope, container.call
        last = container.made.rpartition(".")[2]
        if last == "Namespace":
            path = text(scope, argument(call, -1, "path"), gaps=True)
            self.tree.own[container.key] = path or f"/{text(scope, argument(call, 0, 'name'), gaps=True) or ''}"
        else:
            self.tree.own[container.key] = text(scope, argument(call, -1, "url_prefix", "prefix"), gaps=True) or ""
        if last == "Api" and (app := argument(call, 0, "app")) is not None and (key := self.wiring.key(scope, app)):
            self.tree.link(key, container.key, None, None)

    def _namespace(self, use: Use, call: ir.Call) -> None:
        """api.namespace("notes", path="/notes") makes one and adds it."""
        key = self.wiring.key(use.scope, call)
        if key:
            self.wiring.containers[key] = Container(key, "flask_restx.Namespace", FLASK, use.scope, call)
            self.tree.link(use.of, key, None, None)

    def _is_text(self, known: Known) -> bool:
        """Whether a converter of the project gives arbitrary text."""
        name = dotted(known.scope, known.expression)
        owner = known.scope.project.class_(name) if name else None
        if owner is None:
            return not name.endswith(_NUMBERS)
        if any(base.endswith(_NUMBERS) for base in known.scope.project.bases(name)):
            return False
        regex = class_value(known.scope.project, owner, "regex")
        pattern = text(regex.scope, regex.expression) if regex is not None else None
        return pattern is None or not routes_paths.is_harmless(pattern)

    def _spared(self, use: Use) -> None:
        """@csrf.exempt, and csrf.exempt(view_or_blueprint)."""
        if use.target is not None:
            self.exempt.add(use.target.dotted)

    # -- registrations ----------------------------------------------------------------------------------------------

    def _used(self, use: Use) -> Iterator[Registered]:
        name, call, scope = use.name, use.call, use.scope
        if name in _HOOKS:
            self._hooked(use)
        elif call is None:
            return
        elif use.target is not None:
            if name in _VERBS or name in {"route", "websocket"}:
                yield from self._decorated(use, call, use.target)
        elif name == "add_url_rule":
            view = argument(call, 2, "view_func")
            target, wrappers = target_of(scope, view) if view is not None else (None, ())
            if target is not None:
                yield self._registered(use, argument(call, 0, "rule"), texts(scope, argument(call, -1, "methods")), target, wrappers)
        elif name.endswith("_resource") and len(call.arguments) > 1:
            target, wrappers = target_of(scope, call.arguments[0])
            if isinstance(target, DefinedClass):
                for path in call.arguments[1:]:
                    yield self._registered(use, path, (), target, wrappers, style="json")
        elif name == "register_blueprint" and (child := argument(call, 0, "blueprint")) is not None:
            given = argument(call, -1, "url_prefix")
            prefix = text(scope, given, gaps=True) if given is not None and not _is_none(given) else None
            if key := self.wiring.key(scope, child):
                self.tree.link(use.of, key, prefix, None)
        elif name == "add_namespace" and (child := argument(call, 0, "ns")) is not None:
            given = argument(call, 1, "path")
            if key := self.wiring.key(scope, child):
                self.tree.link(use.of, key, text(scope, given, gaps=True) if given is not None else None, None)
        elif name == "init_app" and (app := argument(call, 0, "app")) is not None and self.wiring.behind(use.of):
            of = self.wiring.containers.get(self.wiring.behind(use.of)[0])
            if of is not None and of.made.endswith(".Api") and (key := self.wiring.key(scope, app)):
                self.tree.link(key, use.of, None, None)

    def _hooked(self, use: Use) -> None:
        hook = use.target
        if hook is None and use.call is not None and use.call.arguments:
            hook, _ = target_of(use.scope, use.call.arguments[0])
        if not isinstance(hook, Defined):
            return
        for key in self.wiring.behind(use.of) if use.name == "before_request" else ("",):
            if routes_checks.is_hook(self.wiring.project, hook):
                self.hooks.setdefault(key, []).append(hook.node.name)
            if _KEEPING & {*hook.unit.imports.values()} or "g" in walk.names(hook.node.body):
                self.keeping.setdefault(key, []).append(hook.dotted)

    def _decorated(self, use: Use, call: ir.Call, target: Defined | DefinedClass) -> Iterator[Registered]:
        methods = (use.name.upper(),) if use.name in _VERBS else texts(use.scope, argument(call, -1, "methods"))
        if isinstance(target, Defined):
            yield self._registered(use, argument(call, 0, "rule"), methods, target)
            return
        for path in call.arguments:
            yield self._registered(use, path, methods, target, style="json")

    def _registered(
        self,
        use: Use,
        path: ir.Expression | None,
        methods: tuple[str, ...],
        target: Defined | DefinedClass,
        wrappers: tuple[ir.Expression, ...] = (),
        style: str = "html",
    ) -> Registered:
        return Registered(
            key=use.of,
            path=text(use.scope, path, gaps=True) or "",
            methods=tuple(sorted(method.upper() for method in methods)),
            target=target,
            scope=use.scope,
            call=use.call,
            wrappers=wrappers,
            kind="websocket" if use.name == "websocket" else "http",
            style=style,
        )


def _is_none(expression: ir.Expression) -> bool:
    return isinstance(expression, ir.Constant) and expression.value is None


# -- handlers ---------------------------------------------------------------------------------------------------


def _handlers(one: Registered, way: Way, collector: _Collector) -> Iterator[Handler]:
    if isinstance(one.target, Defined):
        yield _handler(one, way, collector, one.target, one.methods or ("GET",), "")
        return
    project = one.scope.project
    found = {verb.upper(): method for verb in sorted(_VERBS) if (method := project.method(one.target, verb)) is not None}
    declared = class_value(project, one.target, "methods")
    listed = texts(declared.scope, declared.expression) if declared is not None else ()
    methods = one.methods or tuple(sorted(method.upper() for method in listed)) or tuple(found) or ("GET",)
    called = project.method(one.target, "dispatch_request") if not found else None
    if called is not None:
        yield _handler(one, way, collector, called, methods, "")
    for verb, method in found.items():
        if verb in methods:
            yield _handler(one, way, collector, method, methods, verb if len(methods) > 1 else "")


def _handler(one: Registered, way: Way, collector: _Collector, method: Defined, methods: tuple[str, ...], verb: str) -> Handler:
    path, segments = routes_paths.flask(collector.tree.joined(way.prefix, one.path), collector.converters)
    path = "/" + path.lstrip("/")
    names = [parameter.name for parameter in method.node.parameters if parameter.kind not in {"args", "kwargs"}]
    names = names[1:] if method.owner is not None else names
    scope = scope_of(one.scope.project, method)
    wrappers = [*one.wrappers, *method.node.decorators]
    checks = [*collector.tree.marks(way), *(check for key in ("", *way.keys) for check in collector.hooks.get(key, ()))]
    checks += routes_checks.of_decorators(scope, wrappers)
    if isinstance(one.target, DefinedClass):
        checks += _of_class(one.target, one)
    return Handler(
        function=method.dotted,
        path=path,
        methods=methods if one.kind == "http" else (),
        brought={name: segments[name] for name in names if name in segments} | routes_entry.parsed(scope, method, segments),
        answers="json" if one.style == "json" or _is_resource(one) else "html",
        authenticated_by=tuple(dict.fromkeys(checks)),
        csrf=_csrf(one, method, collector),
        kind=one.kind,
        framework="flask",
        file=method.unit.file,
        line=ir.line_of(method.node.at),
        instance=method.owner.dotted if method.owner is not None else "",
        verb=verb,
        segments=segments,
        is_public=routes_checks.is_open(scope, wrappers),
        before=tuple(dict.fromkeys(name for key in ("", *way.keys) for name in collector.keeping.get(key, ()))),
    )


def _is_near(file: str, other: str) -> bool:
    """Whether two files may belong to one application: in one folder of the project, or one of them at its top."""
    return "/" not in file or "/" not in other or file.partition("/")[0] == other.partition("/")[0]


def _is_resource(one: Registered) -> bool:
    if not isinstance(one.target, DefinedClass):
        return False
    return any(base.endswith(".Resource") for base in one.scope.project.bases(one.target.dotted))


def _of_class(owner: DefinedClass, one: Registered) -> Iterator[str]:
    """The decorators of a class view: those of its attribute, and those on the class."""
    scope = scope_of(one.scope.project, owner)
    yield from routes_checks.of_decorators(scope, owner.node.decorators)
    for name in ("decorators", "method_decorators"):
        known = class_value(one.scope.project, owner, name)
        for listed in items(known) or () if known is not None else ():
            yield from routes_checks.of_decorators(listed.scope, (listed.expression,))


def _csrf(one: Registered, method: Defined, collector: _Collector) -> str:
    """What protects the route from forged requests, or spares it from protection."""
    if one.target.dotted in collector.exempt or method.dotted in collector.exempt:
        return "exempt: csrf.exempt"
    wiring = collector.wiring
    calls = [call for name in sorted(ALONE) for call in wiring.said.called(name)]
    for call, scope in calls:
        name = dotted(scope, call.function)
        if name.startswith(("flask_wtf.", "flask_seasurf.")) and _is_near(scope.unit.file, method.unit.file):
            return f"protected: {name.rpartition('.')[2]}"
    return ""
