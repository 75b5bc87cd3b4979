"""Values that carry a mark of the prover's, for columns of every type, and the texts by which they are compared."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Iterator
from typing import Any

from ringwork.survey.facts import FieldFacts
from ringwork.survey.harness.shelf import Shelf, Unreachable

_SAID = 160


def values(field: FieldFacts, mark: str) -> Iterator[Any]:
    """Values that carry a mark of 16 hexadecimal characters, the likeliest first."""
    number = int(mark, 16)
    exact = {
        "int": 10**14 + number % 10**14,
        "float": float(10**7 + number % 10**7),
        "Decimal": decimal.Decimal(10**7 + number % 10**7),
        "date": datetime.date(3000 + number % 6000, 1 + number % 12, 1 + number % 28),
        "datetime": datetime.datetime(
            3000 + number % 6000, 1 + number % 12, 1 + number % 28, number % 24, number % 60, 7, tzinfo=datetime.UTC
        ),
        "UUID": uuid.UUID(mark * 2),
        "bool": bool(number % 2),
        "dict": {"rw": f"rw{mark}"},
        "list": [f"rw{mark}"],
        "bytes": f"rw{mark}".encode(),
    }
    texts = [text for text in (f"rw{mark}", str(10**15 + number % 10**15)) if not field.length or len(text) <= field.length]
    texts += [mark[: field.length]] if 8 <= field.length < 18 else []
    if field.holds in exact:
        yield exact[field.holds]
        if field.holds == "datetime":
            yield exact["datetime"].replace(tzinfo=None)  # type: ignore[attr-defined]  # of that row alone
        if field.holds != "bytes" and not field.encrypted_by:
            return
    yield from texts
    yield f"rw{mark}@example.org"
    yield exact["bytes"]


def stored(field: FieldFacts, value: Any, shelf: Shelf, mark: str) -> tuple[Any, Any]:
    """A row with a value that the model takes, and that value: `value` itself, or the first of its kind for None."""
    said = ""
    for one in [value] if value is not None else list(values(field, mark)):
        try:
            return shelf.make(field, one), one
        except Unreachable:
            raise
        except Exception as error:  # noqa: BLE001  # a model may refuse a value in any way
            said = said or said_by(error)
    raise Unreachable(f"no row could be written: {said}")


def text_of(value: Any) -> str:
    """A value as a text that is equal for equal values."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode(errors="backslashreplace")
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, decimal.Decimal | float):
        return f"{float(value):.4f}"
    return value if isinstance(value, str) else repr(value) if isinstance(value, dict | list) else str(value)


def said_by(error: BaseException) -> str:
    """An error in a line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:_SAID]
