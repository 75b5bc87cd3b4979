"""A process that reads source, says what it found, and ends."""

from __future__ import annotations

import atexit
import gc


def until_the_end() -> None:
    """Look for no garbage in this process any more, not even as it ends.

    What a reading makes hangs together in circles and is needed until all is said: to look through it costs time, and gives nothing back.
    """
    gc.disable()
    atexit.register(gc.freeze)
