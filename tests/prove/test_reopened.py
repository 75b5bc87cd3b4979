"""An application that keeps a connection to its SQLite file in a module: each copy gets a handle of its own, and is forked as any other."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from ringwork.prove import process
from ringwork.prove.running import browser
from tests.prove import copies_of

APP = """
import sqlite3
from flask import Flask, request
app = Flask(__name__)
kept = sqlite3.connect("site.db", check_same_thread=False)
kept.row_factory = sqlite3.Row
cursor = kept.cursor()
kept.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT)")
kept.execute("INSERT INTO notes VALUES ('first')")
kept.commit()
@app.post("/notes")
def add():
    cursor.execute(f"INSERT INTO notes VALUES ('{request.form['text']}')")
    kept.commit()
    return "kept"
@app.get("/")
def notes():
    return ",".join(row["text"] for row in cursor.execute("SELECT text FROM notes"))
"""


def test_each_fork_writes_into_its_own_file_through_the_connection_of_the_module(tmp_path: Path) -> None:
    """Two copies at once: what one was told the other does not know, and rows, cursor and row factory are as the import left them."""
    with copies_of.loaded(tmp_path, {"app.py": APP}, "app.py") as (launcher, loaded):
        assert loaded.unforkable == ""
        one, other = launcher.run(process.Change()), launcher.run(process.Change())
        with contextlib.closing(browser(one)) as first, contextlib.closing(browser(other)) as second:
            assert first.post_form("/notes", {"text": "mine"}).text == "kept"
            assert (first.get("/").text, second.get("/").text) == ("first,mine", "first")
            one.reset()
            assert browser(one).get("/").text == "first"


def test_a_statement_is_seen_through_a_connection_from_before_the_fork(tmp_path: Path) -> None:
    """What the collector was told to leave alone is watched as well, or no attack on it would ever be confirmed."""
    with copies_of.loaded(tmp_path, {"app.py": APP}, "app.py") as (launcher, _):
        running = launcher.run(process.Change())
        running.ask("watch rw0123456789")
        with contextlib.closing(browser(running)) as client:
            client.post_form("/notes", {"text": "rw0123456789"})
        assert ["sql", ["INSERT INTO notes VALUES ('rw0123456789')"]] in running.ask("watched")


@pytest.mark.parametrize(
    "line",
    [
        'kept.create_function("twice", 1, lambda given: given * 2)',
        'kept.execute("PRAGMA journal_mode = WAL")',
        "kept.execute(\"INSERT INTO notes VALUES ('not committed')\")",
    ],
)
def test_what_another_handle_would_lack_is_imported_anew(tmp_path: Path, line: str) -> None:
    """Functions of code, a log that is shared, and a transaction that is still open stay with the import."""
    with copies_of.loaded(tmp_path, {"app.py": f"{APP}\n{line}\n"}, "app.py") as (_, loaded):
        assert loaded.unforkable == "the import opened a database and keeps it open"
