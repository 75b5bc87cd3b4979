"""Values stored, altered where they lie, and read again through the application's own models, in a copy: what became of each is told.

Nothing is judged here. A shelf is one ORM's way to its rows; values and alterations are the same for all.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ringwork.survey.facts import FieldFacts, from_plain
from ringwork.survey.harness import loading, rotating
from ringwork.survey.harness.altering import Altering
from ringwork.survey.harness.shelf import Shelf, Unreachable
from ringwork.survey.harness.stored_values import said_by, stored, text_of

TOLD = "ringwork.probe"
"""The logger by which a copy says what the application would have logged."""


def collect(folder: Path) -> tuple[FieldFacts, ...]:
    """The columns of all models that files of the folder define."""
    found = list[FieldFacts]()
    for _, reader in loading.stores():
        # Models that cannot be put together are the application's fault, and its first request says so.
        with contextlib.suppress(Exception):
            found += reader.collect(folder)
    return tuple(found)


def answer(app: Any, folder: Path, asked: str) -> Any:
    """What the prover asked as JSON: do (store, tamper, rotate or find), fields, and what each of these takes."""
    given = json.loads(asked)
    do, fields = given.pop("do"), [from_plain(FieldFacts, one) for one in given.pop("fields")]
    with loading.context_of(app):
        if do == "store":
            return store(folder, fields, **given)
        if do == "tamper":
            return tamper(folder, fields[0], fields[1:], **given)
        if do == "rotate":
            return rotating.rotate(folder, fields, **given)
        return found_again(folder, fields[0], **given)


# -- canaries ------------------------------------------------------------------------------------------------


def store(folder: Path, fields: Sequence[FieldFacts], marks: dict[str, str], control: str) -> list[dict[str, Any]]:
    """Store one value in each field, read it back, and let statements be logged and fail meanwhile.

    marks: by the field's name. Returns rows of name, kept_in, holds, text (the value), read (as text), problem.
    """
    logging.getLogger(TOLD).error("a record of the prover's own: %s", control)
    found, ways = list[dict[str, Any]](), dict[str, Shelf]()
    for field in fields:
        shelf = ways.setdefault(field.orm, loading.shelf_of(field.orm, folder))
        row = {"name": field.name, "orm": field.orm, "kept_in": "", "holds": "", "text": "", "read": "", "problem": "", "failed": False}
        try:
            row["kept_in"] = shelf.kept_in(field)
            shelf.control(field, control)
            with shelf.talking():
                key, value = stored(field, None, shelf, marks[field.name])
                row |= {"holds": type(value).__name__, "text": text_of(value), "read": text_of(shelf.read(field, key))}
                _let_fail(shelf, field, key, value)
            row["failed"] = _let_encryption_fail(shelf, field, value)
        except Unreachable as error:
            row["problem"] = str(error)
        except Exception as error:  # noqa: BLE001  # whatever stands in the way is told
            row["problem"] = said_by(error)
        found.append(row)
    for shelf in ways.values():
        shelf.keep(folder)
    return found


def _let_fail(shelf: Shelf, field: FieldFacts, key: Any, value: Any) -> None:
    try:
        shelf.twice(field, key, value)
    except Exception:
        logging.getLogger(TOLD).exception("a statement failed, as one does in the application")


def _let_encryption_fail(shelf: Shelf, field: FieldFacts, value: Any) -> bool:
    """Whether encryption was made to fail while the value was written; what the error says is logged as the application would."""
    try:
        with shelf.failing(field) as arranged:
            if arranged:
                shelf.make(field, value)
    except Exception:
        logging.getLogger(TOLD).exception("encryption failed, as it does when keys cannot be reached")
        return True
    return False


def found_again(folder: Path, field: FieldFacts, text: str) -> bool:
    """Whether a row holds this value, as the application reads it."""
    try:
        return loading.shelf_of(field.orm, folder).find(field, text) is not None
    except Exception:  # noqa: BLE001  # a row that cannot be read holds nothing that could be found
        return False


# -- alterations ---------------------------------------------------------------------------------------------


def tamper(folder: Path, field: FieldFacts, others: Sequence[FieldFacts], marks: Sequence[str], *, brief: bool) -> dict[str, Any]:
    """Alter what is stored in many ways, and read each time. marks: of the value, of another row's, of a plain text.

    Returns kept_in, problem, and rows of attack, step, became, said. became: refused, unchanged, other, plain, nothing, stored, altered,
    equal or differs (of the same value twice), failed.
    """
    told = {"kept_in": "", "problem": "", "rows": list[dict[str, str]]()}
    try:
        shelf = loading.shelf_of(field.orm, folder)
        told["kept_in"] = shelf.kept_in(field)
        told["rows"] = list(Altering(shelf, field, marks).all(others, brief=brief))
    except Unreachable as error:
        told["problem"] = str(error)
    except Exception as error:  # noqa: BLE001  # whatever stands in the way is told
        told["problem"] = said_by(error)
    return told
