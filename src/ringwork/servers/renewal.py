"""A new certificate without a restart: its files are looked at when a client shakes hands, and a changed pair is taken into use.

Against a certificate that runs out in a server which runs on, and against a restart that drops everybody's connection: those that
are open keep theirs. A pair that does not fit together, half of it written yet, changes nothing.
"""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
import threading
import time
from collections.abc import Callable, Sequence

from ringwork.errors import ServerInvalid

LOOK_SECONDS = 1.0
"""Between two looks at the files, however many clients come."""

_LOG = logging.getLogger(__name__)

Mark = tuple[tuple[int, int, int] | None, ...]


class Renewal:
    """What a listening context calls for each handshake (`sni_callback`), also where the client names no server.

    make: a context from the files as they are now; raises ServerInvalid. files: what it reads.
    """

    def __init__(self, make: Callable[[], ssl.SSLContext], files: Sequence[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self.make, self.files, self.clock = make, tuple(files), clock
        self.mark, self.looked = _mark(self.files), clock()
        self.current = make()
        self.current.sni_callback = self
        self._lock = threading.Lock()

    def __call__(self, spoken: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        """Let this handshake go on with what the files hold by now: certificate and authorities alike."""
        self.look()
        if self.current is not context:
            spoken.context = self.current

    def look(self) -> None:
        """Take a changed pair into use; one that cannot be used is told once, and the last good one stays."""
        # One thread looks, the others go on with what there is.
        if self.clock() - self.looked < LOOK_SECONDS or not self._lock.acquire(blocking=False):
            return
        try:
            self.looked = self.clock()
            found = _mark(self.files)
            if found == self.mark:
                return
            self.mark = found
            made = self.make()
            made.sni_callback = self
            self.current = made
            _LOG.warning("ringwork serve: a new certificate is in use: %s", self.files[0])
        except ServerInvalid as invalid:
            # Against a server that ends because a file was being written: what is in use stays.
            _LOG.warning("ringwork serve: a changed certificate cannot be used, the last one stays: %s", "; ".join(invalid.faults))
        finally:
            self._lock.release()


def _mark(files: Sequence[str]) -> Mark:
    """By what a changed file is known; None for one that is not there."""
    found = list[tuple[int, int, int] | None]()
    for name in files:
        state = None
        with contextlib.suppress(OSError):
            state = os.stat(name)  # noqa: PTH116  # follows links: tools swap a link to a folder of new files
        found.append((state.st_ino, state.st_mtime_ns, state.st_size) if state else None)
    return tuple(found)
