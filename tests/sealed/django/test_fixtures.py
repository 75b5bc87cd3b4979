"""Fixtures and serializers carry sealed values; plain text neither leaves with them nor comes in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core import serializers
from django.core.management import call_command
from django.forms.models import model_to_dict

from ringwork.errors import SealBroken, SealMisused

CANARY = "canary-d00d"


@pytest.mark.parametrize("suffix", ["json", "xml", "jsonl"])
def test_dumps_sealed_values_and_loads_them_again(ward: Any, tmp_path: Path, suffix: str) -> None:
    """dumpdata and loaddata carry the sealed bytes: nothing in the file, and every row reads as before."""
    note = ward.SickNote.objects.create(text=CANARY, weight=4711, reason=CANARY)
    chart = ward.Chart.objects.create(number=4711, data={"a": CANARY}, late=None)
    path = tmp_path / f"all.{suffix}"
    call_command("dumpdata", "ward", format=suffix, output=str(path), verbosity=0)
    assert CANARY not in path.read_text(encoding="utf-8")
    assert "4711" not in path.read_text(encoding="utf-8")
    ward.Note.objects.all().delete()
    ward.Chart.objects.all().delete()
    for _ in range(2):  # into an empty table, and over what is there
        call_command("loaddata", str(path), verbosity=0)
        again = ward.SickNote.objects.get(pk=note.pk)
        assert (again.text, again.weight, again.reason) == (CANARY, 4711, CANARY)
        found = ward.Chart.objects.get(pk=chart.pk)
        assert (found.number, found.data, found.late) == (4711, {"a": CANARY}, None)


def test_serializes_what_was_read_and_what_was_set(ward: Any) -> None:
    """Opened or assigned meanwhile, a value leaves sealed; one without a row does not leave."""
    note = ward.Note.objects.create(text="old")
    assert note.text == "old"
    note.text = CANARY
    told = serializers.serialize("json", [note])
    assert CANARY not in told
    for found in serializers.deserialize("json", told):
        found.save()
    assert ward.Note.objects.get().text == CANARY
    with pytest.raises(SealMisused):
        serializers.serialize("json", [ward.Note(text=CANARY)])


def test_refuses_plain_text_in_a_fixture(ward: Any) -> None:
    """A fixture that somebody wrote by hand is told how sealed rows are made."""
    told = json.dumps([{"model": "ward.note", "pk": 1, "fields": {"title": "t", "text": CANARY, "weight": 3}}])
    (found,) = serializers.deserialize("json", told)
    with pytest.raises(SealMisused, match="in clear") as error:
        found.save()
    assert CANARY not in str(error.value)
    assert not ward.Note.objects.exists()


def test_opens_no_fixture_of_another_row(ward: Any) -> None:
    """A token that is given another key in a fixture is stored, and does not open."""
    note = ward.Note.objects.create(text=CANARY)
    told = json.loads(serializers.serialize("json", [note]))
    told[0]["pk"] = note.pk + 1
    for found in serializers.deserialize("json", json.dumps(told)):
        found.save()
    with pytest.raises(SealBroken):
        _ = ward.Note.objects.get(pk=note.pk + 1).text


def test_gives_masks_to_whoever_lists_the_fields(ward: Any) -> None:
    """model_to_dict() and the like hold a mask, which no encoder of JSON takes for text."""
    note = ward.Note.objects.create(text=CANARY)
    assert CANARY not in str(model_to_dict(note))
    with pytest.raises(TypeError):
        json.dumps(model_to_dict(note))
