"""Sites, routes and requests for the tests of guards: a guarded clinic, and what a browser or an attacker sends to it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from ringwork.clock import FixedClock
from ringwork.enforce.guard import ERROR, NOTED, Blocking, Guard, ReadForm, Refusal, Site
from ringwork.exchange import Exchange, Header
from ringwork.names import SessionId
from ringwork.principal import Principal, Via
from ringwork.route import Handler, Public, Requires, Route, RouteKind, Rule
from ringwork.secret import Secret
from ringwork.stores.memory import MemoryCounters, MemorySpentTokens

ORIGIN = "https://clinic.example"
SIGNED_IN = Requires()
PUBLIC = Public(reason="nothing private stands here")


def make_site(**changed: Any) -> Site:
    """A configured clinic; `changed` fields are laid over it."""
    fields: dict[str, Any] = {
        "origins": frozenset({ORIGIN.encode()}),
        "canonical_origin": ORIGIN,
        "hosts": frozenset({b"clinic.example"}),
        "loopback": False,
        "production": False,
        "clock": FixedClock(),
        "key": Secret(b"k" * 32),
        "spent": MemorySpentTokens(),
        "counters": MemoryCounters(),
        "spare": MemoryCounters(),
    }
    return Site(**{**fields, **changed})


LOOPBACK: dict[str, Any] = {"origins": frozenset(), "canonical_origin": "", "hosts": frozenset(), "loopback": True}
"""Fields of a site that nobody has configured."""


def make_route(
    path: str = "/notes", *methods: str, rule: Rule | None = SIGNED_IN, kind: RouteKind = RouteKind.HTTP, exempt: str | None = None
) -> Route:
    """A route of the clinic, by default one that asks for any signed-in user."""
    handler = Handler(name="clinic.notes")
    return Route(kind=kind, path=path, methods=frozenset(methods or {"GET", "POST"}), handler=handler, rule=rule, csrf_exempt=exempt)


def make_user(name: str = "ada", *roles: str, session: str | None = "s1", via: Via = Via.COOKIE) -> Principal:
    """A signed-in user."""
    return Principal(id=name, roles=frozenset(roles), session=SessionId(session) if session else None, via=via)


def ask(
    method: str = "GET",
    path: str = "/notes",
    *headers: Header,
    host: bytes | None = b"clinic.example",
    peer: str = "203.0.113.9",
    kind: str = "http",
    user: Principal | None = None,
) -> Exchange:
    """One request, as an adapter would have read it."""
    exchange = Exchange(kind=kind, method=method, path=path, scheme="https", peer=peer)
    exchange.read([*([] if host is None else [(b"host", host)]), *headers])
    exchange.principal = user
    return exchange


def arrive(guard: Guard[Any], settings: Any, site: Site, exchange: Exchange) -> Refusal | None:
    """What the guard decides before routing."""
    hooks = guard.plan(settings, site, None)
    found = None if hooks.arrive is None else hooks.arrive(exchange)
    if found is None and hooks.admit is not None:
        hooks.admit(exchange)
    return found


def enter(
    guard: Guard[Any], settings: Any, site: Site, route: Route | None, exchange: Exchange, *, form: Mapping[str, str] | None = None
) -> Refusal | None:
    """What the guard decides on a matched route; asks are answered with `form` and by calling what blocks."""
    step = guard.plan(settings, site, route).enter
    found = None if step is None else step(exchange)
    return drive(found, form) if isinstance(found, Generator) else found


def drive(asking: Generator[Any, Any, Refusal | None], form: Mapping[str, str] | None) -> Refusal | None:
    """Answer every ask until the guard decides."""
    answer: Any = None
    while True:
        try:
            asked = asking.send(answer)
        except StopIteration as stop:
            return stop.value
        answer = form if isinstance(asked, ReadForm) else asked.call() if isinstance(asked, Blocking) else None


def leave(
    guard: Guard[Any],
    settings: Any,
    site: Site,
    exchange: Exchange,
    headers: list[Header],
    *,
    status: int = 200,
    route: Route | None = None,
) -> list[Header]:
    """The headers that the guard sends for these."""
    hooks = guard.plan(settings, site, route)
    occasions = {name for name, _ in headers} | ({ERROR} if status >= 400 else set()) | ({NOTED} if exchange.notes is not None else set())
    if hooks.leave is None or (hooks.leave_on and hooks.leave_on.isdisjoint(occasions)):
        return headers
    return hooks.leave(exchange, status, headers)
