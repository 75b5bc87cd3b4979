"""One table of a TOML file, read key by key; every fault is gathered with its place, so that one run names them all."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping


def near(word: str, known: Collection[str], *, cutoff: float = 0.6) -> tuple[str, ...]:
    """Up to three of `known` that look like `word`, best first. cutoff: how much so, up to 1."""
    return tuple(difflib.get_close_matches(word, known, n=3, cutoff=cutoff))


def hint(word: str, known: Collection[str]) -> str:
    """The tail of a message: what was probably meant, or "" when nothing is near."""
    found = near(word, known)
    return f"; did you mean {found[0]!r}?" if found else ""


class Table:
    """A reader of one table. What is asked for and wrong becomes a fault and an empty value; reading goes on."""

    def __init__(self, values: object, *, place: str, faults: list[str]) -> None:
        self.place, self.faults = place, faults
        self._asked: set[str] = set()
        self._values: Mapping[str, object] = {}
        if isinstance(values, Mapping):
            self._values = values
        else:
            self.fault("must be a table")

    def fault(self, message: str) -> None:
        """Note what is wrong here."""
        self.faults.append(f"{self.place}: {message}")

    def has(self, key: str) -> bool:
        """Whether the key is written; asking for it makes it a known one."""
        self._asked.add(key)
        return key in self._values

    def raw(self, key: str) -> object:
        """The value as it stands; a missing key is a fault and gives None."""
        if not self.has(key):
            self.fault(f"the key {key!r} is missing")
            return None
        return self._values[key]

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self.raw(key)
        if isinstance(value, str) and value.strip():
            return value
        if value is not None:
            self.fault(f"{key} must be a text that is not empty")
        return ""

    def one_of(self, key: str, allowed: Collection[str]) -> str:
        """A text out of a closed list."""
        value = self.text(key)
        if value and value not in allowed:
            self.fault(f"{key} is {value!r}; write one of {', '.join(allowed)}")
        return value

    def number(self, key: str) -> int:
        """A whole number."""
        value = self.raw(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if value is not None:
            self.fault(f"{key} must be a whole number")
        return 0

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false; `default` when the key is not written."""
        value = self._values[key] if self.has(key) else default
        if isinstance(value, bool):
            return value
        self.fault(f"{key} must be true or false")
        return default

    def words(self, key: str) -> tuple[str, ...]:
        """A list of texts, none twice."""
        value = self.raw(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.fault(f"{key} must be a list of texts")
            return ()
        for item in sorted({item for item in value if value.count(item) > 1}):
            self.fault(f"{key} names {item!r} twice")
        return tuple(value)

    def numbers(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers above zero."""
        value = self.raw(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(type(item) is int and item > 0 for item in value):
            self.fault(f"{key} must be a list of whole numbers above zero")
            return ()
        return tuple(value)

    def table(self, key: str) -> Table:
        """A table within this one; empty when it is missing."""
        value = self.raw(key)
        return Table({} if value is None else value, place=f"{self.place}: {key}", faults=self.faults)

    def tables(self, key: str) -> tuple[Table, ...]:
        """A list of tables, each named by its number from 1."""
        value = self.raw(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.fault(f"{key} must be a list of tables")
            return ()
        return tuple(Table(item, place=f"{self.place}: {key} {number}", faults=self.faults) for number, item in enumerate(value, 1))

    def names(self) -> tuple[str, ...]:
        """All keys, in the order of the file."""
        return tuple(self._values)

    def end(self) -> None:
        """Note every key that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                self.fault(f"the key {key!r} is unknown{hint(key, self._asked)}")
