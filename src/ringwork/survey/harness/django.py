"""Facts about a Django project, read from its handler, its URLconf and its settings; and users for the copy's own database."""

from __future__ import annotations

import contextlib
import inspect
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import django
from django import forms
from django.apps import apps
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.core.management import call_command
from django.db import connections
from django.urls import get_resolver

from ringwork.frameworks import django as adapter
from ringwork.frameworks import django_checks, django_ninja, django_routes
from ringwork.installation import Installation
from ringwork.route import Route, RouteKind
from ringwork.survey.facts import AppFacts, CheckFacts, ErrorHandlers, ParameterFacts, RouteFacts
from ringwork.survey.harness import checks, confine, exemptions, proxies, reading, schema

_SETTINGS = (
    "DEBUG", "DEBUG_PROPAGATE_EXCEPTIONS", "ALLOWED_HOSTS", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT",
    "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE", "SESSION_COOKIE_DOMAIN",
    "SESSION_COOKIE_PATH", "CSRF_COOKIE_SECURE", "CSRF_COOKIE_SAMESITE", "CSRF_COOKIE_DOMAIN", "CSRF_USE_SESSIONS", "CSRF_TRUSTED_ORIGINS",
    "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD", "SECURE_CONTENT_TYPE_NOSNIFF",
    "SECURE_REFERRER_POLICY", "SECURE_CROSS_ORIGIN_OPENER_POLICY", "X_FRAME_OPTIONS",
    "DATA_UPLOAD_MAX_MEMORY_SIZE", "DATA_UPLOAD_MAX_NUMBER_FIELDS", "DATA_UPLOAD_MAX_NUMBER_FILES",
)  # fmt: skip
_KINDS = {"IntegerField": "integer", "FloatField": "number", "DecimalField": "number", "BooleanField": "boolean", "UUIDField": "uuid"}
_DEFAULT = "django.views.defaults"
OPEN = "its author marked it login_not_required"
"""Why a view is open that nobody declared to ringwork; with its guard that is a rule."""


def is_application(value: object) -> bool:
    """Whether this harness knows `value`."""
    return isinstance(value, BaseHandler)


def collect(app: BaseHandler, *, target: str, root: str, installation: Installation | None) -> AppFacts:
    """All facts. root: the user's own folder, as reports show it."""
    entries = {(entry.path, entry.callback): entry for entry in django_routes.entries(settings.ROOT_URLCONF)}
    listed = adapter.list_routes(app, installation=installation)
    by_path: dict[str, django_routes.Entry] = {}
    for entry in entries.values():
        by_path.setdefault(entry.path, entry)
    return AppFacts(
        target=target,
        framework="django",
        framework_version=django.get_version(),
        root=root,
        routes=tuple(_route(route, by_path[route.path]) for route in listed),
        settings={name: getattr(settings, name) for name in _SETTINGS if _is_plain(getattr(settings, name, None))}
        | {"SECRET_KEY": f"({len(settings.SECRET_KEY)} characters)", "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "")}
        | ({"AUTH_USER_MODEL": settings.AUTH_USER_MODEL} if apps.is_installed("django.contrib.auth") else {})
        | proxies.of_environment()
        | proxies.of_django()
        | dict(adapter.look_round(app).settings)
        | {"debugging": list(adapter.look_round(app).debug)},
        middleware=tuple(path.rpartition(".")[2] for path in settings.MIDDLEWARE),
        error_handlers=_error_handlers(),
        checks=_checks(entries.values()),
        is_wsgi=not isinstance(app, ASGIHandler),
    )


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool | list)


def _checks(entries: Any) -> tuple[CheckFacts, ...]:
    """The application's own checks of who is asking, those most used first; Django's own count by themselves."""
    names = [name for entry in entries for name in django_checks.standing_before(entry.callback, {})]
    found = [CheckFacts(name=name, kind="decorator", known=True) for name in names]
    found += [check for entry in entries for check in checks.of_view(entry.callback)]
    return tuple(sorted(dict.fromkeys(found), key=lambda check: -found.count(check)))


def _error_handlers() -> ErrorHandlers:
    """The handlers that the URLconf names; the templates 404.html and 500.html count as well, since Django shows them."""
    resolver = get_resolver()
    found = [code for code in (400, 403, 404, 500) if getattr(resolver.resolve_error_handler(code), "__module__", _DEFAULT) != _DEFAULT]
    return ErrorHandlers(names=tuple(str(code) for code in found), catch_all=500 in found)


# -- routes --------------------------------------------------------------------------------------------------


def _route(route: Route, entry: django_routes.Entry) -> RouteFacts:
    operation = django_ninja.operation(entry.callback, route.methods)
    if operation is not None:
        return _of_operation(route, entry, operation)
    read = tuple(_read(entry)) if route.kind is RouteKind.HTTP and route.methods - {"GET", "HEAD"} else tuple(_queries(entry))
    found = reading.facts_of(
        route,
        guarded_by=_guarded_by(entry),
        parameters=(*_of_path(entry.path), *read),
        body=reading.body_of(read),
    )
    if not found.methods:  # a class that chooses its methods when it is asked
        found = replace(found, methods=("GET", "POST"))
    kind = django_routes.class_of(entry.callback)
    if exempted := exemptions.of_django(entry.callback, kind):
        found = replace(found, exempted_by=exempted, known_by=exemptions.known_by(kind or inspect.unwrap(entry.callback)))
    return replace(found, reason=OPEN) if not found.rule and django_checks.is_open(entry.callback) else found


def _of_operation(route: Route, entry: django_routes.Entry, operation: Any) -> RouteFacts:
    """A route of django-ninja, by the models that it reads its inputs into."""
    parameters = [one for model in operation.models for one in _of_model(model)]
    checks = [getattr(check, "__name__", "") or type(check).__name__ for check in operation.auth_callbacks]
    return reading.facts_of(
        route,
        guarded_by=(*_guarded_by(entry), *checks),
        parameters=tuple(parameters),
        body=reading.body_of(parameters),
        in_schema=bool(operation.include_in_schema),
    )


def _of_model(model: Any) -> Iterator[ParameterFacts]:
    where = {"body": "json", "file": "files"}.get(model.__ninja_param_source__, model.__ninja_param_source__)
    described: Mapping[str, Any] = model.model_json_schema()
    known = described.get("$defs", {})
    whole = getattr(model, "__read_from_single_attr__", "")
    # One model as the body is the body; several stand in it by their names.
    inside = schema.settle(described["properties"][whole], known) if whole else described
    for name, one in inside.get("properties", {}).items():
        yield schema.parameter(name, where, one, required=name in inside.get("required", ()), definitions=known)


def _guarded_by(entry: django_routes.Entry) -> tuple[str, ...]:
    """Checks that ringwork knows, then decorators that look like one."""
    return (*django_checks.standing_before(entry.callback, {}), *reading.decorators(entry.callback))


def _of_path(path: str) -> Iterator[ParameterFacts]:
    for piece in path.split("{")[1:]:
        name = piece.partition("}")[0]
        kind = "integer" if name in {"pk", "id"} or name.endswith(("_id", "_pk")) else "string"
        yield ParameterFacts(name=name, where="path", kind=kind, required=True)


def _functions(entry: django_routes.Entry) -> Iterator[Any]:
    """The code that answers: the function, or the methods that its class defines itself."""
    kind = django_routes.class_of(entry.callback)
    if kind is None:
        yield entry.callback
        return
    actions = getattr(entry.callback, "actions", None) or {}
    for method in entry.methods:
        found = getattr(kind, actions.get(method.lower(), method.lower()), None)
        if found is not None and not str(getattr(found, "__module__", "")).startswith(("django.", "rest_framework.")):
            yield found


def _queries(entry: django_routes.Entry) -> Iterator[ParameterFacts]:
    for function in _functions(entry):
        yield from (found for found in reading.inputs(function) if found.where == "query")


def _read(entry: django_routes.Entry) -> Iterator[ParameterFacts]:
    """What the code reads by a literal key, and the fields of the form or serializer of its class."""
    found = [one for function in _functions(entry) for one in reading.inputs(function)]
    yield from found
    kind = django_routes.class_of(entry.callback)
    if kind is not None:
        yield from _of_form(kind)
        yield from _of_serializer(kind)


def _of_form(kind: Any) -> Iterator[ParameterFacts]:
    fields: Mapping[str, Any] = {}
    is_whole = False
    with contextlib.suppress(Exception):  # a view that makes its form for each request
        form = kind.form_class or kind().get_form_class()
        fields = form.base_fields
        is_whole = _takes_all(form)
    for name, field in fields.items():
        yield ParameterFacts(
            name=name,
            where="files" if isinstance(field, forms.FileField) else "form",
            kind=_KINDS.get(type(field).__name__, "string"),
            required=bool(field.required),
            by_model=is_whole,
        )


def _takes_all(kind: Any) -> bool:
    """Whether a form or serializer takes every field of its model, so that none was named."""
    meta = getattr(kind, "Meta", None)
    return getattr(meta, "fields", None) == "__all__" or bool(getattr(meta, "exclude", None))


def _of_serializer(kind: Any) -> Iterator[ParameterFacts]:
    fields: Mapping[str, Any] = {}
    is_whole = False
    with contextlib.suppress(Exception):  # a view that chooses its serializer for each request
        fields = kind.serializer_class().get_fields()
        is_whole = _takes_all(kind.serializer_class)
    for name, field in fields.items():
        if not field.read_only:
            is_file = type(field).__name__ in {"FileField", "ImageField"}
            yield ParameterFacts(
                name=name,
                where="files" if is_file else "json",
                kind=_KINDS.get(type(field).__name__, "string"),
                required=bool(field.required),
                by_model=is_whole,
            )


# -- the copy's own database and users -----------------------------------------------------------------------


def make_ready() -> None:
    """Give each SQLite database of the copy the tables that its project asks for; only what is empty is changed."""
    _name_static_files()
    for alias in connections:
        connection = connections[alias]
        if connection.vendor == "sqlite" and not connection.introspection.table_names():
            _make_tables(alias)


def _name_static_files() -> None:
    """Let pages name static files as they lie in their folders, where nobody ran collectstatic: else every page that names one fails."""
    if not apps.is_installed("django.contrib.staticfiles"):
        return
    from django.contrib.staticfiles import storage

    given: Any = storage.staticfiles_storage
    if isinstance(given, storage.ManifestFilesMixin) and not given.hashed_files:
        setattr(given, "stored_name", str)  # noqa: B010  # a method that mypy knows
        confine.note("the manifest of static files is missing, which collectstatic makes; pages of the copy name the files without it")


def _make_tables(alias: str) -> None:
    """By the project's migrations; where they speak the language of another database, of its models as they stand."""
    try:
        call_command("migrate", database=alias, run_syncdb=True, verbosity=0, interactive=False)
    except Exception:  # noqa: BLE001  # whatever SQL of its own a migration runs
        connections[alias].close()
        named = settings.MIGRATION_MODULES
        settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
        try:
            call_command("migrate", database=alias, run_syncdb=True, verbosity=0, interactive=False)
        finally:
            settings.MIGRATION_MODULES = named


def make_users() -> list[dict[str, Any]]:
    """Users in the copy's own database, where Django's own accounts are used: two ordinary ones, and one who may do everything."""
    if not apps.is_installed("django.contrib.auth"):
        return []
    from django.contrib.auth import get_user_model

    made = []
    manager: Any = get_user_model()._default_manager  # noqa: SLF001  # as Django's own forms find it
    name_field = str(get_user_model().USERNAME_FIELD)
    for name, roles in (("anna", []), ("ben", []), ("erin", ["staff", "superuser"])):
        account = f"rw{name}{secrets.token_hex(4)}" + ("@example.org" if "mail" in name_field else "")
        password = f"Rw-{secrets.token_hex(10)}!9a"
        create = manager.create_superuser if roles else manager.create_user
        with contextlib.suppress(Exception):  # a user model that asks for more; such users are declared, or made by --users
            more = {"email": f"{account}@example.org"} if name_field != "email" else {}
            create(**{name_field: account, "password": password, **more})
            # A login form with a field of this name asks for the address, and looks the account up by it.
            made.append({"name": name, "roles": roles, "username": account, "password": password, "fields": more})
    return made


def close() -> None:
    """Close the connections of this thread, so that no variant shares one with another."""
    for connection in connections.all(initialized_only=True):
        if not (connection.vendor == "sqlite" and connection.is_in_memory_db()):  # type: ignore[attr-defined]  # of that backend alone
            connection.close()
