"""One module as the looks see it: its parts by their form, each with the function that it stands in; and how a look tells what it saw.

Against a report that nobody reads: tests, migrations and documentation are not looked at, for nothing there answers a request.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, TypeVar

from ringwork.survey.flows import Entry, Flow, Step, Strength
from ringwork.survey.taint import ir
from ringwork.survey.taint.handlers import Handler, Routes
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.units import Unit
from ringwork.survey.taint.walk import names, walk

STRONG, WEAK = Strength.STRONG, Strength.WEAK

_OTHER_FOLDERS = re.compile(
    r"(?:^|/)(?:tests?|testing|migrations?|alembic|docs?|docs_src|fixtures|e2e|cypress|conftest)(?=/)", re.IGNORECASE
)
_OTHER_FILES = re.compile(r"(?:^test_|_tests?\.|^tests?\.|^conftest\.|\.(?:test|spec)\.)", re.IGNORECASE)
_REHEARSAL = re.compile(
    r"(?:^|[/_.-])(?:dev|devel|development|local|test|testing|tests|ci|github|gitlab|example|examples|sample|debug|build)(?=[/_.-]|$)",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

Form = TypeVar("Form")


def is_shipped(file: str) -> bool:
    """Whether a file is part of what answers requests, by its name: no test, no migration, no documentation."""
    return not _OTHER_FOLDERS.search(file) and not _OTHER_FILES.search(PurePosixPath(file).name)


@functools.lru_cache(maxsize=8192)  # the same names are asked for by many looks
def words(name: str) -> frozenset[str]:
    """The words of an identifier, lower case: "apiKeyHash" and "API_KEY_HASH" have api, key and hash."""
    return frozenset(part for part in re.split(r"[^a-z0-9]+", _CAMEL.sub("_", name).lower()) if part)


def is_rehearsal(file: str) -> bool:
    """Whether a file is for a developer's machine or for a build, by its name: its settings serve nobody else."""
    return bool(_REHEARSAL.search(file))


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Where a part stands. qualname: inside its module, "" at the top. function, owner: the innermost ones around it."""

    qualname: str = ""
    function: ir.Function | None = None
    owner: ir.Class | None = None


@dataclass(slots=True, eq=False)
class Seen:
    """One module. routes: of the whole project. parts: by form, in the order of the source."""

    project: Project
    unit: Unit
    routes: Routes = field(default_factory=Routes)
    parts: dict[type[Any], list[tuple[Any, Scope]]] = field(default_factory=dict)
    _named: dict[int, tuple[ir.Expression, str]] = field(default_factory=dict)
    _functions: dict[str, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._block(self.unit.module.body, Scope())

    def of(self, form: type[Form]) -> Iterator[tuple[Form, Scope]]:
        """The parts of one form, each with where it stands."""
        yield from self.parts.get(form, ())

    def name(self, expression: ir.Expression) -> str:
        """What a name or a chain of attributes means, dotted; as written where nobody knows."""
        known = self._named.get(id(expression))
        if known is None:  # most looks ask what is called; the expression is held, so that no other gets its id
            known = self._named[id(expression)] = (expression, self.project.resolve(self.unit, expression) or written(expression))
        return known[1]

    def handler(self, scope: Scope) -> Sequence[Handler]:
        """The routes that the function around a part answers, () for none."""
        return self.routes.at(f"{self.unit.name}.{scope.qualname}")

    def functions(self) -> Mapping[str, set[int]]:
        """By each name, keyword and text of the module, the ids of the functions in which it stands."""
        if not self._functions:
            parts, found = self.parts, self._functions
            places = [(part.id, scope) for part, scope in parts.get(ir.Name, ())]
            places += [(part.name, scope) for part, scope in parts.get(ir.Attribute, ())]
            places += [(name, scope) for call, scope in parts.get(ir.Call, ()) for name, _ in call.keywords]
            places += [(part.value, scope) for part, scope in parts.get(ir.Constant, ()) if type(part.value) is str]
            for name, scope in places:
                found.setdefault(name, set()).add(id(scope.function))
        return self._functions

    def imports(self, *packages: str) -> bool:
        """Whether the module imports one of these packages, or something of them."""
        return any(target == package or target.startswith(f"{package}.") for target in self.unit.imports.values() for package in packages)

    def flow(
        self,
        kind: str,
        at: int,
        *,
        strength: Strength,
        sink: str,
        detail: str,
        scope: Scope | None = None,
        said: str = "",
    ) -> Flow:
        """What a look tells about one place of this module."""
        inner = scope or Scope()
        routes = tuple(sorted({handler.name for handler in self.handler(inner)}))
        function = f"{self.unit.name}.{inner.qualname}" if inner.qualname else self.unit.name
        step = Step(file=self.unit.file, line=ir.line_of(at), column=ir.column_of(at), said=said or sink)
        return Flow(kind=kind, strength=strength, sink=sink, entry=Entry(), steps=(step,), function=function, routes=routes, detail=detail)

    def _block(self, node: tuple[Any, ...], scope: Scope) -> None:
        waiting: list[Any] = [node]
        parts = self.parts
        while waiting:
            here = waiting.pop()
            kind = type(here)
            if kind is not tuple:
                parts.setdefault(kind, []).append((here, scope))
                if kind is ir.Function:
                    self._inside(here, _joined(scope, here.name), here, scope.owner if scope.function is None else None)
                    continue
                if kind is ir.Class:
                    self._inside(here, _joined(scope, here.name), None, here)
                    continue
            waiting.extend([part for part in here[::-1] if isinstance(part, tuple) and part])

    def _inside(self, node: ir.Function | ir.Class, qualname: str, function: ir.Function | None, owner: ir.Class | None) -> None:
        scope = Scope(qualname, function, owner)
        for part in node:
            if isinstance(part, tuple):
                self._block(part, scope)


def of_file(kind: str, file: str, line: int, *, strength: Strength, sink: str, detail: str, function: str = "", said: str = "") -> Flow:
    """What a look tells about a line of a file that may be no Python. line: 0 for the whole file."""
    step = Step(file=file, line=line, column=0, said=said or sink)
    return Flow(kind=kind, strength=strength, sink=sink, entry=Entry(), steps=(step,), function=function, detail=detail)


def _joined(scope: Scope, name: str) -> str:
    if not scope.qualname:
        return name
    return f"{scope.qualname}.<locals>.{name}" if scope.function is not None else f"{scope.qualname}.{name}"


def written(expression: ir.Expression) -> str:
    """A chain of names as it is written ("request.headers"); calls and items in it are passed over; "" where it begins with nothing."""
    parts: list[str] = []
    while True:
        if isinstance(expression, ir.Attribute):
            parts.append(expression.name)
            expression = expression.of
        elif isinstance(expression, ir.Call):
            expression = expression.function
        elif isinstance(expression, ir.Item):
            expression = expression.of
        elif isinstance(expression, ir.Await):
            expression = expression.value
        elif isinstance(expression, ir.Name):
            return ".".join([expression.id, *reversed(parts)])
        else:
            return ".".join(["", *reversed(parts)]) if parts else ""


def last(expression: ir.Expression) -> str:
    """The last name of what is called or read: "verify" of `checker.verify`, "token" of `row["token"]` and of `args.get("token")`."""
    if isinstance(expression, ir.Await):
        return last(expression.value)
    if isinstance(expression, ir.Attribute):
        return expression.name
    if isinstance(expression, ir.Name):
        return expression.id
    if isinstance(expression, ir.Item):
        return expression.key.value if _is_text(expression.key) else last(expression.of)  # type: ignore[union-attr, return-value] # seen to be text
    if isinstance(expression, ir.Call):
        is_read = isinstance(expression.function, ir.Attribute) and expression.function.name in _READS
        if is_read and expression.arguments and _is_text(expression.arguments[0]):
            return expression.arguments[0].value  # type: ignore[union-attr, return-value] # seen to be text
        return last(expression.function)
    return ""


_READS = frozenset({"get", "pop", "getlist", "get_secret_value", "getenv", "get_argument", "header", "cookie"})


def _is_text(expression: ir.Expression) -> bool:
    return isinstance(expression, ir.Constant) and isinstance(expression.value, str)


def text_of(expression: ir.Expression | None) -> str | None:
    """The text of a literal, None of anything else."""
    return expression.value if isinstance(expression, ir.Constant) and isinstance(expression.value, str) else None


def taken(part: object, readers: Container[str]) -> tuple[str, ir.Expression | None]:
    """The key by which something is taken, and out of what: data["role"], or data.get("role") by a method of `readers`; "" for neither."""
    if isinstance(part, ir.Item):
        return text_of(part.key) or "", part.of
    if isinstance(part, ir.Call) and isinstance(part.function, ir.Attribute) and part.function.name in readers and part.arguments:
        return text_of(part.arguments[0]) or "", part.function.of
    return "", None


def argument(call: ir.Call, name: str, position: int | None = None) -> ir.Expression | None:
    """An argument of a call by its name, or by its place."""
    for keyword, value in call.keywords:
        if keyword == name:
            return value
    return call.arguments[position] if position is not None and position < len(call.arguments) else None


def mentions(node: object, wanted: Iterable[str]) -> bool:
    """Whether one of these names stands anywhere inside."""
    return not set(wanted).isdisjoint(names(node))


def mentioned_words(node: object) -> frozenset[str]:
    """The words of all names inside."""
    return frozenset(word for name in names(node) for word in words(name))


def calls(node: object) -> Iterator[ir.Call]:
    """The calls inside."""
    return (part for part in walk(node) if isinstance(part, ir.Call))


def naming(seen: Seen, wanted: Callable[[str], object]) -> frozenset[int]:
    """The ids of the functions in which a name, a keyword or a text stands that is wanted, without going through each of them."""
    return frozenset(one for name, functions in seen.functions().items() if wanted(name) for one in functions)


def model_of(call: ir.Call) -> str:
    """The class whose rows are asked for, of `Note.query.get(1)`, `session.get(Note, 1)` and `get_object_or_404(Note, pk=1)`.

    "" where none is named there: `super().get_queryset().filter(owner=me)`.
    """
    for inner in calls((call,)):
        given = written(inner.arguments[0]).split(".") if inner.arguments else []
        named = next((name for name in [*given, *written(inner.function).split(".")] if name[:1].isupper() and not name.isupper()), "")
        if named:
            return named
    return ""
