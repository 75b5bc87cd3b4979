"""Security events are recorded completely and in one structure.

Against attacks and failures that leave no usable trace: every refusal, error, refused start and marked operation is one event in
the words of the OWASP Logging Vocabulary; what is marked does not happen while nobody can be told.
Source: ASVS 5.0, 16.1.1, 16.2.1 to 16.2.4 and 16.3.1 to 16.3.4; OWASP Logging Vocabulary Cheat Sheet; CWE-778.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from ringwork.enforce.guard import Guard, Hooks, Refusal, Site
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Requires, Route
from ringwork.words import Words

CONTROL = ControlId("observation.security-event-logging")

LONGEST_NAME = 100


class SecurityEventLoggingSettings(Frozen):
    """What the events of this application call it."""

    app: str = field(
        default="",
        metadata={
            "doc": 'name of the application in every event; "" takes the host of the canonical origin',
            "unit": "printable text, at most 100 characters",
            "source": "OWASP Logging Vocabulary (appid)",
        },
    )
    host: str = field(
        default="",
        metadata={
            "doc": 'name of the machine in every event; "" takes the name that the operating system gives it',
            "unit": "printable text, at most 100 characters",
            "source": "OWASP Logging Vocabulary (hostname)",
        },
    )


class SecurityEventLoggingReason(Words):
    """What is told in this control's own name; the pipeline writes it."""

    OPERATION = "operation"
    SINK_DOWN = "sink-down"
    START_REFUSED = "start-refused"


OPERATION = Refusal(control=CONTROL, status=0, reason=SecurityEventLoggingReason.OPERATION.value, detail="a marked operation begins")
"""What is told of a marked operation before its handler runs; nothing is refused by it."""

# Against the administrator who works unseen because the log is full: no record, no operation.
UNTOLD = Refusal(
    control=CONTROL,
    status=503,
    reason=SecurityEventLoggingReason.SINK_DOWN.value,
    detail="the operation is marked recorded=True and the event sink failed, so it did not begin",
)
"""The refusal of a marked operation that could not be told."""


def is_marked(route: Route | None) -> bool:
    """Whether the route's rule says recorded=True."""
    return route is not None and isinstance(route.rule, Requires) and route.rule.recorded


def plan(settings: SecurityEventLoggingSettings, site: Site, route: Route | None) -> Hooks:
    """No hook: events are told where decisions are made, in the pipeline, which asks `is_marked` once for each route."""
    return Hooks()


def faults(settings: SecurityEventLoggingSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    return [
        f'{name}: write printable text of at most {LONGEST_NAME} characters, for example "{example}"'
        for name, value, example in (("app", settings.app, "clinic"), ("host", settings.host, "web-1"))
        if len(value) > LONGEST_NAME or not value.isprintable()
    ]


GUARD: Guard[SecurityEventLoggingSettings] = Guard(control=CONTROL, settings=SecurityEventLoggingSettings, plan=plan, faults=faults)
