"""Where the call of protect() goes in a module, and what is handed to it. Read from the source; nothing is imported.

Against a call that is never reached, and one that is refused: a file that starts its own server waits there, what a factory makes is
known inside it alone, and what stands around an application (`CORSMiddleware(api)`) is no application that protect() takes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_MAKERS = frozenset({"FastAPI", "Starlette", "Flask", "APIFlask", "OpenAPI", "Application", "Connexion", "FlaskApp", "AsyncApp"})
_ADDING = frozenset({"route", "get", "post", "put", "patch", "delete", "websocket", "api_route", "before_request", "middleware"})
_WRAPPERS = re.compile(r"\w*(Middleware|ProxyFix|Dispatcher|ASGIApp|WSGIApp|Wrapper|Toolbar)|(Asgi|Wsgi|ASGI|WSGI)\w+")
"""Classes whose names say that they stand around an application; believed of one that another module makes."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSite:
    """after: the line it goes after, 0 for the end. margin: its spaces. handed: what protect() gets. around: what wraps that, by name."""

    after: int = 0
    margin: str = ""
    handed: str
    around: tuple[str, ...] = ()


def find(path: Path, variable: str) -> CallSite:
    """The place for an application, or for a factory, that the module calls `variable`."""
    try:
        body = ast.parse(path.read_text(encoding="utf-8")).body
    except (OSError, SyntaxError, ValueError):
        return CallSite(handed=variable)
    maker = next((one for one in body if isinstance(one, Function) and one.name == variable), None)
    if maker is not None:
        return _in_factory(maker) or CallSite(handed=variable)
    wrapped = _unwrapped(body, variable)
    if wrapped is not None:
        return wrapped
    run = next((one for one in body if isinstance(one, ast.If) and "__name__" in ast.unparse(one.test)), None)
    return CallSite(after=run.lineno - 1 if run else 0, handed=variable)


def _in_factory(maker: Function) -> CallSite | None:
    last = maker.body[-1]
    if not isinstance(last, ast.Return) or last.value is None:
        return None
    if isinstance(last.value, ast.Name):
        found = _unwrapped(maker.body, last.value.id)
        return found or CallSite(after=last.lineno - 1, margin=" " * last.col_offset, handed=last.value.id)
    layers = _layers(last.value, _applications(maker.body))
    if layers is None:
        return None
    inner, around = layers
    deeper = _unwrapped(maker.body, inner)
    if deeper is not None:
        return CallSite(after=deeper.after, margin=deeper.margin, handed=deeper.handed, around=(*around, *deeper.around))
    return CallSite(after=last.lineno - 1, margin=" " * last.col_offset, handed=inner, around=around)


def _unwrapped(body: Sequence[ast.stmt], variable: str) -> CallSite | None:
    """The place before the first line that puts something around the application which ends as `variable`."""
    around: tuple[str, ...] = ()
    site = None
    for one in reversed(body):
        value = _assigned(one, variable)
        layers = None if value is None else _layers(value, _applications(body))
        if layers is not None:
            variable, around = layers[0], (*around, *layers[1])
            site = CallSite(after=one.lineno - 1, margin=" " * one.col_offset, handed=variable, around=around)
        elif value is not None:
            break  # what it was called before that is something else
    return site


def _assigned(one: ast.stmt, variable: str) -> ast.expr | None:
    targets = one.targets if isinstance(one, ast.Assign) else [one.target] if isinstance(one, ast.AnnAssign) else []
    is_it = any(isinstance(target, ast.Name) and target.id == variable for target in targets)
    return one.value if is_it and isinstance(one, ast.Assign | ast.AnnAssign) else None


def _layers(value: ast.expr, known: frozenset[str]) -> tuple[str, tuple[str, ...]] | None:
    """The application's name and what is called around it, the outermost first; None where a value is no wrapper."""
    if not isinstance(value, ast.Call) or _last(value.func) in _MAKERS:
        return None
    for given in (*value.args, *(word.value for word in value.keywords)):
        if isinstance(given, ast.Name) and (given.id in known or (given in value.args[:1] and _WRAPPERS.fullmatch(_last(value.func)))):
            return given.id, (_last(value.func),)
        deeper = _layers(given, known)
        if deeper is not None:
            return deeper[0], (_last(value.func), *deeper[1])
    return None


def _applications(body: Iterable[ast.stmt]) -> frozenset[str]:
    """Names that are seen to be applications: a framework's class made them, or routes are written on them."""
    found = set[str]()
    for one in body:
        if isinstance(one, ast.Assign | ast.AnnAssign) and isinstance(one.value, ast.Call) and _last(one.value.func) in _MAKERS:
            targets = one.targets if isinstance(one, ast.Assign) else [one.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
        found |= set(_decorating(one))
    return frozenset(found)


def _decorating(one: ast.stmt) -> Iterator[str]:
    for decorator in one.decorator_list if isinstance(one, Function) else ():
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(called, ast.Attribute) and called.attr in _ADDING and isinstance(called.value, ast.Name):
            yield called.value.id


def _last(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
