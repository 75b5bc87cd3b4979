"""Sites for the judges: four clinics to look at, two to strike, and the toys that every judge must object to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.judges import clinics


@pytest.fixture(scope="session", params=clinics.each("fastapi", "flask", "django", "aiohttp"))
def clinic(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[clinics.Site]:
    """A clinic to look at."""
    with clinics.clinic(request.param, tmp_path_factory.mktemp("clinic")) as site:
        yield site


@pytest.fixture(scope="session", params=clinics.each("fastapi", "flask"))
def struck(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[clinics.Site]:
    """A clinic to strike: what the judges leave in it disturbs nobody else."""
    with clinics.clinic(request.param, tmp_path_factory.mktemp("struck")) as site:
        yield site


@pytest.fixture(scope="session")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[clinics.Site]:
    """A site with every fault."""
    with clinics.serving("tests.judges.toys:app", tmp_path_factory.mktemp("toys"), "--unguarded") as site:
        yield site
