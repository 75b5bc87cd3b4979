"""Users signed in once, in a folder from which unaltered copies begin: a login is the dearest request of a proof, and it makes hundreds.

Against a verdict that leans on a session which is none: each is shown to open a page that nobody else is shown when it is made, and is
asked for that page again on the copy where it is used, before it is used; where it opens nothing its user signs in as always. It belongs
to one browser of one copy. What is asked about logins themselves signs in anew (`Served.login`), and so does every altered copy.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ringwork.prove import witness
from ringwork.survey.facts import AppFacts
from ringwork.survey.wire.client import Client
from ringwork.survey.wire.entry import DeclaredUser

EACH = 2
"""Sessions of one user: one for the browser that looks round, one for the check's own."""

MOST_SECONDS = 90.0
"""Older ones are made anew: applications ask again after minutes, and note in their stores that a session is still in use."""

_MOST_PAGES, _MOST_FAILURES = 8, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login that was kept. browser: as it left it. path: a page that opens with it and not without it."""

    user: str
    browser: Client
    path: str

    def lend(self, client: Client) -> bool:
        """Give `client` the session; whether the page opens with it there. Takes it back where it does not."""
        client.take_login(self.browser)
        with contextlib.suppress(OSError):
            if client.page(self.path).status == 200:
                return True
        client.drop_login()
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A folder in which users are signed in. accounts: those that were registered in it, by name. made: by the monotonic clock."""

    place: Path
    sessions: tuple[Session, ...]
    accounts: Mapping[str, DeclaredUser]
    made: float

    def of(self, user: str) -> list[Session]:
        """The sessions of one user."""
        return [session for session in self.sessions if session.user == user]


class Keeper:
    """Hands out the folder, made anew when it is too old. make: signs everybody in; None where nothing can be kept."""

    def __init__(self, make: Callable[[], Signed | None], signed: Signed | None) -> None:
        self._make, self._signed = make, signed
        self._failures = dict[str, int]()
        self._lock = threading.Lock()

    def signed(self) -> Signed | None:
        """Where an unaltered copy may begin now; None where sessions do not outlive their process."""
        with self._lock:
            if self._signed is None or not any(self._is_good(session.user) for session in self._signed.sessions):
                return None
            if time.monotonic() - self._signed.made > MOST_SECONDS:
                self._signed = self._make()
            return self._signed

    def sessions_of(self, signed: Signed, user: str) -> list[Session]:
        """The sessions of a user; none once they were seen to open nothing."""
        return signed.of(user) if self._is_good(user) else []

    def note_failure(self, user: str) -> None:
        """A session of this user opened nothing on a copy that had only begun."""
        self._failures[user] = self._failures.get(user, 0) + 1

    def _is_good(self, user: str) -> bool:
        return self._failures.get(user, 0) < _MOST_FAILURES


def opened(client: Client, nobody: Client, facts: AppFacts) -> str:
    """A page that this browser is shown and nobody else; "" where the first few are no such page."""
    for path in _pages(facts):
        with contextlib.suppress(OSError):
            if client.page(path).status == 200 and not witness.is_served(nobody.page(path)):
                return path
    return ""


def _pages(facts: AppFacts) -> Iterable[str]:
    """Paths without parameters, those first that say whom they want."""
    plain = [route for route in witness.reads(facts) if "{" not in route.path and not witness.is_entrance(route.path)]
    plain.sort(key=lambda route: not (route.rule in {"requires", "own"} or route.guarded_by))
    return [route.path for route in plain[:_MOST_PAGES]]
