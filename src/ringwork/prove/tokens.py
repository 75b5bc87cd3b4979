"""What a token is made of: fields, and whether it makes a statement of its own.

Against a statistic that takes a signed statement for a random number: two of the same person in the same second are equal, and their
secret is a key that no sample shows.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
import urllib.parse
import zlib
from collections.abc import Sequence

SEPARATORS = ".:|~!"
READABLE = "a readable value"
"""What `statement_of` says of one that nobody signs, as far as it shows."""

_READABLE = re.compile(rb"[\x20-\x7e\t\n]{4,}")
_TEXT = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_FERNET, _FERNET_BYTES = 0x80, 73
_YEAR_2000, _YEAR_2100 = 946_684_800, 4_102_444_800


def fields_of(found: Sequence[str]) -> list[list[str]]:
    """The tokens taken apart at separators that all of them have alike; one list a field."""
    for separator in SEPARATORS:
        parts = [token.split(separator) for token in found]
        if parts and len(parts[0]) > 1 and len({len(part) for part in parts}) == 1:
            return [field for column in zip(*parts, strict=True) for field in fields_of(list(column))]
    return [list(found)]


def statements_in(found: Sequence[str]) -> str:
    """What tokens of one kind say by themselves, "" where only chance tells one from the other.

    A signature over what stays the same stays the same: where all but the last field do and that one does not, it is no signature.
    """
    said = statement_of(found[-1]) if found else ""
    fields = fields_of(found) if said else []
    if len(fields) > 1 and all(len(set(field)) == 1 for field in fields[:-1]) and len(set(fields[-1])) == len(found) > 1:
        return ""
    return said


def statement_of(token: str) -> str:
    """What a token says by itself, in words: "" for one that only its giver understands."""
    plain = _unquoted(token)
    parts = [part for part in re.split(r"[.:|]", plain) if part]
    if len(parts) == 3 and plain.count(".") == 2 and _json(decoded(parts[0])) is not None:
        return "a JSON Web Token"
    raw = decoded(plain)
    if len(raw) >= _FERNET_BYTES and raw[0] == _FERNET and _YEAR_2000 < int.from_bytes(raw[1:9], "big") < _YEAR_2100:
        return "a Fernet token"
    if any(_json(text) is not None for text in _texts(plain)):
        return READABLE
    if any(_json(text) is not None for part in parts for text in _texts(part)):
        return "a signed value"
    if len(parts) > 1 and len(decoded(parts[-1])) >= 20 and not any(map(_looks_random, parts[:-1])):
        return "a signed value"
    return ""


def _unquoted(token: str) -> str:
    """Without the quotes and escapes of cookies, and those of addresses."""
    if len(token) > 1 and token[0] == token[-1] == '"':
        inner = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal.group(1), 8)), token[1:-1])
        token = re.sub(r"\\(.)", r"\1", inner)
    return urllib.parse.unquote(token)


def decoded(text: str) -> bytes:
    """The bytes behind base64 of either alphabet, padded or not; b"" when it is none."""
    if not _TEXT.fullmatch(text):
        return b""
    plain = text.rstrip("=").replace("+", "-").replace("/", "_")
    with contextlib.suppress(binascii.Error, ValueError):
        return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    return b""


def _texts(part: str) -> list[bytes]:
    """What a field may hold in clear: itself, what base64 hides, and what zlib hides in that."""
    raw = decoded(part)
    found = [part.encode("latin-1", "replace"), raw]
    with contextlib.suppress(zlib.error):
        found.append(zlib.decompressobj().decompress(raw, 65536))
    return found


def _json(text: bytes) -> object:
    """The object or list that a text is in JSON, None for anything else; a number or a bare word says too little."""
    if not _READABLE.match(text[:4]):
        return None
    with contextlib.suppress(ValueError, RecursionError):
        value = json.loads(text)
        return value if isinstance(value, dict | list) else None
    return None


def _looks_random(part: str) -> bool:
    """Whether a field is too long and too mixed for a name or a number."""
    return len(part) >= 16 and len(set(part)) >= 8 and any(letter.isdigit() for letter in part)
