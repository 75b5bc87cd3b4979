"""What a running copy does with one marker: seen in the interpreter's own audit events, before anything refuses them.

Against an attack that is judged by its answer alone: a statement, a program or a look-up that carries the marker is told as it was, also
where the answer is an error page or nothing at all.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from typing import Any

from ringwork.survey import state
from ringwork.survey.harness import confine, redirect

STATEMENT = "sql"
"""The event of a statement that a connection of sqlite3 runs, with its bound values filled in."""

_EVENTS = frozenset({
    "open", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "compile", "import", "pickle.find_class",
    "socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "urllib.Request",
})  # fmt: skip
_MOST, _LETTERS = 200, 4000


class _Watch:
    """The marker that is looked for, "" for none, and what was seen of it."""

    def __init__(self) -> None:
        self.marker, self.is_on = "", False
        self.seen: list[tuple[str, list[str]]] = []

    def observe(self, event: str, args: tuple[Any, ...]) -> None:
        """Note an event of which some part has the marker."""
        if self.marker and event in _EVENTS:
            texts = list(_texts(args))
            if any(self.marker in text for text in texts):
                self._note(event, texts)

    def opened(self, connection: sqlite3.Connection) -> None:
        """Be told each statement of a connection."""
        with contextlib.suppress(sqlite3.Error):  # one that only its own thread may touch stays unseen
            connection.set_trace_callback(self.statement)

    def statement(self, text: str) -> None:
        """A statement as it is run."""
        if self.marker and self.marker in text:
            self._note(STATEMENT, [text])

    def _note(self, event: str, texts: list[str]) -> None:
        if len(self.seen) < _MOST:
            self.seen.append((event, [text[:_LETTERS] for text in texts[:50]]))


_WATCH = _Watch()


def arm(marker: str) -> None:
    """From here on note what has this marker, and forget what was seen of another. Cannot be taken back, only given another marker."""
    if not _WATCH.is_on:
        _WATCH.is_on = True
        confine.observe(_WATCH.observe)
        redirect.tell(_WATCH.opened)
        for connection in state.connections():
            _WATCH.opened(connection)
    _WATCH.marker = marker
    _WATCH.seen = []


def seen() -> list[tuple[str, list[str]]]:
    """Event and its texts, in order."""
    return list(_WATCH.seen)


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    """The texts in an event's arguments; a whole environment is none of them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes | bytearray):
        yield bytes(value).decode("utf-8", "replace")
    elif isinstance(value, os.PathLike):
        with contextlib.suppress(TypeError):
            yield from _texts(os.fspath(value), depth)
    elif isinstance(value, list | tuple) and depth < 2:
        for one in value:
            yield from _texts(one, depth + 1)
