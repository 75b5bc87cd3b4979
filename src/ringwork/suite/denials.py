"""Whether ringwork refused: by the status, by the event that the operator reads, and by what did not change.

Against a test that is content with a 403: the application may have refused for another reason, or after it had done the deed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.events import Event, Outcome
from ringwork.suite.opened import Opened


class Denials:
    """The fixture `assert_denied` of one application."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def __call__(
        self,
        subject: Any,
        *,
        control: str = "",
        reason: str = "",
        status: int | None = None,
        unchanged: Callable[[], object] | None = None,
    ) -> Event:
        """The event of the refusal, or AssertionError. subject: an answer, or a call that makes one. As `ringwork.testing.AssertDenied`."""
        __tracebackhide__ = True
        events = self._events()
        known, before = len(events), unchanged() if unchanged is not None else None
        if hasattr(subject, "status_code"):
            if unchanged is not None:
                raise TypeError("with unchanged=..., give a call instead of its answer: assert_denied(lambda: client.post(...), ...)")
            answer = subject
        elif callable(subject):
            answer = _answer_of(subject)
        else:
            raise TypeError(f"assert_denied() takes an answer of a test client, or a call that makes one, not {type(subject).__name__}")
        event = _event_of(answer, events, known)
        _require_named(event, control, reason, status)
        if unchanged is not None and unchanged() != before:
            raise AssertionError(f"it was refused ({event.control}, {event.reason}), and yet what unchanged() reads has changed")
        return event

    def _events(self) -> Sequence[Event]:
        if self._opened.seam is None:
            raise TargetFailed(
                step="assert_denied",
                problem="the application is not guarded by ringwork, so no refusal is ringwork's",
                advice="protect(app) first, or assert the status alone",
            )
        return self._opened.seam.events


def _answer_of(call: Callable[[], Any]) -> Any:
    """What a call answers. A refused WebSocket is an exception of the test client; it is the answer, or stands for one."""
    try:
        return call()
    except Exception as error:
        if hasattr(error, "status_code"):
            return error
        if type(error).__name__ == "WebSocketDisconnect":
            return None
        raise


def _event_of(answer: Any, events: Sequence[Event], known: int) -> Event:
    """The event that belongs to an answer, by the incident number that its client was given."""
    status = getattr(answer, "status_code", 0)
    if answer is not None and not 400 <= status < 500:
        raise AssertionError(f"it was answered with {status}, so it was not refused{_observed(events[known:])}")
    if answer is None:
        found = [event for event in events[known:] if event.outcome is Outcome.DENIED]
    else:
        incident = answer.headers.get("incident-id")
        found = [event for event in events if event.outcome is Outcome.DENIED and event.incident == incident]
    if not found:
        raise AssertionError(
            f"it was answered with {status or 'a closed socket'}, and ringwork recorded no refusal of it: "
            "the application itself refused, or observation.security-event-logging is not among the controls of `only`"
        )
    return found[-1]


def _observed(events: Sequence[Event]) -> str:
    seen = next((event for event in events if event.outcome is Outcome.OBSERVED), None)
    return f"; the mode is observe, in which {seen.control} only says what it would refuse" if seen is not None else ""


def _require_named(event: Event, control: str, reason: str, status: int | None) -> None:
    said = f"refused by {event.control} ({event.reason}), status {event.status}"
    if control and event.control != control:
        raise AssertionError(f"{said}, and not by {control}")
    if reason and event.reason != reason:
        raise AssertionError(f"{said}, and not for {reason}")
    if status is not None and event.status != status:
        raise AssertionError(f"{said}, and not with {status}")
