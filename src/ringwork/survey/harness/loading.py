"""Find the application object in an imported module, or have its factory make it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ringwork.errors import PolicyInvalid, TargetFailed
from ringwork.survey.harness import neutral, wrapping

OBJECT_NAMES = ("app", "application", "api", "server", "wsgi", "asgi")
FACTORY_NAMES = ("create_app", "make_app", "build_app", "get_app", "init_app", "app_factory", "create_application", "get_application")

# The third party that shows a framework is in use, and the harness for it.
HARNESSES = (
    ("starlette.applications", "ringwork.survey.harness.starlette", "ringwork.survey.harness.starlette_copy"),
    ("flask", "ringwork.survey.harness.flask", "ringwork.survey.harness.flask_copy"),
    ("django.core.handlers.base", "ringwork.survey.harness.django", "ringwork.survey.harness.django_copy"),
    ("aiohttp.web", "ringwork.survey.harness.aiohttp", "ringwork.survey.harness.aiohttp_copy"),
)

# The third party that shows that models are kept by it, its name in facts, and the reader of its models.
STORES = (
    ("sqlalchemy.orm", "sqlalchemy", "ringwork.survey.harness.sqlalchemy_models"),
    ("django.db.models", "django", "ringwork.survey.harness.django_models"),
)


def stores() -> list[tuple[str, Any]]:
    """Name and reader of each ORM that the application loaded."""
    return [(name, importlib.import_module(reader)) for third_party, name, reader in STORES if third_party in sys.modules]


SOURCES = {"sqlalchemy": "ringwork.survey.harness.sealed_sources", "django": "ringwork.sealed.django.rotating"}
"""By ORM, the module whose `source()` tells rotation where sealed values are."""


def source_of(orm: str) -> Any:
    """Where one ORM's models keep what ringwork sealed (keys.sealed_columns.SealedSource)."""
    return importlib.import_module(SOURCES[orm]).source()


def shelf_of(orm: str, folder: Path) -> Any:
    """The way to the rows of one ORM's models (shelf.Shelf)."""
    return next(reader.Shelf(folder) for name, reader in stores() if name == orm)


def harness_of(app: object) -> tuple[Any, Any] | None:
    """The modules that read and serve `app`, or None for an unknown kind."""
    for third_party, reader, server in HARNESSES:
        if third_party in sys.modules:
            module = importlib.import_module(reader)
            with contextlib.suppress(Exception):  # Flask's `request` and its like raise when they are asked what they are, outside of one
                if module.is_application(app):
                    return module, importlib.import_module(server)
    return None


def load(*, module: str, attribute: str, factory: bool, arguments: tuple[str, ...], folder: Path, is_named: bool = True) -> Any:
    """The application. is_named: a person named it, and not only its file. Raises TargetFailed with the step and what to try."""
    loaded = _import(module, folder)
    if attribute and not hasattr(loaded, attribute.partition(".")[0]):
        raise _no_attribute(module, attribute, loaded)
    if attribute:
        found = _given(_reach(loaded, attribute), attribute, arguments, factory=factory)
    elif hasattr(loaded, "ROOT_URLCONF"):
        found = _django_project(module, folder)
    else:
        found = _looked_for(loaded, module, arguments)
    around = [] if is_named else [getattr(loaded, name, None) for name in OBJECT_NAMES]  # what a server would be given
    for value in around:
        if value is not found:
            wrapping.inside(value, lambda part: part is found)
    return found


def _looked_for(loaded: Any, module: str, arguments: tuple[str, ...]) -> Any:
    """The first application that a module holds, or that one of its factories makes."""
    for value in [getattr(loaded, name, None) for name in OBJECT_NAMES] + list(vars(loaded).values()):
        if _is_known(value):
            return value
    for name in OBJECT_NAMES:
        found = wrapping.inside(getattr(loaded, name, None), _is_known)
        if found is not None:
            return found
    for name in FACTORY_NAMES:
        if inspect.isfunction(getattr(loaded, name, None)):
            return _made(getattr(loaded, name), name, arguments)
    for name, given in neutral.started():
        started = _made(lambda given=given: given, name, ()) if inspect.iscoroutine(given) else given
        if _is_known(started):
            return started
    raise TargetFailed(
        step="find",
        problem=f"the module {module} holds no FastAPI, Starlette, Flask, Django or aiohttp application",
        advice=f"name it: ringwork prove {module}:NAME, or {module}:FACTORY --factory when a function makes it",
    )


def _is_known(value: object) -> bool:
    return harness_of(value) is not None


def _given(value: Any, name: str, arguments: tuple[str, ...], *, factory: bool) -> Any:
    """The application that was named: itself, inside what was named, or made by it."""
    if not factory and _is_known(value):
        return value
    interface = "" if factory else wrapping.interface_of(value)
    is_maker = factory or inspect.isclass(value) or (inspect.isroutine(value) and not interface)
    found = None if is_maker else wrapping.inside(value, _is_known)
    if found is None and interface:
        raise TargetFailed(
            step="find",
            problem=f"{name} is of {interface}, and no FastAPI, Starlette, Flask, Django or aiohttp application stands in it",
            advice="name one of these; a function that makes one and takes arguments: --factory --factory-args",
        )
    return _made(value, name, arguments) if found is None else found


def _django_project(settings_module: str, folder: Path) -> Any:
    """The handler of a Django project that is named by its settings: the one that they name themselves, else Django's own."""
    os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    named = getattr(sys.modules[settings_module], "WSGI_APPLICATION", None)
    if not named:
        return _made(_import("django.core.wsgi", folder).get_wsgi_application, "get_wsgi_application", ())
    module, _, attribute = str(named).rpartition(".")
    return _reach(_import(module, folder), attribute)


def _reach(value: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        value = getattr(value, part)
    return value


def _import(module: str, folder: Path) -> Any:
    try:
        return importlib.import_module(module)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise failure("import", error, folder) from error


def _made(value: Any, name: str, arguments: tuple[str, ...]) -> Any:
    if not callable(value):
        raise TargetFailed(
            step="find",
            problem=f"{name} is a {type(value).__name__}, no FastAPI, Starlette, Flask, Django or aiohttp application",
            advice="name the application object itself, or a factory function with --factory",
        )
    try:
        made = value(*arguments)
        if inspect.iscoroutine(made):  # aiohttp's run_app takes such factories, so they are common there
            made = asyncio.run(made)
    except BaseException as error:
        missing = isinstance(error, ImportError) and _advice(error)
        advice = missing or "give its arguments with --factory-args, or what it reads from the environment with --env NAME=VALUE"
        raise TargetFailed(step="factory", problem=f"{name}() raised {type(error).__name__}: {error}", advice=advice) from error
    if harness_of(made) is not None:
        return made
    found = wrapping.inside(made, _is_known)  # a factory may end with ProxyFix(app)
    if found is None:
        advice = "name the function that returns the FastAPI, Starlette, Flask, Django or aiohttp application"
        raise TargetFailed(step="factory", problem=f"{name}() returned a {type(made).__name__}, no application", advice=advice)
    return found


def make_ready(app: Any) -> None:
    """Give empty databases of the copy the tables that its framework knows, before anybody makes users in them."""
    known = harness_of(app)
    ready = getattr(known[0], "make_ready", None) if known is not None else None
    if ready is not None:
        with contextlib.suppress(Exception):  # a database that cannot be had here; what needs it will say so
            ready()


def own_users(app: Any) -> list[dict[str, Any]]:
    """Users of the framework's own accounts, made in the copy's database; none where it has no accounts."""
    known = harness_of(app)
    if known is None or not hasattr(known[0], "make_users"):
        return []
    with contextlib.suppress(Exception):  # a database that cannot be had here: nobody can sign in, and the report says so
        users: list[dict[str, Any]] = known[0].make_users()
        return users
    return []


def close_connections() -> None:
    """Close what a framework itself holds open in this thread, before a fork."""
    for _, reader, _ in HARNESSES:
        close = getattr(sys.modules.get(reader), "close", None)
        if close is not None:
            close()


def context_of(app: Any) -> contextlib.AbstractContextManager[Any]:
    """What code of the application needs around it outside a request: Flask's own context; nothing elsewhere."""
    made = getattr(app, "app_context", None)
    return made() if callable(made) else contextlib.nullcontext()


def named(name: str, folder: Path) -> Any:
    """What "module:attribute" names in the copy. Raises TargetFailed."""
    module, _, attribute = name.partition(":")
    try:
        return _reach(_import(module, folder), attribute)
    except AttributeError as error:
        advice = "correct the name in the settings"
        raise TargetFailed(step="find", problem=f"{name} is not there", advice=advice) from error


_EXAMPLE = 'return a list of mappings such as {"name": "anna", "roles": ["staff"], "password": "..."}'


def call(named: str, folder: Path) -> list[dict[str, Any]]:
    """What the function "module:function" returns: a list of users as mappings of texts. Raises TargetFailed."""
    module, _, name = named.partition(":")
    function = getattr(_import(module, folder), name or "users", None)
    if not callable(function):
        advice = "write --users module:function; the function makes users in the copy and returns a list of mappings"
        raise TargetFailed(step="users", problem=f"{named} is no function", advice=advice)
    try:
        made = function()
        users = list(made) if isinstance(made, Iterable) else None
    except Exception as error:
        raise failure("users", error, folder) from error
    if users is None:
        raise TargetFailed(step="users", problem=f"{named} returned something of type {type(made).__name__}", advice=_EXAMPLE)
    return [_as_texts(user, f"{named}[{i}]") for i, user in enumerate(users)]


def _as_texts(user: Any, where: str) -> dict[str, Any]:
    """One user as the prover can be told of it. Against a value that would end the copy, or the prover, instead of being named."""
    if not isinstance(user, Mapping):
        raise TargetFailed(step="users", problem=f"{where} is of type {type(user).__name__}, and no mapping", advice=_EXAMPLE)
    roles, fields = user.get("roles", ()), user.get("fields", {})
    if not isinstance(roles, list | tuple | set | frozenset | str) or not isinstance(fields, Mapping):
        advice = "make roles a list of names, and fields a mapping from a field of the login to what is typed in there"
        raise TargetFailed(step="users", problem=f"{where}: roles or fields are of another kind", advice=advice)
    roles = [roles] if isinstance(roles, str) else list(roles)
    texts = {str(key): value for key, value in user.items() if key not in {"roles", "fields"}}
    named = [*texts.items(), *fields.items(), *(("roles", role) for role in roles)]
    strange = next(((key, value) for key, value in named if not isinstance(value, str)), None)
    if strange is not None:
        raise TargetFailed(step="users", problem=f"{where}: {strange[0]} is of type {type(strange[1]).__name__}", advice="make it text")
    return {**texts, "roles": sorted(roles) if isinstance(user.get("roles"), set | frozenset) else roles, "fields": dict(fields)}


def _no_attribute(module: str, attribute: str, loaded: Any) -> TargetFailed:
    held = [name for name, value in vars(loaded).items() if harness_of(value) is not None]
    makers = [name for name, value in vars(loaded).items() if name not in held and (name in FACTORY_NAMES or _promises(value))]
    words = [*(f"{module}:{name}" for name in held), *(f"{module}:{name} --factory" for name in makers)]
    has = f"it has {', '.join([*held, *(f'{name}()' for name in makers)])}"
    hint = f"{has}: write {' or '.join(words)}" if words else "it holds no application; check the module's name"
    return TargetFailed(step="find", problem=f"the module {module} has no attribute {attribute!r}", advice=hint)


def _promises(value: Any) -> bool:
    """Whether a function says by its annotation that it returns an application."""
    kind = getattr(value, "__annotations__", {}).get("return") if inspect.isfunction(value) else None
    return str(getattr(kind, "__name__", kind)).rpartition(".")[2] in {"FastAPI", "Starlette", "Flask", "Application"}


def failure(step: str, error: BaseException, folder: Path) -> TargetFailed:
    """What a raised exception means to the person who gave the target."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(folder)]
    place = f" at {Path(frames[-1].filename).relative_to(folder)}:{frames[-1].lineno}" if frames else ""
    text = str(error) if isinstance(error, PolicyInvalid) else " ".join(str(error).split())[:300]
    return TargetFailed(step=step, problem=f"{type(error).__name__}{place}: {text}", advice=_advice(error))


def _advice(error: BaseException) -> str:
    if isinstance(error, PolicyInvalid):
        return "correct these in the Policy(...) of the application, or in its settings file where one is named"
    if isinstance(error, SyntaxError):
        return "correct that line; the module must import as it stands"
    if isinstance(error, ModuleNotFoundError):
        name = (error.name or "").partition(".")[0]
        return f"install {name} in the environment that runs ringwork ({sys.executable}), or run ringwork from the folder that holds it"
    if isinstance(error, KeyError) or "environ" in str(error).lower():
        return "the environment is scrubbed; give what the application reads with --env NAME=VALUE or --env-file FILE"
    if isinstance(error, ImportError) and "circular" in str(error):
        return "name the module that is imported first when the application runs, for example its main module"
    if isinstance(error, PermissionError | ConnectionError | OSError):
        return "the copy may not leave its folder; give a setting with --env that keeps the start local, for example a SQLite URL"
    if isinstance(error, SystemExit):
        return "the module ends the program when it is imported; name the module that only defines the application"
    return "run `ringwork doctor TARGET` for the steps one by one; settings go in with --env NAME=VALUE"
