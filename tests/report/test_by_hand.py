"""What a developer reads who mends without the guard."""

from __future__ import annotations

import pytest

from ringwork.controls import control
from ringwork.report import by_hand

FRAMEWORKS = {"starlette", "flask", "django", "aiohttp"}


@pytest.mark.parametrize("name", by_hand.table())
def test_each_text_is_for_a_control_and_every_framework(name: str) -> None:
    """A row that nobody finds, or that leaves one framework out, helps nobody."""
    assert name in {row.id for row in control.load().controls}
    told = by_hand.table()[name]
    assert set(told) in ({by_hand.ANY}, FRAMEWORKS)
    assert all(len(text) > 30 and text.endswith(".") for text in told.values())


def test_speaks_the_framework_of_the_report() -> None:
    """FastAPI is Starlette's; a control that is the same everywhere is told once; what is not known is not made up."""
    assert by_hand.text("browser.cors", "fastapi 0.165.0") == by_hand.table()["browser.cors"]["starlette"]
    assert "flask-cors" in by_hand.text("browser.cors", "flask 3.1.3")
    assert by_hand.text("browser.cache-control", "django 5.2") == by_hand.table()["browser.cache-control"]["any"]
    assert by_hand.text("process.threat-model", "flask") == ""


def test_advises_by_hand_what_needs_no_ringwork() -> None:
    """The way without the guard must not lead back to it."""
    assert not [text for told in by_hand.table().values() for text in told.values() if "ringwork" in text or "protect(" in text]
