"""What the operator learns: one record for each refusal and each error, with stable names."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ringwork.clock import as_utc
from ringwork.names import ControlId, IncidentId

LOGGER = logging.getLogger("ringwork.security")


class Outcome(StrEnum):
    """What became of the request."""

    DENIED = "denied"
    OBSERVED = "observed"  # would have been denied; the mode is observe
    ERROR = "error"  # the application or the framework failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One refusal or error.

    reason: a stable, lower-case word of the control's own list. status: what the client was told (0 for none).
    route: its template, never the raw path or query. detail: for the operator; carries no secret and no request body.
    at: seconds since 1970 UTC. error: the exception of an ERROR, for the log's traceback; never sent anywhere else.
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


EventSink = Callable[[Event], None]


def _clean(text: str) -> str:
    # Against forged log lines: control and formatting characters never reach a sink unescaped.
    return text.encode("ascii", "backslashreplace").decode() if not text.isprintable() else text


def as_fields(event: Event) -> dict[str, object]:
    """The event as flat, printable values; the format that every sink shares (version 1)."""
    return {
        "v": 1,
        "at": as_utc(event.at).isoformat(timespec="milliseconds"),
        "control": event.control,
        "reason": event.reason,
        "outcome": event.outcome.value,
        "status": event.status,
        "method": _clean(event.method[:16]),
        "route": _clean(event.route),
        "peer": _clean(event.peer),
        "principal": None if event.principal is None else _clean(event.principal),
        "incident": event.incident,
        "detail": _clean(event.detail),
    }


def log_event(event: Event) -> None:
    """The default sink: one line of JSON on the logger `ringwork.security`, errors with their traceback."""
    level = logging.ERROR if event.status >= 500 else logging.WARNING if event.outcome is not Outcome.ERROR else logging.INFO
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, "%s", json.dumps(as_fields(event), ensure_ascii=False), exc_info=event.error)
