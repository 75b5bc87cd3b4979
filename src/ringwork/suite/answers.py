"""Whether two answers are the same to whoever asks, but for what every answer has of its own.

Against accounts, records and rights that are told by small differences (CWE-204): another status, a header more, one word in the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Header = tuple[str, str]

_FRESH_HEADERS = frozenset({"date", "incident-id"})
"""Headers that are made anew for each answer, by servers and by ringwork."""

_FRESH = (
    re.compile(r"'nonce-[A-Za-z0-9+/_=-]+'"),
    re.compile(r'(?<=nonce=")[A-Za-z0-9+/_=-]+(?=")'),
    re.compile(r'(?<=name="csrf_token" value=")[^"]*(?=")'),
)
"""What ringwork makes anew inside headers and bodies."""

_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An answer as its receiver sees it, less what is fresh each time."""

    status: int
    headers: tuple[Header, ...]
    body: str

    def differences(self, other: Seen) -> Iterator[str]:
        """In sentences, what tells one from the other."""
        if self.status != other.status:
            yield f"status: {self.status} and {other.status}"
        for name in sorted({name for name, _ in (*self.headers, *other.headers)}):
            mine, theirs = ([value for found, value in one.headers if found == name] for one in (self, other))
            if mine != theirs:
                yield f"header {name}: {_values(mine)} and {_values(theirs)}"
        if self.body != other.body:
            yield _first_difference(self.body, other.body)


def seen(answer: Any, ignoring: Iterable[str | re.Pattern[str]] = ()) -> Seen:
    """An answer of a test client. ignoring: header names, and patterns of text in header values and body.

    Raises TypeError for anything that is no answer.
    """
    if not hasattr(answer, "status_code") or not hasattr(answer, "headers"):
        raise TypeError(f"this takes an answer of a test client, not {type(answer).__name__}")
    ignored = list(ignoring)
    names = _FRESH_HEADERS | {one.lower() for one in ignored if isinstance(one, str)}
    patterns = (*_FRESH, *(one for one in ignored if isinstance(one, re.Pattern)))
    incident = str(answer.headers.get("incident-id") or "")
    headers = [(name.lower(), value) for name, value in _pairs(answer) if name.lower() not in names]
    body = _text(answer)
    if body:
        # What is fresh may be longer in one answer than in the other, and the body itself is compared.
        headers = [pair for pair in headers if pair[0] != "content-length"]
    return Seen(
        status=int(answer.status_code),
        headers=tuple((name, _cookie(value) if name == "set-cookie" else _cleaned(value, patterns)) for name, value in headers),
        body=_without(incident, _cleaned(body, patterns)),
    )


def _pairs(answer: Any) -> Iterable[Header]:
    """All headers, repeated ones too. Django keeps cookies apart from them until the answer leaves."""
    headers = answer.headers
    yield from headers.multi_items() if hasattr(headers, "multi_items") else headers.items()
    if type(answer).__module__.startswith("django."):
        yield from (("set-cookie", cookie.OutputString()) for cookie in answer.cookies.values())


def _text(answer: Any) -> str:
    raw = answer.content if hasattr(answer, "content") else answer.get_data()
    return bytes(raw).decode("utf-8", "backslashreplace")


def _cleaned(text: str, patterns: Iterable[re.Pattern[str]]) -> str:
    for pattern in patterns:
        text = pattern.sub("...", text)
    return text


def _without(incident: str, text: str) -> str:
    return text.replace(incident, "...") if incident else text


def _cookie(header: str) -> str:
    """Name and attributes: a session's value is chance, and so is the second at which it ends."""
    pair, *attributes = header.split(";")
    kept = [word.strip() for word in attributes if not word.strip().lower().startswith("expires=")]
    return "; ".join([f"{pair.partition('=')[0]}=...", *kept])


def _values(values: list[str]) -> str:
    return ", ".join(repr(value[:_SHOWN]) for value in values) or "none"


def _first_difference(a: str, b: str) -> str:
    lines = list(zip(a.splitlines(), b.splitlines(), strict=False))
    for number, (mine, theirs) in enumerate(lines, start=1):
        if mine != theirs:
            at = next((i for i, (x, y) in enumerate(zip(mine, theirs, strict=False)) if x != y), min(len(mine), len(theirs)))
            start = max(at - _SHOWN // 2, 0)
            return f"body, line {number}: {mine[start : start + _SHOWN]!r} and {theirs[start : start + _SHOWN]!r}"
    return f"body: {len(a)} and {len(b)} characters"
