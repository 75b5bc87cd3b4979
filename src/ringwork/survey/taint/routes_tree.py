"""Which application or router stands in which, so that a route has the whole path under which a client reaches it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ringwork.survey.taint import ir, routes_checks, routes_paths
from ringwork.survey.taint.routes_sayings import Use
from ringwork.survey.taint.routes_scope import Known, Scope, text
from ringwork.survey.taint.routes_wiring import AIOHTTP, FLASK, STARLETTE, Container, Wiring, imports_of
from ringwork.survey.taint.units import Defined, DefinedClass

_MOST_WAYS = 40
_DEEP = 12

_UNMISTAKABLE = {
    **dict.fromkeys(
        ["add_api_route", "add_websocket_route", "add_api_websocket_route", "include_router", "api_route", "websocket_route"], STARLETTE
    ),
    **dict.fromkeys(["add_url_rule", "register_blueprint", "add_resource", "add_namespace", "namespace"], FLASK),
    **dict.fromkeys(["add_get", "add_post", "add_put", "add_patch", "add_delete", "add_view", "add_routes", "add_subapp", "view"], AIOHTTP),
}
_LIBRARIES = (
    ({"fastapi", "starlette"}, STARLETTE),
    ({"flask", "quart", "flask_restful", "flask_restx", "flask_restplus", "flask_smorest", "apiflask", "flask_login", "werkzeug"}, FLASK),
    ({"aiohttp", "aiohttp_jinja2"}, AIOHTTP),
)

_OTHERS = frozenset({"bottle", "sanic", "ninja", "litestar", "pyramid", "falcon"})
"""Frameworks whose modules are read by routes_entries."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Registered:
    """One way in, as it is registered. key: with what. wrappers: what stands around the target there, outermost first.

    call: the registration, None for none; its arguments may tell more. style: how the target is called, as the framework's file names it.
    """

    key: str
    path: str
    methods: tuple[str, ...]
    target: Defined | DefinedClass
    scope: Scope
    call: ir.Call | None = None
    wrappers: tuple[ir.Expression, ...] = ()
    kind: str = "http"
    style: str = ""


class Link(NamedTuple):
    """A router that stands in another. prefix: None where its own counts. call: what put it there."""

    parent: str
    child: str
    prefix: str | None
    call: Known | None


class Way(NamedTuple):
    """One way to a router. prefix: the whole of it. calls: what made it and what stands around it; keys: of these; outermost first."""

    prefix: str
    calls: tuple[Known, ...]
    keys: tuple[str, ...]


@dataclass(slots=True)
class Tree:
    """The routers of one framework, and what stands in what."""

    wiring: Wiring
    framework: str
    own: dict[str, str] = field(default_factory=dict)
    links: dict[str, list[Link]] = field(default_factory=dict)

    def link(self, parent: str, child: str, prefix: str | None, call: Known | None) -> None:
        """Note that a router stands in another; both may stand for several."""
        for above in self.wiring.behind(parent):
            for below in self.wiring.behind(child):
                made = Link(above, below, prefix, call)
                known = self.links.setdefault(below, [])
                if above != below and not any(one[:3] == made[:3] for one in known):
                    known.append(made)

    def ways(self, key: str, *, depth: int = _DEEP) -> list[Way]:
        """Every way to what a key stands for."""
        found: list[Way] = []
        for one in self.wiring.behind(key) if key else ("",):
            found += self._ways(one, depth)
        return found[:_MOST_WAYS]

    def _ways(self, key: str, depth: int) -> list[Way]:
        container = self.wiring.containers.get(key)
        mine = (Known(container.scope, container.call),) if container is not None else ()
        own = self.own.get(key, "")
        links = self.links.get(key, []) if depth else []
        found = []
        for link in links:
            here = own if link.prefix is None else link.prefix
            more = (link.call, *mine) if link.call is not None else mine
            for way in self._ways(link.parent, depth - 1):
                found.append(Way(self.joined(way.prefix, here), (*way.calls, *more), (*way.keys, key)))
        return found[:_MOST_WAYS] or [Way(own, mine, (key,))]

    def marks(self, way: Way) -> list[str]:
        """What is written around the routers of a way and asks who is there."""
        known = [one for key in way.keys for one in self.wiring.marks.get(key, ())]
        return [name for one in known for name in routes_checks.of_decorators(one.scope, (one.expression,))]

    def joined(self, prefix: str, more: str) -> str:
        """Two prefixes in one, as the framework joins them."""
        return prefix + more if self.framework == STARLETTE else routes_paths.join(prefix.rstrip("/"), more)

    def containers(self) -> list[Container]:
        """Those of this framework, in the order of their keys."""
        return [one for _, one in sorted(self.wiring.containers.items()) if one.framework == self.framework]


def framework_of(wiring: Wiring, use: Use) -> str:
    """Whose method is called: by what stands before the dot, else by the method, the module's imports, or what the project uses most."""
    for key in wiring.behind(use.of) if use.of else ():
        if key in wiring.containers:
            return wiring.containers[key].framework
        annotated = _annotated(wiring, key)
        if annotated:
            return annotated
    if (
        isinstance(use.receiver, ir.Call)
        and isinstance(use.receiver.function, ir.Attribute)
        and use.receiver.function.name == "add_resource"
    ):
        return AIOHTTP
    if use.name in _UNMISTAKABLE:
        return _UNMISTAKABLE[use.name]
    if not _may_be_application(wiring, use):
        return ""
    names = imports_of(use.scope.unit)
    for libraries, framework in _LIBRARIES:
        if names & libraries:
            return framework
    if names & _OTHERS:
        return ""
    counted = Counter(container.framework for container in wiring.containers.values())
    return max(sorted(counted), key=lambda one: counted[one], default="")


def _annotated(wiring: Wiring, key: str) -> str:
    """By the annotation of the parameter that a key stands for."""
    place, marked, name = key.rpartition(".<locals>.")
    defined = wiring.project.function(place) if marked else None
    for parameter in defined.node.parameters if defined is not None else ():
        if parameter.name == name and parameter.annotation is not None and defined is not None:
            return wiring.kind_of(wiring.project.resolve(defined.unit, parameter.annotation))
    return ""


def _may_be_application(wiring: Wiring, use: Use) -> bool:
    """Against `@mock.patch`, `@cache.route` and the like: no other library's thing is an application, and a path has a slash first."""
    root = use.receiver
    while isinstance(root, ir.Attribute | ir.Call):
        root = root.of if isinstance(root, ir.Attribute) else root.function
    if isinstance(root, ir.Name) and use.scope.holder(root.id) is None:
        target = use.scope.unit.imports.get(root.id, "")
        if target and wiring.project.unit(target.partition(".")[0]) is None and wiring.project.canonical(target) == target:
            head = target
            while head and wiring.project.unit(head) is None:
                head = head.rpartition(".")[0]
            if not head:
                return False
    given = use.call.arguments[0] if use.call is not None and use.call.arguments else None
    path = text(use.scope, given, gaps=True) if given is not None else None
    return path is not None and path.startswith("/")


def uses(wiring: Wiring, framework: str) -> Iterator[Use]:
    """Those of one framework, in the order in which they were read."""
    for use in wiring.said.used(_UNMISTAKABLE):  # what nothing but a library's thing can tell
        if framework_of(wiring, use) == framework:
            yield use
