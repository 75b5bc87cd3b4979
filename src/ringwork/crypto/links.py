"""Links of this site's own that open one address for a while, without a login: whoever has the link may use it.

Against a link that is altered, carried to another address, taken for another purpose or used for ever: purpose, path, query and end
are bound by a tag. Format 1: the address, then "until=" seconds since 1970 UTC "&signature=" 43 letters, as the last two parameters.

Promises: this site made exactly this link for exactly this purpose, and its time is not over. Does not promise who follows it: links
are forwarded, kept in histories and logs. Does not promise that it is followed once, unless the route claims it.
Source: RFC 2104; RFC 5869; compare Amazon S3's presigned URLs and Django's `signing`.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

from ringwork.crypto.mac import Mac
from ringwork.crypto.texts import from_base64url, require_purpose, to_base64url
from ringwork.errors import OutOfTime, TagWrong
from ringwork.frozen import Frozen
from ringwork.secret import Secret

_SIGNED = re.compile(rb"(?:(.*)&)?until=([0-9]{1,12})&signature=([A-Za-z0-9_-]{43})")
_PATH = "/!$&'()*+,;=:@-._~"


class Followed(Frozen):
    """A link that is good. unique: 32 bytes that no other link has, for a store in which it is claimed once. until: seconds since 1970."""

    unique: bytes
    until: int


class Links:
    """Makes and opens the links of one site. Immutable; threads may share it."""

    __slots__ = ("_mac",)

    def __init__(self, key: Secret[bytes]) -> None:
        self._mac = Mac(key, purpose=b"data.message-integrity link 1")

    def issue(self, address: str, purpose: str, *, until: int) -> str:
        """`address` with its end and tag. address: a path of this site, with a query or without; ValueError for another."""
        path, mark, query = address.partition("?")
        if not path.startswith("/") or path.startswith("//") or "#" in address or not address.isprintable() or "\\" in address:
            raise ValueError('a link is to a path of this site, for example "/appointments/7/calendar"')
        raw = query.encode()
        if mark and (not query.isascii() or _SIGNED.fullmatch(raw)):
            raise ValueError("the query is percent-encoded, and signed once")
        decoded = unquote_to_bytes(path)
        tag = to_base64url(self._tag(purpose, decoded, raw, until))
        before = f"{query}&" if query else ""
        return f"{quote_from_bytes(decoded, safe=_PATH)}?{before}until={until}&signature={tag}"

    def follow(self, path: bytes, query: bytes, purpose: str, *, now: float) -> Followed:
        """What the link is worth. path: decoded; query: raw; both untrusted. Raises TagWrong for none of ours, OutOfTime after its end."""
        found = _SIGNED.fullmatch(query)
        if found is None:
            raise TagWrong("the link carries no signature, or something behind it")
        before, until = found[1] or b"", int(found[2])
        try:
            claimed = from_base64url(found[3])
        except ValueError as error:
            raise TagWrong("the link's signature has a second spelling") from error
        self._mac.require_tag(claimed, *_parts(purpose, path, before, until))
        if now >= until:
            raise OutOfTime("the link has expired")
        return Followed(unique=hashlib.sha256(claimed).digest(), until=until)

    def _tag(self, purpose: str, path: bytes, query: bytes, until: int) -> bytes:
        return self._mac.tag(*_parts(require_purpose(purpose), path, query, until))


def _parts(purpose: str, path: bytes, query: bytes, until: int) -> tuple[bytes, bytes, bytes, bytes]:
    return purpose.encode(), path, query, b"%d" % until
