"""Facts about a Flask application, read from the application object itself."""

from __future__ import annotations

import ast
import dataclasses
import importlib.metadata
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask, session
from werkzeug.exceptions import HTTPException, InternalServerError

from ringwork import own_checks
from ringwork.frameworks import flask as adapter
from ringwork.frameworks import flask_sharing
from ringwork.installation import Installation
from ringwork.route import Route, RouteKind
from ringwork.survey.facts import AppFacts, CheckFacts, ErrorHandlers, ParameterFacts, RouteFacts
from ringwork.survey.harness import checks, exemptions, limiters, proxies, reading

_SETTINGS = (
    "DEBUG", "TESTING", "PROPAGATE_EXCEPTIONS", "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_SAMESITE", "SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH", "REMEMBER_COOKIE_SECURE",
    "REMEMBER_COOKIE_HTTPONLY", "REMEMBER_COOKIE_SAMESITE", "TRUSTED_HOSTS", "SERVER_NAME", "MAX_CONTENT_LENGTH",
    "MAX_FORM_MEMORY_SIZE", "MAX_FORM_PARTS",
    "PREFERRED_URL_SCHEME", "WTF_CSRF_ENABLED",
)  # fmt: skip
_NAMES_SOMEBODY = re.compile(
    r"_?(logged_in_|current_|auth_)?(user|member|account|customer|person)(_?(id|name|pk|uuid|key))?|uid", re.IGNORECASE
)
"""Keys that hold an id; "logged_in" holds a yes, "is_admin" a right, "user_agent" neither."""


def is_application(value: object) -> bool:
    """Whether this harness knows `value`."""
    return isinstance(value, Flask)


def collect(app: Flask, *, target: str, root: str, installation: Installation | None) -> AppFacts:
    """All facts. root: the user's own folder, as reports show it."""
    return AppFacts(
        target=target,
        framework="flask",
        framework_version=importlib.metadata.version("flask"),
        root=root,
        routes=tuple(_route(app, route) for route in adapter.list_routes(app, installation=installation)),
        settings={name: app.config[name] for name in _SETTINGS if name in app.config and _is_plain(app.config[name])}
        | _session(app)
        | _sharing(app)
        | proxies.of_flask(app)
        | limiters.of_flask(app)
        | {"debugging": list(adapter.look_round(app).debug), "has_static": Path(app.static_folder or "/nowhere").is_dir()}
        | ({"LOGIN_MANAGER": True} if hasattr(app, "login_manager") else _session_key(app)),
        middleware=_hooks(app),
        error_handlers=_error_handlers(app),
        checks=_checks(app),
        is_wsgi=True,
    )


def _checks(app: Flask) -> tuple[CheckFacts, ...]:
    """The application's own checks of who is asking, those most used first."""
    found = [check for view in app.view_functions.values() for check in checks.of_view(view)]
    found += [check for hooks in app.before_request_funcs.values() for check in checks.of_hooks(hooks)]
    return tuple(sorted(dict.fromkeys(found), key=lambda check: -found.count(check)))


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool | list)


def _session(app: Flask) -> dict[str, Any]:
    """The key's length, never the key."""
    key = app.config.get("SECRET_KEY")
    return {"SECRET_KEY": f"({len(key)} characters)"} if isinstance(key, str | bytes) else {}


def _session_key(app: Flask) -> dict[str, str]:
    """The key under which a login keeps who signed in, where exactly one of such a name is written into a session."""
    keys = {key for view in app.view_functions.values() for key in _written_keys(view) if _NAMES_SOMEBODY.fullmatch(key)}
    return {"flask-session": keys.pop()} if len(keys) == 1 else {}


def _written_keys(view: Any) -> Iterator[str]:
    """Text keys that a view sets on Flask's session, by whatever name its module knows it."""
    known = getattr(inspect.unwrap(view), "__globals__", {})
    for node in ast.walk(reading.parse(view) or ast.Module([], [])):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and isinstance(node.slice, ast.Constant):
            base, key = node.value, node.slice.value
            is_attribute = isinstance(base, ast.Attribute) and ast.unparse(base) == "flask.session"
            if isinstance(key, str) and (is_attribute or (isinstance(base, ast.Name) and known.get(base.id) is session)):
                yield key


def _sharing(app: Flask) -> dict[str, Any]:
    """What flask-cors was told, where it is used."""
    found = flask_sharing.sharing(app)
    return {"flask-cors": found} if found else {}


def _hooks(app: Flask) -> tuple[str, ...]:
    wrapped = type(getattr(app.wsgi_app, "__self__", app.wsgi_app)).__name__
    names = [f.__name__ for f in app.before_request_funcs.get(None, [])]
    return tuple(([] if wrapped == type(app).__name__ else [wrapped]) + names)


def _rules(app: Flask, route: Route) -> Iterator[Any]:
    for rule in app.url_map.iter_rules():
        if _template(str(rule.rule)) == route.path and route.methods <= (rule.methods or set()):
            yield rule


def _template(rule: str) -> str:
    """Werkzeug's "<int:note_id>" as "{note_id}"."""
    out, rest = "", rule
    while "<" in rest:
        before, _, rest = rest.partition("<")
        inside, _, rest = rest.partition(">")
        out += f"{before}{{{inside.rpartition(':')[2]}}}"
    return out + rest


def _route(app: Flask, route: Route) -> RouteFacts:
    rule = next(_rules(app, route), None)
    view = app.view_functions.get(rule.endpoint) if rule is not None else None
    read = reading.inputs(view) if view is not None and route.kind is RouteKind.HTTP else ()
    found = reading.facts_of(
        route,
        guarded_by=_guarded_by(app, rule, view),
        parameters=(_of_path(rule) if rule is not None else ()) + read,
        body=reading.body_of(read),
    )
    exempted = exemptions.of_flask(app, rule.endpoint, view) if rule is not None else ""
    if not exempted or view is None:
        return found
    return dataclasses.replace(found, exempted_by=exempted, known_by=exemptions.known_by(inspect.unwrap(view)))


def _of_path(rule: Any) -> tuple[ParameterFacts, ...]:
    kinds = {"IntegerConverter": "integer", "FloatConverter": "number", "PathConverter": "path", "UUIDConverter": "uuid"}
    return tuple(
        ParameterFacts(name=name, where="path", kind=kinds.get(type(converter).__name__, "string"), required=True)
        for name, converter in rule._converters.items()  # noqa: SLF001  # the one place where Werkzeug keeps them
    )


def _guarded_by(app: Flask, rule: Any, view: Any) -> tuple[str, ...]:
    names = list(reading.decorators(view)) if view is not None else []
    blueprint = rule.endpoint.rpartition(".")[0] if rule is not None else ""
    for scope in {None, blueprint or None}:
        names += [f.__name__ for f in app.before_request_funcs.get(scope, []) if own_checks.looks_like_a_check(f.__name__)]
    return tuple(dict.fromkeys(names))


def _error_handlers(app: Flask) -> ErrorHandlers:
    """Those of the application itself; a blueprint's handlers do not count as a catch-all."""
    spec = app.error_handler_spec.get(None, {})
    kinds = [(code, kind) for code, by_kind in spec.items() for kind in by_kind]
    names = [str(code) if code is not None else kind.__name__ for code, kind in kinds]
    # What nobody expected is handed to handlers as an InternalServerError, so one for all HTTP errors takes it too.
    every = (Exception, HTTPException, InternalServerError)
    catch_all = any(code == 500 or (code is None and kind in every) for code, kind in kinds)
    scopes = sorted(name for name, handlers in app.error_handler_spec.items() if name is not None and any(handlers.values()))
    return ErrorHandlers(names=tuple(names), catch_all=catch_all, scopes=tuple(scopes))
