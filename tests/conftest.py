"""What holds for every test: with RINGWORK_REQUIRE_REAL=1 a real part that is skipped is a failure."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

REQUIRED = "RINGWORK_REQUIRE_REAL"


def _is_required() -> bool:
    return os.environ.get(REQUIRED) == "1"


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
