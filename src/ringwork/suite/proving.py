"""One run of the prover for all who wait for it: in a process of its own, once, however many workers ask.

Against a proof that runs in every worker: whoever needs the report first takes the lock and runs; the others wait and read.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess  # starts the prover and the listing of this package, by literal argument lists
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ringwork.errors import ReportUnreadable, TargetFailed
from ringwork.prove.evidence import Report
from ringwork.report import plain
from ringwork.suite.asked import Asked

_PROVER = "import sys; from ringwork.cli.main import main; sys.exit(main())"
_TAIL_LINES = 12
_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of the run. report: None when there is none, then `said` tells why."""

    code: int
    said: str
    report: Report | None


def list_claims(asked: Asked) -> dict[str, Any]:
    """The plan of a target as JSON values, or why there is none (step, problem, advice, usage)."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ringwork.suite.listing"],
        cwd=asked.here,
        input=json.dumps(asdict(asked)),
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        lines = done.stderr.strip().splitlines() or ["nothing was said"]
        advice = "`pip install 'ringwork[prove]'` brings what the prover needs" if "ModuleNotFoundError" in lines[-1] else "report it"
        return {"step": "list", "problem": lines[-1], "advice": advice, "usage": True}
    return found


def prove(asked: Asked, checks: Sequence[str], folder: Path) -> Ran:
    """The one run of this session. folder: shared by all who ask. checks: those whose tests are wanted, none for all."""
    with _alone(folder):
        done = folder / "done.json"
        if not done.is_file():
            code, said, report = _run(asked, checks, folder)
            done.write_text(json.dumps({"code": code, "said": said, "report": report}), encoding="ascii")
    told = json.loads(done.read_text(encoding="ascii"))
    return Ran(code=told["code"], said=told["said"], report=read(told["report"]) if told["report"] else None)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the session's lock; the kernel lets it go when its holder dies."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(asked: Asked, checks: Sequence[str], folder: Path) -> tuple[int, str, str]:
    """Exit code, what was said, and the report's path; "" when this run wrote none."""
    path = Path(asked.here, output_folder(asked.options), "report.json")
    before = _stamp(path)
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(  # noqa: S603  # the words are those of the tests' own command line, and no shell reads them
            [sys.executable, "-P", "-c", _PROVER, *asked.words(checks), "--quiet", "--no-color"],
            cwd=asked.here,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=_environment(),
        )
        code = _ended(process)
    text = (folder / "said.txt").read_text(encoding="utf-8", errors="replace")
    # Against the report of an earlier run that is read as if it were this one's.
    return code, text, str(path) if _stamp(path) != before else ""


def _ended(process: subprocess.Popen[bytes]) -> int:
    """The exit code; an interrupt is the prover's too, and it gets the time to end its copies and to write what it has."""
    try:
        return process.wait()
    except BaseException:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise


def _environment() -> dict[str, str]:
    """That of the tests, without what pytest puts in: a target must not see that it is tested."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


def output_folder(options: Sequence[str]) -> str:
    """Where `ringwork prove` writes its report."""
    found = ".ringwork"
    for i, word in enumerate(options):
        if word.startswith("--output-dir="):
            found = word.partition("=")[2]
        elif word == "--output-dir" and i + 1 < len(options):
            found = options[i + 1]
    return found


def _stamp(path: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        told = path.stat()
        return told.st_mtime_ns, told.st_ino
    return None


def read(path: str) -> Report:
    """The report at a path. Raises TargetFailed when it cannot be read."""
    try:
        return plain.from_json(Path(path).read_text(encoding="utf-8"))
    except (OSError, ReportUnreadable) as error:
        raise TargetFailed(step="report", problem=f"{path} cannot be read: {error}", advice="run the tests again") from error


def tail(said: str) -> str:
    """The last lines of what the prover said."""
    return "\n".join(said.strip().splitlines()[-_TAIL_LINES:]) or "nothing was said"
