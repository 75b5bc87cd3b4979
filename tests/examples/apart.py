"""The Django clinic in a process of its own: Django is configured once for a whole process, and other tests configure it too."""

from __future__ import annotations

import functools
import multiprocessing
import multiprocessing.connection
import os
import tempfile
from pathlib import Path
from typing import Any

RATES = 1000
"""The limits are this many times as high, so that tests do not trip over each other's logins."""


class Apart:
    """The clinic on Django, asked over a pipe. Each browser has a number."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        self._pipe, self.browsers = here, 0
        self._process = context.Process(target=_serve, args=(there, tempfile.mkdtemp(prefix="clinic-")), daemon=True)
        self._process.start()
        there.close()

    def fill(self, database: bytes) -> Path:
        """Begin again with this database; returns its path, for who wants to look into it."""
        path: Path = self._ask("fill", database)
        return path

    def send(self, browser: int, now: float, path: str, **request: Any) -> tuple[int, str, dict[str, str]]:
        """One request. now: the clinic's clock. Returns status, text, headers."""
        answer: tuple[int, str, dict[str, str]] = self._ask("send", browser, now, path, request)
        return answer

    def _ask(self, *words: Any) -> Any:
        self._pipe.send(words)
        if not self._pipe.poll(60):
            raise TimeoutError("the clinic on Django did not answer")
        return self._pipe.recv()


@functools.cache
def django() -> Apart:
    """One for each process of the tests; it ends with that."""
    return Apart()


def _serve(pipe: multiprocessing.connection.Connection, folder: str) -> None:
    path = Path(folder) / "clinic.sqlite3"
    os.environ["CLINIC_DATABASE"] = str(path)
    from werkzeug.test import Client

    from examples.clinic import desk, django_app
    from examples.clinic.admin import make_tables
    from examples.clinic.store import Store
    from ringwork.clock import FixedClock
    from ringwork.protect import installed

    installed(django_app.app).recompile(patience=RATES)
    browsers: dict[int, Client] = {}
    while True:
        try:
            kind, *words = pipe.recv()
        except EOFError:
            return
        if kind == "fill":
            path.write_bytes(words[0])
            desk.STORE = Store(str(path))
            desk.STORE.when_opened(make_tables)
            browsers.clear()
            pipe.send(path)
            continue
        browser, now, asked, request = words
        desk.STORE.clock = FixedClock(now)
        with browsers.setdefault(browser, Client(django_app.app)).open(asked, **request) as answer:
            pipe.send((answer.status_code, answer.get_data(as_text=True), {name.lower(): value for name, value in answer.headers}))
