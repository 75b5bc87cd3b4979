"""The page on cryptography shows the Python that runs: its examples stand in tests/typing, where mypy reads them too."""

from __future__ import annotations

import importlib
import re
import runpy
import shutil
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
PAGE = (TOP / "docs" / "cryptography.md").read_text(encoding="utf-8")
EXAMPLES = ("signing", "agreement", "sealing", "values", "files")
MODULES = ("signatures", "agreement", "public_sealing", "signed_values", "streams", "message_signatures")


def _file(name: str) -> Path:
    return TOP / "tests" / "typing" / f"cryptography_{name}.py"


def test_every_block_stands_in_the_typed_examples() -> None:
    """Each block is, letter for letter, a file that is executed here and checked by mypy."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert blocks == [_file(name).read_text(encoding="utf-8") for name in EXAMPLES]


@pytest.mark.parametrize("name", EXAMPLES)
def test_runs_as_it_stands(name: str) -> None:
    """What a reader copies works, and its own checks hold."""
    after = runpy.run_path(str(_file(name)))
    if name == "values":
        assert after["invited"] == {"team": 7, "role": "nurse"}
    if name == "files":
        assert (after["folder"] / "scan.back").read_bytes() == b"pixels" * 100_000
        shutil.rmtree(after["folder"])


def test_names_all_that_is_public_and_no_more_than_a_dozen() -> None:
    """The table of the page is the face of the recipes: their `__all__`, together."""
    public = {name for module in MODULES for name in importlib.import_module(f"ringwork.crypto.{module}").__all__}
    table = PAGE[PAGE.index("| You want") : PAGE.index("These are all public names")]
    assert public <= set(re.findall(r"`([A-Za-z_]+)`", table))
    assert len(public) <= 12
