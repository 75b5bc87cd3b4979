r"""Literals of Python, decoded by hand: the interpreter that runs ringwork may not know the syntax of the project that it reads.

Against a payload that hides behind its spelling: "\x2e\x2e/" and "../" are one value for everybody who looks at it.
"""

from __future__ import annotations

import re
import unicodedata

_ESCAPE = re.compile(r"\\(?:(\n)|([\\'\"abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|N\{([^}]+)\})")
_ESCAPE_BYTES = re.compile(r"\\(?:(\n)|([\\'\"abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2}))")
_BRACES = re.compile(r"(\\N\{[^}]+\})|\{\{|\}\}")
_SHORT = {"\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PREFIX = re.compile(r"[A-Za-z]*")


def prefix_of(raw: str) -> str:
    """The letters before the quote, in lower case."""
    found = _PREFIX.match(raw)
    return found.group().lower() if found else ""


def text_of(raw: str) -> str | bytes:
    """What a literal without formatted parts means. raw: with prefix and quotes, lines ended by a line feed.

    Escapes that Python would refuse stay as they are written. Raises ValueError for what is no complete literal.
    """
    prefix = prefix_of(raw)
    body = _body(raw, len(prefix))
    if "b" in prefix:
        return (body if "r" in prefix else _unescaped_bytes(body)).encode("latin-1")
    return body if "r" in prefix else unescaped(body)


def unescaped(body: str) -> str:
    """Text with its escapes replaced."""
    return _ESCAPE.sub(_meaning, body) if "\\" in body else body


def piece_of(body: str, *, is_raw: bool) -> str:
    """A piece of a formatted literal: doubled braces are one, and escapes are replaced."""
    if is_raw:
        return body.replace("{{", "{").replace("}}", "}")
    # A before B, because an escape may make a brace, which then is no doubled one.
    return unescaped(_BRACES.sub(lambda found: found.group(1) or found.group()[0], body))


def number_of(raw: str) -> int | float | complex:
    """What a number means; octal numbers and long ones of Python 2 too. Raises ValueError for one of too many digits."""
    plain = raw.replace("_", "").lower()
    if plain.startswith(("0x", "0o", "0b")):
        return int(plain.rstrip("l"), 0)
    if plain.endswith("j"):
        return complex(0.0, float(plain[:-1]))
    if "." in plain or "e" in plain:
        return float(plain)
    plain = plain.rstrip("l")
    if plain[0] == "0" and plain.strip("0") and not set(plain) & {"8", "9"}:
        return int(plain, 8)
    return int(plain)


def _body(raw: str, start: int) -> str:
    quote = raw[start : start + 1]
    width = 3 if raw[start : start + 3] == quote * 3 and len(raw) >= start + 6 else 1
    if not quote or quote not in "'\"" or len(raw) < start + 2 * width or not raw.endswith(quote * width):
        raise ValueError("no complete literal")
    return raw[start + width : -width]


def _meaning(found: re.Match[str]) -> str:
    newline, short, octal, two, four, eight, name = found.groups()
    if newline:
        return ""
    if short:
        return _SHORT[short]
    if octal:
        return chr(int(octal, 8))
    if name:
        try:
            return unicodedata.lookup(name)
        except KeyError:
            return found.group()
    code = int(two or four or eight, 16)
    return chr(code) if code <= 0x10FFFF else found.group()


def _unescaped_bytes(body: str) -> str:
    """As text of code points below 256."""
    return _ESCAPE_BYTES.sub(_byte, body) if "\\" in body else body


def _byte(found: re.Match[str]) -> str:
    newline, short, octal, two = found.groups()
    if newline:
        return ""
    if short:
        return _SHORT[short]
    return chr(int(octal, 8) & 0xFF if octal else int(two, 16))
