"""Forms and what goes through them: in clear on their own page, masked elsewhere, and never a way to open a stolen token."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django import forms

from ringwork.crypto import sealing
from ringwork.errors import SealMisused
from ringwork.sealed.values import MASK

CANARY = "canary-c0de"


def form_of(model: Any, **named: Any) -> Any:
    return forms.modelform_factory(model, **{"fields": "__all__", **named})


def test_shows_and_saves_a_value_through_its_form(ward: Any) -> None:
    """A form of the application's own shows the opened value, and saves what comes back."""
    form = form_of(ward.Letter, fields=["text"])
    assert form(data={"text": CANARY}).save().text == CANARY
    letter = ward.Letter.objects.get()
    page = form(instance=letter).as_p()
    assert CANARY in page
    assert 'maxlength="200"' in page
    changed = form(instance=letter, data={"text": "newer"})
    assert changed.has_changed()
    changed.save()
    assert ward.Letter.objects.get().text == "newer"
    assert not form(instance=ward.Letter.objects.get(), data={"text": "newer"}).has_changed()


def test_takes_a_stolen_token_for_text(ward: Any, stored: Any) -> None:
    """A11: a sealed value, pasted into a form in any of its spellings, is sealed as the text that it is."""
    letter = ward.Letter.objects.create(text=CANARY)
    raw = stored(ward.Letter, "text")[letter.pk.hex]
    form = form_of(ward.Letter, fields=["text"])
    for token in (sealing.to_text(raw), "ringwork.sealed:" + sealing.to_text(raw), raw.hex()):
        saved = form(instance=ward.Letter.objects.get(), data={"text": token}).save()
        assert saved.text == token
        assert ward.Letter.objects.get().text == token


def test_takes_no_token_for_a_number(ward: Any, stored: Any) -> None:
    """The same where the field is no text: what is marked as a fixture's value is no number, and is not opened."""
    note = ward.Note.objects.create(text="x", weight=7)
    token = "ringwork.sealed:" + sealing.to_text(stored(ward.Note, "weight")[note.pk])
    assert not form_of(ward.Note, fields=["weight"])(instance=note, data={"weight": token}).is_valid()
    note.weight = token
    with pytest.raises(TypeError):
        note.save()


def test_reads_the_same_after_a_failed_validation(ward: Any) -> None:
    """A12: a form that fails, and a full_clean() that fails, change nothing of what others read, nor of what is stored."""
    letter = ward.Letter.objects.create(text=CANARY)
    form = form_of(ward.Letter, fields=["text"])
    for _ in range(3):
        assert not form(instance=ward.Letter.objects.get(), data={"text": "x" * 201}).is_valid()
    assert ward.Letter.objects.get().text == CANARY
    assert ward.Letter.objects.create(text="y").text == "y"
    assert ward.Letter.objects.get(pk=letter.pk).text == CANARY


def test_reads_the_same_beside_a_validating_thread(ward: Any) -> None:
    """A13: a thread that reads sees the value, whatever another thread validates meanwhile."""
    letter = ward.Letter.objects.create(text=CANARY)
    form, wrong, going = form_of(ward.Letter, fields=["text"]), [], True

    def validate() -> None:
        while going:
            form(instance=ward.Letter(text="other"), data={"text": "x" * 201}).is_valid()

    thread = threading.Thread(target=validate)
    thread.start()
    try:
        wrong = [text for text in (ward.Letter.objects.get(pk=letter.pk).text for _ in range(100)) if text != CANARY]
    finally:
        going = False
        thread.join()
    assert not wrong


def test_keeps_zero_and_false_from_a_form(ward: Any) -> None:
    """A14: what a form gives as 0 or unticked is stored as such, and not as nothing."""
    chart = form_of(ward.Chart, fields=["number", "known", "price"])(data={"number": "0", "price": "0"}).save()
    found = ward.Chart.objects.get(pk=chart.pk)
    assert (found.number, found.known, found.price) == (0, False, 0)
    assert type(found.known) is bool


def test_refuses_the_mask_as_a_value(ward: Any) -> None:
    """A page that sends back what it was shown would overwrite the value with asterisks."""
    form = form_of(ward.Letter, fields=["text"])(instance=ward.Letter.objects.create(text=CANARY), data={"text": MASK})
    assert not form.is_valid()
    assert "mask" in str(form.errors["text"])
    assert ward.Letter.objects.get().text == CANARY


def test_replaces_an_audited_value_unseen(ward: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The form of an audited field is empty, keeps the value when it stays so, and replaces it otherwise."""
    from ringwork.sealed.django.revealing import reveal

    caplog.set_level("INFO", logger="ringwork.security")
    form = form_of(ward.Secret)
    assert not form(data={"owner": "a", "number": ""}).is_valid()
    secret = form(data={"owner": "a", "number": CANARY}).save()
    shown = form(instance=ward.Secret.objects.get())
    assert CANARY not in shown.as_p()
    assert MASK in shown.as_p()
    kept = form(instance=ward.Secret.objects.get(), data={"owner": "b", "number": ""})
    assert kept.changed_data == ["owner"]
    kept.save()
    assert reveal(ward.Secret.objects.get(), "number", reason="test") == CANARY
    form(instance=ward.Secret.objects.get(), data={"owner": "b", "number": "newer"}).save()
    assert reveal(ward.Secret.objects.get(pk=secret.pk), "number", reason="test") == "newer"


def test_opens_an_audited_field_by_a_reveal_alone(ward: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The attribute gives a sealed value; a reveal gives the value, and one record of who, what and why."""
    from ringwork.sealed.django.revealing import reveal

    secret = ward.Secret.objects.get(pk=ward.Secret.objects.create(number=CANARY).pk)
    assert CANARY not in f"{secret.number} {secret.number!r} {vars(secret)}"
    with pytest.raises(ValueError, match="reason"):
        reveal(secret, "number", reason=" ")
    with caplog.at_level("INFO", logger="ringwork.security"):
        assert reveal(secret, "number", reason="the patient asked") == CANARY
    told = [record.getMessage() for record in caplog.records if record.name == "ringwork.security"]
    assert len(told) == 1
    assert "ward_secret.number" in told[0]
    assert "the patient asked" in told[0]
    assert CANARY not in caplog.text
    with pytest.raises(SealMisused, match="no sealed field"):
        reveal(secret, "owner", reason="test")
