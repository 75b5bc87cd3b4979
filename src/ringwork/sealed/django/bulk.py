"""Many instances at once, each value sealed for its own row.

Against a bulk statement that writes plain values because nothing on its way seals: Django's own bulk_update refuses sealed fields, and
these functions hand it values that are sealed already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import models, router, transaction

from ringwork.sealed.django import rows, saving
from ringwork.sealed.django.held import Bare

M = TypeVar("M", bound=models.Model)


def create(instances: Sequence[M], *, using: str | None = None, batch_size: int | None = None) -> list[M]:
    """Insert all of one model, also where the database assigns their keys; in one transaction.

    Raises NotSupportedError on a database that does not tell the keys of many rows; values are then sealed by save() alone.
    """
    made = list(instances)
    if not made:
        return made
    model = type(made[0])
    using = using or router.db_for_write(model)
    with transaction.atomic(using=using, savepoint=False), saving.waiting(made):
        model._base_manager.using(using).bulk_create(made, batch_size=batch_size)  # noqa: SLF001  # Django's name for the plain manager
        waiting = [field.name for field in rows.sealed_fields(model)]
        unkeyed = [instance for instance in made if getattr(instance._state, saving.WAITS)]  # noqa: SLF001
        if unkeyed:
            update(unkeyed, waiting, using=using, batch_size=batch_size)
    return made


def update(instances: Sequence[models.Model], fields: Sequence[str], *, using: str | None = None, batch_size: int | None = None) -> int:
    """Django's bulk_update with sealed fields among `fields`; the number of rows that were written."""
    if not instances:
        return 0
    model = type(instances[0])
    using = using or router.db_for_write(model)
    sealed = [field for field in rows.sealed_fields(model) if field.name in fields]
    with _bare(instances, sealed):
        return model._base_manager.using(using).bulk_update(instances, fields, batch_size=batch_size)  # noqa: SLF001


@contextmanager
def _bare(instances: Sequence[models.Model], fields: Sequence[Any]) -> Iterator[None]:
    """While each instance gives its sealed values as they are to be written."""
    for instance in instances:
        for field in fields:
            instance.__dict__[field.attname] = Bare(saving.sealed_for_row(field, instance))
    try:
        yield
    finally:
        for instance in instances:
            for field in fields:
                bare = instance.__dict__[field.attname]
                setattr(instance, field.attname, bare.opened)
