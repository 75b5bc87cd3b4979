"""The clinic without constant-time-comparison: keys to logins are kept in clear, and compared letter by letter up to the first wrong one.

A plain loop over 43 letters ends within two microseconds, which no probe over HTTP sees. Here each letter goes through a slow step first,
as in code that means to make guessing slow by stretching what it compares piece by piece: the early exit is then as loud as it is wrong.
"""

from __future__ import annotations

import hashlib

from sqlalchemy.orm import Session

from examples.clinic import sessions
from examples.clinic.domain import User

CONTROL = "data.constant-time-comparison"
WITHOUT = ()
"""No guard stands in its place; the clinic's component is put out by `replace`."""

_kept: list[str] = []
_issue, _find = sessions.issue_login, sessions.find_login


def _stretched(letter: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", letter.encode("utf-8", "replace"), b"", 500)


def _is_same(kept: str, claimed: str) -> bool:
    for a, b in zip(kept, claimed, strict=False):
        if _stretched(a) != _stretched(b):
            return False
    return len(kept) == len(claimed)


def issue_login(db: Session, user: User, raw_old_key: str | None, now: float) -> str:
    """As the clinic's own, and the key is kept."""
    key = _issue(db, user, raw_old_key, now)
    _kept.append(key)
    return key


def find_login(db: Session, raw_key: str | None, now: float) -> sessions.Login | None:
    """The login of the first kept key that is the same."""
    found = next((kept for kept in _kept if raw_key and _is_same(kept, raw_key)), None)
    return _find(db, found, now)


def replace() -> None:
    """Let the clinic compare so."""
    sessions.issue_login, sessions.find_login = issue_login, find_login
