"""Which other sites may read answers with the visitor's cookies, by the calls that say so.

Against any site that reads what only its visitor may: a wildcard beside credentials is not refused by these libraries, they answer with
whatever origin asked. Starlette's CORSMiddleware, flask-cors, aiohttp-cors, and headers that are set by hand; django-cors-headers is read
with the settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, argument, last, text_of, written
from ringwork.survey.taint import folding, ir
from ringwork.survey.taint.folding import ABSENT
from ringwork.survey.taint.walk import walk

_HEADER = "access-control-allow-origin"
_CREDENTIALS = "access-control-allow-credentials"
_STARLETTE = re.compile(r"(?:^|\.)middleware\.cors\.CORSMiddleware$|^CORSMiddleware$")
_FLASK = re.compile(r"(?:^|\.)flask_cors\.(?:.*\.)?(?:CORS|cross_origin)$")
_AIOHTTP = re.compile(r"(?:^|\.)aiohttp_cors\.(?:.*\.)?ResourceOptions$")
_CALLED_WITH_HEADERS = frozenset({"add", "set", "setdefault", "__setitem__", "set_header", "append", "add_header"})
_ANY = re.compile(r"^\^?(?:https?\??:?(?://|\\/\\/))?\(?\.[*+]\)?\$?$")
"""A pattern that every origin fits."""


def look(seen: Seen) -> Iterator[Flow]:
    """Such calls of one module."""
    for call, scope in seen.of(ir.Call):
        name = seen.name(call.function)
        given = _given(seen, call, name)
        if given is not None:
            yield from _starlette(seen, scope, call, given)
        elif _FLASK.search(name):
            yield from _flask(seen, scope, call)
        elif _AIOHTTP.search(name):
            yield from _aiohttp(seen, scope, call)
        elif _SOCKETS.search(name) and _is_any(_value(seen, scope, argument(call, "cors_allowed_origins"))):
            yield _of_sockets(seen, scope, call.at, "cors_allowed_origins")
    is_named = any(isinstance(one.value, str) and one.value.lower() == _HEADER for one, _ in seen.of(ir.Constant))
    for function, scope in seen.of(ir.Function):
        if is_named:
            yield from _by_hand(seen, scope, function)
        if function.name == "check_origin" and scope.owner is not None and _is_true(function):
            bases = seen.project.bases(f"{seen.unit.name}.{scope.qualname}")
            if any(base.startswith("tornado.websocket.") for base in bases):
                yield _of_sockets(seen, scope, function.at, "check_origin")


def _value(seen: Seen, scope: Scope, expression: ir.Expression | None) -> Any:
    """What an argument is: a constant, also one that a name of the module or of the function around holds; ABSENT unknown."""
    if expression is None:
        return None
    found = folding.constant(seen.project, seen.unit, expression)
    if found is ABSENT and isinstance(expression, ir.Name) and scope.function is not None:
        assigned = list(_assigned(scope.function, expression.id))
        found = folding.constant(seen.project, seen.unit, assigned[0]) if len(assigned) == 1 else ABSENT
    return found


def _assigned(function: ir.Function, name: str) -> Iterator[ir.Expression]:
    """What a name of a function is set to."""
    for part in walk(function.body):
        if isinstance(part, ir.Assign) and any(isinstance(one, ir.Name) and one.id == name for one in part.targets):
            yield part.value


def _is_any(origins: Any) -> bool:
    """Whether every origin is among these."""
    several = origins if isinstance(origins, list | tuple | set | frozenset) else [origins]
    return any(isinstance(one, str) and (one == "*" or _ANY.match(one)) for one in several)


def _told(seen: Seen, scope: Scope, at: int, sink: str, *, is_with: bool) -> Flow:
    detail = "Every site may read the answers" + (
        ", with the cookies of whoever visits it; name the origins that may." if is_with else "; name the origins that may."
    )
    return seen.flow("cors", at, strength=STRONG if is_with else WEAK, sink=sink, detail=detail, scope=scope, said="any origin is let in")


# -- sockets ----------------------------------------------------------------------------------------------------

_SOCKETS = re.compile(r"(?:^|\.)(?:flask_socketio\.SocketIO|socketio\.(?:Async)?Server)$")


def _is_true(function: ir.Function) -> bool:
    """Whether a function does nothing but answer True."""
    body = [part for part in function.body if not isinstance(part, ir.Evaluate)]
    answer = body[0].value if len(body) == 1 and isinstance(body[0], ir.Return) else None
    return isinstance(answer, ir.Constant) and answer.value is True


def _of_sockets(seen: Seen, scope: Scope, at: int, sink: str) -> Flow:
    """Browsers ask nobody before they open a socket, and send the cookies: the origin is all that tells whose page it is."""
    detail = "Every site may open a socket here, with the cookies of whoever visits it; name the origins that may."
    return seen.flow("cors", at, strength=STRONG, sink=sink, detail=detail, scope=scope, said="any origin is let in")


# -- Starlette, FastAPI -----------------------------------------------------------------------------------------


def _given(seen: Seen, call: ir.Call, name: str) -> ir.Call | None:
    """The call with the settings of Starlette's middleware: itself, `add_middleware(CORSMiddleware, ...)` or `Middleware(...)`."""
    if _STARLETTE.search(name):
        return call
    is_added = last(call.function) in {"add_middleware", "Middleware"} and call.arguments
    return call if is_added and _STARLETTE.search(seen.name(call.arguments[0])) else None


def _starlette(seen: Seen, scope: Scope, call: ir.Call, given: ir.Call) -> Iterator[Flow]:
    origins, pattern = (_value(seen, scope, argument(given, name)) for name in ("allow_origins", "allow_origin_regex"))
    if _is_any(origins) or (isinstance(pattern, str) and _is_any(pattern)):
        is_with = _value(seen, scope, argument(given, "allow_credentials")) is True
        yield _told(seen, scope, call.at, "CORSMiddleware", is_with=is_with)


# -- flask-cors, aiohttp-cors -----------------------------------------------------------------------------------


def _flask(seen: Seen, scope: Scope, call: ir.Call) -> Iterator[Flow]:
    """Origins are all where none are named; `resources` may name them by path."""
    is_with = _value(seen, scope, argument(call, "supports_credentials")) is True
    resources = _value(seen, scope, argument(call, "resources"))
    if isinstance(resources, dict):
        each = [one for one in resources.values() if isinstance(one, dict)]
        if any(_is_any(one.get("origins", "*")) for one in each):
            is_with = is_with or any(one.get("supports_credentials") is True and _is_any(one.get("origins", "*")) for one in each)
            yield _told(seen, scope, call.at, last(call.function), is_with=is_with)
        return
    origins = argument(call, "origins")
    if any(not name for name, _ in call.keywords) or (origins is None and argument(call, "resources") is not None):
        return  # what is unpacked, or computed, may name them
    if _is_any("*" if origins is None else _value(seen, scope, origins)):
        yield _told(seen, scope, call.at, last(call.function), is_with=is_with)


def _aiohttp(seen: Seen, scope: Scope, call: ir.Call) -> Iterator[Flow]:
    """ResourceOptions under the key "*", somewhere in a mapping of this module."""
    for mapping, _ in seen.of(ir.Mapping):
        if any(key is not None and text_of(key) == "*" and value is call for key, value in mapping.items):
            is_with = _value(seen, scope, argument(call, "allow_credentials")) is True
            yield _told(seen, scope, call.at, "ResourceOptions", is_with=is_with)


# -- by hand ----------------------------------------------------------------------------------------------------


def _by_hand(seen: Seen, scope: Scope, function: ir.Function) -> Iterator[Flow]:
    """The header set to the origin that asked, which nobody compared with anything."""
    set_here = list(_headers(function.body))
    for at, name, value in set_here:
        if name != _HEADER or not _asks_origin(value, function):
            continue
        if _is_compared(function):
            continue
        is_with = any(other == _CREDENTIALS and (text_of(granted) or "").lower() == "true" for _, other, granted in set_here)
        inner = Scope(f"{scope.qualname}.{function.name}".lstrip("."), function, scope.owner)
        yield _told(seen, inner, at, "Access-Control-Allow-Origin", is_with=is_with)


def _headers(body: ir.Block) -> Iterator[tuple[int, str, ir.Expression]]:
    """Place, name in lower case, and value of each header that is set."""
    for part in walk(body):
        if isinstance(part, ir.Assign):
            for target in part.targets:
                if isinstance(target, ir.Item) and (name := text_of(target.key)) is not None:
                    yield part.at, name.lower(), part.value
        elif isinstance(part, ir.Call) and len(part.arguments) > 1 and last(part.function) in _CALLED_WITH_HEADERS:
            if (name := text_of(part.arguments[0])) is not None:
                yield part.at, name.lower(), part.arguments[1]
        elif isinstance(part, ir.Mapping):
            for key, value in part.items:
                if (name := text_of(key)) is not None:
                    yield value.at, name.lower(), value


def _asks_origin(value: ir.Expression, function: ir.Function) -> bool:
    """Whether a value is the Origin header of the request, by itself or by the name that holds it."""
    if _is_origin(value):
        return True
    return isinstance(value, ir.Name) and any(_is_origin(one) for one in _assigned(function, value.id))


def _is_origin(value: ir.Expression) -> bool:
    if isinstance(value, ir.Logic):
        return any(_is_origin(one) for one in value.values)
    return last(value).lower() in {"origin", "http_origin"} and "request" in written(value)


def _is_compared(function: ir.Function) -> bool:
    """Whether the origin is compared, or handed to something that may judge it, before it goes out."""
    for part in walk(function.body):
        if isinstance(part, ir.Compare) and any(_names_origin(one) for one in (part.left, *part.rights)):
            return True
        is_question = isinstance(part, ir.Call) and re.search(r"allow|valid|match|trust|check|is_", last(part.function))
        if is_question and any(_names_origin(one) for one in part.arguments):
            return True
    return False


def _names_origin(expression: ir.Expression) -> bool:
    return "origin" in last(expression).lower()
