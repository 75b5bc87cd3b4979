"""A model as nobody should write one, put into a copy so that a proof can be seen to fail: a plain column, and encryption that is none.

Each ORM's is made when it is asked for, in the copy's own store, and in no other process.
"""

from __future__ import annotations

import base64
import binascii
import sqlite3
from typing import Any

TABLE, MODEL = "ringwork_planted", "ringwork_planted:Planted"
SCHEMA = f"CREATE TABLE IF NOT EXISTS {TABLE} (id INTEGER PRIMARY KEY, ssn TEXT, iban TEXT)"
_made: dict[str, Any] = {}


def encoded(value: str | None) -> str | None:
    """What takes itself for encryption."""
    return None if value is None else base64.b64encode(value.encode()).decode()


def decoded(value: str | None) -> str | None:
    """And takes what it cannot read as it is."""
    try:
        return None if value is None else base64.b64decode(value.encode(), validate=True).decode()
    except (binascii.Error, ValueError):
        return value


def of_sqlalchemy() -> Any:
    """The mapper of such a model."""
    if "sqlalchemy" not in _made:
        from sqlalchemy import Column, Integer, String, TypeDecorator
        from sqlalchemy.orm import declarative_base

        class Encoded(TypeDecorator[str]):
            """Base64 with another name."""

            impl, cache_ok = String, True

            def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
                """To the store."""
                return encoded(value)

            def process_result_value(self, value: str | None, dialect: Any) -> str | None:
                """And back."""
                return decoded(value)

        names = {"__tablename__": TABLE, "id": Column(Integer, primary_key=True), "ssn": Column(String), "iban": Column(Encoded)}
        _made["sqlalchemy"] = type("Planted", (declarative_base(),), {**names, "__module__": "ringwork_planted"}).__mapper__  # type: ignore[attr-defined]  # every mapped class has one
    return _made["sqlalchemy"]


def of_django() -> Any:
    """Such a model of Django's."""
    if "django" not in _made:
        from django.db import models

        class Encoded(models.TextField[Any, Any]):
            """Base64 with another name."""

            def get_prep_value(self, value: Any) -> Any:
                """To the store."""
                return encoded(value)

            def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
                """And back."""
                return decoded(value)

        meta = type("Meta", (), {"app_label": TABLE, "db_table": TABLE, "managed": False})
        names = {"ssn": models.TextField(null=True), "iban": Encoded(null=True), "Meta": meta, "__module__": "ringwork_planted"}
        _made["django"] = type("Planted", (models.Model,), {**names, "id": models.AutoField(primary_key=True)})
    return _made["django"]


def make_table(driver: sqlite3.Connection) -> None:
    """Its table, in the store of a copy."""
    driver.execute(SCHEMA)
    driver.commit()
