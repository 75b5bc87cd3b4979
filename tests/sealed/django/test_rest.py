"""Serializers of Django REST framework: nothing in clear goes out unasked, and what comes in is sealed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ringwork.crypto import sealing
from ringwork.sealed.values import MASK

CANARY = "canary-a51de"


def of(base: Any, model_: Any, **declared: Any) -> Any:
    meta = type("Meta", (), {"model": model_, "fields": "__all__"})
    return type("Serializer", (base,), {"Meta": meta, **declared})


@pytest.fixture
def bases(ward: Any) -> tuple[Any, Any]:
    from rest_framework import serializers

    from ringwork.sealed.django.rest import SealedModelSerializer

    return serializers.ModelSerializer, SealedModelSerializer


def test_sends_nothing_in_clear_unasked(ward: Any, bases: Any) -> None:
    """`fields = "__all__"` gives the sealed bytes or the mask, also for numbers; a declared field gives the value."""
    from rest_framework import serializers

    plain, sealed = bases
    note = ward.Note.objects.get(pk=ward.Note.objects.create(text=CANARY, weight=4711).pk)
    for base in bases:
        told = json.dumps(of(base, ward.Note)(note).data)
        assert CANARY not in told
        assert "4711" not in told
    assert of(sealed, ward.Note)(note).data["text"] == MASK
    assert of(sealed, ward.Note, text=serializers.CharField())(note).data["text"] == CANARY
    secret = ward.Secret.objects.create(number=CANARY)
    assert CANARY not in json.dumps(of(plain, ward.Secret)(secret).data)


def test_seals_what_comes_in(ward: Any, bases: Any, stored: Any) -> None:
    """Created and updated through a serializer, with the wrong kind refused and a stolen token taken for text."""
    for base in bases:
        made = of(base, ward.Note)(data={"title": "t", "text": CANARY, "weight": 0})
        assert made.is_valid(), made.errors
        note = made.save()
        assert ward.Note.objects.get(pk=note.pk).text == CANARY
        token = "ringwork.sealed:" + sealing.to_text(stored(ward.Note, "text")[note.pk])
        again = of(base, ward.Note)(note, data={"text": token}, partial=True)
        assert again.is_valid()
        assert again.save().text == ward.Note.objects.get(pk=note.pk).text == token
        assert not of(base, ward.Note)(note, data={"weight": "many"}, partial=True).is_valid()


def test_refuses_the_mask_and_what_is_too_long(ward: Any, bases: Any) -> None:
    """A client that sends back what it was shown would overwrite the value; validators of the field hold as in a form."""
    _, sealed = bases
    letter = ward.Letter.objects.create(text=CANARY)
    for wrong in (MASK, "x" * 201):
        assert not of(sealed, ward.Letter)(letter, data={"text": wrong}, partial=True).is_valid()
    assert ward.Letter.objects.get().text == CANARY
