"""Which users a run still asks for."""

from __future__ import annotations

from ringwork.prove import users
from ringwork.prove.check import User

ANNA = User(name="anna", roles=("clinician",))


def test_shows_the_lines_to_add_while_nobody_signs_in() -> None:
    """Whoever starts copies them."""
    assert users.to_declare(None) == users.to_declare(users.Entrances()) == users.UNLOCK


def test_asks_for_one_more_where_somebody_signs_in() -> None:
    """Lines that stand in the settings already would only puzzle."""
    said = users.to_declare(users.Entrances(users=(ANNA,)))
    assert said.startswith("one more [[prove.users]]")
    assert "password" not in said
