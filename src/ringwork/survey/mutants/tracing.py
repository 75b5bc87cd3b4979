"""Loaded by pytest in the copy (`-p ringwork.survey.mutants.tracing`): which test went through which line, and how each ended.

RINGWORK_TRACED names the file that is written at the end; RINGWORK_LINES, a JSON list of paths, the files of which lines are noted. Without
the second only the ends of tests are. Imports neither pytest nor what is tested.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_NO_REASON = {"", "unconditional skip", "Skipped"}


class _Traced:
    """What one session came to. lines: file to line to the tests that went through it."""

    def __init__(self) -> None:
        self.out = os.environ.get("RINGWORK_TRACED", "")
        self.files: list[str] = json.loads(os.environ.get("RINGWORK_LINES", "[]"))
        self.ends: dict[str, str] = {}
        self.unreasoned: list[str] = []
        self.coverage: Any = None

    def begin(self) -> None:
        """Watch the files, where any are named."""
        if self.files and self.out:
            import coverage

            self.coverage = coverage.Coverage(data_file=None, config_file=False, include=self.files)
            self.coverage.start()

    def end(self) -> None:
        """Write what was seen."""
        if not self.out:
            return
        lines: dict[str, dict[int, list[str]]] = {}
        if self.coverage is not None:
            self.coverage.stop()
            data = self.coverage.get_data()
            for file in data.measured_files():
                lines[file] = {line: sorted(set(tests) - {""}) for line, tests in data.contexts_by_lineno(file).items()}
        told = {"ends": self.ends, "unreasoned": self.unreasoned, "lines": lines}
        Path(self.out).write_text(json.dumps(told), encoding="utf-8")


_TRACED = _Traced()


def pytest_configure(config: object) -> None:
    """Begin before modules of the project are imported."""
    _TRACED.begin()


def pytest_runtest_logstart(nodeid: str, location: object) -> None:
    """From here on lines belong to this test."""
    if _TRACED.coverage is not None:
        _TRACED.coverage.switch_context(nodeid)


def pytest_runtest_logfinish(nodeid: str, location: object) -> None:
    """What runs between two tests belongs to none."""
    if _TRACED.coverage is not None:
        _TRACED.coverage.switch_context("")


def pytest_runtest_logreport(report: Any) -> None:
    """How a test ended: its gravest step; a skip that gives no reason is noted."""
    if report.failed:
        _TRACED.ends[report.nodeid] = "failed"
    elif report.skipped and report.nodeid not in _TRACED.ends:
        _TRACED.ends[report.nodeid] = "skipped"
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(getattr(report, "wasxfail", ""))
        if not hasattr(report, "wasxfail") and str(why).removeprefix("Skipped: ").strip() in _NO_REASON:
            _TRACED.unreasoned.append(report.nodeid)
    elif report.when == "call":
        _TRACED.ends.setdefault(report.nodeid, "passed")


def pytest_unconfigure(config: object) -> None:
    """The end of the session."""
    _TRACED.end()
