"""What a handler's source tells: the names of the inputs that it reads, and the decorators that stand before it; and a route as facts."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ringwork import own_checks
from ringwork.route import Own, Public, Requires, Route, Signed
from ringwork.survey.facts import ParameterFacts, RouteFacts, WaiverFacts

_NO_CHECKS = frozenset({"require_http_methods", "require_GET", "require_POST", "require_safe", "login_not_required"})
"""Decorators of Django whose names sound like a check of who is asking."""
_RULES: Mapping[type[Any], str] = {Public: "public", Requires: "requires", Own: "own", Signed: "signed"}
_SOURCES = {
    "POST": "form",
    "GET": "query",
    "FILES": "files",
    "data": "json",
    "post": "form",
    "query": "query",
    "form": "form",
    "args": "query",
    "query_params": "query",
    "get_json": "json",
    "json": "json",
    "values": "form",
    "files": "files",
}


_REQUEST = "request of this handler"
"""Under which the name of a handler's first argument is kept, beside names that carry parts of a request."""


def facts_of(
    route: Route, *, guarded_by: tuple[str, ...], parameters: tuple[ParameterFacts, ...], body: str, in_schema: bool = True
) -> RouteFacts:
    """A route as plain facts, with what was read beside it."""
    rule = route.rule
    return RouteFacts(
        kind=route.kind.value,
        path=route.path,
        methods=tuple(sorted(route.methods)),
        handler=route.handler.name,
        file=route.handler.file or "",
        line=route.handler.line or 0,
        rule=_RULES.get(type(rule), ""),
        rule_source=route.rule_source,
        passed_over=route.passed_over,
        roles=tuple(sorted(rule.roles)) if isinstance(rule, Requires) else (),
        recorded=isinstance(rule, Requires) and rule.recorded,
        reason=rule.reason if isinstance(rule, Public) else "",
        sender=rule.sender if isinstance(rule, Signed) else "",
        purpose=rule.purpose if isinstance(rule, Signed) else "",
        once=isinstance(rule, Signed) and (rule.once or bool(rule.sender)),
        csrf_exempt=route.csrf_exempt or "",
        own_token=route.own_token,
        guarded_by=tuple(dict.fromkeys([rule.by, *guarded_by])) if isinstance(rule, Own) else guarded_by,
        parameters=parameters,
        body=body,
        in_schema=in_schema,
        waived=tuple(_waived(route)),
        takes_any=route.takes_any,
    )


def _waived(route: Route) -> Iterator[WaiverFacts]:
    for one in route.waived:
        yield WaiverFacts(control=one.control, reason=one.reason, owner=one.owner, until=one.until, route=route.name, source="mark")


def parse(handler: Any) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The syntax tree of a handler behind its wrappers, or None where no source is to be had."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(handler))))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    return next((node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)), None)


def decorators(handler: Any) -> tuple[str, ...]:
    """Names of the decorators that look like authentication, outermost first."""
    tree = parse(handler)
    names = [_dotted(node.func if isinstance(node, ast.Call) else node) for node in (tree.decorator_list if tree else ())]
    return tuple(
        name for name in names if own_checks.looks_like_a_check(name) and not name.startswith("ringwork.") and name not in _NO_CHECKS
    )


def inputs(handler: Any) -> tuple[ParameterFacts, ...]:
    """Names that the handler reads from form, query or JSON body by a literal key; what helpers read is not seen."""
    tree = parse(handler)
    if tree is None:
        return ()
    helpers = _helpers(tree, getattr(inspect.unwrap(handler), "__globals__", {}))
    first = next((arg.arg for arg in (*tree.args.posonlyargs, *tree.args.args) if arg.arg not in {"self", "cls"}), "")
    helpers |= {_REQUEST: first}
    carriers = {**helpers, **dict(_carriers(tree, helpers))}
    found = dict[tuple[str, str], ParameterFacts]()
    handled = {*_handled_as_files(tree)}
    for source, name, required in [*_keys(tree, carriers), *_parts(tree)]:
        where = "files" if source == "form" and name in handled else source
        earlier = found.get((where, name))
        found[where, name] = ParameterFacts(
            name=name, where=where, kind=_kind(where, name), required=required or bool(earlier and earlier.required)
        )
    return tuple(found.values())


def body_of(read: Sequence[ParameterFacts]) -> str:
    """How the inputs of a handler come: "multipart" where a file is among them, unless it may be left out of a body in JSON."""
    files = [p for p in read if p.where == "files"]
    if files and (any(p.required for p in files) or not any(p.where == "json" for p in read)):
        return "multipart"
    return next((p.where for p in read if p.where in {"form", "json"}), "")


def _handled_as_files(tree: ast.AST) -> Iterator[str]:
    """Names of fields whose value is asked for its file name or its content: aiohttp and Starlette keep files among the fields."""
    asked = {ast.dump(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in {"filename", "file", "content_type"}}
    kept = {t.id: n.value for n in ast.walk(tree) if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    values = [value for name, value in kept.items() if ast.dump(ast.Name(id=name, ctx=ast.Load())) in asked]
    values += [n for n in ast.walk(tree) if isinstance(n, ast.Subscript | ast.Call) and ast.dump(n) in asked]
    for value in values:
        key = value.slice if isinstance(value, ast.Subscript) else value.args[0] if isinstance(value, ast.Call) and value.args else None
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value


def _parts(tree: ast.AST) -> Iterator[tuple[str, str, bool]]:
    """Names of parts that aiohttp's own reader of such bodies is asked for; "file" where it takes any."""
    if any(isinstance(n, ast.Call) and _dotted(n.func).endswith(("request.multipart", "req.multipart")) for n in ast.walk(tree)):
        named = [
            side.value
            for n in ast.walk(tree)
            if isinstance(n, ast.Compare) and isinstance(n.left, ast.Attribute) and n.left.attr == "name"
            for side in n.comparators
            if isinstance(side, ast.Constant) and isinstance(side.value, str)
        ]
        yield from (("files", name, True) for name in named or ["file"])


def _kind(source: str, name: str) -> str:
    return "integer" if source == "json" and (name == "id" or name.endswith("_id")) else "string"


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _source(node: ast.expr, carriers: dict[str, str]) -> str:
    """Which part of the request an expression stands for, "" for none."""
    if isinstance(node, ast.Await):
        return _source(node.value, carriers)
    if isinstance(node, ast.BoolOp):
        return _source(node.values[0], carriers)
    if isinstance(node, ast.Call):
        return _source(node.func, carriers)
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value)
        return _SOURCES.get(node.attr, "") if base.endswith(("request", "req")) or base == carriers.get(_REQUEST, "-") else ""
    return carriers.get(node.id, "") if isinstance(node, ast.Name) else ""


def _helpers(tree: ast.AST, known: Mapping[str, Any]) -> dict[str, str]:
    """Functions of the handler's own module that hand a part of the request on, by the name under which it calls them."""
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    found = dict[str, str]()
    for name in called:
        body = parse(known[name]) if inspect.isfunction(known.get(name)) else None
        sources = [source for node in ast.walk(body) if isinstance(node, ast.expr) and (source := _source(node, {}))] if body else []
        if sources:
            found[name] = sources[0]
    return found


def _carriers(tree: ast.AST, helpers: dict[str, str]) -> Iterator[tuple[str, str]]:
    for target, value in _bound(tree):
        source = _source(value, helpers) if isinstance(target, ast.Name) else ""
        if source:
            yield target.id, source


def _bound(tree: ast.AST) -> Iterator[tuple[Any, ast.expr]]:
    """What is bound to what, one by one: plainly, with a type, inside an expression, or as one of several."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
                yield from zip(target.elts, value.elts, strict=True)
            else:
                yield target, value
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            yield node.target, node.value


def _keys(tree: ast.AST, carriers: dict[str, str]) -> Iterator[tuple[str, str, bool]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            source, name, required = _source(node.value, carriers), node.slice.value, True
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"get", "getlist"} and node.args:
            first = node.args[0]
            if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
                continue
            source, name, required = _source(node.func.value, carriers), first.value, False
        else:
            continue
        if source:
            yield source, name, required
