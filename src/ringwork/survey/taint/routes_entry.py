"""What a function is called with that no route of the four frameworks names: its parameters, and what path and parsers bring."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.taint import ir
from ringwork.survey.taint.handlers import Brought, Handler
from ringwork.survey.taint.routes_scope import Scope, argument, text, written
from ringwork.survey.taint.routes_types import shape
from ringwork.survey.taint.units import Defined, Unit
from ringwork.survey.taint.walk import walk

_SEGMENT = re.compile(r"[<{](?P<name>\w+)(?::(?P<kind>\w+))?[^>}]*[>}]")
_NUMBERS = frozenset({"int", "float", "uuid", "number", "ymd"})
_PAGES = frozenset({"MEDIA_HTML"})
_LOCATIONS = {"query": "query", "querystring": "query", "form": "form", "headers": "header", "cookies": "cookie", "files": "file"}
_PARSERS = frozenset({"use_args", "use_kwargs", "arguments", "input"})
_NO_TEXT = frozenset({
    "Int", "Integer", "Float", "Decimal", "Number", "Bool", "Boolean", "UUID", "Date", "Time", "DateTime", "TimeDelta", "Enum",
})  # fmt: skip


def entry(
    own: Defined,
    framework: str,
    *,
    brought: dict[str, Brought] | None = None,
    path: str = "",
    methods: tuple[str, ...] = (),
    answers: str = "",
    kind: str = "http",
) -> Handler:
    """A handler of which only this is known. path: as the framework writes it."""
    return Handler(
        function=own.dotted,
        path=_SEGMENT.sub(lambda match: f"{{{match['name']}}}", path),
        methods=tuple(method.upper() for method in methods),
        brought=brought or {},
        answers=answers,
        kind=kind,
        framework=framework,
        file=own.unit.file,
        line=ir.line_of(own.node.at),
        instance=own.owner.dotted if own.owner is not None else "",
    )


def names_of(own: Defined) -> list[str]:
    """Its parameters without the receiver and without *args and **kwargs."""
    return [parameter.name for parameter in parameters(own) if parameter.kind not in {"args", "kwargs"}]


def parameters(own: Defined) -> tuple[ir.Parameter, ...]:
    """Its parameters without the receiver."""
    found = own.node.parameters
    return found[1:] if own.owner is not None and found and found[0].name in {"self", "cls"} else found


def segments(path: str) -> dict[str, Brought]:
    """What the parameters of a path bring: <name>, <name:int>, {name}, {name:int}."""
    return {
        match["name"]: Brought(source="path", name=match["name"], is_text=match["kind"] not in _NUMBERS)
        for match in _SEGMENT.finditer(path)
    }


def asked(scope: Scope, own: Defined, *, skip: int) -> dict[str, Brought]:
    """What a client asks a resolver with: all parameters behind the first ones, those that are numbers by their annotation without text."""
    found = {}
    for number, parameter in enumerate(parameters(own)):
        if number < skip and parameter.kind != "keyword":
            continue
        said = shape(scope, parameter.annotation)
        if parameter.name in {"root", "info", "parent"} or said.type.endswith((".Info", ".ResolveInfo", ".GraphQLResolveInfo")):
            continue
        found[parameter.name] = Brought(source="body", name=parameter.name, type=said.type, is_text=said.is_text, items=said.items)
    return found


def is_page(unit: Unit, own: Defined | None = None) -> bool:
    """Whether a function, or anything in a module, names the type of pages: what is written to the answer there is read as markup."""
    for part in walk(own.node.body if own is not None else unit.module.body):
        if isinstance(part, ir.Constant) and isinstance(part.value, str) and part.value.lower().startswith("text/html"):
            return True
        if isinstance(part, ir.Attribute) and part.name in _PAGES:
            return True
    return False


# -- parsers ----------------------------------------------------------------------------------------------------


def parsed(scope: Scope, own: Defined, known: dict[str, Brought]) -> dict[str, Brought]:
    """What decorators that parse the request hand in: use_args and use_kwargs of webargs, arguments of flask-smorest, input of APIFlask.

    known: what the path brings already. Source: https://webargs.readthedocs.io/en/latest/quickstart.html
    """
    found: dict[str, Brought] = {}
    for decorator in own.node.decorators:
        name = written(decorator).rpartition(".")[2]
        if not isinstance(decorator, ir.Call) or name not in _PARSERS or not decorator.arguments:
            continue
        source = _LOCATIONS.get(text(scope, argument(decorator, -1, "location")) or "json", "body")
        numbers = frozenset(_numbers(scope, decorator.arguments[0]))
        for parameter in parameters(own):
            if parameter.name not in known and parameter.kind != "args":
                # The fields of one that is handed in whole are not told apart.
                shown = parameter.name if name == "use_kwargs" and parameter.kind != "kwargs" else ""
                found[parameter.name] = Brought(source=source, name=shown, is_text=parameter.name not in numbers)
    return found


def _numbers(scope: Scope, given: ir.Expression) -> Iterator[str]:
    """The names of the fields of {"size": fields.Int()} that bring no text."""
    if isinstance(given, ir.Mapping):
        for key, value in given.items:
            if isinstance(key, ir.Constant) and isinstance(value, ir.Call) and written(value.function).rpartition(".")[2] in _NO_TEXT:
                yield str(key.value)
