"""Whether errors tell the client little and the operator everything.

Against the error page that shows code, queries, paths and versions: each class of error is provoked on pages, JSON and sockets
with a canary in what is raised, and each incident number is looked for in the log.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import reading, witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer
from ringwork.survey.wire.websocket import SocketAnswer

CONTROL = "output.error-handling"
CHOSEN = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503)
_LEAKS = (
    ("a traceback", re.compile(rb"Traceback \(most recent call last\)|traceback-container|Werkzeug Debugger|__debugger__")),
    ("a source file", re.compile(rb"""File (?:"|&quot;|&#34;)[^"<>&]+\.py|\b(?:site|dist)-packages/|/srv/secret/""")),
    (
        "a query",
        re.compile(rb"\bSELECT [\w*, ]+ FROM \w+|\bINSERT INTO \w+ *\(|sqlite3\.\w+Error|psycopg2?\.\w+|sqlalchemy\.exc\.", re.IGNORECASE),
    ),
    ("a version", re.compile(rb"\b(?:Werkzeug|Python|Flask|Django|Starlette|FastAPI|uvicorn|gunicorn)/\d+\.\d+", re.IGNORECASE)),
    # Django's page of a refused form says "More information is available with DEBUG=True.", and so that it is off.
    ("a setting", re.compile(rb"\b(?:SECRET_KEY|DATABASE_URL|SQLALCHEMY_DATABASE_URI|(?<!is available with )DEBUG) *=")),
)
_BANNER = re.compile(rb"^(?:server|x-powered-by):[^\r\n]*", re.IGNORECASE | re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w-])[0-9a-f]{16}(?![\w-])")
_HTML, _JSON = [("accept", "text/html,application/xhtml+xml")], [("accept", "application/json")]
FAULTS = {
    ProbeRoute.RAISES: "unexpected fault",
    ProbeRoute.RAISES_HTML: "unexpected fault of a page",
    ProbeRoute.RAISES_STREAM: "fault in the middle of a stream",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provoked:
    """One error answer. secrets: texts that must not come back. expected: the status that was provoked, 0 for any error."""

    attack: str
    where: RouteFacts | str
    answer: Answer
    secrets: tuple[str, ...] = ()
    expected: int = 0


# -- provoked-errors ----------------------------------------------------------------------------------------


def provoked_errors(stage: Stage) -> Evidence:
    """Provoke each class of error, as a page and as JSON, and read what comes back."""
    cast = Cast(stage)
    check = CheckId(f"{CONTROL}/provoked-errors")
    plain = cast.nobody().get(cast.served.probe_path(ProbeRoute.PLAIN))
    if plain.status != 200:
        return Evidence(check=check, not_verified=f"the probe route that raises nothing answered {plain.status}")
    control = shown(plain)
    is_ours = stage.facts.guard is not None
    seen = [_judged(one, control, needs_number=is_ours) for one in (*_natural(cast), *_chosen(cast), *_faults(cast, is_ours=is_ours))]
    seen += _stream(cast, control)
    if stage.facts.has_sockets:
        seen.append(_socket(cast, control))
    return Evidence(check=check, observations=tuple(seen))


def _natural(cast: Cast) -> Iterator[Provoked]:
    """Errors that any application answers by itself: missing page, wrong method, no login, wrong input."""
    nobody = cast.nobody()
    for kind, headers in (("page", _HTML), ("JSON", _JSON)):
        lost = witness.marker("lost")
        yield Provoked(
            attack=f"missing page, as {kind}",
            where="a missing page",
            answer=nobody.get(f"/{lost}?q={lost}", headers=headers),
            secrets=(lost,),
        )
        wrong = nobody.send("DELETE", cast.served.probe_path(ProbeRoute.PLAIN), headers=headers)
        yield Provoked(attack=f"method that is not listed, as {kind}", where="a wrong method", answer=wrong)
        private = next((r for r in witness.reads(cast.stage.facts) if r.rule == "requires" or r.guarded_by), None)
        if private is not None:
            with contextlib.suppress(OSError, TargetFailed):
                answer = nobody.get(cast.stage.fill(private), headers=headers)
                if answer.status >= 400:  # else it leads to the login page, which is no error
                    yield Provoked(attack=f"no login, as {kind}", where="a private page", answer=answer)
    yield from _bad_input(cast)


def _bad_input(cast: Cast) -> Iterator[Provoked]:
    """Broken JSON and a value of the wrong kind, on the first routes that take one."""
    taking = [route for route in witness.changes(cast.stage.facts) if route.body == "json"][:2]
    for route in taking:
        for _, client in itertools.islice(cast.one_by_one(route, strongest_first=True), 1):
            with contextlib.suppress(OSError, TargetFailed):
                path, lost = cast.stage.fill(route), witness.marker("lost")
                body = f'{{"{lost}": '.encode()
                answer = client.send(witness.unsafe_method(route), path, headers=[("content-type", "application/json")], body=body)
                yield Provoked(attack="broken JSON", where=route, answer=answer, secrets=(lost,) if answer.status >= 500 else ())
    for route in witness.reads(cast.stage.facts):
        if "{" not in route.path or not any(p.where == "path" and p.kind in {"integer", "number", "uuid"} for p in route.parameters):
            continue
        for _, client in itertools.islice(cast.one_by_one(route, strongest_first=True), 1):
            with contextlib.suppress(OSError):
                path = re.sub(r"\{[^}]+\}", "not-a-number", route.path)
                yield Provoked(attack="parameter of the wrong kind", where=route, answer=client.get(path, headers=_JSON))
        return


def _chosen(cast: Cast) -> Iterator[Provoked]:
    path = cast.served.probe_path(ProbeRoute.ABORTS)
    for status in CHOSEN:
        for kind, headers in (("page", _HTML), ("JSON", _JSON)):
            answer = cast.nobody().get(f"{path}?status={status}", headers=headers)
            yield Provoked(
                attack=f"error that a handler chose ({status}), as {kind}",
                where="any handler",
                answer=answer,
                secrets=(path,),
                expected=status,
            )


def _faults(cast: Cast, *, is_ours: bool) -> Iterator[Provoked]:
    canary = cast.served.canary
    for which in (ProbeRoute.RAISES, ProbeRoute.RAISES_HTML):
        for kind, headers in (("page", _HTML), ("JSON", _JSON)):
            path = cast.served.probe_path(which)
            answer = cast.nobody().get(path, headers=headers)
            yield Provoked(
                attack=f"{FAULTS[which]}, as {kind}", where="any handler that raises", answer=answer, secrets=(canary, path), expected=500
            )
    yield from _scoped(cast)
    if is_ours:
        # Where nothing promises to replace a handler's own answer, this probe would only show what the probe itself does.
        answer = cast.nobody().get(cast.served.probe_path(ProbeRoute.TRACEBACK))
        where = "any handler that shows its own traceback"
        yield Provoked(attack="traceback that a handler sends itself", where=where, answer=answer, secrets=(canary,), expected=500)


def _scoped(cast: Cast) -> Iterator[Provoked]:
    """The same fault inside of each blueprint that has handlers of its own; as who may enter, where it asks for a login first."""
    canary = cast.served.canary
    for scope in cast.stage.facts.error_handlers.scopes:
        path = f"{cast.served.probe_path(ProbeRoute.RAISES)}/{scope}"
        for kind, headers in (("page", _HTML), ("JSON", _JSON)):
            answer = cast.nobody().get(path, headers=headers)
            if answer.status in {401, 403} or witness.leads_to_login(answer):
                answer = cast.strongest()[1].get(path, headers=headers)
            where = f"any handler of the blueprint {scope} that raises"
            yield Provoked(
                attack=f"unexpected fault of a blueprint, as {kind}", where=where, answer=answer, secrets=(canary, path), expected=500
            )


def _judged(one: Provoked, control: Exchanged, *, needs_number: bool) -> Observation:
    answers = [shown(one.answer)]
    if one.answer.status < 400 or (one.expected and one.answer.status != one.expected and one.answer.status < 500):
        detail = f"answered {one.answer.status}, so no error was provoked"
        return saw(Outcome.UNTRIED, one.attack, one.where, detail, answers=answers)
    leaks = list(leaks_of(one.answer.answer, one.answer.body, one.secrets))
    if leaks:
        detail = f"the answer ({one.answer.status}) shows {', '.join(leaks)}"
        return saw(Outcome.BROKEN, one.attack, one.where, detail, answers=answers, control=control)
    if needs_number and not _number_of(one.answer):
        detail = f"the answer ({one.answer.status}) carries no incident number, so nobody can find its record"
        return saw(Outcome.BROKEN, one.attack, one.where, detail, answers=answers, control=control)
    words = "with an incident number" if _number_of(one.answer) else "without a reference number"
    return saw(
        Outcome.HELD, one.attack, one.where, f"{one.answer.status}, nothing of the inside, {words}", answers=answers, control=control
    )


def leaks_of(head: bytes, body: bytes, secrets: Sequence[str]) -> Iterator[str]:
    """What an error tells, by name. The banners that every answer carries are output.information-disclosure's to tell, and once."""
    raw = _BANNER.sub(b"", head) + body
    for secret in secrets:
        if secret.encode() in raw:
            yield "the canary of the fault" if secret.startswith("canary") else "what was asked for, word for word"
    yield from (name for name, pattern in _LEAKS if pattern.search(raw))


def _number_of(answer: Answer | SocketAnswer) -> str:
    """The incident number of an answer: its header, else the one number of 16 hexadecimal characters in its body."""
    told = answer.header("incident-id") or answer.header("x-request-id") or answer.header("x-correlation-id")
    if told:
        return told[0]
    found = _NUMBER.search(answer.body.decode("utf-8", "replace"))
    return found.group(0) if found else ""


def _stream(cast: Cast, control: Exchanged) -> list[Observation]:
    attack, where = FAULTS[ProbeRoute.RAISES_STREAM], "any stream that breaks"
    try:
        answer = cast.nobody().get(cast.served.probe_path(ProbeRoute.RAISES_STREAM))
    except OSError:
        return [saw(Outcome.HELD, attack, where, "the connection is cut, so nobody takes the answer for whole", control=control)]
    leaks = list(leaks_of(answer.answer, answer.body, (cast.served.canary,)))
    outcome = Outcome.BROKEN if leaks else Outcome.HELD
    detail = f"the stream goes on with {', '.join(leaks)}" if leaks else f"{answer.status}, nothing of the inside"
    return [saw(outcome, attack, where, detail, answers=[shown(answer)], control=control)]


def _socket(cast: Cast, control: Exchanged) -> Observation:
    attack, where = "fault of a socket", "any socket that raises"
    try:
        answer = cast.nobody().socket(cast.served.probe_path(ProbeRoute.SOCKET_RAISES), listen_seconds=1.0)
    except OSError as error:
        return saw(Outcome.HELD, attack, where, f"the connection is cut ({error})", control=control)
    told = b"".join(message.encode() if isinstance(message, str) else message for message in answer.messages)
    leaks = list(leaks_of(answer.answer, told, (cast.served.canary,)))
    if leaks:
        return saw(Outcome.BROKEN, attack, where, f"the socket tells {', '.join(leaks)}", answers=[shown(answer)], control=control)
    detail = f"closed with {answer.close_code or answer.status}, nothing of the inside"
    return saw(Outcome.HELD, attack, where, detail, answers=[shown(answer)], control=control)


# -- log-pairing --------------------------------------------------------------------------------------------


def log_pairing(stage: Stage) -> Evidence:
    """Each incident number stands in exactly one record, and what was raised stands in the log only."""
    cast = Cast(stage)
    check = CheckId(f"{CONTROL}/log-pairing")
    seen: list[Observation] = []
    for attack, provoke, detail in _recorded(cast):
        with contextlib.suppress(OSError):
            seen.append(_paired(cast, attack, provoke(), detail))
    if not any(o.exchanged and _has_number(o) for o in seen) and stage.facts.guard is None:
        reason = "errors carry no reference number, so records cannot be matched with them"
        return Evidence(check=check, not_verified=reason, unlock="ringwork.protect(app) gives every error an incident number")
    return Evidence(check=check, observations=tuple(seen))


def _has_number(observation: Observation) -> bool:
    return observation.outcome is not Outcome.BROKEN or "no reference" not in observation.detail


def _recorded(cast: Cast) -> Iterator[tuple[str, Callable[[], Answer], str]]:
    """Errors that leave a record: faults with the text that they raise, and refusals of a guard."""
    nobody, served = cast.nobody(), cast.served
    for which in (ProbeRoute.RAISES, ProbeRoute.RAISES_HTML):
        yield f"record of an {FAULTS[which]}", lambda which=which: nobody.get(served.probe_path(which)), served.canary  # type: ignore[misc]  # the default binds the loop's value
    facts = cast.stage.facts
    if witness.guards(facts, "access.deny-by-default"):
        yield "record of a refusal for want of a rule", lambda: nobody.get(served.probe_path(ProbeRoute.BARE)), ""
    if witness.guards(facts, "network.host-validation"):
        foreign = f"{witness.marker('canary')}.invalid"
        yield "record of a refused host", lambda: nobody.send("GET", served.probe_path(ProbeRoute.PLAIN), host=foreign), ""


def _paired(cast: Cast, attack: str, answer: Answer, detail: str) -> Observation:
    where, answers = "security log", [shown(answer)]
    number = _number_of(answer)
    if not number:
        return saw(Outcome.BROKEN, attack, where, f"{answer.status} carries no reference number", answers=answers)
    records = list(cast.served.records())
    matching = [record for record in records if number in record]
    if len(matching) != 1:
        words = "no record has its number" if not matching else f"{len(matching)} records have its number"
        return saw(Outcome.BROKEN, attack, where, f"{answer.status}: {words}", answers=answers, read=len(records))
    if detail and not any(detail in record for record in records):
        return saw(Outcome.BROKEN, attack, where, "what was raised is in no record, so the fault is lost", answers=answers)
    if detail and detail.encode() in answer.answer + answer.body:
        return saw(Outcome.BROKEN, attack, where, "what was raised is in the answer as well", answers=answers)
    return saw(Outcome.HELD, attack, where, f"{answer.status}: one record has its number", answers=answers, read=len(records))


# -- handlers-registered ------------------------------------------------------------------------------------


def handlers_registered(stage: Stage) -> Evidence:
    """Something answers whatever exception rises, in the application and in what is mounted into it; debug is off."""
    facts = stage.facts
    check = CheckId(f"{CONTROL}/handlers-registered")
    attack, where = "exception that nobody expected", "the application"
    debug = [name for name in ("debug", "DEBUG", "PROPAGATE_EXCEPTIONS") if facts.settings.get(name)]
    seen: list[Observation] = []
    if debug:
        seen.append(saw(Outcome.BROKEN, "debug pages", where, f"{debug[0]} is on, so faults are shown to whoever causes them"))
    mounts = sum(route.kind in {"mount", "static"} for route in facts.routes)
    if witness.guards(facts, CONTROL):
        detail = f"ringwork stands outside everything, {mounts} mounted applications too"
        seen.append(saw(Outcome.HELD, attack, where, detail, read=1 + len(facts.error_handlers.names)))
    elif facts.error_handlers.catch_all:
        detail = f"{len(facts.error_handlers.names)} handlers, one of them for everything"
        seen.append(saw(Outcome.HELD, attack, where, detail, read=len(facts.error_handlers.names)))
    else:
        detail = "no handler takes what nobody expected; the framework's own page is shown, and nothing joins it to a record"
        found = saw(Outcome.BROKEN, attack, where, detail)
        # The framework's own page tells nothing while debug is off: whoever is on call has it harder, an attacker wins nothing.
        seen.append(found if facts.guard is not None else dataclasses.replace(found, severity="low"))
    return Evidence(check=check, observations=tuple(seen))


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/provoked-errors"), kind=Kind.LIVE, run=provoked_errors),
    Check(id=CheckId(f"{CONTROL}/log-pairing"), kind=Kind.LIVE, run=log_pairing),
    Check(id=CheckId(f"{CONTROL}/handlers-registered"), kind=Kind.ROUTES, run=handlers_registered),
    reading.check(f"{CONTROL}/error-detail"),
)
