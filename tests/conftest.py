"""What holds for every test: with RINGWORK_REQUIRE_REAL=1 a real part that is skipped is a failure."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator

import pytest
from _pytest.nodeid import coerce_node_id

REQUIRED = "RINGWORK_REQUIRE_REAL"


def _is_required() -> bool:
    return os.environ.get(REQUIRED) == "1"


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Keep what was imported and collected from the collector of garbage, which would go through millions of objects again and again.

    It stays alive until the end anyway. What a test itself makes is collected as ever.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        if "trio" in sys.modules:
            import hypothesis.entry_points  # noqa: F401  # asks who refers to trio's source of chance, which what is frozen does not tell
        gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Have tests of one xdist_group run on one worker, so that what they share is made once.

    pytest-xdist 3.8 writes the group into `_nodeid`, where pytest 9.2 does not look any more; without this the marks say nothing.
    """
    for item in session.items:
        grouped = vars(item).get("_nodeid")
        if isinstance(grouped, str) and "@" in grouped and "@" not in item.nodeid:
            item._id = coerce_node_id(grouped)  # type: ignore[attr-defined]  # see above


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test marked `real` into a failure where real parts are required."""
    report = yield
    if report.skipped and _is_required() and item.get_closest_marker("real") is not None:
        report.outcome = "failed"
        report.longrepr = f"{REQUIRED}=1 and this real part was skipped: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole file into a failure too: nobody can tell any more what it held."""
    report = yield
    if report.skipped and _is_required():
        report.outcome = "failed"
        report.longrepr = f"{REQUIRED}=1 and a whole file was skipped: {_reason(report.longrepr)}"
    return report


def _reason(longrepr: object) -> str:
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)
