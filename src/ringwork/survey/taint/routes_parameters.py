"""What each parameter of a FastAPI endpoint, and of what it depends on, brings.

Source: FastAPI, "Path Parameters" to "Dependencies" (https://fastapi.tiangolo.com/tutorial/).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ringwork.survey.taint import ir, routes_checks, routes_paths
from ringwork.survey.taint.handlers import Brought
from ringwork.survey.taint.routes_scope import Known, Scope, argument, dotted, follow, items, text, written
from ringwork.survey.taint.routes_types import Shape, shape
from ringwork.survey.taint.routes_wiring import scope_of
from ringwork.survey.taint.units import Defined

_MARKS = {"Query": "query", "Path": "path", "Header": "header", "Cookie": "cookie", "Body": "body", "Form": "form", "File": "file"}
_DEPENDS = frozenset({"Depends", "Security"})
_NATIVE = {
    "Request": "starlette.requests.Request",
    "HTTPConnection": "starlette.requests.HTTPConnection",
    "WebSocket": "starlette.websockets.WebSocket",
    "Response": "starlette.responses.Response",
    "BackgroundTasks": "starlette.background.BackgroundTasks",
    "SecurityScopes": "fastapi.security.SecurityScopes",
}
"""What FastAPI hands in by its class."""
_SCHEMES = {
    "OAuth2PasswordBearer": "header",
    "OAuth2AuthorizationCodeBearer": "header",
    "OAuth2": "header",
    "HTTPBearer": "header",
    "HTTPBasic": "header",
    "HTTPDigest": "header",
    "OpenIdConnect": "header",
    "APIKeyHeader": "header",
    "APIKeyCookie": "cookie",
    "APIKeyQuery": "query",
}
_CREDENTIALS = {
    "HTTPBearer": "HTTPAuthorizationCredentials",
    "HTTPDigest": "HTTPAuthorizationCredentials",
    "HTTPBasic": "HTTPBasicCredentials",
}
_FORMS = ("OAuth2PasswordRequestForm", "OAuth2PasswordRequestFormStrict")
_DEEP = 6


@dataclass(slots=True)
class Reading:
    """Reads the parameters of one endpoint. depends: what those of its dependencies bring. checks: dependencies that ask who is there."""

    scope: Scope
    segments: Mapping[str, Brought]
    depends: dict[str, dict[str, Brought]] = field(default_factory=dict)
    checks: list[str] = field(default_factory=list)

    def of(self, function: Defined, *, skip_self: bool = False, depth: int = _DEEP) -> dict[str, Brought]:
        """What the parameters of a function bring."""
        scope = scope_of(self.scope.project, function)
        parameters = [one for one in function.node.parameters if one.kind not in {"args", "kwargs"}]
        found = {}
        for parameter in parameters[1:] if skip_self else parameters:
            found[parameter.name] = self._one(scope, parameter, depth)
        return found

    def _one(self, scope: Scope, parameter: ir.Parameter, depth: int) -> Brought:
        said = shape(scope, parameter.annotation)
        marks = [*said.marks, *([Known(scope, parameter.default)] if parameter.default is not None else [])]
        for mark in marks:
            call = follow(mark)
            name = written(call.expression).rpartition(".")[2] if isinstance(call.expression, ir.Call) else ""
            if not isinstance(call.expression, ir.Call):
                continue
            if name in _DEPENDS:
                return self._depended(Known(call.scope, call.expression), call.expression, said, parameter.name, depth)
            if name in _MARKS:
                return _marked(call.scope, call.expression, said, parameter.name, name, self.segments)
        return self._unmarked(said, parameter.name)

    def _unmarked(self, said: Shape, name: str) -> Brought:
        native = _native(said.type)
        if native:
            return Brought(type=native, is_text=False)
        if name in self.segments:
            inner = self.segments[name]
            return Brought(source="path", name=name, type=said.type, is_text=said.is_text and inner.is_text)
        if said.type.endswith(".UploadFile") or said.items.endswith(".UploadFile"):
            return Brought(source="file", name=name, type=said.type if not said.items else "", items=said.items)
        if said.is_model or said.is_many:
            return Brought(source="body", name=name, type=said.type, items=said.items, is_text=said.is_text)
        if said.is_known and said.type.partition(".")[0] not in {"", "builtins", "typing", "pydantic"} and said.is_text:
            return Brought(type=said.type, is_text=False)  # an object that the application hands in itself
        return Brought(source="query", name=name, type=said.type, is_text=said.is_text)

    # -- dependencies ---------------------------------------------------------------------------------------------

    def _depended(self, known: Known, call: ir.Call, said: Shape, name: str, depth: int) -> Brought:
        scope = known.scope
        given = argument(call, 0, "dependency")
        if given is None:
            return self._of_class(said.type, depth) if said.type else Brought(is_text=False)
        self.checks += [check for check in (check_of(scope, given),) if check]
        target = dotted(scope, given)
        project = scope.project
        function = project.function(target) if target else None
        if function is not None:
            self._note(function.dotted, function, depth)
            return Brought(type=said.type, function=function.dotted)
        if target and project.class_(target) is not None:
            return self._of_class(target, depth)
        made = follow(Known(scope, given))
        if isinstance(made.expression, ir.Call):
            kind = dotted(made.scope, made.expression.function)
            last = (kind or written(made.expression.function)).rpartition(".")[2]
            if last in _SCHEMES:
                credentials = f"fastapi.security.{_CREDENTIALS[last]}" if last in _CREDENTIALS else ""
                return Brought(source=_SCHEMES[last], name=_scheme_name(made, made.expression), type=credentials)
            owner = project.class_(kind) if kind else None
            called = project.method(owner, "__call__") if owner is not None else None
            if called is not None:
                self._note(called.dotted, called, depth, skip_self=True)
                return Brought(type=said.type, function=called.dotted)
            maker = project.function(kind) if kind else None
            if maker is not None:
                return Brought(type=said.type, is_text=said.is_text and said.is_known)
        if target.endswith(_FORMS):
            return Brought(source="form", type=f"fastapi.security.{target.rpartition('.')[2]}")
        return Brought(type=said.type, is_text=False)

    def _of_class(self, name: str, depth: int) -> Brought:
        """A class as a dependency: what its maker is given comes from the request; the fields of a model from the query."""
        if name.endswith(_FORMS):
            return Brought(source="form", type=f"fastapi.security.{name.rpartition('.')[2]}")
        owner = self.scope.project.class_(name)
        if owner is None:
            return Brought(type=name, is_text=False)
        made = self.scope.project.method(owner, "__init__")
        if made is None:
            return Brought(source="query", type=name)
        self._note(name, made, depth, skip_self=True)
        return Brought(type=name, function=name)

    def _note(self, name: str, function: Defined, depth: int, *, skip_self: bool = False) -> None:
        if name not in self.depends and depth:
            self.depends[name] = {}  # against a dependency that depends on itself
            self.depends[name] = self.of(function, skip_self=skip_self, depth=depth - 1)


def _native(name: str) -> str:
    root, _, last = name.rpartition(".")
    return _NATIVE.get(last, "") if root.partition(".")[0] in {"fastapi", "starlette"} else ""


def _marked(scope: Scope, call: ir.Call, said: Shape, name: str, mark: str, segments: Mapping[str, Brought]) -> Brought:
    alias = text(scope, argument(call, -1, "alias", "validation_alias"))
    shown = alias or (name.replace("_", "-") if mark == "Header" else name)
    is_text = said.is_text and (segments[shown].is_text if shown in segments else True)
    pattern = text(scope, argument(call, -1, "pattern", "regex"))
    if pattern is not None and _is_closed(pattern):
        is_text = False
    return Brought(source=_MARKS[mark], name=shown, type=said.type, items=said.items, is_text=is_text)


def _is_closed(pattern: str) -> bool:
    """Whether the whole text has to be letters, digits, hyphens and underscores."""
    return pattern.startswith("^") and pattern.endswith("$") and routes_paths.is_harmless(pattern[1:-1])


def _scheme_name(made: Known, call: ir.Call) -> str:
    return text(made.scope, argument(call, -1, "name")) or "Authorization"


def check_of(scope: Scope, given: ir.Expression) -> str:
    """The short name of a dependency that asks who is there, "" for one that does not."""
    name = dotted(scope, given)
    if (name and scope.project.function(name) is not None) or (name and scope.project.class_(name) is not None):
        return name.rpartition(".")[2] if routes_checks.of_dependency(scope, name) else ""
    made = follow(Known(scope, given))
    if isinstance(made.expression, ir.Call):
        kind = dotted(made.scope, made.expression.function) or written(made.expression.function)
        last = kind.rpartition(".")[2]
        owner = scope.project.class_(kind)
        if owner is not None:
            called = scope.project.method(owner, "__call__")
            return last if called is not None and routes_checks.asks_by(scope.project, called, last) else ""
        if last in _SCHEMES or (scope.project.function(kind) is not None and routes_checks.asks(scope, kind)):
            return last
        return last if scope.project.function(kind) is None and routes_checks.is_named(kind) else ""
    return name.rpartition(".")[2] if name and routes_checks.is_named(name) else ""


def listed_checks(calls: Iterable[Known]) -> Iterator[str]:
    """Those of `dependencies=[Depends(...)]` of route, router, inclusion and application."""
    for scope, call in calls:
        given = argument(call, -1, "dependencies") if isinstance(call, ir.Call) else None
        for one in items(Known(scope, given)) or () if given is not None else ():
            inner = follow(one)
            if isinstance(inner.expression, ir.Call) and written(inner.expression.function).rpartition(".")[2] in _DEPENDS:
                target = argument(inner.expression, 0, "dependency")
                name = check_of(inner.scope, target) if target is not None else ""
                if name:
                    yield name
