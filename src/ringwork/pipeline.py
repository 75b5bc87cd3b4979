"""The order of the guards, and what it compiles to.

Everything that can be decided once is decided at start: which guards are on, their constant headers, one plan for each route.
A request then runs plain closures; nothing is looked up, built or matched twice.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any

from ringwork import events
from ringwork.enforce.access import deny_by_default
from ringwork.enforce.browser import cookie_attributes, csrf, security_headers
from ringwork.enforce.guard import Arrive, Ask, Asking, Body, Decision, Enter, Guard, Hooks, Leave, Refusal, Site, remarks
from ringwork.enforce.network import host_validation
from ringwork.enforce.output import error_handling
from ringwork.events import Event, Outcome
from ringwork.exchange import Exchange, Header
from ringwork.names import ControlId
from ringwork.policy.policy import SETTINGS, Mode, Policy
from ringwork.principal import Principal
from ringwork.route import Public, Route

ORDER: tuple[Guard[Any], ...] = (
    # Outermost first: a request passes downward, its answer upward.
    error_handling.GUARD,
    # error-handling before security-headers, because a fault in any later guard must still leave as a clean page.
    security_headers.GUARD,
    # security-headers before cookie-attributes, because headers belong on every answer, those of later refusals too.
    cookie_attributes.GUARD,
    # cookie-attributes before host-validation: both look only at the request line and headers; cookies must be
    # rewritten on the refusal of a forged host as well.
    host_validation.GUARD,
    # host-validation before deny-by-default, because a forged host costs least to refuse and must reach no code of the application.
    deny_by_default.GUARD,
    # deny-by-default before csrf, because who may not enter at all needs no token, and reading a form costs more than a rule.
    csrf.GUARD,
)

UNDECIDED = "undecided"
FAULT = "identify-failed"
ACCESS = deny_by_default.GUARD.control
ERRORS = error_handling.GUARD.control


class Plan:
    """What happens to the requests of one route. All members are plain callables or constants.

    arrive: decides before routing. enter: decides when route and principal are known; may hand back a generator of asks.
    start: headers of the answer in, headers to send out. error_body: for answers of 400 and above, or None.
    drops: request headers that the application must not see.
    """

    __slots__ = ("pipeline", "route", "arrive", "enter", "start", "error_body", "drops")

    def __init__(self, pipeline: Pipeline, route: Route | None, hooks: list[Hooks]) -> None:
        self.pipeline, self.route = pipeline, route
        self.arrive = _fuse_arrive([h.arrive for h in hooks if h.arrive], pipeline)
        self.enter = _fuse_enter([h.enter for h in hooks if h.enter], pipeline)
        applied = [] if pipeline.observing else hooks
        self.start = _fuse_start(applied, pipeline)
        self.error_body = _fuse_bodies([h.error_body for h in reversed(applied) if h.error_body])
        self.drops: frozenset[bytes] = frozenset().union(*(h.drops for h in applied))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that ringwork gives itself."""

    status: int
    headers: list[Header]
    body: bytes


class Pipeline:
    """The guards of one application, compiled from its policy.

    only: ids of the controls to switch on, None for all. without: ids taken out; only the prover's copy passes it.
    """

    __slots__ = ("policy", "site", "mode", "observing", "controls", "guards", "unmatched", "requires_decision", "identifies", "_chosen")

    def __init__(
        self,
        policy: Policy,
        site: Site,
        *,
        mode: Mode,
        only: frozenset[ControlId] | None = None,
        without: frozenset[ControlId] = frozenset(),
    ) -> None:
        self.policy, self.site, self.mode = policy, site, mode
        self._chosen = (only, without)
        self.observing = mode is Mode.OBSERVE
        fields = {guard.control: name for name, guard in SETTINGS}
        chosen = [g for g in ORDER if (only is None or g.control in only) and g.control not in without]
        self.guards = [(guard, getattr(policy, fields[guard.control])) for guard in chosen]
        self.controls = tuple(guard.control for guard in chosen)
        self.requires_decision = ACCESS in self.controls and not self.observing
        self.identifies = bool({ACCESS, csrf.GUARD.control} & set(self.controls))
        self.unmatched = self.plan(None)

    def for_policy(self, policy: Policy) -> Pipeline:
        """The same guards, compiled from another policy."""
        only, without = self._chosen
        return Pipeline(policy, self.site, mode=self.mode, only=only, without=without)

    def plan(self, route: Route | None) -> Plan:
        """Compile the plan of one route; None for whatever no route matches."""
        return Plan(self, route, [guard.plan(settings, self.site, route) for guard, settings in self.guards])

    def record(
        self, exchange: Exchange, refusal: Refusal, *, outcome: Outcome = Outcome.DENIED, error: BaseException | None = None
    ) -> None:
        """Tell the operator, once, under the incident number that the client gets."""
        principal = exchange.principal
        event = Event(
            control=refusal.control,
            reason=refusal.reason,
            outcome=outcome,
            status=refusal.status,
            method=exchange.method,
            route=exchange.route_name,
            peer=exchange.peer,
            principal=None if principal is None else principal.id,
            incident=exchange.incident,
            at=self.site.clock.now(),
            detail=refusal.detail,
            error=error or _fault_of(exchange),
        )
        try:
            self.policy.events(event)
        except Exception:  # noqa: BLE001  # whatever a sink of the application raises
            # Against a full disk that turns a refusal into the server's own bare page: the answer goes out, the log keeps the event.
            events.LOGGER.exception("the event sink failed; the event was %s", events.as_fields(event))

    def refuse(self, exchange: Exchange, refusal: Refusal) -> Answer:
        """Record a refusal and make the client's answer; its headers still have to pass `plan.start`."""
        self.record(exchange, refusal)
        return self.answer(exchange, refusal.status, refusal.headers)

    def fail(self, exchange: Exchange, error: BaseException, *, status: int = 500) -> Answer:
        """Record an exception of the application and make a clean answer."""
        self.failed(exchange, error, status=status)
        return self.answer(exchange, status)

    def failed(self, exchange: Exchange, error: BaseException, *, status: int = 500) -> None:
        """Record an exception of the application, with its traceback, for the operator alone."""
        refusal = Refusal(control=ERRORS, status=status, reason="exception", detail=type(error).__name__)
        self.record(exchange, refusal, outcome=Outcome.ERROR, error=error)

    def answered(self, exchange: Exchange, status: int) -> None:
        """Record an error that the application or its framework answered by itself, so that its number leads somewhere."""
        self.record(exchange, Refusal(control=ERRORS, status=status, reason="answered"), outcome=Outcome.ERROR)

    def answer(self, exchange: Exchange, status: int, extra: Iterable[Header] = ()) -> Answer:
        """A clean answer of ringwork's own with `status`, as page or problem document."""
        exchange.note(ERRORS, status)
        headers, body = error_handling.answer_for(exchange, status)
        return Answer(status=status, headers=[*headers, *extra], body=body)

    def take_identity(self, exchange: Exchange, found: object) -> Refusal | None:
        """Note who `identify` says is asking."""
        if found is None or isinstance(found, Principal):
            exchange.principal = found
            return None
        return self.no_identity(exchange, f"identify returned {type(found).__name__}; it must return a Principal or None")

    def no_identity(self, exchange: Exchange, problem: str, error: BaseException | None = None) -> Refusal | None:
        """What follows when `identify` raised, hung, or returned something that is no Principal.

        Against a broken user loader that lets everybody in: a public route goes on for nobody, any other is refused.
        """
        refusal = Refusal(control=ACCESS, status=503, reason=FAULT, detail=problem)
        is_public = exchange.route is not None and isinstance(exchange.route.rule, Public)
        goes_on = self.observing or is_public or ACCESS not in self.controls
        if goes_on:
            self.record(exchange, refusal, outcome=Outcome.OBSERVED, error=error)
            return None
        exchange.note(FAULT, error)
        return refusal

    def undecided(self, exchange: Exchange, status: int) -> Refusal | None:
        """The refusal of an answer that no rule has allowed, or None when it may leave.

        Against answers that never met the access rules: a middleware that serves by itself, a route that the router
        reached in another way. Redirects, errors and OPTIONS carry nothing of the application's data.
        """
        if exchange.decided or not self.requires_decision or status >= 300 or exchange.method == "OPTIONS":
            return None
        detail = "an answer without an access decision; give its route a rule, or name it in the policy's rules"
        return Refusal(control=ACCESS, status=403, reason=UNDECIDED, detail=detail)


def _fault_of(exchange: Exchange) -> BaseException | None:
    fault = exchange.noted(FAULT)
    return fault if isinstance(fault, BaseException) else None


def _fuse_arrive(steps: list[Arrive], pipeline: Pipeline) -> Arrive:
    def arrive(exchange: Exchange) -> Decision:
        for step in steps:
            refusal = step(exchange)
            if refusal is not None:
                if pipeline.observing:
                    pipeline.record(exchange, refusal, outcome=Outcome.OBSERVED)
                    continue
                return refusal
        return None

    return arrive


def _fuse_enter(steps: list[Enter], pipeline: Pipeline) -> Enter:
    def enter(exchange: Exchange) -> Decision | Asking:
        for i, step in enumerate(steps):
            found = step(exchange)
            if found is None:
                continue
            if isinstance(found, Refusal):
                if pipeline.observing:
                    pipeline.record(exchange, found, outcome=Outcome.OBSERVED)
                    continue
                return found
            return _asking(found, exchange, steps[i + 1 :], pipeline)
        return None

    return enter


def _asking(first: Asking, exchange: Exchange, rest: list[Enter], pipeline: Pipeline) -> Generator[Ask, Any, Refusal | None]:
    """Go on from a guard that asks, with those that stand behind it."""
    refusal = yield from first
    for step in [None, *rest]:
        if step is not None:
            found = step(exchange)
            refusal = found if found is None or isinstance(found, Refusal) else (yield from found)
        if refusal is not None:
            if not pipeline.observing:
                return refusal
            pipeline.record(exchange, refusal, outcome=Outcome.OBSERVED)
    return None


def _fuse_start(hooks: list[Hooks], pipeline: Pipeline) -> Callable[[Exchange, int, list[Header]], list[Header]]:
    """One pass over the application's headers: what guards own is taken out, constants are put in, then the hooks of each."""
    constants = [header for h in hooks for header in h.headers]
    owned = dict(constants)
    removed = frozenset().union(*(h.removes for h in hooks))
    keeps = {name: values for h in hooks for name, values in (h.keeps or {}).items()}
    touched = removed | owned.keys()
    leaves: list[Leave] = [h.leave for h in reversed(hooks) if h.leave]

    def settle(headers: list[Header]) -> list[Header]:
        kept: dict[bytes, bytes] = {}
        passed = []
        for name, value in headers:
            lower = name.lower()
            if lower not in touched:
                passed.append((lower, value))
            elif value.lower() in keeps.get(lower, ()):
                kept[lower] = value
        return [*passed, *((name, kept.get(name, value)) for name, value in constants)]

    def start(exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
        for name, _ in headers:
            if name in touched or not name.islower():
                out = settle(headers)
                break
        else:
            out = [*headers, *constants]
        for leave in leaves:
            out = leave(exchange, status, out)
        if exchange.notes is not None:
            for what in remarks(exchange):
                pipeline.record(exchange, what, outcome=Outcome.OBSERVED)
        return out

    return start


def _fuse_bodies(steps: list[Body]) -> Body | None:
    if not steps:
        return None

    def error_body(exchange: Exchange, status: int, headers: list[Header], body: bytes) -> tuple[list[Header], bytes] | None:
        replaced = None
        for step in steps:
            found = step(exchange, status, headers, body)
            if found is not None:
                replaced = found
                headers, body = found
        return replaced

    return error_body
