"""docs/frameworks.md says what the conformance suite shows, and no framework is left out without a reason that is shown as well."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest

from tests.frameworks.conformance import table
from tests.frameworks.conformance.denials import DENIALS
from tests.frameworks.conformance.features import FEATURES
from tests.frameworks.conformance.unlike import exceptions_of, frameworks_of, is_footnote
from tests.frameworks.hosts import FRAMEWORKS
from tests.house import graph


def test_the_page_is_what_the_suite_shows_where_all_of_it_holds() -> None:
    """A table that is typed by hand is out of date, and one with a hole in it cannot land."""
    text = table.PAGE.read_text(encoding="utf-8")
    assert text == table.written(text, table.page()), "docs/frameworks.md is out of date; ./run frameworks writes it"
    assert set(table.COLUMNS) == set(FRAMEWORKS)


@pytest.mark.parametrize("module", table.MODULES)
def test_who_is_left_out_is_shown_elsewhere(module: str) -> None:
    """Each exception has a reason, and a test that runs on just the frameworks it leaves out."""
    found = importlib.import_module(table.FOLDER + module)
    for test in [thing for name, thing in vars(found).items() if name.startswith("test_")]:
        for one in exceptions_of(test):
            instead: Any = getattr(found, one.instead, None)
            assert one.frameworks, f"{test.__name__} leaves out a framework that is none"
            assert len(one.because.split()) > 3, f"{test.__name__} leaves out {one.frameworks} and hardly says why"
            assert instead is not None, f"{test.__name__}: {one.instead} is no test of {module}"
            assert set(one.frameworks) <= set(frameworks_of(instead)), f"{one.instead} does not run on {one.frameworks}"
        assert not is_footnote(test) or frameworks_of(test), f"{test.__name__} runs nowhere"


def test_a_reason_that_a_framework_cannot_meet_is_shown_elsewhere() -> None:
    """The same for the table of denials: another refusal there, or a test that exists."""
    named = [one.shown for denial in DENIALS for one in denial.elsewhere.values() if not one.status]
    assert [name for name in named if not _exists(name)] == []


def test_what_the_page_says_of_a_frameworks_own_features_is_shown_by_a_test() -> None:
    """Each row names a test, and the test is there."""
    assert [name for feature in FEATURES for name in feature.shown if not _exists(name)] == []


def _exists(name: str) -> bool:
    path, _, test = name.partition("::")
    file = graph.TOP / path
    return file.is_file() and re.search(rf"^def {re.escape(test)}\(", file.read_text(encoding="utf-8"), re.MULTILINE) is not None
