"""Where the call of protect() goes in a module, and what is handed to it. Read from the source; nothing is imported.

Against a call that is never reached, and one that is refused: a file that starts its own server waits there, what a factory makes is
known inside it alone, and what stands around an application (`CORSMiddleware(api)`) is no application that protect() takes. And against a
suite that sees another application than the server does: what calls a factory gets what the factory guards, whoever calls it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

_MAKERS = frozenset({"FastAPI", "Starlette", "Flask", "APIFlask", "OpenAPI", "Application", "Connexion", "FlaskApp", "AsyncApp"})
_ADDING = frozenset({"route", "get", "post", "put", "patch", "delete", "websocket", "api_route", "before_request", "middleware"})
_WRAPPERS = re.compile(r"\w*(Middleware|ProxyFix|Dispatcher|ASGIApp|WSGIApp|Wrapper|Toolbar)|(Asgi|Wsgi|ASGI|WSGI)\w+")
"""Classes whose names say that they stand around an application; believed of one that another module makes."""

_HANDED_ON = 4  # modules through which one name is imported

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSite:
    """after: the line it goes after, 0 for the end. margin: its spaces. handed: what protect() gets. around: what wraps that, by name.

    file: of another module, below the root, "" for the one that was asked. factory: the function in which it stands, "" for none.
    unread: a function that makes the application and in which no place was found.
    """

    after: int = 0
    margin: str = ""
    handed: str
    around: tuple[str, ...] = ()
    file: str = ""
    factory: str = ""
    unread: str = ""


def find(root: Path, file: str, variable: str) -> CallSite:
    """The place for an application, or for a factory, that a module calls `variable`. file: the module's, below the root."""
    body = _body(root / file)
    maker = _function(body, variable)
    if maker is not None:
        return _in_factory(maker) or CallSite(handed=variable, unread=variable)
    made = _where_made(root, file, body, variable)
    if isinstance(made, CallSite):
        return made
    wrapped = _unwrapped(body, variable)
    if wrapped is not None:
        return replace(wrapped, unread=made)
    run = next((one for one in body if isinstance(one, ast.If) and "__name__" in ast.unparse(one.test)), None)
    return CallSite(after=run.lineno - 1 if run else 0, handed=variable, unread=made)


def _body(path: Path) -> list[ast.stmt]:
    try:
        return ast.parse(path.read_text(encoding="utf-8")).body
    except (OSError, SyntaxError, ValueError):
        return []


def _function(body: Iterable[ast.stmt], name: str) -> Function | None:
    return next((one for one in body if isinstance(one, Function) and one.name == name), None)


def _where_made(root: Path, file: str, body: Sequence[ast.stmt], variable: str) -> CallSite | str:
    """The place in the project's own function whose call the variable is; that function's name where it has none, "" without one."""
    around: list[str] = []
    value, above = _last_assigned(body, variable)
    while isinstance(value, ast.Call):
        where = _defined(root, file, body, value.func)
        if where is not None:
            found = _in_factory(where[1])
            name = where[1].name
            return name if found is None else replace(found, file="" if where[0] == file else where[0], around=(*around, *found.around))
        if not _WRAPPERS.fullmatch(_last(value.func)):
            break
        # `app = CORSMiddleware(create_app())`, in one line or in two
        around.append(_last(value.func))
        inner = next(
            (given for given in (*value.args, *(word.value for word in value.keywords)) if isinstance(given, ast.Call | ast.Name)), None
        )
        value, above = _last_assigned(above, inner.id) if isinstance(inner, ast.Name) else (inner, above)
    return ""


def _last_assigned(body: Sequence[ast.stmt], variable: str) -> tuple[ast.expr | None, Sequence[ast.stmt]]:
    """What a name is given last, and the statements before that."""
    for number in reversed(range(len(body))):
        value = _assigned(body[number], variable)
        if value is not None:
            return value, body[:number]
    return None, ()


def _defined(root: Path, file: str, body: Sequence[ast.stmt], called: ast.expr, deep: int = 0) -> tuple[str, Function] | None:
    """File and function of the project's own that is called: of this module, or of one that it imports it from."""
    owner, name = (
        ("", called.id)
        if isinstance(called, ast.Name)
        else (ast.unparse(called.value), called.attr)
        if isinstance(called, ast.Attribute)
        else ("", "")
    )
    here = None if owner else _function(body, name)
    if here is not None or deep > _HANDED_ON or not name:
        return None if here is None else (file, here)
    for one in (node for top in body for node in ast.walk(top)):
        for module, level, inside in _imported(one, owner, name):
            for place in _files(root, file, module, level):
                found = _defined(root, place, _body(root / place), ast.Name(inside), deep + 1)
                if found is not None:
                    return found
    return None


def _imported(one: ast.AST, owner: str, name: str) -> Iterator[tuple[str, int, str]]:
    """Module, dots and name that an import binds to `owner.name`, or to `name` without an owner."""
    if isinstance(one, ast.ImportFrom):
        for alias in one.names:
            bound = alias.asname or alias.name
            if not owner and bound == name:
                yield one.module or "", one.level, alias.name
            elif owner and bound == owner:
                yield f"{one.module or ''}.{alias.name}".lstrip("."), one.level, name
    elif isinstance(one, ast.Import):
        yield from ((alias.name, 0, name) for alias in one.names if owner and owner == (alias.asname or alias.name))


def _files(root: Path, file: str, module: str, level: int) -> Iterator[str]:
    """The files below the root that a module's name may mean, the nearest first."""
    above = [one for one in (root / file).parents if one.is_relative_to(root)]
    for base in above[level - 1 : level] if level else above:
        place = base.joinpath(*module.split(".")) if module else base
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                yield path.relative_to(root).as_posix()


def _in_factory(maker: Function) -> CallSite | None:
    last = maker.body[-1]
    while isinstance(last, ast.With | ast.AsyncWith):  # `with app.app_context(): ...; return app`
        last = last.body[-1]
    if not isinstance(last, ast.Return) or last.value is None:
        return None
    before = CallSite(after=last.lineno - 1, margin=" " * last.col_offset, handed="", factory=maker.name)
    if isinstance(last.value, ast.Name):
        found = _unwrapped(maker.body, last.value.id)
        return replace(before, handed=last.value.id) if found is None else replace(found, factory=maker.name)
    layers = _layers(last.value, _applications(maker.body))
    if layers is None:
        return None
    inner, around = layers
    deeper = _unwrapped(maker.body, inner)
    if deeper is not None:
        return replace(deeper, around=(*around, *deeper.around), factory=maker.name)
    return replace(before, handed=inner, around=around)


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
