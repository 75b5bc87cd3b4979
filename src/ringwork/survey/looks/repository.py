"""What git knows of a project: which files it keeps, which it ignores, and what its commits once added.

Nothing of the repository's own configuration is started, and where git cannot be asked, nothing is claimed.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from ringwork.survey import git

_SECONDS = 20.0


class Broken(Exception):
    """Git could not say all; why."""


def asked(root: Path, *given: str, text: str = "") -> str | None:
    """What git says, None where it cannot be asked or says no."""
    try:
        done = subprocess.run(
            git.command(root, *given), input=text.encode(), capture_output=True, check=False, timeout=_SECONDS, env=git.environment(root)
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def tracked(root: Path) -> frozenset[str] | None:
    """The files below `root` that git keeps, relative to it; None outside of any repository."""
    said = asked(root, "ls-files", "-z")
    return None if said is None else frozenset(name for name in said.split("\0") if name)


def ignored(root: Path, names: tuple[str, ...]) -> frozenset[str]:
    """Which of these names, relative to `root`, git would not add, whether they exist or not."""
    said = asked(root, "check-ignore", "--no-index", "-z", "--stdin", text="\0".join(names))
    return frozenset(name for name in (said or "").split("\0") if name)


def lines(root: Path, *given: str, seconds: float, longest: int) -> Iterator[tuple[str, bool]]:
    """What git says, line by line, as long as somebody asks for more and the time lasts; nothing where it cannot be asked.

    longest: bytes of a line that come at once, so that no file of one line fills the memory; the rest of it follows in pieces, each with
    True. Raises Broken where git ended by itself before it had said all.
    """
    try:
        process = subprocess.Popen(git.command(root, *given), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=git.environment(root))
    except OSError:
        return
    clock = threading.Timer(seconds, process.kill)  # also where git says nothing for long
    clock.daemon = True
    clock.start()
    try:
        stream, is_rest = process.stdout, False
        while stream is not None and (line := stream.readline(longest)):
            yield line.decode("utf-8", "replace").rstrip("\n"), is_rest
            is_rest = not line.endswith(b"\n")
        if process.wait() != 0:
            raise Broken(f"git ended with {process.returncode} before the last commit, as where objects are missing or damaged")
    finally:
        clock.cancel()
        process.kill()
        process.communicate()
