"""The proof of output.error-handling: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

import pytest

from ringwork.prove.check import Check
from ringwork.prove.output import error_handling
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
