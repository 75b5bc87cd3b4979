"""The proof of supply-chain.unused-dependencies reads the contracts of imports that a project declares, and who breaks them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ringwork.prove import judge
from ringwork.prove.check import Stage
from ringwork.prove.evidence import Outcome, Verdict
from ringwork.prove.supply_chain import unused_dependencies
from ringwork.survey.flows import Heard, Layered, SourceFacts, Unread
from ringwork.survey.linters import layered
from tests.prove import read_sources

CHECK = "supply-chain.unused-dependencies/import-graph"
CONTRACT = """
[importlinter]
root_package = shelf
[importlinter:contract:pages]
name = the store knows no page
type = forbidden
source_modules = shelf.store
forbidden_modules = shelf.page
"""


def _stage(**heard: Any) -> Stage:
    facts = SourceFacts(files=3, layered=Layered(heard=Heard(tool="grimp", version="3", **heard)))
    stage: Any = type("Reading", (), {"source": facts})
    return stage


def _project(root: Path, store: str) -> tuple[str, ...]:
    for name, text in {"__init__": "", "page": "", "store": store}.items():
        (root / "shelf").mkdir(exist_ok=True)
        (root / "shelf" / f"{name}.py").write_text(text, encoding="utf-8")
    (root / ".importlinter").write_text(CONTRACT, encoding="utf-8")
    return ("shelf/__init__.py", "shelf/page.py", "shelf/store.py")


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_knows_nothing_of_clinics_without_a_contract(framework: str) -> None:
    """They declare none, and the lines that would are told."""
    evidence = read_sources.run(read_sources.check_of(CHECK), framework, planted=False)
    assert judge.first_verdict(evidence) is Verdict.NOT_VERIFIED
    assert "root_package" in evidence.unlock


@pytest.mark.parametrize("framework", read_sources.FRAMEWORKS)
def test_finds_it_in_the_breached_source(framework: str) -> None:
    """Against the shortcut that goes round every check between."""
    read_sources.falls(CHECK, framework)


def test_finds_the_import_that_a_contract_forbids(tmp_path: Path) -> None:
    """At its file and line; a project that keeps its contract has none, and its files were counted."""
    found = layered.of(tmp_path, _project(tmp_path, "import shelf\nfrom shelf import page\n"))
    assert [(one.kind, one.place.file, one.place.line) for one in found.flows] == [("contract", "shelf/store.py", 2)]
    kept = layered.of(tmp_path, _project(tmp_path, "import json\n"))
    assert (kept.heard.ran, kept.heard.read, kept.flows) == (True, 3, ())


def test_holds_where_every_contract_is_kept() -> None:
    """What was read grounds it."""
    assert judge.first_verdict(unused_dependencies.import_graph(_stage(ran=True, read=3))) is Verdict.PROVEN


def test_takes_a_contract_of_another_type_for_no_pass() -> None:
    """What is not held here is named."""
    lost = (Unread(file="pyproject.toml", line=0, why="grimp: this type of contract is not held here (mine)"),)
    evidence = unused_dependencies.import_graph(_stage(ran=True, read=3, unread=lost))
    assert judge.first_verdict(evidence) is Verdict.NOT_VERIFIED
    assert [(one.outcome, one.detail) for one in evidence.observations] == [(Outcome.UNTRIED, lost[0].why)]
