"""Browsers are told to use https only."""

from __future__ import annotations

from typing import Any

import pytest

from ringwork import Policy
from ringwork.enforce.transport.hsts import GUARD, NAME, AtLeast, HstsSettings, value_of
from ringwork.errors import PolicyInvalid
from ringwork.pipeline import Pipeline
from ringwork.policy.policy import Mode
from tests.enforce.making import LOOPBACK, ORIGIN, ask, make_route, make_site

SETTINGS = HstsSettings()
SITE = make_site()
start = Pipeline(Policy(origin=ORIGIN), SITE, mode=Mode.ENFORCE).unmatched.start


def test_says_two_years_and_subdomains_by_default() -> None:
    """The value that ASVS 3.4.1 and the browsers' lists ask for; preload is never asked for by itself."""
    assert GUARD.plan(SETTINGS, SITE, make_route()).secure_headers == ((NAME, b"max-age=63072000; includeSubDomains"),)


def test_asks_for_preload_only_when_it_is_told_to() -> None:
    """It binds the whole domain for years, so somebody decides it."""
    assert value_of(HstsSettings(preload=True)) == b"max-age=63072000; includeSubDomains; preload"


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_never_says_it_in_clear(scheme: str) -> None:
    """Neither its own nor the application's header leaves over plain http."""
    exchange = ask()
    exchange.scheme = scheme
    sent = start(exchange, 200, [(b"vary", b"accept"), (NAME, b"max-age=1"), (NAME, b"max-age=2")])
    assert NAME not in dict(sent)
    assert (b"vary", b"accept") in sent


@pytest.mark.parametrize("scheme", ["https", "wss"])
def test_lets_it_stand_over_tls(scheme: str) -> None:
    """The constant header that the pipeline put in goes out as it is."""
    exchange = ask()
    exchange.scheme = scheme
    assert [value for name, value in start(exchange, 200, [(NAME, b"max-age=1")]) if name == NAME] == [value_of(SETTINGS)]


@pytest.mark.parametrize("changed", [LOOPBACK, {"canonical_origin": "http://localhost:8000"}])
def test_takes_it_out_while_no_https_origin_is_configured(changed: dict[str, Any]) -> None:
    """A header for localhost would lock every other program of this machine out of plain http."""
    hooks = GUARD.plan(SETTINGS, make_site(**changed), None)
    assert (hooks.headers, hooks.removes) == ((), frozenset({NAME}))


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"max-age=63072000; includeSubDomains", True),
        (b"max-age=94608000;includesubdomains; preload", True),
        (b'max-age="63072000"; includeSubDomains', True),
        (b"max-age=63071999; includeSubDomains", False),
        (b"max-age=63072000", False),
        (b"includeSubDomains", False),
        (b"max-age=0; max-age=63072000; includeSubDomains", False),
        (b"max-age=99999999999999999999; includeSubDomains", False),
        (b"max-age=-1; includeSubDomains", False),
        (b"", False),
    ],
)
def test_keeps_the_applications_own_only_when_it_is_at_least_as_strict(value: bytes, *, kept: bool) -> None:
    """A weaker, doubled or broken one gives way."""
    assert (value in AtLeast.of(SETTINGS)) is kept


def test_keeps_no_value_without_preload_where_preload_is_asked_for() -> None:
    """What the policy asks for is the least that leaves."""
    kept = AtLeast.of(HstsSettings(preload=True))
    assert b"max-age=63072000; includesubdomains" not in kept
    assert b"max-age=63072000; includesubdomains; preload" in kept
    assert "max-age=63072000; includesubdomains; preload" not in kept


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"max_age": 31535999}, "needs a reason"),
        ({"include_subdomains": False}, "needs a reason"),
        ({"max_age": -1}, "no number of seconds"),
        ({"max_age": True}, "no number of seconds"),
        ({"max_age": 300, "reason": "first week", "preload": True}, "preload needs"),
        ({"include_subdomains": False, "reason": "old.clinic.example", "preload": True}, "preload needs"),
    ],
)
def test_refuses_weak_settings(changed: dict[str, Any], told: str) -> None:
    """Each fault says what to write instead."""
    with pytest.raises(PolicyInvalid) as caught:
        Policy(origin="https://clinic.example", hsts=HstsSettings(**changed))
    assert told in str(caught.value)


def test_takes_a_weaker_value_with_a_reason() -> None:
    """A first week with a short time is how it is brought in."""
    assert GUARD.faults(HstsSettings(max_age=300, reason="first week")) == []
