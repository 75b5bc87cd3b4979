"""The steps of a key's life, each refused where it would lose or leave something, and each told as an event before it is taken.

Against a new key that some process cannot read yet: it is active only once every cache has seen it. Against values that a thrown-away
key took along: a key is retired when no value names it, and destroyed only after that. Source: data-protection.md, sections 7 and 8.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from ringwork.errors import KeyRefused
from ringwork.events import Event, EventSink, Outcome, log_event
from ringwork.keys.hierarchy import BY_KEY
from ringwork.keys.keyring import Keyring
from ringwork.keys.rows import MOVES, KeyRow, Owner, State, answer
from ringwork.names import ControlId, IncidentId

CONTROL = ControlId("data.key-management")
SKEW_SECONDS = 5.0
"""Added to a wait: by so much the clocks of two machines may differ."""


class KeyReason(StrEnum):
    """What is done to a key. Append-only: monitoring stands on it."""

    PUBLISHED = "key-published"
    ACTIVATED = "key-activated"
    RESEALED = "values-resealed"
    RETIRED = "key-retired"
    RESTORED = "key-restored"
    DESTROYED = "key-destroyed"
    REWRAPPED = "keys-rewrapped"


class Lifecycle:
    """Takes keys from state to state. Raises KeyRefused where a step is not allowed, and says which one is."""

    __slots__ = ("ring", "_events")

    def __init__(self, ring: Keyring, *, events: EventSink = log_event) -> None:
        self.ring, self._events = ring, events

    def publish(self, owner: Owner) -> KeyRow:
        """A new key: pending where the owner has an active one, else active at once, since nobody can have sealed anything."""
        state = State.PENDING if answer(lambda: self.ring.table.active(owner)) else State.ACTIVE
        self.tell(KeyReason.PUBLISHED, f"{owner}: a new key, {state}")
        row = answer(lambda: self.ring.hierarchy.make(owner, state=state))
        if row is None:
            raise KeyRefused(f"{owner} got an active key from another process meanwhile; look with: ringwork keys status")
        return row

    def seconds_until_active(self, row: KeyRow) -> float:
        """How long a pending key still waits until every process has seen it, 0 for not at all."""
        return max(0.0, row.created + self.settled_after - self.ring.clock.now())

    @property
    def settled_after(self) -> float:
        """Seconds after which every process has seen a change of the key table."""
        return self.ring.limits.cache_seconds + SKEW_SECONDS

    def activate(self, row: KeyRow) -> None:
        """Let a pending key seal; the one before it goes on opening."""
        left = self.seconds_until_active(row)
        if left > 0:
            raise KeyRefused(f"was published too recently for every process to read with it; wait {left:.0f} s more", kid=row.kid)
        self.tell(KeyReason.ACTIVATED, f"key {row.kid} of {row.owner}")
        if not answer(lambda: self.ring.table.activate(row.kid, at=self._now())):
            raise KeyRefused("is not pending any more; look with: ringwork keys status", kid=row.kid)
        self.ring.forget()

    def retire(self, row: KeyRow, *, values: int) -> None:
        """Let a decrypt-only key open nothing any more. values: how many values still name it, counted just now."""
        if values:
            raise KeyRefused(f"{values} values are still sealed under it; re-seal them first: ringwork keys rotate", kid=row.kid)
        self._move(row, State.RETIRED, KeyReason.RETIRED)

    def restore(self, row: KeyRow) -> None:
        """Let a retired key open again."""
        self._move(row, State.DECRYPT_ONLY, KeyReason.RESTORED)

    def destroy(self, row: KeyRow, *, values: int, erase: bool = False) -> None:
        """Throw a key's bytes away, for ever. values: how many values still name it; with `erase` these are given up.

        What copies of the key table hold, such as backups, is not reached.
        """
        if values and not erase:
            raise KeyRefused(f"{values} values would never open again; re-seal them, or give them up with --erase", kid=row.kid)
        if erase and row.state in {State.ACTIVE, State.DECRYPT_ONLY}:
            self.tell(KeyReason.DESTROYED, f"key {row.kid} of {row.owner}, with {values} values")
            self._step(row, row.state, State.DESTROYED)
            return
        self._move(row, State.DESTROYED, KeyReason.DESTROYED)

    def rewrap(self, told: Callable[[int, int], None] = lambda done, whole: None) -> int:
        """Wrap every key again that is not wrapped under today's first root; no value is touched. Returns how many were.

        Keys below a tenant's own key stay: that key is rewrapped. Interrupted, it is simply called again.
        """
        today = self.ring.hierarchy.roots[0].reference
        states = [state for state in State if state is not State.DESTROYED]
        rows = answer(
            lambda: [
                row for row in self.ring.table.rows(states=states) if row.wrapped_by != today and not row.wrapped_by.startswith(BY_KEY)
            ]
        )
        if rows:
            self.tell(KeyReason.REWRAPPED, f"{len(rows)} keys, under {today}")
        for done, row in enumerate(rows, 1):
            answer(lambda row=row: self.ring.hierarchy.rewrap(row))  # type: ignore[misc]  # bound at once
            told(done, len(rows))
        return len(rows)

    def tell(self, reason: KeyReason, detail: str) -> None:
        """One event. Raises what the sink raises: what cannot be recorded is not done."""
        event = Event(
            control=CONTROL, reason=reason, outcome=Outcome.ALLOWED, status=0, method="", route="", peer="", principal=None,
            incident=IncidentId(""), at=self.ring.clock.now(), detail=detail,
        )  # fmt: skip
        self._events(event)

    def _move(self, row: KeyRow, new: State, reason: KeyReason) -> None:
        if (row.state, new) not in MOVES:
            ways = ", ".join(after for before, after in sorted(MOVES) if before is row.state) or "nothing before it was rotated"
            raise KeyRefused(f"is {row.state}, and cannot become {new}; from here it can become: {ways}", kid=row.kid)
        self.tell(reason, f"key {row.kid} of {row.owner}")
        self._step(row, row.state, new)

    def _step(self, row: KeyRow, old: State, new: State) -> None:
        if not answer(lambda: self.ring.table.move(row.kid, old=old, new=new, at=self._now())):
            raise KeyRefused(f"is not {old} any more; look with: ringwork keys status", kid=row.kid)
        self.ring.forget(row.kid)

    def _now(self) -> int:
        return int(self.ring.clock.now())
