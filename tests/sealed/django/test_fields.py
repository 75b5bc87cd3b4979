"""A sealed field of a model: what is stored opens in its own row and nowhere else, whatever becomes of the instance."""

from __future__ import annotations

import asyncio
import copy
import datetime
import pickle
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from ringwork.errors import KeyMisplaced, KeyRefused, SealBroken, SealMisused
from ringwork.sealed.values import SealedValue

CANARY = "canary-7f3a"


def rewrite(model: Any, column: str, key: Any, raw: Any) -> None:
    """Somebody who can write to the database."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {model._meta.db_table} SET {column} = %s WHERE {model._meta.pk.column} = %s", [raw, key])


def test_opens_what_was_saved_at_the_first_reading(ward: Any, stored: Any) -> None:
    """Ciphertext in the database, and in the instance until somebody reads the attribute."""
    made = ward.Note.objects.create(text=CANARY)
    assert CANARY.encode() not in stored(ward.Note, "text")[made.pk]
    found = ward.Note.objects.get(pk=made.pk)
    assert CANARY not in repr(vars(found))
    assert (found.text, found.weight) == (CANARY, 0)
    assert CANARY not in repr(vars(found))


def test_keeps_every_kind_as_it_was(ward: Any) -> None:
    """A14: 0, False, None and the types inside JSON come back as themselves."""
    at = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    values = {
        "raw": b"\x00\xff",
        "number": 0,
        "price": Decimal("0.10"),
        "known": False,
        "day": datetime.date(2026, 1, 2),
        "at": at,
        "reference": uuid.UUID(int=7),
        "data": {"a": [1, True, None, 0.5, ""]},
        "late": "",
    }
    made = ward.Chart.objects.create(**values)
    found = ward.Chart.objects.get(pk=made.pk)
    assert {name: getattr(found, name) for name in values} == values
    assert type(found.known) is bool
    empty = ward.Chart.objects.get(pk=ward.Chart.objects.create().pk)
    assert (empty.day, empty.at, empty.reference, empty.data, empty.late) == (None,) * 5


def test_refuses_a_value_that_was_moved_to_another_row(ward: Any, stored: Any) -> None:
    """A2: another person's ciphertext, copied by SQL, does not open."""
    mine, theirs = ward.Note.objects.create(text="mine"), ward.Note.objects.create(text=CANARY)
    rewrite(ward.Note, "text", mine.pk, stored(ward.Note, "text")[theirs.pk])
    with pytest.raises(SealBroken):
        _ = ward.Note.objects.get(pk=mine.pk).text
    assert ward.Note.objects.get(pk=theirs.pk).text == CANARY


def test_refuses_a_value_that_was_moved_to_another_table(ward: Any, stored: Any) -> None:
    """The same key, and the same column's name, in the table of another model that inherits the field."""
    visit, call = ward.Visit.objects.create(number="1", remark=CANARY), ward.Call.objects.create(remark="")
    rewrite(ward.Call, "remark", call.pk, stored(ward.Visit, "remark")["1"])
    with pytest.raises(SealBroken):
        _ = ward.Call.objects.get().remark
    assert ward.Visit.objects.get(pk=visit.pk).remark == CANARY


@pytest.mark.parametrize("raw", ["plain text", b"plain bytes", b"", 7, None], ids=repr)
def test_refuses_what_was_never_sealed(ward: Any, raw: Any) -> None:
    """A9: plain text, another type and nothing at all, written into the column by SQL, are no values."""
    made = ward.Chart.objects.create(number=3)
    if raw is None:
        found = ward.Chart.from_db(
            "default", ["id", "number"], [made.pk, ward.Chart._meta.get_field("number").from_db_value(None, None, None)]
        )
    elif raw == 7 and connection.vendor == "postgresql":
        with pytest.raises(DatabaseError):  # the database itself keeps a number out of the column
            rewrite(ward.Chart, "number", made.pk, raw)
        return
    else:
        rewrite(ward.Chart, "number", made.pk, raw)
        found = ward.Chart.objects.get(pk=made.pk)
    with pytest.raises(SealBroken, match=r"ward_chart\.number"):
        _ = found.number


def test_refuses_a_flipped_bit_in_every_byte(ward: Any, stored: Any) -> None:
    """A10: an altered value raises, and never comes back as text."""
    made = ward.Letter.objects.create(text="x")
    sealed = stored(ward.Letter, "text")[made.pk.hex]
    for place in range(len(sealed)):
        broken = bytearray(sealed)
        broken[place] ^= 1 << place % 8
        rewrite(ward.Letter, "text", made.pk.hex, bytes(broken))
        with pytest.raises((SealBroken, KeyRefused)):
            _ = ward.Letter.objects.get(pk=made.pk).text


def test_reads_null_as_none_only_where_the_field_says_so(ward: Any) -> None:
    """A row from before the column was added; everywhere else NULL is tampering."""
    made = ward.Chart.objects.create(late="now")
    rewrite(ward.Chart, "late", made.pk, None)
    assert ward.Chart.objects.get(pk=made.pk).late is None


def test_stores_a_missing_value_as_a_sealed_one(ward: Any, stored: Any) -> None:
    """Against somebody who sees from the outside which fields are empty: an optional None has the length of a value."""
    made = ward.Chart.objects.create(day=None)
    other = ward.Chart.objects.create(day=datetime.date(2026, 1, 2))
    column = stored(ward.Chart, "day")
    assert len(column[made.pk]) == len(column[other.pk])


def test_requires_a_value_where_none_is_declared(ward: Any) -> None:
    """A required field without a value stops the save, and names itself."""
    with pytest.raises(TypeError, match=r"ward_note\.text is required"):
        ward.Note(text=None).save()
    assert not ward.Note.objects.exists()


def test_fills_a_new_row_before_any_signal_sees_it(ward: Any) -> None:
    """The database assigns the key; a receiver of post_save that reads the row again finds the value."""
    from django.db.models.signals import post_save

    seen = []
    post_save.connect(receiver := lambda instance, **_: seen.append(ward.Note.objects.get(pk=instance.pk).text), sender=ward.Note)
    try:
        ward.Note.objects.create(text=CANARY)
    finally:
        post_save.disconnect(receiver, sender=ward.Note)
    assert seen == [CANARY]


def test_leaves_no_half_written_row_behind(ward: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the second statement fails, the first is undone: no row holds an empty value."""
    from ringwork.sealed.django import saving

    def fail(*_: Any) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(saving, "fill", fail)
    with pytest.raises(DatabaseError):
        ward.Note.objects.create(text=CANARY)
    assert not ward.Note.objects.exists()


def test_saves_again_without_reading(ward: Any, stored: Any) -> None:
    """A save of another field writes the same bytes back, and opens nothing."""
    key = ward.Note.objects.create(text=CANARY).pk
    before = stored(ward.Note, "text")[key]
    found = ward.Note.objects.get(pk=key)
    found.title = "changed"
    found.save()
    assert stored(ward.Note, "text")[key] == before
    assert ward.Note.objects.get(pk=key).text == CANARY


def test_seals_anew_what_was_changed_in_place(ward: Any) -> None:
    """A list inside a JSON value, changed without an assignment, is saved as Django saves it."""
    key = ward.Letter.objects.create(text="x", data={"a": [1]}).pk
    found = ward.Letter.objects.get(pk=key)
    found.data["a"].append(2)
    found.save()
    assert ward.Letter.objects.get(pk=key).data == {"a": [1, 2]}


@pytest.mark.parametrize("reads", [False, True], ids=["unread", "read"])
def test_seals_a_copy_for_its_own_row(ward: Any, reads: bool) -> None:
    """Django's way to copy a row (pk = None, save) gives a second row whose values open there."""
    first = ward.Note.objects.create(text=CANARY)
    found = ward.Note.objects.get(pk=first.pk)
    if reads:
        _ = found.text
    found.pk, found.id, found._state.adding = None, None, True
    found.save()
    assert found.pk != first.pk
    assert [note.text for note in ward.Note.objects.order_by("pk")] == [CANARY, CANARY]


def test_seals_a_copy_under_a_key_of_its_own_making(ward: Any) -> None:
    """The same where the key is a UUID, and nobody read the value."""
    found = ward.Letter.objects.get(pk=ward.Letter.objects.create(text=CANARY).pk)
    found.pk, found._state.adding = uuid.uuid4(), True
    found.save()
    assert [letter.text for letter in ward.Letter.objects.all()] == [CANARY, CANARY]


def test_names_the_row_alike_however_its_key_was_written(ward: Any) -> None:
    """A key given as text is the same row as the key itself."""
    key = uuid.uuid4()
    ward.Letter(id=str(key), text=CANARY).save()
    assert ward.Letter.objects.get(pk=key).text == CANARY
    ward.Note(id="77", text=CANARY).save()
    assert ward.Note.objects.get(pk=77).text == CANARY


def test_loads_what_was_left_out_of_the_query(ward: Any) -> None:
    """only(), defer() and refresh_from_db() load the value by its row."""
    key = ward.Note.objects.create(text=CANARY, title="t").pk
    assert ward.Note.objects.only("title").get(pk=key).text == CANARY
    found = ward.Note.objects.defer("text").get(pk=key)
    found.save()
    assert found.text == CANARY
    ward.Note.objects.get(pk=key).save()
    again = ward.Note.objects.get(pk=key)
    other = ward.Note.objects.get(pk=key)
    other.text = "newer"
    other.save()
    assert again.text == CANARY
    again.refresh_from_db()
    assert again.text == "newer"


def test_gives_sealed_values_where_no_instance_is(ward: Any) -> None:
    """values(), values_list() and F() give sealed values; the row that they came from opens them."""
    key = ward.Note.objects.create(text=CANARY).pk
    from django.db.models import F

    found = ward.Note.objects.values("id", "text").get()
    flat = ward.Note.objects.values_list("text", flat=True).get()
    named = ward.Note.objects.annotate(again=F("text")).get().again
    for value in (found["text"], flat, named):
        assert isinstance(value, SealedValue)
        assert CANARY not in f"{value} {value!r}"
        assert value.open((key,)) == CANARY
        with pytest.raises(SealBroken):
            value.open((key + 1,))


def test_opens_through_joins_and_raw_queries(ward: Any) -> None:
    """select_related(), prefetch_related(), raw() and union() make instances that know their rows."""
    bed = ward.Bed.objects.create(name="4")
    key = ward.Note.objects.create(text=CANARY, bed=bed).pk
    assert ward.Note.objects.select_related("bed").get().text == CANARY
    assert ward.Bed.objects.prefetch_related("notes").get().notes.all()[0].text == CANARY
    assert ward.Note.objects.raw("SELECT * FROM ward_note")[0].text == CANARY
    assert ward.Note.objects.raw("SELECT id, title FROM ward_note")[0].text == CANARY
    assert ward.Note.objects.filter(pk=key).union(ward.Note.objects.filter(pk=key)).get().text == CANARY
    sick = ward.SickNote.objects.create(text="base", reason=CANARY)
    assert ward.Note.objects.select_related("sicknote").get(pk=sick.pk).sicknote.reason == CANARY


def test_opens_in_proxy_child_and_abstract_models(ward: Any) -> None:
    """One table by two names, two tables for one instance, and a field that came from an abstract model."""
    sick = ward.SickNote.objects.create(text="base", reason=CANARY)
    again = ward.SickNote.objects.get(pk=sick.pk)
    assert (again.text, again.reason) == ("base", CANARY)
    assert ward.Note.objects.get(pk=sick.pk).text == "base"
    assert ward.ShortNote.objects.get(pk=sick.pk).text == "base"
    ward.ShortNote.objects.create(text="by proxy")
    assert ward.Note.objects.get(pk=sick.pk + 1).text == "by proxy"
    assert ward.Visit.objects.get(pk=ward.Visit.objects.create(number="9", remark="r").pk).remark == "r"


def test_binds_a_value_to_its_tenant(ward: Any) -> None:
    """A row that is moved to another tenant by SQL does not open there."""
    key = ward.Owned.objects.create(clinic="a", text=CANARY).pk
    assert ward.Owned.objects.get(pk=key).text == CANARY
    rewrite(ward.Owned, "clinic", key, "b")
    with pytest.raises(SealBroken):
        _ = ward.Owned.objects.get(pk=key).text


def test_seals_anew_when_the_application_moves_a_row_to_another_tenant(ward: Any) -> None:
    """What the application does on purpose keeps the value, read or unread."""
    key = ward.Owned.objects.create(clinic="a", text=CANARY).pk
    found = ward.Owned.objects.get(pk=key)
    found.clinic = "b"
    found.save()
    assert ward.Owned.objects.get(pk=key).text == CANARY


def test_opens_no_row_that_was_given_to_another_subject(ward: Any) -> None:
    """A row that SQL files under another patient, or under nobody, does not open there; one that the application moves is sealed anew."""
    key = ward.Consent.objects.create(patient="5", text=CANARY).pk
    assert ward.Consent.objects.get(pk=key).text == CANARY
    for other in ("6", None):
        rewrite(ward.Consent, "patient", key, other)
        with pytest.raises(KeyMisplaced):
            _ = ward.Consent.objects.get(pk=key).text
    rewrite(ward.Consent, "patient", key, "5")
    for patient in ("6", None, "7"):
        found = ward.Consent.objects.get(pk=key)
        found.patient = patient
        found.save()
        assert pickle.loads(pickle.dumps(found)).text == found.text == ward.Consent.objects.get(pk=key).text == CANARY
        found.refresh_from_db()
        assert found.text == CANARY


def test_pickles_sealed_bytes_alone(ward: Any) -> None:
    """An instance in a cache holds ciphertext, opened or not; what was never saved is not pickled at all."""
    ward.Note.objects.create(text=CANARY)
    found = ward.Note.objects.get()
    assert found.text == CANARY
    kept = pickle.dumps(found)
    assert CANARY.encode() not in kept
    assert pickle.loads(kept).text == CANARY
    with pytest.raises((SealMisused, TypeError)):
        pickle.dumps(ward.Note(text=CANARY))


def test_copies_share_nothing_that_a_key_would_change(ward: Any) -> None:
    """copy.copy() and deepcopy() of an instance read as the instance does."""
    ward.Note.objects.create(text=CANARY)
    found = ward.Note.objects.get()
    assert copy.copy(found).text == copy.deepcopy(found).text == CANARY


def test_works_in_async_code(ward: Any) -> None:
    """acreate(), aget(), asave() and arefresh_from_db(): opening needs no database."""

    async def go() -> list[str]:
        made = await ward.Note.objects.acreate(text=CANARY)
        found = await ward.Note.objects.aget(pk=made.pk)
        read = [found.text]
        found.text = "newer"
        await found.asave()
        await made.arefresh_from_db()
        return [*read, made.text]

    assert asyncio.run(go()) == [CANARY, "newer"]


def test_keeps_what_a_rolled_back_save_had(ward: Any) -> None:
    """After a rollback the instance still reads as it was set, and can be saved again."""
    note = ward.Note(text=CANARY)
    with transaction.atomic():
        note.save()
        transaction.set_rollback(True)
    assert note.text == CANARY
    note.pk = note.id = None
    note._state.adding = True
    note.save()
    assert ward.Note.objects.get().text == CANARY
