"""The line that gives a route its rule, where it belongs: above its handler, in its class, around its path, or in the settings.

Against a route that stays refused because nobody knows what to write and where. Which rule it is only a person can say: the line asks for a
login, and beside it stands the one that opens the route for everybody.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ringwork.prove import adoption_code
from ringwork.survey.facts import AppFacts, RouteFacts

_WHY = "why everybody may"
_CONVERTED = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """A line to add, or a whole line that changes. at: the line it goes after, or takes the place of; 0 where the file has no such place.

    text: the rule that asks for a login. opens: the same for everybody, "" for a line that is needed beside (an import).
    replaces: the line as it stands. routes: by name, what it rules.
    """

    file: str
    text: str
    opens: str = ""
    at: int = 0
    replaces: str = ""
    routes: tuple[str, ...] = ()


def lines(routes: Iterable[RouteFacts], facts: AppFacts, *, settings: str) -> list[RuleLine]:
    """By file: what has to be imported first, then a line for each handler. settings: the file of the policy's settings."""
    found: dict[tuple[str, int], RuleLine] = {}
    for route in routes:
        line = _at_handler(route, facts) or _around_path(route, facts) or _in_settings(route, settings)
        key = (line.file, line.at or -len(found) - 1)  # one handler may answer several routes
        known = found.get(key)
        found[key] = line if known is None else replace(known, routes=(*known.routes, *line.routes))
    by_file: dict[str, list[RuleLine]] = {}
    for line in found.values():
        by_file.setdefault(line.file, []).append(line)
    return [line for file, some in by_file.items() for line in (*_imports(file, some, facts), *sorted(some, key=lambda one: one.at))]


def _at_handler(route: RouteFacts, facts: AppFacts) -> RuleLine | None:
    """Above a function, or as an attribute of a class. None where the project does not write the handler so."""
    if not route.line or not route.file or Path(route.file).is_absolute():
        return None
    node = _defined(_tree(Path(facts.root) / route.file), route.line)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        margin = " " * node.col_offset
        return RuleLine(
            file=route.file,
            at=node.lineno - 1,
            text=f"{margin}@requires()",
            opens=f'{margin}@public("{_WHY}")',
            routes=(route.name,),
        )
    if isinstance(node, ast.ClassDef) and node.body[0].lineno > node.lineno:
        first = node.body[0]
        is_told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
        margin = " " * first.col_offset
        decorators = [one.lineno for one in getattr(first, "decorator_list", ())]
        return RuleLine(
            file=route.file,
            at=(first.end_lineno or first.lineno) if is_told else min([first.lineno, *decorators]) - 1,
            text=f"{margin}ringwork_rule = requires()",
            opens=f'{margin}ringwork_rule = public("{_WHY}")',
            routes=(route.name,),
        )
    return None


def _defined(tree: ast.Module, line: int) -> ast.AST | None:
    """The function or class of which the interpreter says that it begins on this line, decorators among it."""
    defined = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef))
    return next((node for node in defined if min([node.lineno, *(one.lineno for one in node.decorator_list)]) == line), None)


def _around_path(route: RouteFacts, facts: AppFacts) -> RuleLine | None:
    """Django: around the one `path(...)` that names a view of a library, where it stands on one line."""
    if facts.framework != "django":
        return None
    found = [
        (file, node)
        for file in facts.sources
        if file.endswith(".py")
        for node in ast.walk(_tree(Path(facts.root) / file))
        if isinstance(node, ast.Call) and _leads(node, route) and node.lineno == node.end_lineno
    ]
    if len(found) != 1:
        return None
    file, node = found[0]
    written = (Path(facts.root) / file).read_bytes().splitlines()[node.lineno - 1]
    call = written[node.col_offset : node.end_col_offset].decode(errors="replace")
    return RuleLine(
        file=file,
        at=node.lineno,
        text=f"requires()({call})",
        opens=f'public("{_WHY}")({call})',
        replaces=call,
        routes=(route.name,),
    )


def _leads(node: ast.Call, route: RouteFacts) -> bool:
    """Whether it is `path("about/", TemplateView.as_view(...))` for this route."""
    if getattr(node.func, "id", "") != "path" or len(node.args) < len(("route", "view")):
        return False
    written, view = node.args[0], node.args[1]
    if not (isinstance(view, ast.Call) and isinstance(view.func, ast.Attribute) and view.func.attr == "as_view"):
        return False
    kind = ast.unparse(view.func.value).rpartition(".")[2]
    if not isinstance(written, ast.Constant) or not isinstance(written.value, str) or kind != route.handler.rpartition(".")[2]:
        return False
    path = "/" + _CONVERTED.sub(r"{\1}", written.value)
    # Against the front page of one application for that of another: an empty path is what it is alone.
    return route.path == path or (path != "/" and route.path.endswith(path))


def _in_settings(route: RouteFacts, settings: str) -> RuleLine:
    """What the project does not write itself is ruled by its name."""
    name = json.dumps(route.name, ensure_ascii=False)
    if settings == adoption_code.PLACE:
        return RuleLine(
            file=settings, text=f"{name}: ringwork.requires(),", opens=f'{name}: ringwork.public("{_WHY}"),', routes=(route.name,)
        )
    return RuleLine(
        file=settings, text=f"{{route = {name}, requires = []}},", opens=f'{{route = {name}, public = "{_WHY}"}},', routes=(route.name,)
    )


def _imports(file: str, some: Iterable[RuleLine], facts: AppFacts) -> Iterator[RuleLine]:
    """The names that the lines of a file ask for and that it does not have, behind its own first imports."""
    if not any(line.at for line in some):
        return
    body = _tree(Path(facts.root) / file).body
    known = {alias.name for one in body if isinstance(one, ast.ImportFrom) and one.module == "ringwork" for alias in one.names}
    missing = [name for name in ("public", "requires") if name not in known]
    if not missing:
        return
    after = 0
    for one in body:
        is_told = isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
        if not (is_told or isinstance(one, ast.Import | ast.ImportFrom)):
            break
        after = one.end_lineno or one.lineno
    yield RuleLine(file=file, at=after, text=f"from ringwork import {', '.join(missing)}")


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], [])
