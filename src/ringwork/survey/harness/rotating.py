"""One rotation in a copy, step by step: what was read, under which key new values lie, and what is left of the old one.

Nothing is judged here. ringwork's keyring is rotated by the code of its own command, on a clock that is moved instead of waited for; where
others keep a list of keys in a setting, that is changed as their documentation says, and rows are saved again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ringwork.keys.lifecycle import Lifecycle
from ringwork.keys.rotation import Rotation
from ringwork.keys.rows import Owner, State
from ringwork.survey.facts import FieldFacts
from ringwork.survey.harness import field_kinds, key_lists, loading
from ringwork.survey.harness.altering import opened
from ringwork.survey.harness.shelf import Shelf, Unreachable
from ringwork.survey.harness.stored_values import said_by, stored, text_of

Row = dict[str, Any]
BEFORE, DURING, AFTER = (
    "old value is read before",
    "old value is read after a new key was put in front",
    "old value is read when the old key is gone",
)
NEW, LEFT = "new value is encrypted under the new key", "nothing is left under the old key"
_KID = slice(4, 8)
"""Where the number of the key stands in a sealed value."""


def rotate(folder: Path, fields: Sequence[FieldFacts], marks: Sequence[str]) -> Row:
    """What came of it: way, of (fields), problem, and rows of step, held, said."""
    told: Row = {"way": "", "of": [], "problem": "", "rows": []}
    try:
        if any(field.encrypted_by == field_kinds.RINGWORK for field in fields):
            told |= {"way": "the keyring of ringwork", "of": [field.name for field in fields]}
            told["rows"] = list(_by_keyring(folder, fields, marks))
        else:
            _rotate_list(folder, fields, marks, told)
    except Unreachable as error:
        told["problem"] = str(error)
    except Exception as error:  # noqa: BLE001  # whatever stands in the way is told
        told["problem"] = said_by(error)
    return told


def _step(step: str, held: bool, said: str = "") -> Row:  # noqa: FBT001  # what was seen
    return {"step": step, "held": held, "said": said}


def _reads(shelf: Shelf, field: FieldFacts, key: Any, value: Any) -> bool:
    try:
        return text_of(shelf.read(field, key)) == text_of(value)
    except Exception:  # noqa: BLE001  # each type refuses in its own way
        return False


# -- ringwork's own ------------------------------------------------------------------------------------------


class Ahead:
    """A clock that is moved."""

    def __init__(self, clock: Any) -> None:
        self._clock, self.moved = clock, 0.0

    def now(self) -> float:
        """The true time, and what it was moved by."""
        return float(self._clock.now()) + self.moved

    def sleep(self, seconds: float) -> None:
        """Move it, and wait for nothing."""
        self.moved += seconds


def _keyring() -> tuple[Any, Ahead]:
    module = sys.modules.get("ringwork.sealed.keyrings")
    ring: Any = module.keyring() if module is not None else None
    if not hasattr(ring, "hierarchy"):
        raise Unreachable("its keyring is not ringwork's own, so how it is rotated is not known here")
    clock = Ahead(ring.clock)
    ring.clock = ring.hierarchy.clock = clock
    return ring, clock


def _by_keyring(folder: Path, fields: Sequence[FieldFacts], marks: Sequence[str]) -> Iterator[Row]:
    """Class by class, for each has keys of its own."""
    ring, clock = _keyring()
    shelves: dict[str, Shelf] = {orm: loading.shelf_of(orm, folder) for orm in dict.fromkeys(field.orm for field in fields)}
    sources = [loading.source_of(orm) for orm in shelves]
    classes = dict.fromkeys(shelves[field.orm].cell(field).data_class for field in fields)
    for name in classes:
        of = [field for field in fields if shelves[field.orm].cell(field).data_class == name]
        yield from OfClass(ring, clock, Owner(data_class=name), of, shelves).turned(sources, marks)


class OfClass:
    """The keys of one class of data."""

    def __init__(self, ring: Any, clock: Ahead, owner: Owner, fields: Sequence[FieldFacts], shelves: dict[str, Shelf]) -> None:
        self.ring, self.clock, self.owner, self.fields, self.shelves = ring, clock, owner, fields, shelves

    def turned(self, sources: Sequence[Any], marks: Sequence[str]) -> Iterator[Row]:
        """Publish, activate, read, write, seal anew, retire."""
        field, life = self.fields[0], Lifecycle(self.ring)
        shelf = self.shelves[field.orm]
        key, value = stored(field, None, shelf, marks[0])
        before, old = shelf.raw(field, key), _kid(shelf.raw(field, key))
        yield _step(BEFORE, _reads(shelf, field, key, value), f"{self.owner}, key {old}")
        published = life.publish(self.owner)
        self.clock.sleep(life.settled_after + 1)
        life.activate(published)
        yield _step(DURING, _reads(shelf, field, key, value))
        new_key, new = stored(field, None, shelf, marks[1])
        kid = _kid(shelf.raw(field, new_key))
        is_new = kid not in {0, old} and _reads(shelf, field, new_key, new)
        yield _step(NEW, is_new, f"it lies under key {kid}")
        outcome: Any = Rotation(life, sources, sleep=self.clock.sleep).run(self.owner)
        left = [f"{one.name} of row {row}" for one in self.fields for row in self._under(one, old)]
        resealed = f"{getattr(outcome, 'resealed', 0)} values sealed again"
        yield _step(LEFT, not left, f"{resealed}; left: {', '.join(left[:3]) or 'none'}")
        row = self.ring.table.find(old)
        gone = row is not None and row.state is State.RETIRED
        yield _step(
            AFTER, gone and _reads(shelf, field, key, value), f"the old key is {row.state if row is not None else 'not in the table'}"
        )
        yield _step("old key opens nothing any more", self._refuses(shelf, field, key, before))

    def _under(self, field: FieldFacts, kid: int) -> list[Any]:
        shelf = self.shelves[field.orm]
        return [row for row in shelf.rows(field) if _kid(shelf.raw(field, row)) == kid]

    def _refuses(self, shelf: Shelf, field: FieldFacts, key: Any, before: Any) -> bool:
        """Whether a value that the old key sealed, put back as from a backup, is not read."""
        now = shelf.raw(field, key)
        shelf.put(field, key, before)
        try:
            shelf.read(field, key)
        except Exception:  # noqa: BLE001  # refused, as it should be
            return True
        finally:
            shelf.put(field, key, now)
        return False


def _kid(raw: Any) -> int:
    """The number of the key in a sealed value; 0 for what is none."""
    data = opened(raw)[0] if raw is not None else b""
    return int.from_bytes(data[_KID], "big") if data[:1] == b"\xb3" else 0


# -- lists of keys -------------------------------------------------------------------------------------------


def _rotate_list(folder: Path, fields: Sequence[FieldFacts], marks: Sequence[str], told: Row) -> None:
    found = key_lists.of(fields)
    if found is None:
        told["problem"] = "its key is one and no list, so a new one makes every old value unreadable, and nothing encrypts them anew"
        return
    keys, of = found
    told |= {"way": f"the setting {keys.setting}", "of": [field.name for field in of]}
    told["rows"] = list(_by_list(loading.shelf_of("django", folder), keys, of, marks))


def _by_list(shelf: Shelf, keys: key_lists.KeyList, fields: Sequence[FieldFacts], marks: Sequence[str]) -> Iterator[Row]:
    field = fields[0]
    key, value = stored(field, None, shelf, marks[0])
    yield _step(BEFORE, _reads(shelf, field, key, value))
    keys.lead()
    yield _step(DURING, _reads(shelf, field, key, value))
    new_key, new = stored(field, None, shelf, marks[1])
    keys.only_new()
    yield _step(NEW, _reads(shelf, field, new_key, new), "it is read with that key alone")
    yield _step("old value asks for the old key", not _reads(shelf, field, key, value), "with the new key alone it is not read")
    keys.both()
    written = sum(_again(shelf, one, row) for one in fields for row in shelf.rows(one))
    keys.only_new()
    left = [f"{one.name} of row {row}" for one in fields for row in shelf.rows(one) if not _opens(shelf, one, row)]
    yield _step(LEFT, not left, f"{written} values saved again; left: {', '.join(left[:3]) or 'none'}")
    yield _step(AFTER, _reads(shelf, field, key, value))


def _again(shelf: Shelf, field: FieldFacts, key: Any) -> int:
    shelf.write(field, key, shelf.read(field, key))
    return 1


def _opens(shelf: Shelf, field: FieldFacts, key: Any) -> bool:
    try:
        return text_of(shelf.read(field, key)) != text_of(shelf.raw(field, key))
    except Exception:  # noqa: BLE001  # the same
        return False
