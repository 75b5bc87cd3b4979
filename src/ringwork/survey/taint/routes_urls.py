"""Django's URLconfs as they are written: patterns, includes, lists that are put together, languages and routers.

Source: Django, "URL dispatcher" (https://docs.djangoproject.com/en/5.2/topics/http/urls/).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ringwork.survey.taint import ir, routes_paths
from ringwork.survey.taint.handlers import Brought
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.routes_scope import (
    Known,
    Scope,
    argument,
    bindings,
    class_value,
    dotted,
    follow,
    instance_of,
    items,
    of_dotted,
    of_module,
    text,
    written,
)
from ringwork.survey.taint.routes_wiring import Wiring
from ringwork.survey.taint.units import Unit, blocks

_DEEP = 12
_LEAVES = frozenset({"path", "re_path", "url"})
_SKIPPED = frozenset({"static", "staticfiles_urlpatterns"})
_SITE = {"index": "", "login": "login/", "logout": "logout/", "password_change": "password_change/", "app_index": "{app_label}/"}
"""Views of an admin site that a project may write anew, and where they stand."""
_NUMBERS = ("IntConverter", "UUIDConverter", "SlugConverter")


class Pattern(NamedTuple):
    """One pattern. path: the template. view: as it is written. around: what stands around it in the URLconf, outermost first."""

    path: str
    segments: dict[str, Brought]
    view: Known
    around: tuple[Known, ...]


class Settings(NamedTuple):
    """The settings of one Django project. root: its URLconf. units: the settings modules."""

    root: str = ""
    units: tuple[Unit, ...] = ()

    def get(self, project: Project, name: str) -> list[Known]:
        """The values of one setting."""
        found = (of_dotted(project, f"{unit.name}.{name}") for unit in self.units if name in unit.gives)
        return [one for one in found if one is not None]


class Registered(NamedTuple):
    """A view set that a router of Django REST framework offers. call: register(...). router: the call that made it, None unknown."""

    path: str
    segments: dict[str, Brought]
    call: Known
    router: Known | None
    around: tuple[Known, ...]


class Place(NamedTuple):
    """Where in the URLconf one stands: what has been joined so far."""

    path: str = ""
    segments: dict[str, Brought] = {}  # noqa: RUF012  # never written to
    around: tuple[Known, ...] = ()
    depth: int = _DEEP


@dataclass(slots=True)
class Reader:
    """Reads the URLconfs of a project. seen: modules that were reached. settings: of the Django project that is read now."""

    wiring: Wiring
    settings: Settings = Settings()
    seen: set[str] = field(default_factory=set)
    converters: dict[str, bool] = field(default_factory=dict)

    @property
    def project(self) -> Project:
        """What is read."""
        return self.wiring.project

    def read(self) -> Iterator[Pattern | Registered]:
        """Every pattern, from the roots that settings name, then from URLconfs that nothing was seen to lead to."""
        for call, scope in self.wiring.said.called("register_converter"):
            name, made = text(scope, argument(call, 1, "type_name")), argument(call, 0, "converter")
            if name and made is not None:
                self.converters[name] = self._is_text(scope, made)
        for settings in self.projects():
            self.settings = settings
            unit = self.project.unit(settings.root)
            if unit is not None:
                yield from self._module(unit, Place())
        self.settings = self.settings if len(self.projects()) == 1 else Settings()
        for unit in self.project.units():
            if "urlpatterns" in unit.gives and unit.name not in self.seen:
                yield from self._module(unit, Place())

    def projects(self) -> list[Settings]:
        """The settings that name a URLconf, each with the settings modules beside it: several may stand in one repository."""
        found: dict[str, Settings] = {}
        for unit in self.project.units():
            if "ROOT_URLCONF" in unit.gives:
                root = text(of_module(self.project, unit), unit.assigned["ROOT_URLCONF"])
                folder = unit.name.rpartition(".")[0]
                beside = [one for one in self.project.units() if folder and one.name.rpartition(".")[0] == folder and is_settings(one)]
                if root and root not in found:
                    found[root] = Settings(root, tuple(dict.fromkeys([unit, *beside])))
        return [found[root] for root in sorted(found)]

    def _is_text(self, scope: Scope, made: ir.Expression) -> bool:
        name = dotted(scope, made)
        owner = self.project.class_(name) if name else None
        if owner is None:
            return not name.endswith(_NUMBERS)
        regex = class_value(self.project, owner, "regex")
        pattern = text(regex.scope, regex.expression) if regex is not None else None
        if pattern is None:
            return not any(base.endswith(_NUMBERS) for base in self.project.bases(name))
        return not routes_paths.is_harmless(pattern)

    # -- modules ----------------------------------------------------------------------------------------------------

    def _module(self, unit: Unit, place: Place) -> Iterator[Pattern | Registered]:
        self.seen.add(unit.name)
        if place.depth:
            yield from self._block(unit.module.body, of_module(self.project, unit), place._replace(depth=place.depth - 1))

    def _block(self, body: ir.Block, scope: Scope, place: Place) -> Iterator[Pattern | Registered]:
        for statement in body:
            given: ir.Expression | None = None
            if (isinstance(statement, ir.Assign) and any(_is_list(target) for target in statement.targets)) or (
                isinstance(statement, ir.Augment | ir.Declare) and _is_list(statement.target)
            ):
                given = statement.value
            elif isinstance(statement, ir.Evaluate) and isinstance(statement.value, ir.Call):
                function = statement.value.function
                if isinstance(function, ir.Attribute) and _is_list(function.of) and statement.value.arguments:
                    given = statement.value.arguments[-1]
            if given is not None:
                yield from self._value(Known(scope, given), place)
            elif isinstance(statement, ir.For) and (turns := items(Known(scope, statement.source))):
                for turn in turns:
                    yield from self._block(statement.body, scope.bind(bindings(turn, statement.target)), place)
            elif not isinstance(statement, ir.Function | ir.Class):
                for inner in blocks(statement):
                    yield from self._block(inner, scope, place)

    # -- values -----------------------------------------------------------------------------------------------------

    def _value(self, known: Known, place: Place) -> Iterator[Pattern | Registered]:
        """What a list of patterns, or one, holds."""
        if not place.depth:
            return
        place = place._replace(depth=place.depth - 1)
        scope, expression = follow(known)
        if isinstance(expression, ir.Sequence):
            for item in expression.items:
                yield from self._value(Known(scope, item), place)
        elif isinstance(expression, ir.Starred):
            yield from self._value(Known(scope, expression.value), place)
        elif isinstance(expression, ir.Binary):
            yield from self._value(Known(scope, expression.left), place)
            yield from self._value(Known(scope, expression.right), place)
        elif isinstance(expression, ir.Choice):
            yield from self._value(Known(scope, expression.then), place)
            yield from self._value(Known(scope, expression.other), place)
        elif isinstance(expression, ir.Comprehension) and len(expression.loops) == 1:
            loop = expression.loops[0]
            for turn in items(Known(scope, loop.source)) or ():
                yield from self._value(Known(scope.bind(bindings(turn, loop.target)), expression.element), place)
        elif isinstance(expression, ir.Attribute) and expression.name in {"urls", "urlpatterns"}:
            yield from self._attribute(scope, expression, place)
        elif isinstance(expression, ir.Call):
            yield from self._call(scope, expression, place)

    def _attribute(self, scope: Scope, expression: ir.Attribute, place: Place) -> Iterator[Pattern | Registered]:
        """router.urls of Django REST framework; another module's urlpatterns."""
        named = dotted(scope, expression.of) if expression.name == "urlpatterns" else ""
        unit = self.project.unit(named) if named else None
        if unit is not None:
            yield from self._module(unit, place)
            return
        site = instance_of(scope, expression.of)
        if site is not None and any(base.endswith(".AdminSite") for base in self.project.bases(site.dotted)):
            for name, path in _SITE.items():
                if self.project.method(site, name) is not None:
                    view = Known(scope, ir.Attribute(expression.at, expression.of, name))
                    yield Pattern("/" + (place.path + path).lstrip("/"), place.segments, view, place.around)
            return
        keys = self.wiring.behind(self.wiring.key(scope, expression.of))
        made = follow(Known(scope, expression.of))
        router = made if isinstance(made.expression, ir.Call) else None
        for use in self.wiring.said.used({"register"}):
            if use.name == "register" and use.call is not None and set(self.wiring.behind(use.of)) & set(keys):
                yield Registered(place.path, place.segments, Known(use.scope, use.call), router, place.around)

    def _call(self, scope: Scope, call: ir.Call, place: Place) -> Iterator[Pattern | Registered]:
        name = written(call.function).rpartition(".")[2]
        if isinstance(call.function, ir.Call):  # requires("role")(path(...))
            inner = place._replace(around=(*place.around, Known(scope, call.function)))
            for given in call.arguments:
                yield from self._value(Known(scope, given), inner)
        elif name in _LEAVES:
            yield from self._leaf(scope, call, name, place)
        elif name == "include":
            yield from self._included(Known(scope, call), place)
        elif name == "i18n_patterns":
            yield from self._languages(scope, call, place)
        elif name not in _SKIPPED:
            for given in call.arguments:
                inner_scope, inner_expression = follow(Known(scope, given))
                if isinstance(inner_expression, ir.Sequence | ir.Call | ir.Binary):
                    yield from self._value(Known(inner_scope, inner_expression), place)

    def _leaf(self, scope: Scope, call: ir.Call, name: str, place: Place) -> Iterator[Pattern | Registered]:
        route = text(scope, argument(call, 0, "route", "regex"), gaps=True) or ""
        shown, found = routes_paths.django(route, self.converters) if name == "path" else routes_paths.expression(route)
        inner = place._replace(path=place.path + shown, segments={**place.segments, **found})
        view = argument(call, 1, "view")
        if view is None:
            return
        known = follow(Known(scope, view))
        if isinstance(known.expression, ir.Call) and written(known.expression.function).rpartition(".")[2] in {
            "include",
            "decorator_include",
        }:
            yield from self._included(Known(known.scope, known.expression), inner)
        elif (isinstance(known.expression, ir.Attribute) and known.expression.name == "urls") or isinstance(known.expression, ir.Sequence):
            yield from self._value(known, inner)
        else:
            yield Pattern("/" + inner.path.lstrip("/"), inner.segments, Known(scope, view), inner.around)

    def _included(self, known: Known, place: Place) -> Iterator[Pattern | Registered]:
        """include("shop.urls"), include((patterns, "name")), include(router.urls), include(module)."""
        scope, call = known
        if not isinstance(call, ir.Call) or not call.arguments:
            return
        given = call.arguments[-1] if written(call.function).endswith("decorator_include") else call.arguments[0]
        if given is not call.arguments[0]:
            place = place._replace(around=(*place.around, Known(scope, call.arguments[0])))
        inner = follow(Known(scope, given))
        if isinstance(inner.expression, ir.Sequence) and inner.expression.kind == "tuple" and inner.expression.items:
            inner = follow(Known(inner.scope, inner.expression.items[0]))
        name = text(inner.scope, inner.expression) if isinstance(inner.expression, ir.Constant | ir.Text | ir.Binary) else None
        named = name or dotted(inner.scope, inner.expression)
        unit = self.project.unit(named) if named else None
        if unit is not None:
            yield from self._module(unit, place)
        elif not name:
            yield from self._value(inner, place)

    def _languages(self, scope: Scope, call: ir.Call, place: Place) -> Iterator[Pattern | Registered]:
        """i18n_patterns: named by the default language, since the page is the same in every one."""
        default = argument(call, -1, "prefix_default_language")
        prefix = "" if isinstance(default, ir.Constant) and default.value is False else f"{self._language()}/"
        for given in call.arguments:
            yield from self._value(Known(scope, given), place._replace(path=place.path + prefix))

    def _language(self) -> str:
        found = [text(known.scope, known.expression) for known in self.settings.get(self.project, "LANGUAGE_CODE")]
        return next((name for name in found if name), "en-us")


def _is_list(expression: ir.Expression) -> bool:
    return isinstance(expression, ir.Name) and expression.id == "urlpatterns"


def is_settings(unit: Unit) -> bool:
    """Whether a module looks like Django's settings."""
    return any(name in unit.gives for name in ("INSTALLED_APPS", "MIDDLEWARE", "ROOT_URLCONF", "DATABASES")) or "settings" in unit.name
