"""The same on PostgreSQL: what the driver gives and takes differs, what a sealed field promises does not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores import postgresql_server

pytestmark = pytest.mark.real

TOP = Path(__file__).parents[3]
AGAIN = ("test_fields", "test_refusing", "test_fixtures", "test_rotating", "test_migrating")


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql_server.Server]:
    # Only where `./run setup-system` was not called; under RINGWORK_REQUIRE_REAL=1, as in CI, a skipped real part is a failure.
    if postgresql_server.programs() is None:
        pytest.skip("PostgreSQL is not installed; ./run setup-system")
    with postgresql_server.running() as started:
        yield started


def test_holds_on_postgresql_and_leaves_nothing_in_its_log(server: postgresql_server.Server) -> None:
    """Every test of fields, queries, fixtures, rotation and migrations again; the log of all statements holds no value in clear."""
    files = [f"tests/sealed/django/{name}.py" for name in AGAIN]
    environment = {"PATH": "/usr/bin:/bin", "SEALED_POSTGRESQL": str(server.port), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", *files],
        cwd=TOP,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    log = server.log.read_text(encoding="utf-8", errors="replace")
    assert "INSERT INTO" in log
    assert "canary-7f3a" not in log
