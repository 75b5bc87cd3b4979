"""docs/pytest.md shows what is typed and run."""

from __future__ import annotations

import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PAGE = (TOP / "docs" / "pytest.md").read_text(encoding="utf-8")


def test_every_python_block_stands_in_the_typed_examples() -> None:
    """Each block is, letter for letter, a file that mypy checks."""
    files = [(TOP / "tests" / "typing" / f"{name}.py").read_text(encoding="utf-8") for name in ("pytest_fixtures", "pytest_answers")]
    assert re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) == files


def test_every_option_of_the_plugin_is_explained() -> None:
    """An option or setting that the page does not name is found by nobody."""
    text = (TOP / "src" / "_ringwork_pytest.py").read_text(encoding="utf-8")
    named = set(re.findall(r'addoption\(\s*"(--[a-z-]+)"', text)) | set(re.findall(r'addini\("(\w+)"', text))
    assert len(named) > 10
    assert not [name for name in sorted(named) if name not in PAGE]
