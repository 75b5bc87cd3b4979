"""The application's own checks, as the settings file names them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
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


STARTED = """
import functools
import ringwork
from flask import Flask

print("the file runs")

def login_required(view):
    @functools.wraps(view)
    def asked(*given, **named):
        return view(*given, **named)
    return asked

app = Flask(__name__)

@app.get("/")
@login_required
def home():
    return "home"

ringwork.protect(app, ringwork.Policy(own_auth=("NAMED:login_required",)))
if __name__ == "__main__":
    print(app.test_client().get("/", base_url="http://localhost").status_code)
"""


@pytest.mark.parametrize(
    ("file", "named", "words"),
    [("shop.py", "shop", ["shop.py"]), ("shop.py", "shop", ["-m", "shop"]), ("inside/shop.py", "inside.shop", ["-m", "inside.shop"])],
    ids=["by its file", "as a module", "as a module of a package"],
)
def test_knows_the_checks_of_a_file_that_is_started_itself(tmp_path: Path, file: str, named: str, words: list[str]) -> None:
    """It is called __main__ then; run a second time it would hold other functions, and every user of the first would be refused."""
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(STARTED.replace("NAMED", named))
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n") == ["the file runs", "200", ""], done.stderr


def test_loads_a_module_of_its_own_beside_the_file_that_is_started(tmp_path: Path) -> None:
    """Another file is loaded as ever, whatever it is called."""
    check = STARTED[STARTED.index("def login") : STARTED.index("app =")]
    (tmp_path / "checks.py").write_text(f"import functools\nprint('checks run')\n{check}")
    text = STARTED.replace("NAMED", "checks")
    (tmp_path / "shop.py").write_text(text[: text.index("def login")] + "from checks import login_required\n" + text[text.index("app =") :])
    done = subprocess.run([sys.executable, "shop.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n") == ["the file runs", "checks run", "200", ""], done.stderr
