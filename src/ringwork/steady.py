"""Headers that come out the same whenever an answer of the same kind goes out, kept from the first one.

Most answers of a route differ in their body alone, and so do refusals but for their incident number. Where every hook that looks at
them says so (`Hooks.is_steady`), what it added once is added again; anything else takes the long way. tests/pipeline/test_pipeline.py
holds both ways to the same headers.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from ringwork.exchange import Exchange, Header, spelled, title_of

MOST = 64
"""Kinds of answers that one route keeps. Against an application that names a type of its own for each answer, and fills memory."""

_BY_VALUE = frozenset({b"vary", b"cache-control"})
"""What hooks read by its value. Against an answer that says "public", sent out because an earlier one of its kind said "no-store"."""

Pairs = Sequence[tuple[bytes, bytes]] | Sequence[tuple[str, str]]
"""Headers of an answer: with names in lower case as bytes (ASGI), or as text (WSGI)."""

Start = Callable[[Exchange, int, list[Header]], list[Header]]
Text = list[tuple[str, str]]


class Tail:
    """What is added behind the headers of one kind of answer; `text` is the same as WSGI wants it, `lines` as a head of HTTP/1.1 ends."""

    __slots__ = ("pairs", "text", "lines")

    def __init__(self, pairs: tuple[Header, ...]) -> None:
        self.pairs = pairs
        self.text = tuple(map(spelled, pairs))
        self.lines = b"".join(title_of(name).encode("latin-1") + b": " + value + b"\r\n" for name, value in pairs) + b"\r\n"


class Tails:
    """The tails of one route's answers, by kind: all that a steady hook may look at, and the names that the application sent."""

    __slots__ = ("kept",)

    def __init__(self) -> None:
        self.kept: dict[Hashable, Tail] = {}

    def learn(self, kind: tuple[Hashable, ...], headers: list[Header], out: list[Header]) -> None:
        """Keep what `out` adds behind `headers`, where that is all and nothing of it depends on a value that the kind leaves out."""
        names = dict(headers)
        is_plain = len(names) == len(headers) and _BY_VALUE.isdisjoint(names) and kind[TYPE] is not None
        if is_plain and out[: len(headers)] == headers and len(self.kept) < MOST:
            self.kept[kind] = Tail(tuple(out[len(headers) :]))


def kind_of(exchange: Exchange, status: int, headers: Pairs) -> tuple[Hashable, ...]:
    """Status, type and names of an answer, and whether somebody asked for it. The type is None where no header is spelled as usual."""
    names: dict[Any, Any] = dict(headers)
    return (
        status,
        names.get(b"content-type") or names.get("Content-Type"),
        tuple(names),
        len(headers),
        exchange.scheme,
        exchange.principal is None,
        exchange.cookie is None,
        exchange.authorization is None,
    )


TYPE = 1
"""Where a kind names the type."""


class Own:
    """Heads of answers of ringwork's own, which say nothing but a status: as pairs, and as text for WSGI.

    begin: settles the headers of the first of a kind. key: the note by which each answer is known. number: the header that differs from
    one to the next. is_steady: whether one may be kept for the next.
    """

    __slots__ = ("_begin", "_key", "_number", "_is_steady", "_kept")

    def __init__(self, begin: Start, *, key: str, number: bytes, is_steady: bool) -> None:
        self._begin, self._key, self._number, self._is_steady = begin, key, number, is_steady
        self._kept: dict[Hashable, _Head] = {}

    def pairs(self, exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
        """The headers to send."""
        head = self._head(exchange, status, headers)
        before, behind = head.pairs
        return [*before, (self._number, exchange.numbered().encode("ascii")), *behind] if head.is_numbered else [*before]

    def text(self, exchange: Exchange, status: int, headers: list[Header]) -> list[tuple[str, str]]:
        """The same as WSGI wants them."""
        head = self._head(exchange, status, headers)
        before, behind = head.text or head.spell()
        return [*before, (title_of(self._number), exchange.numbered()), *behind] if head.is_numbered else [*before]

    def _head(self, exchange: Exchange, status: int, headers: list[Header]) -> _Head:
        notes: Any = exchange.notes
        if not self._is_steady or notes is None or len(notes) != 1 or self._key not in notes:
            return _Head(self._begin(exchange, status, headers), self._number)
        kind = (status, *headers, exchange.scheme, exchange.principal is None, exchange.cookie is None, exchange.authorization is None)
        found = self._kept.get(kind)
        if found is None:
            found = _Head(self._begin(exchange, status, headers), self._number)
            if len(self._kept) < MOST:
                self._kept[kind] = found
        return found


class _Head:
    """Headers before and behind the one that differs; text: the same for WSGI, once somebody asked."""

    __slots__ = ("pairs", "is_numbered", "text")

    def __init__(self, headers: list[Header], number: bytes) -> None:
        place = next((i for i, (name, _) in enumerate(headers) if name == number), None)
        self.is_numbered = place is not None
        self.pairs = (headers, []) if place is None else (headers[:place], [pair for pair in headers[place + 1 :] if pair[0] != number])
        self.text: tuple[Text, Text] | None = None

    def spell(self) -> tuple[Text, Text]:
        """Write the text."""
        before, behind = self.pairs
        self.text = [*map(spelled, before)], [*map(spelled, behind)]
        return self.text
