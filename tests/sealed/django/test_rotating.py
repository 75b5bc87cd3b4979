"""A rotation reaches every sealed field of a project, loses no write, and goes on where it stopped."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import DatabaseError

from ringwork.clock import FixedClock
from ringwork.crypto import sealing
from ringwork.errors import StoreDown
from ringwork.keys.held import Limits
from ringwork.keys.keyring import Keyring
from ringwork.keys.lifecycle import Lifecycle
from ringwork.keys.root import made_root
from ringwork.keys.rotation import Rotation
from ringwork.keys.rows import Owner
from ringwork.keys.sealed_columns import SealedColumn, SealedSource
from ringwork.sealed import keyrings
from ringwork.stores.memory_keys import MemoryKeyTable

CANARY = "canary-beef"


def fail() -> None:
    raise DatabaseError


class Kept:
    """A keyring whose clock does not run by itself, and rows of every shape."""

    def __init__(self, ward: Any) -> None:
        self.ward, self.clock = ward, FixedClock()
        self.ring = Keyring(MemoryKeyTable(), [made_root("test")], limits=Limits(cache_seconds=60, root_seconds=600), clock=self.clock)
        self.life = Lifecycle(self.ring, events=lambda event: None)
        self.life.publish(Owner())

    def fill(self) -> None:
        for number in range(7):
            self.ward.SickNote.objects.create(text=f"{CANARY}-{number}", reason=f"{number}", weight=number)
            self.ward.Letter.objects.create(id=uuid.UUID(int=number), text=f"{CANARY}-{number}", data={"n": number})
            self.ward.Owned.objects.create(clinic=f"c{number % 2}", text=f"{number}")
            self.ward.Visit.objects.create(number=f"v{number}", remark=f"{number}")

    def read(self) -> list[Any]:
        return [
            *((note.pk, note.text, note.reason, note.weight) for note in self.ward.SickNote.objects.order_by("pk")),
            *((letter.pk, letter.text, letter.data) for letter in self.ward.Letter.objects.order_by("pk")),
            *((owned.pk, owned.clinic, owned.text) for owned in self.ward.Owned.objects.order_by("pk")),
            *((visit.pk, visit.remark) for visit in self.ward.Visit.objects.order_by("pk")),
        ]

    def rotation(self, source: SealedSource) -> Rotation:
        return Rotation(self.life, [source], batch=3, sleep=self.clock.advance)


@pytest.fixture
def kept(ward: Any) -> Any:
    made = Kept(ward)
    with keyrings.using(made.ring):
        made.fill()
        yield made


def test_seals_every_field_again_and_retires_the_old_key(kept: Kept) -> None:
    """Keys from the database, of their own and from a parent; afterwards all reads as before, and nothing names the old key."""
    from ringwork.sealed.django.rotating import ModelSource

    before, source, old = kept.read(), ModelSource(), kept.ring.active_kid()
    labels = {column.label for column in source.columns()}
    assert {"ward_note.text", "ward_sicknote.reason", "ward_letter.data", "ward_owned.text", "ward_visit.remark"} <= labels
    assert source.count(SealedColumn(table="ward_note", column="text")) == {old: 7}
    came = kept.rotation(source).run(Owner())
    assert came.retired == (old,)
    assert not came.left
    assert not came.broken
    assert came.resealed == 6 * 7
    assert kept.rotation(source).run(Owner(tenant="c0")).resealed == 4  # a tenant's values have a key of their own
    assert source.count(SealedColumn(table="ward_note", column="text")) == {came.seals: 7}
    assert kept.read() == before


def test_leaves_a_write_that_came_between(kept: Kept) -> None:
    """A row that somebody saved after it was read keeps what was saved, and is sealed again in the next round."""
    from ringwork.sealed.django.rotating import ModelSource

    source, column = ModelSource(), SealedColumn(table="ward_note", column="text")
    with source.batch() as batch:
        cell, *_ = batch.cells(column, kid=kept.ring.active_kid(), after=None, limit=3)
        note = kept.ward.Note.objects.get(pk=cell.key[0])
        note.text = "newer"
        note.save()
        assert not batch.swap(column, [(cell, cell.sealed)])
    assert kept.ward.Note.objects.get(pk=cell.key[0]).text == "newer"


def test_walks_by_key_and_remembers_how_far_it_came(kept: Kept) -> None:
    """Positions are kept with the values, for keys of every type; what is undone with a batch is undone whole."""
    from ringwork.sealed.django.rotating import ModelSource

    source, kid = ModelSource(), kept.ring.active_kid()
    for label in ("ward_letter.text", "ward_visit.remark", "ward_sicknote.reason"):
        column = next(each for each in source.columns() if each.label == label)
        with source.batch() as batch:
            first = batch.cells(column, kid=kid, after=None, limit=3)
            rest = batch.cells(column, kid=kid, after=first[-1].key, limit=9)
            assert len(first) + len(rest) == 7
            assert not {cell.key for cell in first} & {cell.key for cell in rest}
            batch.note("task", column, first[-1].key)
        with source.batch() as batch:
            assert batch.position("task", column) == first[-1].key
            batch.note("task", column, None)
            assert batch.position("task", column) is None
        with pytest.raises(StoreDown), source.batch() as batch:
            batch.note("task", column, first[0].key) or fail()
        with source.batch() as batch:
            assert batch.position("task", column) is None


def test_seals_a_stale_value_anew_when_its_row_is_saved(kept: Kept) -> None:
    """An instance that was loaded before the rotation does not bring the old key back, though nobody has read the value."""
    from ringwork.sealed.django.rotating import ModelSource

    early = kept.ward.Letter.objects.get(pk=uuid.UUID(int=3))
    late = kept.life.publish(Owner())
    kept.clock.advance(3600)
    kept.life.activate(late)
    early.slug = "late"
    early.save()
    assert sealing.kid_of(kept.ward.Letter.objects.values_list("text", flat=True).get(pk=early.pk).stored) == late.kid
    kept.rotation(ModelSource()).run(Owner())
    assert kept.ward.Letter.objects.get(pk=early.pk).text == f"{CANARY}-3"
