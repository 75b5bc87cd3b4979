"""What a guard is.

A guard answers `plan(settings, site, route)` once for each route (and once with None, for what no route matches) with the
hooks it needs. Hooks are pure: they see an Exchange, never a framework; they return a refusal or change the answer's
headers; what they need from outside they ask for by yielding.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from ringwork.clock import SYSTEM_CLOCK, Clock
from ringwork.errors import PolicyInvalid
from ringwork.exchange import Exchange, Header
from ringwork.names import ControlId
from ringwork.route import Route
from ringwork.secret import Secret, random_hex


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


class SpentTokens(Protocol):
    """Remembers which single-use tokens were spent. Its conformance suite is tests/stores/test_spent_tokens.py."""

    @property
    def blocking(self) -> bool:
        """Whether `claim` may wait for a disk or a network; guards then ask for it by `Blocking`."""
        ...

    def claim(self, token_id: bytes, *, now: float, until: float) -> bool:
        """True for the first caller with this id, False for every later one, however many ask at once.

        token_id: 1 to 64 bytes. now, until: seconds since 1970 UTC; the id is remembered until `until` at least.
        An id whose `until` is not after `now` is never granted. Raises StoreDown when the store does not answer.
        """
        ...


def require_counting(store: SpentTokens, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Refuse a store that does not count. Raises PolicyInvalid; StoreDown passes through.

    Against a replay store that remembers nothing, which would switch single use off in silence: a canary is spent twice.
    """
    now = clock.now()
    canary = f"canary-{random_hex(16)}".encode()
    first, second = (store.claim(canary, now=now, until=now + 60) for _ in range(2))
    if first and not second:
        return
    kind = type(store).__name__
    fault = "granted the same token twice" if first else "refused a token that was never spent"
    raise PolicyInvalid([f'store: {kind} {fault}; write store = "memory" for one process, or store = "sqlite:path" for several'])


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What every guard may know of the place it stands in, apart from its own settings.

    origins: exact origins whose pages may change state, canonical one included, such as b"https://clinic.example".
    canonical_origin: the first of them as text, "" while none is configured. hosts: names that are served, lower case.
    loopback: nothing is configured, so only this machine is served. production: faults are fatal.
    key: at least 32 random bytes; guards derive their own from it. spent: the store of single-use tokens.
    """

    origins: frozenset[bytes]
    canonical_origin: str
    hosts: frozenset[bytes]
    loopback: bool
    production: bool
    clock: Clock
    key: Secret[bytes]
    spent: SpentTokens


_REMARKS = "remarks"


def remark(exchange: Exchange, what: Refusal) -> None:
    """Leave something for the operator that changes no decision, such as a cookie that had to be left out."""
    exchange.note(_REMARKS, (*remarks(exchange), what))


def remarks(exchange: Exchange) -> tuple[Refusal, ...]:
    """What guards left for the operator, oldest first; the pipeline records them when the answer starts."""
    found = exchange.noted(_REMARKS)
    return found if isinstance(found, tuple) else ()


S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard(Generic[S]):
    """A guard as the pipeline lists it.

    control: its id. settings: the type of its settings. plan: its hooks for a route, None for whatever no route matches.
    faults: what is wrong with settings, one line each, saying where and what to write instead; empty when all is well.
    """

    control: ControlId
    settings: type[S]
    plan: Callable[[S, Site, Route | None], Hooks]
    faults: Callable[[S], Sequence[str]]
