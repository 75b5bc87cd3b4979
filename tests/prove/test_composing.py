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
