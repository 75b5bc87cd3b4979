"""The project's own tests in a copy of it: once as they are, then once for each line that refuses somebody, without that line.

Against tests that would not miss a check: of each line only the tests that go through it are run. The user's tree is never changed; the
copy has an environment of its own, so that no variable of the user's leads a test to a service.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ringwork.survey import copies
from ringwork.survey.flows import Fate, Mutant, Suite
from ringwork.survey.mutants import places, record
from ringwork.survey.syntax import File

_AUTOLOAD = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "VIRTUAL_ENV", "PYTHONPATH", "LD_LIBRARY_PATH", _AUTOLOAD)
_MOST_NAMED = 200
"""Tests that are named one by one; where more go through a line, all are run."""
_LEAST_SECONDS, _TIMES = 20.0, 4.0
_SLACK = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be tried. files: relative to root. words: for pytest. seconds: for all of it. progress: told what is tried, done, of.

    only: patterns that the files were chosen by, where a person asked for some alone.
    """

    root: Path
    files: tuple[str, ...]
    words: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 600.0
    progress: Callable[[str, int, int], None] = lambda _said, _done, _of: None


@dataclass(frozen=True, slots=True)
class _Ran:
    """One session of pytest. traced: what the plugin wrote, None where it wrote nothing. why: of that."""

    traced: Mapping[str, Any] | None
    code: int
    seconds: float
    why: str = ""


def run(asked: Asked) -> Suite:
    """Run them, and keep a record after each line, so that a run that is cut short goes on where it ended.

    Raises TargetFailed where the project is too large to be copied.
    """
    code, until = record.digest(asked.root), time.monotonic() + asked.seconds
    with tempfile.TemporaryDirectory(prefix="ringwork-mutants-") as folder:
        copy = _Copy(asked, Path(folder).resolve(), until)
        first = copy.pytest(asked.words, lines=asked.files)
        suite = _first(first, asked)
        if suite.why or suite.failed:
            record.write(asked.root, suite, code=code)
            return suite
        kept = _kept(asked.root)
        found = [(name, place) for name in asked.files for place in places.of(File(_bytes(asked.root / name)))]
        suite = replace(suite, places=len(found))
        try:
            for number, (name, place) in enumerate(found):
                asked.progress(f"{name}:{place.line} without {place.said}", number, len(found))
                known = kept.get((name, place.line, place.said))
                if known is None and time.monotonic() > until - _SLACK:
                    suite = replace(suite, cut=f"the time of {asked.seconds:g} s was over; another run goes on from here")
                    break
                tried = known or copy.without(name, place, first)
                suite = replace(suite, mutants=(*suite.mutants, tried))
                record.write(asked.root, suite, code=code)
        except KeyboardInterrupt:
            suite = replace(suite, cut="it was interrupted; another run goes on from here")
        record.write(asked.root, suite, code=code)
    return suite


def _first(ran: _Ran, asked: Asked) -> Suite:
    """What the tests come to as they are."""
    if ran.traced is None:
        return Suite(why=ran.why)
    ends = ran.traced["ends"]
    passed = sum(end == "passed" for end in ends.values())
    if not passed and "failed" not in ends.values():
        return Suite(why=f"pytest ran no test (it ended with {ran.code}): name folders, files or tests that it finds in this folder")
    if ran.code != 0 and "failed" not in ends.values():  # a file that could not be imported has no test that fails
        return Suite(why=f"pytest ended with {ran.code} although no test failed: run it, and see what it could not read")
    return Suite(
        day=datetime.datetime.now(datetime.UTC).date().isoformat(),
        passed=passed,
        skipped=sum(end == "skipped" for end in ends.values()),
        failed=tuple(sorted(name for name, end in ends.items() if end == "failed")),
        unreasoned=tuple(sorted(ran.traced["unreasoned"])),
        some=" ".join((*asked.words, *(f"--only {pattern}" for pattern in asked.only))),
    )


def _kept(root: Path) -> dict[tuple[str, int, str], Mutant]:
    """What an earlier run on this very code came to."""
    suite = record.read(root)
    return {(one.file, one.line, one.said): one for one in suite.mutants if one.fate is not Fate.UNKNOWN}


def _bytes(path: Path) -> bytes:
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


class _Copy:
    """A copy of the project, in which files are changed and tests are run."""

    def __init__(self, asked: Asked, folder: Path, until: float) -> None:
        self._asked, self._folder, self._until = asked, folder, until
        self.tree = folder / asked.root.name
        copies.copy_tree(asked.root, self.tree)
        loads = not {**os.environ, **asked.extra}.get(_AUTOLOAD)
        self._has = {name: loads and importlib.util.find_spec(name) is not None for name in ("xdist", "pytest_cov")}

    def without(self, name: str, place: places.Place, first: _Ran) -> Mutant:
        """Take one thing out, run the tests that go through it, and put it back."""
        lines = first.traced["lines"].get(str(self.tree / name), {}) if first.traced is not None else {}
        begin, end = place.reached
        tests = sorted({test for line, names in lines.items() if begin <= int(line) <= end for test in names})
        one = Mutant(file=name, line=place.line, said=place.said, fate=Fate.UNREACHED, tests=len(tests))
        if not tests:
            return one
        path = self.tree / name
        data = path.read_bytes()
        path.write_bytes(places.mutated(data, place))
        try:
            words = tests if len(tests) <= _MOST_NAMED else self._asked.words
            ran = self.pytest([*words, "-x"], limit=max(_LEAST_SECONDS, _TIMES * first.seconds))
        finally:
            path.write_bytes(data)
        return replace(one, fate=_fate(ran), why=ran.why)

    def pytest(self, words: Sequence[str], *, lines: Sequence[str] = (), limit: float | None = None) -> _Ran:
        """One session. lines: files of which is noted which test goes through which line."""
        out = self._folder / "traced.json"
        out.unlink(missing_ok=True)
        quiet = ["-q", "-p", "no:cacheprovider", "-p", "ringwork.survey.mutants.tracing"]
        # Tests are run in one process, and by one that measures: both would hide which test goes through which line.
        quiet += ["-n0"] * self._has["xdist"] + ["--no-cov"] * self._has["pytest_cov"]
        began = time.monotonic()
        left = max(self._until - began, 1.0)
        code, why = self._ended([sys.executable, "-m", "pytest", *quiet, *words], out, lines, min(left, limit or left))
        traced = json.loads(out.read_text(encoding="utf-8")) if out.is_file() and not why else None
        return _Ran(
            traced, code, time.monotonic() - began, why or ("" if traced is not None else f"pytest ended with {code} and told nothing")
        )

    def _ended(self, words: Sequence[str], out: Path, lines: Sequence[str], seconds: float) -> tuple[int, str]:
        given = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment = {
            **given,
            "HOME": str(self._folder),
            "TMPDIR": str(self._folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "RINGWORK_TRACED": str(out),
            "RINGWORK_LINES": json.dumps([str(self.tree / name) for name in lines]),
            **self._asked.extra,
        }
        process = subprocess.Popen(
            words, cwd=self.tree, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait(seconds), ""
        except subprocess.TimeoutExpired:
            return -1, f"the tests were not done within {seconds:.0f} s"
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _fate(ran: _Ran) -> Fate:
    if ran.traced is None:
        return Fate.UNKNOWN
    ends = ran.traced["ends"].values()
    if "failed" in ends:
        return Fate.MISSED
    return Fate.SURVIVED if ran.code == 0 and "passed" in ends else Fate.UNKNOWN
