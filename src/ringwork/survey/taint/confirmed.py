"""The routes that reading found beside those that the application itself holds: what only one of the two knows.

Against a census of which nobody knows that it is short: each way of looking is checked by the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ringwork.survey.taint.handlers import Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A route as the application holds it. handler: dotted. file: of the project, "" where the code is a library's."""

    name: str
    handler: str
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """only_read: names of routes that only reading found; only_held: those that only the application holds; elsewhere: other function."""

    only_read: tuple[str, ...] = ()
    only_held: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


def compare(handlers: Iterable[Handler], held: Iterable[Held]) -> Differences:
    """What the two lists do not share. Handlers without a path, and routes whose code is a library's, are left out.

    A route that is also offered with a suffix for its format (".{format}") counts as the one route that it is.
    """
    read = {handler.name: handler for handler in handlers if handler.path}
    known = {route.name: route for route in held if ".{format}" not in route.name}
    own = {name for name, route in known.items() if route.file}
    elsewhere = [name for name in sorted(read.keys() & own) if not _is_same(read[name], known[name])]
    return Differences(
        only_read=tuple(sorted(read.keys() - known.keys())),
        only_held=tuple(sorted(own - read.keys())),
        elsewhere=tuple(elsewhere),
    )


def _is_same(handler: Handler, route: Held) -> bool:
    """Whether both name one function, or the class that it is a method of; modules may be imported by a shorter name."""
    told = route.handler.replace(".<locals>", "")
    names = [name.replace(".<locals>", "") for name in (handler.function, handler.instance) if name]
    return any(one == told or one.endswith(f".{told}") or told.endswith(f".{one}") for one in names)
