"""What a report says that the guard of a target leaves out."""

from __future__ import annotations

from ringwork import pipeline
from ringwork.prove import conclusion
from ringwork.survey.facts import AppFacts, GuardFacts

ALL = tuple(guard.control for guard in pipeline.ORDER)


def _guarded(*controls: str) -> AppFacts:
    guard = GuardFacts(mode="enforce", controls=controls, origin="", hosts=(), identify="")
    return AppFacts(target="shop:app", framework="flask", framework_version="3", root=".", routes=(), guard=guard)


def test_says_that_nothing_is_left_out_where_all_guards_stand() -> None:
    """What is only read in the source has no guard that somebody could have left out."""
    assert conclusion._unenforced(_guarded(*ALL)) == ()


def test_names_the_guard_that_is_left_out() -> None:
    """Who guards a part is told the rest."""
    assert conclusion._unenforced(_guarded(*(one for one in ALL if one != "browser.csrf"))) == ("browser.csrf",)
