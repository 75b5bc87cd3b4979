"""Django's settings for the PostgreSQL server that test_postgresql.py starts."""

from __future__ import annotations

from typing import Any

from tests.stores import postgresql_server


def settings(port: str, name: str = "postgres") -> dict[str, Any]:
    """One entry of DATABASES."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": postgresql_server.USER,
        "PASSWORD": postgresql_server.PASSWORD,
        "HOST": "127.0.0.1",
        "PORT": port,
    }
