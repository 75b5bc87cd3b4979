"""Routes of FastAPI and Starlette: decorators, added routes, included routers, mounts and lists of routes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ringwork.survey.taint import ir, routes_checks, routes_parameters, routes_paths, walk
from ringwork.survey.taint.handlers import Brought, Handler
from ringwork.survey.taint.routes_sayings import Use
from ringwork.survey.taint.routes_scope import Known, Scope, argument, dotted, follow, items, text, texts, written
from ringwork.survey.taint.routes_tree import Registered, Tree, Way, uses
from ringwork.survey.taint.routes_wiring import STARLETTE, Wiring, scope_of, target_of
from ringwork.survey.taint.units import Defined, DefinedClass

_VERBS = frozenset(["get", "post", "put", "patch", "delete", "head", "options", "trace"])
_SOCKETS = frozenset({"websocket", "websocket_route", "add_websocket_route", "add_api_websocket_route"})
API, PLAIN = "api", "plain"
"""How an endpoint is called: by its own parameters, or with the request alone."""
_HTML = ("HTMLResponse", "TemplateResponse")
_TEXT = ("PlainTextResponse",)


def handlers(wiring: Wiring) -> Iterator[Handler]:
    """Every function that answers requests of such an application."""
    tree = Tree(wiring, STARLETTE)
    collector = _Collector(tree)
    registered = list(collector.all())
    keeping = tuple(dict.fromkeys(collector.keeping))
    for one in registered:
        for way in tree.ways(one.key):
            yield from (replace(handler, before=keeping) for handler in _handlers(one, way, tree.marks(way)))


class _Collector:
    """keeping: middlewares that keep something in `request.state`."""

    def __init__(self, tree: Tree) -> None:
        self.tree, self.wiring = tree, tree.wiring
        self.keeping: list[str] = []

    def all(self) -> Iterator[Registered]:
        """What is registered; the tree of routers is filled on the way."""
        for container in self.tree.containers():
            scope, call = container.scope, container.call
            if container.made.endswith("APIRouter"):
                self.tree.own[container.key] = text(scope, argument(call, -1, "prefix"), gaps=True) or ""
            listed = argument(call, 0 if container.made.endswith(".Router") else -1, "routes")
            if listed is not None:
                yield from self._listed(container.key, Known(scope, listed))
        for use in uses(self.wiring, STARLETTE):
            yield from self._used(use)

    def _used(self, use: Use) -> Iterator[Registered]:
        name, call, scope = use.name, use.call, use.scope
        if call is None:
            return
        if name in {"middleware", "add_middleware"}:
            self._around(use, call)
        elif use.target is not None:
            if name in _VERBS or name in {"api_route", "route", "websocket", "websocket_route"}:
                yield self._decorated(use, call)
        elif name == "include_router" and (child := argument(call, 0, "router")) is not None:
            prefix = text(scope, argument(call, 1, "prefix"), gaps=True) or ""
            key = self.wiring.key(scope, child)
            for one in self.wiring.behind(key) if key else ():
                self.tree.link(use.of, one, prefix + self.tree.own.get(one, ""), Known(scope, call))
        elif name in {"mount", "host"} and (app := argument(call, 1, "app")) is not None:
            self._mounted(use.of, scope, "" if name == "host" else text(scope, argument(call, 0, "path"), gaps=True) or "", app)
        elif name in {"append", "extend", "insert"} and isinstance(use.receiver, ir.Attribute):
            key = self.wiring.key(scope, use.receiver.of)
            given = call.arguments[-1] if call.arguments else None
            listed = given if name == "extend" and given is not None else ir.Sequence(0, "list", (given,) if given is not None else ())
            yield from self._listed(key, Known(scope, listed))
        elif name.startswith("add_") and name.endswith("route"):
            yield from self._added(use, call)

    def _around(self, use: Use, call: ir.Call) -> None:
        """@app.middleware("http"), or app.add_middleware(Class): the function that is called with each request."""
        target = use.target
        if target is None and call.arguments:
            target, _ = target_of(use.scope, call.arguments[0])
        method = self.wiring.project.method(target, "dispatch") if isinstance(target, DefinedClass) else target
        if isinstance(method, Defined) and "state" in walk.names(method.node.body):
            self.keeping.append(method.dotted)

    def _decorated(self, use: Use, call: ir.Call) -> Registered:
        methods = texts(use.scope, argument(call, 1 if use.name == "route" else -1, "methods"))
        listed = (use.name,) if use.name in _VERBS else methods or ("GET",)
        plain = use.name in {"route", "websocket_route"}
        return Registered(
            key=use.of,
            path=text(use.scope, argument(call, 0, "path"), gaps=True) or "",
            methods=() if use.name in _SOCKETS else tuple(sorted(method.upper() for method in listed)),
            target=use.target,  # type: ignore[arg-type]  # a decorator's use has one
            scope=use.scope,
            call=call,
            kind="websocket" if use.name in _SOCKETS else "http",
            style=PLAIN if plain else API,
        )

    def _added(self, use: Use, call: ir.Call) -> Iterator[Registered]:
        endpoint = argument(call, 1, "endpoint", "route")
        target, wrappers = target_of(use.scope, endpoint) if endpoint is not None else (None, ())
        if target is not None:
            methods = texts(use.scope, argument(call, 2 if use.name == "add_route" else -1, "methods"))
            yield Registered(
                key=use.of,
                path=text(use.scope, argument(call, 0, "path"), gaps=True) or "",
                methods=() if use.name in _SOCKETS else tuple(sorted(method.upper() for method in methods)),
                target=target,
                scope=use.scope,
                call=call,
                wrappers=wrappers,
                kind="websocket" if use.name in _SOCKETS else "http",
                style=API if "api" in use.name else PLAIN,
            )

    def _mounted(self, parent: str, scope: Scope, path: str, app: ir.Expression) -> None:
        key = self.wiring.key(scope, app)
        if key:
            self.tree.link(parent, key, path.rstrip("/"), None)

    def _listed(self, key: str, known: Known, prefix: str = "") -> Iterator[Registered]:
        """The routes of a list: Route, WebSocketRoute and Mount."""
        for one in items(known) or ():
            scope, call = follow(one)
            if not isinstance(call, ir.Call):
                continue
            kind = written(call.function).rpartition(".")[2]
            if kind == "Mount":
                path = prefix + (text(scope, argument(call, 0, "path"), gaps=True) or "").rstrip("/")
                if (app := argument(call, 1, "app")) is not None:
                    self._mounted(key, scope, path, app)
                if (inner := argument(call, 2, "routes")) is not None:
                    yield from self._listed(key, Known(scope, inner), path)
            elif kind in {"Route", "WebSocketRoute", "APIRoute", "APIWebSocketRoute"}:
                yield from self._route(key, prefix, scope, call, kind)

    def _route(self, key: str, prefix: str, scope: Scope, call: ir.Call, kind: str) -> Iterator[Registered]:
        endpoint = argument(call, 1, "endpoint")
        target, wrappers = target_of(scope, endpoint) if endpoint is not None else (None, ())
        if target is not None:
            is_socket = "WebSocket" in kind
            methods = texts(scope, argument(call, -1, "methods"))
            yield Registered(
                key=key,
                path=prefix + (text(scope, argument(call, 0, "path"), gaps=True) or ""),
                methods=() if is_socket else tuple(sorted(method.upper() for method in methods)),
                target=target,
                scope=scope,
                call=call,
                wrappers=wrappers,
                kind="websocket" if is_socket else "http",
                style=API if kind.startswith("API") else PLAIN,
            )


# -- handlers ---------------------------------------------------------------------------------------------------


def _handlers(one: Registered, way: Way, marks: list[str]) -> Iterator[Handler]:
    path = way.prefix + one.path
    if isinstance(one.target, Defined):
        yield _handler(one, way, marks, path, one.target, one.methods or (("GET",) if one.kind == "http" else ()))
        return
    if one.kind == "websocket" or any(base.endswith("WebSocketEndpoint") for base in one.scope.project.bases(one.target.dotted)):
        for name in ("on_connect", "on_receive", "on_disconnect"):
            if (method := one.scope.project.method(one.target, name)) is not None:
                yield _handler(one, way, marks, path, method, (), socket=True)
        return
    found = {verb: method for verb in sorted(_VERBS) if (method := one.scope.project.method(one.target, verb)) is not None}
    methods = one.methods or tuple(sorted(verb.upper() for verb in found))
    for verb, method in found.items():
        yield _handler(one, way, marks, path, method, methods, verb=verb.upper() if len(found) > 1 else "")
    called = one.scope.project.method(one.target, "__call__") if not found else None
    if called is not None:
        yield _handler(one, way, marks, path, called, methods or ("GET",))


def _handler(
    one: Registered,
    way: Way,
    marks: list[str],
    path: str,
    method: Defined,
    methods: tuple[str, ...],
    *,
    verb: str = "",
    socket: bool = False,
) -> Handler:
    segments = routes_paths.starlette(path)
    scope = scope_of(one.scope.project, method)
    is_api = one.style == API and isinstance(one.target, Defined)
    read = routes_parameters.Reading(scope, segments)
    brought = read.of(method, skip_self=method.owner is not None) if is_api else _plain(method, socket=socket or one.kind == "websocket")
    calls = (*way.calls, *((Known(one.scope, one.call),) if one.call is not None else ()))
    wrappers = (*one.wrappers, *method.node.decorators, *(one.target.node.decorators if isinstance(one.target, DefinedClass) else ()))
    checks = [*marks, *routes_parameters.listed_checks(calls), *read.checks, *routes_checks.of_decorators(scope, wrappers)]
    return Handler(
        function=method.dotted,
        path=path,
        methods=tuple(methods),
        brought=brought,
        answers=_answers(calls, is_api=is_api),
        authenticated_by=tuple(dict.fromkeys(checks)),
        kind="websocket" if socket else one.kind,
        framework="fastapi" if is_api else "starlette",
        file=method.unit.file,
        line=ir.line_of(method.node.at),
        instance=method.owner.dotted if method.owner is not None else "",
        verb=verb,
        segments=segments,
        depends=read.depends,
        is_public=routes_checks.is_open(scope, wrappers),
    )


def _plain(method: Defined, *, socket: bool) -> dict[str, Brought]:
    """An endpoint that is given the request, or the socket, alone; on_receive is given a message too."""
    names = [parameter.name for parameter in method.node.parameters if parameter.kind in {"any", "positional"}]
    names = names[1:] if method.owner is not None else names
    kind = "starlette.websockets.WebSocket" if socket else "starlette.requests.Request"
    found = {names[0]: Brought(type=kind, is_text=False)} if names else {}
    if method.node.name == "on_receive" and len(names) > 1:
        found[names[1]] = Brought(source="message", name=names[1])
    return found


def _answers(calls: tuple[Known, ...], *, is_api: bool) -> str:
    """What plain text becomes: the innermost response class decides."""
    for scope, call in reversed(calls):
        given = argument(call, -1, "response_class", "default_response_class") if isinstance(call, ir.Call) else None
        if given is not None:
            name = (dotted(scope, given) or written(given)).rpartition(".")[2]
            return "html" if name.endswith(_HTML) else "text" if name.endswith(_TEXT) else "json"
    return "json" if is_api else ""
