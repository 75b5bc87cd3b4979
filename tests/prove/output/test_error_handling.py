"""The proof of output.error-handling: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound

from ringwork.prove.check import Check
from ringwork.prove.output import error_handling
from ringwork.survey.harness import flask as flask_facts
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("output.error-handling")


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


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"HTTP/1.1 404 Not Found\r\nServer: Python/3.11 aiohttp/3.14.5\r\nx-powered-by: Flask/3.1\r\n\r\n", False),
        (b"HTTP/1.1 404 Not Found\r\nServer: nothing\r\nX-Error: Flask/3.1 failed\r\n\r\n", True),
    ],
)
def test_leaves_the_banner_of_every_answer_to_the_check_of_banners(head: bytes, told: bool) -> None:
    """One banner of the server made every kind of error a finding; what an error itself tells still is one."""
    assert bool(list(error_handling.leaks_of(head, b"", ()))) is told


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<small>More information is available with DEBUG=True.</small>", False),
        (b"You are seeing this because you have DEBUG = True in your settings file.", True),
        (b"SECRET_KEY = 'x'", True),
    ],
)
def test_the_page_of_a_form_that_django_refused_shows_no_setting(body: bytes, told: bool) -> None:
    """It says what would be shown while debugging; a page that is shown while debugging says that too."""
    assert bool(list(error_handling.leaks_of(b"HTTP/1.1 403 Forbidden\r\n\r\n", body, ()))) is told


@pytest.mark.parametrize(("kind", "is_for_all"), [(HTTPException, True), (InternalServerError, True), (Exception, True), (NotFound, False)])
def test_a_handler_of_all_http_errors_takes_what_nobody_expected(kind: type[Exception], is_for_all: bool) -> None:
    """Flask hands an unexpected exception to it as an InternalServerError."""
    app = Flask("shop")
    app.register_error_handler(kind, lambda error: ("told", 500))
    assert flask_facts._error_handlers(app).catch_all is is_for_all
