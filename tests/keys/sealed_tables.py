"""Two tables with sealed values for the tests of rotation: one of bytes with a simple key, one of text with a composite key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ringwork.crypto.places import Place
from ringwork.crypto.sealing import Profile, from_text, read_header, to_text
from ringwork.keys.columns_sqlalchemy import TableColumn, TableSource
from ringwork.keys.keyring import Keyring

METADATA = sa.MetaData()
NOTES = sa.Table("notes_v2", METADATA, sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.LargeBinary))
VISITS = sa.Table(
    "visits", METADATA, sa.Column("day", sa.String(10), primary_key=True), sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("clinic", sa.String(20), nullable=False), sa.Column("reason", sa.Text),
)  # fmt: skip


def engine_of(path: Path) -> sa.Engine:
    """An SQLite file that does not wait for the disk: what is tested is order, not power cuts."""
    engine = sa.create_engine(f"sqlite:///{path}")
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    return engine


def note_place(row: Mapping[str, Any]) -> Place:
    """The label is the old name of the table: a renamed table keeps its values."""
    return Place(table="notes", column="text", row=(row["id"],))


def visit_place(row: Mapping[str, Any]) -> Place:
    """Bound to the tenant as well, which stands in a column of its own."""
    return Place(table="visits", column="reason", row=(row["day"], row["number"]), tenant=row["clinic"])


COLUMNS = (
    TableColumn(table=NOTES, column="text", label=("notes", "text"), place=note_place),
    TableColumn(
        table=VISITS, column="reason", label=("visits", "reason"), place=visit_place, reads=("clinic",), profile=Profile.TENANT,
        is_text=True,
    ),
)  # fmt: skip


def source(engine: sa.Engine) -> TableSource:
    """Both columns."""
    return TableSource(engine, COLUMNS)


def sealed_note(ring: Keyring, number: int, text: str) -> bytes:
    """A note as it is stored."""
    return ring.to_seal("notes", "text").seal(text.encode(), note_place({"id": number}))


def fill(engine: sa.Engine, ring: Keyring, *, rows: int) -> None:
    """So many rows in each table."""
    METADATA.create_all(engine)
    with engine.begin() as connection:
        for i in range(1, rows + 1):
            connection.execute(sa.insert(NOTES).values(id=i, text=sealed_note(ring, i, f"note {i}")))
            visit = {"day": f"2027-01-{i % 28 + 1:02}", "number": i, "clinic": f"c{i % 3}"}
            sealed = ring.to_seal("visits", "reason").seal(f"visit {i}".encode(), visit_place(visit), profile=Profile.TENANT)
            connection.execute(sa.insert(VISITS).values(**visit, reason=to_text(sealed)))


def opened(engine: sa.Engine, ring: Keyring) -> dict[str, str]:
    """Every value in clear, by where it stands."""
    found = {}
    with engine.connect() as connection:
        for note in connection.execute(sa.select(NOTES)):
            cipher = ring.to_open(read_header(note.text).kid, "notes", "text")
            found[f"note {note.id}"] = cipher.open(note.text, note_place({"id": note.id})).decode()
        for visit in connection.execute(sa.select(VISITS)):
            raw = from_text(visit.reason)
            cipher = ring.to_open(read_header(raw).kid, "visits", "reason")
            found[f"visit {visit.number}"] = cipher.open(raw, visit_place(visit._asdict()), profile=Profile.TENANT).decode()
    return found
