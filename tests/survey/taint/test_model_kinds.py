"""Which entries matter at which places."""

from __future__ import annotations

import pytest

from ringwork.survey.taint import kinds


@pytest.mark.parametrize("entry", ["query", "form", "body", "path", "header", "cookie", "file", "message"])
def test_what_a_client_writes_matters_where_text_is_interpreted(entry: str) -> None:
    """Any of them carries any text."""
    assert all(kinds.matters(entry, sink) for sink in ("sql", "command", "html", "redirect", "path"))


@pytest.mark.parametrize("entry", ["host", "url"])
def test_an_address_of_the_application_itself_is_no_open_redirect(entry: str) -> None:
    """It leads back to where the request came from; in a link that is mailed it matters."""
    assert not kinds.matters(entry, "redirect")
    assert kinds.matters(entry, "url-host")


def test_a_query_does_not_choose_the_host_of_an_address() -> None:
    """Only the request's own host may end up there."""
    assert not kinds.matters("query", "url-host")


def test_the_text_of_an_exception_matters_in_an_answer_and_nowhere_else() -> None:
    """It tells of the inside; it is not chosen by a client."""
    assert [sink for sink in sorted(kinds.SINKS) if kinds.matters("exception", sink)] == ["error-detail"]
    assert not kinds.matters("query", "error-detail")


def test_a_secret_matters_in_a_log_and_nowhere_else() -> None:
    """So a password that is checked against the database is no finding."""
    assert [sink for sink in sorted(kinds.SINKS) if kinds.matters("secret", sink)] == ["secret-log"]
