"""What a person sees while a run goes on: one bar with what is running now, and each finding once it is known."""

from __future__ import annotations

import threading
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from ringwork.prove.evidence import Finding
from ringwork.prove.progress import Progress
from ringwork.report.visible import one_line

_SHOWN = 3  # findings that are printed before the summary
_TEXT = 58


class Narration(Progress):
    """A bar on a terminal; in a pipe only the announcement and the first findings, one line each."""

    def __init__(self, out: Console, *, quiet: bool, verbose: bool) -> None:
        self._out, self._quiet, self._verbose = out, quiet, verbose
        columns = (BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        # No spinner where nobody watches: a pipe gets whole lines only.
        self._bar = Bar(*columns, console=out, transient=True, disable=quiet or not out.is_terminal)
        self._task = self._bar.add_task("starting", total=None)
        self._found: set[str] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Narration:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def announce(self, sentences: list[str]) -> None:
        """Say what will be touched."""
        if not self._quiet:
            for sentence in sentences:
                self._out.print(f"· {sentence}", soft_wrap=not self._out.is_terminal)

    def step(self, text: str, *, done: int, total: int) -> None:
        """Name what is running now."""
        self._bar.update(
            self._task, description=text if len(text) <= _TEXT else f"{text[: _TEXT - 1]}…", completed=min(done, total), total=total
        )
        if self._verbose and not self._out.is_terminal:
            self._out.print(text, soft_wrap=True)

    def found(self, finding: Finding) -> None:
        """Print the first findings as soon as they are known."""
        with self._lock:
            if self._quiet or finding.id in self._found or len(self._found) >= _SHOWN:
                return
            self._found.add(finding.id)
        self._out.print(
            f"! {finding.severity}: {finding.check} at {one_line(finding.where)}", style="bold", soft_wrap=not self._out.is_terminal
        )
