"""Applications that stand inside something else: found there, and served with what stands around them.

`app = CORSMiddleware(app, ...)`, `ProxyFix(app)`, `socketio.ASGIApp(server, app)`, a router of protocols or an adapter from WSGI to ASGI
is what production serves; what it holds is what has the routes.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import types
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from ringwork.survey.harness import serving

ASGI, WSGI = "ASGI", "WSGI"
_PARAMETERS = {3: ASGI, 2: WSGI}  # (scope, receive, send) and (environ, start_response)
# Imported when it is known which: a copy of Flask or Django has no use for uvicorn, and a machine may not have it.
_SERVERS = {ASGI: "ringwork.survey.harness.asgi_serving", WSGI: "ringwork.survey.harness.wsgi_serving"}
_DEEPEST, _MOST = 8, 2000  # how far, and at how many objects, an application is looked for
_PLAIN = (str, bytes, int, float, type(None), type, types.ModuleType)
_outer: dict[int, tuple[Any, Any]] = {}  # by the identity of what was found, which is kept beside it: it and what stands around it


def interface_of(value: object) -> str:
    """ASGI or WSGI, by the parameters that a call of `value` must be given; "" for neither, or for what cannot be told."""
    if isinstance(value, type) or not callable(value):
        return ""
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return ""
    asked = [one for one in parameters if one.default is one.empty and one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}]
    is_open = any(one.kind in {one.VAR_POSITIONAL, one.VAR_KEYWORD} for one in parameters)
    return "" if is_open else _PARAMETERS.get(len(asked), "")


def inside(value: object, is_application: Callable[[object], bool]) -> Any:
    """The nearest application that `value` holds, None for none; what stands around it is remembered where it can be served."""
    waiting, met = deque([(value, 0)]), {id(value)}
    while waiting and len(met) < _MOST:
        one, depth = waiting.popleft()
        for part in _parts(one):
            if id(part) in met or issubclass(type(part), _PLAIN):  # an object of Flask's raises when it is asked for its class
                continue
            if is_application(part):
                if interface_of(value):
                    _outer[id(part)] = (part, value)
                return part
            met.add(id(part))
            if depth < _DEEPEST:
                waiting.append((part, depth + 1))
    return None


def _parts(value: Any) -> Iterator[object]:
    kind: type = type(value)
    if issubclass(kind, dict):
        yield from list(value.values())
    elif issubclass(kind, list | tuple):
        yield from value
    elif issubclass(kind, functools.partial):
        yield from (value.func, *value.args, *value.keywords.values())
    elif issubclass(kind, types.FunctionType | types.MethodType):
        yield getattr(value, "__self__", None)
        yield getattr(value, "__wrapped__", None)
        yield from _enclosed(value)
    else:
        with contextlib.suppress(Exception):
            yield from list(object.__getattribute__(value, "__dict__").values())


def _enclosed(function: types.FunctionType | types.MethodType) -> Iterator[object]:
    for cell in getattr(function, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a name that nothing was put into yet
            continue


def told(app: object) -> str:
    """What stands around an application that was found inside it, in words; "" for nothing."""
    outer = _outer.get(id(app), (None, None))[1]
    kind = outer if inspect.isroutine(outer) else type(outer)
    return f"{kind.__module__}.{kind.__qualname__}" if outer is not None else ""


def serve(app: object, listening: serving.Listening) -> None:
    """Serve what stands around an application, by the interface that it has."""
    outer = _outer[id(app)][1]
    interface = interface_of(outer)
    wish = {"lifespan": "auto"} if interface == ASGI else {}  # adapters of WSGI know no lifespan
    importlib.import_module(_SERVERS[interface]).serve(outer, listening, **wish)
