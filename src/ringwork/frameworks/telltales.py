"""What tells that a debugger, toolbar, profiler or reloader is on, and that a handler sends files.

Against tools of the developer's own machine that went along to production, and against file handlers that no table calls static.
Names are compared whole; what nobody has listed here is not seen, and docs/controls/output/debug_disabled.md says so.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

LAYERS = frozenset(
    {
        "DebuggedApplication",  # werkzeug.debug
        "DebugToolbarMiddleware",  # fastapi-debug-toolbar
        "DebugToolbarExtension",  # flask-debugtoolbar
        "LintMiddleware",  # werkzeug
        "ProfilerMiddleware",  # werkzeug, and several of the same name
        "PyInstrumentProfilerMiddleware",  # fastapi-profiler
        "PyInstrumentMiddleware",
        "CProfileMiddleware",
        "PyroscopeMiddleware",
        "VizTracerMiddleware",
    }
)
"""Classes of layers that show the inside to whoever asks."""

SEGMENTS = frozenset(
    {"_debug_toolbar", "_debugtoolbar", "__debug__", "_debugger", "_profiler", "__profiler__", "flask-profiler", "flask_profiler"}
)
"""Path segments under which such tools answer."""

FILE_SENDERS = frozenset({"send_from_directory", "send_file", "send_static_file", "FileResponse"})
"""Names by which a handler hands out files."""

_INNER = ("app", "wsgi_app", "application", "_app", "_wsgi_app", "wrapped_app")
_ON = frozenset({"1", "true", "yes", "on", "t", "y"})


def is_on(name: str) -> bool:
    """Whether an environment variable switches something on."""
    return os.environ.get(name, "").strip().lower() in _ON


def reloading() -> Iterator[str]:
    """The reloader of this process, as the user switched it on."""
    words = sys.argv
    program = Path(words[0]).name if words else ""
    if "--reload" in words or is_on("UVICORN_RELOAD"):
        yield "--reload"
    if program == "fastapi" and "dev" in words[1:2]:
        yield "fastapi dev"
    if program == "adev":
        yield "adev"
    if is_on("WERKZEUG_RUN_MAIN"):
        yield "the reloader of Werkzeug"
    if is_on("RUN_MAIN") and "runserver" in words:
        yield "the reloader of Django"


def layer_name(layer: Any) -> str:
    """The name of a layer's class when it is a debugging tool, "" for any other."""
    kind = layer if inspect.isclass(layer) else type(layer)
    return next((parent.__name__ for parent in kind.__mro__ if parent.__name__ in LAYERS), "")


def layers_of(outermost: Any) -> Iterator[str]:
    """The debugging tools in a chain of layers, of which each names the next by one of the usual attributes."""
    seen: set[int] = set()
    while outermost is not None and id(outermost) not in seen:
        seen.add(id(outermost))
        name = layer_name(outermost)
        if name:
            yield name
        outermost = _next(outermost)


def _next(layer: Any) -> Any:
    owner = getattr(layer, "__self__", None)
    if owner is not None:
        return None  # a bound method such as Flask's own wsgi_app: the innermost of the chain
    slots = getattr(layer, "__dict__", None)
    for name in _INNER:
        inner = slots.get(name) if slots is not None and name in slots else getattr(type(layer), name, None) and getattr(layer, name, None)
        if callable(inner):
            return inner
    return None


def of_starlette(app: Any, index: Any) -> Iterator[str]:
    """What shows internals in a Starlette application, each as its user would find it. index: its entries, as the adapter lists them."""
    if app.debug:
        yield "app.debug"
    yield from _mounted_in_debug(index)
    yield from (name for layer in app.user_middleware if (name := layer_name(layer.cls)))
    yield from tools_among(entry.path for entry in index.flat())
    yield from reloading()


def _mounted_in_debug(index: Any) -> Iterator[str]:
    """Applications inside this one that have their own switch."""
    for entry in index.entries():
        if entry.inside is not None:
            if getattr(getattr(entry.matcher, "app", None), "debug", False):
                yield f"debug of the application mounted at {entry.path or '/'}"
            yield from _mounted_in_debug(entry.inside)


def tools_among(paths: Iterable[str]) -> Iterator[str]:
    """The path templates that belong to a debugging tool."""
    seen: set[str] = set()
    for path in paths:
        found = SEGMENTS.intersection(path.split("/"))
        if found and not found <= seen:
            seen |= found
            yield path


def sends_files(handler: Any, path: str) -> bool:
    """Whether a handler whose path ends in a parameter hands out files: its own code names one of the usual functions."""
    if not path.endswith("}"):
        return False
    inner = inspect.unwrap(handler) if callable(handler) else handler
    inner = getattr(inner, "func", inner)
    if getattr(inner, "__name__", "") in FILE_SENDERS:  # the framework's own, bound as it is
        return True
    code = getattr(getattr(inner, "__func__", inner), "__code__", None)
    return code is not None and bool(FILE_SENDERS.intersection(code.co_names))
