"""The settings on a control's page are the settings of its guard."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ringwork.enforce.access import deny_by_default
from ringwork.enforce.browser import cookie_attributes, csrf, security_headers
from ringwork.enforce.guard import Guard
from ringwork.enforce.network import host_validation
from ringwork.enforce.output import error_handling
from ringwork.report.settings import BEGIN, END, settings_table, with_settings

PAGES = Path(__file__).parents[2] / "docs" / "controls"
GUARDS: tuple[Guard[Any], ...] = tuple(
    module.GUARD for module in (deny_by_default, cookie_attributes, csrf, security_headers, host_validation, error_handling)
)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: str(guard.control))
def test_shows_the_settings_that_the_guard_has(guard: Guard[Any]) -> None:
    """A page that promises another default than the code has is worse than none."""
    page = (PAGES / (guard.control.replace(".", "/").replace("-", "_") + ".md")).read_text(encoding="utf-8")
    assert page == with_settings(page, guard.settings)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: str(guard.control))
def test_tells_meaning_and_unit_of_every_setting(guard: Guard[Any]) -> None:
    """A setting without a meaning cannot be set well."""
    rows = settings_table(guard.settings).splitlines()[2:]
    assert all(cell.strip() for row in rows for cell in row.split("|")[1:5])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inner:
    name: str = field(metadata={"doc": "a|b"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outer:
    on: bool = field(default=True, metadata={"doc": "switch", "unit": "true or false", "source": "us"})
    inner: tuple[_Inner, ...] = ()
    words: tuple[str, ...] = ("x", "y")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Empty:
    """Nothing to set."""


def test_writes_a_row_for_each_field_and_each_inner_one() -> None:
    """Defaults stand as they would in a settings file; a bar in a text does not break the table."""
    assert settings_table(_Outer).splitlines()[2:] == [
        "| `on` | `true` | true or false | switch | us |",
        "| `inner` | `[]` |  |  |  |",
        "| `inner[].name` | required |  | a\\|b |  |",
        '| `words` | `["x", "y"]` |  |  |  |',
    ]


def test_says_when_there_is_nothing_to_set() -> None:
    """An empty table would look like a fault."""
    assert settings_table(_Empty) == "None of its own.\n"


@pytest.mark.parametrize("page", ["", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_refuses_a_page_without_its_markers(page: str) -> None:
    """A page without a place for the table would go stale in silence."""
    with pytest.raises(ValueError, match="once each"):
        with_settings(page, _Empty)
