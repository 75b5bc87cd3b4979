"""The key table."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Made once; later changes of the table come in migrations of their own."""

    initial = True
    dependencies: ClassVar[list[Any]] = []
    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="StoredKey",
            fields=[
                ("kid", models.BigIntegerField(primary_key=True, serialize=False)),
                ("purpose", models.CharField(max_length=20)),
                ("data_class", models.CharField(max_length=200)),
                ("tenant", models.CharField(max_length=200)),
                ("subject", models.CharField(max_length=200)),
                ("created", models.BigIntegerField()),
                ("state", models.CharField(max_length=20)),
                ("wrapped", models.BinaryField()),
                ("wrapped_by", models.CharField(max_length=300)),
                ("check_value", models.BinaryField()),
                ("activated", models.BigIntegerField()),
                ("changed", models.BigIntegerField()),
                ("written", models.BigIntegerField()),
            ],
            options={"db_table": "ringwork_keys_1"},
        ),
        migrations.AddConstraint(
            model_name="storedkey",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "active")),
                fields=("subject", "tenant", "data_class", "purpose"),
                name="ringwork_keys_1_active",
            ),
        ),
    ]
