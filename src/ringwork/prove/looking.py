"""Checks that need nothing but the facts are made before anybody signs in, so that what they find is told in the first seconds.

Against a finding that depends on when it was looked for: whatever asks for a copy, a user or the source is put off, and made with them.
"""

from __future__ import annotations

import time
from typing import Any, cast

from ringwork.prove import judge
from ringwork.prove.check import Check, Kind, Stage
from ringwork.prove.evidence import Verdict
from ringwork.prove.group import Tried
from ringwork.survey.facts import AppFacts

KINDS = frozenset({Kind.CONFIG, Kind.ROUTES})
"""Kinds of checks that may need no more."""


class _PutOffError(Exception):
    """The check needs more than facts."""


class _Facts:
    """A stage on which nothing was built yet."""

    brief = only_reads = False

    def __init__(self, facts: AppFacts, *, quick: bool) -> None:
        self.facts, self.quick, self.is_asked = facts, quick, False

    def __getattr__(self, name: str) -> Any:
        self.is_asked = True
        raise _PutOffError(name)


def look(check: Check, facts: AppFacts, *, quick: bool) -> Tried | None:
    """What the check makes of the facts alone; None where it has to be made later.

    That is where it asks for more, where it fails, and where what it proved has yet to be shown able to fail (not quick).
    """
    stage, began = _Facts(facts, quick=quick), time.monotonic()
    try:
        evidence = check.run(cast("Stage", stage))
    except Exception:  # noqa: BLE001  # it is made again, and then tells what is wrong
        return None
    verdict = judge.first_verdict(evidence)
    if stage.is_asked or (verdict is Verdict.PROVEN and not quick):
        return None
    return Tried(check=check, evidence=evidence, verdict=verdict, seconds=time.monotonic() - began)
