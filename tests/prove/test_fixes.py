"""What a finding tells a person to do first."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.controls import control as catalogue
from ringwork.prove import fixes, register

PROVEN = sorted({register.control_of(check) for check in register.checks()})
ENFORCE = Path(fixes.__file__).parents[1] / "enforce"
GUARDED = sorted(
    {
        row.id
        for row in catalogue.load().controls
        if row.guarded and not row.component and (ENFORCE / f"{row.id.replace('.', '/', 1).replace('-', '_')}.py").exists()
    }
    & set(PROVEN) - fixes.AT_THE_PLACE
)


@pytest.mark.parametrize("control", PROVEN)
def test_says_what_to_write_where_the_guard_is_there(control: str) -> None:
    """A page to read is no fix: whoever switched the guard on is told what to change."""
    assert "ringwork explain" not in fixes.fix_for(control, is_guarded=True)


@pytest.mark.parametrize("control", GUARDED)
def test_says_to_switch_on_what_no_guard_holds(control: str) -> None:
    """Without ringwork the first step is the same for all."""
    assert fixes.fix_for(control, is_guarded=False) == f"ringwork.protect(app) switches it on; by hand: `ringwork explain {control}`"


@pytest.mark.parametrize("control", sorted(set(PROVEN) - set(GUARDED)))
def test_promises_no_guard_where_none_is_possible(control: str) -> None:
    """What stands outside the application is not mended by switching ringwork on."""
    assert "protect(app)" not in fixes.fix_for(control, is_guarded=False)


def test_an_upload_that_comes_back_as_a_page_is_mended_where_it_is_sent() -> None:
    """Not by how archives are unpacked, which the source's check of the same control is about."""
    served = fixes.fix_for("input.file-upload", is_guarded=False, check="input.file-upload/served-back")
    assert "attachment" in served
    assert "extractall" in fixes.fix_for("input.file-upload", is_guarded=False, check="input.file-upload/extract-and-save")
