"""The collector rests inside a call of ours, and is afterwards as its owner, the application, left it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from ringwork.collector import Resting

ASKED = (300, 7, 5)
"""Thresholds that no interpreter begins with."""


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """A collector that is on, with thresholds of its own; what the run of tests had is put back."""
    was_on, before = gc.isenabled(), gc.get_threshold()
    gc.enable()
    gc.set_threshold(*ASKED)
    yield
    gc.set_threshold(*before)
    if not was_on:
        gc.disable()


def _collections(make: int) -> int:
    """How many collections begin while so many objects are made that stay."""
    begun: list[str] = []

    def count(phase: str, _: dict[str, int]) -> None:
        begun.extend([phase] if phase == "start" else [])

    gc.callbacks.append(count)
    try:
        kept = [[number] for number in range(make)]
    finally:
        gc.callbacks.remove(count)
    assert len(kept) == make
    return len(begun)


def test_begins_no_collection_while_it_rests() -> None:
    """Objects that are made to stay are not searched for garbage, nor is the application beside them."""
    with Resting():
        assert _collections(5000) == 0


def test_collects_again_afterwards() -> None:
    """The opposite: the same objects set the collector off once the rest is over."""
    with Resting():
        pass
    assert _collections(5000) > 0
    assert gc.get_threshold() == ASKED


def test_restores_after_an_error() -> None:
    """A policy that is refused leaves no process behind that collects no more."""
    with pytest.raises(ValueError, match="refused"), Resting():
        raise ValueError("refused")
    assert gc.isenabled()
    assert gc.get_threshold() == ASKED


def test_one_inside_another_ends_with_the_outer() -> None:
    """`protect` makes a policy inside its own rest; the inner one ends nothing."""
    with Resting():
        with Resting():
            pass
        assert _collections(5000) == 0
    assert gc.get_threshold() == ASKED


def test_two_that_overlap_leave_the_collector_as_it_was() -> None:
    """Two threads protect an application each, and the first is done while the second still works."""
    first, second = Resting(), Resting()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert gc.isenabled()
    assert gc.get_threshold() == ASKED


def test_many_threads_leave_the_collector_as_it_was() -> None:
    """However their rests fall between each other."""
    ready = threading.Barrier(8)

    def rest() -> None:
        ready.wait()
        for _ in range(200):
            with Resting():
                pass

    threads = [threading.Thread(target=rest) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gc.isenabled()
    assert gc.get_threshold() == ASKED


def test_leaves_a_collector_that_is_off_alone() -> None:
    """An application that collects by itself, or freezes what it has before it forks, is not switched on."""
    gc.disable()
    with Resting():
        assert gc.get_threshold() == ASKED
    assert not gc.isenabled()
    assert gc.get_threshold() == ASKED


def test_leaves_a_threshold_of_nought_alone() -> None:
    """The other way to switch it off."""
    gc.set_threshold(0, 7, 5)
    with Resting():
        pass
    assert gc.get_threshold() == (0, 7, 5)


def test_obeys_a_switch_that_is_turned_meanwhile() -> None:
    """Another thread of the application switches the collector off during the rest; it stays off."""
    with Resting():
        gc.disable()
    assert not gc.isenabled()
    assert gc.get_threshold() == ASKED


def test_obeys_a_threshold_that_is_set_meanwhile() -> None:
    """Another thread of the application sets what it wants during the rest; that stands."""
    with Resting():
        gc.set_threshold(9000, 20, 20)
    assert gc.get_threshold() == (9000, 20, 20)
