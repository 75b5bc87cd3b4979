"""A policy installed in one application: its pipeline, its compiled plans, and what is checked and said at start."""

from __future__ import annotations

import base64
import binascii
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from ringwork import events, named_things, own_checks, signing_keys
from ringwork.clock import as_utc
from ringwork.crypto import chance
from ringwork.enforce.guard import Refusal, Site, Surroundings
from ringwork.enforce.transport import certificate_verification
from ringwork.errors import PolicyInvalid
from ringwork.frozen import Frozen, replace
from ringwork.names import ControlId
from ringwork.pipeline import ACCESS, DEBUG, ORDER, Pipeline, Plan
from ringwork.policy.declare import Contradiction, exemption_among, rule_of
from ringwork.policy.known_by import KnownBy
from ringwork.policy.policy import MODES, Mode, Policy, is_loopback_name
from ringwork.route import Own, Requires, Route, Rule, names_route
from ringwork.secret import Secret
from ringwork.stores import chosen

LOGGER = logging.getLogger("ringwork")

KEY_BYTES = 32


class FoundRule(Frozen):
    """The rule that stands before a route, where it was found, and the reason of a CSRF exemption, if any.

    passed_over: what was seen and gives no rule, "" for nothing.
    """

    rule: Rule | None
    source: str
    csrf_exempt: str | None
    passed_over: str = ""


NOTHING = FoundRule(rule=None, source="", csrf_exempt=None)
"""What is found where nobody has installed a policy."""


class Installation:
    """What `protect` leaves in an application. Adapters ask it for plans; the prover's copy has it compiled anew.

    plans: compiled plan by identity of the framework's own route object, which is kept beside it so that the identity stays taken.
    in_code: the policy was handed over by code, so no settings file is read.
    """

    __slots__ = (
        "policy",
        "mode",
        "only",
        "stores",
        "site",
        "pipeline",
        "plans",
        "list_routes",
        "look_round",
        "prepare",
        "in_code",
        "settled",
        "_named_checks",
        "_seen_checks",
        "_outbound",
    )

    def __init__(
        self,
        policy: Policy,
        *,
        only: Iterable[str] | None,
        list_routes: Callable[[], Sequence[Route]],
        look_round: Callable[[], Surroundings] = lambda: Surroundings(framework=""),
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        self.policy = policy
        self.mode = _mode(policy)
        self.only = None if only is None else _only(only)
        self.list_routes, self.look_round, self.prepare = list_routes, look_round, prepare
        self.stores = chosen.stores(policy.store, about=policy.origin, clock=policy.clock)
        self.site = _site(policy, self.mode, self.stores)
        self.plans: dict[int, tuple[object, Plan]] = {}
        self.in_code = False
        self.settled = False
        self._named_checks: Mapping[str, object] | None = None
        self._seen_checks: set[str] = set()
        self._outbound: object = None
        self.pipeline = Pipeline(policy, self.site, mode=self.mode, only=self.only)
        self._watch_outbound()

    def recompile(
        self, *, without: frozenset[ControlId] = frozenset(), origin: str = "", production: bool = False, patience: int = 0
    ) -> None:
        """Compile anew for the prover's copy: other canonical origin, production's strictness, guards taken out, rates multiplied."""
        if self.stores.server is not None:
            # A copy has no network; it counts and spends in its own memory.
            self.stores = chosen.stores("memory", about="", clock=self.policy.clock)
            self.site = replace(self.site, spent=self.stores.spent, counters=self.stores.counters)
        self.site = replace(self.site, patience=patience)
        if origin:
            self.site = _with_origin(self.site, origin)
        if production:
            self.mode = Mode.PRODUCTION
            self.site = replace(self.site, production=True)
        self.pipeline = Pipeline(self.policy, self.site, mode=self.mode, only=self.only, without=without)
        self._watch_outbound()
        self.plans.clear()
        self.settled = False

    def plan(self, key: object, route: Callable[[], Route]) -> Plan:
        """The compiled plan of the framework's route object `key`; made at its first request."""
        found = self.plans.get(id(key))
        if found is None or found[0] is not key:
            found = self.plans[id(key)] = (key, self.pipeline.plan(route()))
        return found[1]

    def find_rule(self, methods: frozenset[str], path: str, marked: Sequence[tuple[str, object]], *, own: Sequence[str] = ()) -> FoundRule:
        """The rule of a route: the innermost mark wins, then the policy's own rules, then the application's own check.

        marked: (where, object) from the handler outward: handler, router, mounted application.
        own: recognised checks of the application that stand before the handler, outermost first (own_checks).
        """
        self._seen_checks.update(own)
        exempt = exemption_among(marked)
        for where, target in marked:
            rule = rule_of(target)
            if isinstance(rule, Contradiction):
                # Against a rule that opens what another closes: neither is taken.
                return FoundRule(rule=None, source="", csrf_exempt=exempt, passed_over=str(rule))
            if rule is not None:
                return FoundRule(rule=rule, source=where, csrf_exempt=exempt)
        for name, mark in self.policy.rules.items():
            if names_route(name, methods, path):
                return FoundRule(rule=mark.rule, source="policy", csrf_exempt=exempt)
        if own:
            return FoundRule(rule=Own(by=own[0]), source=f"own check {own[0]}", csrf_exempt=exempt)
        return FoundRule(rule=None, source="", csrf_exempt=exempt)

    def named_checks(self) -> Mapping[str, object]:
        """What the policy's `own_auth` names, by that name; loaded late, since its module may be the one that calls protect()."""
        if self._named_checks is None:
            known = self.policy.identify
            # The dependency that tells who is asking refuses nobodies where it stands before a route.
            told = (known.dependency,) if isinstance(known, KnownBy) and known.dependency else ()
            self._named_checks = {name: named_things.load("own_auth", name) for name in dict.fromkeys((*self.policy.own_auth, *told))}
        return self._named_checks

    def settle(self) -> None:
        """Check the whole application once, at start or at the first request, and say in one line what holds.

        Raises PolicyInvalid in production for a route without a rule, a rule that names no route, or an unknown role.
        """
        if self.settled:
            return
        if isinstance(self.policy.identify, str | KnownBy):
            self._name_identify(self.policy.identify)
        if events.LOGGER.level == logging.NOTSET:
            events.LOGGER.setLevel(logging.INFO)  # errors that the application answers itself are told at INFO
        routes = self.list_routes()
        around = self._look_round()
        faults = [
            *self._access_faults(routes),
            *self._guard_faults(routes, around),
            *self._store_faults(),
            *self._production_faults(around),
        ]
        if faults and self.mode is Mode.PRODUCTION:
            raise PolicyInvalid(faults)
        self._require_stated_place(faults)
        for fault in faults:
            LOGGER.warning("%s", fault)
        print(self.banner(routes), file=sys.stderr)
        self.prepare()
        # Last, because a start that was refused stays refused: every later request comes by here again.
        self.settled = True

    def faults_in_production(self) -> list[str]:
        """What would stop a start in production, for who asks before there is one; stores are not asked."""
        self.named_checks()
        routes, around, here = self.list_routes(), self.look_round(), self.site
        self.site = replace(here, production=True)
        try:
            return [*self._access_faults(routes), *self._guard_faults(routes, around), *self._production_faults(around, forced=True)]
        finally:
            self.site = here

    def _watch_outbound(self) -> None:
        """From now on, and not from the first request: refuse what this process says to others unverified, while this application lives."""
        self._outbound = None
        if certificate_verification.CONTROL in self.pipeline.controls:
            from ringwork.outbound import watching

            observing, teller = self.pipeline.observing, self.pipeline.teller
            outcome = events.Outcome.OBSERVED if observing else events.Outcome.DENIED

            def tell(refusal: Refusal) -> None:
                if teller is not None:
                    teller.tell_outbound(refusal, outcome)

            self._outbound = watching.watch(self.policy.certificate_verification, observing=observing, tell=tell)

    def _name_identify(self, named: str | KnownBy) -> None:
        """Take the function that the settings name; late, because its module may be the one that calls protect()."""
        self.named_checks()  # one of them may be the very dependency that is taken now
        if isinstance(named, str):
            found = named_things.load("identify", named)
        else:
            from ringwork import identify

            try:
                found = identify.from_settings(named, named_things.load("identify", named.names) if named.names else None)
            except (ValueError, ImportError) as error:
                raise PolicyInvalid([f"identify: {error}"]) from error
        self.policy = replace(self.policy, identify=found)
        self.pipeline = self.pipeline.for_policy(self.policy)
        self.plans.clear()

    def unsettled(self) -> PolicyInvalid | None:
        """Why no request may be served yet, None when all is well; for hosts that know no start."""
        try:
            self.settle()
        except PolicyInvalid as fault:
            self.pipeline.start_refused(fault, len(fault.faults))
            return fault
        return None

    def banner(self, routes: Sequence[Route]) -> str:
        """The one line that is printed at start."""
        ruled = sum(route.rule is not None for route in routes)
        own = 0 if self.site.identifies else sum(isinstance(route.rule, Own) for route in routes)
        left = f" ({own} left to the application's own check, since `identify` is not set)" if own else ""
        place = "loopback only (no origin is set)" if self.site.loopback else self.site.canonical_origin
        controls = f"{len(self.pipeline.controls)} of {len(ORDER)} controls"
        return f"ringwork: {self.mode.value}, {controls}, {ruled} of {len(routes)} routes with a rule{left}, {place}"

    def _access_faults(self, routes: Sequence[Route]) -> list[str]:
        if ACCESS not in self.pipeline.controls:
            return []
        fate = "would be refused in enforce" if self.mode is Mode.OBSERVE else "is refused"
        faults = [
            f"{ACCESS}: {route.name} ({route.handler.name}) has no rule and {fate}; {route.passed_over or _how_to_rule(route)}"
            for route in routes
            if route.rule is None
        ]
        faults += dict.fromkeys(f"{ACCESS}: {route.passed_over}" for route in routes if route.rule is not None and route.passed_over)
        for name in self.policy.rules:
            if not any(route.is_named(name) for route in routes):
                faults.append(f"{ACCESS}: rules[{name!r}] names no route of this application; take it out, or correct method and path")
        known = frozenset(self.policy.roles)
        for route in routes:
            strange = route.rule.roles - known if known and isinstance(route.rule, Requires) else frozenset()
            if strange:
                faults.append(f"{ACCESS}: {route.name} requires {', '.join(sorted(strange))}, which `roles` does not list")
        for name in own_checks.unused(tuple(self.named_checks()), self._seen_checks):
            faults.append(f"{ACCESS}: own_auth names {name}, which stands before no route; take it out, or name what does")
        return faults

    def _look_round(self) -> Surroundings:
        """The surroundings at the start. A debugging tool among them is kept out of reach, which takes a plan of its own."""
        around = self.look_round()
        if around.debug != self.site.debug:
            self.site = replace(self.site, debug=around.debug)
            self.pipeline = self.pipeline.for_site(self.site)
            self.plans.clear()
        return around

    def _require_stated_place(self, faults: Sequence[str]) -> None:
        """Raise PolicyInvalid when debugging is on and nobody said that this is not production.

        Against a debugger in a production that nobody named so. What serves this machine alone needs no word.
        """
        stated = bool(os.environ.get("RINGWORK_MODE")) or self.policy.mode is not None
        if stated or not self.policy.origin or is_loopback_name(self.policy.origin.partition("://")[2]):
            return
        grave = [fault for fault in faults if fault.startswith(DEBUG)]
        if grave:
            advice = (
                'mode: not stated, so this may be production; on your own machine write RINGWORK_MODE=enforce, else mode = "production"'
            )
            raise PolicyInvalid([*grave, advice])

    def _guard_faults(self, routes: Sequence[Route], around: Surroundings) -> list[str]:
        return [
            fault if fault.startswith(guard.control) else f"{guard.control}: {fault}"
            for guard, settings in self.pipeline.guards
            for fault in guard.at_start(settings, self.site, around, routes)
        ]

    def _store_faults(self) -> list[str]:
        faults = chosen.faults_at_start(self.stores, clock=self.policy.clock, production=self.mode is Mode.PRODUCTION)
        if self.stores.server is not None and self.policy.key is None and not os.environ.get("RINGWORK_KEY"):
            # Against accounts that each process counts under a hash of its own.
            faults.append("key: the store is shared by several processes, the key is not; set RINGWORK_KEY, the same in all of them")
        return faults

    def _production_faults(self, around: Surroundings, *, forced: bool = False) -> list[str]:
        if self.mode is not Mode.PRODUCTION and not forced:
            return []
        faults = []
        if self.site.loopback:
            faults.append('origin: production needs the canonical origin; add origin = "https://your.host"')
        if self.policy.key is None and not os.environ.get("RINGWORK_KEY"):
            faults.append("key: production needs RINGWORK_KEY, 32 random bytes in base64, the same in every process")
        if self.only is not None:
            faults.append("only: production runs all controls; take `only` out, or stay in enforce")
        # Against sessions that a stranger signs: the framework's own keys are looked at before the first one is taken.
        return [*faults, *signing_keys.faults(around.settings)]


def _how_to_rule(route: Route) -> str:
    """What to write for a route without a rule; a check that stands before it and does not count is named first."""
    mark = f'mark it with requires(...) or public("reason"), or name it in the policy: rules={{"{route.name}": ...}}'
    if not route.seen_checks:
        return mark
    listed = ", ".join(f'"{name}"' for name in route.seen_checks)
    seen = f"{route.seen_checks[0]} stands before it and does not count"
    return f"{seen}; if it refuses who is not signed in, own_auth = [{listed}], else {mark}"


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


def _site(policy: Policy, mode: Mode, kept: chosen.Stores) -> Site:
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
        spent=kept.spent,
        counters=kept.counters,
        spare=kept.spare,
        identifies=policy.identify is not None,
        knows_services=bool(policy.mutual_tls.services),
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
