"""The clinic without secure-randomness: keys to logins are a hash of a counter, which look random and are anybody's to compute."""

from __future__ import annotations

import hashlib
import itertools

from examples.clinic import sessions

CONTROL = "data.secure-randomness"
WITHOUT = ()
"""No guard stands in its place; the clinic's component is put out by `replace`."""

_count = itertools.count(1)


class Guessable:
    """What people write in place of ringwork.crypto.chance."""

    def issue_token(self) -> str:
        """43 characters that look like chance."""
        return hashlib.sha256(str(next(_count)).encode()).hexdigest()[:43]

    issue_id = issue_token


def replace() -> None:
    """Let the clinic's logins draw from it."""
    sessions.chance = Guessable()  # type: ignore[attr-defined, assignment]  # a module is replaced by what has its functions
