"""A policy installed in one application: its pipeline, its compiled plans, and what is checked and said at start."""

from __future__ import annotations

import base64
import binascii
import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ringwork import events
from ringwork.clock import as_utc
from ringwork.crypto import chance
from ringwork.enforce.guard import Site, SpentTokens, require_counting
from ringwork.errors import PolicyInvalid
from ringwork.names import ControlId
from ringwork.pipeline import ACCESS, ORDER, Pipeline, Plan
from ringwork.policy.declare import exemption_of, rule_of
from ringwork.policy.policy import MODES, Mode, Policy, is_loopback_name
from ringwork.route import Requires, Route, Rule
from ringwork.secret import Secret
from ringwork.stores.memory import MemorySpentTokens
from ringwork.stores.sqlite import SqliteSpentTokens

LOGGER = logging.getLogger("ringwork")

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRule:
    """The rule that stands before a route, where it was found, and the reason of a CSRF exemption, if any."""

    rule: Rule | None
    source: str
    csrf_exempt: str | None


class Installation:
    """What `protect` leaves in an application. Adapters ask it for plans; the prover's copy has it compiled anew.

    plans: compiled plan by identity of the framework's own route object, which is kept beside it so that the identity stays taken.
    """

    __slots__ = ("policy", "mode", "only", "site", "pipeline", "plans", "list_routes", "settled")

    def __init__(self, policy: Policy, *, only: Iterable[str] | None, list_routes: Callable[[], Sequence[Route]]) -> None:
        self.policy = policy
        self.mode = _mode(policy)
        self.only = None if only is None else _only(only)
        self.list_routes = list_routes
        self.site = _site(policy, self.mode)
        self.plans: dict[int, tuple[object, Plan]] = {}
        self.settled = False
        self.pipeline = Pipeline(policy, self.site, mode=self.mode, only=self.only)

    def recompile(self, *, without: frozenset[ControlId] = frozenset(), origin: str = "", production: bool = False) -> None:
        """Compile anew for the prover's copy: other canonical origin, production's strictness, guards taken out."""
        if origin:
            self.site = _with_origin(self.site, origin)
        if production:
            self.mode = Mode.PRODUCTION
            self.site = replace(self.site, production=True)
        self.pipeline = Pipeline(self.policy, self.site, mode=self.mode, only=self.only, without=without)
        self.plans.clear()
        self.settled = False

    def plan(self, key: object, route: Callable[[], Route]) -> Plan:
        """The compiled plan of the framework's route object `key`; made at its first request."""
        found = self.plans.get(id(key))
        if found is None or found[0] is not key:
            found = self.plans[id(key)] = (key, self.pipeline.plan(route()))
        return found[1]

    def find_rule(self, methods: frozenset[str], path: str, marked: Sequence[tuple[str, object]]) -> FoundRule:
        """The rule of a route: the innermost mark wins, then the policy's own rules.

        marked: (where, object) from the handler outward: handler, router, mounted application.
        """
        exempt = next((reason for _, target in marked if (reason := exemption_of(target)) is not None), None)
        for where, target in marked:
            rule = rule_of(target)
            if rule is not None:
                return FoundRule(rule=rule, source=where, csrf_exempt=exempt)
        for name, mark in self.policy.rules.items():
            if _names_route(name, methods, path):
                return FoundRule(rule=mark.rule, source="policy", csrf_exempt=exempt)
        return FoundRule(rule=None, source="", csrf_exempt=exempt)

    def settle(self) -> None:
        """Check the whole application once, at start or at the first request, and say in one line what holds.

        Raises PolicyInvalid in production for a route without a rule, a rule that names no route, or an unknown role.
        """
        if self.settled:
            return
        if isinstance(self.policy.identify, str):
            self._name_identify(self.policy.identify)
        if events.LOGGER.level == logging.NOTSET:
            events.LOGGER.setLevel(logging.INFO)  # errors that the application answers itself are told at INFO
        routes = self.list_routes()
        faults = [*self._access_faults(routes), *self._production_faults()]
        if faults and self.mode is Mode.PRODUCTION:
            raise PolicyInvalid(faults)
        for fault in faults:
            LOGGER.warning("%s", fault)
        print(self.banner(routes), file=sys.stderr)
        # Last, because a start that was refused stays refused: every later request comes by here again.
        self.settled = True

    def _name_identify(self, name: str) -> None:
        """Take the function that the settings name; late, because its module may be the one that calls protect()."""
        module, _, attribute = name.partition(":")
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            raise PolicyInvalid([f'identify = {name!r} cannot be loaded ({error}); write "package.module:function"']) from error
        self.policy = replace(self.policy, identify=found)
        self.pipeline = self.pipeline.for_policy(self.policy)
        self.plans.clear()

    def unsettled(self) -> PolicyInvalid | None:
        """Why no request may be served yet, None when all is well; for hosts that know no start."""
        try:
            self.settle()
        except PolicyInvalid as fault:
            return fault
        return None

    def banner(self, routes: Sequence[Route]) -> str:
        """The one line that is printed at start."""
        ruled = sum(route.rule is not None for route in routes)
        place = "loopback only (no origin is set)" if self.site.loopback else self.site.canonical_origin
        controls = f"{len(self.pipeline.controls)} of {len(ORDER)} controls"
        return f"ringwork: {self.mode.value}, {controls}, {ruled} of {len(routes)} routes with a rule, {place}"

    def _access_faults(self, routes: Sequence[Route]) -> list[str]:
        if ACCESS not in self.pipeline.controls:
            return []
        fate = "would be refused in enforce" if self.mode is Mode.OBSERVE else "is refused"
        faults = [
            f'{ACCESS}: {route.name} ({route.handler.name}) has no rule and {fate}; mark it with requires(...) or public("reason"), '
            f'or name it in the policy: rules={{"{route.name}": ...}}'
            for route in routes
            if route.rule is None
        ]
        for name in self.policy.rules:
            if not any(_names_route(name, route.methods, route.path) for route in routes):
                faults.append(f"{ACCESS}: rules[{name!r}] names no route of this application; take it out, or correct method and path")
        known = frozenset(self.policy.roles)
        for route in routes:
            strange = route.rule.roles - known if known and isinstance(route.rule, Requires) else frozenset()
            if strange:
                faults.append(f"{ACCESS}: {route.name} requires {', '.join(sorted(strange))}, which `roles` does not list")
        needs_identity = [route for route in routes if isinstance(route.rule, Requires)]
        if needs_identity and self.policy.identify is None:
            faults.append(
                f"{ACCESS}: {len(needs_identity)} route(s) require a principal and `identify` is not set, so nobody can enter; set it"
            )
        return faults

    def _production_faults(self) -> list[str]:
        if self.mode is not Mode.PRODUCTION:
            return []
        faults = []
        if self.site.loopback:
            faults.append('origin: production needs the canonical origin; add origin = "https://your.host"')
        if self.policy.key is None and not os.environ.get("RINGWORK_KEY"):
            faults.append("key: production needs RINGWORK_KEY, 32 random bytes in base64, the same in every process")
        if self.only is not None:
            faults.append("only: production runs all controls; take `only` out, or stay in enforce")
        return faults


def _mode(policy: Policy) -> Mode:
    named = os.environ.get("RINGWORK_MODE", "")
    if not named:
        return policy.mode or Mode.ENFORCE
    if named not in MODES:
        raise PolicyInvalid([f'RINGWORK_MODE: {named[:20]!r} is unknown; write "observe", "enforce" or "production"'])
    mode = Mode(named)
    if mode is Mode.OBSERVE and policy.mode is Mode.PRODUCTION and not _is_waived(policy):
        raise PolicyInvalid(
            ["RINGWORK_MODE: observe would switch production's refusals off; that needs a waiver of access.deny-by-default"]
        )
    return mode


def _is_waived(policy: Policy) -> bool:
    """Whether a waiver lets the rules rest today, on all routes."""
    # Against a waiver of something else, of one route, or of long ago.
    today = as_utc(policy.clock.now()).date()
    return any(waiver.control == ACCESS and not waiver.route and waiver.until >= today for waiver in policy.waivers)


def _only(names: Iterable[str]) -> frozenset[ControlId]:
    known = {guard.control for guard in ORDER}
    chosen = frozenset(ControlId(name) for name in ([names] if isinstance(names, str) else names))
    unknown = sorted(chosen - known)
    if not chosen:
        raise PolicyInvalid([f"only: is empty; name at least one control of: {', '.join(sorted(known))}"])
    if unknown:
        raise PolicyInvalid([f"only: {name!r} is no control with a guard; known: {', '.join(sorted(known))}" for name in unknown])
    return chosen


def _site(policy: Policy, mode: Mode) -> Site:
    origins = frozenset(o.encode() for o in (policy.origin, *policy.trusted_origins) if o)
    hosts = {host.encode() for host in policy.hosts}
    if policy.origin:
        hosts.add(policy.origin.partition("://")[2].encode())
    return Site(
        origins=origins,
        canonical_origin=policy.origin,
        hosts=frozenset(hosts),
        loopback=not policy.origin,
        production=mode is Mode.PRODUCTION,
        clock=policy.clock,
        key=policy.key or _key_of_environment(),
        spent=_store(policy.store),
    )


def _with_origin(site: Site, origin: str) -> Site:
    host = origin.partition("://")[2]
    if not is_loopback_name(host) and site.loopback:
        raise PolicyInvalid([f"origin: a copy without a policy origin is served on loopback names only, not {host!r}"])
    return replace(
        site, origins=site.origins | {origin.encode()}, canonical_origin=origin, hosts=site.hosts | {host.encode()}, loopback=False
    )


def _key_of_environment() -> Secret[bytes]:
    text = os.environ.get("RINGWORK_KEY", "")
    if not text:
        # Against a key that is known to anyone: without one, each process makes its own and forgets it at its end.
        return Secret(chance.random_bytes(KEY_BYTES))
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise PolicyInvalid(["RINGWORK_KEY: no valid base64; make one with: openssl rand -base64 32"]) from error
    if len(key) < KEY_BYTES:
        raise PolicyInvalid([f"RINGWORK_KEY: {len(key)} bytes are too few; make one with: openssl rand -base64 32"])
    return Secret(key)


def _store(named: SpentTokens | str) -> SpentTokens:
    if not isinstance(named, str):
        store = named
    elif named == "memory":
        store = MemorySpentTokens()
    elif named.startswith("sqlite:") and named != "sqlite:":
        store = SqliteSpentTokens(named.removeprefix("sqlite:"))
    else:
        raise PolicyInvalid([f'store: {named!r} is unknown; write "memory" or "sqlite:path/to/file"'])
    require_counting(store)
    return store


def _names_route(name: str, methods: frozenset[str], path: str) -> bool:
    """Whether a rule's name ("GET /docs", "ANY /static", "WEBSOCKET /live") means the route with these methods and path."""
    named, _, named_path = name.partition(" ")
    if named_path != path:
        return False
    if named == "ANY":
        return True
    shown = methods - {"HEAD", "OPTIONS"} or frozenset({"WEBSOCKET"})
    return shown <= frozenset(named.split(","))
