"""The constants of the ids are the rows' ids, named after them."""

from __future__ import annotations

from ringwork.controls import control, ids


def test_each_row_has_its_constant_and_each_constant_its_row() -> None:
    """A control that is renamed, added or dropped changes its constant with it."""
    constants = {name: value for name, value in vars(ids).items() if name.isupper()}
    assert constants == {row.id.upper().replace(".", "_").replace("-", "_"): row.id for row in control.load().controls}


def test_constants_stand_in_the_order_of_the_rows() -> None:
    """A reader who knows one file finds his way in the other."""
    assert [value for name, value in vars(ids).items() if name.isupper()] == [row.id for row in control.load().controls]
