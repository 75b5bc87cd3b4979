"""What a migration says in place of a sealed field: a column of bytes, and the label that its values are bound to.

Against a migration that needs a key, and against a table that is renamed until nothing in it opens: this column seals and opens
nothing, and keeps the label in the migration, where `manage.py check` compares it with the model's.
"""

from __future__ import annotations

from typing import Any

from django.db import models


class SealedColumn(models.BinaryField):  # type: ignore[type-arg]  # generic in its stubs only
    """A binary column. label: "table.column", the logical names that its values were sealed for; "" where nobody pinned one."""

    non_db_attrs = (*models.BinaryField.non_db_attrs, "label")

    def __init__(self, *args: Any, label: str = "", **named: Any) -> None:
        self.label = label
        super().__init__(*args, **named)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """As Django's own, with the label."""
        name, path, args, named = super().deconstruct()
        if self.label:
            named["label"] = self.label
        return name, path, list(args), named
