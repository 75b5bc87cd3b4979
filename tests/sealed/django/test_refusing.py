"""What a database cannot do with ciphertext is refused before it is asked, and what writes by the million is sealed or refused."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import FieldError
from django.db import connection
from django.db.models import Case, Count, F, Max, Q, TextField, Value, When
from django.db.models.functions import Cast, Concat, Upper
from django.test.utils import CaptureQueriesContext

from ringwork.errors import SealBroken, SealMisused

CANARY = "canary-91bd"

SEARCHES: dict[str, Callable[[Any], Any]] = {
    "filter": lambda notes: notes.filter(text=CANARY),
    "contains": lambda notes: notes.filter(text__icontains="can"),
    "exclude": lambda notes: notes.exclude(text=CANARY),
    "get": lambda notes: notes.get(text=CANARY),
    "in": lambda notes: notes.filter(text__in=[CANARY]),
    "nothing": lambda notes: notes.filter(text=None),
    "through a relation": lambda notes: notes.filter(bed__notes__text=CANARY),
    "when": lambda notes: notes.annotate(is_it=Case(When(text=CANARY, then=Value(1)), default=Value(0))),
    "q": lambda notes: notes.filter(Q(title="x") | Q(text=CANARY)),
    "order": lambda notes: list(notes.order_by("text")),
    "reversed": lambda notes: list(notes.order_by("-text")),
    "latest": lambda notes: notes.latest("text"),
    "upper": lambda notes: list(notes.annotate(loud=Upper("text"))),
    "concat": lambda notes: list(notes.annotate(both=Concat(F("text"), F("title")))),
    "largest": lambda notes: notes.aggregate(Max("text")),
    "copied": lambda notes: notes.update(title=F("text")),
    "get_or_create": lambda notes: notes.get_or_create(text=CANARY),
}


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_refuses_to_compute_with_ciphertext(ward: Any, search: Callable[[Any], Any]) -> None:
    """No search that finds nothing, no order that means nothing; the error names the field and the way out."""
    ward.Note.objects.create(text=CANARY)
    with pytest.raises(FieldError, match=r"ward_note\.text .*read the attribute of each") as told:
        search(ward.Note.objects)
    assert CANARY not in str(told.value)


def test_asks_only_whether_there_is_anything(ward: Any) -> None:
    """isnull is the one lookup; counting and grouping beside the column go on."""
    ward.Note.objects.create(text=CANARY, bed=ward.Bed.objects.create(name="1"))
    assert ward.Note.objects.filter(text__isnull=False).count() == 1
    assert ward.Note.objects.annotate(n=Count("bed")).get().text == CANARY
    assert ward.Note.objects.values("title").annotate(n=Count("id")).get()["n"] == 1
    assert ward.Note.objects.distinct().get().text == CANARY


@pytest.mark.parametrize("value", [CANARY, CANARY.encode(), F("title"), Value(CANARY), Upper(Value(CANARY))], ids=repr)
def test_refuses_an_update_of_the_query(ward: Any, value: Any) -> None:
    """update() knows no row: a plain value, and one that SQL makes, reach neither the database nor its log."""
    ward.Note.objects.create(text="old")
    with pytest.raises(SealMisused, match=r"ward_note\.text"):
        ward.Note.objects.update(text=value)
    assert ward.Note.objects.get().text == "old"


CHOICES: dict[str, Callable[[Any], Any]] = {
    "no choice": lambda _: Case(default=Value(CANARY)),
    "no choice, cast": lambda _: Cast(Case(default=Value(CANARY)), output_field=TextField()),
    "nothing": lambda _: Case(default=Value(None)),
    "plain by default": lambda kept: Case(When(pk=0, then=kept), default=Value(CANARY)),
    "a column by default": lambda kept: Case(When(pk=0, then=kept), default=F("title")),
    "plain": lambda kept: Case(When(pk=0, then=kept), When(pk=1, then=Value(CANARY))),
    "null": lambda kept: Case(When(pk=0, then=kept), When(pk=1, then=Value(None))),
}


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_refuses_a_choice_of_what_is_not_sealed(ward: Any, stored: Any, choice: Callable[[Any], Any]) -> None:
    """What bulk_update makes passes for its sealed values alone: nothing plain rides along, not as a default either."""
    note = ward.Note.objects.create(title=CANARY, text="old")
    before = stored(ward.Note, "text")
    kept = Value(ward.Note.objects.values_list("text", flat=True).get(), output_field=ward.Note._meta.get_field("text"))
    with CaptureQueriesContext(connection) as asked, pytest.raises(SealMisused, match=r"ward_note\.text"):
        ward.Note.objects.update(text=choice(kept))
    assert not asked.captured_queries
    assert stored(ward.Note, "text") == before
    assert ward.Note.objects.get(pk=note.pk).text == "old"


@pytest.mark.parametrize("place", ["then", "default"])
def test_refuses_a_choice_of_another_fields_values(ward: Any, place: str) -> None:
    """Sealed, but for another column, wherever in the choice it stands."""
    note = ward.Note.objects.create(text="old")
    own, other = ward.Note.objects.values_list("text", "weight").get()
    field = ward.Note._meta.get_field("text")
    choice = {"then": own, "default": own, place: other}
    with pytest.raises(SealMisused, match=r"ward_note\.text"):
        ward.Note.objects.update(
            text=Case(
                When(pk=note.pk, then=Value(choice["then"], output_field=field)), default=Value(choice["default"], output_field=field)
            )
        )
    assert ward.Note.objects.get().text == "old"


def test_updates_by_a_choice_of_sealed_values(ward: Any) -> None:
    """The opposite: values of the field itself may be chosen, by case and by default."""
    note = ward.Note.objects.create(text="old")
    kept = Value(ward.Note.objects.values_list("text", flat=True).get(), output_field=ward.Note._meta.get_field("text"))
    assert ward.Note.objects.update(text=Case(When(pk=0, then=kept), default=kept)) == 1
    assert ward.Note.objects.get(pk=note.pk).text == "old"


EXPRESSIONS = [F("title"), Value(CANARY), Upper(Value(CANARY)), Case(default=Value(CANARY))]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=repr)
def test_refuses_to_seal_the_text_of_an_expression(ward: Any, expression: Any) -> None:
    """The database computes nothing that is sealed, and the repr of a computation is not what anybody meant to keep."""
    note = ward.Note.objects.create(text="old")
    with pytest.raises(SealMisused, match=r"ward_note\.text was given an expression .*in Python") as told:
        note.text = expression
    assert CANARY not in str(told.value)
    with pytest.raises(SealMisused, match="expression"):
        ward.Note(text=expression)
    with pytest.raises(SealMisused, match="expression"):
        ward.Secret(number=expression)
    with pytest.raises(SealMisused, match="expression"):
        ward.Note.objects.update_or_create(pk=note.pk, defaults={"text": expression})
    note.save()
    assert ward.Note.objects.get().text == "old"


MOVES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "tenant": ("Owned", lambda ward: ward.Owned.objects.update(clinic="b")),
    "tenant in bulk": ("Owned", lambda ward: ward.Owned.objects.bulk_update(ward.Owned.objects.all(), ["clinic"])),
    "subject": ("Filed", lambda ward: ward.Filed.objects.update(person=ward.Bed.objects.create())),
    "subject by its column": ("Filed", lambda ward: ward.Filed.objects.update(person_id=None)),
    "subject through a relation": ("Filed", lambda ward: ward.Bed.objects.create().filed.add(ward.Filed.objects.get())),
    "row": ("Filed", lambda ward: ward.Filed.objects.update(number="2")),
    "key": ("Letter", lambda ward: ward.Letter.objects.update(id=uuid.uuid4())),
    "key of the parent": ("SickNote", lambda ward: ward.Note.objects.update(id=F("id") + 1)),
    "upsert": (
        "Owned",
        lambda ward: ward.Owned.objects.bulk_create(
            [ward.Owned(pk=ward.Owned.objects.get().pk, clinic="b", text="new")],
            update_conflicts=True,
            update_fields=["clinic"],
            unique_fields=["id"],
        ),
    ),
}


@pytest.mark.parametrize(("model", "move"), MOVES.values(), ids=MOVES)
def test_refuses_an_update_of_what_a_value_is_bound_to(ward: Any, model: str, move: Callable[[Any], Any]) -> None:
    """Written alone, under the sealed value, a key, row, tenant or subject would make it unreadable without a word."""
    owner = {"Owned": {"clinic": "a"}, "Filed": {"number": "1"}, "SickNote": {"reason": "old"}}.get(model, {})
    getattr(ward, model).objects.create(text="old", **owner)
    with pytest.raises(SealMisused, match=r"is bound to .* save\(\) the whole instance"):
        move(ward)
    assert getattr(ward, model).objects.get().text == "old"


@pytest.mark.parametrize("only", [{"update_fields": ["clinic"]}, {}], ids=["named", "deferred"])
@pytest.mark.parametrize("is_loaded", [True, False], ids=["loaded", "made"])
def test_refuses_to_save_a_changed_tenant_alone(ward: Any, only: Any, is_loaded: bool) -> None:
    """save(update_fields=...), and a save with deferred fields, would leave the sealed value under the tenant that it had."""
    made = ward.Owned.objects.create(clinic="a", text="old")
    if is_loaded or not only:
        made = ward.Owned.objects.only("clinic").get()
    made.clinic = "b"
    with pytest.raises(SealMisused, match="is bound to 'clinic'"):
        made.save(**only)
    assert ward.Owned.objects.get().text == "old"


def test_moves_rows_whose_values_are_sealed_with_them(ward: Any) -> None:
    """The opposite: whole instances, bulk.update of both columns, and update_fields that name both, or change nothing."""
    from ringwork.sealed.django import bulk

    rows = [ward.Owned.objects.create(clinic="a", text=f"{CANARY}-{n}") for n in range(2)]
    for row in rows:
        row.clinic = "b"
    assert bulk.update(rows, ["clinic", "text"]) == 2
    assert {(row.clinic, row.text) for row in ward.Owned.objects.all()} == {("b", f"{CANARY}-0"), ("b", f"{CANARY}-1")}
    row = ward.Owned.objects.get(pk=rows[0].pk)
    row.save(update_fields=["clinic"])
    row.clinic = "c"
    row.save(update_fields=["clinic", "text"])
    row.save(update_fields=["clinic"])
    ward.Owned.objects.update_or_create(pk=row.pk, defaults={"clinic": "d"})
    assert ward.Owned.objects.get(pk=row.pk).text == f"{CANARY}-0"


def test_updates_with_a_value_that_is_sealed_already(ward: Any) -> None:
    """A sealed value of that very row may be written back by a query; another's does not open there."""
    first, second = ward.Note.objects.create(text="first"), ward.Note.objects.create(text="second")
    kept = ward.Note.objects.values_list("text", flat=True).get(pk=first.pk)
    ward.Note.objects.update(text=kept)
    assert ward.Note.objects.get(pk=first.pk).text == "first"
    with pytest.raises(SealBroken):
        _ = ward.Note.objects.get(pk=second.pk).text


def test_refuses_a_value_of_another_field(ward: Any) -> None:
    """Sealed, but for another column: it could never be opened here."""
    ward.Note.objects.create(text=CANARY)
    weight = ward.Note.objects.values_list("weight", flat=True).get()
    with pytest.raises(SealMisused, match=r"sealed for ward_note\.weight"):
        ward.Note.objects.update(text=weight)


def test_updates_other_columns_beside_it(ward: Any) -> None:
    """An update that does not touch the sealed column goes on."""
    ward.Note.objects.create(text=CANARY)
    assert ward.Note.objects.filter(title="").update(title=F("title")) == 1
    assert ward.Note.objects.get().text == CANARY


def test_creates_where_the_search_is_by_another_column(ward: Any) -> None:
    """get_or_create and update_or_create seal what stands in their defaults."""
    made, is_new = ward.Note.objects.get_or_create(title="t", defaults={"text": CANARY})
    assert is_new
    changed, is_new = ward.Note.objects.update_or_create(title="t", defaults={"text": "newer"})
    assert not is_new
    assert changed.pk == made.pk
    assert ward.Note.objects.get().text == "newer"


def test_creates_many_whose_keys_are_their_own(ward: Any) -> None:
    """Django's bulk_create seals each value, where each row knows its key."""
    ward.Letter.objects.bulk_create([ward.Letter(text=f"{CANARY}-{n}") for n in range(3)])
    assert {letter.text for letter in ward.Letter.objects.all()} == {f"{CANARY}-{n}" for n in range(3)}


def test_refuses_to_create_many_whose_keys_are_unknown(ward: Any) -> None:
    """A value cannot be bound to a row without a key; the error names the functions that can."""
    with pytest.raises(SealMisused, match=r"bulk\.create"):
        ward.Note.objects.bulk_create([ward.Note(text=CANARY)])
    assert not ward.Note.objects.exists()


def test_creates_many_in_its_own_bulk(ward: Any) -> None:
    """bulk.create inserts rows, learns their keys and seals, in one transaction."""
    from ringwork.sealed.django import bulk

    made = bulk.create([ward.Note(text=f"{CANARY}-{n}", weight=n) for n in range(3)])
    assert [note.text for note in ward.Note.objects.order_by("pk")] == [f"{CANARY}-{n}" for n in range(3)]
    assert [note.weight for note in ward.Note.objects.order_by("pk")] == [0, 1, 2]
    assert [note.text for note in made] == [f"{CANARY}-{n}" for n in range(3)]


def test_updates_many_in_its_own_bulk_alone(ward: Any) -> None:
    """Django's bulk_update is refused; bulk.update seals each value for its row."""
    from ringwork.sealed.django import bulk

    notes = bulk.create([ward.Note(text="old") for _ in range(3)])
    for note in notes:
        note.text, note.title = f"{CANARY}-{note.pk}", "t"
    with pytest.raises(SealMisused, match=r"bulk\.update"):
        ward.Note.objects.bulk_update(notes, ["text"])
    assert bulk.update(notes, ["text", "title"]) == 3
    assert all(note.text == f"{CANARY}-{note.pk}" and note.title == "t" for note in ward.Note.objects.all())
    assert notes[0].text == f"{CANARY}-{notes[0].pk}"


def test_refuses_an_upsert_that_may_meet_another_row(ward: Any) -> None:
    """The row that is met keeps its key, and the new value would be bound to another."""
    ward.Letter.objects.create(slug="a", text="old")
    with pytest.raises(SealMisused, match="update_or_create"):
        ward.Letter.objects.bulk_create(
            [ward.Letter(slug="a", text="new")], update_conflicts=True, update_fields=["text"], unique_fields=["slug"]
        )
    assert ward.Letter.objects.get().text == "old"


def test_upserts_by_the_key_that_names_the_row(ward: Any) -> None:
    """Where the conflict is over the primary key, the row is the one that the value was sealed for."""
    letter = ward.Letter.objects.create(text="old")
    ward.Letter.objects.bulk_create(
        [ward.Letter(pk=letter.pk, text="new")], update_conflicts=True, update_fields=["text"], unique_fields=["id"]
    )
    assert ward.Letter.objects.get().text == "new"


def test_upserts_other_columns_beside_it(ward: Any) -> None:
    """An upsert that leaves the sealed column alone goes on."""
    ward.Letter.objects.create(slug="a", text="old")
    ward.Letter.objects.bulk_create(
        [ward.Letter(slug="a", text="new")], update_conflicts=True, update_fields=["slug"], unique_fields=["slug"]
    )
    assert ward.Letter.objects.get().text == "old"
