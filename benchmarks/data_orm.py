"""Ten thousand rows with three protected columns through SQLAlchemy into an SQLite file, beside the same table in clear.

Two kinds of columns show what no library could go below: bytes as long as sealed ones, which nobody seals or opens, and the bare cipher
in SQLAlchemy's own hook for values, with one key for all, nothing that binds a value to its row, and every value opened at once.
"""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import interleaved
import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy_utils.types.encrypted.encrypted_type import AesEngine, AesGcmEngine, StringEncryptedType

from ringwork.keys.keyring import memory_keyring
from ringwork.sealed import keyrings
from ringwork.sealed.sqlalchemy import sealed

ROWS = 10_000
PLAIN, SEALED = "plain columns", "ringwork, sealed columns"
LONG, BARE = "bytes of the sealed length, nothing sealed", "bare AES-GCM-SIV in a type, one key, no binding"
_BESIDE = 38  # bytes that sealing stores beside a value


class Long(sa.TypeDecorator[str]):
    """Text as bytes that are as many as sealed ones."""

    impl, cache_ok = sa.LargeBinary, True

    def process_bind_param(self, value: str | None, dialect: Any) -> bytes | None:
        """Longer."""
        return None if value is None else bytes(_BESIDE) + value.encode()

    def process_result_value(self, value: bytes | None, dialect: Any) -> bytes | None:
        """As it came."""
        return value


class Bare(sa.TypeDecorator[str]):
    """The cipher and a nonce, and nothing else: not to be used."""

    impl, cache_ok = sa.LargeBinary, True
    cipher = AESGCMSIV(AESGCMSIV.generate_key(256))

    def process_bind_param(self, value: str | None, dialect: Any) -> bytes | None:
        """Sealed."""
        nonce = os.urandom(12)
        return None if value is None else nonce + self.cipher.encrypt(nonce, value.encode(), b"")

    def process_result_value(self, value: bytes | None, dialect: Any) -> str | None:
        """Opened."""
        return None if value is None else self.cipher.decrypt(value[:12], value[12:], b"").decode()


COLUMNS = {
    PLAIN: lambda: mapped_column(sa.Unicode),
    LONG: lambda: mapped_column(Long),
    BARE: lambda: mapped_column(Bare),
    SEALED: lambda: sealed(str),
    "sqlalchemy-utils, AesEngine (its default)": lambda: mapped_column(StringEncryptedType(sa.Unicode, "secretkey1234", AesEngine)),
    "sqlalchemy-utils, AesGcmEngine": lambda: mapped_column(StringEncryptedType(sa.Unicode, "secretkey1234", AesGcmEngine)),
}
STEPS = {"insert": (), "select, 3 read": ("email", "phone", "note"), "select, 1 read": ("email",), "select, none read": ()}
VALUES = [
    {"email": f"user{i:06d}@mail.example.org", "phone": f"+43 660 {i:07d} ext", "note": f"note {i} " + "lorem ipsum dolor " * 4}
    for i in range(ROWS)
]


def _model(column: Callable[[], Any]) -> tuple[Any, Any]:
    class Base(DeclarativeBase):
        pass

    class Person(Base):
        __tablename__ = "people"
        id: Mapped[bytes] = mapped_column(sa.LargeBinary(16), primary_key=True)
        email: Mapped[str] = column()
        phone: Mapped[str] = column()
        note: Mapped[str] = column()

    return Base.metadata, Person


def _run(metadata: Any, person: Any, folder: Path) -> tuple[dict[str, float], int]:
    """CPU milliseconds of each step in a fresh file, and its size in bytes."""
    engine = sa.create_engine(f"sqlite:///{folder / 'people.sqlite'}")
    event.listen(engine, "connect", lambda found, _: found.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"))
    metadata.create_all(engine)
    ids = [os.urandom(16) for _ in VALUES]
    spent: dict[str, float] = {}
    for step, read in STEPS.items():
        gc.collect()
        with Session(engine) as session:
            start = time.process_time()
            if step == "insert":
                session.add_all([person(id=key, **values) for key, values in zip(ids, VALUES, strict=True)])
                session.commit()
            else:
                for row in session.scalars(sa.select(person)):
                    for name in read:
                        getattr(row, name)
            spent[step] = (time.process_time() - start) * 1e3
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return spent, (folder / "people.sqlite").stat().st_size


def measure(rounds: int) -> tuple[dict[str, interleaved.Figures], dict[str, int]]:
    """Figures of each step, and the bytes of each file."""
    keyrings.use(memory_keyring())
    models = {name: _model(column) for name, column in COLUMNS.items()}
    figures = {step: interleaved.Figures(list(models)) for step in STEPS}
    sizes: dict[str, int] = {}
    for turn in range(-1, rounds):
        for name, (metadata, person) in models.items():
            with tempfile.TemporaryDirectory() as folder:
                spent, sizes[name] = _run(metadata, person, Path(folder))
            for step in STEPS if turn >= 0 else ():  # the first round only warms up
                figures[step].rounds[name].append(spent[step])
    return figures, sizes


def table(figures: dict[str, interleaved.Figures], sizes: dict[str, int]) -> str:
    """A line for each kind of column: times plain at each step, and of the file."""
    lines = [f"| {ROWS} rows, 3 columns, times plain | {' | '.join(STEPS)} | file |", "| --- |" + " ---: |" * (len(STEPS) + 1)]
    for name in COLUMNS:
        ratios = [f"{figures[step].ratio(name, PLAIN):.2f}" for step in STEPS]
        lines.append(f"| {name} | {' | '.join(ratios)} | {sizes[name] / sizes[PLAIN]:.2f} |")
    return "\n".join(lines) + "\n"
