"""The clinic's keys: a root key in a file of its own and a table of wrapped keys, beside the database or where CLINIC_KEYS says.

Against a copied database, backup or disk image that is read: what it holds of birthdays, reasons and notes opens only with both. For a
clinic with patients, put CLINIC_KEYS on another disk than the database and its backups, or take a root in a KMS: see docs/keys.md.
"""

from __future__ import annotations

import os
from pathlib import Path

from ringwork.keys.keyring import Keyring
from ringwork.keys.root import LocalRoot
from ringwork.keys.roots import file
from ringwork.keys.rows import Owner, State
from ringwork.sealed import keyrings
from ringwork.stores.sqlite_keys import SqliteKeyTable


def install(database: str) -> None:
    """Have the sealed fields of this process use the keys that belong to this database; made at its first use."""
    place = os.environ.get("CLINIC_KEYS") or database
    # A file of its own: keys are counted while a transaction holds the database.
    table = SqliteKeyTable(f"{place}.keys")
    root = _root(Path(f"{place}.root"))
    table.prepare()
    ring = Keyring(table, [root])
    if table.active(Owner()) is None:
        ring.hierarchy.make(Owner(), state=State.ACTIVE)  # None where another process was faster, and then there is one
    keyrings.use(ring)


def _root(path: Path) -> LocalRoot:
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        file.make(fresh)
        try:
            # Whole or not at all, and never in place of another: several processes may start together.
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read(path)
