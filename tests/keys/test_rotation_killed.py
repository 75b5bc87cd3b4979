"""Four processes write while a rotation is killed again and again: nothing that was acknowledged is lost."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
import sqlalchemy as sa

from ringwork.crypto.sealing import read_header
from ringwork.keys.lifecycle import Lifecycle
from ringwork.keys.rows import Owner, State
from ringwork.stores.sqlalchemy_keys import METADATA
from tests.keys import rotating, sealed_tables
from tests.keys.sealed_tables import NOTES
from tests.stores import postgresql_server

TOP = Path(__file__).parents[2]
ROWS = 60


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/app.db"
        return
    if postgresql_server.programs() is None:
        pytest.skip("PostgreSQL is not installed; ./run setup-system")
    with postgresql_server.running() as server:
        yield server.url


def started(*words: str, told: IO[str] | int = subprocess.PIPE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.keys.rotating", *words], cwd=TOP, stdin=subprocess.PIPE, stdout=told, text=True,
        env={**os.environ, "PYTHONPATH": str(TOP)},
    )  # fmt: skip


def killed_at(url: str, step: str, done: int) -> None:
    """Start a rotation, and kill it once it tells this step with so much done."""
    rotation = started("rotate", url)
    assert rotation.stdout is not None
    for line in rotation.stdout:
        told = json.loads(line)
        if isinstance(told, list) and told[0] == step and told[1] >= done:
            rotation.send_signal(signal.SIGKILL)
            break
    rotation.communicate(timeout=30)
    assert rotation.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_loses_no_acknowledged_write_and_ends_after_kills(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before the new key is active and twice while re-sealing, it ends with nothing under the old key and every write there."""
    monkeypatch.setenv("ROTATING_ROOT", secrets.token_hex(32))
    engine = rotating.engine(url)
    METADATA.create_all(engine)
    ring = rotating.keyring(engine)
    old = Lifecycle(ring, events=lambda event: None).publish(Owner())
    sealed_tables.fill(engine, ring, rows=ROWS)
    # What they acknowledge goes to files: a full pipe would hold a writer up.
    files = [tmp_path / f"writer{i}" for i in range(rotating.WRITERS)]
    writers = []
    for i, file in enumerate(files):
        with file.open("w") as told_to:
            writers.append(started("write", url, str(i), str(ROWS), told=told_to))
    try:
        killed_at(url, "key-activated", 0)
        killed_at(url, "re-sealing", 14)
        killed_at(url, "re-sealing", 28)
        last = started("rotate", url)
        told, _ = last.communicate(timeout=120)
        came = json.loads(told.splitlines()[-1])
    finally:
        for writer in writers:
            writer.communicate(timeout=60)
    acknowledged = [line for file in files for line in file.read_text().splitlines()]
    assert all(writer.returncode == 0 for writer in writers)
    assert (last.returncode, came["retired"], came["left"], came["broken"]) == (0, [old.kid], [], 0)
    wanted = {f"note {number}": text for number, text in map(json.loads, acknowledged)}
    assert len(wanted) > ROWS // 2
    found = sealed_tables.opened(engine, ring)
    assert {where: found[where] for where in wanted} == wanted
    assert {found[f"visit {i}"] for i in range(1, ROWS + 1)} == {f"visit {i}" for i in range(1, ROWS + 1)}
    with engine.connect() as connection:
        kids = {read_header(raw).kid for raw in connection.execute(sa.select(NOTES.c.text)).scalars()}
    assert kids == {came["seals"]}
    assert [row.kid for row in ring.table.rows(states=[State.PENDING, State.DECRYPT_ONLY])] == []
    engine.dispose()
