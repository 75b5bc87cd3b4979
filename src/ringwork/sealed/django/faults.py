"""What `manage.py check` says of sealed fields, each with what to write instead. Ids are append-only, as Django's own.

Against a model that looks protected and is not: an index over ciphertext, two fields that share a label, a row without a name, a
process without a key.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004  # Django's name for it
from django.db import models
from django.db.models import Index, UniqueConstraint

from ringwork.errors import KeyUnavailable
from ringwork.sealed import keyrings
from ringwork.sealed.django import rows

INDEXED, UNIQUE, ORDERED, ROW, SHARED = (f"ringwork.E{number}" for number in range(101, 106))
NO_KEYRING, NO_KEYRING_DEPLOYED = "ringwork.W106", "ringwork.E106"
UNMASKED, TOLD, UNPINNED = "ringwork.E109", "ringwork.E110", "ringwork.W111"

_CIPHERTEXT = "Ciphertext differs each time, even for equal values."


def of_field(field: Any) -> list[CheckMessage]:
    """Faults of one field."""
    return [*_indexed(field), *_ordered(field), *_row(field), *_shared(field), *_told(field)]


def of_project(app_configs: Sequence[Any] | None, **more: Any) -> list[CheckMessage]:
    """Whether this process could seal anything; a warning, because migrations are made and run without a key."""
    return [Warning(_NO_KEYRING, hint=hint, id=NO_KEYRING) for hint in _keyless()]


def of_deployment(app_configs: Sequence[Any] | None, **more: Any) -> list[CheckMessage]:
    """For `check --deploy`: the same as an error, and fields that a rename would close."""
    unpinned = [
        Warning(
            "The labels that a sealed field is bound to are not pinned.",
            hint=f"Write label={field.cell.label!r}; without it a renamed table or field opens nothing that is stored.",
            obj=field,
            id=UNPINNED,
        )
        for model in apps.get_models()
        for field in rows.sealed_fields(model)
        if field.model is model and not field.label
    ]
    return [*unpinned, *(Error(_NO_KEYRING, hint=hint, id=NO_KEYRING_DEPLOYED) for hint in _keyless())]


_NO_KEYRING = "There are sealed fields, and no keyring opens or seals them."


def _keyless() -> list[str]:
    if not any(rows.sealed_fields(model) for model in apps.get_models()):
        return []
    try:
        keyrings.keyring()
    except KeyUnavailable as error:
        return [str(error)]
    return []


def of_admin(app_configs: Sequence[Any] | None, **more: Any) -> list[CheckMessage]:
    """Tables with sealed fields whose admin would show them."""
    if not apps.is_installed("django.contrib.admin"):
        return []
    from django.contrib.admin.sites import all_sites

    return [
        Error(
            f"The admin of {model.__name__} shows sealed fields in clear.",
            hint=f"class {type(shown).__name__}(SealedAdmin), from ringwork.sealed.django.admin, in place of ModelAdmin.",
            obj=type(shown),
            id=UNMASKED,
        )
        for site in all_sites
        for model, shown in site._registry.items()  # noqa: SLF001  # Django's own checks read it so
        if rows.sealed_fields(model) and not hasattr(shown, "has_reveal_permission")
    ]


def _told(field: Any) -> Iterator[CheckMessage]:
    if field.cell.kind is not str or field.audited:
        return
    model = field.model
    with contextlib.suppress(Exception):  # a model's own __str__ may need more than an instance that nobody saved
        if _CANARY in str(model(**{field.attname: _CANARY})):
            # Against a value that stands in every list, log and history of the admin, because an instance is named after it.
            hint = f"Name instances of {model.__name__} after a field that is not sealed, or after the primary key."
            yield Error(f"{model.__name__}.__str__ shows the sealed field {field.name!r}.", hint=hint, obj=field, id=TOLD)


_CANARY = "sealed-value-in-clear"


def _indexed(field: Any) -> Iterator[CheckMessage]:
    meta = field.model._meta  # noqa: SLF001  # Django's name for what it gives to everybody
    together = any(field.name in names for names in meta.unique_together)
    limited = any(field.name in limit.fields for limit in meta.constraints if isinstance(limit, UniqueConstraint))
    if field.unique or field.primary_key or together or limited:
        yield Error(
            "A sealed field cannot be unique or a key.",
            hint=f"{_CIPHERTEXT} Put unique=True, or the constraint, on a column that is not sealed.",
            obj=field,
            id=UNIQUE,
        )
    if field.db_index or any(field.name in index.fields for index in meta.indexes if isinstance(index, Index)):
        yield Error("A sealed field cannot be indexed.", hint=f"{_CIPHERTEXT} Take db_index or the index out.", obj=field, id=INDEXED)


def _ordered(field: Any) -> Iterator[CheckMessage]:
    ordering = [name.lstrip("-") for name in field.model._meta.ordering or () if isinstance(name, str)]  # noqa: SLF001
    if field.name in ordering:
        yield Error(
            "A model cannot be ordered by a sealed field.",
            hint=f"{_CIPHERTEXT} Take {field.name!r} out of Meta.ordering; sort the instances in Python.",
            obj=field,
            id=ORDERED,
        )


def _row(field: Any) -> Iterator[CheckMessage]:
    names = {name for each in field.model._meta.concrete_fields for name in (each.name, each.attname)}  # noqa: SLF001
    unknown = [name for name in (*field.row, field.cell.tenant, field.cell.subject) if name and name not in names]
    if unknown:
        hint = f"Name fields of {field.model.__name__}; it has no {', '.join(unknown)}."
        yield Error("A sealed field names its row, tenant or subject by a field that is not there.", hint=hint, obj=field, id=ROW)
        return
    told = [field.model._meta.get_field(name) for name in field.row]  # noqa: SLF001
    late = [each.name for each in told if isinstance(each, models.AutoField)]
    if late:
        hint = "Leave row= out: the primary key is the row's name, also where the database assigns it."
        yield Error("A sealed field names its row by a column that the database assigns.", hint=hint, obj=field, id=ROW)
    if any(getattr(each, "cell", None) is not None for each in told):
        hint = "Name fields that are not sealed."
        yield Error("A sealed field names its row by a sealed field.", hint=hint, obj=field, id=ROW)


def _shared(field: Any) -> Iterator[CheckMessage]:
    for model in apps.get_models():
        for other in rows.sealed_fields(model):
            if other.cell.label == field.cell.label and _table(other) != _table(field):
                yield Error(
                    f"Two sealed fields share the label {field.cell.label!r}.",
                    hint=f"A value of one would open in the other. Give {other.model.__name__}.{other.name} a label of its own.",
                    obj=field,
                    id=SHARED,
                )


def _table(field: Any) -> str:
    return str(field.model._meta.db_table)  # noqa: SLF001
