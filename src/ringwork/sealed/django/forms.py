"""Form fields of sealed fields: one that opens the value for its own page, and one that shows a mask and takes a new value.

Against a failed validation that changes what other requests read: a form's field keeps nothing, and a model's field neither. Against
the mask that is saved in place of what it hid: an empty answer leaves the value as it is.
"""

from __future__ import annotations

import functools
from typing import Any

from django import forms

from ringwork.sealed.django.tokens import InPlace
from ringwork.sealed.values import MASK


class _Keep:
    """What a form came to where the stored value stays as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "KEEP"


KEEP = _Keep()


class _Opening:
    """Shows the opened value on the page of the form, as a plain field would."""

    def prepare_value(self: Any, value: Any) -> Any:
        return super().prepare_value(_opened(value))  # type: ignore[misc]  # mixed into a form's field

    def has_changed(self: Any, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(_opened(initial), data))  # type: ignore[misc]  # the same

    def clean(self: Any, value: Any) -> Any:
        return super().clean(_opened(value))  # type: ignore[misc]  # the same; a disabled field is given its initial value


class _Replacing:
    """Never shows the value: an empty field whose answer, where there is one, replaces it."""

    def prepare_value(self: Any, value: Any) -> Any:
        return None if isinstance(value, InPlace) else super().prepare_value(value)  # type: ignore[misc]  # mixed into a form's field

    def has_changed(self: Any, initial: Any, data: Any) -> bool:
        return not self.disabled and data not in self.empty_values

    def get_bound_field(self: Any, form: Any, field_name: str) -> Any:
        # `self` is the form's own copy; what is put here no other form sees.
        if _is_stored(form.get_initial_for_field(self, field_name)):
            self.required = False
            self.widget.attrs["placeholder"] = MASK
        self.widget.attrs.setdefault("autocomplete", "off")
        return super().get_bound_field(form, field_name)  # type: ignore[misc]  # mixed into a form's field

    def _clean_bound_field(self: Any, bf: Any) -> Any:
        keeps = self.disabled or bf.data in self.empty_values
        return KEEP if keeps and _is_stored(bf.initial) else self.clean(None if self.disabled else bf.data)


def made(field: Any, *, replaces: bool) -> Any:
    """The same form field, opening or replacing."""
    kind: type = type(field)
    if replaces and isinstance(field, forms.BooleanField):
        # A box that is not ticked could mean "no" or "as it is"; a choice with "unknown" tells them apart.
        kind, field.widget = forms.NullBooleanField, forms.NullBooleanSelect()
    field.__class__ = _mixed(_Replacing if replaces else _Opening, kind)
    return field


@functools.cache
def _mixed(first: type, kind: type) -> type:
    return type(f"{first.__name__.strip('_')}{kind.__name__}", (first, kind), {})


def _opened(value: Any) -> Any:
    return value.opened() if isinstance(value, InPlace) else value


def _is_stored(initial: Any) -> bool:
    return isinstance(initial, InPlace) and initial.is_stored()
