"""The proof of data.key-management: proven on the guarded clinics, violated on the breached ones; and what it says of single keys."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ringwork.prove.check import Check
from ringwork.prove.data import key_management
from ringwork.prove.evidence import Evidence, Outcome
from ringwork.survey.facts import AppFacts, KeyFacts
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("data.key-management")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """Its keys are random, each for one purpose, and can be replaced."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """Known keys are named, and a rotation that changes nothing is seen to change nothing."""
    showing.falls(framework, check)


# -- single keys -------------------------------------------------------------------------------------------------

GOOD = KeyFacts(name="SECRET_KEY", purpose="sessions", length=43, bits=258)


def looked(*keys: KeyFacts) -> Evidence:
    """What the look at these keys says."""
    facts = AppFacts(target="shop:app", framework="flask", framework_version="3", root="", routes=(), keys=keys)
    stage: Any = type("Looking", (), {"facts": facts})
    return key_management.key_quality(stage)


@pytest.mark.parametrize(
    ("change", "attack"),
    [
        ({"bits": 80}, key_management.SHORT),
        ({"familiar": "a word that stands in every tutorial"}, key_management.KNOWN),
        ({"source": "source", "file": "app.py", "line": 3}, key_management.IN_SOURCE),
        ({"same_as": ("JWT_SECRET_KEY",)}, key_management.SHARED),
        ({"until": "2020-01-31"}, key_management.PAST),
    ],
)
def test_names_each_fault_of_a_key(change: dict[str, Any], attack: str) -> None:
    """Short, known, in the code, shared or past its time: each by itself."""
    found = [o for o in looked(dataclasses.replace(GOOD, **change)).observations if o.outcome is Outcome.BROKEN]
    assert [(o.attack, o.where, o.file, o.line) for o in found] == [(attack, "SECRET_KEY", change.get("file", ""), change.get("line", 0))]


def test_lets_a_good_key_pass() -> None:
    """Random, alone, and given from outside."""
    assert [o.outcome for o in looked(GOOD).observations] == [Outcome.HELD]


def test_says_that_a_key_in_hardware_was_not_seen() -> None:
    """What a module does not hand out cannot be measured, and is no pass."""
    evidence = looked(dataclasses.replace(GOOD, name="root pkcs11", length=0, bits=0, held_by="pkcs11"))
    assert "pkcs11" in evidence.not_verified


def test_has_nothing_to_say_without_keys() -> None:
    """An application without keys has none to keep."""
    assert looked().not_applicable
