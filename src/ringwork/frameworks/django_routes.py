"""Django's URLconf as ringwork lists it: every pattern with the includes around it, and the rules that stand there.

Against a path guess that differs from the resolver's: Django resolves, and what it found is looked up here by the pattern's own
words. Rules stand on views, on classes (`ringwork_rule`), on `path(...)` itself, and on what an include brings in.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.contrib.admindocs import utils as readable
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import LocalePrefixPattern, RoutePattern

from ringwork.frameworks import class_views, django_ninja
from ringwork.frozen import Frozen
from ringwork.policy.declare import Mark, rule_of, said_by

Marked = tuple[tuple[str, object], ...]
"""Where a rule may stand, from the view outward: ("handler", function), ("path", pattern), ("include", resolver), ..."""

_ALL = "dispatch"
"""The method of a class that every request passes."""

_VERBS = ("get", "post", "put", "patch", "delete", "trace")


class Entry(Frozen):
    """One pattern of the URLconf.

    route: what ResolverMatch.route says of it, under the language that is active. path: the template, parameters in braces.
    methods: what it answers to; of a function that takes whatever comes, what its code was seen to ask for. is_open_ended: it is such a
    function. by_method: the marks that stand on single methods of a class, by method. swallows: its last parameter takes slashes too.
    """

    route: str
    path: str
    callback: Any
    methods: frozenset[str]
    is_open_ended: bool
    marked: Marked
    by_method: Mapping[str, Marked]
    swallows: bool = False
    folder: str = ""


def entries(urlconf: Any) -> Iterator[Entry]:
    """Every pattern below a URLconf, in the order in which Django tries them."""
    root = get_resolver(urlconf)
    yield from _inside(root, "", "", _of_module(root))


def _inside(resolver: URLResolver, route: str, path: str, marked: Marked) -> Iterator[Entry]:
    told = set[tuple[str, int]]()  # of django-ninja: a path stands there once for each of its operations
    for found in resolver.url_patterns:
        here, shown = _joined(route, str(found.pattern)), path + _template(found.pattern)
        if isinstance(found, URLResolver):
            yield from _inside(found, here, shown, (*_of_module(found), ("include", found), *marked))
            continue
        behind = django_ninja.path_of(found.callback)
        if behind is None or (here, id(behind)) not in told:
            told.add((here, id(behind)))
            yield _entry(found, here, shown, marked)


def _joined(route: str, more: str) -> str:
    """As URLResolver joins what it tells (`_join_route`)."""
    return route + more.removeprefix("^") if route else more


def _entry(pattern: URLPattern, route: str, path: str, outside: Marked) -> Entry:
    view: Any = pattern.callback
    methods, is_open_ended = methods_of(view)
    return Entry(
        route=route,
        path="/" + path.lstrip("/"),
        callback=view,
        methods=methods,
        is_open_ended=is_open_ended,
        marked=(*_of_view(view), ("path", pattern), *outside),
        by_method=dict(_of_methods(view, methods)),
        swallows=_swallows(pattern.pattern),
        folder=str((pattern.default_args or {}).get("document_root") or ""),
    )


def class_of(view: Any) -> Any:
    """The class behind `as_view()`, Django's own or Django REST framework's; None for a function."""
    return getattr(view, "cls", None) or getattr(view, "view_class", None)


def methods_of(view: Any) -> tuple[frozenset[str], bool]:
    """What a view answers to, and whether only its code knows: then it is what the code was seen to ask for."""
    kind, behind = class_of(view), django_ninja.operations(view)
    if behind:
        return frozenset(behind), False
    if kind is not None:
        actions = getattr(view, "actions", None)
        allowed = {str(name).lower() for name in getattr(kind, "http_method_names", _VERBS)}
        offered = actions if isinstance(actions, Mapping) else [name for name in allowed - {"options"} if hasattr(kind, name)]
        found = {str(name).upper() for name in offered if str(name).lower() in allowed}
        return frozenset(found | ({"HEAD"} if "GET" in found else set())), False
    required = _required_methods(view)
    return (required, False) if required else (_seen_methods(view), True)


def _required_methods(view: Any) -> frozenset[str]:
    """What `require_http_methods` lets through, the strictest where it stands twice."""
    found: frozenset[str] | None = None
    for wrapper in wrappers(view):
        code = getattr(wrapper, "__code__", None)
        if isinstance(code, types.CodeType) and "request_method_list" in code.co_freevars:
            listed = frozenset(inspect.getclosurevars(wrapper).nonlocals["request_method_list"])
            found = listed if found is None else found & listed
    return found or frozenset()


def _seen_methods(view: Any) -> frozenset[str]:
    """What the code of a function asks for by name: `request.method == "POST"`, `request.POST`. Django's own views take forms."""
    found = {"GET", "HEAD"}
    for one in wrappers(view):
        code = getattr(getattr(one, "__func__", one), "__code__", None)
        if str(getattr(one, "__module__", "")).startswith("django."):
            found.add("POST")
        elif isinstance(code, types.CodeType):
            found |= _named_methods(code)
    return frozenset(found)


def _named_methods(code: types.CodeType) -> set[str]:
    named = {text for text in code.co_consts if isinstance(text, str)} | ({"POST"} if {"POST", "FILES"} & set(code.co_names) else set())
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            named |= _named_methods(part)
        elif isinstance(part, tuple | frozenset):
            named |= {text for text in part if isinstance(text, str)}
    return named & {verb.upper() for verb in _VERBS}


def wrappers(view: Any) -> Iterator[Any]:
    """A view and what it wraps, outermost first."""
    seen: set[int] = set()
    while view is not None and id(view) not in seen:
        seen.add(id(view))
        yield view
        view = inside(view)


def inside(view: Any) -> Any:
    """What a view calls in the end, None for the view itself.

    Django's decorators say by their own variables whom they call; the usual `__wrapped__` may skip some of them.
    """
    code = getattr(view, "__code__", None)
    if isinstance(code, types.CodeType) and str(view.__globals__.get("__name__", "")).startswith("django."):
        for name, cell in zip(code.co_freevars, view.__closure__ or (), strict=True):
            if name in {"view_func", "view"} and callable(cell.cell_contents):
                return cell.cell_contents
    return getattr(view, "__wrapped__", None) or getattr(view, "func", None)


# -- marks ---------------------------------------------------------------------------------------------------


def _of_view(view: Any) -> Marked:
    """Where a view says its rule itself: the function, or what its class says, in the order of `class_views`."""
    kind = class_of(view)
    if kind is None:
        return (("handler", view),)
    # Django copies the marks of `dispatch` onto the function: those of an ancestor stand behind what the class says itself.
    before = class_views.marks_of_method(kind, _ALL, _is_view)
    inner = written_function(kind)
    written: Marked = (("handler", inner),) if inner is not None else ()
    return (*before, ("handler", view), *written, *class_views.marks_of_class(kind, _is_view))


def written_function(kind: Any) -> Any:
    """The function that Django REST framework's `api_view` has made a class of; None for any other class."""
    for verb in _VERBS:
        made = vars(kind).get(verb)
        code = getattr(made, "__code__", None)
        if isinstance(code, types.CodeType) and made.__module__ == "rest_framework.decorators" and "func" in code.co_freevars:
            return inspect.getclosurevars(made).nonlocals["func"]
    return None


def _is_view(kind: type) -> bool:
    return hasattr(kind, "as_view")


def _of_module(resolver: URLResolver) -> Marked:
    module: Any = resolver.urlconf_module
    if not isinstance(module, types.ModuleType):
        return ()
    said = said_by(module)
    return (("urls", module), *((("urls", said),) if said is not None else ()))


def _of_methods(view: Any, methods: frozenset[str]) -> Iterator[tuple[str, Marked]]:
    """The marks that stand on single methods of a class: `get`, or the action of a view set; of django-ninja, on its operations."""
    for method, operation in django_ninja.operations(view).items():
        yield method, (("method", operation.view_func),)
    kind = class_of(view)
    if kind is None:
        return
    # What Django copied from `dispatch` is no word of whoever wrote the pattern.
    placed: Marked = (("handler", view),) if rule_of(view) is not rule_of(getattr(kind, _ALL, None)) else ()
    # Every class answers OPTIONS by a method of Django's own, which is not listed; one that is marked is somebody's.
    for method in (*methods, "OPTIONS"):
        marked = class_views.marks_of_method(kind, _answering(view, kind, method), _is_view, placed)
        if marked:
            yield method, marked


def _answering(view: Any, kind: Any, method: str) -> str:
    """The name of the method of a class that answers a method of HTTP."""
    actions = getattr(view, "actions", None) or {}
    asked = "get" if method == "HEAD" and "head" not in actions and not hasattr(kind, "head") else method.lower()
    return str(actions.get(asked, asked))


def told_of(view: Any) -> str:
    """What is said of marks that are not read: on methods that answer nothing by themselves, and among checks of other libraries.

    Other actions of a view set are read where they answer, in another pattern.
    """
    for operation in django_ninja.operations(view).values():
        if any(isinstance(check, Mark) for check in operation.auth_callbacks):
            return f"auth= of {operation.view_func.__qualname__} names a mark, which is no check of django-ninja; write it above it"
    kind = class_of(view)
    if kind is None:
        return ""
    if any(isinstance(check, Mark) for check in getattr(kind, "permission_classes", ())):
        return f'{kind.__qualname__}.permission_classes names a mark, which is no permission class; write ringwork_rule = requires("role")'
    actions = getattr(view, "actions", None)
    extra = [one.__name__ for one in kind.get_extra_actions()] if actions is not None and hasattr(kind, "get_extra_actions") else []
    usual = ("list", "create", "retrieve", "update", "partial_update", "destroy") if actions is not None else ()
    return class_views.told_of(kind, (*getattr(kind, "http_method_names", _VERBS), "options", _ALL, *usual, *extra))


# -- templates -----------------------------------------------------------------------------------------------


def _template(pattern: Any) -> str:
    """The part of a path that one pattern takes, with parameters in braces."""
    if isinstance(pattern, LocalePrefixPattern):
        # The rule of a page is the same in every language, so all are named by the default one.
        return f"{settings.LANGUAGE_CODE}/" if pattern.prefix_default_language else ""
    if isinstance(pattern, RoutePattern):
        return _braced(str(pattern))
    return _braced(_simplified(str(pattern)))


def _simplified(regex: str) -> str:
    """A regular expression of the URLconf as people read it, by the functions that Django documents its own views with."""
    for step in (
        readable.remove_non_capturing_groups,
        readable.replace_named_groups,
        readable.replace_unnamed_groups,
        readable.replace_metacharacters,
    ):
        regex = step(regex)
    return re.sub(r"\\([^A-Za-z0-9])", r"\1", regex)


def _braced(route: str) -> str:
    parts = []
    for piece in route.split("<"):
        name, closed, rest = piece.partition(">")
        parts.append("{" + name.rpartition(":")[2].strip() + "}" + rest if closed else piece)
    return "".join(parts)


def _swallows(pattern: Any) -> bool:
    text = str(pattern)
    if isinstance(pattern, RoutePattern):
        return text.rpartition("<")[2].startswith("path:") and text.endswith(">")
    return text.rstrip("$").endswith((".*)", ".+)"))


class Apart:
    """One part of an entry that is decided on by itself: a further method, or what comes from a test client."""

    __slots__ = ("of", "what")

    def __init__(self, of: object, what: str) -> None:
        self.of, self.what = of, what


class Index:
    """The patterns of one URLconf, found by what the resolver tells of its match; walked anew when something unknown was matched."""

    __slots__ = ("urlconf", "_found", "_apart")

    def __init__(self, urlconf: Any) -> None:
        self.urlconf = urlconf
        self._found: dict[tuple[str, int], Entry] = {}
        self._apart: dict[tuple[int, str], Apart] = {}

    def apart(self, of: object, what: str) -> object:
        """What stands for one part of `of` that is decided on by itself, always the same object."""
        found = self._apart.get((id(of), what))
        if found is None:
            found = self._apart[id(of), what] = Apart(of, what)
        return found

    def entry(self, route: str, callback: Callable[..., Any]) -> Entry:
        """The pattern that was matched. One that cannot be found again has no marks but those of its view."""
        found = self._found.get((route, id(callback)))
        if found is None:
            # A pattern that was added later, or another language. The first that says the same is the one that Django took.
            for entry in entries(self.urlconf):
                self._found.setdefault((entry.route, id(entry.callback)), entry)
            found = self._found.get((route, id(callback)))
        if found is None:
            path = "/" + _braced(route.removeprefix("^")).lstrip("/")
            methods, is_open_ended = methods_of(callback)
            found = Entry(
                route=route,
                path=path,
                callback=callback,
                methods=methods,
                is_open_ended=is_open_ended,
                marked=_of_view(callback),
                by_method=dict(_of_methods(callback, methods)),
            )
            self._found[route, id(callback)] = found  # the entry keeps the view, so that its identity stays taken
        return found
