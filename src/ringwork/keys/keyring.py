"""The keyring: the one place where an application gets the cipher of a column, and where the state of a key decides whether it does.

Against one leaked, shared or eternal key that opens everything for ever: keys have classes and owners, only the active one seals,
what is retired or destroyed opens nothing, and every value names its key. Source: data-protection.md, sections 7 and 8.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence

from ringwork.clock import SYSTEM_CLOCK, Clock
from ringwork.crypto.sealing import Cipher, Suite
from ringwork.errors import KeyMisplaced, KeyRefused, KeyUnavailable, StoreDown
from ringwork.keys.held import USUAL, Held, Limits
from ringwork.keys.hierarchy import Hierarchy
from ringwork.keys.root import Root, made_root, require_wrapping
from ringwork.keys.rows import READS, KeyRow, KeyTable, Owner, Purpose, State, answer
from ringwork.stores.memory_keys import MemoryKeyTable

OWED = 1 << 16
"""Values that a process may seal while the key table cannot be written, as inside a transaction that locks an SQLite file."""


Whose = tuple[str, str, str]
"""Class, tenant and subject: an Owner of data keys, quicker to look up."""


class Keyring:
    """Ciphers for columns, from keys that their state allows. Threads and tasks share one; a forked child may go on with it.

    A key that is held is handed out without asking anybody. One that is not held, or not looked at for `cache_seconds`, is read from
    the key table, and one that is new or was kept for `root_seconds` comes from the root: call `prefetch` at start, and let
    `refreshing` go on doing so, and no statement waits for a root.
    """

    __slots__ = ("hierarchy", "limits", "clock", "suite", "_now", "_lock", "_held", "_active", "_process")

    def __init__(
        self,
        table: KeyTable,
        roots: Sequence[Root],
        *,
        limits: Limits = USUAL,
        clock: Clock = SYSTEM_CLOCK,
        tenant_keys: bool = False,
        suite: Suite = Suite.AES_256_GCM_SIV,
    ) -> None:
        """roots: the first wraps new keys, the others are former ones that still unwrap. tenant_keys: see Hierarchy. suite: see Cipher."""
        self.hierarchy = Hierarchy(table, roots, clock=clock, tenant_keys=tenant_keys, seconds=limits.root_seconds)
        self.limits, self.clock, self.suite = limits, clock, suite
        # Asked for each value, so the machine's clock is asked without a step in between.
        self._now: Callable[[], float] = time.time if clock is SYSTEM_CLOCK else clock.now
        self._held: dict[int, Held] = {}
        self._active: dict[Whose, int] = {}
        self._lock, self._process = threading.RLock(), os.getpid()

    @property
    def table(self) -> KeyTable:
        """Where its keys are kept."""
        return self.hierarchy.table

    def to_seal(
        self, table: str, column: str, *, data_class: str = "default", tenant: str | None = None, subject: str | None = None
    ) -> Cipher:
        """The cipher that seals one value of this column now; ask for each value, since values are counted.

        tenant, subject: whose value it is, where these have keys of their own; the first value of an owner makes its key.
        Raises KeyRefused where no key may seal it, KeyUnavailable where key table or root do not answer.
        """
        whose = (data_class, tenant or "", subject or "")
        held = self._held.get(self._active.get(whose, 0))
        if held is None or not held.since <= self._now() < held.until:
            held = self._load_active(whose)
        held.count_value(self._lease)
        return held.cipher(table, column)

    def to_open(
        self,
        kid: int,
        table: str,
        column: str,
        *,
        data_class: str = "default",
        tenant: str | None = None,
        subject: str | None = None,
    ) -> Cipher:
        """The cipher that opens values of this column under key `kid`, which a header names (untrusted).

        data_class, tenant, subject: as they were told to `to_seal`. Raises KeyMisplaced for a key of any other owner, KeyRefused for
        one that is unknown, retired or destroyed, KeyUnavailable where key table or root do not answer.
        """
        held = self._held.get(kid)
        if held is None or not held.since <= self._now() < held.until:
            held = self._load(kid)
        if held.whose != (data_class, tenant or "", subject or ""):
            # Against a header that chooses the key: whoever has one key and writes to the database forges values of that owner alone.
            raise KeyMisplaced(kid=kid)
        return held.cipher(table, column)

    def active_kid(self, *, data_class: str = "default", tenant: str | None = None, subject: str | None = None) -> int:
        """The number of the key that `to_seal` would use now; nothing is counted."""
        whose = (data_class, tenant or "", subject or "")
        held = self._held.get(self._active.get(whose, 0))
        if held is None or not held.since <= self._now() < held.until:
            held = self._load_active(whose)
        return held.row.kid

    def reserve(self, owner: Owner, values: int) -> None:
        """Fetch an owner's active key and the right to seal so many values with it, before a transaction that locks the key table."""
        held = self._load_active((owner.data_class, owner.tenant, owner.subject))
        while held.left < values:
            self._lease(held)

    def start(self) -> None:
        """Refuse to start without what is needed: each root proves itself by a canary, and all keys in use are fetched."""
        for root in self.hierarchy.roots:
            require_wrapping(root)
        self.prefetch()

    def prefetch(self, *, states: Collection[State] = (State.ACTIVE, State.DECRYPT_ONLY)) -> int:
        """Fetch the newest keys in these states, up to the limit, and take blocks of values; never during a statement.

        A key that has been kept for half its time is asked for again, so that it does not run out in between. Returns how many are held.
        """
        with self._locked():
            self._drop_old()
            newest = sorted(self._rows(states), key=lambda row: (row.state is State.ACTIVE, row.created))[-self.limits.keys :]
            for row in newest:
                held = self._hold(row, early=True)
                if row.state is State.ACTIVE:
                    self._active[row.owner.data_class, row.owner.tenant, row.owner.subject] = row.kid
                    if held.left <= self.limits.lease // 2:
                        self._lease(held)
            return len(self._held)

    async def prefetch_async(self) -> int:
        """The same on another thread, so that no event loop waits."""
        return await asyncio.to_thread(self.prefetch)

    @contextlib.contextmanager
    def refreshing(self) -> Iterator[None]:
        """Prefetch every half `cache_seconds` on a thread of its own until the block ends; begin it after the last fork.

        A failure is no end: keys go on being used for their time, then uses fail, and the next round may find everything well.
        """
        done = threading.Event()
        thread = threading.Thread(target=self._refresh, args=(done,), name="ringwork-keys", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def forget(self, kid: int | None = None) -> None:
        """Drop a key that is held, or all of them."""
        with self._locked():
            for each in [kid] if kid is not None else list(self._held):
                self._held.pop(each, None)
            self._active = {whose: each for whose, each in self._active.items() if each in self._held}
            self.hierarchy.forget()

    def _refresh(self, done: threading.Event) -> None:
        while not done.wait(self.limits.cache_seconds / 2):
            with contextlib.suppress(KeyUnavailable, KeyRefused):
                self.prefetch()

    def _load_active(self, whose: Whose) -> Held:
        with self._locked():
            held = self._held.get(self._active.get(whose, 0))
            if held is not None and held.since <= self._now() < held.until:
                return held  # another thread was faster
            owner = Owner(data_class=whose[0], tenant=whose[1], subject=whose[2])
            row = answer(lambda: self.table.active(owner)) or self._first_of(owner)
            held = self._hold(row)
            self._active[whose] = row.kid
            return held

    def _first_of(self, owner: Owner) -> KeyRow:
        """The first key of a tenant or a subject; that of a class is made by a person."""
        if not owner.tenant and not owner.subject:
            raise KeyRefused(f"{owner} has no active key; make one with: ringwork keys init --class {owner.data_class}")
        row = answer(lambda: self.hierarchy.make(owner, state=State.ACTIVE) or self.table.active(owner))
        if row is None:
            raise KeyUnavailable(f"no key for {owner} could be made; look at the key table")
        return row

    def _load(self, kid: int) -> Held:
        with self._locked():
            held = self._held.get(kid)
            if held is not None and held.since <= self._now() < held.until:
                return held
            row = answer(lambda: self.table.find(kid))
            if row is None:
                raise KeyRefused("is not in the key table; the value is forged, or the table was restored from before it", kid=kid)
            return self._hold(row)

    def _hold(self, row: KeyRow, *, early: bool = False) -> Held:
        """Keep a key whose row was just read. early: its bytes are asked for again when half of their time is over."""
        self._require_readable(row)
        now, held = self.clock.now(), self._held.pop(row.kid, None)
        stays = held is not None and held.row.check == row.check and held.may_stay(now)
        if held is None or not stays or (early and now - held.unwrapped_at > self.limits.root_seconds / 2):
            left = held.left if held is not None else 0
            held = Held(row, answer(lambda: self.hierarchy.unwrap(row)), now=now, suite=self.suite, limits=self.limits)
            held.left = left
        held.renew(row, now=now)
        while len(self._held) >= self.limits.keys:
            self._held.pop(next(iter(self._held)))
        self._held[row.kid] = held
        return held

    def _require_readable(self, row: KeyRow) -> None:
        if row.owner.purpose is not Purpose.DATA:
            # Against a forged header that names a tenant's wrapping key.
            raise KeyRefused("wraps keys and opens no values; the value is forged", kid=row.kid)
        if row.state in READS:
            return
        self.forget(row.kid)
        if row.state is State.RETIRED:
            raise KeyRefused(f"is retired; to read with it again: ringwork keys restore {row.kid}", kid=row.kid)
        raise KeyRefused("was destroyed; what was sealed under it cannot be opened again", kid=row.kid)

    def _lease(self, held: Held) -> None:
        """Take the right to seal some more values. Raises KeyRefused once the key has sealed all it may."""
        count = self.limits.lease
        try:
            granted = self.table.lease(held.row.kid, count=count + held.owed, limit=self.limits.values)
        except StoreDown as error:
            # Against a lock that the statement itself holds: some values are sealed before they are counted, then no more.
            if held.owed >= OWED:
                raise KeyUnavailable("the key table cannot be written, so no more values are sealed; call prefetch() at start") from error
            held.left, held.owed = OWED >> 6, held.owed + (OWED >> 6)
            return
        if not granted:
            raise KeyRefused(f"has sealed its {self.limits.values} values; rotate it: ringwork keys rotate", kid=held.row.kid)
        held.left, held.owed = held.left + count, 0

    def _drop_old(self) -> None:
        now = self.clock.now()
        for kid in [kid for kid, held in self._held.items() if not held.may_stay(now)]:
            self.forget(kid)

    def _rows(self, states: Collection[State]) -> list[KeyRow]:
        return [row for row in answer(lambda: list(self.table.rows(states=states))) if row.owner.purpose is Purpose.DATA]

    def _locked(self) -> threading.RLock:
        if self._process != os.getpid():
            # Against a lock that another thread held at the fork, and that nobody would ever release here.
            self._lock, self._process = threading.RLock(), os.getpid()
        return self._lock


def memory_keyring(
    *, classes: Sequence[str] = ("default",), limits: Limits = USUAL, clock: Clock = SYSTEM_CLOCK, tenant_keys: bool = False
) -> Keyring:
    """A keyring whose root and keys live in this process and end with it: for tests and loopback development, never for data that stays.

    classes: the data classes that get a key. Its root is named "memory-for-tests:...", which every row and message shows.
    """
    made = Keyring(MemoryKeyTable(), [made_root("memory-for-tests")], limits=limits, clock=clock, tenant_keys=tenant_keys)
    for data_class in classes:
        made.hierarchy.make(Owner(data_class=data_class), state=State.ACTIVE)
    return made
