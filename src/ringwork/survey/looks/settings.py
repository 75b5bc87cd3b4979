"""Settings of Django that weaken what the framework does by itself, in the settings that production uses.

Against a switch that somebody turned off to see a page: which settings production uses is read where the servers are told, and a value
that is set again elsewhere, or under a condition, is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ringwork.survey.flows import Flow, Strength
from ringwork.survey.looks.seen import STRONG, WEAK, of_file, text_of
from ringwork.survey.taint import ir
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.units import Unit
from ringwork.survey.taint.walk import walk

_REHEARSAL = re.compile(
    r"(?:^|[/_.])(?:dev|devel|development|local|test|testing|tests|ci|docker|example|sample|debug|build|base|common)(?=[/_.]|$)",
    re.IGNORECASE,
)
_MOST_HOPS = 6
_CSRF = "django.middleware.csrf.CsrfViewMiddleware"
_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
_SECURE = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY")
_WEAK_HASHERS = re.compile(r"(?:Unsalted)?(?:MD5|SHA1|Crypt)PasswordHasher$")


@dataclass(frozen=True, slots=True)
class _Value:
    """What a setting is given. unit: in which module."""

    unit: Unit
    value: ir.Expression


class _Settings:
    """The settings of one module, those included that it takes over from others. is_guarded: ringwork looks at hosts and cookies itself."""

    def __init__(self, project: Project, unit: Unit) -> None:
        self.project, self.unit = project, unit
        self.values: dict[str, _Value] = {}
        self.is_whole = True
        self.is_guarded = any(target.split(".")[0] == "ringwork" for other in project.units() for target in other.imports.values())
        self._read(unit, _MOST_HOPS)

    def _read(self, unit: Unit, hops: int) -> None:
        for statement in unit.module.body:
            if isinstance(statement, ir.ImportFrom) and any(name == "*" for name, _ in statement.names):
                inner = self.project.unit(unit.absolute(statement.level, statement.module))
                if inner is None or not hops:
                    self.is_whole = False
                else:
                    self._read(inner, hops - 1)
            elif isinstance(statement, ir.Assign) and isinstance(statement.targets[0], ir.Name):
                self.values[statement.targets[0].id] = _Value(unit, statement.value)
            elif isinstance(statement, ir.Declare) and isinstance(statement.target, ir.Name) and statement.value is not None:
                self.values[statement.target.id] = _Value(unit, statement.value)
            elif not isinstance(statement, ir.Function | ir.Class):
                self._conditional(statement)

    def _conditional(self, statement: ir.Statement) -> None:
        """What is set, or changed, under a condition is not known."""
        for part in walk((statement,)):
            targets = part.targets if isinstance(part, ir.Assign) else (part.target,) if isinstance(part, ir.Augment | ir.Declare) else ()
            for target in targets:
                if isinstance(target, ir.Name):
                    self.values.pop(target.id, None)
            if isinstance(part, ir.Call) and isinstance(part.function, ir.Attribute) and isinstance(part.function.of, ir.Name):
                self.values.pop(part.function.of.id, None)
            if isinstance(part, ir.ImportFrom) and any(name == "*" for name, _ in part.names):
                self.is_whole = False

    def constant(self, name: str) -> Any:
        """The literal that a setting is, None for none."""
        found = self.values.get(name)
        return found.value.value if found is not None and isinstance(found.value, ir.Constant) else None

    def texts(self, name: str) -> list[str] | None:
        """The texts of a literal list, None where it is something else."""
        found = self.values.get(name)
        if found is None or not isinstance(found.value, ir.Sequence):
            return None
        texts = [text_of(item) for item in found.value.items]
        return None if None in texts else [text for text in texts if text is not None]

    def flow(self, kind: str, name: str, strength: Strength, detail: str) -> Flow:
        """What is told about a setting; a module whose values others may replace is told as weak."""
        found = self.values[name]
        weight = strength if self.is_whole else WEAK
        return of_file(
            kind, found.unit.file, ir.line_of(found.value.at), strength=weight, sink=name, detail=detail, function=found.unit.name
        )


def look(project: Project) -> Iterator[Flow]:
    """What weakens the settings that production uses."""
    told = set[tuple[str, str, int, str]]()
    for unit in _of_production(project):
        settings = _Settings(project, unit)
        for flow in (*_switches(settings), *_cookies(settings), *_middleware(settings), *_choices(settings)):
            key = (flow.kind, flow.place.file, flow.place.line, flow.sink)
            if key not in told:
                told.add(key)
                yield flow


def _of_production(project: Project) -> list[Unit]:
    """The settings that the servers are told; without that, modules that look like settings and no other settings build upon."""
    named: dict[str, list[str]] = {"server": [], "command": []}
    for name in project.names():
        last = name.rpartition(".")[2]
        kind = "server" if last in {"wsgi", "asgi"} else "command" if last == "manage" else ""
        unit = project.unit(name) if kind else None
        if unit is not None:
            named[kind] += _named(unit)
    for names in named.values():
        units = [unit for name in dict.fromkeys(names) if (unit := project.unit(name)) is not None]
        if units:
            return [unit for unit in units if not re.search(r"(?:^|[._])(?:dev|development|local|test|testing)$", unit.name)]
    found = [
        unit
        for name in project.names()
        if "settings" in name and (unit := project.unit(name)) is not None and "INSTALLED_APPS" in unit.gives
    ]
    below = {star for unit in found for star in unit.stars}
    return [unit for unit in found if unit.name not in below and not _REHEARSAL.search(unit.file)]


def _named(unit: Unit) -> Iterator[str]:
    for part in walk(unit.module.body):
        if isinstance(part, ir.Call) and len(part.arguments) == 2 and text_of(part.arguments[0]) == "DJANGO_SETTINGS_MODULE":
            name = text_of(part.arguments[1])
            if name:
                yield name


def _switches(settings: _Settings) -> Iterator[Flow]:
    if settings.constant("DEBUG") is True:
        yield settings.flow(
            "debug", "DEBUG", STRONG, "DEBUG is on in the settings that production uses: error pages show settings and source."
        )
    if "*" in (settings.texts("ALLOWED_HOSTS") or ()):
        yield settings.flow(
            "url-host",
            "ALLOWED_HOSTS",
            WEAK if settings.is_guarded else STRONG,
            'ALLOWED_HOSTS takes every name ("*"), so links in mails and caches can be made to lead elsewhere.',
        )
    for name in ("CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL"):
        if settings.constant(name) is True:
            is_with = settings.constant("CORS_ALLOW_CREDENTIALS") is True
            detail = "Every site may read answers" + (" that are given to a logged-in browser." if is_with else " of this application.")
            yield settings.flow("cors", name, STRONG if is_with else WEAK, detail)
    apps = settings.texts("INSTALLED_APPS") or []
    if "debug_toolbar" in apps:
        yield settings.flow("debug", "INSTALLED_APPS", WEAK, "The debug toolbar is installed in the settings that production uses.")


def _cookies(settings: _Settings) -> Iterator[Flow]:
    for name in _SECURE:
        if settings.constant(name) is False:
            yield settings.flow("cookie-flags", name, STRONG, f"{name} is turned off: the cookie can be read where it should not be.")
    if "SESSION_COOKIE_SECURE" not in settings.values and "MIDDLEWARE" in settings.values and settings.is_whole:
        yield settings.flow("cookie-flags", "MIDDLEWARE", WEAK, "SESSION_COOKIE_SECURE is not set, and Django's default is False.")


def _middleware(settings: _Settings) -> Iterator[Flow]:
    names = settings.texts("MIDDLEWARE")
    if (
        names is not None
        and _SESSIONS in names
        and not any(name.endswith("CsrfViewMiddleware") or "csrf" in name.lower() for name in names)
    ):
        yield settings.flow("csrf-exempt", "MIDDLEWARE", STRONG, f"{_CSRF} is missing, so no form asks for its token.")


def _choices(settings: _Settings) -> Iterator[Flow]:
    serializer = settings.constant("SESSION_SERIALIZER")
    if isinstance(serializer, str) and "pickle" in serializer.lower():
        yield settings.flow(
            "loader", "SESSION_SERIALIZER", STRONG, "Sessions are pickled: who can write one, or has SECRET_KEY, runs code."
        )
    hashers = settings.texts("PASSWORD_HASHERS") or [""]
    if _WEAK_HASHERS.search(hashers[0]):
        yield settings.flow("password-hash", "PASSWORD_HASHERS", STRONG, f"New passwords are hashed by {hashers[0].rpartition('.')[2]}.")
    templates = settings.values.get("TEMPLATES")
    if templates is not None and any(_turns_off(part) for part in walk((templates.value,))):
        yield settings.flow("autoescape", "TEMPLATES", STRONG, "Templates put values into pages as they are: autoescape is off.")
    rest = settings.values.get("REST_FRAMEWORK")
    if rest is not None and isinstance(rest.value, ir.Mapping):
        yield from _rest(settings, {text_of(key): value for key, value in rest.value.items})


def _turns_off(part: object) -> bool:
    return isinstance(part, ir.Mapping) and any(
        text_of(key) == "autoescape" and isinstance(value, ir.Constant) and value.value is False for key, value in part.items
    )


def _rest(settings: _Settings, given: Mapping[str | None, ir.Expression]) -> Iterator[Flow]:
    default = given.get("DEFAULT_PERMISSION_CLASSES")
    texts = [text_of(item) or "" for item in default.items] if isinstance(default, ir.Sequence) else None
    if default is None or (texts is not None and (not texts or all(text.endswith("AllowAny") for text in texts))):
        yield settings.flow(
            "auth-optional", "REST_FRAMEWORK", WEAK, "Views that name no permission let everybody in (DEFAULT_PERMISSION_CLASSES)."
        )
