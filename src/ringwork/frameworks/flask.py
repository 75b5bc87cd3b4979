"""Flask: the outer layer round `wsgi_app`, the decision right before dispatch, where Flask has matched its own route."""

from __future__ import annotations

import asyncio
import inspect
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import Flask, Response, request
from flask.wrappers import Request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule as UrlRule

from ringwork.enforce.guard import Asking, Blocking, ReadForm, Refusal
from ringwork.errors import UnsupportedApp
from ringwork.exchange import Exchange
from ringwork.frameworks import wsgi
from ringwork.installation import Installation
from ringwork.pipeline import Answer, Pipeline, Plan
from ringwork.route import Handler, Route, RouteKind

Marked = tuple[tuple[str, object], ...]


def list_routes(app: Flask, *, installation: Installation | None = None) -> list[Route]:
    """Every rule of the URL map, with the rule that stands before it when an installation is given; mounts beside it."""
    mounted = [_mount_route(path, inner, installation) for path, inner in sorted(_mounts(app.wsgi_app).items())]
    return [*(to_route(app, rule, installation) for rule in app.url_map.iter_rules()), *mounted]


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
    found = installation.find_rule(frozenset(), path, (("mount", inner),)) if installation else None
    named = inner if inspect.isfunction(inner) else type(inner)
    return Route(
        kind=RouteKind.MOUNT,
        path=path,
        methods=frozenset(),
        handler=Handler(name=f"{named.__module__}.{named.__qualname__}"),
        rule=found.rule if found else None,
        rule_source=found.source if found else "",
        csrf_exempt=found.csrf_exempt if found else None,
    )


def to_route(app: Flask, rule: UrlRule, installation: Installation | None) -> Route:
    """One rule of the URL map in ringwork's words. Converters become braces: "/notes/<int:n>" is "/notes/{n}"."""
    view = app.view_functions.get(rule.endpoint)
    methods = (
        frozenset(rule.methods or ()) - {"OPTIONS"} if getattr(rule, "provide_automatic_options", None) else frozenset(rule.methods or ())
    )
    path = template_of(rule)
    found = None if installation is None else installation.find_rule(methods, path, _marked(app, rule, view))
    static = rule.endpoint == "static" or rule.endpoint.endswith(".static")
    return Route(
        kind=RouteKind.WEBSOCKET if rule.websocket else RouteKind.STATIC if static else RouteKind.HTTP,
        path=path,
        methods=methods,
        handler=handler_of(view),
        rule=found.rule if found else None,
        rule_source=found.source if found else "",
        csrf_exempt=found.csrf_exempt if found else None,
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


def _marked(app: Flask, rule: UrlRule, view: Any) -> Marked:
    places: list[tuple[str, object]] = [("handler", view), ("handler", getattr(view, "view_class", None))]
    name = rule.endpoint.rpartition(".")[0]
    while name:
        places.append(("blueprint", app.blueprints.get(name)))
        name = name.rpartition(".")[0]
    return tuple(places)


def handler_of(view: Any) -> Handler:
    """Where the code of a view stands, behind decorators."""
    inner = inspect.unwrap(getattr(view, "view_class", view)) if view is not None else None
    if inner is None or not (inspect.isfunction(inner) or inspect.isclass(inner) or inspect.ismethod(inner)):
        return Handler(name=repr(type(inner).__qualname__))
    name = f"{inner.__module__}.{inner.__qualname__}"
    try:
        return Handler(name=name, file=inspect.getsourcefile(inner), line=inspect.getsourcelines(inner)[1])
    except (OSError, TypeError):
        return Handler(name=name)


class Gate:
    """Takes the place of `full_dispatch_request`: the route is matched, no code of the application has run."""

    __slots__ = ("app", "installation", "dispatch")

    def __init__(self, app: Flask, installation: Installation) -> None:
        self.app, self.installation = app, installation
        self.dispatch = app.full_dispatch_request

    def __call__(self) -> Response:
        """Decide, then dispatch as Flask does."""
        exchange = request.environ.get(wsgi.KEY)
        if not isinstance(exchange, Exchange):
            # Against a way round the outermost layer: without its Exchange nothing was checked, so nothing is served.
            raise UnsupportedApp("a request reached Flask past ringwork's outermost layer")
        rule = request.url_rule
        if rule is None or _is_automatic_options(rule):
            return self.dispatch()
        plan = self.installation.plan(rule, lambda: to_route(self.app, rule, self.installation))
        refusal = enter(exchange, plan, request)
        return self.dispatch() if refusal is None else _response(plan.pipeline.refuse(exchange, refusal))


class MountGate:
    """Stands before an application that a dispatcher serves beside this one: one rule for all of it."""

    __slots__ = ("path", "app", "installation")

    def __init__(self, path: str, app: wsgi.WsgiApp, installation: Installation) -> None:
        self.path, self.app, self.installation = path, app, installation

    def __call__(self, environ: wsgi.Environ, start_response: wsgi.StartResponse) -> Iterable[bytes]:
        """Decide, then hand on."""
        exchange = environ.get(wsgi.KEY)
        if not isinstance(exchange, Exchange):
            # Against a way round the outermost layer: without its Exchange nothing was checked, so nothing is served.
            raise UnsupportedApp("a request reached a mounted application past ringwork's outermost layer")
        plan = self.installation.plan(self, lambda: _mount_route(self.path, self, self.installation))
        refusal = enter(exchange, plan, Request(environ))
        if refusal is None:
            return self.app(environ, start_response)
        return _response(plan.pipeline.refuse(exchange, refusal))(environ, start_response)


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers])


def _is_automatic_options(rule: UrlRule) -> bool:
    return request.method == "OPTIONS" and bool(getattr(rule, "provide_automatic_options", False))


def enter(exchange: Exchange, plan: Plan, asked: Request) -> Refusal | None:
    """Identify the principal, then let the guards of the matched route decide."""
    exchange.plan, exchange.route = plan, plan.route
    refusal = _identify(exchange, plan.pipeline, asked)
    if refusal is not None:
        return refusal
    found = plan.enter(exchange)
    if found is not None and not isinstance(found, Refusal):
        found = _ask(found, asked)
    exchange.decided = found is None
    return found


def _identify(exchange: Exchange, pipeline: Pipeline, asked: Request) -> Refusal | None:
    identify: Any = pipeline.policy.identify
    if identify is None or not pipeline.identifies:
        return None
    try:
        # The deadline of a thread is the worker's: Flask cannot cut one that is running.
        found = identify(asked)
        if inspect.isawaitable(found):
            found = asyncio.run(_wait(found))
    except Exception as error:  # noqa: BLE001  # whatever the application raises
        return pipeline.no_identity(exchange, f"identify raised {type(error).__name__}", error)
    return pipeline.take_identity(exchange, found)


async def _wait(found: Any) -> Any:
    return await found


def _ask(asking: Asking, asked: Request) -> Refusal | None:
    """Drive a guard that asks; a WSGI worker is a thread already, so blocking calls run here."""
    answer: Any = None
    while True:
        try:
            ask = asking.send(answer)
        except StopIteration as stop:
            result: Refusal | None = stop.value
            return result
        if isinstance(ask, ReadForm):
            answer = _read_form(asked, ask.limit_bytes)
        elif isinstance(ask, Blocking):
            answer = ask.call()
        else:
            raise TypeError(f"a guard asked for {type(ask).__name__}, which no adapter knows")


def _read_form(asked: Request, limit_bytes: int) -> Mapping[str, str] | None:
    """The form through Flask's own request, which keeps what it has parsed for the view."""
    sized = asked.content_length
    if sized is None or sized > limit_bytes:
        return None
    try:
        # The bytes are kept, so that the view, or an application mounted beside it, reads the same body once more.
        asked.environ["wsgi.input"] = io.BytesIO(asked.get_data(cache=True))
        form = asked.form
    except HTTPException:
        # What the parser cannot read is no form; whether that matters is the guard's to say.
        return None
    return {name: values[0] for name, values in form.to_dict(flat=False).items() if values}


def install(app: Flask, installation: Installation) -> None:
    """Put both layers into `app`, in place."""
    for mounts in _dispatchers(app.wsgi_app):
        for path, mounted in list(mounts.items()):
            mounts[path] = MountGate(path, mounted, installation)
    app.full_dispatch_request = Gate(app, installation)  # type: ignore[method-assign]  # the seam that Flask itself calls
    app.log_exception = _Recorder(app)  # type: ignore[method-assign]  # one record for each error, under its incident number
    app.wsgi_app = wsgi.Outer(app.wsgi_app, installation)  # type: ignore[method-assign]  # as Flask's own documentation shows


class _Recorder:
    """Records an unhandled exception once, under the incident number that the client gets."""

    __slots__ = ("original",)

    def __init__(self, app: Flask) -> None:
        self.original = app.log_exception

    def __call__(self, exc_info: Any) -> None:
        exchange = request.environ.get(wsgi.KEY)
        if not isinstance(exchange, Exchange) or not isinstance(exchange.plan, Plan):
            self.original(exc_info)
            return
        exchange.plan.pipeline.failed(exchange, exc_info[1])
