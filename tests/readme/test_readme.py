"""The README's Python is the Python that runs: its examples stand in tests/typing, where mypy reads them too."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

TOP = Path(__file__).resolve().parents[2]
README = (TOP / "README.md").read_text(encoding="utf-8")
EXAMPLES = ("readme_fastapi", "readme_flask")
ORIGIN = "https://clinic.example"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def _app(name: str) -> Any:
    return runpy.run_path(str(TOP / "tests" / "typing" / f"{name}.py"))["app"]


def _client(name: str) -> Any:
    app = _app(name)
    return app.test_client() if name == "readme_flask" else TestClient(app, base_url=ORIGIN)


def _ask(name: str, path: str) -> Any:
    return _client(name).get(path, **({"base_url": ORIGIN} if name == "readme_flask" else {}))


def test_every_python_block_stands_in_the_typed_examples() -> None:
    """Each block is, letter for letter, a file that is executed here and checked by mypy."""
    files = [(TOP / "tests" / "typing" / f"{name}.py").read_text(encoding="utf-8") for name in EXAMPLES]
    assert _blocks("python") == files


@pytest.mark.parametrize("name", EXAMPLES)
def test_serves_what_is_public(name: str) -> None:
    """The examples' front page is open to anyone, with the headers on it."""
    answer = _ask(name, "/")
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("name", "path"), [("readme_fastapi", "/notes/7"), ("readme_flask", "/nowhere")])
def test_refuses_what_nobody_may_enter(name: str, path: str) -> None:
    """A stranger gets a refusal with an incident number, and nothing of the application."""
    answer = _ask(name, path)
    assert answer.status_code in {401, 404}
    assert answer.headers["incident-id"]


def _pages() -> list[Path]:
    return [*sorted(TOP.glob("*.md")), *sorted((TOP / "docs").rglob("*.md"))]


def test_links_only_to_pages_that_exist() -> None:
    """A newcomer who follows a link, from any page, arrives."""
    dead = [
        f"{page.relative_to(TOP)}: {link}"
        for page in _pages()
        for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert not dead, dead


def test_no_page_promises_a_command_that_is_not_there() -> None:
    """Every `./run` command that a page names is one of ./run."""
    run = (TOP / "run").read_text(encoding="utf-8")
    named = {(page.name, word) for page in _pages() for word in re.findall(r"\./run ([a-z][a-z-]+)", page.read_text(encoding="utf-8"))}
    absent = sorted(f"{page}: ./run {word}" for page, word in named if not re.search(rf"[ |]{word}[ )|]", run.split("main() {")[1]))
    assert not absent, absent


def test_the_first_screen_shows_a_run_that_really_happened() -> None:
    """Between installation and protection stands one captured run with its finding."""
    start, end = README.index("## Find out first"), README.index("## Then protect")
    assert "violated" in README[start:end].lower()
