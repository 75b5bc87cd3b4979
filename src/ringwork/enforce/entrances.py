"""Ways in, and who comes by them: which routes are entrances by their name, from where somebody comes, which accounts he names.

Against the login that is counted under a name which is not the one that is tried: every value of every field counts.
"""

from __future__ import annotations

import functools
import ipaddress
import json
import re
import unicodedata
from collections.abc import Generator, Sequence
from typing import Any
from urllib.parse import parse_qsl

from ringwork.enforce.guard import Ask, ReadBody, ReadForm
from ringwork.exchange import Exchange

LOGIN = frozenset(
    {"login", "log-in", "log_in", "signin", "sign-in", "sign_in", "token", "session", "sessions", "auth", "authenticate"},
)
REGISTER = frozenset({"register", "registration", "signup", "sign-up", "sign_up"})
RESET = frozenset(
    {"reset", "reset-password", "reset_password", "password-reset", "password_reset", "forgot", "forgot-password", "recover"},
)
ENTRANCES: dict[str, frozenset[str]] = {"login": LOGIN, "register": REGISTER, "reset": RESET}
"""Kinds of entrances, and the last words of the paths that are one."""

UNREADABLE = "unreadable"
"""The one account that everything counts as which names more than can be read."""

_PART = (
    rb'content-disposition:[ \t]*form-data;[ \t]*name="([^"\\%]*)"'
    rb'(;[ \t]*filename="[^"\\]*")?(;[ \t]*filename\*=[^;"\s]*)?[ \t]*'
)
"""How browsers and the usual clients head a part of a form."""

_CHARSET = rb'charset[*\d \t]*=[ \t]*"?([^";\s]*)'
_PLAIN_CHARSETS = frozenset({b"utf-8", b"utf8", b"us-ascii"})

_BODY_BYTES = 65_536
_MOST_ACCOUNTS = 4


def entrance_at(path: str) -> str:
    """The kind of entrance by the last plain piece of a path's template, "" for none."""
    words = [piece for piece in path.lower().split("/") if piece and not piece.startswith("{")]
    return next((name for name, known in ENTRANCES.items() if words and words[-1] in known), "")


@functools.lru_cache(maxsize=4096)
def subject_of_colons(client: str) -> str:
    """Of an address that holds a colon the part that one client cannot change at will: the first 64 bits; an IPv4 address as it is."""
    try:
        address = ipaddress.IPv6Address(client.partition("%")[0])
    except ValueError:
        return client[:64]
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    # Against one subscriber who has 2 to the power of 64 addresses.
    return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))


def accounts_named(exchange: Exchange, fields: Sequence[str]) -> Generator[Ask, Any, list[str]]:
    """The accounts that a body names in any of `fields`, spelled alike; names of people, so hash them before they are kept."""
    if exchange.kind == "websocket":
        return []
    body = yield ReadBody(limit_bytes=_BODY_BYTES)
    if body is None:
        # Against a body that is padded until nobody reads it: all of those are one account.
        return [UNREADABLE]
    declared = exchange.content_type or b""
    media = declared.partition(b";")[0].strip().lower()
    # A handler may take its arguments from the address instead.
    values = _of_pairs(exchange.query, fields)
    if media == b"multipart/form-data":
        form = yield ReadForm(limit_bytes=_BODY_BYTES)
        values += [] if form is None else [form.get(name) for name in fields]
        if not _is_told_once(body, fields):
            values.append(UNREADABLE)
    elif media == b"application/x-www-form-urlencoded":
        values += _of_pairs(body, fields)
    # Against a body in letters of another alphabet (EBCDIC, UTF-7), which only a parser that asks for its charset reads.
    if any(name.lower() not in _PLAIN_CHARSETS for name in re.findall(_CHARSET, declared, re.IGNORECASE)):
        values.append(UNREADABLE)
    # Against JSON that calls itself a form, for an application that reads it whatever it is called.
    values += _of_json(body, fields)
    # Against a name beside the name, of which guard and application read different ones: every value counts.
    named = {unicodedata.normalize("NFKC", str(value)).strip().casefold()[:256] for value in values if isinstance(value, str | int)} - {""}
    return sorted(named) if len(named) <= _MOST_ACCOUNTS else [*sorted(named)[:_MOST_ACCOUNTS], UNREADABLE]


def _is_told_once(body: bytes, fields: Sequence[str]) -> bool:
    """Whether each part of a form in parts says plainly which field it is, and none of `fields` comes twice.

    Against a field beside the field, of which guard and application read different ones: without quotes, escaped, or as `name*`.
    """
    heads = [line for line in re.split(rb"[\r\n]+", body) if line.lstrip().lower().startswith(b"content-disposition")]
    found = [re.fullmatch(_PART, head, re.IGNORECASE) for head in heads]
    return None not in found and not any(body.count(b'"%s"' % name.encode()) > 1 for name in fields)


def _of_pairs(body: bytes, fields: Sequence[str]) -> list[Any]:
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return [UNREADABLE]
    return [value for name, value in pairs if name in fields]


def _of_json(body: bytes, fields: Sequence[str]) -> list[Any]:
    try:
        found = json.loads(body) if body else None
    except (ValueError, RecursionError):
        return []
    return [found.get(name) for name in fields] if isinstance(found, dict) else []
