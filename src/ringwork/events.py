"""What the operator learns: one record for each refusal, error and marked operation, with stable names.

Against attacks that leave no trace, and against traces that lie: fields are flat and printable, their names are the
vocabulary's, and a sink that fails rings an alarm that keeps the event. Source: ASVS 5.0, 16.2 and 16.3; CWE-117, CWE-778.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import traceback
from collections.abc import Callable
from typing import Any

from ringwork.clock import Clock, as_utc
from ringwork.errors import RingworkError
from ringwork.frozen import Frozen
from ringwork.names import ControlId, IncidentId
from ringwork.vocabulary import word_of
from ringwork.words import Words

LOGGER = logging.getLogger("ringwork.security")
ALARM_LOGGER = logging.getLogger("ringwork")

VERSION = 2
"""Of the fields; events.schema.json, which is shipped beside this file, describes them."""

ALARM_WINDOW_SECONDS = 60.0
ALARMS_PER_WINDOW = 20
"""How many events a failing sink may put into the alarm's own log in one window; the rest are counted."""

_REQUEST_ID_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:/+=")


class Outcome(Words):
    """What became of the request."""

    DENIED = "denied"
    OBSERVED = "observed"  # would have been denied; the mode is observe
    ERROR = "error"  # the application or the framework failed, or a start was refused
    ALLOWED = "allowed"  # a marked operation, told before it begins


class Event(Frozen):
    """One refusal, error or marked operation.

    reason: a stable, lower-case word of the control's own list. status: what the client was told (0 for nothing yet).
    route: its template, never the raw path or query. detail: for the operator; carries no secret and no request body.
    client: who is asking, behind trusted proxies; peer: the socket's own address.
    incident: the number that the client was given, "" for what was allowed. request: the sender's own X-Request-ID, if it is one.
    at: seconds since 1970 UTC. app, host: which application, on which machine.
    error: the exception of an ERROR, for the log's traceback; never sent anywhere else.
    """

    control: ControlId
    reason: str
    outcome: Outcome
    status: int
    method: str
    route: str
    peer: str
    principal: str | None
    incident: IncidentId
    at: float
    detail: str = ""
    error: BaseException | None = None
    client: str = ""
    request: str | None = None
    app: str = ""
    host: str = ""


EventSink = Callable[[Event], None]


def clean(text: str) -> str:
    """`text` as one printable line; whatever does not print is shown as its escape."""
    # Against forged log lines and terminal codes: line ends, control and bidirectional characters never reach a sink unescaped.
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)


def _argument(value: object) -> str:
    # Against an argument that reads as two: the comma parts them.
    return clean(str(value or "-")).replace(",", "%2C")


def request_id(raw: bytes | None) -> str | None:
    """An X-Request-ID as the sender gave it, None for what is none: 1 to 128 letters, digits and a few marks."""
    # Against a forged line or a secret in a field that everybody can fill: anything else is dropped whole.
    if raw is None or not 0 < len(raw) <= 128:
        return None
    text = raw.decode("latin-1")
    return text if _REQUEST_ID_CHARACTERS.issuperset(text) else None


def as_fields(event: Event) -> dict[str, Any]:
    """The event as flat, printable values; the format that every sink shares (version 2, events.schema.json).

    `event` is a name of the OWASP Logging Vocabulary with its arguments, "authz_fail:ada,GET /admin/users".
    """
    word = word_of(event.control, event.reason, event.status)
    told = ",".join(_argument(getattr(event, name)) for name in word.told)
    return {
        "v": VERSION,
        "at": as_utc(event.at).isoformat(timespec="milliseconds"),
        "app": clean(event.app),
        "host": clean(event.host),
        "event": f"{word.name}:{told}",
        "level": word.level.value,
        "control": event.control,
        "reason": clean(event.reason),
        "outcome": event.outcome.value,
        "status": event.status,
        "method": clean(event.method[:16]),
        "route": clean(event.route),
        "client": clean(event.client),
        "peer": clean(event.peer),
        "principal": None if event.principal is None else clean(event.principal),
        "incident": event.incident,
        "request": event.request,
        "detail": clean(event.detail),
    }


def as_line(event: Event) -> str:
    """The fields as one line of JSON."""
    return json.dumps(as_fields(event), ensure_ascii=False)


def log_event(event: Event) -> None:
    """The default sink: one line of JSON on the logger `ringwork.security`, errors with their traceback below it, indented.

    Promises no more than `logging` does: a handler that fails there is told on stderr by `logging` itself, not by the alarm.
    """
    level = logging.ERROR if event.status >= 500 else logging.INFO
    if event.status < 500 and event.outcome in {Outcome.DENIED, Outcome.OBSERVED}:
        level = logging.WARNING
    if not LOGGER.isEnabledFor(level):
        if event.outcome is Outcome.ALLOWED:
            # Against a marked operation that goes on unseen because somebody raised the level of the log.
            raise RingworkError(
                f"the logger {LOGGER.name} drops {logging.getLevelName(level)}, so a marked operation would leave no record"
            )
        return
    error = event.error
    told = None if error is None else (type(error), error, error.__traceback__)
    record = LOGGER.makeRecord(LOGGER.name, level, __file__, 0, "%s", (as_line(event),), told)
    if error is not None:
        # Against a line forged by the text of an exception, which may quote the request: no line of it begins at the margin.
        lines = "".join(traceback.format_exception(error)).rstrip("\n").split("\n")
        record.exc_text = "\n".join(f"    {clean(line)}" for line in lines)
    LOGGER.handle(record)


class Alarm:
    """What rings when the sink fails: a CRITICAL record on the logger `ringwork` that keeps the event, or a line on stderr.

    Against a second flood out of the first fault: at most ALARMS_PER_WINDOW events in ALARM_WINDOW_SECONDS; what is left out is
    counted, and the count is told with the next one.
    """

    __slots__ = ("_clock", "_began", "_rung", "_missed")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began, self._rung, self._missed = 0.0, 0, 0

    def ring(self, event: Event, fault: BaseException) -> None:
        """Tell that `fault` kept the sink from taking `event`. Never raises."""
        now = event.at
        with contextlib.suppress(Exception):
            now = self._clock.now()
        if not 0 <= now - self._began < ALARM_WINDOW_SECONDS:
            self._began, self._rung = now, 0
        if self._rung >= ALARMS_PER_WINDOW:
            self._missed += 1
            return
        self._rung += 1
        missed, self._missed = self._missed, 0
        left_out = f"; {missed} more events were lost since the last alarm" if missed else ""
        text = f"the event sink failed ({type(fault).__name__}){left_out}; the event was {as_line(event)}"
        try:
            ALARM_LOGGER.critical("%s", text)
        except Exception:  # noqa: BLE001  # whatever a handler of the application raises
            with contextlib.suppress(Exception):  # Against an alarm that turns a refusal into the server's own bare page.
                print(f"ringwork: CRITICAL: {text}", file=sys.stderr)
