"""Attacks that succeed on the encrypted fields of Django, and fail on sealed ones: A2 and A9 to A14 of data-protection.md."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import graph

SCRIPT = Path(__file__).parent / "django_attacks.py"
pytestmark = pytest.mark.xdist_group("attacks on the fields of Django")

THEIRS = [
    *(("django-encrypted-model-fields", attack) for attack in ("A2", "A9", "A10", "A11")),
    *(("django-fernet-encrypted-fields", attack) for attack in ("A2", "A9", "A10", "A11", "A12", "A13", "A14")),
]
OURS = ("A2", "A9", "A10", "A11", "A12", "A13", "A14")

Outcome = dict[str, dict[str, bool]]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What each attack came to, by library: Django is configured once in a process, so this is one of its own."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path_factory.mktemp("attacked"))],
        cwd=graph.TOP,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: Outcome = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("library", ["django-encrypted-model-fields", "django-fernet-encrypted-fields", "ringwork"])
def test_an_honest_user_is_served_by_all(outcome: Outcome, library: str) -> None:
    """The control: a library that refused everybody would withstand every attack."""
    assert outcome[library]["honest"]


@pytest.mark.parametrize(("library", "attack"), THEIRS)
def test_the_attack_succeeds_on_theirs(outcome: Outcome, library: str, attack: str) -> None:
    """The attack is a real one: it does what the functions of django_attacks.py say."""
    assert outcome[library][attack]


@pytest.mark.parametrize("attack", OURS)
def test_the_attack_fails_on_sealed_fields(outcome: Outcome, attack: str) -> None:
    """The same function on a model with sealed fields: refused, or nothing lost."""
    assert not outcome["ringwork"][attack]
