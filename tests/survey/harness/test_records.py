"""Records of a copy: rows of its tables and entries of its modules, read and changed."""

from __future__ import annotations

import sqlite3
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from ringwork.survey import state
from ringwork.survey.harness import accounts, bearers, records


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module of the copy, empty yet."""
    made = types.ModuleType("kept_here")
    made.__file__ = str(tmp_path / "kept_here.py")
    monkeypatch.setitem(sys.modules, "kept_here", made)
    return made


def read(folder: Path, depth: int = 4) -> list[tuple[str, dict[str, Any]]]:
    """Name and fields of each record of the module."""
    mine = [one for one in records.of_modules(folder, depth=depth) if one.place.startswith("memory:kept_here.")]
    return [(one.under, dict(one.fields)) for one in mine]


def test_rows_of_tables_that_have_the_column_are_read_and_changed(tmp_path: Path) -> None:
    """In a table that numbers no rows they are read alone; another table is passed over."""
    with sqlite3.connect(tmp_path / "shop.sqlite3") as made:
        made.execute('CREATE TABLE "odd ""users" (name TEXT, word TEXT)')
        made.execute("""INSERT INTO "odd ""users" VALUES ('mia', 'first')""")
        made.execute("CREATE TABLE coded (name TEXT PRIMARY KEY, word TEXT) WITHOUT ROWID")
        made.execute("INSERT INTO coded VALUES ('lea', 'second')")
        made.execute("CREATE TABLE titles (name TEXT)")
        made.execute("INSERT INTO titles VALUES ('none')")
    made.close()
    found = [one for one in records.of_tables(tmp_path, "word".__eq__) if one.place.startswith("sqlite:shop")]
    assert [(one.place, dict(one.fields)) for one in found] == [
        ("sqlite:shop.sqlite3/coded", {"name": "lea", "word": "second"}),
        ('sqlite:shop.sqlite3/odd "users', {"name": "mia", "word": "first"}),
    ]
    found[1].put("word", "third")
    with pytest.raises(sqlite3.Error):
        found[0].put("word", "third")
    assert [one.fields["word"] for one in records.of_tables(tmp_path, "word".__eq__) if one.place.startswith("sqlite:shop")] == [
        "second",
        "third",
    ]


def test_entries_of_modules_are_read_by_name_and_in_lists_down_to_a_level(tmp_path: Path, module: types.ModuleType) -> None:
    """A dictionary is a record itself, and so is each that it holds."""
    vars(module)["USERS"] = {"mia": {"word": "a", "more": [{"word": "b"}]}, 7: {"word": "c"}}
    first = ("", {"mia": {"word": "a", "more": [{"word": "b"}]}})
    assert read(tmp_path, 2) == [first, ("mia", {"word": "a", "more": [{"word": "b"}]}), ("", {"word": "c"})]
    assert ("", {"word": "b"}) in read(tmp_path, 4)


def test_objects_are_changed_as_dictionaries_are_and_their_code_is_never_run(tmp_path: Path, module: types.ModuleType) -> None:
    """Against a property that mails somebody because a proof looked at it."""

    class User:
        def __init__(self) -> None:
            self.word = "a"

        @property
        def mailed(self) -> str:
            raise AssertionError("code of the application ran")

    user = User()
    vars(module)["USERS"] = [user, User]
    assert read(tmp_path) == [("", {"word": "a"})]
    next(records.of_modules(tmp_path, depth=2)).put("word", "b")
    assert user.word == "b"


class Proxy:
    """Answers for something else by code of its own."""

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        raise AssertionError("code of the application ran")

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise AssertionError("code of the application ran")


class Closed:
    """Answers for whatever it is asked."""

    def __init__(self) -> None:
        self.word = "a"

    def __getattribute__(self, name: str) -> Any:
        raise KeyError(name)


class Folded(dict[str, Any]):
    """Counts its own way."""

    def items(self) -> Any:
        raise AssertionError("code of the application ran")


class Endless(list[Any]):
    """Never ends where it is asked itself."""

    def __iter__(self) -> Any:
        raise AssertionError("code of the application ran")


def test_proxies_and_containers_of_their_own_kind_are_read_without_their_code(tmp_path: Path, module: types.ModuleType) -> None:
    """Against a task that is made because a proof looked; what the interpreter keeps is read all the same."""
    vars(module)["KEPT"] = [Proxy(), Endless([Closed()]), Folded(word="b")]
    assert read(tmp_path) == [("", {"word": "a"}), ("", {"word": "b"})]
    before = state.digest(tmp_path)
    vars(module)["KEPT"][2]["word"] = "c"
    assert state.changed(before, state.digest(tmp_path)) == ["memory:kept_here.KEPT"]


def test_an_account_or_a_key_beside_a_proxy_is_found_without_asking_it(tmp_path: Path, module: types.ModuleType) -> None:
    """Its class is asked of the interpreter."""
    vars(module)["KEPT"] = [{"username": "mia", "password": "first one", "name": Proxy(), "api_key": "key 1 of mia", "email": Proxy()}]
    assert accounts.kept(tmp_path) == ["first one"]
    assert bearers.keys(tmp_path) == ["key 1 of mia"]


def test_the_password_of_an_account_that_is_shut_is_kept_from_reports_and_signs_nobody_in(tmp_path: Path, module: types.ModuleType) -> None:
    """Against an injection that shows everybody's; who is not shut is known as before."""
    vars(module)["KEPT"] = [
        {"username": "mia", "password": "first one", "active": True},
        {"username": "lea", "password": "second one", "active": False},
    ]
    assert accounts.kept(tmp_path) == ["first one", "second one"]
    assert [one["name"] for one in accounts.known(tmp_path)] == ["mia"]


def test_what_holds_itself_ends(tmp_path: Path, module: types.ModuleType) -> None:
    """A ring is read once."""
    ring: dict[str, Any] = {"word": "a"}
    ring["ring"] = ring
    vars(module)["RING"] = ring
    assert len(read(tmp_path)) == 1
