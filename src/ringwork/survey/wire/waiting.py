"""How long pages of a copy let their reader wait, so that a slow one is asked a few times in a run and not by every check.

Against a run that is over before it has looked at anything: a page that answers after ten seconds costs each of a hundred checks as much.
"""

from __future__ import annotations

import re
import threading

from ringwork.survey.wire.connection import WireError

SLOW_SECONDS = 5.0
MOST = 4
_NUMBER = re.compile(r"(?<=/)\d+(?=/|$)")


class SlowError(WireError):
    """The page let wait too long too often, and is asked no more; the text says how long and how often."""


class Waits:
    """The pages of one copy that were slow each time of late. Shared by everybody who asks it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[tuple[str, str], list[float]] = {}

    def note(self, method: str, path: str, seconds: float) -> None:
        """One more answer, or the end of waiting for one. A quick one takes back what was said: the machine may have been busy."""
        key = _key(method, path)
        with self._lock:
            if seconds < SLOW_SECONDS:
                self._seconds.pop(key, None)
            else:
                self._seconds.setdefault(key, []).append(seconds)

    def require(self, method: str, path: str) -> None:
        """Raise SlowError where this page was slow so often that it is asked no more."""
        with self._lock:
            seen = self._seconds.get(_key(method, path), [])
            if len(seen) >= MOST:
                raise SlowError(f"slow: {min(seen):.0f} to {max(seen):.0f} s for an answer, asked {len(seen)} times and no more")


def _key(method: str, path: str) -> tuple[str, str]:
    """Numbers in the path are one page: /delay/9 waits as /delay/10 does."""
    return method, _NUMBER.sub("0", path.partition("?")[0])
