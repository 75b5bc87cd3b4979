"""What the name of a field says of its value."""

from __future__ import annotations

import pytest

from ringwork.survey.taint import uses


@pytest.mark.parametrize(
    "name", ["password", "new_password2", "db_passwd", "pwd", "pass", "user_pass", "smtppass", "pw", "cvv", "passcode"]
)
def test_names_what_nobody_may_see(name: str) -> None:
    """A password is one however short its name is."""
    assert uses.is_password(name)


@pytest.mark.parametrize("name", ["first_pass", "bypass", "boarding_pass", "passed", "passage", "password_changed", "pwned", "spw"])
def test_leaves_what_only_sounds_like_it(name: str) -> None:
    """The safe twin: rounds, tickets and states of an account."""
    assert not uses.is_password(name)
