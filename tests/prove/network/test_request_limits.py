"""The proof of network.request-limits: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove.check import Check
from ringwork.prove.evidence import Outcome
from ringwork.prove.network import request_limits
from ringwork.survey.facts import GuardFacts
from tests.prove import clinics, showing, stand, unguarded

CHECKS = clinics.checks_of("network.request-limits")


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


# -- judgement, without a copy


GUARDED = GuardFacts(
    mode="enforce",
    controls=("network.request-limits",),
    origin="https://shop.example",
    hosts=(),
    identify="",
    settings={
        "request_limits": {
            "body_bytes": 1_048_576, "headers": 100, "header_bytes": 32_768, "form_fields": 1000, "json_depth": 32, "seconds": 30.0,
            "routes": [{"route": "POST /scans", "reason": "scans", "body_bytes": 8_388_608}],
        }
    },
)  # fmt: skip


def _caps(**changed: Any) -> dict[str, Outcome]:
    """What server-caps says of each place for an application with these facts."""
    stage = SimpleNamespace(facts=replace(stand.FACTS, **changed))
    return {o.where: o.outcome for o in request_limits.server_caps(stage).observations}


def test_reads_the_limits_that_ringwork_holds() -> None:
    """Each general limit at or below the profile's holds; a route's own, with its reason, does too."""
    assert set(_caps(guard=GUARDED).values()) == {Outcome.HELD}
    assert _caps(guard=GUARDED)["POST /scans"] is Outcome.HELD


@pytest.mark.parametrize("name", ["body_bytes", "headers", "json_depth", "seconds"])
def test_finds_a_general_limit_above_the_profile(name: str) -> None:
    """What every route may have is not raised for the sake of one."""
    raised = {**GUARDED.settings["request_limits"], name: 10**9}
    found = _caps(guard=replace(GUARDED, settings={"request_limits": raised}))
    assert [where for where, outcome in found.items() if outcome is Outcome.BROKEN] == [f"policy: network.request-limits.{name}"]


def test_finds_flask_without_a_body_cap() -> None:
    """MAX_CONTENT_LENGTH is None until somebody sets it."""
    settings = {"MAX_CONTENT_LENGTH": None, "MAX_FORM_MEMORY_SIZE": 500_000, "MAX_FORM_PARTS": 1000}
    found = _caps(settings=settings)
    assert found == {"MAX_CONTENT_LENGTH": Outcome.BROKEN, "MAX_FORM_MEMORY_SIZE": Outcome.HELD, "MAX_FORM_PARTS": Outcome.HELD}
    assert _caps(settings={**settings, "MAX_CONTENT_LENGTH": 500_000})["MAX_CONTENT_LENGTH"] is Outcome.HELD
    assert _caps(settings={**settings, "MAX_CONTENT_LENGTH": 10**9})["MAX_CONTENT_LENGTH"] is Outcome.BROKEN


def test_finds_starlette_without_any_cap() -> None:
    """It has no setting that could be read."""
    assert _caps(framework="starlette") == {"the application": Outcome.BROKEN}


def test_does_not_judge_a_layer_that_cannot_be_read() -> None:
    """A body limiter of somebody else's is attacked, not read."""
    stage = SimpleNamespace(facts=replace(stand.FACTS, framework="starlette", middleware=("ContentSizeLimitMiddleware",)))
    assert "ContentSizeLimitMiddleware" in request_limits.server_caps(stage).not_verified


def test_asks_no_query_where_no_route_answers_any() -> None:
    """Not applicable, and says why."""
    stage = SimpleNamespace(facts=stand.FACTS)
    assert request_limits.query_depth(stage).not_applicable


def test_a_query_nests_as_deep_as_it_says() -> None:
    """Counted in braces, and balanced."""
    for depth in (5, 50, 500):
        query = request_limits._nested(depth)  # what is sent decides what a refusal means
        assert (query.count("{"), query.count("}")) == (depth, depth)


DJANGO = """
from django.conf import settings
settings.configure(SECRET_KEY="probe-" + "k" * 60, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
from django.http import HttpResponse
from django.urls import path
def home(request):
    return HttpResponse(READS)
urlpatterns = [path("", home)]
"""
CHUNKS = "a body in chunks that is longer than the cap"


@pytest.mark.parametrize(("reads", "outcome"), [("request.body", Outcome.HELD), ('request.META["wsgi.input"].read()', Outcome.BROKEN)])
def test_a_body_in_chunks_reaches_no_handler_of_django_under_wsgi(reads: str, outcome: Outcome) -> None:
    """Django reads as much as the length says; only who takes a body from the server itself reads one without a length, and without end."""
    with unguarded.serving(DJANGO.replace("READS", reads)) as live:
        seen = {one.attack: one.outcome for one in request_limits.oversize_and_slow(live).observations}
    assert seen[CHUNKS] is outcome
    if outcome is Outcome.HELD:
        assert seen["a body whose length says that it is longer than the cap"] is Outcome.HELD


@pytest.mark.parametrize(
    ("size", "outcome", "severity"), [(2_621_440, Outcome.BROKEN, "low"), (26_214_400, Outcome.BROKEN, ""), (500_000, Outcome.HELD, "")]
)
def test_what_django_bounds_by_itself_is_little_to_be_told(size: int, outcome: Outcome, severity: str) -> None:
    """More than the profile has, and bounded all the same; ten times as much was chosen by somebody."""
    facts = replace(stand.FACTS, framework="django", settings={"DATA_UPLOAD_MAX_MEMORY_SIZE": size})
    seen = request_limits.server_caps(SimpleNamespace(facts=facts)).observations
    assert [(one.outcome, one.severity) for one in seen if one.where == "DATA_UPLOAD_MAX_MEMORY_SIZE"] == [(outcome, severity)]
