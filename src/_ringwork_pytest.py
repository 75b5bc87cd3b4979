"""pytest's door to ringwork: options, settings and fixtures.

Against a tool that everybody pays for and few ask for: every pytest run of every user loads this file, so it stands outside the
package, whose face would load the whole run time; `ringwork.suite` is loaded when a target is named or a fixture is used.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

SESSION, FIXTURES, PREDICTABLE = "ringwork.suite.session", "ringwork.suite.fixtures", "ringwork.suite.predictable"
"""What is loaded when it is asked for."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, each with the setting of pytest's own file that it goes before."""
    group = parser.getgroup("ringwork", "defences, proven by attacks on a copy (ringwork)")
    group.addoption("--ringwork", dest="ringwork", metavar="TARGET", help="Prove this application, module:app: one test a check and route.")
    group.addoption("--ringwork-select", action="append", metavar="ID", help="Only this layer, control or check; may be repeated.")
    group.addoption("--ringwork-ignore", action="append", metavar="ID", help="Not this layer, control or check; may be repeated.")
    group.addoption("--ringwork-profile", metavar="NAME", help="Controls up to: baseline, standard, high.")
    group.addoption(
        "--ringwork-quick", action="store_true", default=None, help="Take no guard out: finds what is violated, and proves nothing."
    )
    group.addoption("--ringwork-deep", action="store_true", default=None, help="Timing checks too, and every layer behind each attack.")
    group.addoption("--ringwork-options", metavar="WORDS", help="More options of `ringwork prove`, for example '--factory --env A=1'.")
    group.addoption(
        "--ringwork-random", action="store_true", default=None, help="Python's random fails the test where security code asks it."
    )
    parser.addini("ringwork_random", "true: as --ringwork-random", type="bool", default=False)
    parser.addini("ringwork_random_allow", "modules that may ask it whatever they are named", type="args", default=[])
    parser.addini("ringwork", "the application that every run of the whole suite proves, module:app", default="")
    parser.addini("ringwork_app", "the application of the fixtures, module:app, where it is not the one that is proven", default="")
    parser.addini("ringwork_select", "layers, controls or checks", type="args", default=[])
    parser.addini("ringwork_ignore", "layers, controls or checks", type="args", default=[])
    parser.addini("ringwork_profile", "baseline, standard or high", default="")
    parser.addini("ringwork_quick", "true: as --ringwork-quick", type="bool", default=False)
    parser.addini("ringwork_deep", "true: as --ringwork-deep", type="bool", default=False)
    parser.addini("ringwork_options", "more options of `ringwork prove`", type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Load what proves, where a target is named; nothing at all elsewhere."""
    given = config.getoption("ringwork")
    if given or (given is None and config.getini("ringwork")):
        importlib.import_module(SESSION).begin(config)
    if config.getoption("ringwork_random") or config.getini("ringwork_random"):
        importlib.import_module(PREDICTABLE).begin(config)


def _fixtures() -> Any:
    return importlib.import_module(FIXTURES)


@pytest.fixture(scope="session")
def _ringwork_opened(pytestconfig: pytest.Config) -> Iterator[Any]:
    yield from _fixtures().opened(pytestconfig)


@pytest.fixture
def ringwork_app(_ringwork_opened: Any) -> Iterator[Any]:
    """The application under its framework's own test client, as nobody: Starlette's TestClient, or Flask's client."""
    yield from _fixtures().as_nobody(_ringwork_opened)


@pytest.fixture
def as_user(_ringwork_opened: Any, ringwork_app: Any) -> Any:
    """`as_user("bob")`: a client signed in as a user of [[prove.users]]; `as_user(Principal(...))`: as whom the tests say."""
    return _fixtures().as_user(_ringwork_opened, ringwork_app)


@pytest.fixture
def assert_denied(_ringwork_opened: Any) -> Any:
    """`assert_denied(answer_or_call, control=..., unchanged=...)`: ringwork refused it, recorded it, and nothing changed."""
    return _fixtures().assert_denied(_ringwork_opened)
