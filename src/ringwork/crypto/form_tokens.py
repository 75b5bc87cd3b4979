"""Single-use form tokens: who may send which form, until when, in one line of text.

Against forged, moved, borrowed and kept tokens: a tag binds each to browser, user, login and form; a random id is spent on use.
Format 1, our own profile of HMAC-SHA-256 (OWASP CSRF Prevention Cheat Sheet, "HMAC based token"):

    "1." until "." id "." hints "." tag        until: decimal seconds since 1970 UTC, in clear; id: 16 random bytes;
                                               hints: 20 bytes; tag: 32 bytes; the last three in unpadded base64url

Hints say what did not fit when the tag does not, for the operator's record; nothing is ever allowed because of them.
"""

from __future__ import annotations

import base64

from ringwork.crypto.chance import Pool
from ringwork.crypto.mac import TAG_BYTES, Mac
from ringwork.errors import TagWrong
from ringwork.frozen import Frozen
from ringwork.secret import Secret
from ringwork.words import Words

ID_BYTES = 16
HINT_BYTES = 4

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_IDS = Pool(ID_BYTES)


class TokenFault(Words):
    """What is wrong with a token."""

    GARBLED = "garbled-token"
    OTHER_USER = "other-user"
    OTHER_SESSION = "other-session"
    OTHER_BROWSER = "other-browser"
    OTHER_FORM = "other-form"
    EXPIRED = "expired-token"


_HINTED = (TokenFault.GARBLED, TokenFault.OTHER_USER, TokenFault.OTHER_SESSION, TokenFault.OTHER_BROWSER, TokenFault.OTHER_FORM)
"""In the order in which they are told. The first hint stands on nothing, so it fits unless the token is garbage or of another
key; user before session, because a new login changes both and the user says more."""


class Bound(Frozen):
    """What a token belongs to; any bytes, b"" for none. form: the path that the form is sent to, decoded, in UTF-8."""

    user: bytes
    session: bytes
    browser: bytes
    form: bytes

    @property
    def parts(self) -> tuple[bytes, ...]:
        """In the order of the hints, the first of which stands on nothing."""
        return b"", self.user, self.session, self.browser, self.form


class Genuine(Frozen):
    """A token whose tag and time are right; it is worth something only once `token_id` was claimed."""

    token_id: bytes
    until: int


class FormTokens:
    """Issues and opens the tokens of one site."""

    __slots__ = ("_tag", "_hint")

    def __init__(self, key: Secret[bytes]) -> None:
        self._tag = Mac(key, purpose=b"browser.csrf token 1")
        self._hint = Mac(key, purpose=b"browser.csrf hint 1")

    def issue(self, bound: Bound, *, until: int) -> str:
        """A fresh token (ASCII, about 110 characters) for one sending of the form, good until `until` (seconds since 1970)."""
        token_id = _IDS.take()
        hints = self._hints(token_id, bound)
        tag = self._tag.tag(b"1", b"%d" % until, token_id, hints, *bound.parts)
        return f"1.{until}.{_text(token_id)}.{_text(hints)}.{_text(tag)}"

    def open(self, raw_token: bytes, bound: Bound, *, now: float) -> Genuine | TokenFault:
        """What `raw_token` (untrusted, any bytes) is worth for `bound` at `now`. Does not know whether it was spent."""
        fields = raw_token.split(b".") if len(raw_token) <= 200 else []
        if len(fields) != 5 or fields[0] != b"1" or not (fields[1].isdigit() and len(fields[1]) <= 12):
            return TokenFault.GARBLED
        until, token_id, hints, tag = fields[1], _bytes(fields[2]), _bytes(fields[3]), _bytes(fields[4])
        if (len(token_id), len(hints), len(tag)) != (ID_BYTES, HINT_BYTES * len(_HINTED), TAG_BYTES):
            return TokenFault.GARBLED
        try:
            self._tag.require_tag(tag, b"1", until, token_id, hints, *bound.parts)
        except TagWrong:
            return self._misfit(token_id, hints, bound)
        if int(until) <= now:
            return TokenFault.EXPIRED
        return Genuine(token_id=token_id, until=int(until))

    def _hints(self, token_id: bytes, bound: Bound) -> bytes:
        # Against telling two tokens of one user apart from others': each hint depends on the token's own id.
        return b"".join(self._hint.tag(token_id, b"%d" % i, part)[:HINT_BYTES] for i, part in enumerate(bound.parts))

    def _misfit(self, token_id: bytes, hints: bytes, bound: Bound) -> TokenFault:
        here = self._hints(token_id, bound)
        for i, fault in enumerate(_HINTED):
            at = i * HINT_BYTES
            if hints[at : at + HINT_BYTES] != here[at : at + HINT_BYTES]:
                return fault
        return TokenFault.GARBLED


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bytes(text: bytes) -> bytes:
    """The bytes behind unpadded base64url, or b"" when it is none."""
    if not text or len(text) % 4 == 1 or text.translate(None, _ALPHABET):
        return b""
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
