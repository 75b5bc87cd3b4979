"""What a guard is.

A guard answers `plan(settings, route)` once for each route (and once with None, for what no route matches) with the
hooks it needs. Hooks are pure: they see an Exchange, never a framework; they return a refusal or change the answer's
headers; what they need from outside they ask for by yielding.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ringwork.exchange import Exchange, Header
from ringwork.names import ControlId
from ringwork.route import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The decision that a request goes no further.

    reason: a stable lower-case word of the control's own list, the same in every event.
    detail: for the operator: what was wrong, in words, without secrets. headers: extra ones for the answer.
    """

    control: ControlId
    status: int
    reason: str
    detail: str = ""
    headers: tuple[Header, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadForm:
    """Ask: the fields of the form in the body, first value of each name, read by the framework's own parser.

    The application can still read the body afterwards. Answered with a mapping of text, or None when the body is
    larger than `limit_bytes` or no form.
    """

    limit_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocking:
    """Ask: call this in a bounded pool of threads and hand back what it returns; for stores that touch a disk."""

    call: Callable[[], Any]


Ask = ReadForm | Blocking
Asking = Generator[Ask, Any, Refusal | None]
Decision = Refusal | None
Arrive = Callable[[Exchange], Decision]
Enter = Callable[[Exchange], Decision | Asking]
Leave = Callable[[Exchange, int, list[Header]], list[Header]]
Body = Callable[[Exchange, int, list[Header], bytes], tuple[list[Header], bytes] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What one guard does for one route.

    headers: constant ones that every answer carries; the application's own of the same name are taken out,
        unless their value stands in `keeps` (values at least as strict, lower case).
    removes: names taken out of every answer.
    drops: names taken out of every request before the application sees it.
    arrive: runs before a route is known, on every request (taken from the plan for None only).
    enter: runs when route and principal are known, before any code of the application's route.
    leave: runs when the answer starts; gets all headers, returns those to send.
    error_body: runs on the first piece of an answer of 400 or above; may replace headers and whole body.
    """

    headers: tuple[Header, ...] = ()
    keeps: Mapping[bytes, frozenset[bytes]] | None = None
    removes: frozenset[bytes] = frozenset()
    drops: frozenset[bytes] = frozenset()
    arrive: Arrive | None = None
    enter: Enter | None = None
    leave: Leave | None = None
    error_body: Body | None = None


NO_HOOKS = Hooks()

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard(Generic[S]):
    """A guard as the pipeline lists it: its control, the type of its settings, and its plan."""

    control: ControlId
    settings: type[S]
    plan: Callable[[S, Route | None], Hooks]
