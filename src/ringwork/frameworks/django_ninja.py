"""django-ninja's views: one function stands for all methods of a path, and behind each method stands an operation of its own.

Against a rule that is looked for at the wrong place: marks and checks belong to the operation, which Django's URLconf never shows.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

_MADE_IN = "ninja.operation"
_SESSIONS = "ninja.security.session"
"""Its checks of Django's own session: SessionAuth, and those of staff and superusers."""


def path_of(view: Any) -> Any:
    """What stands behind every view that django-ninja makes for one path; None for any other view."""
    if getattr(view, "__module__", "") != _MADE_IN or not inspect.isfunction(view):
        return None
    return inspect.getclosurevars(view).nonlocals.get("self")


def operations(view: Any) -> Mapping[str, Any]:
    """What answers to each method behind a view of django-ninja; nothing for any other view."""
    behind = path_of(view)
    # The first that takes a method is asked.
    return {str(method): one for one in reversed(getattr(behind, "operations", ())) for method in one.methods}


def operation(view: Any, methods: frozenset[str]) -> Any:
    """What answers to one of these methods; None for any other view."""
    found = operations(view)
    return next((found[method] for method in sorted(methods) if method in found), None)


def checks(view: Any, methods: frozenset[str], named: Mapping[str, object]) -> Iterator[str]:
    """The checks of which one has to let a request in: django-ninja's own of Django's session, and what the policy names.

    Against one among them that nobody vouches for: any of them opens, so a single unknown one makes all of them none.
    """
    callbacks = getattr(operation(view, methods), "auth_callbacks", ())
    names = [_known(one, named) for one in callbacks]
    if all(names):
        yield from names


def _known(callback: Any, named: Mapping[str, object]) -> str:
    for name, check in named.items():
        if callback is check or type(callback) is check:
            return name
    # Against a class of somebody else's that is made of one of them and lets everybody in: only they themselves.
    kind = type(callback)
    is_own = kind.__module__ == _SESSIONS and "authenticate" not in vars(callback)
    return f"{kind.__name__} of django-ninja" if is_own else ""
