"""One Django project with models of every shape, on a database file of its own, and a keyring in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringwork.keys.keyring import memory_keyring
from ringwork.sealed import keyrings
from tests.frameworks import django_project
from tests.sealed.django import postgresql

POSTGRESQL = "SEALED_POSTGRESQL"
WARD = "tests.sealed.django.ward"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The project with its tables; the path of the database file."""
    django_project.configure()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, connections
    from django.test.utils import override_settings

    path = tmp_path_factory.mktemp("ward") / "ward.sqlite3"
    if POSTGRESQL in os.environ:
        # A process of its own, by test_postgresql.py.
        connections.databases["default"].update(postgresql.settings(os.environ[POSTGRESQL]))
        del connections["default"]
        assert connection.vendor == "postgresql"
        path = Path("postgres")
    connection.close()
    before = connection.settings_dict["NAME"]
    with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, "ringwork.sealed.django", WARD]):
        connection.settings_dict["NAME"] = str(path)
        call_command("migrate", run_syncdb=True, verbosity=0)
        yield path
        connection.close()
        connection.settings_dict["NAME"] = before


@pytest.fixture
def ward(project: Path) -> Iterator[Any]:
    """The models, with empty tables and a keyring."""
    from django.db import connection

    from tests.sealed.django.ward import models

    with keyrings.using(memory_keyring()):
        yield models
        for model in reversed(models.MODELS):
            model.objects.all()._raw_delete("default")
    connection.close()


@pytest.fixture
def stored(ward: Any) -> Any:
    """What the database holds of one column: `stored(Note, "text")`, by primary key."""
    from django.db import connection

    def read(model: Any, column: str) -> dict[Any, Any]:
        meta = model._meta
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {meta.pk.column}, {column} FROM {meta.db_table}")
            return {getattr(key, "hex", key): bytes(raw) for key, raw in cursor.fetchall()}

    return read
