"""A sealed or signed value, altered in every way that a tool for padding oracles tries, and the answers to that told apart.

Against two refusals where one would do: a padding that is wrong told otherwise than a tag that is wrong opens the value, byte by byte.
Source: S. Vaudenay, "Security Flaws Induced by CBC Padding", EUROCRYPT 2002; ASVS 5.0, 11.2.5.
"""

from __future__ import annotations

import base64
import re
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ringwork.prove import tokens
from ringwork.survey.wire.client import Answer

ALTERED = " altered"
"""How the name of an alteration ends that leaves the length as it is."""

_KEY_BYTES = 32
_SEALED, _BLOCK = 0xB3, 16
_ALL, _END = 48, 34
"""Values of so many bytes are altered at each; of longer ones the end is, where a padding stands, and places spread over the rest."""

_VARYING = re.compile(r"[A-Za-z0-9+/_=-]{16,}(?:[.:](?=[a-z_=-]*[A-Z0-9])[A-Za-z0-9+/_=-]+)*|\b[0-9a-f]{6,}\b|\d+")
"""Long words, with the short fields of a signed value behind them (its time changes each second), and numbers."""
_VOLATILE = frozenset({"date", "content-length", "set-cookie", "connection", "keep-alive", "age", "etag", "last-modified"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a client can tell of an answer, apart from what is new in each."""

    status: int
    kind: str
    headers: tuple[str, ...]
    cookies: tuple[str, ...]
    location: str
    body: str

    @property
    def told(self) -> str:
        """In a few words."""
        return f"{self.status}{f' to {self.location}' if self.location else ''}"


def shape_of(answer: Answer) -> Shape:
    """Status, kind, names of headers and cookies, and the body without numbers and long words."""
    names = {name.decode("latin-1") for name, _ in answer.headers}
    return Shape(
        status=answer.status,
        kind=answer.media_type,
        headers=tuple(sorted(names - _VOLATILE)),
        cookies=tuple(sorted(value.partition("=")[0] for value in answer.header("set-cookie"))),
        location=_VARYING.sub("#", (answer.header("location") or [""])[0].partition("?")[0]),
        body=_VARYING.sub("#", answer.text),
    )


def is_certain(value: str) -> bool:
    """Whether a value is surely encrypted or signed; one that may as well be a random key is not."""
    if tokens.statement_of(value) not in {"", tokens.READABLE}:
        return True
    raw = tokens.decoded(urllib.parse.unquote(value))
    is_hexadecimal = bool(re.fullmatch(r"[0-9a-fA-F]+", value))
    return len(_fields(value)) > 1 or (len(raw) > _KEY_BYTES and not is_hexadecimal) or (len(raw) > _KEY_BYTES and raw[0] == _SEALED)


def is_candidate(value: str) -> bool:
    """Whether a value may be encrypted or signed at all: neither a word that everybody reads nor too short."""
    return tokens.statement_of(value) != tokens.READABLE and any(len(tokens.decoded(field)) >= _BLOCK for field in _fields(value))


def _fields(value: str) -> list[str]:
    return [field for field in re.split(f"([{re.escape(tokens.SEPARATORS)}])", urllib.parse.unquote(value)) if field]


def altered(value: str, *, brief: bool) -> Iterator[tuple[str, str]]:
    """How it was altered, and the value: each byte of each field, then cut, made longer, blocks exchanged, fields taken away."""
    is_quoted = "%" in value
    fields = _fields(value)
    for i, field in enumerate(fields):
        for how, other in _of_field(field, brief=brief):
            made = "".join([*fields[:i], other, *fields[i + 1 :]])
            yield (f"field {i // 2 + 1}, {how}" if len(fields) > 1 else how), urllib.parse.quote(made) if is_quoted else made
    if len(fields) > 2:
        yield "its last field taken away", "".join(fields[:-2])
        yield "its last field emptied", "".join(fields[:-1])


def _of_field(field: str, *, brief: bool) -> Iterator[tuple[str, str]]:
    raw = tokens.decoded(field)
    if len(raw) < 4:
        return
    for at in _places(len(raw), brief=brief):
        yield f"byte {at + 1} of {len(raw)}{ALTERED}", _like(field, raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
    yield "cut by a byte", _like(field, raw[:-1])
    yield "cut in half", _like(field, raw[: len(raw) // 2])
    yield "a byte longer", _like(field, raw + b"\x00")
    if len(raw) > _BLOCK:
        yield "cut by a block", _like(field, raw[:-_BLOCK])
        yield "a block longer", _like(field, raw + raw[-_BLOCK:])
    if len(raw) >= 3 * _BLOCK:
        swapped = raw[: -2 * _BLOCK] + raw[-_BLOCK:] + raw[-2 * _BLOCK : -_BLOCK]
        yield "its last blocks exchanged", _like(field, swapped)
    yield "all of it other bytes", _like(field, bytes(byte ^ 0x55 for byte in raw))


def _places(length: int, *, brief: bool) -> Sequence[int]:
    if length <= _ALL and not brief:
        return range(length)
    spread = range(0, max(0, length - _END), max(1, (length - _END) // (4 if brief else 16) or 1))
    return sorted({*spread, *range(max(0, length - _END), length)})


def _like(field: str, raw: bytes) -> str:
    """The bytes in the encoding of the field: its alphabet, and padded as it is."""
    text = base64.b64encode(raw).decode()
    if not ({"+", "/"} & set(field)):
        text = text.replace("+", "-").replace("/", "_")
    return text if field.endswith("=") else text.rstrip("=")
