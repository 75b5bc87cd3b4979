"""How a value gets its row before it is written: from the key that the instance has, or from the one that the database assigns.

Against a value that is sealed for no row, or for another: a new row whose key the database assigns is written empty and filled in the
same transaction, before any signal or reader sees it. Against a copy that would carry the first row's bytes: a value that nobody read
is opened by the row that it came from, and sealed for the new one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, models, transaction

from ringwork.crypto import sealing
from ringwork.errors import SealMisused
from ringwork.sealed import keyrings
from ringwork.sealed.django import refusing, rows, tokens
from ringwork.sealed.django.held import Bare, Placed
from ringwork.sealed.values import NOT_OPENED, SealedValue

WAITS = "sealed_waits"
"""Attribute of an instance's `_state` while its row is inserted without a key: the fields that were left empty."""


class _Placeholder:
    """Stands for the empty bytes of a row whose key is not known yet."""

    __slots__ = ()


PLACEHOLDER = _Placeholder()


def sealed_for_row(field: Any, instance: models.Model) -> Any:
    """What is written for `field`: sealed for the instance's row, PLACEHOLDER while that waits for its key, None for a NULL.

    Raises SealMisused where the row has no key and nobody waits for it, SealBroken when a value that is carried along does not open.
    """
    held = field.attribute.held(instance)
    if held is None or type(held) is Bare:
        return getattr(held, "opened", None)
    row, tenant, subject = field.place_for(instance)
    cell = field.cell
    if row is None:
        return _waited_for(field, instance, held)
    if isinstance(held, SealedValue) and held.opened is NOT_OPENED:
        if not _is_stale(field, instance, held, row, tenant, subject):
            return held
        value = field.open_held(instance, held)
    else:
        value = field.to_python(held.opened)
        if value is None and cell.nullable and not cell.optional:
            return None
    made: Placed[Any] = Placed(cell, cell.seal(value, row, tenant=tenant, subject=subject), row, tenant, subject)
    if not cell.audited:
        made.opened = value
    instance.__dict__[field.attname] = made
    return made


def _waited_for(field: Any, instance: models.Model, held: Any) -> Any:
    waits = getattr(instance._state, WAITS, None)  # noqa: SLF001  # Django's place for what it knows of an instance
    if waits is None:
        raise SealMisused(
            f"{field.cell.label} is bound to its row, and the database has not assigned its key yet: save() each instance,"
            " use ringwork.sealed.django.bulk.create(instances), or give the model a key of its own, such as"
            " id = models.UUIDField(primary_key=True, default=uuid.uuid4)"
        )
    if not isinstance(held, SealedValue):
        value = field.to_python(held.opened)
        if value is None and field.cell.nullable and not field.cell.optional:
            return None
        field.cell.check(value)
    waits.append(field)
    return PLACEHOLDER


def _is_stale(field: Any, instance: models.Model, held: SealedValue[Any], row: Any, tenant: Any, subject: Any) -> bool:
    """Whether bytes that nobody read belong to another row than they are written to, or to a key that seals no more."""
    if field.place_of(instance, held) != (row, tenant, subject):
        return True
    # Against a row that is written back under an old key after a rotation has passed it.
    cell = field.cell
    active = keyrings.keyring().active_kid(data_class=cell.data_class, tenant=tenant, subject=subject)
    return sealing.kid_of(cell.require_sealed(held.stored)) != active


def install(model: type[models.Model]) -> None:
    """Have the model's instances remember the row that they were loaded from, and wait for a key that the database assigns."""
    refusing.guard_updates()
    load: Any = model.from_db
    save: Any = model._save_table  # noqa: SLF001  # the step that writes one table of an instance
    if hasattr(save, "seals"):
        return

    def from_db(kind: type[models.Model], db: Any, field_names: Any, values: Any, **named: Any) -> models.Model:
        made: models.Model = load.__func__(kind, db, field_names, values, **named)
        rows.remember(made)
        return made

    wrapped: Any = functools.wraps(load.__func__)(from_db)
    for name, method in (("from_db", classmethod(wrapped)), ("_save_table", _waiting(save))):
        setattr(model, name, method)


def _waiting(save: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(save)
    def _save_table(self: models.Model, raw: bool = False, cls: Any = None, *more: Any, **named: Any) -> Any:  # noqa: FBT001, FBT002  # Django's
        fields = [field for field in rows.sealed_fields(cls) if field.model is cls]
        if raw:
            with tokens.carried(self, fields):
                return save(self, raw, cls, *more, **named)
        written = named.get("update_fields") or (more[3] if len(more) > 3 else None)
        if written:
            refusing.require_carried(self, written)
        if all(rows.now(self, field.row_names) is not None for field in fields):
            return save(self, raw, cls, *more, **named)
        using = named.get("using") or (more[2] if len(more) > 2 else None)
        with transaction.atomic(using=using, savepoint=False), waiting([self]):
            updated = save(self, raw, cls, *more, **named)
            fill(cls, using, self)
        return updated

    _save_table.seals = True  # type: ignore[attr-defined]  # so that a child does not wrap it again
    return _save_table


@contextmanager
def waiting(instances: Sequence[models.Model]) -> Iterator[None]:
    """While the rows of `instances` are inserted without their keys."""
    for instance in instances:
        setattr(instance._state, WAITS, [])  # noqa: SLF001
    try:
        yield
    finally:
        for instance in instances:
            delattr(instance._state, WAITS)  # noqa: SLF001


def fill(model: type[models.Model], using: str | None, instance: models.Model) -> None:
    """Write the values that were left empty, now that the row has its key. Raises DatabaseError when the row is not there."""
    waits = getattr(instance._state, WAITS)  # noqa: SLF001
    if not waits:
        return
    values = {field.attname: sealed_for_row(field, instance) for field in waits}
    key = getattr(instance, model._meta.pk.attname)  # noqa: SLF001
    if model._base_manager.using(using).filter(pk=key).update(**values) != 1:  # noqa: SLF001
        raise DatabaseError(f"the new row of {model.__name__} was not found again; nothing of it is kept")
