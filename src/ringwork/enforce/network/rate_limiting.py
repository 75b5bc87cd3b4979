"""Nobody works faster than a person could use it: requests are counted by address, by principal, and at entrances by account.

Against scraping, exhaustion and guessing at machine speed. Each route has a class with its own rates; what is over them is
answered 429 with Retry-After. Source: ASVS 5.0, 2.4.1, 6.3.1 and 15.2.2; RFC 6585, 4; ITU-T I.371, annex A (the counting).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import TypeVar

from ringwork.crypto.mac import Mac
from ringwork.enforce.entrances import accounts_named, entrance_at, subject_of_colons
from ringwork.enforce.guard import (
    Allowance,
    Arrive,
    Asking,
    Blocking,
    Decision,
    Enter,
    Guard,
    Hooks,
    Rate,
    Refusal,
    Site,
    Surroundings,
    Taking,
    remark,
)
from ringwork.errors import StoreDown
from ringwork.exchange import Exchange
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Public, Route, RouteKind
from ringwork.words import Words

CONTROL = ControlId("network.rate-limiting")

D = TypeVar("D")

UNLIMITED = "none"
"""The class of routes that are not counted after arrival; it needs a reason."""

DEFAULT = "default"

FILES = "files"
"""The class of static files, which are counted at arrival alone: a page with a hundred pictures is one visit."""

LOCAL_PATIENCE = 100
"""By how much limits are multiplied for this machine, except in production: a test suite signs the same user in for every test."""

LOCAL = frozenset({"127.0.0.1", "::1", "testclient"})
"""Clients on this machine; the last is what Starlette's TestClient calls itself, which no socket does."""

_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class RateClass(Frozen):
    """The rates of one class of routes. Whoever is signed in is counted by principal where that has rates, else by address."""

    name: str = field(metadata={"doc": "how routes name it", "unit": "word"})
    by_address: tuple[str, ...] = field(
        default=(), metadata={"doc": "rates of each address (IPv6: of each /64)", "unit": '"30 per 5 minutes"'}
    )
    by_principal: tuple[str, ...] = field(default=(), metadata={"doc": "rates of each signed-in principal", "unit": "the same"})
    by_account: tuple[str, ...] = field(default=(), metadata={"doc": "rates of each account that a body names", "unit": "the same"})
    when_down: str = field(
        default="count",
        metadata={"doc": 'while the shared store is down: "count" in each process alone, or "refuse" with 503', "unit": "word"},
    )


class RouteClass(Frozen):
    """The class of one route."""

    route: str = field(metadata={"doc": 'the route\'s name, "POST /login"'})
    limit: str = field(metadata={"doc": f'name of a class; "{UNLIMITED}" counts arrivals only'})
    reason: str = field(default="", metadata={"doc": f'why, for "{UNLIMITED}"'})


BUILT_IN: tuple[RateClass, ...] = (
    # 60 at once is a page that loads all its parts; 5 and 10 a second for ever is no person any more.
    RateClass(name=DEFAULT, by_address=("60 per second", "300 per minute"), by_principal=("60 per second", "600 per minute")),
    # A person mistypes a few times. An office behind one address signs in within minutes; a guesser wants thousands.
    RateClass(name="login", by_address=("60 per 5 minutes",), by_account=("10 per 5 minutes",), when_down="refuse"),
    RateClass(name="register", by_address=("30 per hour",), by_account=("5 per hour",), when_down="refuse"),
    # Each reset is a mail in somebody's box.
    RateClass(name="reset", by_address=("30 per hour",), by_account=("3 per hour",), when_down="refuse"),
    RateClass(name="expensive", by_address=("10 per minute",), by_principal=("30 per minute",)),
)
"""The classes that are always there; a class of the settings with the same name takes the place of one."""


class RateLimitingSettings(Frozen):
    """How fast one address may come at all, the classes, and which route has which."""

    arriving: tuple[str, ...] = field(
        default=("200 per second", "1800 per minute"),
        metadata={
            "doc": "rates of each address over everything: static files, missing pages and refusals too; counted in each process",
            "unit": '"200 per second"',
            "source": "our choice: a page with all its files, and an office behind one address",
        },
    )
    classes: tuple[RateClass, ...] = field(
        default=(),
        metadata={
            "doc": "further classes, or others in place of default, login, register, reset and expensive",
            "source": "ASVS 2.4.1, 6.3.1; numbers our choice",
        },
    )
    routes: tuple[RouteClass, ...] = field(
        default=(), metadata={"doc": "classes by route name; a mark rate_limited(...) on the route comes first"}
    )
    account_fields: tuple[str, ...] = field(
        default=("username", "email", "login", "user", "identifier", "account", "phone"),
        metadata={"doc": "fields of a form or JSON object that name an account; the value of each is counted, hashed"},
    )


class RateLimitingReason(Words):
    """Why a request was refused."""

    ARRIVING = "arriving-too-fast"
    ADDRESS = "address-over-limit"
    PRINCIPAL = "principal-over-limit"
    ENTRANCE = "entrance-over-limit"
    STORE_DOWN = "store-down"


class ClassOfRoute(Frozen):
    """The class of a route. source: "mark", "settings", "kind", "entrance" or "default". reason: for unlimited ones."""

    name: str
    source: str
    reason: str = ""


class _Class(Frozen):
    """A class as it is counted. None: not counted in that way."""

    name: str
    address: Allowance
    principal: Allowance | None
    account: Allowance | None
    refuses_when_down: bool


def plan(settings: RateLimitingSettings, site: Site, route: Route | None) -> Hooks:
    """Everything is counted by address when it arrives; a matched route then by its class."""
    if route is None:
        return Hooks(arrive=_arriving(settings, site))
    if class_of(settings, route).name in {UNLIMITED, FILES}:
        return Hooks()
    return Hooks(enter=_counting(settings, site, route), asks=site.counters.blocking or class_of(settings, route).name != DEFAULT)


def _patience(site: Site, *, local: bool) -> int:
    return site.patience or (LOCAL_PATIENCE if site.loopback or (local and not site.production) else 1)


def _by_place(usual: Callable[[Exchange], D], local: Callable[[Exchange], D]) -> Callable[[Exchange], D]:
    # Against a proxy on this machine that nobody declared: what it forwards does not come from here.
    return lambda exchange: local(exchange) if exchange.client in LOCAL and not exchange.is_forwarded else usual(exchange)


def _counting(settings: RateLimitingSettings, site: Site, route: Route) -> Enter:
    """What counts the requests of one route."""
    classes = {c.name: c for c in (*BUILT_IN, *settings.classes)}
    # An unknown name is a fault at start; until it is mended the ordinary rates hold.
    chosen = classes.get(class_of(settings, route).name, classes[DEFAULT])
    general = _simple(classes[DEFAULT], site)
    if chosen.name == DEFAULT:
        return general
    special = _simple(chosen, site) if not chosen.by_account else _special(chosen, settings, site)
    # Reading a login page is no login: where a route does both, its class is for what changes something.
    return special if not route.methods & _UNSAFE else _either(general, special)


def _special(chosen: RateClass, settings: RateLimitingSettings, site: Site) -> Enter:
    usual, local = _patience(site, local=False), _patience(site, local=True)
    counting = _by_account(_compiled(chosen, usual), settings, site)
    return counting if usual == local else _by_place(counting, _by_account(_compiled(chosen, local), settings, site))


def class_of(settings: RateLimitingSettings, route: Route) -> ClassOfRoute:
    """The class that a route has, and where that is said."""
    if route.rated is not None:
        return ClassOfRoute(name=route.rated.name, source="mark", reason=route.rated.reason)
    for named in settings.routes:
        if route.is_named(named.route):
            return ClassOfRoute(name=named.limit, source="settings", reason=named.reason)
    if route.kind is RouteKind.STATIC:
        return ClassOfRoute(name=FILES, source="kind")
    entrance = entrance_at(route.path) if isinstance(route.rule, Public) and route.methods & _UNSAFE else ""
    # Against the login that nobody thought of limiting.
    if entrance:
        return ClassOfRoute(name=entrance, source="entrance")
    return ClassOfRoute(name=DEFAULT, source="default")


def faults(settings: RateLimitingSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found = _rate_faults("arriving", settings.arriving)
    if not settings.arriving:
        found.append('arriving: is empty; write at least one rate, for example "200 per second"')
    for i, given in enumerate(settings.classes):
        where = f"classes[{i}]"
        for name in ("by_address", "by_principal", "by_account"):
            found += _rate_faults(f"{where}.{name}", getattr(given, name))
        if not given.by_address:
            found.append(f"{where}.by_address: is empty, so nobody who is not signed in would be counted; write at least one rate")
        if given.name in {"", UNLIMITED, FILES}:
            found.append(f'{where}.name: {given.name!r} is taken; choose another word, for example "search"')
        if given.when_down not in {"count", "refuse"}:
            found.append(f'{where}.when_down: {given.when_down!r} is unknown; write "count" or "refuse"')
    known = _known(settings)
    for i, route in enumerate(settings.routes):
        if route.limit not in known:
            found.append(f"routes[{i}].limit: {route.limit!r} is unknown; known: {', '.join(sorted(known))}")
        if route.limit == UNLIMITED and not route.reason.strip():
            found.append(f'routes[{i}].reason: "{UNLIMITED}" needs a reason; say what else keeps that route from being flooded')
    if not settings.account_fields:
        found.append('account_fields: is empty; name the field that holds the account, for example "email"')
    return found


def _rate_faults(where: str, rates: Sequence[str]) -> list[str]:
    found = []
    for rate in rates:
        try:
            Rate.of(rate)
        except ValueError as error:
            found.append(f"{where}: {error}")
    return found


def _known(settings: RateLimitingSettings) -> frozenset[str]:
    return frozenset({UNLIMITED, FILES, *(c.name for c in (*BUILT_IN, *settings.classes))})


def at_start(settings: RateLimitingSettings, site: Site, around: Surroundings, routes: Sequence[Route]) -> Sequence[str]:
    """Names that lead nowhere."""
    known = _known(settings)
    found = [
        f"routes: {named.route!r} names no route of this application; take it out, or correct method and path"
        for named in settings.routes
        if not any(route.is_named(named.route) for route in routes)
    ]
    found += [
        f"{route.name} is marked rate_limited({route.rated.name!r}), which is no class; known: {', '.join(sorted(known))}"
        for route in routes
        if route.rated is not None and route.rated.name not in known
    ]
    return found


# -- counting -----------------------------------------------------------------------------------------------


def _compiled(given: RateClass, patience: int) -> _Class:
    def allowance(by: str, rates: Sequence[str]) -> Allowance:
        return _allowance(f"{given.name} by {by}", rates, patience)

    return _Class(
        name=given.name,
        address=allowance("address", given.by_address),
        principal=allowance("principal", given.by_principal) if given.by_principal else None,
        account=allowance("account", given.by_account) if given.by_account else None,
        refuses_when_down=given.when_down == "refuse",
    )


def _allowance(name: str, rates: Sequence[str], patience: int) -> Allowance:
    return Allowance(name=name, rates=tuple(Rate(limit=rate.limit * patience, seconds=rate.seconds) for rate in map(Rate.of, rates)))


def _arriving(settings: RateLimitingSettings, site: Site) -> Arrive:
    # In this process alone: a flood must not become a flood of questions to a shared store.
    usual, local = (site.spare.single(_allowance("arriving", settings.arriving, _patience(site, local=here))) for here in (False, True))
    now = site.clock.now

    def arrive(exchange: Exchange) -> Decision:
        client = exchange.client
        take = local if client in LOCAL and not exchange.is_forwarded else usual
        wait = take(subject_of_colons(client) if ":" in client else client, now())
        return _too_many(RateLimitingReason.ARRIVING, wait, "everything") if wait else None

    return arrive


def _who(counted: _Class, exchange: Exchange) -> tuple[Taking, RateLimitingReason]:
    """Whom a request counts against, apart from the account that it names."""
    principal = exchange.principal
    if principal is not None and counted.principal is not None:
        return (counted.principal, principal.id), RateLimitingReason.PRINCIPAL
    # Against a forged X-Forwarded-For: `client` is the peer, or what a declared proxy says of it, never a header as it came.
    client = exchange.client
    return (counted.address, subject_of_colons(client) if ":" in client else client), RateLimitingReason.ADDRESS


def _simple(given: RateClass, site: Site) -> Enter:
    usual, local = (_compiled(given, _patience(site, local=here)) for here in (False, True))
    if site.counters.blocking:
        return _by_place(lambda exchange: _shared(usual, site, exchange, []), lambda exchange: _shared(local, site, exchange, []))
    now, single = site.clock.now, site.counters.single
    by_principal, by_principal_here = (None if c.principal is None else single(c.principal) for c in (usual, local))
    by_address, by_address_here = single(usual.address), single(local.address)

    def enter(exchange: Exchange) -> Decision:
        client, principal = exchange.client, exchange.principal
        is_local = client in LOCAL and not exchange.is_forwarded
        if principal is not None and (take := by_principal_here if is_local else by_principal) is not None:
            wait = take(principal.id, now())
            return _too_many(RateLimitingReason.PRINCIPAL, wait, given.name) if wait else None
        take = by_address_here if is_local else by_address
        wait = take(subject_of_colons(client) if ":" in client else client, now())
        return _too_many(RateLimitingReason.ADDRESS, wait, given.name) if wait else None

    return enter


def _either(general: Enter, special: Enter) -> Enter:
    def enter(exchange: Exchange) -> Decision | Asking:
        # Against a method that a framework knows in small letters too ("post"): the ordinary pace is for what surely changes nothing.
        return general(exchange) if exchange.method in _SAFE else special(exchange)

    return enter


def _shared(counted: _Class, site: Site, exchange: Exchange, accounts: Sequence[Taking]) -> Asking:
    """Count in the store that all processes share, in one call for everything."""
    taking, reason = _who(counted, exchange)
    takings = [taking, *accounts]

    def take() -> float | None:
        try:
            return site.counters.take(takings, now=site.clock.now())
        except StoreDown:
            return None

    wait = (yield Blocking(call=take)) if site.counters.blocking else take()
    if wait is None:
        refusal = _when_down(counted, site, exchange)
        if refusal is not None:
            return refusal
        wait = site.spare.take(takings, now=site.clock.now())
    else:
        site.outage.ends()
    if not wait:
        return None
    return _too_many(RateLimitingReason.ENTRANCE if accounts else reason, wait, counted.name)


def _when_down(counted: _Class, site: Site, exchange: Exchange) -> Refusal | None:
    """The fail mode while the shared store does not answer: entrances close, everything else is counted in this process."""
    told = "the store of the rate limits did not answer; entrances are refused, other routes are counted in each process alone"
    down = Refusal(control=CONTROL, status=503, reason=RateLimitingReason.STORE_DOWN.value, detail=told)
    # Against a store that is pushed over so that guessing is free again.
    if counted.refuses_when_down:
        site.outage.begins()
        return down
    if site.outage.begins():
        remark(exchange, down)
    return None


# -- accounts -----------------------------------------------------------------------------------------------


def _by_account(counted: _Class, settings: RateLimitingSettings, site: Site) -> Enter:
    """An entrance: whoever asks is counted, and every account that is named, whoever asks."""
    mac = Mac(site.key, purpose=b"network.rate-limiting account 1")
    fields = tuple(settings.account_fields)
    account = counted.account

    def enter(exchange: Exchange) -> Asking:
        named = yield from accounts_named(exchange, fields)
        # Against names of people in a store or a log: only a keyed hash leaves this function.
        takings = [] if account is None else [(account, mac.tag(name.encode("utf-8", "surrogatepass")).hex()) for name in named]
        return (yield from _shared(counted, site, exchange, takings))

    return enter


def _too_many(reason: RateLimitingReason, wait: float, counted: str) -> Refusal:
    seconds = max(1, math.ceil(wait))
    detail = f"class {counted}; again in {seconds} s"
    return Refusal(control=CONTROL, status=429, reason=reason.value, detail=detail, headers=((b"retry-after", b"%d" % seconds),))


GUARD: Guard[RateLimitingSettings] = Guard(control=CONTROL, settings=RateLimitingSettings, plan=plan, faults=faults, at_start=at_start)
