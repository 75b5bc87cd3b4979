"""The proof of transport.tls-required: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ringwork.prove.check import Check
from ringwork.prove.evidence import Outcome
from ringwork.prove.transport import tls_required
from ringwork.survey.facts import AppFacts
from tests.prove import clinics, showing, unguarded

CHECKS = clinics.checks_of("transport.tls-required")


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


def test_asks_without_tls_under_the_same_name() -> None:
    """The second listener serves the same copy; nothing but the scheme differs."""
    with unguarded.serving(unguarded.PLAIN) as stage:
        plain, secure = stage.served.plain(), stage.served.client()
        assert (plain.host, plain.origin) == (secure.host, f"http://{secure.host}")
        assert [client.get("/ringwork-probe/echo").text.count('"scheme":"http"') for client in (plain, secure)] == [1, 0]


def test_finds_what_a_redirecting_middleware_leaves_open() -> None:
    """HTTPSRedirectMiddleware redirects scripts too, and builds the target from the request's Host."""
    with unguarded.serving(unguarded.REDIRECTING) as stage:
        found = unguarded.broken(tls_required.plaintext_request(stage))
        assert set(found) == {tls_required.SCRIPT, tls_required.FORGED}
        assert "instead of refused" in found[tls_required.SCRIPT]
        seen = tls_required.plaintext_request(stage).observations
        assert {o.severity for o in seen if o.attack == tls_required.SCRIPT and o.outcome is Outcome.BROKEN} == {"low"}
        assert not unguarded.broken(tls_required.https_switch(stage))


def test_finds_a_cookie_that_is_set_in_clear() -> None:
    """Told before the page itself, because it outlives the page."""
    with unguarded.serving(unguarded.COUNTING) as stage:
        found = unguarded.broken(tls_required.plaintext_request(stage))
        assert "a cookie is set in clear" in found[tls_required.PAGE]
        assert not [o for o in tls_required.plaintext_request(stage).observations if o.severity]
        assert unguarded.broken(tls_required.https_switch(stage))


@pytest.mark.parametrize(("middleware", "told"), [(("SecurityMiddleware",), False), ((), True)])
def test_reads_the_redirect_of_django(middleware: tuple[str, ...], told: bool) -> None:
    """Its setting counts where the middleware stands that heeds it."""
    settings = {"SECURE_SSL_REDIRECT": True}
    facts = AppFacts(target="t", framework="django", framework_version="5", root="", routes=(), settings=settings, middleware=middleware)
    found = unguarded.broken(tls_required.https_switch(SimpleNamespace(facts=facts)))  # type: ignore[arg-type]  # facts are all it reads
    assert bool(found) is told


def test_finds_a_change_in_clear() -> None:
    """With nothing in the way the clinic's own form works over plain http, in the stores and not only by status."""
    stage = clinics.clinic("fastapi").stage(["transport.tls-required"])
    try:
        stage.brief = False
        found = unguarded.broken(tls_required.plaintext_request(stage))
        assert {tls_required.PAGE, tls_required.SCRIPT, tls_required.CHANGE, tls_required.SOCKET} <= set(found)
        assert "changed" in found[tls_required.CHANGE]
    finally:
        stage.close()
