"""Migrations name a column of bytes, need no key, and carry a plain column over into a sealed one."""

from __future__ import annotations

import ast
import io
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.sealed.django import postgresql

SETTINGS = """
SECRET_KEY = "only for this test"
INSTALLED_APPS = ["ringwork.sealed.django", "shop"]
DATABASES = {"default": %r}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""
BEFORE = """
from django.db import models
class Order(models.Model):
    client = models.CharField(max_length=9, default="c1")
    remark = models.TextField(null=True)
"""
DURING = """
from django.db import models
from ringwork.sealed.django.fields import SealedField
class Order(models.Model):
    client = models.CharField(max_length=9, default="c1")
    remark = models.TextField(null=True)
    sealed_remark = SealedField(str, optional=True, null=True, subject="client", label="shop_order.remark")
"""
AFTER = """
from django.db import models
from ringwork.sealed.django.fields import SealedField
class Order(models.Model):
    client = models.CharField(max_length=9, default="c1")
    remark = SealedField(str, optional=True, subject="client", label="shop_order.remark")
"""
FILL = """
from django.db import migrations
from ringwork.sealed.django.filling import SealColumn
class Migration(migrations.Migration):
    dependencies = [("shop", "0002_expand")]
    operations = [SealColumn("order", "remark", "sealed_remark", kind=str, optional=True, subject="client")]
"""
CONTRACT = """
from django.db import migrations
from ringwork.sealed.django.columns import SealedColumn
class Migration(migrations.Migration):
    dependencies = [("shop", "0003_fill")]
    operations = [
        migrations.RemoveField("order", "remark"),
        migrations.RenameField("order", "sealed_remark", "remark"),
        migrations.AlterField("order", "remark", SealedColumn(label="shop_order.remark")),
    ]
"""
CANARY = "canary-5eed"


class Shop:
    """A project in a folder, asked as a person would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "shop" / "migrations").mkdir(parents=True)
        self.database = self._database()
        (folder / "settings.py").write_text(SETTINGS % self.database, encoding="utf-8")
        (folder / "shop" / "__init__.py").write_text("", encoding="utf-8")
        (folder / "shop" / "migrations" / "__init__.py").write_text("", encoding="utf-8")

    @staticmethod
    def _database() -> dict[str, Any]:
        """A file in the folder, or a database of the server that test_postgresql.py has started."""
        port = os.environ.get("SEALED_POSTGRESQL")
        if port is None:
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.sqlite3"}
        name = f"shop_{secrets.token_hex(4)}"
        told = postgresql.settings(port)
        address = {"host": told["HOST"], "port": port, "user": told["USER"], "password": told["PASSWORD"], "dbname": told["NAME"]}
        with psycopg.connect(**address, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return postgresql.settings(port, name)

    def holds(self, text: str) -> bool:
        """Whether the file of the database holds `text`; what a PostgreSQL server has in its files is not asked."""
        path = self.folder / "shop.sqlite3"
        return path.exists() and text.encode() in path.read_bytes()

    def models(self, text: str) -> None:
        (self.folder / "shop" / "models.py").write_text(text, encoding="utf-8")

    def migration(self, name: str, text: str) -> None:
        (self.folder / "shop" / "migrations" / f"{name}.py").write_text(text, encoding="utf-8")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(self.folder), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=environment, check=False, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def manage(self, *words: str) -> str:
        return self.run("-m", "django", *words).stdout


# One keyring for several steps: the process that seals also reads.
STEPS = """
import django; django.setup()
from django.core.management import call_command
from ringwork.keys.keyring import memory_keyring
from ringwork.sealed import keyrings
keyrings.use(memory_keyring())
call_command("migrate", verbosity=0)
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT id, remark FROM shop_order ORDER BY id")
    assert all(b"canary" not in bytes(raw) for _, raw in cursor.fetchall())
from shop.models import Order
print([order.remark for order in Order.objects.order_by("id")])
with connection.cursor() as cursor:
    cursor.execute("VACUUM")
call_command("migrate", "shop", "0002", verbosity=0)
with connection.cursor() as cursor:
    cursor.execute("SELECT remark FROM shop_order ORDER BY id")
    print([raw for raw, in cursor.fetchall()])
call_command("migrate", verbosity=0)
with connection.cursor() as cursor:
    cursor.execute("VACUUM")
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_writes_migrations_that_need_no_key(shop: Shop) -> None:
    """makemigrations, sqlmigrate and migrate run in a process without a keyring, and find nothing more to do."""
    shop.models(AFTER)
    shop.manage("makemigrations", "shop", "-v", "0")
    written = (shop.folder / "shop/migrations/0001_initial.py").read_text(encoding="utf-8")
    assert "ringwork.sealed.django.columns.SealedColumn(label='shop_order.remark')" in written
    assert "import ringwork.sealed.django.columns" in written
    assert re.search('"remark" (BLOB|bytea) NOT NULL', shop.manage("sqlmigrate", "shop", "0001"))
    shop.manage("migrate", "-v", "0")
    assert "No changes" in shop.manage("makemigrations", "--check", "--dry-run")


def test_carries_a_plain_column_over_and_back(shop: Shop) -> None:
    """Expand, fill, contract: every row reads as before, the plain values are gone from the file, and the way back opens them."""
    shop.models(BEFORE)
    shop.manage("makemigrations", "shop", "-v", "0")
    shop.manage("migrate", "-v", "0")
    shop.run(
        "-c",
        "import django; django.setup(); from shop.models import Order;"
        f"Order.objects.bulk_create([Order(remark=x) for x in ['{CANARY}', '', None] + ['{CANARY}-more'] * 600])",
    )
    assert shop.holds(CANARY) or "postgresql" in shop.database["ENGINE"]
    shop.models(DURING)
    shop.manage("makemigrations", "shop", "-n", "expand", "-v", "0")
    shop.models(AFTER)
    shop.migration("0003_fill", FILL)
    shop.migration("0004_contract", CONTRACT)
    read, back = (ast.literal_eval(line) for line in io.StringIO(shop.run("-c", STEPS).stdout))
    assert read == back == [CANARY, "", None] + [f"{CANARY}-more"] * 600
    assert not shop.holds(CANARY)
    assert "No changes" in shop.manage("makemigrations", "--check", "--dry-run")
