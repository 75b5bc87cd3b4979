"""Whether errors tell the user little and the log everything.

The attack: provoke errors and read code, queries, paths and versions out of the answers; or do it unseen, since nothing is logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from ringwork.names import CheckId
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence
from ringwork.prove.observing import Notes, enforces, marker, readable, sign_in
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer, Client
from ringwork.survey.wire.connection import WireError

CONTROL = "output.error-handling"
PROVOKED = CheckId("output.error-handling/provoked-errors")
PAIRING = CheckId("output.error-handling/log-pairing")
HANDLERS = CheckId("output.error-handling/handlers-registered")

STATUSES = (400, 401, 403, 404, 409, 413, 415, 422, 429)
HTML = [("accept", "text/html")]
MOST_ROUTES = 25
ODD = ("'", "%00", "-1", "9" * 30)
"""Values that no parameter expects; harmless, but many handlers fall over them."""

LEAKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a traceback", re.compile(r"Traceback \(most recent call last\)|^\s*File \"[^\"]+\", line \d+", re.MULTILINE)),
    ("a path of the server", re.compile(r"/(?:site-packages|usr/lib|home|srv|var|root|tmp)/[\w./-]+|[\w/]+\.py\b")),
    ("an SQL statement", re.compile(r"\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\s+[\w*\"`]+\s+(?:FROM|VALUES|SET|WHERE)\b|sqlite3\.\w*Error|sqlalchemy\.exc")),
    ("a version", re.compile(r"\b(?:Werkzeug|Python|uvicorn|Starlette|FastAPI|Flask|Django|gunicorn)/\d")),
    ("a debugger", re.compile(r"Werkzeug Debugger|__debugger__|DJANGO_SETTINGS_MODULE")),
)
REFERENCE = re.compile(r"\b[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b", re.IGNORECASE)


def provoked_errors(stage: Stage) -> Evidence:
    """Provoke each class of error, as page, as JSON and over a socket, and read what the client learns."""
    notes = Notes()
    client = stage.served.client()
    control = client.get(stage.served.probe_path(ProbeRoute.PLAIN))
    if control.status != 200:
        return Evidence(check=PROVOKED, not_verified=f"an honest request to the probe route answered {control.status}")
    without_number = []
    for name, where, answer, words in _errors(stage, client):
        told = _told(answer, [stage.served.canary, *words])
        detail = f"the answer ({answer.status}) tells {', '.join(told)}" if told else f"{answer.status} with nothing internal in it"
        notes.add(attack=name, where=where, broken=bool(told), detail=detail, answers=[answer], control=control)
        if not _has_number(answer):
            without_number.append((name, answer))
    count = len(notes.observations)
    if without_number:
        name, answer = without_number[0]
        detail = f"{len(without_number)} of {count} errors carry no number that leads to a record, the first: {name}"
        notes.add(attack="look for a reference number", where="every error", broken=True, detail=detail, answers=[answer], control=control)
    _odd_input(notes, stage, control)
    _streams_and_sockets(notes, stage, client, control)
    return Evidence(check=PROVOKED, observations=notes.done())


def _errors(stage: Stage, client: Client) -> Iterator[tuple[str, str, Answer, list[str]]]:
    """Name, where, answer, and words of the request that must not come back."""
    place = stage.served.probe_path
    for kind, headers in (("JSON", []), ("page", HTML)):
        word = marker()
        yield f"404, {kind}", "an unknown path", client.get(f"/{word}?q={word}x", headers=headers), [word]
        yield f"405, {kind}", "every route", client.send("DELETE", place(ProbeRoute.PLAIN), headers=headers), []
        for status in STATUSES:
            yield f"{status}, {kind}", "every route", client.get(f"{place(ProbeRoute.ABORTS)}?status={status}", headers=headers), []
        for which in (ProbeRoute.RAISES, ProbeRoute.RAISES_HTML):
            yield f"exception in a handler ({which.value}), {kind}", "every route", client.get(place(which), headers=headers), []
        if stage.facts.guard is not None:
            yield f"handler that answers with a traceback, {kind}", "every route", client.get(place(ProbeRoute.TRACEBACK), headers=headers), []


def _told(answer: Answer, words: list[str]) -> list[str]:
    text = answer.text
    found = [name for name, pattern in LEAKS if pattern.search(text)]
    return [*found, *("a word of the request or the exception" for word in words if word in text)]


def _has_number(answer: Answer) -> bool:
    """Whether a reference id stands in a header or in the body."""
    named = [value for name, value in answer.headers if any(part in name for part in (b"incident", b"request-id", b"correlation", b"trace-id"))]
    return bool(named) or bool(REFERENCE.search(answer.text))


def _odd_input(notes: Notes, stage: Stage, control: Answer) -> None:
    """Give the application's own routes what they do not expect."""
    client = sign_in(stage, stage.users[-1]) if stage.users else stage.served.client()
    if client is None:
        return
    for route in readable(stage.facts)[:MOST_ROUTES]:
        worst: tuple[list[str], Answer] | None = None
        for path in _odd_paths(stage, route, client):
            answer = client.get(path, headers=HTML)
            told = _told(answer, []) if answer.status >= 400 else []
            if told:
                worst = (told, answer)
        if worst is not None:
            detail = f"the answer ({worst[1].status}) tells {', '.join(worst[0])}"
            notes.add(attack="odd input", where=route.name, broken=True, detail=detail, answers=[worst[1]], control=control, route=route)
    detail = f"{min(MOST_ROUTES, len(readable(stage.facts)))} routes asked with {len(ODD)} odd values each"
    notes.add(attack="odd input on all routes", where="every route", broken=False, detail=detail, control=control)


def _odd_paths(stage: Stage, route: RouteFacts, client: Client) -> Iterator[str]:
    names = [p.name for p in route.parameters if p.where == "query"]
    for value in ODD:
        if "{" in route.path:
            yield re.sub(r"\{[^}]+\}", value if value.startswith("%") else quote(value), route.path)
        for name in names[:3]:
            yield f"{stage.fill(route, client=client)}?{name}={value if value.startswith('%') else quote(value)}"


def _streams_and_sockets(notes: Notes, stage: Stage, client: Client, control: Answer) -> None:
    """Errors after the answer has begun: the connection is cut, and what was sent tells nothing."""
    try:
        answer = client.get(stage.served.probe_path(ProbeRoute.RAISES_STREAM))
        told = _told(answer, [stage.served.canary])
        detail = f"the rest of the stream tells {', '.join(told)}" if told else "the stream ends without a word"
        notes.add(attack="exception in a stream", where="every route", broken=bool(told), detail=detail, answers=[answer], control=control)
    except WireError as error:
        notes.add(attack="exception in a stream", where="every route", broken=False, detail=f"the connection is cut ({error})", control=control)
    if stage.facts.framework == "flask":
        return
    socket = client.socket(stage.served.probe_path(ProbeRoute.SOCKET_RAISES), listen_seconds=0.5)
    text = " ".join(str(message) for message in socket.messages) + socket.answer.decode("latin-1")
    leaks = stage.served.canary in text or "Traceback" in text
    detail = "the close message tells the exception" if leaks else f"closed with {socket.close_code or 'no code'}, nothing told"
    notes.add(attack="exception in a WebSocket", where="every socket", broken=leaks, detail=detail, answers=[socket], control=control)


def log_pairing(stage: Stage) -> Evidence:
    """Match the number that the client gets with the records: exactly one each, with the detail that the client did not get."""
    notes = Notes()
    client = stage.served.client()
    control = client.get(stage.served.probe_path(ProbeRoute.PLAIN))
    cases = [
        ("exception in a handler", client.get(stage.served.probe_path(ProbeRoute.RAISES)), True),
        ("exception in a page", client.get(stage.served.probe_path(ProbeRoute.RAISES_HTML), headers=HTML), True),
        ("404", client.get(f"/{marker()}"), False),
        ("403", client.get(f"{stage.served.probe_path(ProbeRoute.ABORTS)}?status=403"), False),
    ]
    records = list(stage.served.records())
    if stage.facts.guard is None and not any(_number(answer) for _, answer, _ in cases):
        return Evidence(check=PAIRING, not_verified="errors carry no reference number, so none can be matched", unlock="protect(app) adds one to each error")
    for name, answer, is_fault in cases:
        number = _number(answer)
        found = [record for record in records if number and number in record]
        detailed = not is_fault or any(stage.served.canary in record for record in found)
        told = stage.served.canary in answer.text
        fault = _pairing_fault(number, found, detailed=detailed, told=told)
        detail = fault or "one record under the client's number" + (", with the exception" if is_fault else "")
        notes.add(attack=f"pair the {name}", where="every error", broken=bool(fault), detail=detail, answers=[answer], control=control)
    return Evidence(check=PAIRING, observations=notes.done())


def _pairing_fault(number: str, found: list[str], *, detailed: bool, told: bool) -> str:
    if not number:
        return "the answer carries no number"
    if len(found) != 1:
        return f"{len(found)} records carry the client's number"
    if told:
        return "the client got the detail that belongs in the log"
    return "" if detailed else "the record does not hold the exception"


def _number(answer: Answer) -> str:
    """The reference number of an answer: a header's, else a hexadecimal word of the body."""
    for name, value in answer.headers:
        if any(part in name for part in (b"incident", b"request-id", b"correlation")):
            return value.decode("latin-1")
    found = REFERENCE.search(answer.text)
    return found.group() if found else ""


def handlers_registered(stage: Stage) -> Evidence:
    """Look for what catches every exception."""
    notes = Notes()
    handlers = stage.facts.error_handlers
    if enforces(stage.facts, CONTROL):
        detail = "ringwork's outermost layer catches what the application does not, in mounts too"
        notes.add(attack="list the error handlers", where="the whole application", broken=False, detail=detail, read=1 + len(handlers.names))
    elif handlers.catch_all:
        detail = f"the application handles every exception itself ({', '.join(handlers.names)})"
        notes.add(attack="list the error handlers", where="the whole application", broken=False, detail=detail, read=len(handlers.names))
    else:
        detail = "nothing handles every exception; the framework's own page answers"
        notes.add(attack="list the error handlers", where="the whole application", broken=True, detail=detail, read=1 + len(handlers.names))
    return Evidence(check=HANDLERS, observations=notes.done())


CHECKS: tuple[Check, ...] = (
    Check(id=PROVOKED, kind=Kind.LIVE, run=provoked_errors),
    Check(id=PAIRING, kind=Kind.LIVE, run=log_pairing),
    Check(id=HANDLERS, kind=Kind.ROUTES, run=handlers_registered),
)
