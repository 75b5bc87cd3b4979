"""Starlette's classes of handlers: what they answer to, and the marks that stand on them and on their methods."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from ringwork.frameworks import class_views
from ringwork.frameworks.class_views import Marked
from ringwork.frozen import Frozen

_VERBS = ("get", "head", "post", "put", "patch", "delete", "options", "query")


class Part(Frozen):
    """A method of a class that carries a mark. methods: those of HTTP that it answers."""

    function: object
    methods: frozenset[str]
    marked: Marked


def marks_of(endpoint: object) -> Marked:
    """Where a handler says its rule itself: the function, or the class and its attribute."""
    return class_views.marks_of_class(endpoint, _is_view) if inspect.isclass(endpoint) else (("handler", endpoint),)


def methods_of(endpoint: object) -> frozenset[str]:
    """What a class of handlers answers to: the methods it defines."""
    return frozenset(name.upper() for name in _VERBS if hasattr(endpoint, name)) if inspect.isclass(endpoint) else frozenset()


def parts_of(endpoint: object, methods: frozenset[str], placed: Marked) -> Iterator[Part]:
    """The methods of a class that carry marks of their own, as far as they are asked at all. placed: where marks of its route stand."""
    if not inspect.isclass(endpoint) or not _is_made_of(endpoint, "HTTPEndpoint"):
        return
    for name in _VERBS:
        if name.upper() not in methods or not class_views.is_method_marked(endpoint, name):
            continue
        # The class itself hands HEAD to `get` where it has no `head`.
        answered = {"GET", "HEAD"} if name == "get" and not hasattr(endpoint, "head") else {name.upper()}
        yield Part(
            function=getattr(endpoint, name),
            methods=frozenset(answered),
            marked=class_views.marks_of_method(endpoint, name, _is_view, placed),
        )


def is_by_the_way(endpoint: object, methods: frozenset[str], method: str) -> bool:
    """Whether a class may answer a method that it does not list, by whatever of its attributes is called so.

    Against `post` in small letters, and a helper's name for a method: Starlette 1.0 calls either, past the rule of the method.
    """
    is_class = inspect.isclass(endpoint) and _is_made_of(endpoint, "HTTPEndpoint")
    return is_class and method not in methods and hasattr(endpoint, method.lower())


def told_of(endpoint: object) -> str:
    """What is said of marks on methods of a class that are not read."""
    read = _VERBS if inspect.isclass(endpoint) and _is_made_of(endpoint, "HTTPEndpoint") else ()
    return class_views.told_of(endpoint, read)


def _is_view(kind: type) -> bool:
    return _is_made_of(kind, "HTTPEndpoint") or _is_made_of(kind, "WebSocketEndpoint")


def _is_made_of(kind: type, name: str) -> bool:
    """Whether a class is made of one of Starlette's, which nobody has to import who has none."""
    return any(parent.__name__ == name and parent.__module__ == "starlette.endpoints" for parent in kind.__mro__)
