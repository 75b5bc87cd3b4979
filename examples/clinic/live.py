"""News for people whose page is open: each listens on a queue, whoever changes something tells all whom it concerns.

Reaches the listeners of this process only; with several, a page shows news of another process when it is loaded again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from examples.clinic.domain import Appointment

WAITING_LIMIT = 16


class Listener:
    """One open page. user_id: whose."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Queue[str] = asyncio.Queue(WAITING_LIMIT)

    async def next(self) -> str:
        """The next piece of news, when there is one."""
        return await self._waiting.get()

    def tell(self, text: str) -> None:
        """Hand over a piece of news; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._keep, text)

    def _keep(self, text: str) -> None:
        # Against filling the memory through a page that reads nothing: what does not fit is not kept.
        if not self._waiting.full():
            self._waiting.put_nowait(text)


class Bulletin:
    """Who listens, and the way to tell them."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    @contextmanager
    def listening(self, user_id: int) -> Iterator[Listener]:
        """A listener for `user_id` while the block runs; enter it inside the event loop."""
        listener = Listener(user_id)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def tell(self, user_ids: Iterable[int], text: str) -> None:
        """Tell every open page of these people."""
        concerned = frozenset(user_ids)
        for listener in tuple(self._listeners):
            if listener.user_id in concerned:
                listener.tell(text)


def concerned_by(appointment: Appointment) -> list[int]:
    """The user ids of the patient and the clinician of an appointment."""
    owner = appointment.patient.user_id
    return [appointment.clinician_id] if owner is None else [owner, appointment.clinician_id]
