"""Each capability of the engine on each framework, in one run over all cases: the bad twin is found, the safe one is silent."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ringwork.survey.flows import Flow, Strength
from ringwork.survey.taint.analysis import analyse
from tests.survey.taint import casefiles

CASES = {f"{case.name}-{framework}": (case, casefiles.write(case, framework)) for case in casefiles.read() for framework in case.frameworks}


@cache
def _found() -> dict[str, list[Flow]]:
    """All flows of all cases, by the folder of the case in which they end."""
    with TemporaryDirectory() as place:
        for _, written in CASES.values():
            for name, text in written.files.items():
                file = Path(place) / written.folder / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
        flows: dict[str, list[Flow]] = defaultdict(list)
        for flow in analyse(Path(place)).flows:
            flows[flow.place.file.partition("/")[0]].append(flow)
        return flows


@pytest.mark.parametrize("name", CASES)
def test_finds_the_bad_twin_and_leaves_the_safe_one(name):
    """What a line is marked with is found there, and nothing of the same kinds anywhere else in the case."""
    _, written = CASES[name]
    flows = [flow for flow in _found()[written.folder] if flow.kind in written.kinds]
    found = {(flow.place.file, flow.place.line, flow.kind): flow.strength for flow in flows}
    assert sorted(found) == sorted(written.expected)
    for place, weak in written.expected.items():
        assert found[place] is (Strength.WEAK if weak else Strength.STRONG), place


@pytest.mark.parametrize("name", CASES)
def test_reads_as_python(name):
    """A case that is no Python would promise nothing."""
    for file, text in CASES[name][1].files.items():
        ast.parse(text, file)


def test_has_both_twins_of_each_capability():
    """Each case has something to find and something to leave alone."""
    for name, (_, written) in CASES.items():
        marks = [casefiles.MARK.search(line) for text in written.files.values() for line in text.splitlines()]
        assert {mark[1] for mark in marks if mark} == {"flow", "quiet"}, name
