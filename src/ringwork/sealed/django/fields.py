"""Sealed fields of Django's models: `text = SealedField(str)`.

Against a stolen database, and against somebody who writes to it: a value is sealed for its table, column and row before it is bound
to a statement, and opened at the first reading of the attribute, by the row that it was loaded with. What was altered, moved, emptied
or never sealed raises SealBroken. Nothing of a value is kept on the field, which all threads share, and no text is ever taken for a
sealed value because it looks like one. Source: data-protection.md, section 1 (A9 to A14), 7 and 8.
"""

from __future__ import annotations

import datetime
import functools
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, overload
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models

from ringwork.crypto.plaintexts import Json
from ringwork.errors import SealMisused
from ringwork.sealed import json_values
from ringwork.sealed.cells import Cell, Row
from ringwork.sealed.django import faults, forms, refusing, rows, saving, tokens
from ringwork.sealed.django.columns import SealedColumn
from ringwork.sealed.django.held import AuditedAttribute, Bare, Placed, SealedAttribute, Unsealed
from ringwork.sealed.values import MASK, SealedValue

S = TypeVar("S")
G = TypeVar("G")
T = TypeVar("T")

if TYPE_CHECKING:
    _Field = models.Field
else:

    class _Field(models.Field):
        """Django's own, which takes type arguments only in its stubs."""

        def __class_getitem__(cls, kinds):  # noqa: ANN001, ANN204  # for the line below
            return cls


PLAIN: dict[type, type[models.Field[Any, Any]]] = {
    str: models.TextField,
    bytes: models.BinaryField,
    int: models.BigIntegerField,
    Decimal: models.DecimalField,
    bool: models.BooleanField,
    datetime.date: models.DateField,
    datetime.datetime: models.DateTimeField,
    UUID: models.UUIDField,
    Json: models.JSONField,
}
"""The field of Django's that a kind would be without sealing: it converts, validates, and makes the form's field."""


class SealedField(_Field[S, G]):
    """A field whose values are sealed, each for its row.

    kind: str, bytes, int, Decimal, bool, date, datetime, UUID or plaintexts.Json. label: "table.column", the names that the values are
    bound to; by default the table's and the field's own, to be pinned before either is renamed. tenant, subject: names of fields of the
    same model. optional: None is a value too, and looks like the others. audited: the attribute gives a SealedValue, and only `reveal`
    opens it. row: fields that name the row in place of the primary key. bucket, width: as in `plaintexts.codec`. The rest is Django's;
    null=True lets NULL in the database read as None, which is otherwise taken for tampering.
    """

    description = "Sealed %(kind)s"

    @overload
    def __init__(self: SealedField[Any, Any], kind: type[Json], verbose_name: str | None = None, **named: Any) -> None: ...
    @overload
    def __init__(
        self: SealedField[T, SealedValue[T]], kind: type[T], verbose_name: str | None = None, *, audited: Literal[True], **named: Any
    ) -> None: ...
    @overload
    def __init__(
        self: SealedField[T | None, T | None], kind: type[T], verbose_name: str | None = None, *, optional: Literal[True], **named: Any
    ) -> None: ...
    @overload
    def __init__(self: SealedField[T, T], kind: type[T], verbose_name: str | None = None, **named: Any) -> None: ...

    def __init__(
        self,
        kind: type[Any],
        verbose_name: str | None = None,
        *,
        label: str = "",
        data_class: str = "default",
        tenant: str | None = None,
        subject: str | None = None,
        optional: bool = False,
        bucket: int | None = None,
        width: int = 8,
        audited: bool = False,
        row: tuple[str, ...] = (),
        **named: Any,
    ) -> None:
        if kind not in PLAIN:
            raise TypeError(
                f"{getattr(kind, '__name__', kind)!s} cannot be sealed; declare one of {', '.join(each.__name__ for each in PLAIN)}"
            )
        self.kind, self.label, self.optional, self.audited, self.row = kind, label, optional, audited, row
        self._options: dict[str, Any] = {
            "data_class": data_class,
            "tenant": tenant,
            "subject": subject,
            "optional": optional,
            "nullable": bool(named.get("null")),
            "bucket": bucket,
            "width": width,
            "audited": audited,
        }
        self.plain = _plain(kind, verbose_name, optional, named)
        named.pop("max_length", None)
        super().__init__(verbose_name, **named)
        self.empty_strings_allowed = kind is str
        if kind is bytes:
            self.editable = False

    # What Django asks when a model is made.

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's
        """Take the labels, and have the model's instances remember their row."""
        table, _, column = self.label.rpartition(".") if self.label else (cls._meta.db_table, "", name)
        self.cell = Cell(table or "-", column, self.kind, **self._options)
        self.descriptor_class = AuditedAttribute if self.audited else SealedAttribute
        for made in ("row_names", "owners"):  # of the abstract model that this is a copy of
            self.__dict__.pop(made, None)
        super().contribute_to_class(cls, name, private_only=private_only)
        self.attribute: SealedAttribute = self.descriptor_class(self)
        self.plain.set_attributes_from_name(name)
        if not cls._meta.abstract:
            saving.install(cls)

    @functools.cached_property
    def row_names(self) -> rows.RowNames:
        """What names the row; known once the whole model is."""
        return rows.names_of(self.model, self.row)

    @functools.cached_property
    def owners(self) -> tuple[str | None, str | None]:
        """The attributes that hold tenant and subject."""
        return rows.attname(self.model, self.cell.tenant), rows.attname(self.model, self.cell.subject)

    def check(self, **named: Any) -> list[Any]:
        """What `manage.py check` says of this field."""
        return [*super().check(**named), *faults.of_field(self)]

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """For a migration: a column of bytes that needs no key, with the label that the values are bound to."""
        named = {name: getattr(self, name) for name in ("null", "db_column", "db_comment") if getattr(self, name, None)}
        label = f"{self.cell.table}.{self.cell.column}"
        return self.name, f"{SealedColumn.__module__}.{SealedColumn.__qualname__}", [], {**named, "label": label}

    def clone(self) -> Any:
        """The column, as migrations keep it."""
        _, _, args, named = self.deconstruct()
        return SealedColumn(*args, **named)

    def get_internal_type(self) -> str:
        """What the database keeps."""
        return "BinaryField"

    # Reading.

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """What a query gives: a sealed value, which an instance opens by its row and a row of values() by `open(row)`."""
        if value is None and self.cell.nullable:
            return None
        return SealedValue(self.cell, bytes(value) if isinstance(value, memoryview) else value)

    def open_held(self, instance: models.Model, held: SealedValue[Any]) -> Any:
        """The value of a sealed one that `instance` holds. Raises SealBroken, KeyUnavailable, KeyRefused."""
        row, tenant, subject = self.place_of(instance, held)
        if row is None:
            raise SealMisused(f"{self.cell.label} holds a sealed value, and its row has no key yet; open it with the row that it came from")
        value = self.cell.open(held.stored, row, tenant=tenant, subject=subject)
        # A save writes what was changed in place too, so JSON may be.
        return json_values.thawed(value) if self.kind is Json else value

    def place_of(self, instance: models.Model, held: object) -> tuple[Row | None, str | None, str | None]:
        """Row, tenant and subject that a value was sealed for: its own where it was sealed here, else what the instance was loaded with."""
        if isinstance(held, Placed):
            return held.row, held.tenant, held.subject
        tenant, subject = (None if name is None else rows.loaded(instance, name) for name in self.owners)
        row = rows.then(instance, self.row_names)
        return row, None if tenant is None else str(tenant), None if subject is None else str(subject)

    def place_for(self, instance: models.Model) -> tuple[Row | None, str | None, str | None]:
        """Row, tenant and subject that a value is to be sealed for; the row is None before the database has assigned it."""
        tenant, subject = (None if name is None else getattr(instance, name) for name in self.owners)
        row = rows.now(instance, self.row_names)
        return row, None if tenant is None else str(tenant), None if subject is None else str(subject)

    def is_moved(self, instance: models.Model) -> bool:
        """Whether the instance's row, tenant or subject is another than the one that its stored value was sealed for."""
        return self.place_of(instance, instance.__dict__.get(self.attname)) != self.place_for(instance)

    def get_col(self, alias: Any, output_field: Any = None) -> Any:
        """The column in a query, which refuses to be computed with."""
        return refusing.SealedCol(alias, self, output_field)

    def get_lookup(self, lookup_name: str) -> Any:
        """Only whether there is anything; a sealed column is found by no value."""
        if lookup_name == "isnull":
            return refusing.HasValue
        raise refusing.refused(self, f"was searched by {lookup_name!r}")

    def get_transform(self, lookup_name: str) -> Any:
        """None: nothing can be computed from ciphertext."""
        raise refusing.refused(self, f"was searched by {lookup_name!r}")

    # Writing.

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001  # as Django calls it
        """The sealed value for the instance's row."""
        return saving.sealed_for_row(self, model_instance)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """The bytes of a sealed value. Raises SealMisused for anything else."""
        return self.get_db_prep_value(value, connection)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002  # as Django calls it
        """The same; there is no other way into a statement."""
        if type(value) is Placed and value.cell is self.cell:
            return connection.Database.Binary(value.stored)
        if value is saving.PLACEHOLDER:
            return connection.Database.Binary(b"")
        if value is None and self.cell.nullable:
            return None
        ready = refusing.require_sealed(self, value)
        if isinstance(ready, SealedValue):
            return connection.Database.Binary(self.cell.require_sealed(ready.stored))
        return ready

    def get_placeholder(self, value: Any, compiler: Any, connection: Any) -> str:
        """Django's for bytes, before 6.1; here an upsert can be seen, and is looked at."""
        refusing.require_own_row(self, compiler.query)
        return cast("str", connection.ops.binary_placeholder_sql(value))

    def get_placeholder_sql(self, value: Any, compiler: Any, connection: Any) -> Any:
        """The same since 6.1."""
        refusing.require_own_row(self, compiler.query)
        return connection.ops.binary_placeholder_sql(value, compiler)

    # Forms, serializers and validation: what comes in is plain, and stays what it is.

    def to_python(self, value: Any) -> Any:
        """`value` as the declared kind. Never opens anything: a token that somebody pasted is a text like any other."""
        if isinstance(value, SealedValue | Unsealed | Bare) or tokens.may_be(value):
            return value
        return self.plain.to_python(value)

    def clean(self, value: Any, model_instance: Any) -> Any:
        """Validated as the declared kind. A value that is sealed already was validated before it was."""
        if isinstance(value, SealedValue):
            return value
        if isinstance(value, Unsealed):
            value = value.opened
        if value == MASK:
            # Against a form or client that sends the mask back, and with it overwrites what it stood for.
            raise ValidationError("This is the mask that stands for the stored value; give the new value, or leave the field out.")
        return self.plain.clean(value, model_instance)

    @functools.cached_property
    def validators(self) -> list[Any]:
        """Those of the declared kind, which serializers ask for."""
        return list(self.plain.validators)

    def value_from_object(self, obj: models.Model) -> Any:
        """What forms and serializers get: a mask that a form's field knows how to open, and that serializes as sealed bytes."""
        return tokens.InPlace(self, obj)

    def value_to_string(self, obj: models.Model) -> str:
        """For fixtures and serializers: the sealed value as text, never the plain one."""
        return tokens.of_instance(self, obj)

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        """What a form came to, unless it leaves the value as it is."""
        if data is not forms.KEEP:
            super().save_form_data(instance, data)

    def formfield(self, *args: Any, replaces: bool = False, **named: Any) -> Any:
        """The form's field of the declared kind; one that shows a mask and replaces the value where `replaces`, or the field is audited."""
        if self.kind is bytes:
            return None
        return forms.made(self.plain.formfield(*args, **named), replaces=replaces or self.audited)


def _plain(kind: type, verbose_name: str | None, optional: bool, named: dict[str, Any]) -> models.Field[Any, Any]:  # noqa: FBT001
    told = {name: named[name] for name in _SHARED if name in named}
    made = models.CharField if kind is str and told.get("max_length") else PLAIN[kind]
    return made(verbose_name, **{**told, "null": optional or bool(told.get("null"))})


_SHARED = ("null", "blank", "choices", "default", "editable", "error_messages", "help_text", "max_length", "validators")
