"""Work is shared between processes, and nobody can tell from the results."""

from __future__ import annotations

import os
import threading

import pytest

from ringwork.survey.taint import shares


def test_one_process_and_several_give_the_same() -> None:
    """The results stand in the order of the tasks, however many work."""
    tasks = list(range(20))
    assert shares.spread(tasks, lambda task: task * task, jobs=1) == shares.spread(tasks, lambda task: task * task, jobs=3)


def test_several_processes_are_at_work(monkeypatch) -> None:
    """More jobs are more processes, none of them this one."""
    monkeypatch.setattr(shares, "_can_copy", lambda: True)  # other tests may have left threads in this process
    assert os.getpid() not in shares.spread([1, 2], lambda task: os.getpid(), jobs=2)
    assert shares.spread([1, 2], lambda task: os.getpid(), jobs=1) == [os.getpid()] * 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_tells_how_far_it_is(jobs: int) -> None:
    """A person who waits sees every share done."""
    told = list[tuple[int, int]]()
    shares.spread("abc", str.upper, jobs=jobs, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_fault_of_the_work_is_raised(jobs: int) -> None:
    """A fault is no result."""
    with pytest.raises(ZeroDivisionError):
        shares.spread([1, 0], lambda task: 1 // task, jobs=jobs)


def test_a_process_that_dies_is_replaced() -> None:
    """Against a process that the system ends: what it had to do is done here."""
    here = os.getpid()

    def work(task: int) -> int:
        if task == 2 and os.getpid() != here:
            os._exit(9)
        return task

    assert shares.spread([1, 2, 3, 4], work, jobs=2) == [1, 2, 3, 4]


def test_a_process_with_threads_is_not_copied() -> None:
    """A copy could wait for ever for what another thread holds."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        assert shares.spread([1, 2], lambda task: os.getpid(), jobs=2) == [os.getpid()] * 2
    finally:
        end.set()
        thread.join()


def test_cuts_in_order() -> None:
    """Shares are of one size, whoever does them."""
    assert shares.cut([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]
    assert shares.cut([], 2) == []
