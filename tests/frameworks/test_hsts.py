"""Strict-Transport-Security in the frameworks: once on every answer over https, never in clear."""

from __future__ import annotations

from typing import Any

import pytest

from ringwork import public
from ringwork.enforce.transport.hsts import HstsSettings
from tests.frameworks.hosts import FRAMEWORKS, Host, builds
from tests.frameworks.ways import Answer, Way

NAME = "strict-transport-security"
OURS = "max-age=63072000; includeSubDomains"
CLASSES = {
    "/ok": 200, "/moved": 302, "/cookies": 200, "/stream": 200, "/boom": 500, "/bare": 403, "/who": 401, "/nowhere": 404,
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMEWORKS)
@pytest.mark.parametrize(("path", "status"), CLASSES.items())
def test_stands_once_on_every_class_of_answer(name: str, path: str, status: int) -> None:
    """Pages, redirects, errors, refusals and streams: a browser learns it wherever it arrives first."""
    answer = Host(name).ask("GET", path)
    assert answer.status == status
    assert answer.all(NAME) == [OURS]


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_stands_on_a_foreign_host_and_a_wrong_method(name: str) -> None:
    """What is refused before and after routing tells it too."""
    host = Host(name)
    assert host.ask("GET", "/ok", host="evil.example").all(NAME) == [OURS]
    assert host.ask("DELETE", "/ok").all(NAME) == [OURS]


def _answers(framework: str, own: list[str], *, scheme: str = "https", only: list[str] | None = None, **more: Any) -> list[str]:
    """The headers that leave an application that sets its own."""
    sets = Way("/x", lambda asked: Answer("x", headers=tuple((NAME, value) for value in own)), public("sets its own header"))
    host = Host(framework, builds(framework, lambda effects: [sets]), only=only, **more)
    return host.ask("GET", "/x", scheme=scheme).all(NAME)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(
    ("own", "sent"),
    [
        ([], OURS),
        (["max-age=300"], OURS),
        (["max-age=94608000; includeSubDomains; preload"], "max-age=94608000; includeSubDomains; preload"),
        (["max-age=0", OURS], OURS),
        ([OURS, "max-age=0"], OURS),
        (["nonsense"], OURS),
    ],
)
def test_takes_the_place_of_a_weaker_one_and_leaves_a_stricter_one(framework: str, own: list[str], sent: str) -> None:
    """One header leaves, never a weaker one than the policy's; a browser would read only the first of two."""
    assert _answers(framework, own) == [sent]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_says_nothing_in_clear(framework: str) -> None:
    """With the refusal of plain http out of the way, the answer in clear carries no header, not even the application's own."""
    assert _answers(framework, [OURS], scheme="http", only=["transport.hsts"]) == []
    assert _answers(framework, [OURS], scheme="https", only=["transport.hsts"]) == [OURS]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_leaves_the_applications_own_in_observe(framework: str) -> None:
    """No answer is changed."""
    assert _answers(framework, ["max-age=300"], mode="observe") == ["max-age=300"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_says_what_the_policy_says(framework: str) -> None:
    """A first week with a short time, for a stated reason."""
    assert _answers(framework, [], hsts=HstsSettings(max_age=300, include_subdomains=False, reason="first week")) == ["max-age=300"]
