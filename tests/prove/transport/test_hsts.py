"""The proof of transport.hsts: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove import judge
from ringwork.prove.check import Check
from ringwork.prove.evidence import Verdict
from ringwork.prove.transport import hsts
from ringwork.survey.facts import AppFacts
from tests.prove import clinics, showing, unguarded

CHECKS = clinics.checks_of("transport.hsts")


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


def test_finds_a_short_and_a_missing_header() -> None:
    """One page that says five minutes, and everything else that says nothing."""
    with unguarded.serving(unguarded.REDIRECTING) as stage:
        found = unguarded.broken(hsts.header_on_all_responses(stage))
        assert "less than a year" in found["header of a page (200)"]
        assert "missing" in found["header of a missing page (404)"]
        assert judge.first_verdict(hsts.framework_setting(stage)) is Verdict.NOT_VERIFIED  # what is missing is told once, above


@pytest.mark.parametrize(
    ("settings", "middleware", "verdict"),
    [
        ({"SECURE_HSTS_SECONDS": 31536000, "SECURE_HSTS_INCLUDE_SUBDOMAINS": True}, ("SecurityMiddleware",), Verdict.PROVEN),
        ({"SECURE_HSTS_SECONDS": 300, "SECURE_HSTS_INCLUDE_SUBDOMAINS": True}, ("SecurityMiddleware",), Verdict.VIOLATED),
        ({"SECURE_HSTS_SECONDS": 31536000}, (), Verdict.NOT_VERIFIED),
        ({"SECURE_HSTS_SECONDS": 0}, ("SecurityMiddleware",), Verdict.NOT_VERIFIED),
    ],
)
def test_reads_what_django_is_told(settings: dict[str, Any], middleware: tuple[str, ...], verdict: Verdict) -> None:
    """The setting counts where the middleware stands that heeds it; where nothing asks for the header, answers say what they carry."""
    facts = AppFacts(target="t", framework="django", framework_version="5", root="", routes=(), settings=settings, middleware=middleware)
    assert judge.first_verdict(hsts.framework_setting(SimpleNamespace(facts=facts))) is verdict  # type: ignore[arg-type]  # facts are all it reads


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["max-age=31536000; includeSubDomains"], ""),
        (['Max-Age="63072000" ; IncludeSubdomains; preload'], ""),
        ([], "missing"),
        (["max-age=63072000; includeSubDomains"] * 2, "2 headers"),
        (["max-age=31535999; includeSubDomains"], "less than a year"),
        (["includeSubDomains"], "max-age is missing"),
        (["max-age=63072000"], "subdomains"),
    ],
)
def test_reads_the_value_as_browsers_do(values: list[str], told: str) -> None:
    """Once, a year or more, subdomains; letter case and quotes do not matter."""
    fault = hsts._fault(values)  # the judgement alone, without a copy for each value
    assert (told in fault) if told else not fault
