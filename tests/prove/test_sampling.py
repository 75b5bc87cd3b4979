"""Which routes a quick run asks where there are many, and that it says so."""

from __future__ import annotations

import dataclasses

from ringwork.names import CheckId
from ringwork.prove import judge, sampling
from ringwork.prove.evidence import Evidence, Outcome
from ringwork.prove.witness import saw
from ringwork.survey.facts import AppFacts, RouteFacts


def route(path: str, file: str = "shop/views.py", *methods: str, rule: str = "") -> RouteFacts:
    return RouteFacts(kind="http", path=path, methods=methods or ("GET",), handler="shop.views.it", file=file, rule=rule)


def facts(*routes: RouteFacts) -> AppFacts:
    return AppFacts(target="shop", framework="django", framework_version="5", root="/shop", routes=routes)


MANY = facts(
    *(route(f"/things/{at}") for at in range(60)),
    *(route(f"/admin/{at}", "/venv/site-packages/django/contrib/admin/sites.py") for at in range(60)),
    route("/pay", "shop/paying.py", "POST"),
    route("/things/{id}"),
    route("/mine", rule="own"),
    dataclasses.replace(route("/live"), kind="websocket"),
)


def test_keeps_one_of_each_shape_before_the_second_of_any() -> None:
    """What differs in file, rule, methods or parameters is asked; sixty alike do not push it out, and sockets are left as they are."""
    asked = sampling.sample(MANY)
    paths = {one.path for one in asked.routes}
    assert {"/pay", "/things/{id}", "/mine", "/live"} <= paths
    assert len([one for one in asked.routes if one.kind == "http"]) == sampling.MOST


def test_leaves_a_small_application_whole() -> None:
    """Nothing is left out where there is time for all."""
    small = facts(*MANY.routes[:20])
    assert sampling.sample(small) is small


def test_holes_of_one_handler_are_looked_for_at_every_route() -> None:
    """Only what stands before all handlers may be looked at through a few of them."""
    assert not any(
        map(sampling.is_sampled, ("access.object-level-authorization", "input.sql-injection", "output.xss", "browser.open-redirect"))
    )
    assert all(map(sampling.is_sampled, ("browser.csrf", "transport.hsts", "network.host-validation")))


def test_says_how_many_stood_for_how_many() -> None:
    """The reason of what held names what was not asked."""
    held = saw(Outcome.HELD, "foreign Host", "all routes", "refused", read=24)
    evidence = Evidence(check=CheckId("network.host-validation/forged-host"), observations=(held,))
    told = sampling.told(evidence, MANY, sampling.sample(MANY))
    assert "24 of 123 routes were asked" in judge.reason(told)
    assert sampling.told(evidence, MANY, MANY) is evidence
