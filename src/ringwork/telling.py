"""From what the pipeline decided to the event that the operator's sink takes, or to the alarm when the sink fails."""

from __future__ import annotations

import socket
from typing import Any

from ringwork.clock import Clock
from ringwork.enforce.guard import Refusal
from ringwork.events import Alarm, Event, EventSink, Outcome, request_id
from ringwork.exchange import Exchange
from ringwork.frozen import filled
from ringwork.names import IncidentId
from ringwork.secret import random_hex


class Teller:
    """Tells events in the name of one application on one machine."""

    __slots__ = ("_sink", "_clock", "_alarm", "_app", "_host", "_start_told")

    def __init__(self, sink: EventSink, clock: Clock, *, app: str, host: str) -> None:
        self._sink, self._clock = sink, clock
        self._alarm = Alarm(clock)
        self._start_told = False
        self._app, self._host = app, host or socket.gethostname()

    def tell(self, exchange: Exchange, what: Refusal, outcome: Outcome, error: BaseException | None = None) -> bool:
        """Tell what became of a request, under the incident number that its client gets. False when the sink failed."""
        principal = exchange.principal
        # By place, in the order of Event: naming sixteen values costs more than all that is done with them here.
        event = filled(
            Event,
            what.control,
            what.reason,
            outcome,
            what.status,
            exchange.method,
            exchange.route_name,
            exchange.peer,
            None if principal is None else principal.id,
            IncidentId("") if outcome is Outcome.ALLOWED else exchange.numbered(),
            self._clock.now(),
            what.detail,
            error,
            exchange.client,
            request_id(exchange.request_id),
            self._app,
            self._host,
        )
        return self._hand_over(event)

    def tell_outbound(self, what: Refusal, outcome: Outcome) -> bool:
        """Tell of what may belong to no request: a connection to somebody else, a marked act. False when the sink failed."""
        event = self._of_nobody(
            control=what.control,
            reason=what.reason,
            outcome=outcome,
            status=what.status,
            incident=IncidentId("" if outcome is Outcome.ALLOWED else random_hex(8)),
            detail=what.detail,
        )
        return self._hand_over(event)

    def tell_start(self, what: Refusal, error: BaseException) -> None:
        """Tell, once, that the application was not started."""
        if self._start_told:
            return
        self._start_told = True
        event = self._of_nobody(
            control=what.control,
            reason=what.reason,
            outcome=Outcome.ERROR,
            status=what.status,
            incident=IncidentId(random_hex(8)),
            detail=what.detail,
            error=error,
        )
        self._hand_over(event)

    def _of_nobody(self, **fields: Any) -> Event:
        return Event(at=self._clock.now(), app=self._app, host=self._host, method="", route="", peer="", principal=None, **fields)

    def _hand_over(self, event: Event) -> bool:
        try:
            self._sink(event)
        except Exception as fault:  # noqa: BLE001  # whatever a sink of the application raises
            # Against a full disk that turns a refusal into the server's own bare page: the answer goes out, the alarm keeps the event.
            self._alarm.ring(event, fault)
            return False
        return True
