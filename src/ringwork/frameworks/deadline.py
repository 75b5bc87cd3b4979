"""Blocking calls of guards, in threads of their own and under a deadline.

Against a store that hangs and takes every worker with it: calls never run in the threads that the application and its server
use, nobody waits longer than the deadline, and at most MOST_THREADS calls hang at once; what comes then is refused at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import os
import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

MOST_THREADS = 64

Job = Callable[[], Callable[[], None]]
"""What is to be done; hands back how its end is told, which happens once the thread is free again."""


class Threads:
    """Daemon threads that are kept and used again. One that hangs is not waited for, not even when the process ends."""

    __slots__ = ("_most", "_idle", "_count", "_lock", "_process")

    def __init__(self, most: int) -> None:
        self._most = most
        self._begin()

    def _begin(self) -> None:
        self._idle: deque[queue.SimpleQueue[Job]] = deque()
        self._count, self._lock, self._process = 0, threading.Lock(), os.getpid()

    def start(self, job: Job) -> None:
        """Have `job` done. Raises TimeoutError when as many calls as there may be threads are still waiting."""
        if self._process != os.getpid():
            # Against a worker forked after the first call, whose threads stayed behind in its parent.
            self._begin()
        try:
            jobs = self._idle.pop()
        except IndexError:
            jobs = self._more()
        jobs.put(job)

    def _more(self) -> queue.SimpleQueue[Job]:
        with self._lock:
            if self._count >= self._most:
                raise TimeoutError(f"{self._most} calls are still waiting for a store")
            self._count += 1
        jobs = queue.SimpleQueue[Job]()
        threading.Thread(target=self._work, args=(jobs, self._idle), name="ringwork-blocking", daemon=True).start()
        return jobs

    @staticmethod
    def _work(jobs: queue.SimpleQueue[Job], idle: deque[queue.SimpleQueue[Job]]) -> None:
        while True:
            tell = jobs.get()()
            idle.append(jobs)
            tell()


THREADS = Threads(MOST_THREADS)


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """What `call` returns or raises. Raises TimeoutError after `seconds`, or at once when too many calls hang already."""
    done = queue.SimpleQueue[tuple[Any, BaseException | None]]()
    THREADS.start(_job(call, done.put))
    try:
        found, error = done.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"a store did not answer within {seconds:g} seconds") from None
    if error is not None:
        raise error
    return found


async def awaited(seconds: float, call: Callable[[], Any]) -> Any:
    """The same where an event loop goes on meanwhile."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(ended: tuple[Any, BaseException | None]) -> None:
        if future.done():
            return  # nobody waits any more
        if ended[1] is None:
            future.set_result(ended[0])
        else:
            future.set_exception(ended[1])

    def tell(ended: tuple[Any, BaseException | None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, ended)

    THREADS.start(_job(call, tell))
    async with asyncio.timeout(seconds):
        return await future


def _job(call: Callable[[], Any], tell: Callable[[tuple[Any, BaseException | None]], None]) -> Job:
    context = contextvars.copy_context()

    def job() -> Callable[[], None]:
        try:
            ended: tuple[Any, BaseException | None] = context.run(call), None
        except BaseException as error:  # noqa: BLE001  # handed to whoever waits
            ended = None, error
        return functools.partial(tell, ended)

    return job
