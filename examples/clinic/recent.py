"""Which patients somebody opened last: kept in their own browser, where nobody reads it, and no other login can use it.

Against a cookie that tells whose record was read, to whoever finds the browser open or the traffic logged: it is sealed, and bound to
the person. Its length never changes. A new key at each start forgets them.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import ringwork
from ringwork.crypto import chance, sealing
from ringwork.crypto.places import Place
from ringwork.errors import SealBroken
from ringwork.secret import Secret

COOKIE = "recent"
MOST, _BYTES = 5, 8


@functools.cache
def _cipher() -> sealing.Cipher:
    return sealing.Cipher(Secret(chance.random_bytes(32)), kid=1, table="cookies", column=COOKIE)


def _place() -> Place:
    principal = ringwork.current().principal
    return Place(table="cookies", column=COOKIE, row=(principal.id if principal else "",))


def remember(raw_cookie: str | None, patient_id: int) -> str:
    """The new value of the cookie (untrusted until now): this patient first, then those before, at most five."""
    known = [patient_id, *(one for one in recall(raw_cookie) if one != patient_id)][:MOST]
    text = b"".join(one.to_bytes(_BYTES, "big") for one in known).ljust(MOST * _BYTES, b"\x00")
    return sealing.to_text(_cipher().seal(text, _place()))


def recall(raw_cookie: str | None) -> Sequence[int]:
    """Numbers of patients, the last one first; none for a cookie that is no longer to be opened, whatever is wrong with it."""
    if not raw_cookie:
        return ()
    try:
        text = _cipher().open(sealing.from_text(raw_cookie), _place())
    except SealBroken:
        return ()
    found = (int.from_bytes(text[at : at + _BYTES], "big") for at in range(0, len(text), _BYTES))
    return tuple(one for one in found if one)
