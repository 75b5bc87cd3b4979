"""Which patients were opened last: sealed in the browser of the person who opened them."""

from __future__ import annotations

import pytest

from examples.clinic import recent
from ringwork.crypto.places import Place


@pytest.fixture
def carol(monkeypatch: pytest.MonkeyPatch) -> None:
    """Carol is asking."""
    _ask_as(monkeypatch, "3")


def _ask_as(monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    monkeypatch.setattr(recent, "_place", lambda: Place(table="cookies", column="recent", row=(who,)))


@pytest.mark.usefixtures("carol")
def test_remembers_the_last_five_each_once() -> None:
    """The last one first; who is opened again moves to the front."""
    cookie = None
    for patient_id in (1, 2, 3, 4, 5, 6, 3):
        cookie = recent.remember(cookie, patient_id)
    assert recent.recall(cookie) == (3, 6, 5, 4, 2)


@pytest.mark.usefixtures("carol")
def test_tells_nothing_by_its_length() -> None:
    """One patient or five: the cookie is as long."""
    first = recent.remember(None, 1)
    assert len(recent.remember(recent.remember(first, 2), 2**40)) == len(first)


def test_opens_for_nobody_else(carol: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who signs in at the same browser, or copies the cookie, reads nothing and starts anew."""
    cookie = recent.remember(None, 7)
    _ask_as(monkeypatch, "4")
    assert recent.recall(cookie) == ()
    assert recent.recall(recent.remember(cookie, 8)) == (8,)


@pytest.mark.usefixtures("carol")
@pytest.mark.parametrize("cookie", [None, "", "x", "\ud800", "swEBAAAAAAEAAQ", "*" * 4000])
def test_takes_whatever_does_not_open_for_nothing(cookie: str | None) -> None:
    """No reason is told, and no page falls."""
    assert recent.recall(cookie) == ()
