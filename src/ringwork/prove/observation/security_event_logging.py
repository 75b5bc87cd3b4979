"""Whether every attack leaves its event, and whether silence rings.

Against attacks that leave no usable trace: one attack of each family is made, and its event is looked for by the number that the
attacker was given and by the request id that was sent along; then the sink is broken, and the alarm and the refusal of what is
marked are looked for.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import witness
from ringwork.prove.check import Check, Fault, Kind, ProbeRoute, Served, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import EVIL, Answer, Client

CONTROL = "observation.security-event-logging"
FIELDS = (
    "v", "at", "app", "host", "event", "level", "control", "reason", "outcome", "status", "method", "route", "client", "peer",
    "principal", "incident", "request", "detail",
)  # fmt: skip
"""What the documentation promises of every event."""

OWN_SINK = "ringwork.events:log_event"
SKEW_SECONDS = 120.0
_NAME = re.compile(r"(authn|authz|excess|input|malicious|privilege|sensitive|sequence|session|sys|upload|user)_[a-z_]+:[^\r\n]*")
_LEVELS = frozenset({"INFO", "WARN", "CRITICAL"})
_LONG_QUERY = 20_000
_MARK_LINE = 'requires("administrator", recorded=True)'


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack of a family.

    control: whose event it must leave, several where more than one of them may come first. who: the user whose browser
    makes it. send: from a request id.
    """

    name: str
    control: str
    who: str
    where: RouteFacts | str
    send: Callable[[str], Answer]


# -- event-per-attack ---------------------------------------------------------------------------------------


def event_per_attack(stage: Stage) -> Evidence:
    """Make one attack of each family, and read the one event that it must leave."""
    check = CheckId(f"{CONTROL}/event-per-attack")
    guard = stage.facts.guard
    if guard is None:
        reason = "the target writes no events whose format is known, so none can be matched with an attack"
        return Evidence(check=check, not_verified=reason, unlock="ringwork.protect(app) tells every refusal as a documented event")
    if guard.settings.get("events", OWN_SINK) != OWN_SINK:
        reason = f"events go to the application's own sink ({guard.settings['events']}), which cannot be read from here"
        return Evidence(check=check, not_verified=reason, unlock="prove a policy whose events go to the default sink as well")
    cast = Cast(stage)
    plain = cast.nobody().get(cast.served.probe_path(ProbeRoute.PLAIN))
    if plain.status != 200:
        return Evidence(check=check, not_verified=f"the public probe route answered {plain.status}, so a refusal would say nothing")
    control = shown(plain)
    seen = list[Observation]()
    for attack in _attacks(cast):
        if not _is_told_by(attack.control, guard.controls):
            continue
        with contextlib.suppress(OSError, TargetFailed):
            seen.append(_matched(cast.served, attack, control))
    seen += _told_operation(cast, control)
    return Evidence(check=check, observations=tuple(seen))


def _is_told_by(controls: str, on: Sequence[str]) -> bool:
    return any(control in on for control in controls.split(" "))


def _attacks(cast: Cast) -> Iterator[Attack]:
    """One of each family that this application lets us make."""
    served, nobody = cast.served, cast.nobody()
    plain = served.probe_path(ProbeRoute.PLAIN)
    yield Attack(
        name="forged host",
        control="network.host-validation",
        who="",
        where="every route",
        send=lambda number: nobody.send("GET", plain, host=f"{witness.marker('forged')}.invalid", headers=_numbered(number)),
    )
    yield Attack(
        name="route without a rule",
        control="access.deny-by-default",
        who="",
        where="a new route",
        send=lambda number: nobody.get(served.probe_path(ProbeRoute.BARE), headers=_numbered(number)),
    )
    yield Attack(
        name="oversized address",
        control="network.request-limits",
        who="",
        where="every route",
        send=lambda number: nobody.get(f"{plain}?q={'a' * _LONG_QUERY}", headers=_numbered(number)),
    )
    yield Attack(
        name="fault in a handler",
        control="output.error-handling",
        who="",
        where="any handler that raises",
        send=lambda number: nobody.get(served.probe_path(ProbeRoute.RAISES), headers=_numbered(number)),
    )
    yield Attack(
        name="guessed address",
        control="output.error-handling",
        who="",
        where="a missing page",
        send=lambda number: nobody.get(f"/{witness.marker('guess')}", headers=_numbered(number)),
    )
    yield from _on_routes(cast)


def _on_routes(cast: Cast) -> Iterator[Attack]:
    """Attacks on routes of the application's own: without a login, with the wrong role, from a foreign page."""
    nobody = cast.nobody()
    private = next((route for route in witness.reads(cast.stage.facts) if route.rule == "requires"), None)
    if private is not None:
        path = cast.stage.fill(private)
        yield Attack(
            name="no login",
            control="access.deny-by-default identity.authentication-required",
            who="",
            where=private,
            send=lambda number: nobody.get(path, headers=_numbered(number)),
        )
    for attack in (_wrong_role(cast), _foreign_page(cast)):
        if attack is not None:
            yield attack


def _wrong_role(cast: Cast) -> Attack | None:
    for route in witness.reads(cast.stage.facts):
        for user in cast.stage.users:
            client = cast.browser(user) if route.rule == "requires" and not witness.may_enter(user, route) else None
            if client is not None:
                send = functools.partial(_get, client, cast.stage.fill(route))
                return Attack(name="wrong role", control="access.deny-by-default", who=user.name, where=route, send=send)
    return None


def _foreign_page(cast: Cast) -> Attack | None:
    for route in witness.changes(cast.stage.facts):
        for user, client in cast.allowed(route) if route.rule == "requires" and not route.csrf_exempt else ():
            if client.bearer:
                continue
            send = functools.partial(_post_from_elsewhere, client, witness.unsafe_method(route), cast.stage.fill(route))
            return Attack(
                name="form of a foreign page", control="browser.csrf browser.security-headers", who=user.name, where=route, send=send
            )
    return None


def _numbered(number: str) -> list[tuple[str, str]]:
    return [("accept", "application/json"), ("x-request-id", number)]


def _get(client: Client, path: str, number: str) -> Answer:
    return client.get(path, headers=_numbered(number))


def _post_from_elsewhere(client: Client, method: str, path: str, number: str) -> Answer:
    foreign = [("origin", EVIL), ("sec-fetch-site", "cross-site"), ("content-type", "application/x-www-form-urlencoded")]
    return client.send(method, path, headers=[*_numbered(number), *foreign], body=b"forged=1")


def _matched(served: Served, attack: Attack, control: Exchanged) -> Observation:
    number = witness.marker("req-")
    answer = attack.send(number)
    answers = [shown(answer, attack.who)]
    if answer.status < 400:
        detail = f"answered {answer.status}, so nothing was refused and no event is due"
        return saw(Outcome.UNTRIED, attack.name, attack.where, detail, answers=answers)
    incident = (answer.header("incident-id") or [""])[0]
    events = _events(served)
    of_it = [event for event in events if event.get("incident") == incident] if incident else []
    if not of_it:
        words = f"no event has its number ({incident})" if incident else "the answer carries no number that an event could have"
        return saw(Outcome.BROKEN, attack.name, attack.where, f"{answer.status}, and {words}", answers=answers, control=control)
    if len(of_it) > 1:
        detail = f"{answer.status}, and {len(of_it)} events have its number"
        return saw(Outcome.BROKEN, attack.name, attack.where, detail, answers=answers, control=control)
    wrong = list(_wrong(of_it[0], attack, answer, number))
    if wrong:
        detail = f"{answer.status}, and its event is wrong: {'; '.join(wrong)}"
        return saw(Outcome.BROKEN, attack.name, attack.where, detail, answers=answers, control=control)
    detail = f"{answer.status}, one event: {str(of_it[0]['event'])[:80]}"
    return saw(Outcome.HELD, attack.name, attack.where, detail, answers=answers, control=control, read=len(events))


def _events(served: Served) -> list[Mapping[str, Any]]:
    """Every record that is, or carries on its first line, a JSON object with an incident."""
    found = list[Mapping[str, Any]]()
    for record in served.records():
        line = record.partition("\n")[0]
        with contextlib.suppress(ValueError):
            event = json.loads(line[line.index("{") :])
            if isinstance(event, dict) and "incident" in event:
                found.append(event)
    return found


def _wrong(event: Mapping[str, Any], attack: Attack, answer: Answer, number: str) -> Iterator[str]:
    """What is not as documented."""
    missing = [name for name in FIELDS if name not in event]
    if missing:
        yield f"{', '.join(missing)} missing"
        return
    if not _NAME.fullmatch(str(event["event"])) or event["level"] not in _LEVELS:
        yield f"{str(event['event'])[:60]!r} ({event['level']}) is no name of the vocabulary"
    if event["control"] not in attack.control.split(" "):
        yield f"it names {event['control']}"
    if event["status"] != answer.status or event["outcome"] not in {"denied", "error"}:
        yield f"it says {event['status']} {event['outcome']}"
    if event["request"] != number:
        yield "the request id that was sent is not in it"
    if (event["principal"] is not None) != bool(attack.who):
        yield f"it names {'nobody' if event['principal'] is None else 'somebody'} as the user"
    if not str(event["client"]).startswith("127.") or not event["peer"]:
        yield f"it says that {event['client'] or 'nobody'} was asking"
    if not _is_now(str(event["at"])):
        yield f"its time is {event['at']}"
    if isinstance(attack.where, RouteFacts) and event["route"] != attack.where.name:
        yield f"it names the route {event['route']}"


def _is_now(text: str) -> bool:
    with contextlib.suppress(ValueError):
        at = datetime.datetime.fromisoformat(text)
        offset = at.utcoffset()
        now = datetime.datetime.now(datetime.UTC)
        return offset is not None and not offset and abs((now - at).total_seconds()) < SKEW_SECONDS
    return False


def _marked(cast: Cast) -> tuple[RouteFacts, str, Client, str] | None:
    """A page whose rule says recorded=True, with a user who may read it."""
    for route in witness.reads(cast.stage.facts):
        for user, client in cast.allowed(route) if route.recorded else ():
            with contextlib.suppress(OSError, TargetFailed):
                path = cast.stage.fill(route)
                if client.page(path).status == 200:
                    return route, user.name, client, path
    return None


def _told_operation(cast: Cast, control: Exchanged) -> list[Observation]:
    """A marked operation that is allowed leaves an event as well."""
    attack, found = "marked operation of a permitted user", _marked(cast)
    if found is None:
        return []
    route, name, client, path = found
    number = witness.marker("req-")
    answer = client.get(path, headers=_numbered(number))
    events = [event for event in _events(cast.served) if event.get("request") == number]
    if [event.get("outcome") for event in events] == ["allowed"] and events[0].get("principal") and events[0].get("route") == route.name:
        detail = f"{answer.status}, one event: {str(events[0]['event'])[:80]}"
        return [saw(Outcome.HELD, attack, route, detail, answers=[shown(answer, name)], control=control, read=len(events))]
    detail = f"{answer.status}, and {len(events)} events say who did it"
    return [saw(Outcome.BROKEN, attack, route, detail, answers=[shown(answer, name)], control=control)]


# -- sink-failure -------------------------------------------------------------------------------------------


def sink_failure(stage: Stage) -> Evidence:
    """Break the sink: an alarm must keep the event, what is marked must be refused, the rest goes on."""
    check = CheckId(f"{CONTROL}/sink-failure")
    if stage.facts.guard is None:
        reason = "the target has no ringwork guard, and no fault can be planted in somebody else's log"
        return Evidence(check=check, not_verified=reason, unlock="ringwork.protect(app) hands every event to a sink that can be broken")
    if "network.host-validation" not in stage.facts.guard.controls:
        return Evidence(check=check, not_verified="network.host-validation is off, by whose refusal the alarm is looked for")
    with stage.serve(fault=Fault.OUTAGES) as served:
        cast = Cast(stage, served)
        plain = cast.nobody().get(served.probe_path(ProbeRoute.PLAIN))
        if plain.status != 200:
            return Evidence(check=check, not_verified=f"the public probe route answered {plain.status}, so a refusal would say nothing")
        found = _marked(cast)
        served.strike("sink-raises")
        try:
            seen = [_alarm(served, shown(plain)), *_unmarked(served, shown(plain)), _refused(found, shown(plain))]
        finally:
            served.strike("")
        seen += _recovered(found, shown(plain))
    return Evidence(check=check, observations=tuple(seen))


def _alarm(served: Served, control: Exchanged) -> Observation:
    attack, where = "attack while the log is full", "security log"
    path = served.probe_path(ProbeRoute.PLAIN)
    answer = served.client().send("GET", path, host=f"{witness.marker('forged')}.invalid", headers=_numbered(witness.marker("req-")))
    answers = [shown(answer)]
    if answer.status < 400:
        return saw(Outcome.BROKEN, attack, where, f"served while the log is full ({answer.status})", answers=answers, control=control)
    number = (answer.header("incident-id") or [""])[0]
    records = list(served.records())
    alarms = [record for record in records if "CRITICAL" in record.partition("{")[0] and number and number in record]
    if not alarms:
        detail = f"refused with {answer.status}, and neither event nor alarm says so"
        return saw(Outcome.BROKEN, attack, where, detail, answers=answers, control=control)
    detail = f"refused with {answer.status}; a critical record keeps the event"
    return saw(Outcome.HELD, attack, where, detail, answers=answers, control=control, read=len(records))


def _unmarked(served: Served, control: Exchanged) -> list[Observation]:
    """What is not marked goes on: a full disk shall not stop the whole application."""
    answer = served.client().get(served.probe_path(ProbeRoute.PLAIN))
    if answer.status == 200:
        return []
    detail = f"a page that is not marked is answered {answer.status} while the log is full"
    return [saw(Outcome.UNTRIED, "page while the log is full", "a public page", detail, answers=[shown(answer)], control=control)]


def _refused(found: tuple[RouteFacts, str, Client, str] | None, control: Exchanged) -> Observation:
    attack = "marked operation while the log is full"
    if found is None:
        return saw(Outcome.UNTRIED, attack, "any route", f"no page is marked that somebody may read; mark one: {_MARK_LINE}")
    route, name, client, path = found
    answer = client.page(path)
    if witness.is_served(answer):
        detail = f"it began unseen ({answer.status})"
        return saw(Outcome.BROKEN, attack, route, detail, answers=[shown(answer, name)], control=control)
    return saw(Outcome.HELD, attack, route, f"refused with {answer.status}", answers=[shown(answer, name)], control=control)


def _recovered(found: tuple[RouteFacts, str, Client, str] | None, control: Exchanged) -> list[Observation]:
    """Once the sink works again, what was refused works again as well."""
    if found is None:
        return []
    route, name, client, path = found
    answer = client.page(path)
    if witness.is_served(answer):
        return []
    detail = f"still refused ({answer.status}) once the log works again"
    return [saw(Outcome.BROKEN, "marked operation after the outage", route, detail, answers=[shown(answer, name)], control=control)]


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/event-per-attack"), kind=Kind.LIVE, run=event_per_attack),
    Check(id=CheckId(f"{CONTROL}/sink-failure"), kind=Kind.LIVE, run=sink_failure),
)
