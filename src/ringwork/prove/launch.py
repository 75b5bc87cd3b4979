"""Makes variants of the target and ends every one of them."""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ringwork.errors import TargetFailed
from ringwork.prove.process import Change, Copy, Loaded
from ringwork.prove.running import Running, browser
from ringwork.prove.target import Target
from ringwork.survey import facts
from ringwork.survey.wire import forge, masking


class Launcher:
    """Makes variants: forks of one copy where the machine and the target allow it, else a new import each."""

    def __init__(self, target: Target, *, extra: Mapping[str, str], kernel: bool = True) -> None:
        self.target, self.extra, self.kernel, self.users_from, self.anybody = target, extra, kernel, "", False
        self.authority = forge.make_authority()
        self.first = Copy(target, extra=extra, kernel=kernel)
        self._open: list[Running] = []
        self._lock = threading.Lock()
        self._numbers = itertools.count()

    def load(self, users_from: str = "", *, anybody: bool = False) -> Loaded:
        """Import the target, have users made in it, and hand back the facts."""
        self.begin(users_from)
        return self.settle(anybody=anybody)

    def begin(self, users_from: str = "") -> Loaded:
        """Import the target, and let the project's function make its users: the facts are known. Raises TargetFailed."""
        self.users_from = users_from
        return self.first.begin(users_from)

    def settle(self, passwords: Sequence[str] = (), *, anybody: bool = False) -> Loaded:
        """Make everything else ready: the framework's own users where nobody made any. passwords: of those that the project declares.

        anybody: no user is declared, so accounts that the copy holds by itself are to sign in.
        """
        self.anybody = anybody
        return self.first.settle(passwords, anybody=anybody)

    def learn(self, running: Running, passwords: Sequence[str]) -> None:
        """Let every later variant know what these passwords were hashed to in this one."""
        found = running.ask(f"hashed {json.dumps(list(passwords))}")
        if found and self.first.loaded is not None and self.first.loaded.private:
            self.first.learn(found)

    def warm_up(self) -> None:
        """Let one variant start and answer once; what it keeps by then is where every later one begins.

        Against stores that differ because each start fills them anew with other salts and times.
        """
        running = self.run(Change(probes=False))
        try:
            with contextlib.suppress(OSError):
                browser(running).get("/")
            self._find_accounts(running)
            # Against a report that shows a password or a key of somebody who signs in nowhere.
            masking.learn(running.ask("withheld"))
            place = self.first.folder / "warm"
            running.settle(place)
            self.first.template = place
        finally:
            self.end(running)

    def _find_accounts(self, running: Running) -> None:
        """Where nobody is known yet: accounts that the application makes by starting, as `lifespan` may."""
        loaded = self.first.loaded
        if loaded is not None and loaded.held == ():
            found = running.ask("accounts")
            self.first.loaded = replace(loaded, held=tuple(found["held"]), refused=(*loaded.refused, *found["refused"]))

    def keep(self, running: Running) -> Path | None:
        """End a variant and keep its folder for others to begin from; None where variants have no folders that outlive them."""
        loaded = self.first.loaded
        if loaded is None or not loaded.private:
            return None
        place = self.first.folder / f"kept-{next(self._numbers)}"
        running.settle(place)
        return place

    def run(self, change: Change, begins: Path | None = None) -> Running:
        """Start a variant, in a folder as `begins` is, else as it was after the first start. Raises TargetFailed."""
        loaded = self.first.loaded
        if loaded is None:
            raise TargetFailed(step="import", problem="nothing was imported yet", advice="this is a fault of ringwork; report it")
        host = host_of(loaded.facts)
        renew = None if loaded.private else self._new_copy
        running = Running(self.first, change, host=host, authority=self.authority, renew=renew, begins=begins)
        with self._lock:
            self._open.append(running)
        return running

    def _new_copy(self) -> Copy:
        # Without private mounts two variants would write the same files; each gets a tree and an import of its own.
        warmed = self.first.template if self.first.template != self.first.tree else None
        copy = Copy(self.target, extra=self.extra, kernel=self.kernel, source=warmed)
        try:
            copy.load(self.users_from, anybody=self.anybody)
        except BaseException:
            copy.close()
            raise
        return copy

    def end(self, running: Running) -> None:
        """End one variant."""
        with self._lock:
            if running in self._open:
                self._open.remove(running)
        running.close()

    def close(self) -> None:
        """End everything that was started, and remove what was written."""
        for running in list(self._open):
            self.end(running)
        self.first.close()


def host_of(found: facts.AppFacts) -> str:
    """The host name under which a copy is spoken to: the policy's canonical one, else localhost."""
    origin = found.guard.origin if found.guard is not None else ""
    host = origin.partition("://")[2] or _allowed(found)
    return host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host or "localhost"


def _allowed(found: facts.AppFacts) -> str:
    """The first name that Django itself serves, where its settings leave localhost out."""
    given = found.settings.get("ALLOWED_HOSTS")
    names = [str(name) for name in given] if isinstance(given, list) else []
    exact = [name for name in names if not name.startswith((".", "*", "["))]
    return "" if "*" in names or "localhost" in names or not exact else exact[0]
