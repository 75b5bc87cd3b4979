"""The source of a run, read once by a process of its own while the copy boots and is attacked.

Against a reader that takes the run with it: what the project's files make it do ends with its process, it may take only so long, and what
comes back from it is plain data.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess  # starts prove/reader.py, by a literal argument list
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ringwork.errors import TargetFailed
from ringwork.prove.process import environment
from ringwork.survey.facts import from_plain
from ringwork.survey.flows import Rotated, SourceFacts

SECONDS = 180.0
"""The longest that reading may take; a project of a million lines takes less."""


class Sources(Protocol):
    """What was read for a run."""

    def project(self) -> SourceFacts:
        """Of the project. Raises TargetFailed where it was not read to its end."""

    def breached(self) -> SourceFacts:
        """Of source as nobody should write it, in the run's framework. Raises TargetFailed as well."""


class NotRead:
    """The sources of a stage that was given none."""

    def project(self) -> SourceFacts:
        """Raises TargetFailed."""
        raise TargetFailed(step="read", problem="the source was not read in this run", advice="run `ringwork prove` on the project")

    breached = project


class Reader:
    """The process that reads, begun at once and waited for when its facts are wanted."""

    def __init__(
        self,
        root: Path,
        files: Sequence[str],
        *,
        framework: str,
        sensitive: Sequence[str] = (),
        floor: float = 0.9,
        history: bool = False,
        rotated: Sequence[Rotated] = (),
        breached: bool = True,
        seconds: float = SECONDS,
    ) -> None:
        """files: the application's modules, relative to the root; () for every file.

        sensitive: patterns of those that are marked so. floor: the share of each that tests have to reach. history: read earlier
        commits as well. rotated: what the project says of the secrets in them. breached: read the breached source too, which a run
        needs that shows its checks able to fail.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="ringwork-read-")
        self._until = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._found: dict[str, SourceFacts] | None = None
        here = Path(self._folder.name)
        asked = {
            "root": str(root),
            "files": list(files),
            "framework": framework,
            "sensitive": list(sensitive),
            "floor": floor,
            "history": history,
            "rotated": [dataclasses.asdict(one) for one in rotated],
            "breached": breached,
        }
        (here / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
        with (here / "said.txt").open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "ringwork.prove.reader", str(here / "asked.json"), str(here / "found.json")],
                cwd=here,
                env=environment(here, here, {}),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    @property
    def is_done(self) -> bool:
        """Whether nobody who asks has to wait."""
        return self._found is not None or self._process.poll() is not None

    def project(self) -> SourceFacts:
        """What reading the project found; waits for it."""
        return self._facts()["project"]

    def breached(self) -> SourceFacts:
        """What reading the breached source found; waits for it."""
        found = self._facts().get("breached")
        if found is None:
            raise TargetFailed(step="read", problem="the breached source was not read in this run", advice="leave --quick out")
        return found

    def _facts(self) -> dict[str, SourceFacts]:
        with self._lock:
            if self._found is None:
                self._found = self._awaited()
            return self._found

    def _awaited(self) -> dict[str, SourceFacts]:
        here = Path(self._folder.name)
        try:
            code = self._process.wait(timeout=max(0.0, self._until - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            self._kill()
            advice = "leave generated code out of the project's folder"
            raise TargetFailed(step="read", problem="reading the source took too long and was ended", advice=advice) from error
        if code:
            said = " / ".join((here / "said.txt").read_text(errors="replace").strip().splitlines()[-2:])[-400:]
            advice = "this is a fault of ringwork; report it"
            raise TargetFailed(step="read", problem=f"the source could not be read: {said or f'it ended with {code}'}", advice=advice)
        found = json.loads((here / "found.json").read_text(encoding="utf-8"))
        return {name: from_plain(SourceFacts, facts) for name, facts in found.items()}

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End the process, if it still reads, and remove what was written."""
        if self._process.poll() is None:
            self._kill()
        self._folder.cleanup()
