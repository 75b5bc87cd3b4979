"""`manage.py check` names what a sealed field cannot be, with what to write instead."""

# ruff: noqa: DJ008  # models as short as their tests need them

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import models
from django.test.utils import isolate_apps

from ringwork.errors import KeyUnavailable
from ringwork.sealed import keyrings


def ids_of(model: Any) -> set[str]:
    return {fault.id for fault in model.check() if fault.id and fault.id.startswith("ringwork.")}


@pytest.mark.parametrize("named", [{"unique": True}, {"db_index": True}, {"primary_key": True}], ids=str)
def test_refuses_an_index_over_ciphertext(project: Any, named: Any) -> None:
    """Equal values differ in the database, so an index finds nothing, and unique keeps nothing apart."""
    from ringwork.sealed.django.fields import SealedField

    with isolate_apps("tests.sealed.django.ward"):

        class Indexed(models.Model):
            text = SealedField(str, **named)

            class Meta:
                app_label = "ward"

        assert ids_of(Indexed) & {"ringwork.E101", "ringwork.E102"}


def test_refuses_what_orders_or_groups_by_ciphertext(project: Any) -> None:
    """Meta.ordering, unique_together, a constraint and an index are told apart from fields that are not sealed."""
    from ringwork.sealed.django.fields import SealedField

    with isolate_apps("tests.sealed.django.ward"):

        class Ordered(models.Model):
            a = models.IntegerField()
            text = SealedField(str)

            class Meta:
                app_label = "ward"
                ordering = ("-text",)
                unique_together = (("a", "text"),)
                indexes = (models.Index(fields=["text"], name="text_index"),)

        class Plain(models.Model):
            a = models.IntegerField(unique=True)
            text = SealedField(str)

            class Meta:
                app_label = "ward"
                ordering = ("a",)

        assert ids_of(Ordered) == {"ringwork.E101", "ringwork.E102", "ringwork.E103"}
        assert ids_of(Plain) == set()


@pytest.mark.parametrize("named", [{"tenant": "nobody"}, {"row": ("nobody",)}, {"row": ("id",)}, {"row": ("other",)}], ids=str)
def test_refuses_a_row_that_nobody_can_name(project: Any, named: Any) -> None:
    """A field that is not there, one that the database assigns late, and one that is sealed itself name no row."""
    from ringwork.sealed.django.fields import SealedField

    with isolate_apps("tests.sealed.django.ward"):

        class Nameless(models.Model):
            other = SealedField(str)
            text = SealedField(str, **named)

            class Meta:
                app_label = "ward"

        assert ids_of(Nameless) == {"ringwork.E104"}


def test_refuses_two_fields_with_one_label(project: Any) -> None:
    """A value of one table would open in the other."""
    from ringwork.sealed.django.fields import SealedField

    with isolate_apps("tests.sealed.django.ward", attr_name=None) as apps, pytest.MonkeyPatch.context() as patch:

        class First(models.Model):
            text = SealedField(str, label="one.text")

            class Meta:
                app_label = "ward"

        class Second(models.Model):
            text = SealedField(str, label="one.text")

            class Meta:
                app_label = "ward"

        patch.setattr("ringwork.sealed.django.faults.apps", apps)
        assert ids_of(First) == ids_of(Second) == {"ringwork.E105"}


def test_warns_of_a_process_without_a_keyring(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning, since migrations need no key, and an error where the project is deployed; both say what to write."""
    from django.core.checks import run_checks

    from ringwork.keys.keyring import memory_keyring

    def none() -> None:
        raise KeyUnavailable("no keyring; write this line")

    with keyrings.using(memory_keyring()):
        assert not [fault for fault in run_checks(include_deployment_checks=True) if fault.id in {"ringwork.W106", "ringwork.E106"}]
    monkeypatch.setattr(keyrings, "keyring", none)
    found = {fault.id: fault.hint for fault in run_checks(include_deployment_checks=True)}
    assert found["ringwork.W106"] == found["ringwork.E106"] == "no keyring; write this line"


def test_refuses_an_instance_that_is_named_after_its_secret(project: Any) -> None:
    """`__str__` stands in lists, logs and histories; one that shows the value is an error, one that fails is not."""
    from ringwork.sealed.django.fields import SealedField

    with isolate_apps("tests.sealed.django.ward"):

        class Named(models.Model):
            text = SealedField(str)

            class Meta:
                app_label = "ward"

            def __str__(self) -> str:
                return f"Note: {self.text[:40]}"

        class Careful(models.Model):
            text = SealedField(str)
            number = SealedField(str, audited=True)

            class Meta:
                app_label = "ward"

            def __str__(self) -> str:
                return f"Note {self.pk} {self.number} {self.nobody}"

        assert ids_of(Named) == {"ringwork.E110"}
        assert ids_of(Careful) == set()


def test_refuses_an_admin_that_would_show_the_values(project: Any) -> None:
    """A plain ModelAdmin lists attributes as they read; SealedAdmin is named in the hint."""
    from django.contrib import admin

    from ringwork.sealed.django import faults
    from ringwork.sealed.django.admin import SealedAdmin
    from tests.sealed.django.ward.models import Bed, Letter, Note

    site = admin.AdminSite(name="checked")
    site.register(Note, admin.ModelAdmin)
    site.register(Letter, SealedAdmin)
    site.register(Bed, admin.ModelAdmin)
    found = [fault for fault in faults.of_admin(None) if fault.id == "ringwork.E109"]
    assert ["Note" in fault.msg for fault in found] == [True]
    assert "SealedAdmin" in found[0].hint


def test_warns_of_labels_that_a_rename_would_change(project: Any) -> None:
    """Before deployment every field is told to pin what its values are bound to, and what to write for it."""
    from ringwork.sealed.django import faults

    found = {str(fault.obj): fault.hint for fault in faults.of_deployment(None) if fault.id == "ringwork.W111"}
    assert "label='ward_note.text'" in found["ward.Note.text"]
    assert "ward.Letter.text" not in found


def test_refuses_a_kind_that_has_no_canonical_bytes(project: Any) -> None:
    """A declaration is wrong where it is written, and says which kinds there are."""
    from ringwork.sealed.django.fields import SealedField

    with pytest.raises(TypeError, match="Decimal"):
        SealedField(datetime.timedelta)
