"""Starlette, and what FastAPI shares with it: routes listed and resolved by the framework's own matching.

Against path guesses that differ from the router's: candidates are narrowed by their literal prefix only, each is then
asked by its own `matches`, in the router's own order; what the router reached is compared afterwards.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Host, Match, Mount, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles

from ringwork import own_checks
from ringwork.enforce.guard import Surroundings
from ringwork.errors import UnsupportedApp
from ringwork.exchange import Exchange
from ringwork.frameworks import (
    asgi,
    asgi_deciding,
    depended,
    layers,
    reached,
    rewriters,
    starlette_classes,
    starlette_lists,
    straight_route,
    telltales,
    templating,
    watching,
)
from ringwork.frameworks.asgi_deciding import Entered, Receive
from ringwork.frameworks.asgi_sending import Send, refuse
from ringwork.frameworks.first_route import Matched, Routes, shown
from ringwork.frameworks.handlers import handler_behind
from ringwork.frameworks.route_tree import Place, Tree
from ringwork.frameworks.starlette_form import connected, fields_of
from ringwork.frozen import Frozen, replace
from ringwork.installation import NOTHING, Installation
from ringwork.pipeline import Plan
from ringwork.policy.declare import cacheable_among, limits_among, rated_among, waived_among
from ringwork.route import Route, RouteKind

Marked = tuple[tuple[str, object], ...]
"""Where a rule may stand, from the handler outward: ("handler", function), ("router", router), ..."""


class Entry(Frozen):
    """One route as the router holds it.

    matcher: the framework's own object that says whether it matches. inside: entries of a mounted application that can be listed.
    parts: of a class whose methods carry marks, those methods, each an entry by itself, and what is left. told: of marks nobody reads.
    beside: of a class, what stands for methods that it does not list, which have no rule.
    """

    matcher: Any
    path: str
    kind: RouteKind
    methods: frozenset[str]
    endpoint: object
    marked: Marked
    inside: Index | None = None
    parts: tuple[Entry, ...] = ()
    beside: Entry | None = None
    told: str = ""


Lister = Callable[[Router], Iterator[tuple[Any, BaseRoute, Marked]]]
"""From a router to (matcher, original route, marks outside the handler); FastAPI's own sees into included routers."""


def plain_routes(router: Router) -> Iterator[tuple[Any, BaseRoute, Marked]]:
    """Starlette's list holds every route itself."""
    for route in router.routes:
        yield route, route, ()


class Index:
    """The entries of one router, found by the literal part of their path; built again when a route was added or taken out."""

    __slots__ = ("router", "prefix", "marked", "lister", "_lists", "_before", "_entries", "_tree", "_rest")

    def __init__(self, router: Router, *, prefix: str = "", marked: Marked = (), lister: Lister = plain_routes) -> None:
        self.router, self.prefix, self.marked, self.lister = router, prefix, marked, lister
        self._rest: Place | None = None
        self._build()

    def _build(self) -> None:
        self._lists = starlette_lists.reader(self.router)
        self._before = tuple([*found] for found in self._lists())
        self._entries = [self._entry(*found) for found in self.lister(self.router)]
        self._tree = Tree([(starlette_lists.literal_segments(entry.matcher), Place(entry)) for entry in self._entries])

    def entries(self) -> list[Entry]:
        """All entries, in the router's order, as of now."""
        # Against a route added, replaced or moved later that nobody looked at: the lists are compared at each look.
        if self._lists() != self._before:
            self._build()
        return self._entries

    def flat(self) -> Iterator[Entry]:
        """Every way in, those of mounted applications too."""
        for entry in self.entries():
            if entry.inside is None:
                yield from entry.parts or (entry,)
            else:
                yield from entry.inside.flat()
        if (rest := self._unmatched()) is not None:
            yield rest.entry

    def _unmatched(self) -> Place | None:
        """What the router calls for a path that none of its routes takes, where somebody put an application of their own there."""
        default = starlette_lists.own_default(self.router)
        if default is not None and (self._rest is None or self._rest.entry.endpoint is not default):
            at, marked = f"{self.prefix}/", (*starlette_classes.marks_of(default), *self.marked)
            matcher = starlette_lists.Unmatched
            self._rest = Place(Entry(matcher=matcher, path=at, kind=RouteKind.MOUNT, methods=frozenset(), endpoint=default, marked=marked))
        return self._rest if default is not None else None

    def watch_inside(self) -> None:
        """Have the routers of mounted applications watched; done whenever a place is met for the first time."""
        for entry in self._entries:
            if entry.inside is not None:
                watching.watch(entry.inside.router)
                entry.inside.watch_inside()

    def resolve(self, scope: asgi.Scope, path: str) -> tuple[Place | None, tuple[object, ...], object, Any]:
        """The place that the router will take for `scope`, the endpoints on the way, the router's own first route, what that says.

        None for no place, and for a first route that is not known. Where no place is found the endpoints are mounts with
        nothing inside (404), and handlers of other methods (405).
        """
        lists = self._lists
        if lists() != self._before:
            self._build()
        other_methods: list[object] = []
        for place in self._tree.candidates(path):
            matches = place.matches
            answer = matches(scope)
            if answer[0] is not Match.FULL:
                if answer[0] is Match.PARTIAL and place.entry.methods and scope.get("method") not in place.entry.methods:
                    other_methods.append(answer[1].get("endpoint"))
                continue
            endpoint = answer[1].get("endpoint")
            first = place.first
            if first is None:
                first = self._settle(place, scope)
            inside = place.entry.inside
            if inside is None:
                return place, (endpoint,), first, answer
            inner = {**scope, **answer[1]}
            found, reached, _, _ = inside.resolve(inner, starlette_lists.route_path(inner))
            return found, (*reached, endpoint), first.route if type(first) is Matched else first, None
        # Against an effect before its refusal: no endpoint is noted by a router that calls its default.
        rest = None if other_methods else self._unmatched()
        return rest, tuple(other_methods) if rest is None else (rest.entry.endpoint, None), None, None

    def _settle(self, place: Place, scope: asgi.Scope) -> object:
        """Note the first of the router's own routes that takes `scope`, found as the router finds it, and the way to it."""
        first = next((route for route in list(self.router.routes) if route.matches(scope)[0] is Match.FULL), None)
        place.first = first
        if first is not None and first is place.entry.matcher:
            place.first, place.way = Matched(first), straight_route.way_to(self.router, first)
        return place.first

    def _entry(self, matcher: Any, route: BaseRoute, outside: Marked) -> Entry:
        path = self.prefix + (getattr(matcher, "path", None) or getattr(route, "path", "") or "")
        endpoint = getattr(matcher, "endpoint", None) or getattr(matcher, "app", None) or getattr(route, "endpoint", None)
        marked: Marked = (*starlette_classes.marks_of(endpoint), ("route", route), *outside, *self.marked)
        if isinstance(matcher, Mount | Host):
            return self._mounted(matcher, path, marked)
        methods = frozenset(getattr(matcher, "methods", None) or starlette_classes.methods_of(endpoint))
        kind = RouteKind.WEBSOCKET if isinstance(route, WebSocketRoute) else RouteKind.HTTP
        kind = RouteKind.STATIC if isinstance(endpoint, StaticFiles) else kind
        methods = frozenset() if kind is RouteKind.WEBSOCKET else methods
        whole = Entry(matcher=matcher, path=path, kind=kind, methods=methods, endpoint=endpoint, marked=marked)
        return with_parts(whole) if inspect.isclass(endpoint) else whole

    def _mounted(self, mount: Any, path: str, marked: Marked) -> Entry:
        app = mount.app
        target = getattr(mount, "_base_app", app)
        shown = path.rstrip("/") if isinstance(mount, Mount) else self.prefix
        outward: Marked = (("mount", target), *marked[1:])
        inner = target.router if isinstance(target, Starlette) else target if isinstance(target, Router) else None
        if inner is not None:
            inside = Index(inner, prefix=shown, marked=outward, lister=self.lister)
            return Entry(matcher=mount, path=shown, kind=RouteKind.MOUNT, methods=frozenset(), endpoint=app, marked=outward, inside=inside)
        static = isinstance(target, StaticFiles)
        return Entry(
            matcher=mount,
            path=shown or "/",
            kind=RouteKind.STATIC if static else RouteKind.MOUNT,
            methods=frozenset({"GET", "HEAD"}) if static else frozenset(),
            endpoint=app,
            marked=outward,
        )


def with_parts(entry: Entry) -> Entry:
    """The entry of a class, with its marked methods apart from what is left."""
    found = [
        replace(entry, methods=part.methods, endpoint=part.function, marked=(*part.marked, *entry.marked))
        for part in starlette_classes.parts_of(entry.endpoint, entry.methods, tuple(one for one in entry.marked if one[0] == "route"))
    ]
    told = starlette_classes.told_of(entry.endpoint)
    left = entry.methods.difference(*(part.methods for part in found))
    rest = [replace(entry, methods=left, told=told)] if found and left else []
    return replace(entry, parts=(*found, *rest), beside=replace(entry, methods=frozenset()), told=told)


def to_route(entry: Entry, installation: Installation | None) -> Route:
    """The entry in ringwork's words, with its rule when an installation is given."""
    found, dependant = NOTHING, getattr(entry.matcher, "dependant", None)
    marked = depended.with_marks_of(dependant, entry.marked)
    if installation is not None:
        own = own_checks.of_route(entry.endpoint, dependant, installation.named_checks())
        found = installation.find_rule(entry.methods, entry.path, marked, own=own)
    return Route(
        kind=entry.kind,
        path=entry.path,
        methods=entry.methods,
        handler=handler_behind(entry.endpoint),
        rule=found.rule,
        rule_source=found.source,
        seen_checks=() if found.rule else own_checks.seen(entry.endpoint, dependant=dependant),
        passed_over=found.passed_over or entry.told,
        csrf_exempt=found.csrf_exempt,
        limits=limits_among(marked),
        rated=rated_among(marked),
        sends_files=telltales.sends_files(entry.endpoint, entry.path),
        cacheable=cacheable_among(marked),
        waived=waived_among(marked),
        swallows=entry.path.endswith(":path}"),
        inline_scripts=getattr(entry.endpoint, "__ringwork_inline__", ()),
    )


_INDEX = "__ringwork_index__"


def index_of(router: Router, lister: Lister) -> Index:
    """The one index of a router, made when it is first asked for; it looks by itself whether routes came or went."""
    found = vars(router).get(_INDEX)
    if not isinstance(found, Index) or found.lister is not lister:
        found = Index(router, lister=lister)
        setattr(router, _INDEX, found)
    return found


def list_routes(app: Starlette, *, installation: Installation | None = None, lister: Lister = plain_routes) -> list[Route]:
    """Every way into `app`: HTTP, WebSocket, static files and mounts, with prefixes; rules only with an installation."""
    return [to_route(entry, installation) for entry in index_of(app.router, lister).flat()]


def look_round(app: Starlette, *, lister: Lister = plain_routes) -> Surroundings:
    """What guards may look at when the application starts."""
    index = index_of(app.router, lister)
    return Surroundings(
        framework="starlette",
        debug=tuple(dict.fromkeys(telltales.of_starlette(app, index))),
        static_folders=tuple(_static_folders(index)),
        settings={str(getattr(layer.cls, "__qualname__", layer.cls)): dict(layer.kwargs) for layer in app.user_middleware},
        rewriters=(*rewriters.around_us(), *rewriters.among(layer.cls for layer in app.user_middleware)),
        layers=layers.of_asgi(app.middleware_stack, app.router, outer=asgi.Outer, gate=Gate),
    )


def _static_folders(index: Index) -> Iterator[tuple[str, str]]:
    for entry in index.flat():
        served = entry.endpoint
        if isinstance(served, StaticFiles):
            yield from ((str(folder), entry.path) for folder in served.all_directories)


def prepare(app: Starlette, *, lister: Lister = plain_routes) -> None:
    """What is done once, when the application starts."""
    templating.teach_all(entry.endpoint for entry in index_of(app.router, lister).flat())


class Decider:
    """Decides on the route that a router will take, and shows it to the router."""

    __slots__ = ("index", "installation")

    def __init__(self, router: Router, installation: Installation, lister: Lister) -> None:
        self.index, self.installation = index_of(router, lister), installation

    def decide(self, scope: asgi.Scope, exchange: Exchange, receive: Receive) -> Coroutine[Any, Any, Entered] | None:
        """The decision on the matched route, where it is a refusal or has to be waited for."""
        exchange.decided = False
        path = starlette_lists.route_path(scope) if scope.get("root_path") else scope["path"]
        place, endpoints, first, answer = self.index.resolve(scope, path)
        exchange.chosen = scope, endpoints, first, place, answer
        if place is None:
            return None
        plan = place.plan
        if plan is None or plan.pipeline is not self.installation.pipeline:
            # Against one route object under two mounts, of which the first asked decides for both: each place has a plan of its own.
            self.index.watch_inside()
            plan = self._plan(place, scope.get("method", ""))
        return asgi_deciding.enter(exchange, plan, connected(scope), receive, fields_of)

    def _plan(self, place: Place, method: str) -> Plan:
        """The compiled plan of a place; of a class whose methods carry marks one for each of them."""
        entry, beside = place.entry, place.entry.beside
        if beside is None:
            place.plan = plan = self.installation.pipeline.plan(to_route(entry, self.installation))
            return plan
        if starlette_classes.is_by_the_way(entry.endpoint, entry.methods, method):
            return self.installation.plan(beside, lambda: to_route(beside, None))
        part = next((part for part in entry.parts if method in part.methods), entry)
        return self.installation.plan(part, lambda: to_route(part, self.installation))


class Gate:
    """Stands right before the router, inside the application's own middleware, where its session is already known."""

    __slots__ = ("router", "deciding")

    def __init__(self, router: Router, installation: Installation, lister: Lister) -> None:
        self.router, self.deciding = router, Decider(router, installation, lister)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.router, name)

    def __call__(self, scope: asgi.Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Decide on the matched route, unless that was done for this very scope; then let the router go on."""
        exchange = scope.get(asgi.KEY)
        if exchange is not None and (chosen := exchange.chosen) is not None and chosen[0] is scope:
            return self._handed_on(exchange, chosen, receive, send)  # type: ignore[no-any-return]  # one's coroutine, or the other's
        return self._enter(scope, exchange, receive, send)

    def _handed_on(self, exchange: Exchange, chosen: Any, receive: Receive, send: Send) -> Any:
        place, said = chosen[3], chosen[4]
        watched = shown(exchange, chosen)
        if said is not None and (way := place.way) is not None:
            return way(watched, said[1], receive, send)
        router = self.router
        return router(watched, receive, send)

    async def _enter(self, scope: asgi.Scope, exchange: Exchange | None, receive: Receive, send: Send) -> None:
        if exchange is None:
            if scope["type"] == "lifespan":
                # Against a start without the outer layer.
                await asgi.Outer(self.router, self.deciding.installation).lifespan(scope, receive, send)
                return
            # Against a way round the outermost layer: without its Exchange nothing was checked, so nothing is served.
            raise UnsupportedApp("a request reached the router past ringwork's outermost layer")
        exchange.handed_on(scope.get("method", exchange.method))
        pipeline: Any = exchange.plan.pipeline  # type: ignore[attr-defined]  # a Plan since the outermost layer
        waiting = self.deciding.decide(scope, exchange, receive)
        if waiting is not None:
            found, receive = await waiting
            if found is not None:
                await refuse(scope, receive, send, pipeline.give(exchange, found))
                return
        try:
            await self._handed_on(exchange, exchange.chosen, receive, send)
        except reached.OtherHandler:
            await refuse(scope, receive, send, pipeline.give(exchange, reached.OTHER_HANDLER))


_FRAMEWORKS_OWN = frozenset(
    {
        "starlette.middleware.errors",
        "starlette.middleware.exceptions",
        "starlette.middleware.body_limit",
        "fastapi.middleware.asyncexitstack",
        "fastapi.telemetry._asgi",
        "fastapi._body_limit",
    }
)
"""Where the layers come from that answer nothing by themselves, know no session and move no path: what they stand in is decided outside
them, so that a refusal costs none of them."""


def install(app: Starlette, installation: Installation, *, lister: Lister = plain_routes) -> None:
    """Put both layers into `app`, in place: the outer one outside its error layer, the gate right before its router."""
    if app.middleware_stack is not None:
        raise UnsupportedApp("protect() came after the application had served a request; call it right after the routes are defined")
    original = app.build_middleware_stack
    app.router.routes = Routes(app.router.routes)

    def build_middleware_stack() -> Any:
        router = app.router
        app.router = gate = Gate(router, installation, lister)  # type: ignore[assignment]  # the stack's innermost callable, nothing more
        try:
            stack = original()
        finally:
            app.router = router
        *between, last = layers.chain(stack)
        is_early = last is gate and all(type(layer).__module__ in _FRAMEWORKS_OWN for layer in between)
        return asgi.Outer(stack, installation, gate.deciding.decide if is_early else None)

    app.build_middleware_stack = build_middleware_stack  # type: ignore[method-assign]  # the seam that Starlette itself calls
