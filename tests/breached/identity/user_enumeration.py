"""The clinic whose login tells that nobody has a name, before it looks at any password."""

from __future__ import annotations

from examples.clinic import desk, domain

CONTROL = "identity.user-enumeration"
WITHOUT = ()
"""No guard stands in its place; the clinic's own login is put out by `replace`."""

_true = desk.sign_in


def telling(username: str, raw_password: str, raw_old_key: str | None) -> tuple[domain.User, str] | None:
    """What people write for the sake of users who mistyped their name."""
    with desk.STORE.reading() as db:
        if domain.account(db, username) is None:
            raise domain.Invalid("There is no such user.")
    return _true(username, raw_password, raw_old_key)


def replace() -> None:
    """Let the clinic sign people in by it."""
    desk.sign_in = telling
