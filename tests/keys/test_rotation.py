"""A rotation leaves every value under the new key and loses none, whatever interrupts it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from ringwork.clock import FixedClock
from ringwork.crypto.sealing import read_header
from ringwork.errors import KeyRefused, StoreDown
from ringwork.events import Event
from ringwork.keys.columns_sqlalchemy import TableBatch, TableSource
from ringwork.keys.held import Limits
from ringwork.keys.keyring import Keyring
from ringwork.keys.lifecycle import SKEW_SECONDS, KeyReason, Lifecycle
from ringwork.keys.root import made_root
from ringwork.keys.rotation import Rotation, Told
from ringwork.keys.rows import KeyRow, Owner, State
from ringwork.keys.sealed_columns import Cell, SealedColumn, key_of, key_text
from ringwork.stores.sqlalchemy_keys import SqlalchemyKeyTable
from tests.keys import sealed_tables
from tests.keys.sealed_tables import NOTES

ROWS = 10
SETTLED = 60 + SKEW_SECONDS


class Kept:
    """An application with a key table, sealed values, a clock, and what was told."""

    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock()
        self.engine = sealed_tables.engine_of(folder / "app.db")
        self.table = SqlalchemyKeyTable(self.engine)
        self.table.prepare()
        self.root = made_root("test")
        self.ring = Keyring(self.table, [self.root], limits=Limits(cache_seconds=60, root_seconds=600), clock=self.clock)
        self.events: list[Event] = []
        self.life = Lifecycle(self.ring, events=self.events.append)
        self.first = self.life.publish(Owner())
        sealed_tables.fill(self.engine, self.ring, rows=ROWS)
        self.before = sealed_tables.opened(self.engine, self.ring)

    def rotation(self, source: TableSource | None = None, *, told: list[Told] | None = None) -> Rotation:
        tell = (lambda each: None) if told is None else told.append
        sources = [source or sealed_tables.source(self.engine)]
        return Rotation(self.life, sources, batch=4, sleep=self.clock.advance, tell=tell)

    def row(self, kid: int) -> KeyRow:
        found = self.table.find(kid)
        assert found is not None
        return found


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    yield made
    made.engine.dispose()


def test_seals_every_value_again_and_retires_the_old_key(kept: Kept) -> None:
    """Afterwards no value names the old key, all open to what they were, and the old key opens nothing."""
    told: list[Told] = []
    came = kept.rotation(told=told).run(Owner())
    assert came.resealed == 2 * ROWS
    assert came.retired == (kept.first.kid,)
    assert (came.left, came.broken) == ((), ())
    assert kept.row(kept.first.kid).state is State.RETIRED
    source = sealed_tables.source(kept.engine)
    assert [dict(source.count(column)) for column in source.columns()] == [{came.seals: ROWS}, {came.seals: ROWS}]
    assert sealed_tables.opened(kept.engine, kept.ring) == kept.before
    assert max(each.done for each in told if each.step.startswith("re-sealing")) == 2 * ROWS
    assert [event.reason for event in kept.events] == [
        KeyReason.PUBLISHED, KeyReason.PUBLISHED, KeyReason.ACTIVATED, KeyReason.RESEALED, KeyReason.RETIRED,
    ]  # fmt: skip
    with pytest.raises(KeyRefused, match="retired"):
        kept.ring.to_open(kept.first.kid, "notes", "text")


def test_uses_no_new_key_before_every_process_can_read_it(kept: Kept) -> None:
    """Between publishing and activating lies more than the time for which any cache keeps its answer."""
    began = kept.clock.now()
    came = kept.rotation().run(Owner())
    assert kept.row(came.seals).activated - began >= SETTLED - 1
    assert kept.row(kept.first.kid).changed - kept.row(came.seals).activated >= SETTLED - 1
    early = kept.life.publish(Owner())
    with pytest.raises(KeyRefused, match="wait 65 s more"):
        kept.life.activate(early)


def test_ends_instead_of_waiting_and_goes_on_when_called_again(kept: Kept) -> None:
    """A scheduler may call it every few minutes; nothing is published twice."""
    rotation = kept.rotation()
    first = rotation.run(Owner(), wait=False)
    assert first.said.endswith("call again in 65 s")
    assert first.seals == kept.first.kid
    again = rotation.run(Owner(), wait=False)
    assert again.said == first.said
    kept.clock.advance(SETTLED)
    second = rotation.run(Owner(), wait=False)
    assert second.resealed == 2 * ROWS
    assert "may still use" in second.said
    kept.clock.advance(SETTLED)
    assert rotation.run(Owner(), wait=False).retired == (kept.first.kid,)
    assert len(list(kept.table.rows())) == 2


@pytest.mark.parametrize("at", [0, 1, 3, 4])
def test_goes_on_where_it_was_killed(kept: Kept, at: int) -> None:
    """A rotation that dies in any batch has changed whole batches, and the next run only does the rest."""
    left = [at]

    class Dying(TableSource):
        def batch(self) -> Iterator[TableBatch]:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return super().batch()

    with pytest.raises(KeyboardInterrupt):
        kept.rotation(Dying(kept.engine, sealed_tables.COLUMNS)).run(Owner())
    rotation = kept.rotation()
    done = sum(rotation.count(row.kid) for row in kept.table.rows(states=[State.ACTIVE]))
    assert done == {0: 0, 1: 4, 3: 10, 4: 14}[at]
    came = rotation.run(Owner())
    assert (came.resealed, came.retired) == (2 * ROWS - done, (kept.first.kid,))
    assert sealed_tables.opened(kept.engine, kept.ring) == kept.before


def test_keeps_what_somebody_wrote_meanwhile(kept: Kept) -> None:
    """A value that is written between reading and replacing stays; the next pass finds it."""
    writes = iter([kept.ring.to_seal("notes", "text"), None])

    class Racing(TableBatch):
        def cells(self, column: SealedColumn, **asked: object) -> Sequence[Cell]:
            found = super().cells(column, **asked)  # type: ignore[arg-type]
            cipher = next(writes, None)
            if cipher is not None:
                late = cipher.seal(b"written meanwhile", sealed_tables.note_place({"id": 2}))
                self._connection.execute(sa.update(NOTES).where(NOTES.c.id == 2).values(text=late))
            return found

    class RacingSource(TableSource):
        def batch(self):
            whole = super().batch()

            class Block:
                def __enter__(self) -> Racing:
                    made = whole.__enter__()
                    return Racing(made._connection, made._columns)

                def __exit__(self, *raised: object) -> bool | None:
                    return whole.__exit__(*raised)

            return Block()

    came = kept.rotation(RacingSource(kept.engine, sealed_tables.COLUMNS)).run(Owner())
    assert came.retired == (kept.first.kid,)
    assert sealed_tables.opened(kept.engine, kept.ring) == {**kept.before, "note 2": "written meanwhile"}


def test_leaves_what_does_not_open_and_keeps_its_key(kept: Kept) -> None:
    """A value that was tampered with is evidence: it is named, stays as it is, and its key is not retired."""
    with kept.engine.begin() as connection:
        raw = connection.execute(sa.select(NOTES.c.text).where(NOTES.c.id == 3)).scalar_one()
        bad = raw[:-1] + bytes([raw[-1] ^ 1])
        connection.execute(sa.update(NOTES).where(NOTES.c.id == 3).values(text=bad))
    came = kept.rotation().run(Owner())
    assert came.left == ((kept.first.kid, 1),)
    assert [broken.place for broken in came.broken] == ["notes.text of row 3"]
    assert kept.row(kept.first.kid).state is State.DECRYPT_ONLY
    with kept.engine.connect() as connection:
        assert connection.execute(sa.select(NOTES.c.text).where(NOTES.c.id == 3)).scalar_one() == bad


def test_seals_nothing_again_where_no_columns_are_named(kept: Kept) -> None:
    """Without columns nobody knows whether values are left, so the old key is not retired."""
    rotation = Rotation(kept.life, [], sleep=kept.clock.advance)
    came = rotation.run(Owner())
    assert "no sealed columns are named" in came.said
    assert kept.row(kept.first.kid).state is State.DECRYPT_ONLY
    assert "stays decrypt-only" in rotation.plan(Owner())[-1]


def test_a_plan_changes_nothing(kept: Kept) -> None:
    """A dry run tells the steps and takes none."""
    rows = list(kept.table.rows())
    plan = kept.rotation().plan(Owner())
    assert [step.split()[0] for step in plan] == ["publish", "wait", "re-seal"]
    assert f"re-seal {2 * ROWS} values of key {kept.first.kid}" in plan[-1]
    assert list(kept.table.rows()) == rows
    assert len(kept.events) == 1


def test_rotates_each_owner_by_itself(kept: Kept) -> None:
    """A tenant's values stay under keys of that tenant."""
    place = sealed_tables.note_place({"id": 1000})
    old = kept.ring.to_seal("notes", "text", tenant="a")
    with kept.engine.begin() as connection:
        connection.execute(sa.insert(NOTES).values(id=1000, text=old.seal(b"of a", place)))
    came = kept.rotation().run(Owner(tenant="a"))
    assert (came.resealed, came.retired) == (1, (old.kid,))
    assert kept.row(came.seals).owner == Owner(tenant="a")
    with kept.engine.connect() as connection:
        raw = connection.execute(sa.select(NOTES.c.text).where(NOTES.c.id == 1000)).scalar_one()
    assert read_header(raw).kid == came.seals


def test_goes_on_after_a_text_that_is_damaged(kept: Kept) -> None:
    """A value that is no text of a sealed one is reported, and keeps no other under the old key."""
    visits = sealed_tables.VISITS
    with kept.engine.begin() as connection:
        connection.execute(sa.update(visits).where(visits.c.number == 3).values(reason=sa.func.substr(visits.c.reason, 1, 13) + "!"))
    came = kept.rotation().run(Owner())
    assert [each.place for each in came.broken] == ["visits.reason of row 2027-01-04/3"]
    assert (came.resealed, came.left) == (2 * ROWS - 1, ((kept.first.kid, 1),))


def test_seals_nothing_again_that_the_key_of_another_class_forged(kept: Kept) -> None:
    """Whoever had the key of a lesser class planted a value in this column: it is reported, and not sealed again as if it belonged."""
    lesser = kept.life.publish(Owner(data_class="marketing"))
    forged = kept.ring.to_seal("notes", "text", data_class="marketing").seal(b"forged", sealed_tables.note_place({"id": 1}))
    with kept.engine.begin() as connection:
        connection.execute(sa.update(NOTES).where(NOTES.c.id == 1).values(text=forged))
    came = kept.rotation().run(lesser.owner)
    assert [(each.place, "another class" in each.problem) for each in came.broken] == [("notes.text of row 1", True)]
    assert (came.resealed, came.retired, came.left) == (0, (), ((lesser.kid, 1),))


def test_retires_no_key_that_a_value_names(kept: Kept) -> None:
    """Neither by a command."""
    came = kept.rotation().run(Owner())
    kept.life.restore(kept.row(kept.first.kid))
    with pytest.raises(KeyRefused, match="3 values are still sealed"):
        kept.life.retire(kept.row(kept.first.kid), values=3)
    with pytest.raises(KeyRefused, match="is active, and cannot become retired"):
        kept.life.retire(kept.row(came.seals), values=0)


def test_destroys_only_what_is_retired_and_named_by_nothing(kept: Kept) -> None:
    """Destroying is for ever, so it has a step before it; giving values up has a word of its own."""
    came = kept.rotation().run(Owner())
    with pytest.raises(KeyRefused, match="is active, and cannot become destroyed"):
        kept.life.destroy(kept.row(came.seals), values=0)
    with pytest.raises(KeyRefused, match="--erase"):
        kept.life.destroy(kept.row(kept.first.kid), values=1)
    kept.life.destroy(kept.row(kept.first.kid), values=0)
    assert kept.row(kept.first.kid).wrapped == b""
    with pytest.raises(KeyRefused, match="destroyed"):
        kept.ring.to_open(kept.first.kid, "notes", "text")
    kept.life.destroy(kept.row(came.seals), values=2 * ROWS, erase=True)
    with pytest.raises(KeyRefused, match="destroyed"):
        sealed_tables.opened(kept.engine, kept.ring)


def test_a_new_root_wraps_the_keys_and_touches_no_value(kept: Kept) -> None:
    """Rotating the root rewrites rows of the key table only; afterwards the old root may go."""
    kept.ring.to_seal("notes", "text", tenant="a")
    with kept.engine.connect() as connection:
        values = connection.execute(sa.select(NOTES)).all()
    new = made_root("test")
    life = Lifecycle(Keyring(kept.table, [new, kept.root], limits=kept.ring.limits, clock=kept.clock), events=kept.events.append)
    steps: list[tuple[int, int]] = []
    assert life.rewrap(lambda *step: steps.append(step)) == 2
    assert steps == [(1, 2), (2, 2)]
    assert life.rewrap() == 0
    alone = Keyring(kept.table, [new], clock=kept.clock)
    assert sealed_tables.opened(kept.engine, alone) == kept.before
    with kept.engine.connect() as connection:
        assert connection.execute(sa.select(NOTES)).all() == values


def test_an_event_that_cannot_be_kept_stops_the_step(kept: Kept) -> None:
    """What leaves no record is not done."""

    def fail(event: Event) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        Lifecycle(kept.ring, events=fail).publish(Owner(data_class="health"))
    assert len(list(kept.table.rows())) == 1


def test_a_database_that_is_gone_is_told(kept: Kept, tmp_path: Path) -> None:
    """Neither the driver's parameters nor its address stand in the message."""
    lost = sealed_tables.source(sa.create_engine(f"sqlite:///{tmp_path}/none/app.db"))
    with pytest.raises(StoreDown, match="does not answer"):
        lost.count(lost.columns()[0])
    with pytest.raises(StoreDown, match="does not answer"), lost.batch():
        pass


def test_counts_what_is_not_sealed_under_no_key(kept: Kept) -> None:
    """A plain value in a sealed column is counted, and belongs to no key."""
    with kept.engine.begin() as connection:
        connection.execute(sa.update(NOTES).where(NOTES.c.id == 1).values(text=b"x"))
        connection.execute(sa.update(sealed_tables.VISITS).where(sealed_tables.VISITS.c.number == 1).values(reason="?"))
    source = sealed_tables.source(kept.engine)
    assert [dict(source.count(column)) for column in source.columns()] == 2 * [{0: 1, kept.first.kid: ROWS - 1}]


def test_positions_survive_every_kind_of_key() -> None:
    """A progress row gives back the key that it was given."""
    key = (7, "a'b", b"\x00\xff", UUID(int=5), -1)
    assert key_of(key_text(key)) == key
    assert json.loads(key_text(key))[0] == ["int", "7"]
