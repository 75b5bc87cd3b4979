"""Rotation: a new key is published, then used, then everything that the old one sealed is sealed again, and the old one retired.

Against an eternal key, and against rotations that lose data: nothing seals under a key that some process cannot read yet, no write of
somebody else is overwritten, and no key is retired while a value names it. Killed at any point, it goes on where it was: which step is
next stands in the key table, and how far the walk came beside the values. Source: data-protection.md, section 8.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from ringwork.crypto.sealing import Bound, Cipher, Profile, bind
from ringwork.errors import KeyRefused, SealBroken
from ringwork.frozen import Frozen
from ringwork.keys.lifecycle import KeyReason, Lifecycle
from ringwork.keys.rows import KeyRow, Owner, State, answer
from ringwork.keys.sealed_columns import Cell, SealedColumn, SealedSource

BATCH = 200
"""Values in one transaction: short enough that no writer waits for long."""

PASSES = 100
"""Walks over the same columns before it is said that somebody goes on writing under the old key."""


class Told(Frozen):
    """What is going on now, for whoever watches. done, whole: values, or seconds of a wait."""

    step: str
    done: float = 0
    whole: float = 0


class Broken(Frozen):
    """A value that does not open, where it stands; it stays as it is."""

    place: str
    problem: str


class Outcome(Frozen):
    """What came of a rotation. seals: the key that seals now. retired: kids. left: kid to values that still name it, and why."""

    seals: int
    resealed: int = 0
    retired: tuple[int, ...] = ()
    left: tuple[tuple[int, int], ...] = ()
    broken: tuple[Broken, ...] = ()
    said: str = ""


def _bound(cell: Cell, profile: Profile) -> Bound:
    """What a value is bound to. Raises SealBroken for one that was damaged, or whose row has lost what it is told by."""
    if cell.problem:
        raise SealBroken(cell.problem)
    place = cell.place
    try:
        return bind(place.row, profile=profile, tenant=place.tenant, version=place.version)
    except (TypeError, ValueError) as error:
        # Against one row without its tenant that keeps the values of all others under the old key.
        raise SealBroken("its row has lost what the value is bound to, such as its tenant") from error


class Rotation:
    """Rotates the keys of one owner at a time."""

    def __init__(
        self,
        life: Lifecycle,
        sources: Sequence[SealedSource],
        *,
        batch: int = BATCH,
        sleep: Callable[[float], None] = time.sleep,
        tell: Callable[[Told], None] = lambda told: None,
    ) -> None:
        """sources: where the values are; without any, keys change and no value is sealed again. sleep, tell: for whoever waits."""
        self.life, self.ring = life, life.ring
        self._sources, self._batch, self._sleep, self._tell = tuple(sources), batch, sleep, tell
        self._broken: dict[str, Broken] = {}

    def count(self, kid: int) -> int:
        """Values that name this key now."""
        whose = "the database of the sealed columns (are its tables made?)"
        return sum(answer(lambda s=source, c=column: s.count(c), whose=whose).get(kid, 0) for source, column in self._columns())  # type: ignore[misc]

    def plan(self, owner: Owner) -> list[str]:
        """What `run` would do now, in words, and nothing of it done."""
        pending, active, old = self._keys(owner)
        steps = []
        if pending is None and not old:
            steps.append(f"publish a new key for {owner}" + ("" if active else ", active at once"))
        if active is not None and not old:
            wait = self.life.seconds_until_active(pending) if pending else self.life.settled_after
            steps.append(f"wait {wait:.0f} s until every process has seen it, then activate it; key {active.kid} goes on opening")
        for row in [*old, *([active] if active is not None and not old else [])]:
            if not self._sources:
                steps.append(f"re-seal nothing, since no sealed columns are named; key {row.kid} stays decrypt-only")
            else:
                steps.append(f"re-seal {self.count(row.kid)} values of key {row.kid}, then retire it")
        return steps

    def run(self, owner: Owner, *, wait: bool = True) -> Outcome:
        """Rotate, or go on with a rotation that was broken off. wait: False ends where time has to pass, to be called again later."""
        pending, active, old = self._keys(owner)
        if not old:
            pending = pending or self.life.publish(owner)
            if pending.state is State.PENDING:
                left = self.life.seconds_until_active(pending)
                if left > 0 and not wait:
                    said = f"key {pending.kid} is published; call again in {left:.0f} s"
                    return Outcome(seals=active.kid if active else pending.kid, said=said)
                self._wait(f"key {pending.kid} is published; until every process has seen it", left)
                self.life.activate(pending)
            pending, active, old = self._keys(owner)
        if active is None:
            raise KeyRefused(f"{owner} has no active key; look with: ringwork keys status")
        return self._replace(active, old, wait=wait)

    def _replace(self, active: KeyRow, old: Sequence[KeyRow], *, wait: bool) -> Outcome:
        if not self._sources:
            told = "no value was sealed again, since no sealed columns are named: [keys] columns" if old else ""
            return Outcome(seals=active.kid, said=told)
        resealed, retired, left = 0, [], []
        for row in old:
            resealed += self._reseal(row, owner=active.owner)
            waits = max(0.0, row.changed + self.life.settled_after - self.ring.clock.now())
            if waits and not wait:
                return Outcome(
                    seals=active.kid, resealed=resealed, said=f"other processes may still use key {row.kid}; call again in {waits:.0f} s"
                )
            self._wait(f"until no process seals under key {row.kid} any more", waits)
            resealed += self._reseal(row, owner=active.owner)
            values = self.count(row.kid)
            if values:
                left.append((row.kid, values))
                continue
            self.life.retire(row, values=0)
            retired.append(row.kid)
        return Outcome(seals=active.kid, resealed=resealed, retired=tuple(retired), left=tuple(left), broken=tuple(self._broken.values()))

    def _reseal(self, row: KeyRow, *, owner: Owner) -> int:
        """Walk until no value names the key, or only such as do not open. Returns how many were sealed again."""
        whole = self.count(row.kid)
        if not whole:
            return 0
        self.life.tell(KeyReason.RESEALED, f"key {row.kid} of {row.owner}: {whole} values to be sealed again")
        done = 0
        for _ in range(PASSES):
            for source, column in self._columns():
                for step in self._walk(source, column, row, owner):
                    done += step
                    self._tell(Told(step=f"re-sealing {column.label} of key {row.kid}", done=done, whole=max(whole, done)))
            if self.count(row.kid) <= len(self._broken):
                break
        return done

    def _walk(self, source: SealedSource, column: SealedColumn, row: KeyRow, owner: Owner) -> Iterator[int]:
        """One way through a column, batch by batch, from where the last one came to; how many values each has replaced."""
        task = f"reseal {row.kid}"
        while True:
            # Before the transaction: on SQLite it locks the file, in which the key table may stand as well.
            self.ring.reserve(owner, self._batch)
            self._opener(row, column, row.owner.data_class)
            with source.batch() as batch:
                cells = batch.cells(column, kid=row.kid, after=batch.position(task, column), limit=self._batch)
                changes = [(cell, sealed) for cell in cells if (sealed := self._sealed_again(column, cell, row, owner)) is not None]
                swapped = batch.swap(column, changes) if changes else 0
                # The end of the column is the beginning of the next pass.
                is_end = len(cells) < self._batch
                batch.note(task, column, None if is_end else cells[-1].key)
            yield swapped
            if is_end:
                return

    def _opener(self, row: KeyRow, column: SealedColumn, data_class: str) -> Cipher:
        of = row.owner
        return self.ring.to_open(row.kid, column.table, column.column, data_class=data_class, tenant=of.tenant, subject=of.subject)

    def _sealed_again(self, column: SealedColumn, cell: Cell, row: KeyRow, owner: Owner) -> bytes | None:
        """The value under the key that seals now; None for one that does not open."""
        profile = column.profile
        try:
            bound = _bound(cell, profile)
            # Against a value that was forged with the key of a lesser class: the column says which class it has.
            plain = self._opener(row, column, column.data_class).open_bound(cell.sealed, bound, profile)
        except SealBroken as error:
            # Against evidence that a rotation would tidy away: what does not open stays, and keeps its key from being retired.
            where = f"{column.label} of row {'/'.join(map(str, cell.key))}"
            self._broken[where] = Broken(place=where, problem=error.problem)
            return None
        cipher = self.ring.to_seal(
            column.table, column.column, data_class=owner.data_class, tenant=owner.tenant or None, subject=owner.subject or None
        )
        return cipher.seal_bound(plain, bound, profile)

    def _keys(self, owner: Owner) -> tuple[KeyRow | None, KeyRow | None, list[KeyRow]]:
        """The owner's pending, active and decrypt-only keys; of several pending ones the newest."""
        rows = answer(lambda: list(self.ring.table.rows(owner=owner, states=(State.PENDING, State.ACTIVE, State.DECRYPT_ONLY))))
        of = {state: [row for row in rows if row.state is state] for state in State}
        return next(iter(of[State.PENDING][-1:]), None), next(iter(of[State.ACTIVE]), None), of[State.DECRYPT_ONLY]

    def _columns(self) -> Iterator[tuple[SealedSource, SealedColumn]]:
        for source in self._sources:
            for column in source.columns():
                yield source, column

    def _wait(self, why: str, seconds: float) -> None:
        waited = 0.0
        while waited < seconds:
            self._tell(Told(step=why, done=waited, whole=seconds))
            pause = min(1.0, seconds - waited)
            self._sleep(pause)
            waited += pause
