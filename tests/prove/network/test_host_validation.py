"""The proof of network.host-validation: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ringwork.prove.check import Check
from ringwork.prove.evidence import Outcome
from ringwork.prove.network import host_validation
from ringwork.survey.facts import AppFacts
from tests.prove import clinics, showing, unguarded

CHECKS = clinics.checks_of("network.host-validation")


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


REFUSING = """
from flask import Flask, request
app = Flask(__name__)
@app.before_request
def check():
    if not request.host.startswith(("localhost", "127.0.0.1")):
        return f"Invalid HTTP_HOST header: {request.host}", 400
@app.get("/")
def home():
    return "home"
"""


def test_a_page_that_refuses_a_name_may_say_which() -> None:
    """Django says it while debugging, and serves nothing under it; a page that is served with the name in it is the fault."""
    with unguarded.serving(REFUSING) as stage:
        assert "foreign Host echoed" not in unguarded.broken(host_validation.forged_host(stage))
    with unguarded.serving(REFUSING.replace(", 400", "")) as stage:
        assert "foreign Host echoed" in unguarded.broken(host_validation.forged_host(stage))


RESET = """
import logging
from flask import Flask, request
app = Flask(__name__)
@app.get("/")
def home():
    return "home"
@app.post("/reset-password")
def reset():
    if not request.host.startswith(("localhost", "127.0.0.1")) and CHECKED:
        logging.warning("Invalid HTTP_HOST header: %r", request.host)
        return "no such host", 400
    logging.warning("Dear reader, go to https://%s/reset/abc", request.host)
    return "sent"
"""


def test_a_reset_that_is_refused_may_be_logged_with_the_name() -> None:
    """Django writes into its log which name it refused; a link under that name, as it stands in a mail, is the fault."""
    with unguarded.serving(RESET.replace("CHECKED", "True")) as stage:
        assert "foreign Host in a reset" not in unguarded.broken(host_validation.forged_host(stage))
    with unguarded.serving(RESET.replace("CHECKED", "False")) as stage:
        assert "foreign Host in a reset" in unguarded.broken(host_validation.forged_host(stage))


@pytest.mark.parametrize(
    ("framework", "where"),
    [("fastapi", "TrustedHostMiddleware"), ("flask", "TRUSTED_HOSTS"), ("django", "ALLOWED_HOSTS"), ("aiohttp", "the application")],
)
def test_names_where_each_framework_keeps_its_hosts(framework: str, where: str) -> None:
    """A finding on aiohttp sends nobody to a middleware of Starlette's."""
    facts = AppFacts(target="t", framework=framework, framework_version="0", root="", routes=())
    stage = SimpleNamespace(facts=facts)
    assert [(o.where, o.outcome) for o in host_validation.allowlist(stage).observations] == [(where, Outcome.BROKEN)]  # type: ignore[arg-type]
