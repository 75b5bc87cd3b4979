"""Routes of aiohttp: its table, the route definitions, class views, resources and applications inside applications."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ringwork.survey.taint import ir, routes_checks, routes_paths
from ringwork.survey.taint.handlers import Brought, Handler
from ringwork.survey.taint.routes_sayings import Use
from ringwork.survey.taint.routes_scope import Known, Scope, argument, dotted, follow, items, text, written
from ringwork.survey.taint.routes_tree import Registered, Tree, Way, uses
from ringwork.survey.taint.routes_wiring import AIOHTTP, Wiring, scope_of, target_of
from ringwork.survey.taint.units import Defined, DefinedClass

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
ALL = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""What a route for "*" answers to."""


def handlers(wiring: Wiring) -> Iterator[Handler]:
    """Every function that answers requests of such an application."""
    collector = _Collector(Tree(wiring, AIOHTTP))
    keeping = tuple(_keeping(wiring))
    for one in _merged(list(collector.all())):
        for way in collector.tree.ways(one.key):
            yield from (replace(handler, before=keeping) for handler in _handlers(one, way, collector.tree.marks(way)))


def _keeping(wiring: Wiring) -> Iterator[str]:
    """Middlewares that keep something in the request, `request["user"] = ...`, for whatever they stand before."""
    asked = wiring.project.saying("middleware") & wiring.project.saying("aiohttp")
    for unit in wiring.project.units():
        for own in unit.functions.values() if unit.name in asked else ():
            names = [parameter.name for parameter in own.node.parameters[:1]]
            if any(written(decorator).rpartition(".")[2] == "middleware" for decorator in own.node.decorators) and any(
                isinstance(target, ir.Item) and written(target.of) in names
                for part in routes_checks.nodes(own.node.body)
                if isinstance(part, ir.Assign)
                for target in part.targets
            ):
                yield own.dotted


def _merged(found: list[Registered]) -> Iterator[Registered]:
    """One handler under several methods of one path is one route."""
    beside: dict[tuple[str, str, str], list[Registered]] = {}
    for one in found:
        beside.setdefault((one.key, one.path, one.target.dotted), []).append(one)
    for group in beside.values():
        methods = sorted({method for one in group for method in one.methods})
        first = group[0]
        yield Registered(
            key=first.key,
            path=first.path,
            methods=tuple(methods),
            target=first.target,
            scope=first.scope,
            call=first.call,
            wrappers=first.wrappers,
        )


class _Collector:
    def __init__(self, tree: Tree) -> None:
        self.tree, self.wiring = tree, tree.wiring

    def all(self) -> Iterator[Registered]:
        """What is registered; the tree of applications is filled on the way."""
        for use in uses(self.wiring, AIOHTTP):
            if use.call is not None:
                yield from self._used(use, use.call)

    def _used(self, use: Use, call: ir.Call) -> Iterator[Registered]:
        name, scope = use.name, use.scope
        if use.target is not None:
            if name in _VERBS or name == "view":
                yield self._registered(use.of, scope, call, name, argument(call, 0, "path"), use.target, ())
            elif name == "route":
                yield self._registered(use.of, scope, call, self._method(scope, call), argument(call, 1, "path"), use.target, ())
        elif name == "add_subapp" and (sub := argument(call, 1, "subapp")) is not None:
            prefix = text(scope, argument(call, 0, "prefix"), gaps=True) or ""
            if key := self.wiring.key(scope, sub):
                self.tree.link(use.of, key, prefix.rstrip("/"), None)
        elif name == "add_domain" and (sub := argument(call, 1, "subapp")) is not None:
            if key := self.wiring.key(scope, sub):
                self.tree.link(use.of, key, "", None)
        elif name == "add_resource" and (key := self.wiring.key(scope, call)):
            self.tree.link(use.of, key, text(scope, argument(call, 0, "path"), gaps=True) or "", None)
        elif name == "add_routes" and call.arguments:
            yield from self._listed(use.of, Known(scope, call.arguments[0]))
        elif name == "add_route":
            yield from self._added(use, call)
        elif name.startswith("add_") and name[4:] in {*_VERBS, "view"}:
            yield from self._of_call(use.of, Known(scope, call), name[4:])

    def _added(self, use: Use, call: ir.Call) -> Iterator[Registered]:
        """router.add_route(method, path, handler); resource.add_route(method, handler)."""
        has_path = len(call.arguments) + len(call.keywords) > 2
        handler = argument(call, 2 if has_path else 1, "handler")
        target, wrappers = target_of(use.scope, handler) if handler is not None else (None, ())
        if target is not None:
            path = argument(call, 1, "path") if has_path else None
            yield self._registered(use.of, use.scope, call, self._method(use.scope, call), path, target, wrappers)

    def _listed(self, key: str, known: Known) -> Iterator[Registered]:
        """A list of web.get(...), or a table of routes."""
        listed = items(known)
        if listed is None:
            if other := self.wiring.key(known.scope, known.expression):
                self.tree.link(key, other, "", None)
            return
        for one in listed:
            inner = follow(one)
            name = written(inner.expression.function).rpartition(".")[2] if isinstance(inner.expression, ir.Call) else ""
            if name:
                yield from self._of_call(key, inner, name)

    def _of_call(self, key: str, known: Known, name: str) -> Iterator[Registered]:
        scope, call = known
        if not isinstance(call, ir.Call):
            return
        shift = 1 if name == "route" else 0
        handler = argument(call, 1 + shift, "handler")
        target, wrappers = target_of(scope, handler) if handler is not None else (None, ())
        if target is not None and (name in {*_VERBS, "view", "route"}):
            method = self._method(scope, call) if shift else name
            yield self._registered(key, scope, call, method, argument(call, shift, "path"), target, wrappers)

    def _method(self, scope: Scope, call: ir.Call) -> str:
        return text(scope, argument(call, 0, "method")) or "*"

    def _registered(
        self,
        key: str,
        scope: Scope,
        call: ir.Call,
        method: str,
        path: ir.Expression | None,
        target: Defined | DefinedClass,
        wrappers: tuple[ir.Expression, ...],
    ) -> Registered:
        methods = ALL if method in {"*", "view"} else ("GET", "HEAD") if method == "get" else (method.upper(),)
        shown = text(scope, path, gaps=True) or "" if path is not None else ""
        return Registered(key=key, path=shown, methods=methods, target=target, scope=scope, call=call, wrappers=wrappers)


# -- handlers ---------------------------------------------------------------------------------------------------


def _handlers(one: Registered, way: Way, marks: list[str]) -> Iterator[Handler]:
    if isinstance(one.target, Defined):
        yield _handler(one, way, marks, one.target, one.methods)
        return
    for verb in sorted(_VERBS):
        method = one.scope.project.method(one.target, verb)
        if method is not None and verb.upper() in one.methods:
            yield _handler(one, way, marks, method, (verb.upper(),))


def _handler(one: Registered, way: Way, marks: list[str], method: Defined, methods: tuple[str, ...]) -> Handler:
    path, segments = routes_paths.aiohttp(way.prefix + one.path)
    names = [parameter.name for parameter in method.node.parameters if parameter.kind in {"any", "positional"}]
    is_view = isinstance(one.target, DefinedClass)
    names = names[1:] if method.owner is not None else names
    scope = scope_of(one.scope.project, method)
    wrappers = [*one.wrappers, *method.node.decorators, *(one.target.node.decorators if isinstance(one.target, DefinedClass) else ())]
    opens = any(
        isinstance(node, ir.Attribute | ir.Name) and _last(node) == "WebSocketResponse" for node in routes_checks.nodes(method.node.body)
    )
    return Handler(
        function=method.dotted,
        path=path or "/",
        methods=() if opens else methods,
        brought={names[0]: Brought(type="aiohttp.web.Request", is_text=False)} if names and not is_view else {},
        authenticated_by=tuple(dict.fromkeys([*marks, *_middlewares(way), *routes_checks.of_decorators(scope, wrappers)])),
        kind="websocket" if opens else "http",
        framework="aiohttp",
        file=method.unit.file,
        line=ir.line_of(method.node.at),
        instance=method.owner.dotted if method.owner is not None else "",
        segments=segments,
        is_public=routes_checks.is_open(scope, wrappers),
    )


def _last(node: ir.Attribute | ir.Name) -> str:
    return node.name if isinstance(node, ir.Attribute) else node.id


def _middlewares(way: Way) -> Iterator[str]:
    """Those around the application that ask who is there."""
    for scope, call in way.calls:
        given = argument(call, -1, "middlewares") if isinstance(call, ir.Call) else None
        for one in items(Known(scope, given)) or () if given is not None else ():
            name = dotted(one.scope, one.expression.function if isinstance(one.expression, ir.Call) else one.expression)
            hook = one.scope.project.function(name) if name else None
            if hook is not None and routes_checks.is_hook(one.scope.project, hook):
                yield name.rpartition(".")[2]
