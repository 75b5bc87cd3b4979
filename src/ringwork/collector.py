"""Python's collector of garbage, at rest while a call of ours reads what guards and puts it into an application.

Against a guard that is left out because it slows the start. What is made then stays as long as the process does, so there is nothing to
find in it; but what is made is counted, and at some count the collector looks through all objects there are, which are the application's.
"""

from __future__ import annotations

import gc
from types import TracebackType

_NEVER = 0
"""The threshold at which no collection begins by itself."""


class Resting:
    """For the length of a `with` inside a function, never of a module, no collection begins by itself; afterwards all is as it was.

    The threshold is what changes, and not the switch, because the process is everybody's: a thread that calls `gc.disable`, `gc.enable` or
    `gc.set_threshold` meanwhile is obeyed, then and afterwards. A collector that is off, or rests already, is left alone; of several that
    overlap, the one that began the rest ends it. What cannot be seen is a thread that sets the threshold to 0 meanwhile: it is undone.
    A child that is forked meanwhile stays at rest, since nobody there ends it.
    """

    __slots__ = ("_before",)

    def __init__(self) -> None:
        self._before: tuple[int, int, int] | None = None

    def __enter__(self) -> None:
        before = gc.get_threshold()
        if gc.isenabled() and before[0] != _NEVER:
            self._before = before
            gc.set_threshold(_NEVER, *before[1:])

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # One that was changed meanwhile is somebody's wish.
        if self._before is not None and gc.get_threshold() == (_NEVER, *self._before[1:]):
            gc.set_threshold(*self._before)
