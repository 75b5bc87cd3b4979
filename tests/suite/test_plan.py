"""Which tests a proof is told as, before anything is attacked."""

from __future__ import annotations

from typing import Any

import pytest

from ringwork.prove import register
from ringwork.suite import plan
from ringwork.suite.asked import RUN, Asked, Claim, asked_of, target_options
from ringwork.suite.listing import chosen_checks
from ringwork.survey.facts import RouteFacts

CHECKS = {check.id: check for check in register.checks()}


def _route(text: str, **more: Any) -> RouteFacts:
    method, _, path = text.partition(" ")
    kind = "websocket" if method == "WEBSOCKET" else "http"
    given = {"kind": kind, "path": path, "methods": () if kind == "websocket" else (method,), "handler": "shop.app.handler"}
    return RouteFacts(**{**given, **more})


ROUTES = (
    _route("GET /", rule="public"),
    _route("GET /orders", rule="requires", file="shop/app.py", line=12),
    _route("POST /orders", rule="requires", body="form"),
    _route("POST /api/orders", rule="requires", body="json"),
    _route("WEBSOCKET /live", rule="requires"),
    _route("ANY /static", kind="static", methods=(), rule="public"),
)


def _routes_of(check: str) -> list[str]:
    return [claim.route for claim in plan.claims([CHECKS[check]], ROUTES) if claim.route]  # type: ignore[index]


def test_begins_with_the_run_and_names_every_check() -> None:
    """Each check has a test of its own, whatever else it has, and every name comes once."""
    claims = list(plan.claims(CHECKS.values(), ROUTES))
    assert claims[0] == Claim(check=RUN)
    assert {claim.check for claim in claims if not claim.route} == {RUN, *CHECKS}
    names = [claim.name for claim in claims]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("check", "routes"),
    [
        ("browser.csrf/token-matrix", ["POST /orders"]),
        ("browser.csrf/origin-and-content-type", ["POST /orders", "POST /api/orders", "WEBSOCKET /live"]),
        ("identity.authentication-required/anonymous-sweep", ["GET /orders", "POST /orders", "POST /api/orders", "WEBSOCKET /live"]),
        ("browser.cache-control/authenticated-responses", ["GET /orders"]),
        ("browser.content-security-policy/policy-quality", ["GET /", "GET /orders"]),
        ("access.deny-by-default/unlisted-method", ["GET /", "GET /orders", "POST /orders", "POST /api/orders"]),
        ("network.host-validation/forged-host", []),
    ],
)
def test_gives_a_route_its_test_where_a_check_attacks_it(check: str, routes: list[str]) -> None:
    """A form is no test of a page, and a public page none of the login."""
    assert _routes_of(check) == routes


def test_every_check_with_tests_by_route_exists() -> None:
    """A name in the table that no proof has would be a promise that nobody keeps."""
    assert set(plan.BY_ROUTE) <= set(CHECKS)


def test_pins_a_route_to_its_handler() -> None:
    """The reader of a failure is led to the line that answers."""
    found = {claim.name: claim for claim in plan.claims([CHECKS["browser.cache-control/static-suffix"]], ROUTES)}  # type: ignore[index]
    claim = found["browser.cache-control/static-suffix::GET /orders"]
    assert (claim.file, claim.line) == ("shop/app.py", 12)


def test_of_two_routes_with_one_name_the_served_one_counts() -> None:
    """The second handler of a path is never reached; an id that came twice would confuse every worker."""
    twice = [_route("GET /a", rule="requires", line=1), _route("GET /a", rule="requires", line=2)]
    claims = [c for c in plan.claims([CHECKS["browser.cache-control/static-suffix"]], twice) if c.route]  # type: ignore[index]
    assert [(claim.route, claim.line) for claim in claims] == [("GET /a", 1)]


@pytest.mark.parametrize(
    ("given", "kept", "left"),
    [
        ({"select": ("browser.csrf",)}, "browser.csrf/token-matrix", "browser.cors/origin-matrix"),
        ({"select": ("browser",)}, "browser.cors/origin-matrix", "network.host-validation/forged-host"),
        ({"ignore": ("browser.csrf/token-matrix",)}, "browser.csrf/exemptions", "browser.csrf/token-matrix"),
    ],
)
def test_lists_what_is_selected_and_not_ignored(given: dict[str, Any], kept: str, left: str) -> None:
    """The options choose as those of `ringwork prove` do."""
    found = {check.id for check in chosen_checks(Asked(target="shop:app", here=".", **given), {})}
    assert kept in found
    assert left not in found


def test_lists_what_the_project_chooses_by_itself() -> None:
    """The settings of `[tool.ringwork.prove]` choose as they do for `ringwork prove`, and pytest's own options stand above them."""
    project = {"select": ("browser",), "ignore": ("browser.cors",), "profile": "standard", "env": {}}
    found = {check.id.partition("/")[0] for check in chosen_checks(Asked(target="shop:app", here="."), project)}
    assert "browser.csrf" in found
    assert not found & {"browser.cors", "network.host-validation"}
    above = {check.id for check in chosen_checks(Asked(target="shop:app", here=".", select=("network.host-validation",)), project)}
    assert "network.host-validation/forged-host" in above
    assert "browser.csrf/token-matrix" not in above


def test_leaves_deep_checks_to_deep_runs() -> None:
    """A test whose check would not run is not listed."""
    deep = {check.id for check in register.checks() if check.deep}
    for asked, listed in ((False, frozenset()), (True, deep)):
        found = {check.id for check in chosen_checks(Asked(target="shop:app", here=".", deep=asked), {})}
        assert found & deep == listed


def test_writes_the_command_that_proves_the_same() -> None:
    """What pytest was told is told to the prover; checks that are left take the place of the selection."""
    asked = Asked(
        target="shop:app", here=".", select=("browser",), ignore=("browser.cors",), profile="standard", quick=True, options=("--factory",)
    )
    assert asked.words()[:2] == ["prove", "shop:app"]
    assert set(asked.words()) >= {"--select=browser", "--ignore=browser.cors", "--profile=standard", "--quick", "--factory"}
    assert "--select=browser" not in asked.words(["browser.csrf/exemptions"])


def test_crosses_processes_unchanged() -> None:
    """What the session asks is what the listing hears."""
    asked = Asked(target="shop:app", here=".", select=("a", "b"), options=("--env", "A=1"))
    told = {"target": "shop:app", "here": ".", "select": ["a", "b"], "options": ["--env", "A=1"]}
    assert asked_of(told) == asked


def test_reads_how_the_target_is_imported() -> None:
    """Of all options of `ringwork prove`, those that decide about the import; the others are for the prover alone."""
    given = target_options(["--factory", "--env=A=1", "--max-time", "60", "--factory-args", "x"])
    assert (given.factory, given.env, given.factory_args) == (True, ["A=1"], ["x"])
