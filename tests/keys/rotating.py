"""Processes of the test that kills a rotation: one that writes, and one that rotates. `python rotating.py write|rotate URL ...`."""

from __future__ import annotations

import json
import os
import sys
import threading

import sqlalchemy as sa

from ringwork.keys.held import Limits
from ringwork.keys.keyring import Keyring
from ringwork.keys.lifecycle import SKEW_SECONDS, Lifecycle
from ringwork.keys.root import LocalRoot
from ringwork.keys.rotation import Rotation, Told
from ringwork.keys.rows import Owner
from ringwork.secret import Secret
from ringwork.stores.sqlalchemy_keys import SqlalchemyKeyTable
from tests.keys import sealed_tables
from tests.keys.sealed_tables import NOTES

WRITERS = 4
LIMITS = Limits(cache_seconds=0.4, root_seconds=60)


def engine(url: str) -> sa.Engine:
    """One that waits its turn on SQLite."""
    return sa.create_engine(url, connect_args={"timeout": 30} if url.startswith("sqlite") else {})


def keyring(made: sa.Engine) -> Keyring:
    """Of the key table in the same database, under the root of the test."""
    return Keyring(SqlalchemyKeyTable(made), [LocalRoot(Secret(bytes.fromhex(os.environ["ROTATING_ROOT"])), kind="test")], limits=LIMITS)


def write(url: str, writer: int, rows: int) -> None:
    """Write this writer's rows again and again until stdin ends; each write that was committed is printed afterwards."""
    made = engine(url)
    ring = keyring(made)
    ring.prefetch()
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    count = 0
    # A breath between two writes: SQLite gives its lock to whoever asks first, and others would starve.
    while not ended.wait(0.003):
        number = writer + 1 + WRITERS * (count % (rows // WRITERS))
        count += 1
        text = f"writer {writer} count {count}"
        sealed = sealed_tables.sealed_note(ring, number, text)
        with made.begin() as connection:
            connection.execute(sa.update(NOTES).where(NOTES.c.id == number).values(text=sealed))
        print(json.dumps([number, text]), flush=True)


def rotate(url: str) -> None:
    """Rotate, telling every step, and what came of it at the end."""
    made = engine(url)

    def tell(told: Told) -> None:
        print(json.dumps([told.step.split()[0], told.done]), flush=True)

    life = Lifecycle(keyring(made), events=lambda event: print(json.dumps([event.reason, 0]), flush=True))
    came = Rotation(life, [sealed_tables.source(made)], batch=7, tell=tell).run(Owner())
    print(json.dumps({"seals": came.seals, "retired": came.retired, "left": came.left, "broken": len(came.broken)}), flush=True)


if __name__ == "__main__":
    import ringwork.keys.lifecycle

    # All processes run on one machine, so no clocks differ.
    ringwork.keys.lifecycle.SKEW_SECONDS = SKEW_SECONDS / 50
    if sys.argv[1] == "write":
        write(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        rotate(sys.argv[2])
