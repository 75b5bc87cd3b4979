"""The lines of a suite that make a test client are found, and written as a browser's stand-in should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.survey.suites import clients


def changed(tmp_path: Path, line: str, name: str = "conftest.py") -> list[str]:
    (tmp_path / name).write_text(f"import shop\n\n{line}\n", encoding="utf-8")
    return [client.text for client in clients(tmp_path, origin="https://testserver")]


def test_gives_a_starlette_client_address_and_origin(tmp_path: Path) -> None:
    """Over https, so that it sends Secure cookies back."""
    expected = '    with as_browser(TestClient(shop.app, base_url="https://testserver"), origin="https://testserver") as client:'
    assert changed(tmp_path, "    with TestClient(shop.app) as client:") == ["from ringwork.testing import as_browser", expected]
    assert changed(tmp_path, expected) == []


def test_keeps_an_address_that_is_given(tmp_path: Path) -> None:
    """Only what is missing is added."""
    expected = 'c = as_browser(TestClient(app, base_url="https://a.example"), origin="https://testserver")'
    assert changed(tmp_path, 'c = TestClient(app, base_url="https://a.example")')[1:] == [expected]


def test_wraps_a_flask_client_and_imports_the_wrapper(tmp_path: Path) -> None:
    """The import goes after the file's first one."""
    assert changed(tmp_path, "    return app.test_client()") == [
        "from ringwork.testing import as_browser",
        '    return as_browser(app.test_client(), origin="https://testserver")',
    ]
    assert clients(tmp_path, origin="https://testserver")[0].line == 1


def test_what_was_pasted_is_left_as_it_is(tmp_path: Path) -> None:
    """A client that is wrapped is wrapped once, and a second one needs no second import."""
    wrapped = 'from ringwork.testing import as_browser\nmade = as_browser(app.test_client(), origin="https://testserver")'
    assert changed(tmp_path, wrapped) == []
    assert changed(tmp_path, f"{wrapped}\nother = app.test_client()") == [
        'other = as_browser(app.test_client(), origin="https://testserver")'
    ]


def test_wraps_an_aiohttp_client_with_its_server(tmp_path: Path) -> None:
    """Its address is known when it starts, so it is wrapped and told none."""
    assert changed(tmp_path, "    client = TestClient(TestServer(shop.app), loop=loop)") == [
        "from ringwork.testing import as_browser",
        "    client = as_browser(TestClient(TestServer(shop.app), loop=loop))",
    ]
    assert changed(tmp_path, "    client = as_browser(TestClient(TestServer(shop.app)))") == []


@pytest.mark.parametrize(
    "line", ["from starlette.testclient import TestClient", "# c = TestClient(app)", "c = TestClient(app, headers={'a': 'b'})"]
)
def test_leaves_what_makes_no_client_or_has_headers(tmp_path: Path, line: str) -> None:
    """A line that says its own headers is the developer's."""
    assert changed(tmp_path, line) == []


def test_reads_files_of_tests_only(tmp_path: Path) -> None:
    """A client that the application itself makes is none of a suite."""
    assert changed(tmp_path, "c = TestClient(app)", name="shop.py") == []
