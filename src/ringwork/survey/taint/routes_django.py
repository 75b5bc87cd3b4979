"""Routes of Django: the views that its URLconfs lead to, functions and classes, and those of Django REST framework."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ringwork.survey.taint import ir, routes_checks, routes_paths, routes_urls, routes_views
from ringwork.survey.taint.handlers import Brought, Handler
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.routes_scope import Known, argument, class_value, dotted, follow, items, text, texts, written
from ringwork.survey.taint.routes_urls import Pattern, Registered
from ringwork.survey.taint.routes_wiring import Wiring, imports_of, scope_of, target_of
from ringwork.survey.taint.units import Defined, DefinedClass
from ringwork.survey.taint.walk import walk

_LOGIN = "django.contrib.auth.middleware.LoginRequiredMiddleware"
_CSRF = "django.middleware.csrf.CsrfViewMiddleware"
_VIEWS = re.compile(r"(^|[/_])(views?|api|handlers?|endpoints?|urls)([/_.]|$)")
"""Files in which views are kept."""
_MAPPED = {"list": "GET", "create": "POST", "retrieve": "GET", "update": "PUT", "partial_update": "PATCH", "destroy": "DELETE"}


def handlers(wiring: Wiring, others: Iterable[str] = ()) -> Iterator[Handler]:
    """Every function that answers requests of the project; those that no URLconf leads to have the path "".

    others: functions that are known to answer requests of another framework.
    """
    urls = routes_urls.Reader(wiring)
    readings: dict[str, _Reading] = {}
    found = set(others)
    for one in urls.read():
        if urls.settings.root not in readings:
            readings[urls.settings.root] = _Reading(wiring.project, urls.settings)
        reading = readings[urls.settings.root]
        for handler in reading.registered(one) if isinstance(one, Registered) else reading.pattern(one):
            found.add(handler.function)
            found.add(handler.instance)
            yield handler
    yield from _Reading(wiring.project, urls.settings).left(found)


@dataclass(slots=True)
class _Reading:
    """middlewares, permissions, authentications: of the settings, as they are written there.

    keeping: functions of the project's own middlewares that keep something on the request, by dotted name.
    """

    project: Project
    settings: routes_urls.Settings
    middlewares: list[str] = field(default_factory=list)
    keeping: list[str] = field(default_factory=list)
    permissions: list[str] = field(default_factory=list)
    authentications: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for known in self.settings.get(self.project, "MIDDLEWARE"):
            self.middlewares += texts(known.scope, known.expression)
        for middleware in self.middlewares:
            self.keeping += (method.dotted for method in self._called(middleware) if _keeps(method))
        for known in self.settings.get(self.project, "REST_FRAMEWORK"):
            scope, table = follow(known)
            for key, value in table.items if isinstance(table, ir.Mapping) else ():
                name = text(scope, key) if key is not None else None
                if name == "DEFAULT_PERMISSION_CLASSES":
                    self.permissions += texts(scope, value)
                elif name == "DEFAULT_AUTHENTICATION_CLASSES":
                    self.authentications += texts(scope, value)

    def _called(self, name: str) -> Iterator[Defined]:
        """What a middleware of the project does with each request before its view."""
        owner, maker = self.project.class_(name), self.project.function(name)
        for called in ("__call__", "process_request", "process_view") if owner is not None else ():
            method = self.project.method(owner, called) if owner is not None else None
            if method is not None:
                yield method
        if maker is not None:
            inner = f"{maker.qualname}.<locals>."
            yield from (one for qualname, one in sorted(maker.unit.functions.items()) if qualname.startswith(inner))

    # -- patterns ---------------------------------------------------------------------------------------------------

    def pattern(self, one: Pattern) -> Iterator[Handler]:
        """The handlers behind one pattern; none where the view is a library's."""
        scope, view = one.view
        target, wrappers = target_of(scope, view)
        if target is None and (name := text(scope, view)):
            target = self.project.function(name)
        if isinstance(target, Defined):
            yield self.function(one, target, wrappers)
        elif target is not None:
            mapped = routes_views.mapped(follow(one.view))
            yield from self.of_class(one, target, wrappers, mapped)

    def function(self, one: Pattern, view: Defined, wrappers: tuple[ir.Expression, ...]) -> Handler:
        """A function view."""
        scope = scope_of(self.project, view)
        decorators = (*wrappers, *view.node.decorators)
        listed = routes_views.listed_methods(scope, decorators)
        is_rest = any(written(decorator).rpartition(".")[2] == "api_view" for decorator in decorators)
        methods = listed or tuple(sorted({"GET", "HEAD", *routes_views.seen_methods(view)}))
        checks = [*self._around(one.around), *routes_checks.of_decorators(scope, decorators)]
        if is_rest and not any(written(decorator).rpartition(".")[2] == "permission_classes" for decorator in decorators):
            checks += self._default_permissions()
        return self._handler(one, view, methods, "", checks, decorators, is_rest=is_rest, skip=0 if view.owner is None else 1)

    def of_class(
        self, one: Pattern, owner: DefinedClass, wrappers: tuple[ir.Expression, ...], mapped: dict[str, str] | None
    ) -> Iterator[Handler]:
        """A class view: each method that the project wrote, and what the library's methods call of it."""
        found = routes_views.verbs(self.project, owner)
        if mapped is not None:
            found = {verb: self.project.method(owner, action) for verb, action in mapped.items()}
        listed = routes_views.listed_methods(scope_of(self.project, owner), (*wrappers, *owner.node.decorators))
        methods = tuple(sorted(verb.upper() for verb in found if not listed or verb.upper() in listed))
        yield from self.methods(one, owner, wrappers, {verb.upper(): method for verb, method in found.items()}, methods)

    def methods(
        self,
        one: Pattern,
        owner: DefinedClass,
        wrappers: tuple[ir.Expression, ...],
        found: dict[str, Defined | None],
        methods: tuple[str, ...],
        extra: tuple[str, ...] | None = None,
    ) -> Iterator[Handler]:
        """The handlers of one address of a class. extra: the permissions of this action alone, None for those of the class."""
        checks = [*self._around(one.around), *self.class_checks(owner, wrappers, extra)]
        alone = [verb for verb, method in found.items() if method is not None and routes_views.is_marked(self.project, method)]
        rest = tuple(verb for verb in methods if verb not in alone)
        known = False
        for verb, method in found.items():
            if method is None or verb not in methods:
                continue
            known = True
            scope = scope_of(self.project, method)
            decorators = (*wrappers, *owner.node.decorators, *method.node.decorators)
            more = [*checks, *routes_checks.of_decorators(scope, method.node.decorators)]
            shown = (verb,) if verb in alone else rest
            yield self._handler(one, method, shown, verb if len(shown) > 1 else "", more, decorators, owner=owner)
        shown = rest or methods
        if any(method is None for method in found.values()) or not found:
            for hook in routes_views.hooks(self.project, owner):
                verb = routes_views.HOOKS[hook.node.name]
                if verb and verb not in shown and not (verb == "PUT" and "PATCH" in shown):
                    continue
                known = True
                yield self._handler(one, hook, shown, verb if verb in shown else "", checks, wrappers, owner=owner)
        else:
            for name in ("setup", "dispatch"):
                if (hook_method := self.project.method(owner, name)) is not None:
                    yield self._handler(one, hook_method, shown, "", checks, wrappers, owner=owner)
        if not known and shown:
            yield self._library(one, owner, shown, checks)

    # -- view sets --------------------------------------------------------------------------------------------------

    def registered(self, one: Registered) -> Iterator[Handler]:
        """What a router of Django REST framework offers of a view set.

        Source: https://www.django-rest-framework.org/api-guide/routers/.
        """
        scope, call = one.call
        given = argument(call, 1, "viewset") if isinstance(call, ir.Call) else None
        target, _ = target_of(scope, given) if given is not None else (None, ())
        if not isinstance(target, DefinedClass) or not isinstance(call, ir.Call):
            return
        prefix, found = routes_paths.expression(text(scope, argument(call, 0, "prefix"), gaps=True) or "")
        slash = routes_views.trailing(one.router)
        name, is_text = self._lookup(target)
        base = "/" + (one.path + prefix).lstrip("/")
        whole = Pattern(base + slash, {**one.segments, **found}, one.call, one.around)
        single = Pattern(
            f"{base}/{{{name}}}{slash}", {**whole.segments, name: routes_paths.brought(name, is_text=is_text)}, one.call, one.around
        )
        ordinary = routes_views.actions(self.project, target)
        permitted = {verb.upper() for verb in routes_views.allowed(self.project, target)}
        for place, names in ((whole, ("list", "create")), (single, ("retrieve", "update", "partial_update", "destroy"))):
            mapped = {_MAPPED[action]: ordinary[action] for action in names if action in ordinary and _MAPPED[action] in permitted}
            if mapped:
                yield from self.methods(place, target, (), mapped, tuple(sorted(mapped)))
        yield from self._extra(target, whole, single, slash, permitted)

    def _extra(self, owner: DefinedClass, whole: Pattern, single: Pattern, slash: str, permitted: set[str]) -> Iterator[Handler]:
        """The actions of a view set that @action adds."""
        for kind in (owner, *(base for name in self.project.bases(owner.dotted) if (base := self.project.class_(name)) is not None)):
            for method in kind.methods.values():
                call = next(
                    (
                        one
                        for one in method.node.decorators
                        if isinstance(one, ir.Call) and written(one.function).rpartition(".")[2] in {"action", "detail_route", "list_route"}
                    ),
                    None,
                )
                if call is None:
                    continue
                scope = scope_of(self.project, kind)
                detail = argument(call, 1, "detail")
                is_detail = written(call.function).endswith("detail_route") or (isinstance(detail, ir.Constant) and detail.value is True)
                listed = texts(scope, argument(call, 0, "methods")) or ("get",)
                place = single if is_detail else whole
                shown, found = routes_paths.expression(text(scope, argument(call, -1, "url_path")) or method.node.name)
                path = f"{place.path.removesuffix(slash) if slash else place.path}/{shown}{slash}"
                methods = tuple(sorted(verb.upper() for verb in listed if verb.upper() in permitted))
                given = argument(call, -1, "permission_classes")
                extra = tuple(routes_checks.of_permissions(scope, (given,))) if given is not None else None
                inner = place._replace(path=path, segments={**place.segments, **found})
                yield from self.methods(inner, owner, (), dict.fromkeys(methods[:1], method), methods, extra)

    def _lookup(self, owner: DefinedClass) -> tuple[str, bool]:
        """The name of the parameter that picks one, and whether it takes arbitrary text."""
        found = {}
        for name in ("lookup_url_kwarg", "lookup_field", "lookup_value_regex"):
            known = class_value(self.project, owner, name)
            found[name] = text(known.scope, known.expression) if known is not None else None
        pattern = found["lookup_value_regex"]
        return found["lookup_url_kwarg"] or found["lookup_field"] or "pk", not (pattern and routes_paths.is_harmless(pattern))

    # -- checks -----------------------------------------------------------------------------------------------------

    def _around(self, around: tuple[Known, ...]) -> Iterator[str]:
        if _LOGIN in self.middlewares:
            yield "LoginRequiredMiddleware"
        for name in self.middlewares:
            if any(routes_checks.is_hook(self.project, hook) for hook in self._hooks(name)):
                yield name.rpartition(".")[2]
        for scope, expression in around:
            yield from routes_checks.of_decorators(scope, (expression,))

    def _hooks(self, name: str) -> Iterator[Defined]:
        """The methods of a middleware of the project that see every request; named by its class, which says what it asks."""
        owner = self.project.class_(name)
        for word in ("__call__", "process_request", "process_view"):
            method = self.project.method(owner, word) if owner is not None else None
            if method is not None and owner is not None:
                yield Defined(method.unit, method.qualname, method.node._replace(name=owner.node.name), owner)

    def _default_permissions(self) -> Iterator[str]:
        names = (name.rpartition(".")[2] for name in self.permissions)
        yield from (name for name in names if name not in {"AllowAny", "IsAuthenticatedOrReadOnly"})

    def class_checks(self, owner: DefinedClass, wrappers: tuple[ir.Expression, ...], extra: tuple[str, ...] | None) -> Iterator[str]:
        """Mixins, decorators and permission classes of a class view."""
        scope = scope_of(self.project, owner)
        yield from routes_checks.of_decorators(scope, (*wrappers, *owner.node.decorators))
        for base in self.project.bases(owner.dotted):
            inner = self.project.class_(base)
            if inner is None and base.endswith("Mixin") and routes_checks.is_named(base):
                yield base.rpartition(".")[2]
            elif inner is not None:
                yield from routes_checks.of_decorators(scope_of(self.project, inner), inner.node.decorators)
        dispatch = self.project.method(owner, "dispatch")
        if dispatch is not None:
            yield from routes_checks.of_decorators(scope_of(self.project, dispatch), dispatch.node.decorators)
            if routes_checks.refuses_access(dispatch):
                yield "dispatch"
        if extra is not None:
            yield from extra
        elif routes_views.is_rest(self.project, owner):
            known = class_value(self.project, owner, "permission_classes")
            if known is None:
                yield from self._default_permissions()
            else:
                yield from routes_checks.of_permissions(known.scope, [one.expression for one in items(known) or ()])

    # -- handlers ---------------------------------------------------------------------------------------------------

    def _handler(
        self,
        one: Pattern,
        method: Defined,
        methods: tuple[str, ...],
        verb: str,
        checks: list[str],
        decorators: tuple[ir.Expression, ...],
        *,
        owner: DefinedClass | None = None,
        is_rest: bool = False,
        skip: int = 1,
    ) -> Handler:
        is_rest = is_rest or (owner is not None and routes_views.is_rest(self.project, owner))
        scope = scope_of(self.project, method)
        return Handler(
            function=method.dotted,
            path=one.path,
            methods=methods,
            brought=self._brought(method, one.segments, owner, is_rest=is_rest, skip=skip),
            answers="json" if is_rest else "",
            authenticated_by=tuple(dict.fromkeys(checks)),
            csrf=self._csrf(decorators, method, owner, is_rest=is_rest),
            framework="django",
            file=method.unit.file,
            line=ir.line_of(method.node.at),
            instance=owner.dotted if owner is not None else "",
            verb=verb,
            segments=one.segments,
            before=tuple(dict.fromkeys(self.keeping)),
            is_public=routes_checks.is_open(scope, decorators) or self._is_open(owner),
        )

    def _is_open(self, owner: DefinedClass | None) -> bool:
        known = class_value(self.project, owner, "permission_classes") if owner is not None else None
        return known is not None and any(written(one.expression).endswith("AllowAny") for one in items(known) or ())

    def _library(self, one: Pattern, owner: DefinedClass, methods: tuple[str, ...], checks: list[str]) -> Handler:
        """A class view that is the library's code throughout: its function is the class itself."""
        return Handler(
            function=owner.dotted,
            path=one.path,
            methods=methods,
            authenticated_by=tuple(dict.fromkeys(checks)),
            framework="django",
            file=owner.unit.file,
            line=ir.line_of(owner.node.at),
            instance=owner.dotted,
            segments=one.segments,
        )

    def _brought(
        self, method: Defined, segments: dict[str, Brought], owner: DefinedClass | None, *, is_rest: bool, skip: int
    ) -> dict[str, Brought]:
        names = [parameter.name for parameter in method.node.parameters if parameter.kind not in {"args", "kwargs"}][skip:]
        request = "rest_framework.request.Request" if is_rest else "django.http.HttpRequest"
        found: dict[str, Brought] = {}
        unnamed = [one for name, one in segments.items() if name.startswith("var")]
        for place, name in enumerate(names):
            if name in segments:
                found[name] = segments[name]
            elif name == "request" or (place == 0 and skip == 0):
                found[name] = Brought(type=request, is_text=False)
            elif name == "form" and owner is not None:
                found[name] = Brought(source="form", type=self._class_named(owner, "form_class"))
            elif name == "serializer" and owner is not None:
                found[name] = Brought(source="body", type=self._class_named(owner, "serializer_class"))
            elif unnamed:
                found[name] = unnamed.pop(0)
        return found

    def _class_named(self, owner: DefinedClass, name: str) -> str:
        known = class_value(self.project, owner, name)
        return dotted(known.scope, known.expression) if known is not None else ""

    def _csrf(self, decorators: tuple[ir.Expression, ...], method: Defined, owner: DefinedClass | None, *, is_rest: bool) -> str:
        dispatch = self.project.method(owner, "dispatch") if owner is not None else None
        whole = (*decorators, *(owner.node.decorators if owner is not None else ()), *(dispatch.node.decorators if dispatch else ()))
        if any(routes_views.names_exempt(one) for one in (*whole, *method.node.decorators)):
            return "exempt: csrf_exempt"
        if is_rest:
            sessions = [name for name in self.authentications if name.endswith("SessionAuthentication")]
            return "protected: SessionAuthentication" if sessions or not self.authentications else ""
        return "protected: CsrfViewMiddleware" if _CSRF in self.middlewares else ""

    # -- what no URLconf leads to -------------------------------------------------------------------------------------

    def left(self, found: set[str]) -> Iterator[Handler]:
        """Functions and class views that look like handlers and that no URLconf was seen to lead to."""
        nowhere = Pattern("", {}, Known(None, ir.Name(0, "")), ())  # type: ignore[arg-type]  # nothing looks at the view of no pattern
        for unit in self.project.units():
            if routes_views.is_test(unit.file):
                continue
            is_place = "django" in imports_of(unit) and _VIEWS.search(unit.file) is not None
            for name, defined in unit.functions.items():
                if "." not in name and defined.dotted not in found and routes_views.is_function_view(defined, is_place=is_place):
                    yield self.function(nowhere, defined, ())
            for owner in unit.classes.values() if is_place else ():
                if owner.dotted not in found and "." not in owner.qualname and routes_views.is_view(self.project, owner):
                    own = {verb.upper(): method for verb in routes_views.VERBS if (method := owner.methods.get(verb)) is not None}
                    if own and not any(method.dotted in found for method in own.values()):
                        yield from self.methods(nowhere, owner, (), dict(own), tuple(sorted(own)))


def _keeps(method: Defined) -> bool:
    """Whether a function puts something on the request that it is called with."""
    names = [parameter.name for parameter in method.node.parameters][1 if method.owner is not None else 0 :][:1]
    given = (target for part in walk(method.node.body) if isinstance(part, ir.Assign) for target in part.targets)
    return any(isinstance(one, ir.Attribute) and isinstance(one.of, ir.Name) and one.of.id in names for one in given)
