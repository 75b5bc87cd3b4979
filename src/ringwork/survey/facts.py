"""Facts about an application, without judgement: frozen data that crosses from the copy to the prover as JSON."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePath
from typing import Any, TypeVar

T = TypeVar("T")
_LIBRARIES, _STANDARD = frozenset({"site-packages", "dist-packages"}), re.compile(r"python3(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterFacts:
    """One input of a route. where: path, query, form, json, header or cookie. kind: a JSON type name or "".

    by_model: a form or serializer takes it because its model has it, and nobody named it.
    """

    name: str
    where: str
    kind: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    example: str = ""
    by_model: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFacts:
    """One way in, as the application's own router holds it.

    kind: http, websocket, static or mount. path: template with every prefix, parameters in braces ("{note_id}").
    rule: "public", "requires", "own" (a check of the application's own that counts as a rule), "signed" or "" for none. sender, purpose,
    once: who signs, what for, and whether it counts once, where the rule is "signed"; no sender for a link. guarded_by: names
    of the application's own dependencies or decorators that look like authentication; empty when none was recognised.
    """

    kind: str
    path: str
    methods: tuple[str, ...]
    handler: str
    file: str = ""
    line: int = 0
    rule: str = ""
    rule_source: str = ""
    passed_over: str = ""  # what was seen before it and gives no rule
    roles: tuple[str, ...] = ()
    recorded: bool = False  # told as an event before it begins, by its rule
    reason: str = ""
    sender: str = ""
    purpose: str = ""
    once: bool = False
    csrf_exempt: str = ""
    own_token: str = ""  # whose form tokens count besides ringwork's: "Django"
    guarded_by: tuple[str, ...] = ()
    parameters: tuple[ParameterFacts, ...] = ()
    body: str = ""  # "json", "form", "multipart" or ""
    in_schema: bool = True
    waived: tuple[WaiverFacts, ...] = ()  # what marks on it accept
    exempted_by: str = ""  # what takes it out of its framework's own check against forged requests
    known_by: str = ""  # from what such a route takes who is asking, as far as its code tells: "cookie" or "header"
    takes_any: bool = False  # every method is answered; `methods` are those that its code was seen to ask for

    @property
    def name(self) -> str:
        """How findings and settings name the route: "GET /notes/{note_id}"."""
        if self.kind == "websocket":
            return f"WEBSOCKET {self.path}"
        shown = [m for m in self.methods if m not in {"HEAD", "OPTIONS"}]
        return f"{','.join(sorted(shown)) or 'ANY'} {self.path}"

    @property
    def shown_file(self) -> str:
        """The handler's file as a report shows it; of an installed library its module, "library:fastapi.applications"."""
        path = PurePath(self.file)
        if not path.is_absolute():
            return self.file
        # Against a report that tells how the machine is laid out on which it was made.
        above = [place for place, part in enumerate(path.parts) if part in _LIBRARIES or _STANDARD.fullmatch(part)]
        inside = path.parts[above[-1] + 1 :] if above else path.parts[-1:]
        return f"library:{'.'.join(inside).removesuffix('.py').removesuffix('.__init__')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """One of the application's own checks of who is asking, as its routes use it.

    name: "module:function", as the policy names it. kind: dependency, decorator or hook. known: a check of a library that
    ringwork knows by itself. bearer: it reads a token that scripts send, not what browsers attach. subject: the attribute of
    what a dependency returns that tells who it is, "" where ringwork finds it by itself.
    """

    name: str
    kind: str
    known: bool = False
    bearer: bool = False
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieException:
    """A cookie that the policy lets out weaker, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverFacts:
    """An accepted violation. until: ISO date, the last day that counts. source: policy, inline for a comment at file and line, or mark.

    begins, ends: the lines of that file in which what was read is accepted; 0 for none.
    """

    control: str
    reason: str
    owner: str
    until: str
    route: str = ""
    source: str = "policy"
    file: str = ""
    line: int = 0
    begins: int = 0
    ends: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardFacts:
    """What ringwork itself enforces in the target; absent when the target does not use it.

    settings: those that checks of configuration read, by the policy's own names, as JSON values. in_code: the policy stands in the
    application's code and in no settings file. gives_roles: False where it is known that nobody who signs in has a role.
    """

    mode: str
    controls: tuple[str, ...]
    origin: str
    hosts: tuple[str, ...]
    identify: str
    cookie_exceptions: tuple[CookieException, ...] = ()
    waivers: tuple[WaiverFacts, ...] = ()
    rates: Mapping[str, str] = field(default_factory=dict)  # route name to its class of rates, "none: reason" for unlimited ones
    settings: Mapping[str, Any] = field(default_factory=dict)
    in_code: bool = False
    gives_roles: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorHandlers:
    """Which exceptions and statuses the application itself handles. catch_all: something handles any exception.

    scopes: names of blueprints that have handlers of their own.
    """

    names: tuple[str, ...] = ()
    catch_all: bool = False
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFacts:
    """One column of a model of the application's own.

    model: "module:Class". orm: sqlalchemy or django. attribute: by which the application reads it. encrypted_by: "" for a plain column,
    ringwork, or whose type it is ("sqlalchemy-utils", "its own"). engine: the type's or engine's class. holds: the Python type of its
    value, "" where the column does not say. reference: it points to another row. length: 0 for no limit.
    """

    model: str
    orm: str
    table: str
    column: str
    attribute: str
    encrypted_by: str = ""
    engine: str = ""
    holds: str = ""
    length: int = 0
    reference: bool = False
    file: str = ""
    line: int = 0

    @property
    def name(self) -> str:
        """How findings name it: "Patient.ssn"."""
        return f"{self.model.rpartition(':')[2]}.{self.attribute}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """One configured key, measured where it is: the key itself never leaves the copy.

    name: as the settings name it. purpose: what it protects. bits: how hard it is to guess, at most. familiar: the known default that it is
    or begins with, "" for none. source: "source" (it stands in the project's own code, at file and line), "made at the start", or
    "given" (environment, file or key service). same_as: names of other keys with the same value. created, until: ISO dates, "" unknown.
    held_by: the module or service that keeps it and does not hand it out, "" where it was measured.
    """

    name: str
    purpose: str
    length: int = 0
    bits: int = 0
    familiar: str = ""
    source: str = "given"
    same_as: tuple[str, ...] = ()
    created: str = ""
    until: str = ""
    held_by: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AppFacts:
    """What was found by importing the target.

    framework: starlette, fastapi, flask or django. root: the user's own folder (the copy has the same layout).
    settings: the framework's security settings as JSON values, by their own names. middleware: outermost first.
    schema_paths: what the application's OpenAPI document lists, to check the census against; empty without one.
    approved_public: names of the routes that the project approved as public (survey.baseline), None where it keeps no list.
    checks: the application's own checks of who is asking, as far as they look like one. is_wsgi: it is served by threads, which nobody
    can cut from outside.
    """

    target: str
    framework: str
    framework_version: str
    root: str
    routes: tuple[RouteFacts, ...]
    guard: GuardFacts | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    middleware: tuple[str, ...] = ()
    error_handlers: ErrorHandlers = field(default_factory=ErrorHandlers)
    schema_paths: tuple[str, ...] = ()
    approved_public: tuple[str, ...] | None = None
    checks: tuple[CheckFacts, ...] = ()
    sources: tuple[str, ...] = ()  # the project's modules that the application loaded, and the rest of their packages, below root
    waivers: tuple[WaiverFacts, ...] = ()  # those in comments of the source and by marks; the policy's own are in guard
    is_wsgi: bool = False
    fields: tuple[FieldFacts, ...] = ()  # the columns of its own models
    keys: tuple[KeyFacts, ...] = ()

    @property
    def has_sockets(self) -> bool:
        """Whether the framework serves WebSockets itself."""
        return not self.is_wsgi and self.framework != "django"


def to_plain(value: Any) -> Any:
    """A fact as JSON values."""
    return dataclasses.asdict(value)


def from_plain(kind: type[T], value: Any) -> T:
    """A fact back from JSON values; raises TypeError or KeyError when the shape is not that of `kind`."""
    return typing.cast(T, _build(kind, value))


def _build(kind: Any, value: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        inner = [a for a in typing.get_args(kind) if a is not type(None)]
        return None if value is None else _build(inner[0], value)
    if origin is tuple:
        return tuple(_build(typing.get_args(kind)[0], item) for item in value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{name: _build(hints[name], item) for name, item in value.items()})  # type: ignore[operator]
    return value
