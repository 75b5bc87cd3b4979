"""Whether what was read can be done: a flow with a route and an entry is attacked on the running copy.

Against a list of might-be: what was confirmed stands apart from what was only read, and can be repeated by its request. An attack that
shows nothing takes nothing back: the reader may know a way that this request does not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from ringwork.errors import TargetFailed
from ringwork.prove import witness
from ringwork.prove.asking import Asker, Entering, askers
from ringwork.prove.attacking import MAKERS, Attack, Seen
from ringwork.prove.check import Served, Stage
from ringwork.prove.evidence import Exchanged
from ringwork.prove.witness import Cast, shown
from ringwork.survey.flows import Flow
from ringwork.survey.wire.client import Answer

MOST = 25
"""Flows of one check that are attacked; a project with more has other worries first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """An attack that worked. said: what shows it. control: the same request with a harmless value, where it was answered."""

    said: str
    route: str
    exchanged: Exchanged
    control: Exchanged | None


class Confirmer:
    """The attacks of one check, on the stage's copy, which is started by the first of them."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._cast: Cast | None = None
        self._left = MOST

    def confirm(self, flow: Flow) -> Confirmed | None:
        """The first attack that works; None where none does, or none can be made."""
        routes = {route.name for route in self._stage.facts.routes}
        if not routes & set(flow.routes) or flow.kind not in MAKERS or self._left < 1 or self._stage.only_reads:
            return None
        self._left -= 1
        try:
            self._cast = self._cast or Cast(self._stage)
            for asker in askers(self._cast, flow.routes, flow.entry):
                found = self._by(asker, flow.kind, self._cast.served)
                if found is not None:
                    return found
        except (TargetFailed, OSError):
            pass  # a copy that cannot be started or asked confirms nothing; what was read stands
        return None

    def _by(self, asker: Asker | Entering, kind: str, served: Served) -> Confirmed | None:
        mark = witness.marker()
        served.watch(mark)
        # A word that is no place is taken for the name of a page by some, and nothing is answered.
        control = _asked(asker, f"{'/' if kind == 'redirect' else ''}{witness.marker()}")
        # A login answers 401 to a wrong name, and is attacked all the same.
        if control is None or control.status == 405 or witness.leads_to_login(control):
            return None
        kept = shown(control, asker.name) if witness.is_served(control) else None
        with _planted(served, mark) as (file, secret):
            for attack in MAKERS[kind](mark, file):
                found = _made(asker, attack, served, mark, secret)
                if found is not None:
                    said, answer = found
                    return Confirmed(said=said, route=asker.route.name, exchanged=shown(answer, asker.name), control=kept)
        return None


def _made(asker: Asker | Entering, attack: Attack, served: Served, mark: str, secret: str) -> tuple[str, Answer] | None:
    """One attack: what shows that it worked, and the answer; None where nothing does."""
    served.watch(mark)
    before = len(served.records())
    answer = _asked(asker, attack.value)
    if answer is None:
        return None
    said = attack.judge(Seen(answer=answer, noticed=served.watched(), records=served.records()[before:], secret=secret))
    return (said, answer) if said else None


def _asked(asker: Asker | Entering, value: str) -> Answer | None:
    with contextlib.suppress(OSError, TargetFailed, ValueError):
        return asker.ask(value)
    return None


@contextlib.contextmanager
def _planted(served: Served, mark: str) -> Iterator[tuple[str, str]]:
    """A file in the working folder of the copy: its whole path, and the text that nothing else holds."""
    path, secret = served.folder / f"{mark}.txt", witness.marker()
    path.write_text(secret, encoding="ascii")
    try:
        yield str(path), secret
    finally:
        path.unlink(missing_ok=True)
