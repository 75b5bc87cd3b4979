"""The tools that `./run bench source` compares, each started the same way: a folder in, findings, CPU seconds and peak memory out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import source_kinds as kinds
from source_labels import CASE, Finding

HOUSE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run. lost: how many files the tool did not read. lines: that it read, 0 where it does not say."""

    findings: tuple[Finding, ...]
    seconds: float
    mebibytes: float
    lost: int = 0
    lines: int = 0


def measured(command: list[str], *, extra: dict[str, str] | None = None, fine: tuple[int, ...] = (0, 1)) -> tuple[str, float, float]:
    """Standard output, CPU seconds of the process and all that it waited for, and peak MiB of the process itself.

    fine: how it may end; linters end with 1 when they found something. Anything else ends the comparison, which would be worthless.
    """
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(extra or {})}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with subprocess.Popen(command, env=environment, stdout=out, stderr=err, text=True) as child:
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode not in fine:
            raise SystemExit(f"{Path(command[0]).name} ended with {child.returncode}: {err.read()[-2000:]}")
        return out.read(), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _inside(path: str, root: Path) -> str:
    whole = Path(path) if Path(path).is_absolute() else root / path
    return whole.resolve().relative_to(root.resolve()).as_posix()


def python_files(root: Path) -> list[str]:
    """Every Python file below a folder, as a plain walk finds them, without what is installed or made."""
    aside = {".git", "node_modules", "__pycache__", ".venv", "venv"}
    files = (file.relative_to(root) for file in root.rglob("*.py") if file.is_file())
    return sorted(file.as_posix() for file in files if not aside & set(file.parts))


def flow_finding(flow: dict[str, Any]) -> Finding:
    """A flow of ours. Of a flow that ends in shared code, the benchmark's case is the last one that it passed."""
    steps = flow["steps"]
    place = next((step for step in reversed(steps) if CASE.search(step[0])), flow["place"])
    numbers = kinds.KINDS.get(str(flow["kind"]), ())
    said = f"{flow['kind']} {flow['sink']}"
    way = tuple(step[1] for step in steps if step[0] == place[0])
    return Finding(file=place[0], line=place[1], way=way, numbers=numbers, strong=flow["strength"] == "strong", said=said)


def ringwork(root: Path, *, source: Path = HOUSE, kept: Path | None = None) -> Ran:
    """This ringwork, or that of another checkout. kept: where its cache lies between runs; none for a cold one."""
    command = [str(source / ".venv/bin/python"), str(Path(__file__).parent / "source_child.py"), str(root)]
    with tempfile.TemporaryDirectory() as fresh:  # what was kept of another run would make this one look fast
        extra = {"PYTHONPATH": str(source / "src"), "XDG_CACHE_HOME": str(kept or fresh)}
        text, seconds, peak = measured(command, extra=extra, fine=(0,))
    found = json.loads(text)
    findings = tuple(flow_finding(flow) for flow in found["flows"])
    # Not only what the engine says that it could not read: what it forgets it does not tell either.
    lost = max(0, len(python_files(root)) - found["files"], len({file for file, line, _ in found["unread"] if not line}))
    return Ran(findings=findings, seconds=seconds, mebibytes=peak, lost=lost, lines=found["lines"])


def _bandit(program: str, root: Path) -> Ran:
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        _, seconds, peak = measured([program, "-q", "-r", str(root), "-f", "json", "-o", report.name])
        found = json.loads(Path(report.name).read_text(encoding="utf-8"))
    findings = tuple(
        Finding(
            file=_inside(row["filename"], root),
            line=row["line_number"],
            numbers=(row.get("issue_cwe", {}).get("id", 0), *kinds.BANDIT.get(row["test_id"], ())),
            strong=row["issue_severity"] != "LOW",
            said=row["test_id"],
        )
        for row in found["results"]
    )
    lost = len({row["filename"] for row in found["errors"]})
    return Ran(findings=findings, seconds=seconds, mebibytes=peak, lost=lost)


def _ruff(program: str, root: Path) -> Ran:
    command = [program, "check", "--isolated", "--no-cache", "--select", "S", "--ignore", "S101", "--output-format", "json", "-e"]
    text, seconds, peak = measured([*command, str(root)])
    rows = json.loads(text)
    findings = tuple(
        Finding(
            file=_inside(row["filename"], root),
            line=row["location"]["row"],
            numbers=kinds.RUFF.get(row["code"], ()),
            said=row["code"],
        )
        for row in rows
        if row["code"] and row["code"].startswith("S")
    )
    lost = len({row["filename"] for row in rows if not row["code"] or row["code"] == "invalid-syntax"})
    return Ran(findings=findings, seconds=seconds, mebibytes=peak, lost=lost)


def _semgrep(program: str, root: Path, rules: Path) -> Ran:
    command = [program, "scan", "--metrics", "off", "--disable-version-check", "--no-git-ignore", "--quiet", "--json", "--config"]
    text, seconds, peak = measured([*command, str(rules), str(root)], extra={"SEMGREP_ENABLE_VERSION_CHECK": "0"})
    found = json.loads(text)
    findings = []
    for row in found["results"]:
        data = row["extra"]["metadata"]
        if data.get("category") == "security":
            names = data.get("cwe", [])
            numbers = re.findall(r"CWE-(\d+)", names if isinstance(names, str) else " ".join(names))
            file, line = _inside(row["path"], root), row["start"]["line"]
            findings.append(Finding(file=file, line=line, numbers=tuple(map(int, numbers)), said=row["check_id"]))
    return Ran(findings=tuple(findings), seconds=seconds, mebibytes=peak)


def again(root: Path, *, source: Path = HOUSE) -> tuple[float, float]:
    """CPU seconds of reading a copy of a project, and of reading it once more when one of its files has changed."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "project"
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".git", "node_modules"), symlinks=True)
        first = ringwork(copy, source=source, kept=Path(place) / "kept").seconds
        largest = max(copy.rglob("*.py"), key=lambda file: (file.stat().st_size, file.as_posix()))
        largest.write_text(largest.read_text(encoding="utf-8") + "\n\nCHANGED = 1\n", encoding="utf-8")
        return first, ringwork(copy, source=source, kept=Path(place) / "kept").seconds


Tool = Callable[[Path], Ran]


def peers(environment: Path, rules: Path | None) -> dict[str, Tool]:
    """The peers that are installed there, by name. semgrep needs rules, which are given by path and belong to others."""
    bins = environment / "bin"
    made: dict[str, Tool] = {
        "ruff": lambda root: _ruff(str(bins / "ruff"), root),
        "bandit": lambda root: _bandit(str(bins / "bandit"), root),
    }
    if rules and (bins / "semgrep").exists():
        made["semgrep"] = lambda root: _semgrep(str(bins / "semgrep"), root, rules)
    return made
