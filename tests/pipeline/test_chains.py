"""Steps that are tied together do what they do one after the other."""

from __future__ import annotations

from typing import Any

import pytest

from ringwork import chains


@pytest.mark.parametrize("count", range(20))
def test_stops_at_the_first_answer_at_any_length(count: int) -> None:
    """No step behind an answer is called, and none before it is left out."""
    for answering in range(count):
        called: list[int] = []

        def step(place: int, answering: int = answering, called: list[int] = called) -> Any:
            def take(x: str) -> str | None:
                called.append(place)
                return x if place == answering else None

            return take

        assert chains.first_of([step(place) for place in range(count)])("found") == "found"
        assert called == list(range(answering + 1))


@pytest.mark.parametrize("count", range(20))
def test_answers_nothing_where_no_step_does(count: int) -> None:
    """All of them are asked."""
    called: list[int] = []
    steps = [lambda x, place=place: called.append(place) for place in range(count)]
    assert chains.first_of(steps)("found") is None
    assert called == list(range(count))


@pytest.mark.parametrize("count", range(20))
def test_hands_each_step_what_the_one_before_made(count: int) -> None:
    """In order, none left out."""
    steps = [lambda x, n, value, place=place: [*value, (x, n, place)] for place in range(count)]
    assert chains.one_after_another(steps)("x", 7, []) == [("x", 7, place) for place in range(count)]
