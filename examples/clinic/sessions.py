"""Signing in and staying signed in: sessions live in the database, the browser holds only a random key to one.

Against a stolen table of sessions: keys are stored hashed. Against session fixation: signing in always makes a new key.
Times are seconds since 1970 and passed in. Source: OWASP Session Management Cheat Sheet; ASVS 5.0, 7.2 to 7.4.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from examples.clinic.domain import Base, User
from ringwork.crypto import chance

IDLE = timedelta(minutes=30).total_seconds()
ABSOLUTE = timedelta(hours=12).total_seconds()
TOUCH = timedelta(minutes=5).total_seconds()
"""Use is noted at most this often, so that reading a page seldom writes; idle users are out after 25 to 30 minutes."""


class Login(Base):
    """One signed-in browser. digest: SHA-256 of its key, hexadecimal. handle: names the login where the key must not appear."""

    __tablename__ = "logins"
    digest: Mapped[str] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    started: Mapped[float]
    used: Mapped[float]
    user: Mapped[User] = relationship(lazy="joined")


def issue_login(db: Session, user: User, raw_old_key: str | None, now: float) -> str:
    """Sign `user` in; returns the new key (43 characters, base64url, 256 random bits), which is kept nowhere else.

    raw_old_key: what the browser brought along; that login ends, whoever it belonged to.
    """
    # Against session fixation: a key from before signing in must not outlive it.
    end_login(db, raw_old_key)
    db.execute(delete(Login).where((Login.used <= now - IDLE) | (Login.started <= now - ABSOLUTE)))
    key = chance.issue_token()
    db.add(Login(digest=_digest(key), handle=chance.issue_id(), user_id=user.id, started=now, used=now))
    db.flush()
    return key


def find_login(db: Session, raw_key: str | None, now: float) -> Login | None:
    """The login behind a key, while it lasts: at most 30 minutes idle and 12 hours in all, and its user not blocked."""
    if not raw_key:
        return None
    found = db.scalar(select(Login).where(Login.digest == _digest(raw_key)))
    if found is None or found.user.blocked or now - found.used >= IDLE or now - found.started >= ABSOLUTE:
        return None
    return found


def needs_touch(login: Login, now: float) -> bool:
    """Whether it is time to note that this login is in use."""
    return now - login.used >= TOUCH


def touch_login(db: Session, raw_key: str, now: float) -> None:
    """Note that the login is in use, if it still lasts."""
    found = find_login(db, raw_key, now)
    if found is not None:
        found.used = now


def end_login(db: Session, raw_key: str | None) -> None:
    """Sign out: the key opens nothing any more, on this server or another that shares the database."""
    if raw_key:
        db.execute(delete(Login).where(Login.digest == _digest(raw_key)))


def end_all_logins(db: Session, user: User) -> None:
    """Sign `user` out everywhere."""
    db.execute(delete(Login).where(Login.user_id == user.id))


def _digest(raw_key: str) -> str:
    return hashlib.sha256(raw_key.encode("utf-8", "surrogatepass")).hexdigest()
