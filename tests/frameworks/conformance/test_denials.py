"""Denials: every reason is met on every framework, and the client gets the same."""

from __future__ import annotations

import json
import sys
from enum import StrEnum

from ringwork.events import Outcome
from ringwork.pipeline import ORDER
from ringwork.words import Words
from tests.frameworks.conformance.answers import missing_headers
from tests.frameworks.conformance.conftest import kept
from tests.frameworks.conformance.denials import DENIALS, NOT_MET, Denial


def test_refuses_and_tells_and_shows_nothing(framework: str, denial: Denial) -> None:
    """Status, event, headers, incident number and effect of one reason are those of every other framework."""
    host = kept(framework, denial.settings)
    host.forget()
    otherwise = denial.otherwise(framework)
    control, reason, status = (
        (denial.control, denial.reason, denial.status) if otherwise is None else (otherwise.control, otherwise.reason, otherwise.status)
    )
    reply = denial.asks(host)
    told = [(event.control, event.reason, event.outcome) for event in host.events]
    outcome = Outcome.ERROR if control == "output.error-handling" else Outcome.DENIED
    assert (reply.status, told) == (status, [(control, reason, outcome)])
    assert missing_headers(reply, hsts=denial.hsts) == []
    problem = json.loads(reply.text)
    assert [problem["incident"]] == reply.all("incident-id") == [host.events[0].incident]
    assert problem["status"] == status
    assert host.effects.done == []


def test_every_reason_of_every_guard_is_met_or_accounted_for() -> None:
    """A reason that a guard gains needs a line here, or one that says where it is met."""
    declared = {
        f"{guard.control}/{reason.value}"
        for guard in ORDER
        for name, kind in vars(sys.modules[guard.plan.__module__]).items()
        if name.endswith("Reason") and issubclass(kind, StrEnum | Words)
        for reason in kind
    }
    met = {denial.name for denial in DENIALS}
    assert declared - met - set(NOT_MET) == set()
    assert met & set(NOT_MET) == set()
    assert set(NOT_MET) - declared == set()
