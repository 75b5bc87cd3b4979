"""Work in shares, by one process or by several, with the same results in the same order.

Against results that depend on the machine: what a share gives depends on the share alone, never on who did it or on what was done before.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

_AT_WORK: Final[list[Callable[[Any], Any]]] = []
"""What the processes do: they are copies of this one, so nothing that it needs has to be sent to them."""


def cut(whole: Sequence[Task], size: int) -> list[Sequence[Task]]:
    """In order, each of at most this size."""
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def spread(
    tasks: Sequence[Task], work: Callable[[Task], Result], *, jobs: int = 1, progress: Callable[[int, int], None] | None = None
) -> list[Result]:
    """What `work` gives for each task, in the order of tasks.

    jobs: at most so many processes; 1 where the system cannot copy a process. work: what it gives must be picklable; what it raises is
    raised here. progress: told how many of how many tasks are done. A process that dies is replaced by this one.
    """
    found = list[Result]()
    if min(jobs, len(tasks)) > 1 and _can_copy():
        _AT_WORK.append(work)
        try:
            with ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=multiprocessing.get_context("fork")) as pool:
                for result in pool.map(_do, tasks):
                    found.append(result)
                    _tell(progress, len(found), len(tasks))
        except BrokenProcessPool:
            pass  # Against a process that the system ends for its memory: what is left is done here, one share after the other.
        finally:
            _AT_WORK.pop()
    for task in tasks[len(found) :]:
        found.append(work(task))
        _tell(progress, len(found), len(tasks))
    return found


def _do(task: Any) -> Any:
    return _AT_WORK[-1](task)


def _tell(progress: Callable[[int, int], None] | None, done: int, of: int) -> None:
    if progress is not None:
        progress(done, of)


def _can_copy() -> bool:
    """A copy of a process with other threads may wait for ever for what those held."""
    return "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1
