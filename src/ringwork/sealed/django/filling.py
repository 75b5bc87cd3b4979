"""From a plain column to a sealed one, in a migration: expand, fill, contract.

    migrations.AddField("note", "sealed_text", SealedColumn(null=True, label="clinic_note.text")),    what makemigrations writes
    SealColumn("note", "text", "sealed_text", kind=str),                                              this file
    migrations.RemoveField("note", "text"), migrations.RenameField("note", "sealed_text", "text"),    makemigrations again

Against a row that is written while the column is filled: a value is taken only if it is still the one that was read. Against a column
that is dropped before all of it is sealed: what is left over stops the migration. It begins again where it stopped, and needs a key
only where there is a row. Does not clean the database's own leftovers of the plain column: freed pages, logs, backups.
"""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, models
from django.db.migrations.operations.base import Operation

from ringwork.sealed.cells import Cell
from ringwork.sealed.django import rows
from ringwork.sealed.django.columns import SealedColumn
from ringwork.sealed.django.fields import PLAIN

BATCH = 500


class SealColumn(Operation):
    """Seal every value of a plain column into a column that makemigrations made of a SealedField.

    kind, data_class, tenant, subject, optional, bucket and width as in the SealedField; row too, where it names its row by other fields.
    Backwards it opens them into the plain column. Raises DatabaseError when rows are left over, TypeError for a NULL that may not be.
    """

    reduces_to_sql = False
    reversible = True

    def __init__(self, model_name: str, source: str, target: str, *, kind: type, row: tuple[str, ...] = (), **options: Any) -> None:
        if kind not in PLAIN:
            raise TypeError(f"{kind.__name__} cannot be sealed; name the kind of the SealedField")
        self.model_name, self.source, self.target, self.kind, self.row, self.options = model_name, source, target, kind, row, options

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """For squashmigrations."""
        named = {"row": self.row} if self.row else {}
        return type(self).__name__, [self.model_name, self.source, self.target], {"kind": self.kind, **named, **self.options}

    def state_forwards(self, app_label: str, state: Any) -> None:
        """No model changes."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Fill the sealed column."""
        model = from_state.apps.get_model(app_label, self.model_name)
        cell, names = self._cell(model), rows.RowNames(model, self.row)
        plain = PLAIN[self.kind]()

        def seal(row: models.Model) -> Any:
            value = plain.to_python(getattr(row, self.source))
            if value is None and cell.nullable and not cell.optional:
                return None
            cell.check(value)
            return cell.seal(value, names.read({}, row) or (), **_owners(cell, row))

        self._walk(model, schema_editor.connection.alias, self.source, self.target, seal)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Fill the plain column again."""
        model = to_state.apps.get_model(app_label, self.model_name)
        cell, names = self._cell(model), rows.RowNames(model, self.row)

        def open_(row: models.Model) -> Any:
            stored = getattr(row, self.target)
            return None if stored is None and cell.nullable else cell.open(stored, names.read({}, row) or (), **_owners(cell, row))

        self._walk(model, schema_editor.connection.alias, self.target, self.source, open_, again=True)

    def describe(self) -> str:
        """One line for `migrate`."""
        return f"Seal {self.model_name}.{self.source} into {self.target}"

    def _cell(self, model: type[models.Model]) -> Cell:
        column = model._meta.get_field(self.target)  # noqa: SLF001  # Django's name for what it gives to everybody
        if not isinstance(column, SealedColumn) or not column.label:
            raise TypeError(
                f"{self.model_name}.{self.target} is no SealedColumn with a label; let makemigrations write it of a SealedField"
            )
        table, _, name = column.label.rpartition(".")
        return Cell(table, name, self.kind, **{"nullable": column.null, **self.options})

    @staticmethod
    def _walk(model: type[models.Model], using: str, source: str, target: str, made: Any, *, again: bool = False) -> None:
        """By primary key, a batch at a time; a row whose source has changed since it was read is read again."""
        everything = model._base_manager.using(using).order_by("pk")  # noqa: SLF001
        wanted = everything if again else everything.filter(**{f"{target}__isnull": True})
        last: Any = None
        while True:
            batch = list((wanted if last is None else wanted.filter(pk__gt=last))[:BATCH])
            if not batch:
                break
            for row in batch:
                value = made(row)
                # Against a lost write: the row is left for the next round when somebody has changed it.
                same = everything.filter(pk=row.pk, **{source: getattr(row, source)})
                while value is not None and not same.update(**{target: value}):
                    row.refresh_from_db(using=using)
                    value, same = made(row), everything.filter(pk=row.pk, **{source: getattr(row, source)})
            last = batch[-1].pk
        left = 0 if again else wanted.exclude(**{f"{source}__isnull": True}).count()
        if left:
            raise DatabaseError(f"{left} rows of {model.__name__} were written while {target} was filled; migrate again")


def _owners(cell: Cell, row: models.Model) -> dict[str, str | None]:
    """Tenant and subject of a row, as the field will tell them."""
    names = {"tenant": rows.attname(type(row), cell.tenant), "subject": rows.attname(type(row), cell.subject)}
    found = {what: None if name is None else getattr(row, name) for what, name in names.items()}
    return {what: None if value is None else str(value) for what, value in found.items()}
