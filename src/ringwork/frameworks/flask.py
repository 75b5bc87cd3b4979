"""Flask: the outer layer round `wsgi_app`, the decision right before dispatch, where Flask has matched its own route."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask.ctx import RequestContext
from flask.globals import request_ctx
from flask.wrappers import Request
from werkzeug.routing import Rule as UrlRule

from ringwork import own_checks
from ringwork.current import Html, current
from ringwork.enforce.browser.csrf import FIELD_BESIDE
from ringwork.enforce.guard import Surroundings
from ringwork.errors import UnsupportedApp
from ringwork.exchange import Exchange
from ringwork.frameworks import (
    class_views,
    flask_sharing,
    flask_straight,
    layers,
    rewriters,
    telltales,
    templating,
    wsgi,
    wsgi_reading,
)
from ringwork.frameworks.flask_deciding import enter
from ringwork.frameworks.handlers import handler_at
from ringwork.frameworks.wsgi_limits import OverLimit
from ringwork.frameworks.wsgi_names import Environ
from ringwork.installation import NOTHING, Installation
from ringwork.pipeline import Answer, Plan
from ringwork.policy.declare import cacheable_among, limits_among, rated_among, waived_among
from ringwork.route import Handler, Route, RouteKind

Marked = tuple[tuple[str, object], ...]


def list_routes(app: Flask, *, installation: Installation | None = None) -> list[Route]:
    """Every rule of the URL map, with the rule that stands before it when an installation is given; mounts beside it."""
    mounted = [_mount_route(path, inner, installation) for path, inner in sorted(_mounts(app.wsgi_app).items())]
    routes = [to_route(app, rule, installation, part) for rule in app.url_map.iter_rules() for part in _parts(app, rule)]
    return [*routes, *mounted]


def _mounts(application: Any) -> dict[str, Any]:
    """Applications that a dispatcher round `wsgi_app` serves beside this one, by path."""
    return {path: app for mounts in _dispatchers(application) for path, app in mounts.items()}


def _dispatchers(application: Any) -> Iterator[dict[str, Any]]:
    """The tables of all dispatchers round `wsgi_app`. Against one that hides behind another layer: each names the next as `app`."""
    seen: set[int] = set()
    while application is not None and id(application) not in seen:
        seen.add(id(application))
        mounts = getattr(application, "mounts", None)
        if isinstance(mounts, dict):
            yield mounts
        application = getattr(application, "app", None)


def _mount_route(path: str, mounted: Any, installation: Installation | None) -> Route:
    inner = mounted.app if isinstance(mounted, MountGate) else mounted
    found = installation.find_rule(frozenset(), path, (("mount", inner),)) if installation else NOTHING
    named = inner if inspect.isfunction(inner) else type(inner)
    return Route(
        kind=RouteKind.MOUNT,
        path=path,
        methods=frozenset(),
        handler=Handler(name=f"{named.__module__}.{named.__qualname__}"),
        rule=found.rule,
        rule_source=found.source,
        csrf_exempt=found.csrf_exempt,
        limits=limits_among((("mount", inner),)),
        rated=rated_among((("mount", inner),)),
    )


def _methods_of(rule: UrlRule) -> frozenset[str]:
    """What a rule answers to by the application's own code."""
    methods = frozenset(rule.methods or ())
    return methods - {"OPTIONS"} if getattr(rule, "provide_automatic_options", None) else methods


def _parts(app: Flask, rule: UrlRule) -> list[str]:
    """The methods of a class of handlers that carry a mark of their own; "" for what is left."""
    kind, methods = getattr(app.view_functions.get(rule.endpoint), "view_class", None), _methods_of(rule)
    if kind is None:
        return [""]
    marked = [method for method in sorted(methods) if class_views.is_method_marked(kind, method.lower())]
    left = methods.difference(*(_answered(kind, methods, method) for method in marked))
    return [*marked, *([""] if left or not marked else [])]


def _answered(kind: type, methods: frozenset[str], method: str) -> frozenset[str]:
    """The methods of HTTP that one method of a class answers: HEAD is handed to `get` where there is no `head`."""
    return frozenset({"GET", "HEAD"} & methods) if method == "GET" and not hasattr(kind, "head") else frozenset({method})


def to_route(app: Flask, rule: UrlRule, installation: Installation | None, part: str = "") -> Route:
    """One rule of the URL map in ringwork's words. Converters become braces: "/notes/<int:n>" is "/notes/{n}".

    part: the method of a class of handlers that is decided on by itself, "" for all that are not.
    """
    view = app.view_functions.get(rule.endpoint)
    kind: Any = getattr(view, "view_class", None)
    methods, path = _methods_of(rule), template_of(rule)
    apart = {other: _answered(kind, methods, other) for other in _parts(app, rule) if other}
    methods, marked = apart.get(part, methods.difference(*apart.values())), _marked(app, rule, view, part)
    found = NOTHING
    if installation is not None:
        own = own_checks.of_view(view, _run_before(app, rule), installation.named_checks(), app.config)
        found = installation.find_rule(methods, path, marked, own=own)
    static = rule.endpoint == "static" or rule.endpoint.endswith(".static")
    return Route(
        kind=RouteKind.WEBSOCKET if rule.websocket else RouteKind.STATIC if static else RouteKind.HTTP,
        path=path,
        methods=methods,
        handler=handler_of(getattr(kind, part.lower()) if part else view),
        rule=found.rule,
        rule_source=found.source,
        seen_checks=() if found.rule else own_checks.seen(view, before=_run_before(app, rule)),
        passed_over=found.passed_over or class_views.told_of(kind, (*_READ, *map(str.lower, rule.methods or ()))),
        csrf_exempt=found.csrf_exempt,
        limits=limits_among(marked),
        rated=rated_among(marked),
        sends_files=telltales.sends_files(view, path),
        cacheable=cacheable_among(marked),
        waived=waived_among(marked),
        swallows=rule.rule.rpartition("<")[2].startswith("path"),
    )


def template_of(rule: UrlRule) -> str:
    """The rule's path with parameters in braces."""
    parts = []
    for piece in rule.rule.split("<"):
        if ">" not in piece:
            parts.append(piece)
            continue
        name, _, rest = piece.partition(">")
        parts.append("{" + name.rpartition(":")[2] + "}" + rest)
    return "".join(parts)


_VERBS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
_ALL = "dispatch_request"
"""The method of a class of handlers that answers every request, unless it hands on to one by its verb."""
_READ = (*_VERBS, _ALL)


def _marked(app: Flask, rule: UrlRule, view: Any, part: str) -> Marked:
    kind = getattr(view, "view_class", None)
    places: list[tuple[str, object]] = []
    if kind is not None:
        placed: Marked = (("handler", view),)  # its list of decorators, and marks where it is registered
        places += class_views.marks_of_method(kind, part.lower(), _is_view, placed) if part else ()
        places += class_views.marks_of_method(kind, _ALL, _is_view, placed)
    places += [("handler", view), *(class_views.marks_of_class(kind, _is_view) if kind is not None else ())]
    name = rule.endpoint.rpartition(".")[0]
    while name:
        places.append(("blueprint", app.blueprints.get(name)))
        name = name.rpartition(".")[0]
    return tuple(places)


def _is_view(kind: type) -> bool:
    return hasattr(kind, "as_view")


def _run_before(app: Flask, rule: UrlRule) -> Iterator[object]:
    """Functions that Flask calls before the view: the application's, then those of the blueprints it stands in."""
    name = rule.endpoint
    scopes: list[str | None] = []
    while "." in name:
        name = name.rpartition(".")[0]
        scopes.append(name)
    for scope in [None, *scopes]:
        yield from app.before_request_funcs.get(scope, ())


def handler_of(view: Any) -> Handler:
    """Where the code of a view stands, behind decorators."""
    inner = inspect.unwrap(getattr(view, "view_class", view)) if view is not None else None
    if inner is None or not (inspect.isfunction(inner) or inspect.isclass(inner) or inspect.ismethod(inner)):
        return Handler(name=repr(type(inner).__qualname__))
    return handler_at(inner)


def look_round(app: Flask) -> Surroundings:
    """What guards may look at when the application starts."""
    served = [(part.static_folder, getattr(part, "static_url_path", None)) for part in (app, *app.blueprints.values())]
    return Surroundings(
        framework="flask",
        debug=tuple(dict.fromkeys(_debug(app))),
        static_folders=tuple((str(folder), str(path or "")) for folder, path in served if folder),
        settings={**app.config, "flask-cors": flask_sharing.sharing(app)},
        rewriters=(*rewriters.around_us(), *rewriters.inside(app.wsgi_app)),
        layers=layers.of_wsgi(app.wsgi_app, app.full_dispatch_request, outer=wsgi.Outer, gate=Gate),
    )


_DEBUG_SETTINGS = (
    "PROPAGATE_EXCEPTIONS", "TRAP_HTTP_EXCEPTIONS", "TRAP_BAD_REQUEST_ERRORS", "EXPLAIN_TEMPLATE_LOADING", "TESTING", "DEBUG_TB_ENABLED",
)  # fmt: skip


def _debug(app: Flask) -> Iterator[str]:
    """What shows internals, each as its user would find it."""
    if app.debug:
        yield "app.debug"
    if telltales.is_on("FLASK_DEBUG"):
        yield "FLASK_DEBUG"
    yield from (name for name in _DEBUG_SETTINGS if app.config.get(name))
    yield from telltales.layers_of(app.wsgi_app)
    yield from telltales.tools_among(template_of(rule) for rule in app.url_map.iter_rules())
    yield from telltales.reloading()


_context = request_ctx._get_current_object  # type: ignore[attr-defined]  # noqa: SLF001  # what stands behind the proxy, without it
_NOTHING = object(), ""
"""What was decided on where nothing was: no rule is this one."""


class Gate:
    """Takes the place of `full_dispatch_request`: the route is matched, no code of the application has run."""

    __slots__ = ("app", "installation", "dispatch", "view", "straight", "is_bare", "_parts")

    def __init__(self, app: Flask, installation: Installation) -> None:
        self.app, self.installation = app, installation
        self.dispatch, self.view = app.full_dispatch_request, vars(app).get("dispatch_request")
        self.is_bare = flask_straight.is_served_bare(app)
        self.straight = flask_straight.Straight(app, self.before_view)
        self._parts: dict[tuple[int, str], tuple[UrlRule, str]] = {}  # the rule is kept, so that its identity stays taken

    def __call__(self) -> Response:
        """Decide, then dispatch as Flask does."""
        context: RequestContext = _context()
        asked = context.request
        exchange = asked.environ.get(wsgi_reading.KEY)
        if not isinstance(exchange, Exchange):
            # Against a way round the outermost layer: without its Exchange nothing was checked, so nothing is served.
            raise UnsupportedApp("a request reached Flask past ringwork's outermost layer")
        refused = self._decide(exchange, asked)
        if refused is not None:
            return refused
        straight = self.straight
        view = None if exchange.route is None else straight.view_of(asked)
        if view is None:
            dispatch = self.dispatch
            return dispatch()
        app = self.app
        app._got_first_request = True  # noqa: SLF001  # as Flask's own full_dispatch_request does
        try:
            made: Any = view(**asked.view_args)  # type: ignore[arg-type]  # a mapping where a rule has matched
        except Exception as error:  # noqa: BLE001  # likewise
            made = app.handle_user_exception(error)
        response = straight.finished(made, context)
        if self.is_bare and straight.is_whole(response):
            exchange.chosen = wsgi.OVER
        return response

    def before_view(self) -> Any:
        """Takes the place of `dispatch_request`: what runs before a view has run, and the view is the one that was decided on.

        Against a function of the application before the view that sets another method, or another rule: that is decided anew.
        """
        asked = _context().request
        exchange = asked.environ.get(wsgi_reading.KEY)
        if exchange is not None:
            rule, method = exchange.chosen or _NOTHING
            if rule is not asked.url_rule or method != asked.method:
                refused = self._decide(exchange, asked)
                if refused is not None:
                    return refused
        view = self.view
        # Where nobody had put one into the application it is its class's, as it is then: a tool may have wrapped that since.
        return type(self.app).dispatch_request(self.app) if view is None else view()

    def _decide(self, exchange: Exchange, asked: Request) -> Response | None:
        rule, method = asked.url_rule, asked.method
        exchange.chosen = rule, method
        if rule is None or (method == "OPTIONS" and getattr(rule, "provide_automatic_options", False)):
            exchange.route = None
            return None
        known = self.installation.plans.get(id(rule))
        plan = known[1] if known and known[0] is rule else self._plan(rule, method.upper())  # a MethodView answers to small letters too
        if method != exchange.method:
            exchange.handed_on(method)
        found = enter(exchange, plan, asked)
        return None if found is None else _response(plan.pipeline.give(exchange, found))

    def _plan(self, rule: UrlRule, method: str) -> Plan:
        """The compiled plan of a rule; of a class whose methods carry marks one for each of them, since each may have a rule of its own."""
        parts = _parts(self.app, rule)
        if parts == [""]:
            return self.installation.plan(rule, lambda: to_route(self.app, rule, self.installation))
        kind: Any = getattr(self.app.view_functions[rule.endpoint], "view_class", None)
        part = next((part for part in parts if part and method in _answered(kind, _methods_of(rule), part)), "")
        key = self._parts.setdefault((id(rule), part), (rule, part))
        return self.installation.plan(key, lambda: to_route(self.app, rule, self.installation, part))


class MountGate:
    """Stands before an application that a dispatcher serves beside this one: one rule for all of it."""

    __slots__ = ("path", "app", "installation")

    def __init__(self, path: str, app: wsgi.WsgiApp, installation: Installation) -> None:
        self.path, self.app, self.installation = path, app, installation

    def __call__(self, environ: Environ, start_response: wsgi.StartResponse) -> Iterable[bytes]:
        """Decide, then hand on."""
        exchange = environ.get(wsgi_reading.KEY)
        if not isinstance(exchange, Exchange):
            # Against a way round the outermost layer: without its Exchange nothing was checked, so nothing is served.
            raise UnsupportedApp("a request reached a mounted application past ringwork's outermost layer")
        plan = self.installation.plan(self, lambda: _mount_route(self.path, self, self.installation))
        exchange.handed_on(environ["REQUEST_METHOD"])
        found = enter(exchange, plan, Request(environ))
        if found is None:
            return self.app(environ, start_response)
        return _response(plan.pipeline.give(exchange, found))(environ, start_response)


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers])


def install(app: Flask, installation: Installation) -> None:
    """Put both layers into `app`, in place."""
    for mounts in _dispatchers(app.wsgi_app):
        for path, mounted in list(mounts.items()):
            mounts[path] = MountGate(path, mounted, installation)
    app.full_dispatch_request = gate = Gate(app, installation)  # type: ignore[method-assign]  # the seam that Flask itself calls
    app.dispatch_request = gate.straight.view  # type: ignore[method-assign]  # likewise
    app.log_exception = _Recorder(app)  # type: ignore[method-assign]  # one record for each error, under its incident number
    app.wsgi_app = wsgi.Outer(app.wsgi_app, installation)  # type: ignore[method-assign]  # as Flask's own documentation shows


def prepare(app: Flask) -> None:
    """What is done once, when the application starts."""
    templating.teach(app.jinja_env, csrf_field=_csrf_field)


def _csrf_field(action: str) -> Html:
    """`current().csrf_field` for templates; where Flask-WTF is at work, under a name that does not stand in front of its own."""
    if "csrf" in current_app.extensions or "csrf_token" in g:
        return Html(f'<input type="hidden" name="{FIELD_BESIDE}" value="{current().csrf_token(action)}">')
    return current().csrf_field(action)


class _Recorder:
    """Records an unhandled exception once, under the incident number that the client gets."""

    __slots__ = ("original",)

    def __init__(self, app: Flask) -> None:
        self.original = app.log_exception

    def __call__(self, exc_info: Any) -> None:
        exchange = request.environ.get(wsgi_reading.KEY)
        if not isinstance(exchange, Exchange) or not isinstance(exchange.plan, Plan):
            self.original(exc_info)
            return
        if isinstance(exc_info[1], OverLimit):
            return  # told already, as the refusal it is
        exchange.plan.pipeline.failed(exchange, exc_info[1])
