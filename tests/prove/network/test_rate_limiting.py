"""The proof of network.rate-limiting: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

import ast
from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove import judge
from ringwork.prove.check import Check
from ringwork.prove.evidence import Evidence, Outcome, Verdict
from ringwork.prove.network import rate_limiting
from ringwork.survey.facts import AppFacts, RouteFacts
from tests.house import graph
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("network.rate-limiting")


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


# -- applications without ringwork --------------------------------------------------------------------------

NOTES = RouteFacts(kind="http", path="/notes", methods=("GET",), handler="app.notes")
INNER = RouteFacts(kind="http", path="/inner", methods=("GET",), handler="app.make_app.<locals>.inner")


def of_foreign(*routes: RouteFacts, limiter: dict[str, Any] | None = None) -> Evidence:
    """The look at the classes of an application that is guarded by others, or by nobody."""
    facts = AppFacts(
        target="app:app",
        framework="flask",
        framework_version="3",
        root="",
        routes=routes,
        settings={} if limiter is None else {"RateLimits": limiter},
    )
    return rate_limiting.class_per_route(SimpleNamespace(facts=facts))  # type: ignore[arg-type]  # the facts are all it reads


def limiter(*handlers: str, everywhere: bool = False) -> dict[str, Any]:
    return {"package": "slowapi", "everywhere": everywhere, "handlers": list(handlers)}


def test_finds_no_limiter_in_an_application_without_one() -> None:
    """Nothing refuses anything: violated."""
    assert judge.first_verdict(of_foreign(NOTES)) is Verdict.VIOLATED


def test_takes_defaults_of_another_limiter_for_a_class() -> None:
    """A limit for every route is one for each."""
    assert judge.first_verdict(of_foreign(NOTES, limiter=limiter(everywhere=True))) is Verdict.PROVEN


def test_names_each_route_that_another_limiter_leaves_out() -> None:
    """Where only decorated handlers are limited, the others are told one by one, at their line."""
    evidence = of_foreign(NOTES, INNER, limiter=limiter("app.inner"))
    broken = [o.where for o in evidence.observations if o.outcome is Outcome.BROKEN]
    assert broken == ["GET /notes"]
    assert judge.first_verdict(of_foreign(NOTES, INNER, limiter=limiter("app.inner", "app.notes"))) is Verdict.PROVEN


def test_has_nothing_to_say_of_an_application_without_routes() -> None:
    """No route, no class."""
    assert judge.first_verdict(of_foreign()) is Verdict.NOT_APPLICABLE


# -- what the copies of other checks meet -------------------------------------------------------------------


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
def test_lets_other_checks_work_at_machine_speed(framework: str) -> None:
    """In a copy that is served for any other check the limits are out of reach; where they are asked for they hold."""
    stage = clinics.clinic(framework).stage()
    try:
        with stage.serve(probes=False) as served:
            client = served.client()
            assert {client.page("/login").status for _ in range(150)} == {200}
        with stage.serve(probes=False, limits=True) as served:
            client = served.client()
            assert 429 in {client.page("/login").status for _ in range(400)}
    finally:
        stage.close()


def test_only_the_child_of_the_prover_raises_limits() -> None:
    """No setting, file or variable reaches the factor: installation hands it on as it came, and prove/child.py alone gives one."""
    givers = {
        module.stem
        for module in graph.modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and any(keyword.arg == "patience" for keyword in node.keywords)
    }
    assert givers == {"installation", "prove.child"}
    named = [module.stem for module in graph.modules().values() if module.stem.startswith("policy") and "patience" in module.text]
    assert not named
