"""What a form or a serializer gives once it was checked: a field that is declared a number is no text any more.

Against a finding about the one value of a form that cannot be a text, and about one that is among the form's own choices.
"""

from __future__ import annotations

from ringwork.survey.taint import ir, values
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.units import DefinedClass
from ringwork.survey.taint.values import UNKNOWN, Kind, Taint, Value

NAMES = frozenset({"cleaned_data", "validated_data"})
_LIBRARIES = ("django.forms.", "rest_framework.serializers.", "rest_framework.fields.", "django_filters.")
_NO_TEXTS = frozenset({
    "IntegerField", "FloatField", "DecimalField", "BooleanField", "NullBooleanField", "DateField", "DateTimeField", "TimeField",
    "DurationField", "UUIDField", "ModelChoiceField", "ModelMultipleChoiceField", "PrimaryKeyRelatedField", "ChoiceField",
    "MultipleChoiceField", "TypedChoiceField", "TypedMultipleChoiceField",
})  # fmt: skip
"""Fields that give something other than text, or one of the texts that the form itself offers."""


def of_form(run: Run, owner: DefinedClass, found: Value) -> Value:
    """What `form.cleaned_data` holds by field, as far as the form declares them. found: it as a whole."""
    declared: dict[str, str] = {}
    for name in (*reversed(run.project.bases(owner.dotted)), owner.dotted):
        inner = run.project.class_(name)
        for field, value in inner.attributes.items() if inner is not None else ():
            kind = run.project.resolve(inner.unit, value.function) if inner is not None and isinstance(value, ir.Call) else ""
            if kind.startswith(_LIBRARIES):
                declared[field] = kind.rpartition(".")[2]
    if not declared:
        return found
    fields = {
        field: UNKNOWN if kind in _NO_TEXTS else values.unknown(_named(found.taint, field)) for field, kind in sorted(declared.items())
    }
    return Value(Kind.KEYED, (fields, values.unknown(found.taint)), "builtins.dict", values.NOTHING)


def _named(taint: Taint, field: str) -> Taint:
    return {atom._replace(name=field) if not atom.name else atom: mark for atom, mark in taint.items()}
