"""Django's models: their fields as facts, and rows of theirs written and read in a copy by their own managers and `save`."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import logging
import secrets
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connections, models, router
from django.db.models.expressions import RawSQL

from ringwork.survey.facts import FieldFacts
from ringwork.survey.harness import field_kinds, planted_models
from ringwork.survey.harness.shelf import Unreachable, keys_down

_CONTROL = "ringwork_control"
_DEPTH = 4
_HOLDS = (
    (models.BooleanField, "bool"), (models.DateTimeField, "datetime"), (models.DateField, "date"), (models.DecimalField, "Decimal"),
    (models.FloatField, "float"), (models.IntegerField, "int"), (models.UUIDField, "UUID"), (models.JSONField, "dict"),
    (models.BinaryField, "bytes"), (models.CharField, "str"), (models.TextField, "str"),
)  # fmt: skip
"""By the first that a field is."""


# -- facts ---------------------------------------------------------------------------------------------------


def collect(folder: Path) -> list[FieldFacts]:
    """The fields of every model that files of the folder define."""
    if not apps.models_ready:
        return []
    return [fact for model in apps.get_models() if field_kinds.is_inside(model, folder) for fact in _fields(model, folder)]


def _fields(model: Any, folder: Path) -> Iterator[FieldFacts]:
    for field in model._meta.concrete_fields:  # noqa: SLF001  # Django's own documented name
        by = field_kinds.encrypted_by(type(field), folder)
        file, line = field_kinds.place_of(model, (field.name,), folder)
        yield FieldFacts(
            model=f"{model.__module__}:{model.__qualname__}",
            orm="django",
            table=str(model._meta.db_table),  # noqa: SLF001  # the same
            column=str(field.column),
            attribute=str(field.attname),
            encrypted_by=by,
            engine=type(field).__name__ if by else "",
            holds=_holds(field),
            length=int(field.max_length or 0),
            reference=bool(field.is_relation) or bool(field.primary_key),
            file=file,
            line=line,
        )


def _holds(field: Any) -> str:
    kind = getattr(getattr(field, "cell", None), "kind", None)
    if isinstance(kind, type):
        return kind.__name__  # what a field of ringwork's opens to
    return next((name for kind, name in _HOLDS if isinstance(field, kind)), "")


# -- rows ----------------------------------------------------------------------------------------------------


class Shelf:
    """The rows of Django's models (shelf.Shelf)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _model(self, field: FieldFacts) -> Any:
        if field.model == planted_models.MODEL:
            return planted_models.of_django()
        found = [m for m in apps.get_models() if f"{m.__module__}:{m.__qualname__}" == field.model]
        if not found:
            raise Unreachable("its model is installed no more")
        return found[0]

    def _alias(self, model: Any) -> str:
        return str(router.db_for_write(model))

    def _connection(self, field: FieldFacts) -> Any:
        connection: Any = connections[self._alias(self._model(field))]
        if connection.vendor != "sqlite":
            raise Unreachable(f"its store is {connection.vendor}, which a copy does not reach; name a scratch database with --env")
        connection.ensure_connection()
        if field.model == planted_models.MODEL:
            planted_models.make_table(connection.connection)
        if field.table not in connection.introspection.table_names():
            raise Unreachable("its table is not in the copy's database; migrations make it")
        return connection

    def _rows(self, field: FieldFacts) -> Any:
        self._connection(field)
        model = self._model(field)
        return model._base_manager.using(self._alias(model))  # noqa: SLF001  # as Django itself finds a row whatever managers hide

    def make(self, field: FieldFacts, value: Any) -> Any:
        """A new row; where none can be made, one that is there already, for this is a copy."""
        rows, model = self._rows(field), self._model(field)
        try:
            made = self._new(model, _DEPTH, {field.attribute: value})
        except Exception as error:
            used = self.__dict__.setdefault("_used", {}).setdefault(field.name, set())
            made = next((row for row in rows.all()[:50] if row.pk not in used), None)
            if made is None:
                raise error from None
            used.add(made.pk)
            setattr(made, field.attribute, value)
            made.save(using=self._alias(model), force_update=True)
        return made.pk

    def _new(self, model: Any, depth: int, given: dict[str, Any]) -> Any:
        row = self._unsaved(model, depth, given)
        row.save(using=self._alias(model), force_insert=True)
        return row

    def _unsaved(self, model: Any, depth: int, given: dict[str, Any]) -> Any:
        row = model()
        for field in model._meta.concrete_fields:  # noqa: SLF001  # the same
            if field.attname in given or field.null or field.has_default() or isinstance(field, models.AutoField):
                continue
            if field.is_relation:
                setattr(row, field.attname, self._parent(field, depth))
            elif field.unique or not field.empty_strings_allowed or not isinstance(field, models.CharField | models.TextField):
                setattr(row, field.attname, filler(field))
        for name, value in given.items():
            setattr(row, name, value)
        return row

    def _parent(self, field: Any, depth: int) -> Any:
        parent = field.related_model
        there = None if field.unique else parent._base_manager.using(self._alias(parent)).first()  # noqa: SLF001  # the same
        if there is None and depth:
            there = self._new(parent, depth - 1, {})
        return getattr(there, field.target_field.attname, None)

    def write(self, field: FieldFacts, key: Any, value: Any) -> None:
        """The same row, another value."""
        row = self._rows(field).get(pk=key)
        setattr(row, field.attribute, value)
        row.save()

    def read(self, field: FieldFacts, key: Any) -> Any:
        """Loaded from the database anew."""
        return field_value(self._rows(field).get(pk=key), field.attribute)

    def find(self, field: FieldFacts, value: Any) -> Any:
        """By a look at the newest rows."""
        for row in self._rows(field).order_by("-pk")[:50]:
            with contextlib.suppress(Exception):  # another row that cannot be read
                if value in str(field_value(row, field.attribute)):
                    return row.pk
        return None

    def _number(self, field: FieldFacts, key: Any) -> int:
        asked = self._rows(field).filter(pk=key).annotate(ringwork_number=RawSQL(f"{_quoted(field.table)}.rowid", ()))  # noqa: S611  # a name of the schema, quoted
        return int(asked.values_list("ringwork_number", flat=True).get())

    def raw(self, field: FieldFacts, key: Any) -> Any:
        """By the driver, without any field of Django's."""
        number = self._number(field, key)
        asked = f"SELECT {_quoted(field.column)} FROM {_quoted(field.table)} WHERE rowid = ?"  # noqa: S608  # names of the schema, quoted
        return self._connection(field).connection.execute(asked, (number,)).fetchone()[0]

    def put(self, field: FieldFacts, key: Any, value: Any) -> None:
        """The same way back."""
        number, connection = self._number(field, key), self._connection(field)
        changed = f"UPDATE {_quoted(field.table)} SET {_quoted(field.column)} = ? WHERE rowid = ?"  # noqa: S608  # the same
        connection.connection.execute(changed, (value, number))
        connection.connection.commit()

    def twice(self, field: FieldFacts, key: Any, value: Any) -> None:
        """A row with a primary key that is taken."""
        model = self._model(field)
        row = self._unsaved(model, _DEPTH, {field.attribute: value})
        row.pk = key
        row.save(using=self._alias(model), force_insert=True)

    @contextlib.contextmanager
    def failing(self, field: FieldFacts) -> Iterator[bool]:
        """The keyring of ringwork fails; other fields give no place where to make them."""
        if self.cell(field) is None:
            yield False
            return
        with keys_down():
            yield True

    @contextlib.contextmanager
    def talking(self) -> Iterator[None]:
        """As the logger django.db.backends does at DEBUG."""
        logger = logging.getLogger("django.db.backends")
        before, opened = logger.level, [connections[alias] for alias in connections]
        logger.setLevel(logging.DEBUG)
        for connection in opened:
            connection.force_debug_cursor = True
        try:
            yield
        finally:
            logger.setLevel(before)
            for connection in opened:
                connection.force_debug_cursor = False

    def rows(self, field: FieldFacts) -> list[Any]:
        """By primary key, without a look at the value."""
        asked = f"SELECT rowid FROM {_quoted(field.table)} WHERE {_quoted(field.column)} IS NOT NULL"  # noqa: S608  # the same
        numbers = [row[0] for row in self._connection(field).connection.execute(asked)]
        named = self._rows(field).annotate(ringwork_number=RawSQL(f"{_quoted(field.table)}.rowid", ()))  # noqa: S611  # the same
        return [pk for number, pk in named.values_list("ringwork_number", "pk") if number in set(numbers)]

    def cell(self, field: FieldFacts) -> Any:
        """Its field knows it."""
        return getattr(self._model(field)._meta.get_field(field.attribute), "cell", None)  # noqa: SLF001  # Django's own documented name

    def kept_in(self, field: FieldFacts) -> str:
        """The file's name."""
        return Path(str(self._connection(field).settings_dict["NAME"])).name

    def keep(self, folder: Path) -> None:
        """A database in memory belongs to one thread, and is not reached from here."""

    def control(self, field: FieldFacts, value: str) -> None:
        """A table of the prover's own in the same store."""
        driver = self._connection(field).connection
        driver.execute(f"CREATE TABLE IF NOT EXISTS {_CONTROL} (value TEXT)")
        driver.execute(f"INSERT INTO {_CONTROL} VALUES (?)", (value,))  # noqa: S608  # a constant
        driver.commit()


def field_value(row: Any, attribute: str) -> Any:
    """The value as the application reads it; what ringwork hands out closed is opened with a reason."""
    value, module = getattr(row, attribute), sys.modules.get("ringwork.sealed.django.revealing")
    if module is not None and type(value).__module__ == "ringwork.sealed.values":
        return module.reveal(row, attribute, reason="a proof of ringwork, in a copy")
    return value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def filler(field: Any) -> Any:
    """A small value of a field's type that is hardly there twice."""
    if field.choices:
        return next(iter(field.flatchoices))[0]
    word = secrets.token_hex(8)
    made: dict[str, Any] = {
        "bool": False, "datetime": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), "date": datetime.date(2026, 1, 1),
        "Decimal": decimal.Decimal(1), "float": 1.0, "int": secrets.randbelow(2**15), "UUID": uuid.uuid4(), "dict": {},
        "bytes": word.encode(),
    }  # fmt: skip
    text = f"{word}@example.org" if isinstance(field, models.EmailField) else word
    return made.get(_holds(field), text[: field.max_length or None])
