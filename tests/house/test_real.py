"""With RINGWORK_REQUIRE_REAL=1 nothing real can be skipped in silence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import graph

MARKED = """
import pytest

@pytest.mark.real
def test_asks_a_browser():
    pytest.skip("no browser here")

def test_asks_nobody():
    pytest.skip("not today")
"""
WHOLE = 'import pytest\npytest.importorskip("no_such_module_anywhere")\n'


def _run(folder: Path, required: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        "markers=real: a real part",
        "--continue-on-collection-errors",
        ".",
    ]
    environment = {**os.environ, "RINGWORK_REQUIRE_REAL": required, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(graph.TOP / "tests" / "conftest.py", tmp_path)
    return tmp_path


def test_fails_where_a_real_part_was_skipped(folder: Path) -> None:
    """A browser that is missing in CI is a failure; an ordinary skip stays one."""
    (folder / "test_marked.py").write_text(MARKED, encoding="utf-8")
    done = _run(folder, "1")
    assert "1 failed, 1 skipped" in done.stdout, done.stdout
    assert "no browser here" in done.stdout


def test_fails_where_a_whole_file_was_skipped(folder: Path) -> None:
    """A file that skips itself at import hides what it held."""
    (folder / "test_whole.py").write_text(WHOLE, encoding="utf-8")
    assert _run(folder, "1").returncode != 0


def test_lets_a_developer_skip_what_is_not_installed(folder: Path) -> None:
    """Without the variable a missing browser stops nobody."""
    (folder / "test_marked.py").write_text(MARKED, encoding="utf-8")
    assert _run(folder, "0").returncode == 0
