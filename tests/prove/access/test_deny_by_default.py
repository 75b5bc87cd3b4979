"""The proof of access.deny-by-default: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove.access import deny_by_default
from ringwork.prove.check import Check
from ringwork.survey.facts import RouteFacts
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("access.deny-by-default")


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


def _route(method: str, path: str) -> RouteFacts:
    return RouteFacts(kind="http", path=path, methods=(method,), handler="shop.handler")


@pytest.mark.parametrize(
    ("path", "answering"), [("/parcels/move", ["POST /parcels/move", "DELETE /parcels/{id}"]), ("/notes", ["POST /notes"])]
)
def test_counts_the_methods_of_every_template_that_takes_a_path(path: str, answering: list[str]) -> None:
    """DELETE /parcels/move is the honest DELETE of /parcels/{id}, and no method that was smuggled past a list."""
    routes = (_route("POST", "/parcels/move"), _route("DELETE", "/parcels/{id}"), _route("POST", "/notes"))
    stage: Any = SimpleNamespace(facts=SimpleNamespace(routes=routes))
    mine = [route for route in routes if route.path == path]
    assert [route.name for route in deny_by_default.answering(stage, mine, path)] == answering
