"""Requests and answers as evidence: readable, cut, and without the secrets that they carried."""

from __future__ import annotations

import base64
import functools
import html
import re
from collections.abc import Callable, Collection, Iterable
from urllib.parse import quote, quote_plus, unquote_to_bytes

SHOWN_CHARACTERS = 2000
_KNOWN_BYTES = 8

# What the name of a secret holds, as frameworks and applications call them. Repeats are bounded: an answer can be megabytes of one word.
_KEY = rb"(?:[cx]srf|passw(?:or)?d|passphrase|(?<![a-z])pass(?![a-z])|pwd|secret|token|api[_-]?key|jwt|bearer)[\w-]{0,40}"
_QUOTED = rb"\"(?:[^\"\\]|\\.)+(?:\"|\Z)|'(?:[^'\\]|\\.)+(?:'|\Z)"

_HEADERS = re.compile(rb"(?im)^(cookie|(?:proxy-)?authorization|x-[\w-]{0,20}?(?:[cx]srf|token|key|auth)[\w-]{0,20}):[ \t]*([^\r\n]*)")
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


_WORD = re.compile(r"[a-z]{1,12}")
"""What stands in too many places to be hidden: somebody's password may be `password`."""
_LEARNT: set[bytes] = set()
"""Secrets of the target that the prover was told, in every form in which they may be shown."""


def learn(values: Iterable[str]) -> None:
    """Mask these wherever they stand from now on.

    Against a report that quotes a page which shows its user's password, or an injection that shows everybody's.
    """
    plain = [value.encode("utf-8", "surrogateescape") for value in values if not _WORD.fullmatch(value)]
    _LEARNT.update(form for value in plain for form in _forms(value) if len(form) >= _KNOWN_BYTES)
    exchanged.cache_clear()


@functools.lru_cache(maxsize=64)
def exchanged(request: bytes, answer: bytes) -> tuple[str, str]:
    """Both as evidence. What either of them carried as a secret is masked in both, wherever it stands.

    The last ones are kept: a control request stands beside each attack that it grounds.
    Against an application that repeats what it was sent: a page that shows its request's headers, a refusal that quotes a form.
    """
    known = _carried(request) | _carried(answer)
    return masked(request, known), masked(answer, known)


def masked(raw: bytes, known: Collection[bytes] = ()) -> str:
    """The text of a request or answer: cookies, credentials and tokens masked, and what is known as one; at most 2,000 characters."""
    # Only what stands there: of a table of users hundreds of words are known, and one pattern of them all would be slow at every place.
    raw = _without({*known, *(value for value in _LEARNT if value in raw)}, raw, b"****")
    text = _HEADERS.sub(rb"\1: ****", raw)
    text = _SET_COOKIE.sub(rb"\1****", text)
    shown = _hidden(text, b"****").decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + f"\n[{len(shown) - SHOWN_CHARACTERS} more characters]"


def _without(known: Collection[bytes], raw: bytes, mark: bytes) -> bytes:
    # The longest first, so that no rest of one stands beside the mask of another.
    each = b"|".join(re.escape(value) for value in sorted(known, key=len, reverse=True))
    return re.sub(each, mark, raw) if each else raw


def replayable(raw: bytes) -> str:
    """The request for another day, base64: markers stand where its cookies, credentials and tokens stood."""
    # Against a key in a path, or in a field of a name that tells nothing: what evidence hides must not stand beside it in base64.
    raw = _without({value for value in _LEARNT if value in raw}, raw, b"{{secret}}")
    return base64.b64encode(_hidden(_HEADERS.sub(rb"\1: {{\1}}", raw), b"{{secret}}")).decode("ascii")


def _carried(raw: bytes) -> set[bytes]:
    """The secrets of a request or answer by their values, as they stand there and as they may come back.

    Short ones are left to the places where they are known: a value of few letters stands in too many words.
    """
    found = [value for name, value in _HEADERS.findall(raw) if name.lower() != b"cookie"]
    found += [pair.partition(b"=")[2] for name, value in _HEADERS.findall(raw) if name.lower() == b"cookie" for pair in value.split(b";")]
    found += [value for _, value in (*_SET_COOKIE.findall(raw), *_PARTS.findall(raw), *_FIELDS.findall(raw))]
    # "Bearer abc": the word after the scheme is the secret.
    plain = {value.strip().rpartition(b" ")[2].strip(b"\"'") for value in found} | {value.strip().strip(b"\"'") for value in found}
    shown = {form for value in plain for form in _forms(value)}
    return {value for value in shown if len(value) >= _KNOWN_BYTES and b"****" not in value}


def _forms(value: bytes) -> tuple[bytes, ...]:
    """As it was sent, decoded, and as an application may write it again: into an address, a form, or a page."""
    decoded = unquote_to_bytes(value.replace(b"+", b" "))
    return value, decoded, quote(decoded, safe="").encode("ascii"), quote_plus(decoded).encode("ascii"), _escaped(decoded)


def _escaped(value: bytes) -> bytes:
    """As HTML."""
    return html.escape(value.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


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
