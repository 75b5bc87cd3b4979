"""Classes of handlers: what their attribute, their decorators and the decorators of their methods say, and in which order it counts.

Against a rule that is inherited unseen (trap 7): what a class says holds for that class, and a method inherited from another one does not
open what the heir says is closed. Against a mark that nobody reads: one on a method that answers nothing is told at the start.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ringwork.policy.declare import all_of, is_marked, rule_of, said_by
from ringwork.route import Public

Marked = tuple[tuple[str, object], ...]
IsView = Callable[[type], bool]
"""Whether a class is one of the framework's views, and not one that was written to be mixed into them."""


def marks_of_class(kind: type, is_view: IsView) -> Marked:
    """Where a class says a rule for all its methods: its decorators, then its attribute, or that of a mixin."""
    return tuple((where, said) for _, where, said in _said(kind, is_view))


def marks_of_method(kind: type, name: str, is_view: IsView, placed: Marked = ()) -> Marked:
    """Where a rule stands for one method, before what the class says for all: nothing for one that carries no mark.

    Against a method of an ancestor that opens what its heir closes: what the class itself says stands before what it inherits, and of
    that and of what is said where the class is put into the application (`placed`) the narrower counts.
    """
    depth, function = _found(kind, name)
    if function is None or not is_marked(function):
        return ()
    before = ((where, said) for at, where, said in _said(kind, is_view) if at < depth)
    return (*before, *(_narrowed(function, placed) if depth else ()), ("method", function))


def _narrowed(function: object, placed: Marked) -> Marked:
    """The narrower of what an inherited method and the places of its class say, where those say anything."""
    outer = [rule for _, target in placed if (rule := rule_of(target)) is not None]
    inner = rule_of(function)
    closing = [rule for rule in (inner, *outer) if rule is not None and not isinstance(rule, Public)]
    return (("method", all_of(closing)),) if outer and closing else ()


def is_method_marked(kind: type, name: str) -> bool:
    """Whether a method of a class, its own or an inherited one, carries a mark."""
    return is_marked(_found(kind, name)[1])


def told_of(kind: object, read: Iterable[str]) -> str:
    """What is said of marks on methods of a class whose names are not among `read`, "" where there are none."""
    if not inspect.isclass(kind):
        return ""
    unread = sorted(set(_marked_methods(kind)) - set(read))
    if not unread:
        return ""
    named = ", ".join(f"{kind.__qualname__}.{name}" for name in unread)
    return f"{named} carries a mark that is not read, since no request is answered by that method alone; put it on the class"


def _said(kind: type, is_view: IsView) -> Iterator[tuple[int, str, object]]:
    """What a class says, with the place in its order of resolution where it says it."""
    yield 0, "handler", kind
    for at, parent in enumerate(kind.__mro__):
        if parent is kind or not is_view(parent):
            said = said_by(parent)
            if said is not None:
                yield at, "class", said
                return


def _found(kind: type, name: str) -> tuple[int, Any]:
    """A method's function, with the place in the order of resolution of the class that defines it."""
    for at, parent in enumerate(kind.__mro__):
        if name in vars(parent):
            return at, _function(vars(parent)[name])
    return len(kind.__mro__), None


def _marked_methods(kind: type) -> Iterator[str]:
    names = dict.fromkeys(name for parent in kind.__mro__ for name, value in vars(parent).items() if is_marked(_function(value)))
    return (name for name in names if not inspect.isclass(vars(kind).get(name)) and is_method_marked(kind, name))


def _function(value: Any) -> Any:
    """The function behind a static method or a class method."""
    return getattr(value, "__func__", value)
