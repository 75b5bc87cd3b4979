"""Applications that never heard of ringwork: the proof names the holes that were planted in them, and harms nothing.

They are written as strangers write them; `HOLES.toml` beside each says what must be found.
"""

from __future__ import annotations

import functools
import hashlib
import re
import shutil
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ringwork.prove import run
from ringwork.prove.evidence import Report, Verdict
from ringwork.prove.progress import Progress
from ringwork.prove.settings import Settings
from ringwork.prove.target import resolve

pytestmark = pytest.mark.slow  # whole proofs of whole applications; ./run test keeps to two minutes
HERE = Path(__file__).resolve().parent
FASTAPI, FLASK, DJANGO, FACTORY, STARTS = (
    "plain_fastapi.main:app",
    "plain_flask.app:app",
    "plain_django/manage.py",
    "plain_flask.app:create_app",
    "plain_flask.runs_at_import:app",
)
AIOHTTP, AIOHTTP_STARTS = "plain_aiohttp.main:init_app", "plain_aiohttp.runs_at_import"
TARGETS = tuple(pytest.param(text, marks=pytest.mark.xdist_group(text)) for text in (FASTAPI, FLASK, DJANGO, AIOHTTP))
"""One worker proves one application, once, for all the claims about it."""
SECONDS = 300.0  # far from what it takes; a machine that is shared must not cut the last checks off


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """One run. before, after: digests of the user's own folder."""

    report: Report
    before: dict[str, str]
    after: dict[str, str]


@functools.cache
def _proved(text: str, select: tuple[str, ...] = ()) -> Proved:
    """Prove a target where a stranger would keep it: in a folder of its own, outside this repository."""
    with tempfile.TemporaryDirectory(prefix="stranger-") as name:
        folder = Path(name).resolve()
        package = _package(text)
        shutil.copytree(HERE / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.db", "*.sqlite3"))
        before = _digests(folder)
        target = resolve(text, here=folder, factory=text in {FACTORY, AIOHTTP})
        report = run.prove(target, Settings(max_time=SECONDS, select=select), Progress())
        return Proved(report=report, before=before, after=_digests(folder))


def _package(text: str) -> str:
    """The folder of a target: "plain_flask.app:app", "plain_django/manage.py"."""
    return re.split(r"[./]", text)[0]


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _holes(text: str) -> list[dict[str, Any]]:
    table = tomllib.loads((HERE / _package(text) / "HOLES.toml").read_text(encoding="utf-8"))
    return list(table["hole"])


def _names(report: Report, hole: dict[str, Any]) -> bool:
    """Whether a finding of the hole's control stands at one of its routes; at any place when it has none."""
    found = [f for f in report.findings if f.control == hole["control"] and f.verdict is Verdict.VIOLATED]
    return any(not hole["routes"] or f.where in hole["routes"] for f in found)


@pytest.mark.parametrize("text", TARGETS)
def test_names_every_planted_hole(text: str) -> None:
    """Each hole of HOLES.toml is a finding of its control, at its route."""
    report = _proved(text).report
    missed = [f"{hole['control']} at {hole['routes']}: {hole['planted']}" for hole in _holes(text) if not _names(report, hole)]
    seen = "\n".join(f"  {f.control} {f.where}: {f.summary}" for f in report.findings)
    assert not missed, "\n".join(["not named:", *missed, "named:", seen])


@pytest.mark.parametrize("text", TARGETS)
def test_ends_with_findings_and_not_with_a_fault_of_its_own(text: str) -> None:
    """Exit 1: the holes are the application's, and nothing of the prover broke on code that it never saw."""
    report = _proved(text).report
    assert (report.exit_code, report.partial) == (run.FINDINGS, False), report.exit_reason


@pytest.mark.parametrize("text", TARGETS)
def test_signs_in_by_the_way_that_it_found(text: str) -> None:
    """Nobody declared a user: the register and login routes were found, so answers behind the login were seen."""
    report = _proved(text).report
    assert report.users, report.unlocks


@pytest.mark.parametrize("text", TARGETS)
def test_points_at_the_line_of_the_handler(text: str) -> None:
    """A finding at a route says where its handler stands in the user's own files."""
    routes = {route for hole in _holes(text) for route in hole["routes"]}
    placed = [f for f in _proved(text).report.findings if f.where in routes]
    assert placed
    assert all(f.file.endswith(".py") and f.line > 0 for f in placed), [(f.where, f.file, f.line) for f in placed]


@pytest.mark.parametrize("text", TARGETS)
def test_leaves_the_folder_of_the_user_as_it_was(text: str) -> None:
    """The database that the application makes beside itself is made in the copy."""
    proved = _proved(text)
    assert proved.after == proved.before


@pytest.mark.parametrize("text", TARGETS)
def test_calls_nothing_proven_that_no_guard_was_taken_out_for(text: str) -> None:
    """Without ringwork's guards a live defence can be held at most, never proven."""
    report = _proved(text).report
    assert report.guarded == "no ringwork guard"
    proven = [r.check for r in report.results if r.verdict is Verdict.PROVEN and not r.sensitivity]
    assert not proven


@pytest.mark.parametrize("text", [FACTORY, STARTS, AIOHTTP_STARTS])
def test_enters_by_factories_and_past_a_server_that_starts_at_import(text: str) -> None:
    """A factory is called, and `app.run()` at import starts no server; the routes behind both are found."""
    report = _proved(text, ("browser.security-headers",)).report
    assert report.coverage.found >= 9
    assert any(f.control == "browser.security-headers" for f in report.findings)


def test_says_that_a_server_start_was_passed_over() -> None:
    """What was neutralised is told among what was touched."""
    assert any("passed over" in line for line in _proved(STARTS, ("browser.security-headers",)).report.touched)


@pytest.mark.parametrize("package", ["plain_fastapi", "plain_flask", "plain_django", "plain_aiohttp"])
def test_the_strangers_never_heard_of_ringwork(package: str) -> None:
    """No file of theirs names it, or these tests would show nothing."""
    named = [p.name for p in (HERE / package).rglob("*") if p.is_file() and p.suffix != ".pyc" and b"ringwork" in p.read_bytes()]
    assert not named
