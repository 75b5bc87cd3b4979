"""What a module is asked without its syntax: whether it gives a value to a name, and whether its bytes hold a word.

Against a reading that is kept too long: what was asked can be asked again of the module that took its place.
"""

from __future__ import annotations

import re

Question = tuple[tuple[bytes, ...], bytes]
"""Words, of which one has to stand in a module's bytes, and a pattern that has to fit, b"" for none."""


class Asked:
    """The names that a module's top level gives a value. names: takes up of which names anybody asked, of whatever module."""

    __slots__ = ("_names", "gives")

    def __init__(self, gives: tuple[str, ...], names: set[str]) -> None:
        self.gives, self._names = frozenset(gives), names

    def __contains__(self, name: object) -> bool:
        self._names.add(name)  # type: ignore[arg-type] # nobody asks for anything else
        return name in self.gives


def is_searchable(data: bytes) -> bool:
    """Whether bytes are known and spell letters of ASCII as themselves: no other encoding is named in their first two lines."""
    second = data.find(b"\n", data.find(b"\n") + 1)
    return bool(data) and data[:1] not in {b"\xff", b"\xfe"} and b"coding" not in data[: max(second, 0) or None]


def says(data: bytes, question: Question) -> bool:
    """Whether searchable bytes hold that."""
    words, pattern = question
    return any(word in data for word in words) and (not pattern or re.search(pattern, data) is not None)
