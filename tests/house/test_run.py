"""The contributor's door: what it offers is what it does."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.house import graph

RUN = graph.TOP / "run"


def _ask(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([RUN, *arguments], capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.parametrize("door", ["run", ".ci/run"])
def test_the_doors_can_be_opened(door: str) -> None:
    """Both scripts are executable and stop at the first fault."""
    path = graph.TOP / door
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text(encoding="utf-8")


def test_the_usage_lists_every_command() -> None:
    """A command that is not told is not there, and one that is told works."""
    told = set(re.findall(r"^  ([a-z-]+) ", _ask().stdout, re.MULTILINE))
    done = set(re.findall(r"^    ([a-z-]+)\)", RUN.read_text(encoding="utf-8").split("main() {")[1], re.MULTILINE))
    assert told == done


def test_a_mistyped_command_is_a_usage_error() -> None:
    """Exit 2, with the usage where errors go."""
    done = _ask("tests")
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_ci_asks_for_every_real_part() -> None:
    """CI installs what the system needs, checks, and runs everything with nothing real skipped."""
    steps = [line for line in (graph.TOP / ".ci" / "run").read_text(encoding="utf-8").splitlines() if "./run" in line]
    assert steps == ["./run setup-system", "./run check", "RINGWORK_REQUIRE_REAL=1 ./run test --all"]
