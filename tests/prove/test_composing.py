"""How an honest request is put together, so that a guard against forged ones lets it through."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove import composing


@pytest.mark.parametrize(
    ("cookie", "header"),
    [
        ("csrftoken", "x-csrftoken"),
        ("csrf_token", "x-csrftoken"),
        ("shop_csrftoken", "x-csrftoken"),
        ("__Host-csrftoken", "x-csrftoken"),
        ("XSRF-TOKEN", "x-xsrf-token"),
        ("sessionid", ""),
        ("nocsrftoken", ""),
    ],
)
def test_finds_the_cookie_that_a_sites_own_script_reads(cookie: str, header: str) -> None:
    """Django's CSRF_COOKIE_NAME is set by many a project; its header stays what it was."""
    client: Any = SimpleNamespace(jar=SimpleNamespace(cookies={cookie: SimpleNamespace(name=cookie, value="t" * 32)}))
    assert composing.script_token(client) == ([(header, "t" * 32)] if header else [])


REFUSED = '{"detail": [{"loc": ["body", "code"], "msg": "String should have at most 8 characters"}]}'


@pytest.mark.parametrize(
    ("status", "text", "fields"),
    [
        (422, REFUSED, {"name": "rw1", "code": "probe co"}),
        (400, "rw1 is no name that we know", {"name": "probe name", "code": "rw2"}),
        (422, "something is missing", None),
        (403, REFUSED, None),
    ],
)
def test_takes_back_the_words_that_a_refusal_names(status: int, text: str, fields: dict[str, str] | None) -> None:
    """Only there, and only for what the input is refused: elsewhere the words tell one thing from another."""
    route: Any = SimpleNamespace(path="/plans")
    draft = composing.Draft(
        route=route, method="POST", path="/plans", fields={"name": "rw1", "code": "rw2"}, marks={"rw1": "name", "rw2": "code"},
        plain={"name": "", "code": "probe co"},
    )  # fmt: skip
    answer: Any = SimpleNamespace(status=status, text=text)
    plainer = composing.plainer(draft, answer)
    assert (dict(plainer.fields) if plainer is not None else None) == fields


@pytest.mark.parametrize(
    ("value", "is_marked"),
    [
        ("2031-05-14", False),
        ("2031-05-14T10:30:00", False),
        ("3f0c2a52-6e0c-4b57-8a3e-2c8f0a1b9d10", False),
        ("probe due", True),
        ("1 of 2", True),
    ],
)
def test_a_date_is_given_where_a_date_is_asked_for(value: str, is_marked: bool) -> None:
    """The schema knows what a name like "due" does not tell."""
    assert bool(composing._filled({"due": value}, {"due"}, {})[1]) is is_marked
