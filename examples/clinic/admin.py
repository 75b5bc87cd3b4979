"""Django's admin site for the clinic's staff: to look things up, to block accounts and to cancel visits.

Who may see what is the domain's rule, told once more for each table; what is changed goes through the desk. Birthdays, reasons and notes
are sealed: lists and forms show a mask, and seeing one is an act with a reason, on record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from examples.clinic import desk
from examples.clinic.domain import ClinicError, Role, State
from examples.clinic.models import Appointment, Note, Patient, User
from examples.clinic.policy import COOKIE
from ringwork import requires
from ringwork.sealed.django.admin import SealedAdmin

_PAGES = ("_changelist", "_change", "_history", "_reveal")
_LEFT_OUT = {"password_change", "password_change_done", "autocomplete", "view_on_site"}


class Office(admin.AdminSite):
    """The admin site. Signing in and out is the clinic's own, and a rule stands on each include."""

    site_header = site_title = "Riverside Clinic, office"
    site_url = "/"

    def get_urls(self) -> list[Any]:
        """Without the pages that would go past the desk; those of a table for the roles that may see it."""
        roles = {_place(model): shown.roles for model, shown in self._registry.items() if isinstance(shown, _Shown)}
        urls = [url for url in super().get_urls() if getattr(url, "name", None) not in _LEFT_OUT]
        return [requires(*roles[str(url.pattern)], recorded=True)(url) if str(url.pattern) in roles else url for url in urls]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The clinic's own page."""
        return HttpResponseRedirect("/login")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """End the login, here and everywhere."""
        desk.sign_out(request.COOKIES.get(COOKIE))
        answer = HttpResponseRedirect("/")
        answer.delete_cookie(COOKIE)
        return answer


def _place(model: type[Model]) -> str:
    return f"{model._meta.app_label}/{model._meta.model_name}/"  # noqa: SLF001  # Django's name for what it gives to everybody


OFFICE = Office()


class _Shown(SealedAdmin):
    """A table that is shown to some roles and changed by its actions alone."""

    roles: ClassVar[frozenset[str]] = frozenset()

    def get_urls(self) -> list[Any]:
        """The list, and of each row its fields and its history, and where a sealed one is revealed."""
        return [url for url in super().get_urls() if str(url.name).endswith(_PAGES) and (self._sealed() or "_reveal" not in str(url.name))]

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the role may see the table."""
        return getattr(request.user, "role", "") in self.roles

    def has_reveal_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever sees the table may ask, with a reason."""
        return self.has_view_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the index shows it."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: the desk adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: the desk changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: nothing of a clinic is deleted."""
        return False

    def _each(self, request: HttpRequest, chosen: QuerySet[Any], change: Callable[[int], object], done: str) -> None:
        # The rows are read to the end first: the desk writes through a connection of its own.
        for row in list(chosen):
            try:
                change(row.pk)
            except ClinicError as error:
                self.message_user(request, f"{row}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{row}: {done}")
                LogEntry.objects.log_actions(str(request.user.pk), [row], CHANGE, change_message=done, single_object=True)


@admin.register(User, site=OFFICE)
class Accounts(_Shown):
    """All accounts, for the administrator."""

    roles = frozenset({Role.ADMINISTRATOR.value})
    list_display = ("username", "name", "role", "blocked")
    list_filter = ("role", "blocked")
    search_fields = ("username", "name")
    fields = ("username", "name", "role", "blocked")
    actions = ("block", "unblock")

    @admin.action(description="Block the chosen accounts", permissions=["view"])
    def block(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        """Shut them out, and their open logins with them."""
        self._each(request, chosen, lambda pk: desk.set_blocked(pk, blocked=True), "blocked")

    @admin.action(description="Let the chosen accounts in again", permissions=["view"])
    def unblock(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        """Open them again."""
        self._each(request, chosen, lambda pk: desk.set_blocked(pk, blocked=False), "let in again")


@admin.register(Patient, site=OFFICE)
class Patients(_Shown):
    """All patients, for clinicians and the reception."""

    roles = frozenset({Role.CLINICIAN.value, Role.RECEPTIONIST.value})
    list_display = ("name", "born")
    search_fields = ("name",)


@admin.register(Appointment, site=OFFICE)
class Visits(_Shown):
    """Everything that is booked, for the reception."""

    roles = frozenset({Role.RECEPTIONIST.value})
    list_display = ("starts_at", "patient", "clinician", "reason", "state")
    list_filter = ("state",)
    search_fields = ("patient__name",)
    actions = ("cancel",)

    @admin.action(description="Cancel the chosen visits", permissions=["view"])
    def cancel(self, request: HttpRequest, chosen: QuerySet[Appointment]) -> None:
        """Call them off."""
        self._each(request, chosen, desk.cancel, State.CANCELLED.value)


@admin.register(Note, site=OFFICE)
class Notes(_Shown):
    """What was written about patients, for clinicians."""

    roles = frozenset({Role.CLINICIAN.value})
    list_display = ("patient", "written_at", "author", "text")
    search_fields = ("patient__name",)


def make_tables(db: Session) -> None:
    """The two tables that the admin site keeps for itself: what was changed, and the kinds of things that can be."""
    if inspect(db.connection()).has_table("django_admin_log"):
        return
    with connection.schema_editor(collect_sql=True) as editor:
        for model in (ContentType, LogEntry):
            editor.create_model(model)
    connection.close()
    for statement in editor.collected_sql:
        db.execute(text(statement))
