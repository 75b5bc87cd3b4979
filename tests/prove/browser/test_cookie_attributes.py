"""The proof of browser.cookie-attributes: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

import pytest

from ringwork.prove.browser import cookie_attributes
from ringwork.prove.check import Check
from ringwork.prove.evidence import Outcome
from ringwork.survey.facts import AppFacts
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("browser.cookie-attributes")


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


@pytest.mark.parametrize("value", ["", '""'])
def test_a_cookie_that_is_deleted_keeps_nothing(value: str) -> None:
    """Django writes quotes around nothing, and leaves Secure and HttpOnly out where it deletes."""
    facts = AppFacts(target="t", framework="django", framework_version="5", root="", routes=())
    assert cookie_attributes._judged(facts, "logout", f"sessionid={value}; Max-Age=0; Path=/", None).outcome is Outcome.HELD
    assert cookie_attributes._judged(facts, "logout", "sessionid=1; Max-Age=9; Path=/", None).outcome is Outcome.BROKEN


REST = "; Secure; SameSite=Lax; Path=/"


@pytest.mark.parametrize(
    ("line", "told", "severity"),
    [
        (f"sessionid=1{REST}; HttpOnly", "no __Host- prefix", "low"),
        (f"sessionid=1{REST}", "no HttpOnly", ""),
        (f"csrftoken=1{REST}", "no __Host- prefix", "low"),
        ("csrftoken=1; SameSite=Lax; Path=/", "no Secure", ""),
    ],
)
def test_grades_what_is_missing(line: str, told: str, severity: str) -> None:
    """A form's token is read by scripts that send it along, so HttpOnly is none of its attributes; a missing prefix alone is little."""
    facts = AppFacts(target="t", framework="django", framework_version="5", root="", routes=())
    found = cookie_attributes._judged(facts, "login", line, None)
    assert (found.outcome, found.severity) == (Outcome.BROKEN, severity)
    assert told in found.detail
    assert ("HttpOnly" in found.detail) is (told == "no HttpOnly")
