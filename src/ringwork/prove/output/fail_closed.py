"""Whether what breaks closes.

Against the exception, the hanging store or the missing layer that lets a request through: in a copy, what the guards lean on is
made to fail and to hang, one after the other, and copies are started from which one layer was taken out or moved.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import changes, reading, witness
from ringwork.prove.changes import Change
from ringwork.prove.check import Check, Fault, Kind, Served, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer

CONTROL = "output.fail-closed"
DEADLINE_SECONDS = 10.0
UNLOCK = "ringwork.protect(app) puts guards in front whose dependencies a copy can be made to lose"

_OF_FORMS = {
    "store-down": "the store of single-use tokens says that it is down",
    "store-raises": "the store of single-use tokens raises what nobody expects",
    "store-hangs": "the store of single-use tokens hangs",
}
_OF_READS = {
    "policy-raises": "the roles of the user cannot be read",
    "identify-raises": "the provider of identities raises",
    "identify-hangs": "the provider of identities hangs",
}
_SINK = {"sink-raises": "the sink of events fails before a marked operation"}
_LONG = frozenset({"identify-raises", "identify-hangs", "sink-raises", "store-hangs"})
"""Left out of a brief run: outages at which another control refuses as well, and one that takes its whole deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One honest request, to be made before, in and after an outage. send: None when its page no longer shows the form."""

    route: RouteFacts
    user: str
    send: Callable[[], Answer | None]
    effect: frozenset[str] = frozenset()


# -- dependency-outage --------------------------------------------------------------------------------------


def dependency_outage(stage: Stage) -> Evidence:
    """Make what the guards lean on fail, then hang: requests that worked are refused in time, and work again afterwards."""
    check = CheckId(f"{CONTROL}/dependency-outage")
    if stage.facts.guard is None:
        reason = "the target has no ringwork guard, and no fault can be planted behind somebody else's"
        return Evidence(check=check, not_verified=reason, unlock=UNLOCK)
    # On a copy of its own, because finding a form that works changes what the attacked copy holds.
    found = changes.find(Cast(stage), most=1, attack="form while the store is down", forms_only=True)
    seen: list[Observation] = []
    try:
        with stage.serve(probes=False, fault=Fault.OUTAGES) as served:
            cast = Cast(stage, served)
            for outages, way in (
                (_OF_READS, _read(cast, marked=False)),
                (_OF_FORMS, _form(cast, found.changes)),
                (_SINK, _read(cast, marked=True)),
            ):
                for outage, attack in outages.items():
                    if stage.brief and outage in _LONG:
                        continue
                    seen.append(_struck(stage, served, outage, attack, way))
            if not stage.brief and witness.guards(stage.facts, "network.rate-limiting"):
                seen += _signing_in(stage, served)
    except TargetFailed as error:
        return Evidence(check=check, not_verified=f"{error.step}: {error.problem}", unlock=error.advice)
    return Evidence(check=check, observations=tuple(seen))


def _signing_in(stage: Stage, served: Served) -> Iterator[Observation]:
    """Guessing must not become free because nobody can count: entrances close while the store of the rate limits is down."""
    attack = "sign-in while the store of the rate limits is down"
    where = next((route for route in witness.http_routes(stage.facts) if "POST" in route.methods and witness.is_entrance(route.path)), None)
    user = next(iter(stage.users), None)
    if where is None or user is None or not stage.facts.guard or stage.facts.guard.rates.get(where.name) != "login":
        return
    page = served.login(user).page("/")  # raises where an honest sign-in does not work, so that a refused one would say nothing
    served.strike("counters-down")
    try:
        served.login(user)
    except TargetFailed as error:
        yield saw(Outcome.HELD, attack, where, f"refused: {error.problem[:120]}", control=shown(page, user.name))
    else:
        yield saw(Outcome.BROKEN, attack, where, "it works, and nobody counts", control=shown(page, user.name))
    finally:
        served.strike("")


def _read(cast: Cast, *, marked: bool) -> Way | None:
    """A page that asks for a role, as a user who has it; one whose rule says recorded=True, or rather none of those."""
    routes = [route for route in witness.reads(cast.stage.facts) if route.rule == "requires" and (route.recorded or not marked)]
    for route in sorted(routes, key=lambda route: (not route.roles, route.recorded)):
        for user, client in cast.allowed(route):
            with contextlib.suppress(OSError, TargetFailed):
                path = cast.stage.fill(route)
                if client.page(path).status == 200:
                    return Way(route=route, user=user.name, send=functools.partial(client.page, path))
    return None


def _form(cast: Cast, found: list[Change]) -> Way | None:
    """A form with a token, sent honestly by the user who may."""
    for change in found:
        # The framework's own tokens are in no store of ringwork's, so what becomes of them in an outage says nothing.
        is_ours = change.token_field and not change.route.own_token
        client = cast.browser(change.user) if is_ours else None
        if client is not None:
            send = functools.partial(changes.honest, change, client)
            return Way(route=change.route, user=change.user.name, send=send, effect=change.effect)
    return None


def _struck(stage: Stage, served: Served, outage: str, attack: str, way: Way | None) -> Observation:
    """One request before, one in, and one after an outage."""
    if way is None:
        return saw(Outcome.UNTRIED, attack, "any route that leans on it", "no honest request was found that leans on it")
    if outage == "policy-raises" and not way.route.roles:
        return saw(Outcome.UNTRIED, attack, way.route, "it asks for no role, and nobody who signs in may enter a page that does")
    if outage == "identify-hangs" and stage.facts.is_wsgi:
        detail = "a WSGI worker cannot cut a call of the application that runs in it; the server's own deadline counts"
        return saw(Outcome.UNTRIED, attack, way.route, detail)
    before = way.send()
    if before is None or not _let_through(before):
        return saw(Outcome.UNTRIED, attack, way.route, "the honest request did not work on the copy with the switch")
    control = shown(before, way.user)
    stores = served.state() if way.effect else {}
    served.strike(outage)
    began = time.monotonic()
    try:
        answer = way.send()
    except OSError as error:
        return saw(Outcome.BROKEN, attack, way.route, f"no answer at all ({error})", control=control)
    finally:
        seconds = time.monotonic() - began
        served.strike("")
    if answer is None:
        return saw(Outcome.UNTRIED, attack, way.route, "the page with the form was not shown in the outage", control=control)
    effect = witness.changed(stores, served.state()) & way.effect if way.effect else frozenset[str]()
    return _judged(stage, attack, way, answer, seconds, effect, control)


def _let_through(answer: Answer) -> bool:
    """Whether the application's own code answered: what it finds used up by the request before (409, 422) passed the guards too."""
    return witness.is_served(answer) or answer.status in {404, 409, 410, 422}


def _judged(stage: Stage, attack: str, way: Way, answer: Answer, seconds: float, effect: frozenset[str], control: Exchanged) -> Observation:
    answers = [shown(answer, way.user)]
    if _let_through(answer) or effect:
        words = f", and changed {', '.join(sorted(effect))}" if effect else ""
        detail = f"let through all the same ({answer.status}{words})"
        return saw(Outcome.BROKEN, attack, way.route, detail, answers=answers, control=control)
    if seconds > DEADLINE_SECONDS:
        return saw(Outcome.BROKEN, attack, way.route, f"the refusal took {seconds:.1f} s", answers=answers, control=control)
    after = None if stage.brief else way.send()
    if after is not None and not _let_through(after):
        detail = f"refused with {answer.status}, and still with {after.status} once everything worked again"
        return saw(Outcome.BROKEN, attack, way.route, detail, answers=[*answers, shown(after, way.user)], control=control)
    again = f", let through again afterwards ({after.status})" if after is not None else ""
    detail = f"refused with {answer.status} within {seconds:.1f} s{again}"
    return saw(Outcome.HELD, attack, way.route, detail, answers=answers, control=control)


# -- layer-removal ------------------------------------------------------------------------------------------

_LAYERS = {
    Fault.LAYER_OUTER: "the outer layer is taken out",
    Fault.LAYER_GATE: "the gate before the router is taken out",
    Fault.LAYER_WRAPPED: "another layer is put round the outer one",
    Fault.LAYER_MOVED: "the outer layer is moved inward",
}


def layer_removal(stage: Stage) -> Evidence:
    """Start the copy as production would, whole and then with one layer of ringwork missing or moved."""
    check = CheckId(f"{CONTROL}/layer-removal")
    if stage.facts.guard is None:
        reason = "the target has no ringwork layer to take out, and nothing is known of the order of others"
        return Evidence(check=check, not_verified=reason, unlock=UNLOCK)
    where = "start-up in production"
    try:
        with stage.serve(probes=False, production=True) as served:
            answer = served.client().get("/")
            control = shown(answer)
            if answer.status >= 500:
                return Evidence(check=check, not_verified=f"the whole stack answered {answer.status}, so a refused start says nothing")
    except TargetFailed as error:
        reason = f"production does not start with all layers either: {error.problem[:300]}"
        return Evidence(check=check, not_verified=reason, unlock=error.advice)
    seen = list(_starts(stage, where, control))
    return Evidence(check=check, observations=tuple(seen))


def _starts(stage: Stage, where: str, control: Exchanged) -> Iterator[Observation]:
    for fault, attack in _LAYERS.items():
        try:
            with stage.serve(probes=False, fault=fault, production=True) as served:
                answer = served.client().get("/")
                detail = f"production starts, and answers {answer.status}"
                yield saw(Outcome.BROKEN, attack, where, detail, answers=[shown(answer)], control=control)
        except TargetFailed as error:
            told = error.problem
            if "layer" in told or "gate" in told:
                yield saw(Outcome.HELD, attack, where, f"refused to start: {_named(told)}", control=control)
            else:
                detail = f"it does not start, and what it says names no layer: {told[:200]}"
                yield saw(Outcome.BROKEN, attack, where, detail, control=control)


def _named(told: str) -> str:
    """The line of a refused start that names the layer."""
    lines = [line.strip(" -") for line in told.replace(" / ", "\n").replace("\\n", "\n").splitlines()]
    return next((line for line in lines if "layer" in line or "gate" in line), told)[:200]


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/dependency-outage"), kind=Kind.LIVE, run=dependency_outage),
    Check(id=CheckId(f"{CONTROL}/layer-removal"), kind=Kind.LIVE, run=layer_removal),
    reading.check(f"{CONTROL}/swallowed-checks"),
)
