"""Every test that asks for a host runs on every framework, except where it says why not."""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator

import pytest

from tests.frameworks.conformance.denials import DENIALS, SETTINGS
from tests.frameworks.conformance.unlike import frameworks_of
from tests.frameworks.hosts import FRAMEWORKS, Host


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The frameworks on which the claim of the test holds."""
    if "denial" in metafunc.fixturenames:
        met = [(name, denial) for name in FRAMEWORKS for denial in DENIALS if denial.is_met(name)]
        metafunc.parametrize(("framework", "denial"), met, ids=[f"{name}-{denial.name}" for name, denial in met])
    elif "framework" in metafunc.fixturenames:
        metafunc.parametrize("framework", frameworks_of(metafunc.function))


@functools.cache
def kept(framework: str, settings: str) -> Host:
    """One guarded application for all tests that change nothing of it: building one costs more than asking it."""
    return Host(framework, **(SETTINGS[settings]() if settings else {}))


@pytest.fixture(scope="module", autouse=True)
def _released() -> Iterator[None]:
    """No application outlives the tests that ask it: what watches a whole process would take it for its own."""
    yield
    kept.cache_clear()
    gc.collect()


@pytest.fixture
def host(framework: str) -> Host:
    """The application of the suite under the suite's policy, as if nobody had asked it yet."""
    found = kept(framework, "")
    found.forget()
    return found
