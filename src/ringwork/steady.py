"""Headers that come out the same whenever an answer of the same kind goes out, kept from the first one.

Most answers of a route differ in their body alone, and so do refusals but for their incident number. Where every hook that looks at
them says so (`Hooks.is_steady`), what it added once is added again; anything else takes the long way. tests/pipeline/test_pipeline.py
holds both ways to the same headers.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from ringwork.exchange import Exchange, Header, title_of

MOST = 64
"""Kinds of answers that one route keeps. Against an application that names a type of its own for each answer, and fills memory."""

_BY_VALUE = frozenset({b"vary", b"cache-control"})
"""What hooks read by its value. Against an answer that says "public", sent out because an earlier one of its kind said "no-store"."""

Pairs = Sequence[tuple[bytes, bytes]] | Sequence[tuple[str, str]]
"""Headers of an answer: with names in lower case as bytes (ASGI), or as text (WSGI)."""

Start = Callable[[Exchange, int, list[Header]], list[Header]]


class Tail:
    """What is added behind the headers of one kind of answer; `text` is the same as WSGI wants it, `lines` as a head of HTTP/1.1 ends."""

    __slots__ = ("pairs", "text", "lines")

    def __init__(self, pairs: tuple[Header, ...]) -> None:
        self.pairs = pairs
        self.text = tuple((title_of(name), value.decode("latin-1")) for name, value in pairs)
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
    asked = exchange.names
    return (
        status,
        names.get(b"content-type") or names.get("Content-Type"),
        *names,
        len(headers),
        exchange.scheme,
        exchange.principal is None,
        exchange.cookie is None,
        asked.get(b"authorization") is None,
    )


TYPE = 1
"""Where a kind names the type."""


def refusals(start: Start, *, key: str, number: bytes) -> Start:
    """`start` for answers of ringwork's own, which say nothing but a status.

    key: the note by which each is known. number: the header that differs from one to the next.
    """
    kept: dict[Hashable, tuple[list[Header], list[Header] | None]] = {}

    def refusing(exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
        notes: Any = exchange.notes
        if notes is None or len(notes) != 1 or key not in notes:
            return start(exchange, status, headers)
        kind = (status, *headers, exchange.scheme, exchange.principal is None, exchange.cookie is None, exchange.authorization is None)
        found = kept.get(kind)
        if found is None:
            return _first(kind, exchange, status, headers)
        before, behind = found
        return [*before] if behind is None else [*before, (number, exchange.incident.encode("ascii")), *behind]

    def _first(kind: Hashable, exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
        out = start(exchange, status, headers)
        places = [i for i, (name, _) in enumerate(out) if name == number]
        if len(kept) < MOST and len(places) < 2:
            kept[kind] = (out[: places[0]], out[places[0] + 1 :]) if places else (out, None)
        return list(out)

    return refusing
