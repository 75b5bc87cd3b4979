"""`ringwork explain CONTROL`."""

from __future__ import annotations

import json

import pytest

from ringwork.controls import control


@pytest.mark.parametrize("row", control.load().controls, ids=lambda row: row.id)
def test_tells_all_that_a_row_says(run, row: control.Control) -> None:
    """The attack, what stops it, every check and every neighbour of each control is printed."""
    ended = run("explain", row.id)
    assert ended.code == 0
    neighbours = [*row.backed_by, *(item.control for item in row.entails)]
    for words in (row.title, row.threat, row.enforce, *(check.attack for check in row.checks), *row.frameworks.values(), *neighbours):
        assert words in ended.out


def test_tells_what_falls_with_a_control(run, monkeypatch) -> None:
    """An entailment is printed with its reason."""
    catalogue = control.load()
    row = catalogue.find("browser.csrf")
    falls = control.Entailment(control=catalogue.controls[0].id, reason="a reason to be read")
    changed = control.replace(row, entails=(falls,))
    monkeypatch.setattr(control, "load", lambda: control.replace(catalogue, controls=(changed, *catalogue.controls)))
    assert f"{falls.control}: a reason to be read" in run("explain", "browser.csrf").out


def test_finds_a_control_by_alias(run) -> None:
    """People look for a control under other names."""
    assert run("explain", "anti-forgery-token").out.startswith("browser.csrf: ")


def test_an_unknown_control_is_a_usage_error_with_near_misses(run) -> None:
    """A slip of the finger is answered with what was meant."""
    ended = run("explain", "browser.crsf")
    assert ended.code == 2
    assert "browser.csrf" in ended.err


def test_a_word_near_to_nothing_points_to_the_list(run) -> None:
    """Where no name is near, the reader is told where the names are."""
    ended = run("explain", "qqqqqqqq")
    assert ended.code == 2
    assert "ringwork catalogue" in ended.err


def test_says_that_a_control_can_have_no_guard(run) -> None:
    """Nobody waits for a guard that cannot come."""
    assert "no guard in a running application can enforce it" in run("explain", "supply-chain.sbom").out


def test_json_holds_the_control(run) -> None:
    """Programs get the row with its status."""
    document = json.loads(run("explain", "csrf", "--json").out)
    assert document["format"] == "ringwork.catalogue/1"
    assert document["control"]["id"] == "browser.csrf"
    assert document["control"]["status"]


@pytest.mark.parametrize("width", [40, 80, 140])
def test_folds_to_the_width_of_the_terminal(run, width: int) -> None:
    """No line is wider than the terminal."""
    assert max(map(len, run("explain", "csrf", terminal=width).text.splitlines())) <= width
