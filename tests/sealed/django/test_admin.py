"""Django's admin shows masks, replaces values unseen, and reveals one for a reason, on record, to whom it was allowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ringwork.sealed.values import MASK

CANARY = "canary-0ff1ce"


class Office:
    """The admin site with the ward's notes, and a browser for each of three people."""

    def __init__(self, ward: Any) -> None:
        from django.contrib import admin
        from django.contrib.auth.models import Permission, User
        from django.contrib.contenttypes.models import ContentType
        from django.urls import path

        from ringwork.sealed.django.admin import SealedAdmin
        from tests.frameworks import django_project

        class Notes(SealedAdmin):
            list_display = ("title", "text", "weight")
            search_fields = ("title",)

        self.ward, self.site = ward, admin.AdminSite(name="office")
        self.site.register(ward.Note, Notes)
        django_project.serve([path("office/", self.site.urls)])
        kind = ContentType.objects.get_for_model(ward.Note)
        Permission.objects.get_or_create(codename="reveal_note", content_type=kind, defaults={"name": "Can reveal"})
        rights = {
            "looks": ["view_note"],
            "changes": ["view_note", "change_note", "add_note"],
            "reveals": ["view_note", "change_note", "reveal_note"],
        }
        for name, codes in rights.items():
            user = User.objects.create(username=name, is_staff=True)
            user.user_permissions.set(Permission.objects.filter(codename__in=codes, content_type=kind))

    def browser(self, name: str) -> Any:
        from django.contrib.auth.models import User
        from django.test import Client

        client = Client()
        client.force_login(User.objects.get(username=name))
        return client


@pytest.fixture
def office(ward: Any) -> Iterator[Office]:
    from django.contrib.admin.models import LogEntry
    from django.contrib.auth.models import User

    yield Office(ward)
    LogEntry.objects.all().delete()
    User.objects.all().delete()


def page(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.mark.parametrize("who", ["looks", "changes", "reveals"])
def test_shows_masks_on_every_page(office: Office, who: str) -> None:
    """List, search, form and history: whoever looks sees the mask, and never the value."""
    note = office.ward.Note.objects.create(title="visible", text=CANARY, weight=987654)
    browser = office.browser(who)
    for url in ("", "?q=visible", f"{note.pk}/change/", f"{note.pk}/history/"):
        shown = page(browser.get(f"/office/ward/note/{url}"))
        assert "visible" in shown or "history" in url
        assert CANARY not in shown
        assert "987654" not in shown
        assert MASK in shown or "history" in url


def test_replaces_a_value_unseen(office: Office) -> None:
    """An empty answer keeps the value, a new one replaces it; the history names the field and holds no value."""
    from django.contrib.admin.models import LogEntry

    note = office.ward.Note.objects.create(title="t", text=CANARY, weight=5)
    browser, url = office.browser("changes"), f"/office/ward/note/{note.pk}/change/"
    assert browser.post(url, {"title": "t2", "text": "", "weight": "", "bed": ""}).status_code == 302
    found = office.ward.Note.objects.get()
    assert (found.title, found.text, found.weight) == ("t2", CANARY, 5)
    assert browser.post(url, {"title": "t2", "text": "newer", "weight": "0", "bed": ""}).status_code == 302
    found = office.ward.Note.objects.get()
    assert (found.text, found.weight) == ("newer", 0)
    assert browser.post("/office/ward/note/add/", {"title": "x", "text": "", "weight": "1"}).status_code == 200
    assert browser.post("/office/ward/note/add/", {"title": "x", "text": CANARY, "weight": "1"}).status_code == 302
    told = [(entry.object_repr, entry.change_message) for entry in LogEntry.objects.all()]
    assert len(told) == 3
    assert "newer" not in str(told)
    assert CANARY not in str(told)


def test_reveals_for_a_reason_and_on_record(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """One page, one event, one line of the history, and nothing for a cache to keep."""
    from django.contrib.admin.models import LogEntry

    note = office.ward.Note.objects.create(title="t", text=CANARY)
    browser, url = office.browser("reveals"), f"/office/ward/note/{note.pk}/reveal/text/"
    assert url in page(browser.get(f"/office/ward/note/{note.pk}/change/"))
    assert CANARY not in page(browser.get(url))
    assert CANARY not in page(browser.post(url, {"reason": "  "}))
    caplog.set_level("INFO", logger="ringwork.security")
    answer = browser.post(url, {"reason": "the patient asked"})
    assert CANARY in page(answer)
    assert "no-store" in answer["Cache-Control"]
    told = [record.getMessage() for record in caplog.records if record.name == "ringwork.security"]
    assert len(told) == 1
    assert "ward_note.text" in told[0]
    assert LogEntry.objects.get().change_message == "Revealed text: the patient asked"
    assert CANARY not in caplog.text


def test_reveals_nothing_when_the_record_cannot_be_kept(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """No record, no reveal: the page says so, and shows no value."""
    note = office.ward.Note.objects.create(title="t", text=CANARY)
    caplog.set_level("ERROR", logger="ringwork.security")
    answer = office.browser("reveals").post(f"/office/ward/note/{note.pk}/reveal/text/", {"reason": "curious"})
    assert CANARY not in page(answer)
    assert "no record" in page(answer)


@pytest.mark.parametrize(("who", "name", "status"), [("looks", "text", 403), ("changes", "text", 403), ("reveals", "title", 404)])
def test_reveals_to_nobody_else(office: Office, who: str, name: str, status: int) -> None:
    """Whoever may change a value may not see it for that; and what is not sealed is not there."""
    note = office.ward.Note.objects.create(title="t", text=CANARY)
    browser, url = office.browser(who), f"/office/ward/note/{note.pk}/reveal/{name}/"
    assert browser.get(url).status_code == browser.post(url, {"reason": "curious"}).status_code == status
    assert "/reveal/" not in page(browser.get(f"/office/ward/note/{note.pk}/change/")) or who == "reveals"


def test_tells_of_an_altered_value_instead_of_showing_it(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """What somebody moved by SQL is a problem on the page, not a value."""
    first, second = (office.ward.Note.objects.create(title="t", text=text) for text in (CANARY, "other"))
    office.ward.Note.objects.update(text=office.ward.Note.objects.values_list("text", flat=True).get(pk=first.pk))
    caplog.set_level("INFO", logger="ringwork.security")
    shown = page(office.browser("reveals").post(f"/office/ward/note/{second.pk}/reveal/text/", {"reason": "check"}))
    assert "does not open" in shown
    assert CANARY not in shown


def test_refuses_options_that_ciphertext_cannot_serve(office: Office) -> None:
    """`manage.py check` names each option of an admin that would search, sort or show a sealed field."""
    from django.contrib import admin

    from ringwork.sealed.django.admin import SealedAdmin

    class Wrong(SealedAdmin):
        search_fields = ("text",)
        ordering = ("-weight",)
        list_filter = ("text",)

    class Beds(SealedAdmin):
        list_display = ("name", "notes__text")
        search_fields = ("name", "notes__text")

    wrong = [fault for fault in Wrong(office.ward.Note, admin.AdminSite()).check() if fault.id == "ringwork.E107"]
    assert {word for fault in wrong for word in ("search_fields", "ordering", "list_filter") if word in fault.hint} == {
        "search_fields",
        "ordering",
        "list_filter",
    }
    assert {"ringwork.E107", "ringwork.E108"} <= {fault.id for fault in Beds(office.ward.Bed, admin.AdminSite()).check()}
    assert not [fault for fault in office.site._registry[office.ward.Note].check() if fault.id.startswith("ringwork")]
