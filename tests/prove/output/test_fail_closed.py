"""The proof of output.fail-closed: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove.check import Check
from ringwork.prove.evidence import Outcome
from ringwork.prove.output import fail_closed as proof
from ringwork.survey.facts import RouteFacts
from tests.prove import clinics, showing
from tests.prove.stand import stand

CHECKS = clinics.checks_of("output.fail-closed")


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
    """No fault can be planted behind somebody else's guard, so nothing is claimed, and what would make it possible is said."""
    with stand() as shop:
        evidence = check.run(shop)
    assert evidence.not_verified
    assert "protect(app)" in evidence.unlock
    assert not evidence.observations


def test_a_brief_run_leaves_out_what_another_control_refuses_as_well() -> None:
    """Only what falls with this defence shows that the check can fail; deadlines are waited for once."""
    fallen = showing.falls("fastapi", next(check for check in CHECKS if check.id.endswith("dependency-outage")))
    assert not {o.attack for o in fallen} & {"the provider of identities hangs", "the provider of identities raises"}


def test_a_refused_start_names_the_layer() -> None:
    """Whoever reads the refusal has to find what was taken out."""
    evidence = clinics.run("fastapi", next(check for check in CHECKS if check.id.endswith("layer-removal")))
    told = {o.attack: o.detail for o in evidence.observations}
    assert "outer layer is gone" in told["the outer layer is taken out"]
    assert "gate is gone" in told["the gate before the router is taken out"]
    assert "_Foreign stands outside" in told["another layer is put round the outer one"]
    assert "ServerErrorMiddleware stands outside" in told["the outer layer is moved inward"]


@pytest.mark.parametrize(("own", "is_asked"), [("", True), ("Django", False)])
def test_in_an_outage_only_forms_are_sent_whose_tokens_lean_on_a_store_of_ours(own: str, is_asked: bool) -> None:
    """Django's own tokens are in its cookie: that such a form still works while our store is down is no hole."""
    route: Any = SimpleNamespace(own_token=own)
    change: Any = SimpleNamespace(token_field="csrf_token", route=route, user=SimpleNamespace(name="ada"), effect=frozenset())
    cast: Any = SimpleNamespace(browser=lambda user: object())
    assert (proof._form(cast, [change]) is not None) is is_asked


def test_roles_that_cannot_be_read_say_nothing_of_a_page_that_asks_for_none() -> None:
    """A bare `requires()` reads no role: that it still answers is no hole, and another page has to show what happens."""
    route = RouteFacts(kind="http", path="/orders", methods=("GET",), handler="shop.orders", rule="requires")
    stage: Any = SimpleNamespace(facts=SimpleNamespace(is_wsgi=True))
    way = proof.Way(route=route, user="anna", send=lambda: None)
    seen = proof._struck(stage, stage, "policy-raises", "the roles of the user cannot be read", way)
    assert (seen.outcome, "asks for no role" in seen.detail) == (Outcome.UNTRIED, True)
