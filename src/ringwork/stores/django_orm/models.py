"""The key table as Django knows it; the same columns as every other key table of ringwork."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class StoredKey(models.Model):
    """One row; written by `keys.DjangoKeyTable` alone."""

    kid: models.BigIntegerField[int, int] = models.BigIntegerField(primary_key=True)
    purpose: models.CharField[str, str] = models.CharField(max_length=20)
    data_class: models.CharField[str, str] = models.CharField(max_length=200)
    tenant: models.CharField[str, str] = models.CharField(max_length=200)
    subject: models.CharField[str, str] = models.CharField(max_length=200)
    created: models.BigIntegerField[int, int] = models.BigIntegerField()
    state: models.CharField[str, str] = models.CharField(max_length=20)
    wrapped: models.BinaryField[bytes, bytes] = models.BinaryField()
    wrapped_by: models.CharField[str, str] = models.CharField(max_length=300)
    check_value: models.BinaryField[bytes, bytes] = models.BinaryField()
    activated: models.BigIntegerField[int, int] = models.BigIntegerField()
    changed: models.BigIntegerField[int, int] = models.BigIntegerField()
    written: models.BigIntegerField[int, int] = models.BigIntegerField()

    class Meta:
        """One active key of each owner, kept by the database."""

        app_label = "ringwork_stores"
        db_table = "ringwork_keys_1"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["subject", "tenant", "data_class", "purpose"],
                condition=models.Q(state="active"),
                name="ringwork_keys_1_active",
            )
        ]

    def __str__(self) -> str:
        return f"key {self.kid}, {self.state}"
