"""What the engine knows comes from Python and from the documentation of libraries, never from a test suite that it is measured on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[3]
SOURCE = HOUSE / "src" / "ringwork"
# Spelt in pieces, so that this file is not found itself by who looks for them.
SUITES = [
    "".join(pieces)
    for pieces in (
        *(
            ("benchmark", "test"),
            ("benchmark", "python"),
            ("owasp", "-benchmark"),
            ("expected", "results"),
            ("real", "vuln"),
            ("rule", "id:"),
        ),
        *(
            ("vuln", "py"),
            ("ds", "vw"),
            ("dvb", "lab"),
            ("python", "ssti"),
            ("bad", "guys"),
            ("vam", "pi"),
            ("flask", "_xss"),
            ("web", "goat"),
        ),
    )
]
# The names that the benchmark's variant spells otherwise: its own, and no library's.
NAMES = [name.lower() for name in tomllib.loads((HOUSE / "benchmarks" / "source_names.toml").read_text(encoding="utf-8"))["distinct"]]


def _found(names: list[str], folders: list[Path]) -> list[str]:
    wanted = re.compile("|".join(rf"(?<![a-z0-9_]){re.escape(name)}" for name in names))
    files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix in {".py", ".toml", ".txt", ".json"}]
    assert files
    texts = ((file, file.read_text(encoding="utf-8").lower()) for file in files)
    return [f"{file.relative_to(HOUSE)}: {match[0]}" for file, text in texts for match in wanted.finditer(text)]


@pytest.mark.parametrize("part", ["survey", "prove"])
def test_knows_no_name_of_a_suite_that_it_is_measured_on(part):
    """An engine that was fitted to a suite says nothing about anybody's code."""
    assert _found([*SUITES, *NAMES], [SOURCE / part]) == []


def test_tests_know_none_either():
    """The own cases are written from what has to be understood, not from the files of a benchmark."""
    assert _found([*SUITES, *NAMES], [HOUSE / "tests" / "survey" / "taint"]) == []


def test_sees_a_name_that_stands_there(tmp_path, monkeypatch):
    """A search that cannot find anything would hold on every tree."""
    monkeypatch.setitem(globals(), "HOUSE", tmp_path)
    (tmp_path / "models.toml").write_text(f'"{SUITES[0]}00001" = {{}}\n', encoding="utf-8")
    assert _found(SUITES, [tmp_path]) == [f"models.toml: {SUITES[0]}"]
