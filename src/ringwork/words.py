"""Closed sets of words, such as the reasons of a guard: declared, read and checked as `enum.StrEnum`, whose classes cost no start.

Against a guard that is left out because it slows the start: `enum` takes a tenth of a millisecond for each set, and every guard has one.
What `import ringwork` offers (`Mode`, `Via`) is an enum as everybody knows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from enum import StrEnum

    Words = StrEnum
else:

    class WordsType(type):
        """The class of a set of words: its texts become its members, in order, and it never changes."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> WordsType:
            """Make the set. Raises ValueError for a word that stands in it twice, TypeError for a set of words that is added to."""
            words = {key: body.pop(key) for key, word in [*body.items()] if isinstance(word, str) and not key.startswith("_")}
            body.setdefault("__slots__", ())
            made = super().__new__(cls, name, bases, body)
            if any(getattr(base, "_members", ()) for base in bases):
                raise TypeError(f"{name}: a set of words is closed; write one of its own")
            members = {word: str.__new__(made, word) for word in words.values()}
            if len(members) != len(words):
                raise ValueError(f"{name}: a word stands there twice")
            for key, member in zip(words, members.values(), strict=True):
                _NAME(member, key)
                type.__setattr__(made, key, member)
            type.__setattr__(made, "_members", members)
            return made

        def __call__(cls, word: str) -> Words:
            """The member that is this word. Raises ValueError for any other."""
            try:
                return cls._members[word]
            except KeyError:
                raise ValueError(f"{word!r} is not a valid {cls.__qualname__}") from None

        def __iter__(cls) -> Iterator[Words]:
            return iter(cls._members.values())

        def __len__(cls) -> int:
            return len(cls._members)

        def __contains__(cls, word: object) -> bool:
            return word in cls._members

        def __setattr__(cls, name: str, value: object) -> None:
            raise AttributeError(f"{cls.__qualname__} is a closed set; {name!r} cannot be set")

        def __delattr__(cls, name: str) -> None:
            raise AttributeError(f"{cls.__qualname__} is a closed set; {name!r} cannot be taken out")

    class Words(str, metaclass=WordsType):
        """A set of words: `class Reason(Words): UNSIGNED = "unsigned"`. Each member is its text, and has `name` and `value`."""

        __slots__ = ("name",)

        @property
        def value(self) -> str:
            """The word as plain text."""
            return str.__str__(self)

        def __repr__(self) -> str:
            return f"<{type(self).__qualname__}.{self.name}: {str.__repr__(self)}>"

        def __reduce__(self) -> tuple[Any, ...]:
            return type(self), (self.value,)

    _NAME = Words.name.__set__
