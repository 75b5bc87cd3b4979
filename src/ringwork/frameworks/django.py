"""Django: the outer layer round its handler, the decision before every view, where Django has resolved its own URLconf.

`protect(get_wsgi_application())` and `protect(get_asgi_application())` guard one handler in place; `ringwork.django` guards
whatever handler a project makes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import got_request_exception

from ringwork.current import SERVED, csp_nonce
from ringwork.enforce.guard import Surroundings
from ringwork.errors import UnsupportedApp
from ringwork.exchange import Exchange
from ringwork.frameworks import asgi, asgi_limits, django_around, django_clients, layers, wsgi, wsgi_reading
from ringwork.frameworks.django_deciding import answer_of, enter, enter_waiting
from ringwork.frameworks.django_listing import list_patterns, to_route
from ringwork.frameworks.django_routes import Index
from ringwork.frameworks.wsgi_limits import OverLimit
from ringwork.frameworks.wsgi_names import Environ
from ringwork.installation import Installation
from ringwork.pipeline import Plan
from ringwork.route import Route

OUTER = "__ringwork_outer__"
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
EXEMPT = "Django's test client asks for no proof of origin"


def list_routes(app: BaseHandler, *, installation: Installation | None = None) -> list[Route]:
    """Every pattern of the URLconf, includes and the admin among them; rules only with an installation."""
    return list_patterns(settings.ROOT_URLCONF, installation)


def look_round(app: BaseHandler) -> Surroundings:
    """What guards may look at when the application starts."""
    return django_around.look_round(() if isinstance(app, type) else _layers(app))


def _layers(app: Any) -> tuple[str, ...]:
    """Whether both layers still stand round and in this handler."""
    views = getattr(app, "_view_middleware", None) or []
    first = getattr(views[0], "__self__", views[0]) if views else app
    if vars(app).get(OUTER, app) is None:
        return ()  # a test client's: its outer layer is made for each request
    outer: Any = asgi.Outer if isinstance(app, ASGIHandler) else wsgi.Outer
    return layers.of_wsgi(vars(app).get(OUTER, app) if is_guarded(app) else app, first, outer=outer, gate=Gate)


def prepare(app: BaseHandler) -> None:
    """What is done once, when the application starts."""
    django_around.teach()


class Gate:
    """Stands before every view: the pattern is known, no code of the view has run, and the application's session is there."""

    __slots__ = ("installation", "indexes", "known")

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.indexes: dict[Any, Index] = {}
        self.known: dict[tuple[Any, str, int, str], Plan] = {}

    def plan(self, request: Any) -> Plan:
        """The compiled plan of the pattern that Django resolved for `request`."""
        urlconf = getattr(request, "urlconf", None) or settings.ROOT_URLCONF
        match, method = request.resolver_match, request.method
        if django_clients.asks_for_no_proof(request):
            return self._plan(request, urlconf)
        asked = urlconf, match.route, id(match.func), method  # a view's identity stays taken: the index keeps it
        plan = self.known.get(asked)
        if plan is None or plan.pipeline is not self.installation.pipeline:
            plan = self._plan(request, urlconf)
            # Against memory that a client fills with methods of its own making.
            if method in KNOWN_METHODS:
                self.known[asked] = plan
        return plan

    def _plan(self, request: Any, urlconf: Any) -> Plan:
        index = self.indexes.get(urlconf)
        if index is None:
            index = self.indexes[urlconf] = Index(urlconf)
        match, method = request.resolver_match, request.method
        entry = index.entry(match.route, match.func)
        key: object = entry
        if entry.by_method:
            key = entry.by_method.get(method, entry)
        elif entry.is_open_ended and method not in entry.methods and method != "OPTIONS":
            # Against a rule that was written for the methods that its function was seen to ask for, and is asked by another.
            key = index.apart(entry, method if method in KNOWN_METHODS else "other")
        part = method if key is not entry else None
        is_exempt = django_clients.asks_for_no_proof(request)
        if is_exempt:
            key = index.apart(key, "exempt")
        known = self.installation.plans.get(id(key))
        if known is not None and known[0] is key:
            return known[1]
        return self.installation.plan(key, lambda: to_route(entry, self.installation, part, exempt=EXEMPT if is_exempt else ""))

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> Any:
        """Decide, in the thread of a WSGI server."""
        exchange = request.META.get(wsgi_reading.KEY)
        if not isinstance(exchange, Exchange):
            # Against a way round the outermost layer: without its Exchange nothing was checked, so nothing is served.
            raise UnsupportedApp("a request reached Django past ringwork's outermost layer")
        request.csp_nonce = csp_nonce
        if request.method != exchange.method:
            exchange.handed_on(request.method)
        plan = self.plan(request)
        found = enter(exchange, plan, request)
        return None if found is None else answer_of(plan.pipeline.give(exchange, found))

    async def process_view_waiting(self, request: Any, view: Any, args: Any, kwargs: Any) -> Any:
        """Decide, in the loop of an ASGI server."""
        exchange = request.scope.get(asgi.KEY)
        if not isinstance(exchange, Exchange):
            # Against a way round the outermost layer: as above.
            raise UnsupportedApp("a request reached Django past ringwork's outermost layer")
        request.csp_nonce = csp_nonce
        exchange.handed_on(request.method)
        plan = self.plan(request)
        found = await enter_waiting(exchange, plan, request)
        return None if found is None else answer_of(plan.pipeline.give(exchange, found))


def install(app: BaseHandler, installation: Installation) -> None:
    """Put both layers into one handler, in place: the outer one round its call, the gate before its first view middleware."""
    original = type(app)
    views = getattr(app, "_view_middleware", None)  # the list that Django calls before each view
    if views is None:
        raise UnsupportedApp("protect() takes a handler that is made whole: get_wsgi_application() or get_asgi_application()")
    gate = Gate(installation)
    outer: Any = None
    call: Any = None
    chain: Any = None
    if isinstance(app, ASGIHandler):
        outer, call, is_waiting = asgi.Outer(_asgi_inside(original, app), installation), _call_asgi, True
    elif isinstance(app, WSGIHandler):
        outer, call, is_waiting = wsgi.Outer(original.__call__.__get__(app), installation), _call_wsgi, False
    else:
        chain, is_waiting = django_clients.chain_of(app, installation)
    if call is None and chain is None:
        raise UnsupportedApp(f"protect() takes Django's WSGI or ASGI handler, not {original.__module__}.{original.__qualname__}")
    views.insert(0, gate.process_view_waiting if is_waiting else gate.process_view)
    if chain is None:
        app.__class__ = _guarded(original, call)
    else:
        setattr(app, "_middleware_chain", chain)  # noqa: B010  # what a test client's handler answers with
    setattr(app, OUTER, outer)
    record_faults()


_MARK = "__ringwork_guarded__"


def is_guarded(app: object) -> bool:
    """Whether the outer layer stands round this very handler."""
    return _MARK in vars(type(app))


def _guarded(original: Any, call: Callable[..., Any]) -> Any:
    """The handler's own class, called through the outer layer; a call is looked up on the class, never on the instance."""
    own = {"__call__": call, _MARK: True, "__module__": original.__module__, "__qualname__": original.__qualname__}
    return type(original.__name__, (original,), own)


def _call_wsgi(self: Any, environ: Environ, start_response: wsgi.StartResponse) -> Iterable[bytes]:
    return self.__ringwork_outer__(environ, start_response)  # type: ignore[no-any-return]  # OUTER, as install() sets it


async def _call_asgi(self: Any, scope: asgi.Scope, receive: Any, send: Any) -> None:
    await getattr(self, OUTER)(scope, receive, send)


def _asgi_inside(original: Any, app: Any) -> asgi.App:
    async def inside(scope: asgi.Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            # Django serves none, and raises where a server offers one.
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        else:
            await original.__call__(app, scope, asgi_limits.as_of_a_client_that_left(scope[asgi.KEY], receive), send)

    return inside


async def _lifespan(receive: Any, send: Any) -> None:
    """Django has no start of its own; the outer layer checks the installation between these two."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def record_faults() -> None:
    """Have each unhandled exception recorded under the incident number that the client gets."""
    got_request_exception.connect(_record, dispatch_uid="ringwork")


def _record(sender: object, **more: Any) -> None:
    exchange, error = SERVED.get(), sys.exc_info()[1]
    # One that went over a limit is told already, as the refusal it is.
    if exchange is not None and error is not None and isinstance(exchange.plan, Plan) and not isinstance(error, OverLimit):
        exchange.plan.pipeline.failed(exchange, error)
