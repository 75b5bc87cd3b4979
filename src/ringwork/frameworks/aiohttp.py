"""aiohttp: the writer and the gate of every request are ours, its own router matches.

Against layers that each see a part: middlewares miss what fails before routing, signals miss what is refused after them. So the
outer layer takes the two seams that the server itself calls, and the gate is the innermost middleware of every application.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import aiohttp
from aiohttp import web
from aiohttp.hdrs import METH_ALL
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_urldispatcher import AbstractResource, AbstractRoute, PrefixedSubAppResource, StaticResource

from ringwork import own_checks
from ringwork.enforce.guard import Surroundings
from ringwork.errors import UnsupportedApp
from ringwork.frameworks import aiohttp_sharing, class_views, layers, rewriters, telltales, templating
from ringwork.frameworks.aiohttp_deciding import Gate
from ringwork.frameworks.aiohttp_outer import Outer
from ringwork.frameworks.handlers import handler_behind
from ringwork.installation import NOTHING, Installation
from ringwork.policy.declare import cacheable_among, limits_among, rated_among, waived_among
from ringwork.route import Route, RouteKind

Marked = tuple[tuple[str, object], ...]

ALL = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""What a route for "*" answers to."""

_SEAMS: tuple[tuple[Any, str], ...] = (
    (web.Application, "_handle"),
    (web.Application, "_make_request"),
    (web.Application, "pre_freeze"),
    (web.Application, "freeze"),
    (StreamReader, "_read_nowait_chunk"),
    (RequestHandler, "_current_request"),
)


class Way(NamedTuple):
    """One way in: a route of aiohttp's table, a method of its class view or "", and the applications that it stands in, inside first."""

    route: AbstractRoute
    method: str
    outside: Marked


def list_routes(app: web.Application, *, installation: Installation | None = None) -> list[Route]:
    """Every way into `app` and the applications in it, by prefix and by domain; rules only with an installation."""
    return [to_route(way.route, way.method, installation, outside=way.outside) for way in ways(app)]


def ways(app: web.Application) -> Iterator[Way]:
    """Every handler at every address, once: beside each route for GET stands one for HEAD with the same handler."""
    for resource, outside in _resources(app):
        seen: list[tuple[object, str]] = []
        for route in resource:
            for method in () if aiohttp_sharing.is_preflight(route) else _methods_of(route.handler):
                if (route.handler, method) not in seen:
                    seen.append((route.handler, method))
                    yield Way(route, method, outside)


def _resources(app: web.Application, outside: Marked = ()) -> Iterator[tuple[AbstractResource, Marked]]:
    """Every resource that holds routes of its own, with the applications that it stands in, from the inside outward."""
    for resource in app.router.resources():
        if isinstance(resource, PrefixedSubAppResource):  # one by domain is of that kind too
            inner = resource.get_info()["app"]
            yield from _resources(inner, (("mount", inner), *outside))
        else:
            yield resource, outside


def _methods_of(handler: object) -> tuple[str, ...]:
    """Of a class view each method that it defines, since each may carry a rule of its own; "" for a function."""
    if not isinstance(handler, type):
        return ("",)
    return tuple(sorted(method for method in METH_ALL if hasattr(handler, method.lower()))) or ("",)


def to_route(route: AbstractRoute, method: str, installation: Installation | None, *, outside: Marked | None = None) -> Route:
    """One of aiohttp's routes in ringwork's words; `method` tells which method of a class view is meant."""
    resource, handler = route.resource, route.handler
    view = getattr(handler, method.lower(), None) if isinstance(handler, type) else None
    path = (resource.canonical if resource is not None else "") or "/"
    static = isinstance(resource, StaticResource)
    kind = RouteKind.STATIC if static else RouteKind.WEBSOCKET if _opens_socket(view or handler) else RouteKind.HTTP
    methods = frozenset() if kind is RouteKind.WEBSOCKET else _methods(route, method if view is not None else "")
    marked: Marked = (*_marks_of(handler, method.lower(), (("resource", resource),)), ("resource", resource), *(outside or ()))
    found = NOTHING
    if installation is not None:
        checks = own_checks.of_view(view or handler, (), installation.named_checks(), {})
        found = installation.find_rule(methods, path, marked, own=checks)
    return Route(
        kind=kind,
        path=path,
        methods=methods,
        handler=handler_behind(view or handler),
        rule=found.rule,
        rule_source=found.source,
        seen_checks=() if found.rule else own_checks.seen(view or handler),
        passed_over=found.passed_over or class_views.told_of(handler, [verb.lower() for verb in METH_ALL]),
        csrf_exempt=found.csrf_exempt,
        limits=limits_among(marked),
        rated=rated_among(marked),
        sends_files=telltales.sends_files(view or handler, path),
        cacheable=cacheable_among(marked),
        waived=waived_among(marked),
        swallows=_swallows(resource, path),
    )


def _marks_of(handler: object, method: str, placed: Marked) -> Marked:
    """Where a handler says its rule itself: the function, or the method of a class view, the class and its attribute."""
    if not isinstance(handler, type):
        return (("handler", handler),)
    return (*class_views.marks_of_method(handler, method, _is_view, placed), *class_views.marks_of_class(handler, _is_view))


def _is_view(kind: type) -> bool:
    return issubclass(kind, web.View)


def _methods(route: AbstractRoute, method: str) -> frozenset[str]:
    """The methods that reach the same handler at the same address, as one route."""
    if method:
        return frozenset({method})
    beside = [other.method for other in route.resource or () if other.handler == route.handler]
    return ALL if "*" in beside or route.method == "*" else frozenset({*beside, route.method})


def _opens_socket(handler: object) -> bool:
    """Whether the handler's own code makes a WebSocketResponse: aiohttp's table does not tell."""
    inner: Any = inspect.unwrap(handler) if callable(handler) else handler
    code = getattr(inner, "__code__", None)
    return code is not None and "WebSocketResponse" in code.co_names


def _swallows(resource: AbstractResource | None, path: str) -> bool:
    pattern = resource.get_info().get("pattern") if resource is not None else None
    if pattern is None or not path.endswith("}"):
        return False
    before, _, _ = path.rpartition("{")
    filled = [_filled(before, sample) + "a/b" for sample in ("x", "1")]
    return any(pattern.fullmatch(one) is not None for one in filled)


def _filled(template: str, sample: str) -> str:
    """A path with each parameter replaced."""
    return "".join(piece.partition("}")[2] if i == 0 and "}" in piece else piece for i, piece in enumerate(_pieces(template, sample)))


def _pieces(template: str, sample: str) -> Iterator[str]:
    first, *rest = template.split("{")
    yield first
    for piece in rest:
        yield sample + piece.partition("}")[2]


def look_round(app: web.Application) -> Surroundings:
    """What guards may look at when the application starts."""
    statics = [resource for resource, _ in _resources(app) if isinstance(resource, StaticResource)]
    middlewares = [middleware for part in parts(app) for middleware in part.middlewares]
    return Surroundings(
        framework="aiohttp",
        debug=tuple(dict.fromkeys(_debug(app, statics))),
        static_folders=tuple((str(static.get_info()["directory"]), static.canonical) for static in statics),
        settings={"aiohttp-cors": aiohttp_sharing.sharing(parts(app))},
        rewriters=(*rewriters.around_us(), *rewriters.among(middlewares)),
        layers=tuple(dict.fromkeys(_missing_layers(app))),
    )


def parts(app: web.Application) -> Iterator[web.Application]:
    """The application and all in it, each once."""
    seen: set[int] = set()
    waiting = [app]
    while waiting:
        part = waiting.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield part
            waiting += part._subapps  # noqa: SLF001  # aiohttp's own list of them
            waiting += [resource.get_info()["app"] for resource in part.router.resources() if isinstance(resource, PrefixedSubAppResource)]


def _debug(app: web.Application, statics: list[StaticResource]) -> Iterator[str]:
    """What shows internals, each as its user would find it."""
    if telltales.is_on("PYTHONASYNCIODEBUG") or sys.flags.dev_mode or os.environ.get("PYTHONASYNCIODEBUG"):
        yield "PYTHONASYNCIODEBUG"
    elif app._debug is True:  # noqa: SLF001  # the public name warns
        yield "app.debug"
    yield from (f"show_index of {static.canonical or '/'}" for static in statics if getattr(static, "_show_index", False))
    yield from telltales.tools_among(resource.canonical for resource, _ in _resources(app))
    yield from telltales.reloading()


def _missing_layers(app: web.Application) -> Iterator[str]:
    """Faults of ringwork's own layers; the gates are looked at once aiohttp has built its chains."""
    for found in (app._handle, app._make_request):  # noqa: SLF001  # the seams that aiohttp itself calls
        yield from layers.outside(getattr(found, "__self__", found), Outer)
    for part in parts(app):
        chain = part._middlewares_handlers  # noqa: SLF001
        if chain and not isinstance(chain[0][0], Gate):
            yield "ringwork's gate is gone; nothing asks for a rule before the handlers"
            return


def prepare(app: web.Application) -> None:
    """What is done once, when the application starts."""
    for part in parts(app):
        for value in list(part.values()):
            if any(kind.__module__ == "jinja2.environment" for kind in type(value).__mro__):
                templating.teach(value)


def install(app: web.Application, installation: Installation) -> None:
    """Put both layers into `app`, in place: the outer one now, the gates when aiohttp builds its chains of middlewares."""
    if app.frozen or app.pre_frozen:
        raise UnsupportedApp(
            "protect() came after the application was started, or added to another one; call it on the outermost application, "
            "right after its routes are defined"
        )
    missing = [f"{owner.__name__}.{name}" for owner, name in _SEAMS if not hasattr(owner, name)]
    if missing:
        raise UnsupportedApp(f"aiohttp {aiohttp.__version__} has no {', '.join(missing)}; use a version that this ringwork was tested with")
    outer = Outer(app, installation)
    app.on_response_prepare.append(outer.note_answer)
    start = Start(app, installation)
    # Into the instance by its dictionary: aiohttp's own __setattr__ warns in development.
    vars(app).update(_handle=outer.handle, _make_request=outer.make_request, pre_freeze=start.pre_freeze, freeze=start.freeze)


class Start:
    """aiohttp's own two steps before it serves, with the gates put in between them and the whole looked at afterwards."""

    __slots__ = ("app", "installation", "_pre_freeze", "_freeze", "_is_own")

    def __init__(self, app: web.Application, installation: Installation) -> None:
        self.app, self.installation = app, installation
        self._pre_freeze, self._freeze, self._is_own = app.pre_freeze, app.freeze, False

    def pre_freeze(self) -> None:
        """Build the chains of middlewares, each with its gate as the innermost."""
        if self.app.pre_frozen:
            return
        if not self._is_own:
            # Against guards that never run: an application in another one is asked by that one's layers alone.
            raise UnsupportedApp("a guarded application was added to another one; call protect() on the outermost application instead")
        self._pre_freeze()
        gated = frozenset(parts(self.app))
        for part in gated:
            gate = Gate(part, self.installation, self.to_route)
            gate.parts = gated
            chain = part._middlewares_handlers or ()  # noqa: SLF001  # innermost first, as aiohttp builds it
            part._middlewares_handlers = ((gate, True), *chain)  # noqa: SLF001
        self.app._run_middlewares = True  # noqa: SLF001

    def freeze(self) -> None:
        """The last step before requests: every route is known by now."""
        if self.app.frozen:
            return
        self._is_own = True
        self._freeze()
        fault = self.installation.unsettled()
        if fault is not None:
            raise fault

    def to_route(self, route: AbstractRoute, method: str, installation: Installation) -> Route:
        """The route as the table has it, with the applications that it stands in."""
        outside = next((outside for resource, outside in _resources(self.app) if resource is route.resource), ())
        return to_route(route, method, installation, outside=outside)
