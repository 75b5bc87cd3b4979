"""Requests and answers as evidence: readable, cut, and without the secrets that they carried."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

SHOWN_CHARACTERS = 2000

# What the name of a secret holds, as frameworks and applications call them. Repeats are bounded: an answer can be megabytes of one word.
_KEY = rb"(?:[cx]srf|passw(?:or)?d|passphrase|(?<![a-z])pass(?![a-z])|pwd|secret|token|api[_-]?key|jwt|bearer)[\w-]{0,40}"
_QUOTED = rb"\"(?:[^\"\\]|\\.)+(?:\"|\Z)|'(?:[^'\\]|\\.)+(?:'|\Z)"

_HEADERS = re.compile(rb"(?im)^(cookie|(?:proxy-)?authorization|x-[\w-]{0,20}?(?:[cx]srf|token|api-?key|auth)[\w-]{0,20}):[ \t]*([^\r\n]*)")
_SET_COOKIE = re.compile(rb"(?im)^(set-cookie:[ \t]*[^=;\r\n]+=)([^;\r\n]*)")
_PARTS = re.compile(
    rb"(?ism)^(content-disposition:[^\r\n]{0,80}?\bname=\"[^\"\r\n]{0,40}?"
    + _KEY
    + rb"[^\"\r\n]{0,40}\"[^\r\n]{0,200}+(?:\r\n[^\r\n]+){0,5}+\r\n\r\n)(.+?)(?=\r\n--|\Z)"
)
_TAGS = re.compile(rb"(?is)<(?:input|meta)\b[^<>]{0,2000}>")
_NAMED = re.compile(rb"(?i)\b(?:name|id|type)\s*=\s*[\"']?[^\"'\s>]{0,40}?" + _KEY)
_VALUES = re.compile(rb"(?is)(\b(?:value|content)\s*=\s*)(\"[^\"]+\"|'[^']+'|[^\s\"'>]+)")
_FIELDS = re.compile(
    rb"(?is)(" + _KEY + rb"[\"']?\s{0,8}[=:]\s{0,8})(" + _QUOTED + rb"|(?!null\b|true\b|false\b)[^\"'&\s<>,;{}\[\]][^\"'&\s<>;}]*)"
)


def masked(raw: bytes) -> str:
    """The text of a request or answer: cookies, credentials and tokens masked, at most 2,000 characters."""
    text = _HEADERS.sub(rb"\1: ****", raw)
    text = _SET_COOKIE.sub(rb"\1****", text)
    shown = _hidden(text, b"****").decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + f"\n[{len(shown) - SHOWN_CHARACTERS} more characters]"


def replayable(raw: bytes) -> str:
    """The request for another day, base64: markers stand where its cookies, credentials and tokens stood."""
    return base64.b64encode(_hidden(_HEADERS.sub(rb"\1: {{\1}}", raw), b"{{secret}}")).decode("ascii")


def _hidden(text: bytes, mark: bytes) -> bytes:
    """The text with `mark` for every secret of a form, a JSON object, a part of a multipart body or a tag."""
    replaced = _marking(mark)
    text = _PARTS.sub(replaced, text)
    text = _TAGS.sub(lambda tag: _VALUES.sub(replaced, tag[0]) if _NAMED.search(tag[0]) else tag[0], text)
    return _FIELDS.sub(replaced, text)


def _marking(mark: bytes) -> Callable[[re.Match[bytes]], bytes]:
    def replaced(found: re.Match[bytes]) -> bytes:
        quote = found[2][:1] if found[2].startswith((b'"', b"'")) else b""
        return found[1] + quote + mark + quote

    return replaced
