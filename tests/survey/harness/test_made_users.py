"""What a project's own function for users may return, and how it is told what does not fit."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ringwork.errors import TargetFailed
from ringwork.prove import settings
from ringwork.survey.harness import loading

PAGE = Path(__file__).parents[3] / "docs/ci.md"


@pytest.fixture
def returned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """From what a function returns to what the prover is told."""

    def ask(made: Any, named: str = "people_of_the_shop:users") -> list[dict[str, Any]]:
        module = ModuleType("people_of_the_shop")
        module.users = made if callable(made) else lambda: made  # type: ignore[attr-defined]
        module.limit = 3  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "people_of_the_shop", module)
        return loading.call(named, tmp_path)

    return ask


def test_hands_users_on_as_text(returned: Any) -> None:
    """Lists, tuples and sets of roles, one role alone, and none; every other value as it is."""
    anna = {"name": "anna", "roles": {"staff", "clerk"}, "password": "p", "fields": {"pin": "12"}}
    found = returned((anna, {"name": "ben", "roles": "staff"}, {"name": "cy", "token": "$CY"}))
    assert found == [
        {"name": "anna", "roles": ["clerk", "staff"], "password": "p", "fields": {"pin": "12"}},
        {"name": "ben", "roles": ["staff"], "fields": {}},
        {"name": "cy", "token": "$CY", "roles": [], "fields": {}},
    ]
    assert [settings.declared(user, "users").roles for user in found[:2]] == [("clerk", "staff"), ("staff",)]


def test_the_function_is_called_users_where_none_is_named(returned: Any) -> None:
    """A module alone is enough."""
    assert returned([{"name": "anna"}], "people_of_the_shop") == [{"name": "anna", "roles": [], "fields": {}}]


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (None, "returned something of type NoneType"),
        ("anna", "users[0] is of type str"),
        ([{"name": "anna"}, ["ben"]], "users[1] is of type list"),
        ([{"name": "anna", "password": 1234}], "users[0]: password is of type int"),
        ([{"name": "anna", "fields": {"pin": 12}}], "users[0]: pin is of type int"),
        ([{"name": "anna", "roles": [1]}], "users[0]: roles is of type int"),
        ([{"name": "anna", "roles": 1}], "users[0]: roles or fields"),
        ([{"name": "anna", "fields": ["pin"]}], "users[0]: roles or fields"),
    ],
)
def test_says_which_user_and_which_key_does_not_fit(returned: Any, made: Any, told: str) -> None:
    """Against a copy that ends, or a fault that looks like ours, because of one value. No value is shown: it may be a password."""
    with pytest.raises(TargetFailed) as caught:
        returned(made)
    assert caught.value.step == "users"
    assert told in caught.value.problem
    assert caught.value.advice
    assert "1234" not in caught.value.problem


def test_says_what_the_function_raised(returned: Any) -> None:
    """An account that cannot be made is told with the function's own words."""

    def broken() -> list[Any]:
        raise RuntimeError("no such table: account")

    with pytest.raises(TargetFailed, match="RuntimeError") as caught:
        returned(broken)
    assert "no such table: account" in caught.value.problem


@pytest.mark.parametrize("name", ["nobody", "limit"])
def test_says_that_a_name_is_no_function(returned: Any, name: str) -> None:
    """A mistyped name, and one that names something else."""
    with pytest.raises(TargetFailed, match="no function"):
        returned([], f"people_of_the_shop:{name}")


def test_a_number_in_the_settings_is_told_and_not_shown() -> None:
    """`password = 1234` in a TOML file is a number, and what is typed in at a login is text."""
    with pytest.raises(TargetFailed, match="type int") as caught:
        settings.declared({"name": "anna", "password": 1234}, "prove.users[0]")
    assert "1234" not in f"{caught.value.problem} {caught.value.advice}"
    assert settings.declared({"name": "anna", "password": "1234"}, "prove.users[0]").password == "1234"


def test_the_page_has_every_key_of_a_user() -> None:
    """What a user may say of itself is all in docs/ci.md, and the page promises nothing else."""
    part = PAGE.read_text(encoding="utf-8").partition("### The function that makes users")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)) == sorted(settings._USER_KEYS)
    example = re.search(r"```python\n(.*?)```", part, re.DOTALL)
    assert example is not None
    compile(example[1], "docs/ci.md", "exec")
    assert set(re.findall(r'"(\w+)":', example[1])) <= set(settings._USER_KEYS)
