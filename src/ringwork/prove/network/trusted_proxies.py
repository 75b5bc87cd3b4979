"""Whether a client's own forwarding and identity headers change who it is.

Against limits, logs and rules that believe the request: from an address that is no proxy, every header of the kind is sent with
made-up values; what the application saw, what was recorded and who was let in are compared with a request that carries none.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import witness
from ringwork.prove.check import Check, Fault, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import AppFacts
from ringwork.survey.wire.client import Answer, Client

CONTROL = "network.trusted-proxies"
CONTROL_OF_TRUST = "the same header from a trusted proxy"
_FORGED = "198.51.100.77"
_NAME = "ringwork-forged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """One way to be somebody else. marks: any of these in what the application saw means that it worked."""

    attack: str
    headers: tuple[tuple[str, str], ...]
    marks: tuple[str, ...] = (_FORGED,)


FORGERIES: tuple[Forgery, ...] = (
    Forgery(attack="X-Forwarded-For", headers=(("X-Forwarded-For", _FORGED),)),
    Forgery(attack="X-Forwarded-For in two lines", headers=(("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-For", _FORGED))),
    Forgery(attack="X-Forwarded-For through a made-up proxy", headers=(("X-Forwarded-For", f"{_FORGED}, 127.0.0.1"),)),
    Forgery(attack="X-Forwarded-Proto", headers=(("X-Forwarded-Proto", "http"), ("X-Forwarded-Scheme", "http")), marks=()),
    Forgery(attack="X-Forwarded-Host", headers=(("X-Forwarded-Host", f"{_NAME}.invalid"),), marks=(_NAME,)),
    Forgery(attack="Forwarded", headers=(("Forwarded", f"for={_FORGED};proto=http;host={_NAME}.invalid"),), marks=(_FORGED, _NAME)),
    Forgery(
        attack="X-Real-IP and its like",
        headers=tuple((name, _FORGED) for name in ("X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP")),
    ),
    Forgery(
        attack="X-User-ID and its like",
        headers=tuple((name, _NAME) for name in ("X-User-ID", "X-Remote-User", "Remote-User", "X-Forwarded-User", "X-Auth-Request-User")),
        marks=(_NAME,),
    ),
)


def spoofed_forwarding(stage: Stage) -> Evidence:
    """Forge every header from a stranger's address; then see that a trusted proxy's would have counted."""
    check = CheckId(f"{CONTROL}/spoofed-forwarding")
    cast = Cast(stage)
    nobody, path = cast.nobody(), _probe(cast)
    honest = _sent(lambda: nobody.get(path))
    before = None if honest is None else _read(honest)
    if honest is None or before is None:
        return Evidence(check=check, not_verified="the probe route did not answer, so what the application sees is not known")
    if _trusts_the_prover(stage.facts, nobody.place.source):
        reason = f"the policy trusts {nobody.place.source}, the address that the prover asks from, so nothing it sends is a forgery"
        return Evidence(check=check, not_verified=reason, unlock='name the proxy exactly: proxies = ["127.0.0.1"], not a whole network')
    control = shown(honest)
    seen = [_forged(forgery, nobody, path, before, control) for forgery in FORGERIES]
    seen += _recorded(cast, nobody, control)
    if not stage.brief:
        seen += _let_in(cast, nobody)
        seen += (trusted := list(_counts_when_trusted(stage)))
        if any(one.outcome is Outcome.UNTRIED for one in trusted) and not any(o.outcome is Outcome.BROKEN for o in seen):
            # Against a pass that was never able to fail: where the same header counts from nobody, that it does not here says nothing.
            return Evidence(check=check, observations=tuple(seen), not_verified=f"{CONTROL_OF_TRUST}: {trusted[0].detail}")
    if stage.facts.guard is None and _reaches(nobody, path) and not any(o.outcome is Outcome.BROKEN for o in seen):
        # Against a pass that only says what the framework does: a handler of the application may read the header by itself.
        reason = "forwarding headers change nothing in the framework, but they reach the handlers, and whether one reads them is not seen"
        return Evidence(check=check, observations=tuple(seen), not_verified=reason, unlock="protect(app) keeps them from every handler")
    return Evidence(check=check, observations=tuple(seen))


def _trusts_the_prover(facts: AppFacts, source: str) -> bool:
    own: Mapping[str, Any] = facts.guard.settings.get("trusted_proxies") or {} if facts.guard is not None else {}
    for name in own.get("proxies") or ():
        with contextlib.suppress(ValueError):
            if ipaddress.ip_address(source) in ipaddress.ip_network(str(name)):
                return True
    return False


def _reaches(client: Client, path: str) -> bool:
    """Whether a header of the kind arrives at a handler at all."""
    answer = _sent(lambda: client.get(path, headers=[("X-Forwarded-For", _FORGED)]))
    return answer is not None and _FORGED in answer.text


def _probe(cast: Cast) -> str:
    """Where ringwork stands, the route that believes whatever reaches it; elsewhere only what the framework itself resolved counts."""
    # Against a violation that is our own route's: an application that reads no such header is not harmed by one that arrives.
    guarded = cast.stage.facts.guard is not None
    return cast.served.probe_path(ProbeRoute.BELIEVES if guarded else ProbeRoute.ECHO)


def _sent(send: Callable[[], Answer]) -> Answer | None:
    try:
        return send()
    except OSError:
        return None


def _read(answer: Answer) -> Mapping[str, Any] | None:
    """What the application saw, headers apart."""
    if answer.status != 200:
        return None
    with contextlib.suppress(ValueError):
        found = json.loads(answer.body)
        return {name: value for name, value in found.items() if name != "headers"} if isinstance(found, dict) else None
    return None


def _forged(forgery: Forgery, client: Client, path: str, before: Mapping[str, Any], control: Exchanged) -> Observation:
    attack, where = f"forged {forgery.attack}", "a public answer"
    answer = _sent(lambda: client.get(path, headers=forgery.headers))
    if answer is None:
        return saw(Outcome.HELD, attack, where, "the connection was closed without an answer", control=control)
    after, answers = _read(answer), [shown(answer)]
    if after is None:
        outcome = Outcome.HELD if answer.status < 500 else Outcome.UNTRIED
        return saw(outcome, attack, where, f"refused with {answer.status}", answers=answers, control=control)
    changed = [name for name in before if after.get(name) != before[name]]
    if changed or any(mark in json.dumps(after) for mark in forgery.marks):
        told = ", ".join(f"{name} is {str(after.get(name))[:60]!r}" for name in changed)
        return saw(Outcome.BROKEN, attack, where, f"the request is believed: {told}", answers=answers, control=control)
    told = f"client {after.get('client')}, scheme {after.get('scheme')}: unchanged"
    return saw(Outcome.HELD, attack, where, told, answers=answers, control=control)


def _recorded(cast: Cast, client: Client, control: Exchanged) -> Iterator[Observation]:
    """Whose address stands in the record of a refusal."""
    attack, where = "forged address in the records", "records of refusals"
    forged = "198.51.100.78"
    before = len(cast.served.records())
    headers = [(name, forged) for name in ("X-Forwarded-For", "X-Real-IP", "True-Client-IP")]
    answer = _sent(lambda: client.get(cast.served.probe_path(ProbeRoute.BARE), headers=headers))
    if answer is None:
        return
    records = cast.served.records()[before:]
    if any(forged in record for record in records):
        detail = "the made-up address stands in the record"
        yield saw(Outcome.BROKEN, attack, where, detail, answers=[shown(answer)], control=control)
    elif any(client.place.source in record for record in records):
        detail = "the peer's own address stands in the record"
        yield saw(Outcome.HELD, attack, where, detail, answers=[shown(answer)], control=control)
    else:
        yield saw(Outcome.UNTRIED, attack, where, "the application records no address")


def _let_in(cast: Cast, nobody: Client) -> Iterator[Observation]:
    """Whether the name of a user in a header opens what needs a login."""
    attack = "forged user name opens a private page"
    private = [route for route in witness.reads(cast.stage.facts) if route.rule == "requires" or route.guarded_by]
    found = witness.first_working(cast, private)
    if found is None or not found[2]:
        return
    route, path, name, _, honest = found
    headers = [(header, name) for header in ("X-User-ID", "X-Remote-User", "Remote-User", "X-Forwarded-User", "X-Auth-Request-User")]
    answer = _sent(lambda: nobody.get(path, headers=headers))
    if answer is not None:
        opened = answer.status == honest.status and witness.is_served(answer)
        outcome = Outcome.BROKEN if opened else Outcome.HELD
        detail = f"{'served to' if opened else 'refused to'} a stranger who calls himself {name} ({answer.status})"
        yield saw(outcome, attack, route, detail, answers=[shown(answer)], control=shown(honest, name))


def _counts_when_trusted(stage: Stage) -> Iterator[Observation]:
    """On a copy that trusts the prover's own address the same header must count, or a pass above says nothing."""
    if not witness.guards(stage.facts, CONTROL):
        return
    attack = CONTROL_OF_TRUST
    try:
        with stage.serve(fault=Fault.TRUSTS_PROVER) as served:
            client = served.client()
            answer = client.get(served.probe_path(ProbeRoute.ECHO), headers=[("X-Forwarded-For", f"192.0.2.1, {_FORGED}")])
            found = _read(answer) or {}
            worked = found.get("client") == _FORGED
            detail = "counts: the right-most address is the client's" if worked else f"does not count: client {found.get('client')}"
            outcome = Outcome.HELD if worked else Outcome.UNTRIED
            yield saw(outcome, attack, "a copy that trusts the prover", detail, answers=[shown(answer)], control=shown(answer))
    except (TargetFailed, OSError) as error:
        yield saw(Outcome.UNTRIED, attack, "a copy that trusts the prover", str(error))


# -- proxy-trust-settings -------------------------------------------------------------------------------------


def proxy_trust_settings(stage: Stage) -> Evidence:
    """Read whom the application believes: ringwork's list, ProxyFix, ProxyHeadersMiddleware, FORWARDED_ALLOW_IPS."""
    check = CheckId(f"{CONTROL}/proxy-trust-settings")
    seen = list(_trusted(stage.facts))
    if not seen:
        reason = "the application names no proxy; whom its server believes (uvicorn --forwarded-allow-ips) is not seen from here"
        return Evidence(check=check, not_verified=reason, unlock="protect(app), or set FORWARDED_ALLOW_IPS for the run: --env")
    return Evidence(check=check, observations=tuple(seen))


def _trusted(facts: AppFacts) -> Iterator[Observation]:
    attack, guarded = "trust in proxies", witness.guards(facts, CONTROL)
    if guarded and facts.guard is not None:
        own: Mapping[str, Any] = facts.guard.settings.get("trusted_proxies") or {}
        names = [str(name) for name in own.get("proxies") or ()]
        wide = [name for name in names if _is_everybody(name)]
        told = f"{wide[0]!r} believes everybody" if wide else f"believed: {', '.join(names) or 'nobody'}"
        yield saw(Outcome.BROKEN if wide else Outcome.HELD, attack, "policy: trusted_proxies", told, read=1)
    elif facts.guard is not None:
        told = "the control is off, so every forwarding header reaches the application"
        yield saw(Outcome.BROKEN, attack, "policy: trusted_proxies", told)
    fix = facts.settings.get("ProxyFix")
    if fix is not None:
        told = f"ProxyFix believes whoever connects ({fix})"
        outcome = Outcome.HELD if guarded else Outcome.BROKEN
        yield saw(outcome, attack, "ProxyFix", f"{told}, but finds nothing behind the guard" if guarded else told, read=1)
    middleware = facts.settings.get("ProxyHeadersMiddleware")
    if isinstance(middleware, Mapping):
        yield _listed(attack, "ProxyHeadersMiddleware: trusted_hosts", middleware.get("trusted_hosts", "127.0.0.1"))
    if facts.settings.get("FORWARDED_ALLOW_IPS") is not None:
        yield _listed(attack, "FORWARDED_ALLOW_IPS", facts.settings["FORWARDED_ALLOW_IPS"])


def _listed(attack: str, where: str, given: object) -> Observation:
    names = [str(name).strip() for name in (given if isinstance(given, list | tuple) else str(given).split(","))]
    wide = [name for name in names if _is_everybody(name)]
    told = f"{wide[0]!r} believes everybody" if wide else f"believed: {', '.join(names)}"
    return saw(Outcome.BROKEN if wide else Outcome.HELD, attack, where, told, read=len(names))


def _is_everybody(name: str) -> bool:
    return name == "*" or name.endswith("/0")


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/spoofed-forwarding"), kind=Kind.LIVE, run=spoofed_forwarding),
    Check(id=CheckId(f"{CONTROL}/proxy-trust-settings"), kind=Kind.CONFIG, run=proxy_trust_settings),
)
