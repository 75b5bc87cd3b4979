"""Sealed fields in Django's admin: lists, forms and history show a mask, a form can replace a value, and seeing one is an act on record.

Against an office where everybody who may list a table reads all of it: `class NoteAdmin(SealedAdmin)` in place of ModelAdmin, and
`class NoteInline(SealedInline, admin.TabularInline)`. A reveal asks for a permission of its own (`reveal_note`) and a reason, writes an
event and a line of the history, and shows the value on one page that nothing keeps. Needs `"ringwork.sealed.django"` in INSTALLED_APPS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.checks import ModelAdminChecks
from django.contrib.admin.utils import flatten_fieldsets, quote, unquote
from django.core.checks import CheckMessage, Error
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from ringwork.errors import RingworkError
from ringwork.sealed.django import rows
from ringwork.sealed.django.revealing import reveal
from ringwork.sealed.values import MASK

REASON_LIMIT = 200
SEARCHED, LISTED = "ringwork.E107", "ringwork.E108"

if TYPE_CHECKING:
    _Base = admin.options.BaseModelAdmin[Any]
    _Admin = admin.ModelAdmin[Any]
else:
    _Base, _Admin = object, admin.ModelAdmin


class _Masking(_Base):
    """What a table's page and an inline have in common."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **named: Any) -> Any:
        """A sealed field is replaced, and not shown."""
        if hasattr(db_field, "cell"):
            named["replaces"] = True
        return super().formfield_for_dbfield(db_field, request, **named)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Masks in place of sealed fields."""
        return self._masked(super().get_readonly_fields(request, obj), request)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """The same where somebody may look and not change: Django shows every field as it is then."""
        told: Any = super().get_fieldsets(request, obj)
        seen_only = obj is not None and not self.has_change_permission(request, obj)
        if not seen_only and not self._sealed().intersection(super().get_readonly_fields(request, obj)):
            return told
        readonly = set(flatten_fieldsets(told)) if seen_only else set(super().get_readonly_fields(request, obj))
        return [(name, {**options, "fields": self._masked(options["fields"], request, only=readonly)}) for name, options in told]

    def _fields(self) -> dict[str, Any]:
        model: Any = self.model
        return {field.name: field for field in rows.sealed_fields(model)}

    def _sealed(self) -> set[str]:
        return set(self._fields())

    def _masked(self, names: Sequence[Any], request: HttpRequest, *, only: set[Any] | None = None) -> list[Any]:
        """The same names, with a function that shows a mask in place of each sealed one."""
        sealed = self._fields()
        made: list[Any] = []
        for name in names:
            if isinstance(name, list | tuple):
                made.append(tuple(self._masked(name, request, only=only)))
            elif name in sealed and (only is None or name in only):
                made.append(self._mask(sealed[name], request))
            else:
                made.append(name)
        return made

    def _mask(self, field: Any, request: HttpRequest) -> Callable[[Any], str]:
        def shown(instance: Any) -> str:
            return MASK

        shown.short_description = capfirst(field.verbose_name)  # type: ignore[attr-defined]  # as Django's admin reads it
        shown.__name__ = f"masked_{field.name}"
        return shown


class SealedInline(_Masking):
    """Beside TabularInline or StackedInline."""


class _Checks(ModelAdminChecks):
    """Django's own, and what an admin cannot do with ciphertext."""

    def check(self, admin_obj: Any, **named: Any) -> list[CheckMessage]:
        """Search, filters, orders and editing in the list by a sealed field; sealed fields of other tables in the list."""
        found: list[CheckMessage] = list(super().check(admin_obj, **named))
        sealed = {field.name for field in rows.sealed_fields(admin_obj.model)}
        for option in ("search_fields", "list_filter", "list_editable", "ordering", "date_hierarchy"):
            told = getattr(admin_obj, option) or ()
            for name in (told,) if isinstance(told, str) else told:
                if _is_sealed(admin_obj.model, sealed, name):
                    hint = f"The database holds ciphertext. Take {name!r} out of {option}."
                    found.append(
                        Error("The admin cannot search, sort or edit lists by a sealed field.", hint=hint, obj=admin_obj, id=SEARCHED)
                    )
        for name in admin_obj.list_display:
            if isinstance(name, str) and "__" in name and _is_sealed(admin_obj.model, set(), name):
                hint = f"Take {name!r} out of list_display; the page of its own table shows that it is there."
                found.append(Error("A list shows a sealed field of another table.", hint=hint, obj=admin_obj, id=LISTED))
        return found


def _is_sealed(model: Any, names: set[str], told: Any) -> bool:
    """Whether a name of an admin's option leads to a sealed field."""
    name = str(told[0] if isinstance(told, list | tuple) else told).lstrip("-^=@")
    first, _, rest = name.partition("__")
    if first in names or not rest:
        return first in names
    related = next((field.related_model for field in model._meta.get_fields() if field.name == first), None)  # noqa: SLF001  # Django's
    return related is not None and _is_sealed(related, {field.name for field in rows.sealed_fields(related)}, rest)


class SealedAdmin(_Masking, _Admin):
    """A table with sealed fields."""

    checks_class = _Checks
    reveal_template = "ringwork_sealed/reveal.html"

    def get_list_display(self, request: HttpRequest) -> Any:
        """Masks in place of sealed fields, in columns that nobody can sort."""
        return self._masked(super().get_list_display(request), request)

    def has_reveal_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether this person may have a sealed field of the table opened: the permission `reveal_<model>` of its app."""
        meta = self.opts
        user: Any = request.user
        return bool(user.has_perm(f"{meta.app_label}.reveal_{meta.model_name}"))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **named: Any) -> Any:  # noqa: FBT001, FBT002  # Django's
        """Beside each field that replaces a value, where to have it opened."""
        form: Any = super().get_form(request, obj, change, **named)
        for name in self._sealed().intersection(form.base_fields).difference(form.declared_fields):
            if obj is not None and self.has_reveal_permission(request, obj):
                form.base_fields[name].help_text = self._link(obj, name)
        return form

    def get_urls(self) -> list[Any]:
        """One page more."""
        meta = self.opts
        name = f"{meta.app_label}_{meta.model_name}_reveal"
        return [path("<path:object_id>/reveal/<str:name>/", self.admin_site.admin_view(self.reveal_view), name=name), *super().get_urls()]

    def reveal_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponseBase:
        """Ask for a reason, and then show the value, once."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None or name not in self._sealed():
            raise Http404
        # Against a link that is guessed or handed on: the page asks anew, whoever was shown it.
        if not self.has_view_permission(request, obj) or not self.has_reveal_permission(request, obj):
            raise PermissionDenied
        told: dict[str, Any] = {"label": capfirst(self._fields()[name].verbose_name), "limit": REASON_LIMIT, "back": self._page(obj)}
        reason = request.POST.get("reason", "").strip()
        if request.method == "POST" and 0 < len(reason) <= REASON_LIMIT:
            told.update(self._revealed(request, obj, name, reason))
        elif request.method == "POST":
            told["problem"] = f"Give a reason of 1 to {REASON_LIMIT} characters."
        context = {**self.admin_site.each_context(request), "opts": self.opts, "original": obj, "title": f"Reveal {told['label']}", **told}
        answer = TemplateResponse(request, self.reveal_template, context)
        # Against the value in a cache, a history or the next user's back button.
        answer["Cache-Control"] = "no-store"
        return answer

    def _revealed(self, request: HttpRequest, obj: Model, name: str, reason: str) -> dict[str, Any]:
        label = self._fields()[name].verbose_name
        try:
            # The history first, and then the event and the value: what could not be told is not shown.
            self.log_change(request, obj, f"Revealed {label}: {reason}")
            return {"value": reveal(obj, name, reason=reason), "is_shown": True}
        except RingworkError as error:
            return {"problem": str(error)}

    def _mask(self, field: Any, request: HttpRequest) -> Callable[[Any], str]:
        shown = super()._mask(field, request)

        def with_link(instance: Any) -> str:
            seen = instance.pk is not None and self.has_reveal_permission(request, instance)
            return format_html("{} {}", MASK, self._link(instance, field.name)) if seen else MASK

        with_link.__dict__.update(shown.__dict__)
        with_link.__name__ = shown.__name__
        return with_link

    def _page(self, obj: Model) -> str:
        meta = self.opts
        return reverse(f"{self.admin_site.name}:{meta.app_label}_{meta.model_name}_change", args=(quote(obj.pk),))

    def _link(self, obj: Model, name: str) -> str:
        meta = self.opts
        url = reverse(f"{self.admin_site.name}:{meta.app_label}_{meta.model_name}_reveal", args=(quote(obj.pk), name))
        return format_html('<a href="{}">Reveal</a>', url)
