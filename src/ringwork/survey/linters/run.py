"""All other tools at once, each a process of its own with a time that it may take.

Against a tool that hangs, or that is judged by how its process ended: each has its time, and its result file alone tells what it saw.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ringwork.survey.linters import bandit, deptry, grimp, keeping, mypy, ruff, semgrep
from ringwork.survey.linters.tool import Asked, Declined, Result, State, Tool, environment

TOOLS: tuple[Tool, ...] = (bandit.TOOL, ruff.TOOL, mypy.TOOL, deptry.TOOL, grimp.TOOL, semgrep.TOOL)

_TOLD = 300
_DONE = (0, 1)
"""How a tool ends that went through all of it. What another one wrote counts, and is not kept: the next time it may get further."""


def run(asked: Asked, *, tools: Sequence[Tool] = TOOLS, limit_seconds: float = 120.0) -> tuple[Result, ...]:
    """What each tool saw, in the order of `tools`; never raises for what a tool does."""
    with tempfile.TemporaryDirectory(prefix="ringwork-tools-") as folder, ThreadPoolExecutor(max(len(tools), 1)) as pool:
        return tuple(pool.map(lambda one: _one(one, asked, Path(folder), limit_seconds), tools))


def _one(tool: Tool, asked: Asked, folder: Path, limit_seconds: float) -> Result:
    version = _version(tool.name)
    if not asked.files:
        return Result(tool=tool.name, version=version, state=State.UNASKED, why="there is no Python file to read")
    result = folder / f"{tool.name}.json"
    kept = keeping.of(asked, tool, version) if not isinstance(tool.start(asked, result), Declined) else None
    left = asked if kept is None else kept.left
    words = tool.start(left, result)
    if isinstance(words, Declined):
        state = State.ABSENT if words.why.endswith("is not installed") else State.UNASKED
        return Result(tool=tool.name, version=version, state=state, why=words.why, unlock=words.unlock)
    try:
        code, errors = _ended(words, asked.root, result if tool.prints else None, limit_seconds) if left.files else (0, "")
    except subprocess.TimeoutExpired:
        why = f"{tool.name} was not done within {limit_seconds:g} seconds"
        return Result(tool=tool.name, version=version, state=State.LATE, why=why)
    except OSError as error:
        return Result(tool=tool.name, version=version, state=State.FAILED, why=f"{tool.name} could not be started ({error.strerror})")
    try:
        if kept is not None:
            kept.complete(result)
        saw = tool.read(result, asked)
        if kept is not None and code in _DONE:
            kept.keep(result)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OSError) as error:
        # A result in another form than the one we know is no result, whatever it holds.
        said = f"{error}; {errors}" if errors else f"{error}"
        return Result(tool=tool.name, version=version, state=State.FAILED, why=f"{tool.name}: {said[:_TOLD]}")
    return Result(tool=tool.name, version=version, state=State.RAN, flows=saw.flows, unread=saw.unread, hidden=saw.hidden)


def _ended(words: Sequence[str], root: Path, prints_to: Path | None, limit_seconds: float) -> tuple[int, str]:
    """Wait for a process; how it ended, and what it complained of, in one line.

    Raises TimeoutExpired once it and all that it started are ended.
    """
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(prints_to.open("wb")) if prints_to else subprocess.DEVNULL
        complaints = stack.enter_context(tempfile.TemporaryFile())
        process = subprocess.Popen(
            words, cwd=root, env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=complaints, start_new_session=True
        )
        try:
            process.wait(limit_seconds)
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        complaints.seek(0)
        return process.returncode, " ".join(complaints.read(20_000).decode(errors="replace").split())


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
