"""The proof of observation.security-event-logging: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest

from ringwork.prove.check import Check
from ringwork.prove.observation import security_event_logging as proof
from ringwork.survey.wire.client import Answer
from tests.prove import clinics, showing
from tests.prove.stand import FACTS, stand

CHECKS = clinics.checks_of("observation.security-event-logging")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """Every attack is made and fails, in effect as well as in status."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """With only that defence out the same attack succeeds, so a pass means something."""
    showing.falls(framework, check)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_says_why_nothing_is_known_of_an_application_without_ringwork(check: Check) -> None:
    """A log of somebody else's has no format that could be read, so nothing is claimed."""
    with stand() as shop:
        evidence = check.run(shop)
    assert evidence.not_verified
    assert "protect(app)" in evidence.unlock
    assert not evidence.observations


def test_claims_nothing_of_a_sink_that_cannot_be_read() -> None:
    """An application with a sink of its own may tell everything, or nothing: that is not known from here."""
    one = clinics.clinic("fastapi")
    guard = one.facts.guard
    assert guard is not None
    own = dataclasses.replace(guard, settings={**guard.settings, "events": "clinic.log:to_the_siem"})
    stage = one.stage()
    stage.facts = dataclasses.replace(one.facts, guard=own)
    try:
        evidence = next(check for check in CHECKS if check.id.endswith("event-per-attack")).run(stage)
    finally:
        stage.close()
    assert "clinic.log:to_the_siem" in evidence.not_verified


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"control": "browser.csrf"}, "it names browser.csrf"),
        ({"status": 200}, "it says 200"),
        ({"outcome": "allowed"}, "allowed"),
        ({"request": None}, "request id"),
        ({"principal": None}, "nobody as the user"),
        ({"client": ""}, "nobody was asking"),
        ({"at": "2026-01-01T00:00:00.000+00:00"}, "its time is"),
        ({"at": "yesterday"}, "its time is"),
        ({"route": "GET /other"}, "GET /other"),
        ({"event": "login failed"}, "no name of the vocabulary"),
        ({"level": "LOUD"}, "no name of the vocabulary"),
        ({}, ""),
    ],
)
def test_finds_each_fault_of_an_event(changed: dict[str, Any], told: str) -> None:
    """An event that is there and wrong misleads more than none."""
    where = FACTS.routes[0]
    event = {
        **dict.fromkeys(proof.FIELDS, ""),
        "event": "authz_fail:ada,GET /",
        "level": "CRITICAL",
        "control": "access.deny-by-default",
        "status": 403,
        "outcome": "denied",
        "request": "req-1",
        "principal": "ada",
        "client": "127.16.0.1",
        "peer": "127.16.0.1",
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
        "route": where.name,
    }
    answer = Answer(status=403, reason="", http_version="1.1", headers=[], body=b"", request=b"", answer=b"")
    attack = proof.Attack(name="wrong role", control="access.deny-by-default", who="ada", where=where, send=lambda number: answer)
    found = "; ".join(proof._wrong({**event, **changed}, attack, answer, "req-1"))
    assert told in found
    assert bool(told) == bool(found)


def test_misses_a_field_that_is_not_there() -> None:
    """A record with half of the fields is not the documented one."""
    answer = Answer(status=403, reason="", http_version="1.1", headers=[], body=b"", request=b"", answer=b"")
    attack = proof.Attack(name="no login", control="access.deny-by-default", who="", where="a page", send=lambda number: answer)
    assert "principal" in "; ".join(proof._wrong({"v": 2}, attack, answer, "req-1"))
