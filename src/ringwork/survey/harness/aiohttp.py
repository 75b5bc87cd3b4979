"""Facts about an aiohttp application, read from the application object itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import aiohttp
from aiohttp import web

from ringwork import own_checks
from ringwork.frameworks import aiohttp as adapter
from ringwork.frameworks import aiohttp_sharing
from ringwork.installation import Installation
from ringwork.route import RouteKind
from ringwork.survey.facts import AppFacts, CheckFacts, ErrorHandlers, ParameterFacts, RouteFacts
from ringwork.survey.harness import checks, proxies, reading

_NUMBER = re.compile(r"(\\d|\[0-9\])(\+|\{[\d,]+\})")


def is_application(value: object) -> bool:
    """Whether this harness knows `value`."""
    return isinstance(value, web.Application)


def collect(app: web.Application, *, target: str, root: str, installation: Installation | None) -> AppFacts:
    """All facts. root: the user's own folder, as reports show it."""
    return AppFacts(
        target=target,
        framework="aiohttp",
        framework_version=aiohttp.__version__,
        root=root,
        routes=tuple(_route(way, installation) for way in adapter.ways(app)),
        settings=_settings(app),
        middleware=tuple(_name(middleware) for part in adapter.parts(app) for middleware in part.middlewares),
        error_handlers=_error_handlers(app),
        checks=_checks(app),
    )


def _handler(way: adapter.Way) -> Any:
    """The function that answers: a view's own method, or the handler itself."""
    view = getattr(way.route.handler, way.method.lower(), None) if isinstance(way.route.handler, type) else None
    return view or way.route.handler


def _checks(app: web.Application) -> tuple[CheckFacts, ...]:
    """The application's own checks of who is asking, those most used first."""
    found = [check for way in adapter.ways(app) for check in checks.of_view(_handler(way))]
    found += [check for part in adapter.parts(app) for check in checks.of_hooks(_functions(part))]
    return tuple(sorted(dict.fromkeys(found), key=lambda check: -found.count(check)))


def _functions(part: web.Application) -> Iterator[Any]:
    return (middleware for middleware in part.middlewares if hasattr(middleware, "__name__"))


def _route(way: adapter.Way, installation: Installation | None) -> RouteFacts:
    route = adapter.to_route(way.route, way.method, installation, outside=way.outside)
    handler = _handler(way)
    read = reading.inputs(handler) if route.kind is RouteKind.HTTP else ()
    guards = [name for _, part in way.outside for name in map(_name, getattr(part, "middlewares", ()))]
    return reading.facts_of(
        route,
        guarded_by=tuple(dict.fromkeys([*reading.decorators(handler), *filter(own_checks.looks_like_a_check, guards)])),
        parameters=tuple(_of_path(way.route)) + read,
        body=reading.body_of(read),
    )


def _of_path(route: Any) -> Iterator[ParameterFacts]:
    pattern = route.resource.get_info().get("pattern") if route.resource is not None else None
    if pattern is None:
        return
    for name in pattern.groupindex:
        written = pattern.pattern.partition(f"(?P<{name}>")[2]
        kind = "integer" if _NUMBER.match(written) else "path" if written.startswith((".*", ".+")) else "string"
        yield ParameterFacts(name=name, where="path", kind=kind, required=True)


def _settings(app: web.Application) -> dict[str, Any]:
    around = adapter.look_round(app)
    shared = aiohttp_sharing.sharing(adapter.parts(app))
    return {
        "debugging": list(around.debug),
        "client_max_size": app._client_max_size,  # noqa: SLF001  # aiohttp has no public name for it
        **({"aiohttp-cors": shared} if shared else {}),
        **proxies.of_environment(),
        **{name: told for part in adapter.parts(app) for name, told in _sessions(part)},
        **_session_key(app),
    }


def _session_key(app: web.Application) -> dict[str, str]:
    """The key under which a login keeps who signed in, where exactly one is written into a session; "" says nothing."""
    keys = {key for way in adapter.ways(app) for key in _written_keys(reading.parse(_handler(way)))}
    return {"aiohttp-session": keys.pop()} if len(keys) == 1 else {}


def _written_keys(tree: ast.AST | None) -> Iterator[str]:
    """Text keys that are set on what get_session() or new_session() gave."""
    nodes = [*ast.walk(tree)] if tree is not None else []
    named = set[str]()
    for node in nodes:
        call = node.value.value if isinstance(node, ast.Assign) and isinstance(node.value, ast.Await) else None
        if isinstance(node, ast.Assign) and isinstance(call, ast.Call) and ast.unparse(call.func).endswith(("get_session", "new_session")):
            named |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    for node in nodes:
        if (
            (
                isinstance(node, ast.Subscript)
                and isinstance(node.ctx, ast.Store)
                and isinstance(node.value, ast.Name)
                and node.value.id in named
            )
            and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, str)
        ):
            yield node.slice.value


def _sessions(part: web.Application) -> Iterator[tuple[str, dict[str, Any]]]:
    """The storage of aiohttp-session, which its middleware holds, with the attributes of its cookie; never its key."""
    for middleware in part.middlewares:
        for cell in getattr(middleware, "__closure__", None) or ():
            storage = cell.cell_contents
            if type(storage).__module__.startswith("aiohttp_session"):
                given = getattr(storage, "cookie_params", {})
                yield type(storage).__name__, {str(name): value for name, value in given.items() if isinstance(value, str | int | None)}


def _name(value: Any) -> str:
    return str(getattr(value, "__qualname__", None) or type(value).__qualname__).replace(".<locals>", "")


def _error_handlers(app: web.Application) -> ErrorHandlers:
    """What the middlewares catch and answer; aiohttp has no table of handlers."""
    caught = [name for middleware in app.middlewares for name in _answered(middleware)]
    return ErrorHandlers(names=tuple(dict.fromkeys(caught)), catch_all=any(name in {"Exception", "BaseException"} for name in caught))


def _answered(middleware: Any) -> Iterator[str]:
    """The exceptions that a middleware catches without raising them on."""
    tree = reading.parse(middleware)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[-1], ast.Raise):
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            yield from (ast.unparse(kind).rpartition(".")[2] if kind is not None else "BaseException" for kind in kinds)
