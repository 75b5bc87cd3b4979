"""The order of the guards, and what it compiles to.

Everything that can be decided once is decided at start: which guards are on, their constant headers, one plan for each route.
A request then runs plain closures; nothing is looked up, built or matched twice.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, NamedTuple

from ringwork import fusing
from ringwork.enforce.access import deny_by_default
from ringwork.enforce.browser import cache_control, content_security_policy, cookie_attributes, cors, csrf, open_redirect, security_headers
from ringwork.enforce.data import message_integrity
from ringwork.enforce.guard import (
    Decision,
    Enter,
    Guard,
    Hooks,
    Limits,
    Refusal,
    Reply,
    Site,
)
from ringwork.enforce.identity import authentication_required
from ringwork.enforce.network import host_validation, rate_limiting, request_limits, trusted_proxies
from ringwork.enforce.observation import security_event_logging
from ringwork.enforce.output import debug_disabled, error_handling, fail_closed, information_disclosure
from ringwork.enforce.transport import certificate_lifecycle, certificate_verification, hsts, mutual_tls, tls_configuration, tls_required
from ringwork.events import Outcome
from ringwork.exchange import Exchange, Header, lay_out
from ringwork.frozen import replace
from ringwork.names import ControlId
from ringwork.policy.guards import SETTINGS
from ringwork.policy.policy import Mode, Policy
from ringwork.principal import Principal
from ringwork.route import Public, Route
from ringwork.telling import Teller

ORDER: tuple[Guard[Any], ...] = (
    # Outermost first: a request passes downward, its answer upward.
    tls_configuration.GUARD,
    # tls-configuration before security-event-logging, because a handshake is over before there is a request to tell of.
    security_event_logging.GUARD,
    # security-event-logging before error-handling, because the fault of any guard below has to be told as well.
    error_handling.GUARD,
    # error-handling before fail-closed, because what fails closed is answered by a clean page too.
    fail_closed.GUARD,
    # fail-closed before security-headers, because headers belong on the refusals that a fault in a guard ends in.
    security_headers.GUARD,
    # security-headers before hsts: both are constants of every answer; hsts alone depends on the scheme.
    hsts.GUARD,
    # hsts before cache-control, because what is cached or not is decided on the headers of the inner guards, and hsts looks at none.
    cache_control.GUARD,
    # cache-control before information-disclosure, because banners are taken out of every answer, a cacheable one too.
    information_disclosure.GUARD,
    # information-disclosure before cookie-attributes, because cookies are rewritten before anything outside looks at them.
    cookie_attributes.GUARD,
    # cookie-attributes before trusted-proxies, because cookies are rewritten on every refusal below, and who is asking is
    # resolved before anything decides on it.
    trusted_proxies.GUARD,
    # trusted-proxies before host-validation, because the host that a trusted proxy forwards is the one to be checked.
    host_validation.GUARD,
    # host-validation before tls-required, because a redirect to https must never carry a forged name.
    tls_required.GUARD,
    # tls-required before mutual-tls, because what comes in clear has shown no certificate.
    mutual_tls.GUARD,
    # mutual-tls before rate-limiting, because a caller that nobody knows is not worth a counter either.
    rate_limiting.GUARD,
    # rate-limiting before content-security-policy, because the intake of reports must be counted like any other request.
    content_security_policy.GUARD,
    # content-security-policy before cors, because reports come without a login and without a preflight.
    cors.GUARD,
    # cors before open-redirect, because a preflight is answered before the application is asked anything.
    open_redirect.GUARD,
    # open-redirect before debug-disabled, because both look at answers, and a redirect is judged whatever the debugger does.
    debug_disabled.GUARD,
    # debug-disabled before authentication-required, because a debugger must be out of reach for signed-in users too.
    authentication_required.GUARD,
    # authentication-required before deny-by-default, because who is asking is known before what he may do.
    deny_by_default.GUARD,
    # deny-by-default before request-limits, because who may not enter at all shall not make us read a body.
    request_limits.GUARD,
    # request-limits before message-integrity, because a body is measured before it is read for a signature.
    message_integrity.GUARD,
    # message-integrity before csrf, because csrf may have a form parsed, and a message is verified before it is parsed.
    csrf.GUARD,
    # csrf before certificate-lifecycle, because what stands here last decides on no request: it looks when the application starts.
    certificate_lifecycle.GUARD,
    # certificate-lifecycle before certificate-verification, because what is served is looked at before what goes out is watched.
    certificate_verification.GUARD,
)

UNDECIDED = "undecided"
FAULT = "identify-failed"
ACCESS = deny_by_default.GUARD.control
IDENTITY = authentication_required.GUARD.control
ERRORS = error_handling.GUARD.control
FAIL_CLOSED = fail_closed.GUARD.control
MESSAGES = message_integrity.GUARD.control
LOGGING = security_event_logging.GUARD.control
DEBUG = debug_disabled.GUARD.control


class Plan:
    """What happens to the requests of one route. All members are plain callables or constants.

    arrive: decides before routing. enter: decides when route and principal are known. Both may hand back a generator of asks.
    limits: what the body and the wait for an answer are held to, or None. judge: refuses an answer of the application, or None.
    start: headers of the answer in (names in lower case), headers to send out. start_own: the same for answers of
    ringwork's own; own_text: the same as WSGI wants them. swift: judge and start at once for an ordinary answer, with headers as
    they came; None for any other. known: what swift added to one of the same kind; None for a kind that was not met.
    error_body: for answers of 400 and above, or None.
    certifies: whether `arrive` looks at the client's certificate.
    drops: request headers that the application must not see. constants: what every answer ends with, over TLS and in clear.
    """

    __slots__ = (
        "pipeline",
        "route",
        "arrive",
        "enter",
        "limits",
        "has_own_limits",
        "judge",
        "start",
        "start_own",
        "own_text",
        "known",
        "swift",
        "error_body",
        "certifies",
        "drops",
        "constants",
    )

    def __init__(self, pipeline: Pipeline, route: Route | None, hooks: list[Hooks]) -> None:
        self.pipeline, self.route = pipeline, route
        step = fusing.Step
        admitting = [step(h.admit) for h in hooks if h.admit]
        arriving = [step(h.arrive, h.asks, h.passes_plain, h.bounds, h.resolves) for h in hooks if h.arrive]
        self.arrive = fusing.enter([*arriving, *admitting], pipeline)
        # Marked operations are told last, because only what every guard has let in begins.
        told = [step(_operation(pipeline.teller))] if pipeline.teller is not None and security_event_logging.is_marked(route) else []
        self.enter = fusing.enter([*(step(h.enter, h.asks, h.passes_plain) for h in hooks if h.enter), *told], pipeline)
        self.limits: Limits | None = next((h.limits for h in hooks if h.limits), None)
        self.has_own_limits = route is not None and self.limits is not None and self.limits is not pipeline.unmatched.limits
        self.judge = fusing.judges(hooks, pipeline)
        applied = [] if pipeline.observing else hooks
        self.start = fusing.start(applied, pipeline)
        own = fusing.own(applied, self.start, key=ERRORS, number=error_handling.INCIDENT)
        self.start_own, self.own_text = own.pairs, own.text
        self.known: fusing.Known = fusing.nothing
        self.swift: fusing.Swift = fusing.nothing
        if not pipeline.observing:
            self.known, self.swift = fusing.swift(hooks, applied, pipeline)
        self.error_body = fusing.bodies([h.error_body for h in reversed(applied) if h.error_body])
        self.certifies = any(h.certifies for h in hooks)
        self.drops: frozenset[bytes] = frozenset().union(*(h.drops for h in applied))
        self.constants = fusing.constants(applied)

    # What `current` issues to the application, which names no guard and so does not load them where it is imported.

    def issue_nonce(self, exchange: Exchange) -> str:
        """The nonce of this answer's scripts and style blocks."""
        return content_security_policy.issue_nonce(exchange)

    def issue_form_token(self, exchange: Exchange, action: str) -> str:
        """A token for one sending of the form whose action is `action`."""
        return csrf.issue_token(exchange, self.pipeline.policy.csrf, self.pipeline.site, action)

    def issue_link(self, address: str, purpose: str, lifetime_seconds: float) -> str:
        """`address`, signed for `purpose` for so long."""
        return message_integrity.issue_link(self.pipeline.policy.message_integrity, self.pipeline.site, address, purpose, lifetime_seconds)


class Answer(NamedTuple):
    """An answer that ringwork gives itself."""

    status: int
    headers: list[Header]
    body: bytes


class Pipeline:
    """The guards of one application, compiled from its policy.

    only: ids of the controls to switch on, None for all. without: ids taken out; only the prover's copy passes it.
    """

    __slots__ = (
        "policy", "site", "mode", "observing", "controls", "guards", "unmatched", "requires_decision", "identifies",
        "identify_waits", "guard_seconds", "teller", "_chosen",
    )  # fmt: skip

    def __init__(
        self,
        policy: Policy,
        site: Site,
        *,
        mode: Mode,
        only: frozenset[ControlId] | None = None,
        without: frozenset[ControlId] = frozenset(),
    ) -> None:
        lay_out()
        self.policy, self.site, self.mode = policy, site, mode
        self._chosen = (only, without)
        self.observing = mode is Mode.OBSERVE
        fields = {guard.control: name for name, guard in SETTINGS}
        chosen = [g for g in ORDER if (only is None or g.control in only) and g.control not in without]
        self.guards = [(guard, getattr(policy, fields[guard.control])) for guard in chosen]
        # Against `only`, the first step of adoption, that would make what it switches on fail open and in silence: both stay.
        checks_messages = only is None or MESSAGES in only
        self.site = replace(site, closes=FAIL_CLOSED not in without, checks_messages=checks_messages, observes=self.observing)
        self.guard_seconds = policy.fail_closed.guard_seconds
        self.teller = None if LOGGING in without else _teller(policy, self.site)
        self.controls = tuple(guard.control for guard in chosen)
        self.requires_decision = ACCESS in self.controls and not self.observing
        self.identifies = policy.identify is not None and bool(
            {IDENTITY, ACCESS, csrf.GUARD.control, cache_control.GUARD.control} & set(self.controls)
        )
        self.identify_waits = inspect.iscoroutinefunction(policy.identify)
        self.unmatched = self.plan(None)

    def for_policy(self, policy: Policy) -> Pipeline:
        """The same guards, compiled from another policy."""
        only, without = self._chosen
        return Pipeline(policy, self.site, mode=self.mode, only=only, without=without)

    def for_site(self, site: Site) -> Pipeline:
        """The same guards, compiled for a place of which more is known."""
        only, without = self._chosen
        return Pipeline(self.policy, site, mode=self.mode, only=only, without=without)

    def plan(self, route: Route | None) -> Plan:
        """Compile the plan of one route; None for whatever no route matches."""
        return Plan(self, route, [guard.plan(settings, self.site, route) for guard, settings in self.guards])

    def record(
        self, exchange: Exchange, refusal: Refusal, *, outcome: Outcome = Outcome.DENIED, error: BaseException | None = None
    ) -> None:
        """Tell the operator, once, under the incident number that the client gets."""
        if self.teller is not None:
            self.teller.tell(exchange, refusal, outcome, error or (_fault_of(exchange) if exchange.notes else None))

    def start_refused(self, fault: BaseException, problems: int) -> None:
        """Tell the operator that the application was not started."""
        if self.teller is not None:
            reason = security_event_logging.SecurityEventLoggingReason.START_REFUSED.value
            detail = f"{problems} fault(s); each is listed in the error beside this event"
            self.teller.tell_start(Refusal(control=LOGGING, status=503, reason=reason, detail=detail), fault)

    def guard_failed(self, exchange: Exchange, error: Exception) -> Refusal | None:
        """What follows when a guard raised, or waited too long: a refusal, or None where the request goes on with the guards behind it."""
        if not self.site.closes:
            return None
        refusal = fail_closed.refusal_for(error)
        if self.observing:
            self.record(exchange, refusal, outcome=Outcome.OBSERVED, error=error)
            return None
        exchange.note(FAULT, error)
        return refusal

    @property
    def closes(self) -> bool:
        """Whether a fault of a guard ends the request; the prover's copies may say no."""
        return self.site.closes

    def passes(self, exchange: Exchange, decision: Refusal | Reply) -> bool:
        """Whether the request goes on all the same: in observe, where refusals are told and nothing is answered from here."""
        if self.observing and isinstance(decision, Refusal):
            self.record(exchange, decision, outcome=Outcome.OBSERVED)
        return self.observing

    def give(self, exchange: Exchange, decision: Refusal | Reply) -> Answer:
        """The client's answer to a decision; a refusal is recorded. Its headers still have to pass `plan.start`."""
        if isinstance(decision, Reply):
            exchange.decided = True
            return Answer(status=decision.status, headers=list(decision.headers), body=decision.body)
        self.record(exchange, decision)
        return self.answer(exchange, decision.status, decision.headers)

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
        if found is None:
            return None
        if isinstance(found, Principal):
            exchange.principal = found
            return None
        return self.no_identity(exchange, f"identify returned {type(found).__name__}; it must return a Principal or None")

    def no_identity(self, exchange: Exchange, problem: str, error: BaseException | None = None) -> Refusal | None:
        """What follows when `identify` raised, hung, or returned something that is no Principal.

        Against a broken user loader that lets everybody in: a public route goes on for nobody, any other is refused.
        """
        deciding = [control for control in (IDENTITY, ACCESS) if control in self.controls]
        refusal = Refusal(control=deciding[0] if deciding else IDENTITY, status=503, reason=FAULT, detail=problem)
        is_public = exchange.route is not None and isinstance(exchange.route.rule, Public)
        goes_on = self.observing or is_public or not deciding
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


def _teller(policy: Policy, site: Site) -> Teller:
    own = policy.security_event_logging
    return Teller(policy.events, site.clock, app=own.app or site.canonical_origin.partition("://")[2], host=own.host)


def _operation(teller: Teller) -> Enter:
    def enter(exchange: Exchange) -> Decision:
        return None if teller.tell(exchange, security_event_logging.OPERATION, Outcome.ALLOWED) else security_event_logging.UNTOLD

    return enter


def _fault_of(exchange: Exchange) -> BaseException | None:
    fault = exchange.noted(FAULT)
    return fault if isinstance(fault, BaseException) else None
