"""What a way to the rows of an application's models has to do, whichever ORM they are of."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any, Protocol

from ringwork.errors import KeyUnavailable
from ringwork.survey.facts import FieldFacts


class Unreachable(Exception):
    """The store of a model cannot be reached from here, or takes no row; the text says why."""


class _KeysDown:
    """A keyring whose root does not answer."""

    def to_seal(self, *_: Any, **__: Any) -> Any:
        """As the fields ask for it."""
        raise KeyUnavailable("the root does not answer: a probe of ringwork, in this copy only")

    to_open = to_seal


def keys_down() -> contextlib.AbstractContextManager[None]:
    """While the block runs, the keys of ringwork's sealed fields cannot be had in this context."""
    module: Any = sys.modules.get("ringwork.sealed.keyrings")
    made: contextlib.AbstractContextManager[None] = module.using(_KeysDown())
    return made


class Shelf(Protocol):
    """One ORM's way to rows of the application's models. key: what finds a row again."""

    def make(self, field: FieldFacts, value: Any) -> Any:
        """A row with this value, written by the application's model; its key. Raises Unreachable, or what the model raised."""

    def write(self, field: FieldFacts, key: Any, value: Any) -> None:
        """The value of a row, written again."""

    def read(self, field: FieldFacts, key: Any) -> Any:
        """The value as the application reads it, loaded afresh."""

    def find(self, field: FieldFacts, value: Any) -> Any:
        """The key of a row in which the application reads this value; None where there is none."""

    def raw(self, field: FieldFacts, key: Any) -> Any:
        """What lies in the store: bytes, text or a number."""

    def put(self, field: FieldFacts, key: Any, value: Any) -> None:
        """Put something there, past the application."""

    def twice(self, field: FieldFacts, key: Any, value: Any) -> None:
        """Write a second row with the key of the first: a statement that fails while it carries the value."""

    def failing(self, field: FieldFacts) -> contextlib.AbstractContextManager[bool]:
        """While the block runs, encryption of the field fails; yields whether that could be arranged."""

    def talking(self) -> contextlib.AbstractContextManager[None]:
        """While the block runs, statements are logged as somebody has them logged who looks for a fault."""

    def kept_in(self, field: FieldFacts) -> str:
        """Where it is kept, for people: "clinic.sqlite3". Raises Unreachable."""

    def keep(self, folder: Path) -> None:
        """Write down what is kept in memory only, as a file."""

    def control(self, field: FieldFacts, value: str) -> None:
        """Put a text into a plain column of the same store that the prover made."""

    def rows(self, field: FieldFacts) -> list[Any]:
        """The keys of all rows that hold something in this field."""

    def cell(self, field: FieldFacts) -> Any:
        """What a field of ringwork's was declared as (sealed.cells.Cell); None for any other."""
