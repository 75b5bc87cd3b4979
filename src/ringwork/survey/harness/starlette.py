"""Facts about a FastAPI or Starlette application, read from the application object itself."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import starlette
from pydantic import BaseModel, TypeAdapter
from starlette.applications import Starlette

from ringwork import own_checks
from ringwork.frameworks import starlette as adapter
from ringwork.installation import Installation
from ringwork.route import Route
from ringwork.survey.facts import AppFacts, CheckFacts, ErrorHandlers, ParameterFacts, RouteFacts
from ringwork.survey.harness import checks, limiters, proxies, reading, schema

_PLAIN = str | int | float | bool


def is_application(value: object) -> bool:
    """Whether this harness knows `value`."""
    return isinstance(value, Starlette)


def collect(app: Starlette, *, target: str, root: str, installation: Installation | None) -> AppFacts:
    """All facts. root: the user's own folder, as reports show it."""
    fastapi = sys.modules.get("fastapi")
    is_fastapi = fastapi is not None and isinstance(app, fastapi.FastAPI)
    return AppFacts(
        target=target,
        framework="fastapi" if is_fastapi else "starlette",
        framework_version=str(fastapi.__version__ if fastapi is not None and is_fastapi else starlette.__version__),
        root=root,
        routes=tuple(_route(entry, adapter.to_route(entry, installation)) for entry in entries(app)),
        settings=_settings(app),
        middleware=tuple(_name(m.cls) for m in app.user_middleware),
        error_handlers=_error_handlers(app),
        schema_paths=_schema_paths(app),
        checks=_checks(app),
    )


def _checks(app: Starlette) -> tuple[CheckFacts, ...]:
    """The application's own checks of who is asking, those most used first."""
    found = [
        check
        for entry in entries(app)
        for check in (*checks.of_dependencies(_dependants(getattr(entry.matcher, "dependant", None))), *checks.of_view(entry.endpoint))
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda check: -found.count(check)))


def entries(app: Starlette) -> Iterator[adapter.Entry]:
    """The application's ways in, as the framework's adapter sees them."""
    return adapter.Index(app.router, lister=_lister()).flat()


def _lister() -> adapter.Lister:
    # A target that never called protect() has not loaded ringwork's adapter, and its included routers must be seen all the same.
    if "fastapi" not in sys.modules:
        return adapter.plain_routes
    lister: adapter.Lister = importlib.import_module("ringwork.frameworks.fastapi").included_routes
    return lister


def _name(value: Any) -> str:
    return str(getattr(value, "__qualname__", None) or type(value).__qualname__)


def _route(entry: adapter.Entry, route: Route) -> RouteFacts:
    parameters, body = _parameters(entry)
    return reading.facts_of(
        route,
        guarded_by=_guarded_by(entry),
        parameters=parameters,
        body=body,
        in_schema=bool(getattr(entry.matcher, "include_in_schema", True)),
    )


def _guarded_by(entry: adapter.Entry) -> tuple[str, ...]:
    names = [_dependency_name(dependant) for dependant in _dependants(getattr(entry.matcher, "dependant", None))]
    return tuple(dict.fromkeys([name for name in names if name] + list(reading.decorators(entry.endpoint))))


def _dependants(dependant: Any) -> Iterator[Any]:
    for child in getattr(dependant, "dependencies", ()):
        yield child
        yield from _dependants(child)


def _dependency_name(dependant: Any) -> str:
    call = getattr(dependant, "call", None)
    if any(kind.__name__ == "SecurityBase" for kind in type(call).__mro__):
        return type(call).__name__
    name = str(getattr(call, "__name__", None) or type(call).__name__)
    return name if own_checks.looks_like_a_check(name) or own_checks.known_as(dependant) else ""


def _parameters(entry: adapter.Entry) -> tuple[tuple[ParameterFacts, ...], str]:
    """Inputs and kind of body, from FastAPI's own description, else from the path and the handler's source."""
    dependant = getattr(entry.matcher, "dependant", None)
    if dependant is None:
        read = reading.inputs(entry.endpoint)
        return _of_path(entry) + read, next((p.where for p in read if p.where in {"form", "json"}), "")
    found = list[ParameterFacts]()
    whole = [dependant, *_dependants(dependant)]
    for where in ("path", "query", "header", "cookie"):
        found += [_field(field, where) for part in whole for field in getattr(part, f"{where}_params")]
    fields = list({field.name: field for part in whole for field in part.body_params}.values())
    body = _body_kind(fields)
    found += _body_fields(fields, body)
    if not body:
        read = tuple(p for p in reading.inputs(entry.endpoint) if p.where in {"form", "json"})
        found += read
        body = read[0].where if read else ""
    return tuple(found), body


def _of_path(entry: adapter.Entry) -> tuple[ParameterFacts, ...]:
    convertors: Mapping[str, Any] = getattr(entry.matcher, "param_convertors", {})
    kinds = {"IntegerConvertor": "integer", "FloatConvertor": "number"}
    return tuple(
        ParameterFacts(name=name, where="path", kind=kinds.get(type(convertor).__name__, "string"), required=True)
        for name, convertor in convertors.items()
    )


def _field(field: Any, where: str) -> ParameterFacts:
    return schema.parameter(field.alias, where, _schema_of(field), required=_is_required(field))


def _is_required(field: Any) -> bool:
    info = field.field_info
    return bool(info.is_required()) if hasattr(info, "is_required") else bool(getattr(field, "required", False))


def _schema_of(field: Any) -> Mapping[str, Any]:
    try:
        described = dict(TypeAdapter(field.field_info.annotation).json_schema())
    except Exception:  # noqa: BLE001  # a type that pydantic can read and not describe
        return {}
    for given in getattr(field.field_info, "metadata", ()):
        for name, key in (
            ("ge", "minimum"),
            ("gt", "exclusiveMinimum"),
            ("le", "maximum"),
            ("min_length", "minLength"),
            ("max_length", "maxLength"),
        ):
            if getattr(given, name, None) is not None:
                described.setdefault(key, getattr(given, name))
    return described


def _body_kind(fields: list[Any]) -> str:
    kinds = {type(field.field_info).__name__ for field in fields}
    return "multipart" if "File" in kinds else "form" if "Form" in kinds else "json" if fields else ""


def _body_fields(fields: list[Any], body: str) -> Iterator[ParameterFacts]:
    where = "form" if body in {"form", "multipart"} else "json"
    alone = fields[0] if len(fields) == 1 else None
    if alone is not None and _is_model(alone.field_info.annotation) and not getattr(alone.field_info, "embed", False):
        described = _schema_of(alone)
        required = described.get("required", ())
        for name, inner in described.get("properties", {}).items():
            yield schema.parameter(name, where, inner, required=name in required, definitions=described.get("$defs", {}))
        return
    for field in fields:
        yield _field(field, "files" if type(field.field_info).__name__ == "File" else where)


def _is_model(kind: Any) -> bool:
    return inspect.isclass(kind) and issubclass(kind, BaseModel)


def _settings(app: Starlette) -> dict[str, Any]:
    """`debug`, and for each middleware its own plain arguments, by its class's name. Secrets are given by length only."""
    found: dict[str, Any] = {"debug": bool(app.debug), "debugging": list(adapter.look_round(app, lister=_lister()).debug)}
    found |= proxies.of_environment()
    found.update(limiters.of_starlette(app, [_name(m.cls) for m in app.user_middleware]))
    for middleware in app.user_middleware:
        found[_name(middleware.cls)] = {name: _plain(name, value) for name, value in middleware.kwargs.items()}
    return found


def _plain(name: str, value: Any) -> Any:
    if any(part in name.lower() for part in ("secret", "key", "password", "token")):
        return f"({len(value)} characters)" if isinstance(value, str | bytes) else "(hidden)"
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [item if isinstance(item, _PLAIN) else str(item) for item in value]
    return type(value).__name__


def _error_handlers(app: Starlette) -> ErrorHandlers:
    names = [str(key) if isinstance(key, int) else _name(key) for key in app.exception_handlers]
    return ErrorHandlers(names=tuple(names), catch_all=bool({Exception, 500} & set(app.exception_handlers)))


def _schema_paths(app: Starlette) -> tuple[str, ...]:
    openapi = getattr(app, "openapi", None)
    if openapi is None or getattr(app, "openapi_url", None) is None:
        return ()
    try:
        return tuple(sorted(openapi().get("paths", {})))
    except Exception:  # noqa: BLE001  # a schema that cannot be made is no schema
        return ()
