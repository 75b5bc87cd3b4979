"""A small project that is written to a folder and loaded as the prover loads one, and the page that its copy shows."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path

from ringwork.prove import launch, process, target


@contextmanager
def loaded(root: Path, files: dict[str, str], where: str, *, anybody: bool = False) -> Iterator[tuple[launch.Launcher, process.Loaded]]:
    """The launcher of a project's copy, and what its loading told. files: text by path below `root`. anybody: no user is declared."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    launcher = launch.Launcher(target.resolve(where, here=root), extra={})
    try:
        yield launcher, launcher.load("", anybody=anybody)
    finally:
        launcher.close()


def home(launcher: launch.Launcher) -> tuple[int, str]:
    """Status and body of GET /."""
    running = launcher.run(process.Change())
    connection = HTTPSConnection(*running.address, context=ssl._create_unverified_context(), timeout=10)
    try:
        connection.request("GET", "/", headers={"Host": running.origin.removeprefix("https://")})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
        running.close()
