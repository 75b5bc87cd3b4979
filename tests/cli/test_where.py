"""`ringwork where CONTROL`."""

from __future__ import annotations

import pytest

from ringwork.report import status


def lines_of(out: str) -> dict[str, tuple[str, str]]:
    return {part: (path, state) for part, path, state in (line.split("\t") for line in out.splitlines())}


def test_gives_every_address_whether_something_stands_there_or_not(run) -> None:
    """The row is always there; what is not yet written has its address too."""
    found = lines_of(run("where", "infrastructure.zero-trust-overlay").out)
    assert found["row"] == ("src/ringwork/controls/infrastructure.toml", "there")
    assert found["page"] == ("docs/controls/infrastructure/zero_trust_overlay.md", "missing")
    assert "guard" not in found


def test_finds_a_control_by_alias(run) -> None:
    """The same names lead here as to the explanation."""
    assert lines_of(run("where", "csp").out)["proof"][0] == "src/ringwork/prove/browser/content_security_policy.py"


def test_an_unknown_control_is_a_usage_error(run) -> None:
    """An address that does not exist is not made up."""
    assert run("where", "browser.nothing-at-all").code == 2


def test_says_what_cannot_be_known_without_the_repository(run, monkeypatch, tmp_path) -> None:
    """An installed package has no tests and no pages to look at."""
    monkeypatch.setattr(status, "trees", lambda: status.Trees(package=tmp_path, repository=None))
    found = lines_of(run("where", "browser.csrf").out)
    assert found["guard"] == (str(tmp_path / "enforce/browser/csrf.py"), "missing")
    assert found["page"] == ("docs/controls/browser/csrf.md", "not looked at: no repository here")


@pytest.mark.parametrize("width", [40, 70, 120])
def test_a_terminal_of_any_width_shows_every_address_whole(run, width: int) -> None:
    """A path can be copied from the window."""
    assert "src/ringwork/enforce/browser/csrf.py" in run("where", "browser.csrf", terminal=width).text


def test_a_terminal_tells_why_there_is_no_address_of_a_guard(run) -> None:
    """A reader does not look for the guard that is not in the list."""
    assert "it has a proof only" in run("where", "sbom", terminal=120).text
