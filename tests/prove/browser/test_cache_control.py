"""The proof of browser.cache-control: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

import pytest

from ringwork.prove.browser import cache_control
from ringwork.prove.check import Check
from ringwork.survey.wire.client import Answer
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("browser.cache-control")


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


def told(headers: dict[str, str], body: bytes = b"") -> Answer:
    """An answer with these headers."""
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Answer(status=200, reason="OK", http_version="1.1", headers=pairs, body=body, request=b"", answer=b"")


@pytest.mark.parametrize("caching", ["no-store", "private, no-store", "No-Store"])
def test_holds_where_nothing_may_be_stored(caching: str) -> None:
    """no-store, in whatever company."""
    assert not cache_control._keepable(told({"cache-control": caching, "etag": "1"}))  # the judgement itself


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "no Cache-Control"),
        ({"etag": "1"}, "etag lets caches guess"),
        ({"cache-control": "private"}, "no-store is missing"),
        ({"cache-control": "public, max-age=60"}, "no-store is missing"),
        ({"expires": "0"}, "only Expires"),
        ({"cache-control": "no-store", "cdn-cache-control": "max-age=60"}, "cdn-cache-control outranks"),
    ],
)
def test_falls_where_a_cache_may_keep_it(headers: dict[str, str], words: str) -> None:
    """Silence, a lifetime, or a header that content networks read first."""
    assert words in cache_control._keepable(told(headers))  # the judgement itself


def test_tells_the_page_itself_from_a_file_of_that_name() -> None:
    """A style sheet under its own name is no deception; the same page with another number in it is."""
    page = told({"content-type": "text/html"}, b"<p>" * 200)
    assert cache_control._same_page(told({"content-type": "text/html; charset=utf-8"}, b"<p>" * 210), page)
    assert not cache_control._same_page(told({"content-type": "text/css"}, b"<p>" * 200), page)
    assert not cache_control._same_page(told({"content-type": "text/html"}, b"<p>" * 20), page)
