"""A whole rotation of the key of ten thousand sealed values, beside a walk that reads and updates as many in clear.

And whether anything is lost of what others write meanwhile.
"""

from __future__ import annotations

import gc
import random
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import interleaved
import sqlalchemy as sa

from ringwork.clock import FixedClock
from ringwork.crypto.places import Place
from ringwork.crypto.sealing import kid_of
from ringwork.keys.columns_sqlalchemy import TableColumn, TableSource
from ringwork.keys.keyring import Keyring, memory_keyring
from ringwork.keys.lifecycle import Lifecycle
from ringwork.keys.rotation import BATCH, Rotation
from ringwork.keys.rows import Owner

ROWS, WRITERS, ROTATIONS = 10_000, 4, 2
PLAIN, ROTATED = "read and update in clear, in batches", "rotation, from publishing to retiring"
NOTES = sa.Table("notes", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.LargeBinary))


def _place(row: Mapping[str, Any]) -> Place:
    return Place(table="notes", column="text", row=(row["id"],))


def _sealed(ring: Keyring, number: int, text: str) -> bytes:
    return ring.to_seal("notes", "text").seal(text.encode(), _place({"id": number}))


def _filled(folder: str, ring: Keyring) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{Path(folder) / 'notes.sqlite'}", connect_args={"timeout": 60})
    sa.event.listen(engine, "connect", lambda found, _: found.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"))
    NOTES.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(NOTES), [{"id": i, "text": _sealed(ring, i, f"value 0 of row {i}")} for i in range(1, ROWS + 1)])
    return engine


def _update_in_clear(engine: sa.Engine) -> None:
    """A keyset walk with the batches and the statements of SQLAlchemy that an application would use."""
    update = sa.update(NOTES).where(NOTES.c.id == sa.bindparam("number")).values(text=sa.bindparam("value"))
    last = 0
    while True:
        with engine.begin() as connection:
            rows = connection.execute(sa.select(NOTES).where(NOTES.c.id > last).order_by(NOTES.c.id).limit(BATCH)).all()
            if not rows:
                return
            connection.execute(update, [{"number": row.id, "value": row.text[::-1]} for row in rows])
            last = rows[-1].id


def _rotate(engine: sa.Engine, ring: Keyring, clock: FixedClock, *, pause: float = 0) -> None:
    """All of it, with the waits on a clock that is moved. pause: real seconds for each that the clock is moved, for who writes meanwhile.

    Raises SystemExit where a value is left behind.
    """

    def sleep(seconds: float) -> None:
        clock.advance(seconds)
        if pause:
            time.sleep(pause)

    source = TableSource(engine, [TableColumn(table=NOTES, column="text", label=("notes", "text"), place=_place)])
    came = Rotation(Lifecycle(ring, events=lambda event: None), [source], sleep=sleep).run(Owner())
    if came.left or came.broken or not came.retired:
        raise SystemExit(f"the rotation did not come to its end: {came.said or came}")


def measure(rounds: int) -> interleaved.Figures:
    """CPU milliseconds of both, each on a fresh file."""
    figures = interleaved.Figures([PLAIN, ROTATED])
    for turn in range(-1, rounds):
        for name in (PLAIN, ROTATED):
            clock = FixedClock()
            ring = memory_keyring(clock=clock)
            with tempfile.TemporaryDirectory() as folder:
                engine = _filled(folder, ring)
                gc.collect()
                start = time.process_time()
                _update_in_clear(engine) if name == PLAIN else _rotate(engine, ring, clock)
                if turn >= 0:  # the first round only warms up
                    figures.rounds[name].append((time.process_time() - start) * 1e3)
                engine.dispose()
    return figures


def writes_lost() -> tuple[int, int]:
    """How many of the writes that four writers got acknowledged during some rotations are gone at their end, and how many they were."""
    clock = FixedClock()
    ring = memory_keyring(clock=clock)
    acknowledged: dict[int, str] = {}
    done = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        engine = _filled(folder, ring)

        def write(writer: int) -> None:
            chance, turn = random.Random(writer), 0
            while not done.is_set():
                number, turn = chance.randrange(ROWS // WRITERS) * WRITERS + writer + 1, turn + 1
                text = f"value {turn} of row {number}"
                with engine.begin() as connection:
                    connection.execute(sa.update(NOTES).where(NOTES.c.id == number).values(text=_sealed(ring, number, text)))
                acknowledged[number] = text
                time.sleep(0.002)  # SQLite gives its lock to whoever asks first

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(ROTATIONS):
                _rotate(engine, ring, clock, pause=0.02)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        with engine.connect() as connection:
            stored = {row.id: row.text for row in connection.execute(sa.select(NOTES))}
        engine.dispose()
    lost = 0
    for number, text in acknowledged.items():
        cipher = ring.to_open(kid_of(stored[number]), "notes", "text")
        lost += cipher.open(stored[number], _place({"id": number})).decode() != text
    return lost, len(acknowledged)


def table(figures: interleaved.Figures) -> str:
    """A line for each walk."""
    lines = [f"| {ROWS} values in an SQLite file | CPU ms | times plain |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {figures.median(name):.0f} | {figures.ratio(name, PLAIN):.2f} |" for name in (PLAIN, ROTATED)]
    return "\n".join(lines) + "\n"
