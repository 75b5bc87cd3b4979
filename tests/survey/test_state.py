from __future__ import annotations

import contextlib
import importlib.util
import sqlite3
import sys

import pytest

from ringwork.survey import state


@pytest.fixture
def module(tmp_path):
    """A module that lives in the folder, with a container."""
    path = tmp_path / "ringwork_state_sample.py"
    path.write_text("orders = [1]\nnames = {'a': {2, 1}}\n")
    spec = importlib.util.spec_from_file_location("ringwork_state_sample", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules["ringwork_state_sample"] = loaded
    spec.loader.exec_module(loaded)
    yield loaded
    del sys.modules["ringwork_state_sample"]


def _database(path, statement):
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_names_the_table_that_changed(tmp_path):
    """A row that was written shows in its table, and in no other."""
    _database(tmp_path / "shop.db", "CREATE TABLE items (name TEXT)")
    _database(tmp_path / "shop.db", "CREATE TABLE people (name TEXT)")
    before = state.digest(tmp_path)
    _database(tmp_path / "shop.db", "INSERT INTO items VALUES ('x')")
    assert state.changed(before, state.digest(tmp_path)) == ["sqlite:shop.db/items"]


def test_sees_rows_that_still_stand_in_the_write_ahead_log(tmp_path):
    """A change that SQLite has not merged yet is a change."""
    writer = sqlite3.connect(tmp_path / "shop.db")
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE items (name TEXT)")
    before = state.digest(tmp_path)
    writer.execute("INSERT INTO items VALUES ('x')")
    writer.commit()
    changed = state.changed(before, state.digest(tmp_path))
    writer.close()
    assert changed == ["sqlite:shop.db/items"]


def test_is_the_same_when_a_row_was_written_and_removed(tmp_path):
    """What counts is what is kept, not the file's bytes."""
    _database(tmp_path / "shop.db", "CREATE TABLE items (name TEXT)")
    before = state.digest(tmp_path)
    _database(tmp_path / "shop.db", "INSERT INTO items VALUES ('x')")
    _database(tmp_path / "shop.db", "DELETE FROM items")
    assert state.changed(before, state.digest(tmp_path)) == []


def test_names_a_file_that_appeared(tmp_path):
    """An upload that was stored shows."""
    before = state.digest(tmp_path)
    (tmp_path / "upload.txt").write_text("x")
    assert state.changed(before, state.digest(tmp_path)) == ["file:upload.txt"]


def test_passes_over_a_log_file(tmp_path):
    """A log grows with every request, and is turned over; it is no store, and what only has such a name in it is one."""
    before = state.digest(tmp_path)
    for name in ("app.log", "app.log.1", "app.log.2026-11-27", "app.log.json"):
        (tmp_path / name).write_text("GET /")
    assert state.changed(before, state.digest(tmp_path)) == ["file:app.log.json"]


def test_sees_a_container_of_a_module_change(tmp_path, module):
    """A list that stands for a table in a sample application is a store."""
    before = state.digest(tmp_path)
    module.orders.append(2)
    assert state.changed(before, state.digest(tmp_path)) == ["memory:ringwork_state_sample.orders"]


def test_calls_no_code_of_the_application(tmp_path, module):
    """An object's own repr may have effects; it is not asked."""

    class Loud:
        def __repr__(self):
            raise AssertionError("asked")

    module.orders.append(Loud())
    assert "memory:ringwork_state_sample.orders" in state.digest(tmp_path)


def test_sees_a_database_that_lives_in_memory_change(tmp_path):
    """Samples often keep their tables in memory; a connection that is open is a store."""
    with contextlib.closing(sqlite3.connect(":memory:", check_same_thread=False)) as connection:
        connection.execute("CREATE TABLE ringwork_items (name TEXT)")
        before = state.digest(tmp_path)
        connection.execute("INSERT INTO ringwork_items VALUES ('x')")
        assert state.changed(before, state.digest(tmp_path)) == ["sqlite:memory/ringwork_items"]


def test_leaves_out_what_a_framework_keeps_in_its_own_objects(tmp_path, module):
    """A route that compiles its pattern at the first request is no store; an object of the application is one."""

    class Route:
        pass

    kept = {"route": Route(), "order": Route()}
    kept["route"].__class__ = type("URLPattern", (), {"__module__": "django.urls.resolvers"})
    module.orders.append(kept)
    before = state.digest(tmp_path)
    kept["route"].regex = "^orders$"
    assert state.changed(before, state.digest(tmp_path)) == []
    kept["order"].paid = True
    assert state.changed(before, state.digest(tmp_path)) == ["memory:ringwork_state_sample.orders"]
