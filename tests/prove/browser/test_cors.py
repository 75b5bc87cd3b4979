"""The proof of browser.cors: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove.browser import cors
from ringwork.prove.check import Check
from ringwork.prove.evidence import Outcome
from ringwork.survey.facts import AppFacts, GuardFacts, RouteFacts
from ringwork.survey.wire.client import Answer
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("browser.cors")


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


def facts(
    *, rule: str = "requires", guarded_by: tuple[str, ...] = (), told: dict[str, Any] | None = None, settings: dict[str, Any] | None = None
) -> AppFacts:
    """An application with one route and these layers; guarded when `told` gives ringwork's own settings."""
    route = RouteFacts(kind="http", path="/api/notes", methods=("GET",), handler="app.notes", rule=rule, guarded_by=guarded_by)
    guard = GuardFacts(mode="enforce", controls=("browser.cors",), origin="", hosts=(), identify="", settings={"cors": told or {}})
    return AppFacts(
        target="app",
        framework="flask",
        framework_version="0",
        root="",
        routes=(route,),
        settings=settings or {},
        guard=None if told is None else guard,
    )


def looked(found: AppFacts) -> list[tuple[Outcome, str]]:
    """What the look at the settings says, and where."""
    stage: Any = SimpleNamespace(facts=found)
    return [(o.outcome, o.where) for o in cors.middleware_settings(stage).observations]


EXACT = {"allow_origins": ["https://app.example", "http://localhost:3000"], "allow_credentials": True}


@pytest.mark.parametrize(
    ("found", "where"),
    [
        (facts(), "the application's layers"),
        (facts(settings={"CORSMiddleware": EXACT}), "CORSMiddleware"),
        (facts(rule="public", settings={"CORSMiddleware": {"allow_origins": ["*"]}}), "CORSMiddleware"),
        (facts(settings={"flask-cors": [{"resource": "pattern /open/.*", "origins": ["*"]}]}), "flask-cors pattern /open/.*"),
        (facts(settings={"flask-cors": [{"resource": "view prices", "origins": ["*"]}]}), "flask-cors view prices"),
        (facts(told={"origins": ["https://app.example"]}), "policy: browser.cors"),
        (facts(told={"public_routes": [{"route": "GET /prices", "reason": "they hang in the window"}]}), "policy: browser.cors"),
    ],
)
def test_holds_for_settings_that_share_exactly(found: AppFacts, where: str) -> None:
    """Exact origins, or everybody's data without cookies."""
    assert looked(found) == [(Outcome.HELD, where)]


@pytest.mark.parametrize(
    ("found", "where"),
    [
        (facts(settings={"CORSMiddleware": {"allow_origins": ["*"], "allow_credentials": True}}), "CORSMiddleware"),
        (facts(rule="public", settings={"CORSMiddleware": {"allow_origins": "*", "allow_credentials": True}}), "CORSMiddleware"),
        (facts(settings={"CORSMiddleware": {"allow_origin_regex": "https://.*"}}), "CORSMiddleware"),
        (facts(rule="", guarded_by=("login_required",), settings={"CORSMiddleware": {"allow_origins": ["*"]}}), "CORSMiddleware"),
        (facts(settings={"CORSMiddleware": {"allow_origins": ["null"]}}), "CORSMiddleware"),
        (facts(settings={"flask-cors": [{"resource": "/*", "origins": ["*"]}]}), "flask-cors /*"),
        (facts(settings={"flask-cors": [{"resource": "pattern /api/.*", "origins": ["pattern .*"]}]}), "flask-cors pattern /api/.*"),
        (facts(settings={"flask-cors": [{"resource": "pattern (", "origins": ["*"]}]}), "flask-cors pattern ("),
        (facts(settings={"flask-cors": [{"resource": "view notes", "origins": ["*"]}]}), "flask-cors view notes"),
        (facts(told={"routes": [{"route": "GET /", "origins": ["*"]}]}), "policy: browser.cors"),
        (facts(told={"public_routes": [{"route": "GET /prices", "reason": " "}]}), "policy: browser.cors"),
    ],
)
def test_falls_for_settings_that_share_widely(found: AppFacts, where: str) -> None:
    """Wildcards and patterns with cookies, or over a route that asks who is there."""
    assert looked(found) == [(Outcome.BROKEN, where)]


ASKED, TOLD = b"GET / HTTP/1.1\r\n\r\n", b"OPTIONS / HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize(
    ("request_line", "headers", "opens"),
    [
        (ASKED, {}, False),
        (ASKED, {"access-control-allow-origin": "*"}, False),
        (ASKED, {"access-control-allow-origin": "https://app.example", "vary": "Accept, Origin"}, False),
        (ASKED, {"access-control-allow-origin": "https://app.example"}, True),
        (ASKED, {"access-control-allow-origin": "https://evil.invalid", "vary": "Origin"}, True),
        (ASKED, {"access-control-allow-origin": "*", "access-control-allow-credentials": "true"}, True),
        (TOLD, {"access-control-allow-origin": "*"}, True),
        (TOLD, {"access-control-allow-private-network": "true"}, True),
    ],
)
def test_reads_headers_as_a_browser_does(request_line: bytes, headers: dict[str, str], opens: bool) -> None:
    """Only what really lets a page of that origin in, or hands a permission on, counts."""
    answer = Answer(
        status=200,
        reason="OK",
        http_version="1.1",
        headers=[(name.encode(), value.encode()) for name, value in headers.items()],
        body=b"",
        request=request_line,
        answer=b"",
    )
    assert bool(cors._opens(answer, "https://evil.invalid", is_public=False)) is opens  # the judgement itself
