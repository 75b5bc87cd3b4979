"""The application's own checks, as the settings file names them."""

from __future__ import annotations

from typing import Any

import pytest

from ringwork.errors import PolicyInvalid
from ringwork.installation import Installation
from ringwork.policy import files
from ringwork.policy.policy import Policy
from ringwork.route import Own, Requires
from tests.policy.test_installation import route


def check() -> None:
    """Stands in for a check."""


class Checks:
    """A named attribute may be a deeper one."""

    @staticmethod
    def inner() -> None:
        """The same."""


def installed(**fields: Any) -> Installation:
    return Installation(Policy(**fields), only=None, list_routes=list)


def test_reads_names_of_a_settings_file() -> None:
    """A list of texts, as everywhere in the file."""
    assert files.from_table({"own_auth": ["app.auth:user"]}, where="ringwork.toml").own_auth == ("app.auth:user",)


def test_refuses_one_name_where_a_list_is_asked() -> None:
    """A bare text would be taken apart into letters."""
    with pytest.raises(PolicyInvalid, match="own_auth: give a list of texts"):
        files.from_table({"own_auth": "app.auth:user"}, where="ringwork.toml")


@pytest.mark.parametrize(
    ("name", "found"), [(f"{__name__}:check", check), (f"{__name__}.check", check), (f"{__name__}:Checks.inner", Checks.inner)]
)
def test_takes_what_is_named(name: str, found: object) -> None:
    """With a colon as for identify, or with dots alone."""
    assert installed(own_auth=(name,)).named_checks() == {name: found}


def test_lets_a_rule_of_the_policy_win_over_a_check() -> None:
    """Whoever names the route in the policy knows better than what stands before its handler."""
    asked = route()
    rules = {"GET /notes": files.requires("clinician")}
    one = installed(rules=rules)
    assert one.find_rule(asked.methods, asked.path, (), own=("user",)).rule == Requires(roles=frozenset({"clinician"}))
    assert installed().find_rule(asked.methods, asked.path, (), own=("user", "inner")).rule == Own(by="user")
