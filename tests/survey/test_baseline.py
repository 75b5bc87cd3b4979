"""The list of approved public routes, as it is found and read."""

from __future__ import annotations

from pathlib import Path

from ringwork.survey import baseline


def test_reads_names_and_passes_over_what_is_for_people(tmp_path: Path) -> None:
    """A reason stands behind #, blank lines and comments say nothing."""
    (tmp_path / baseline.FILE).write_text("# approved\n\nGET /  # the front page\n  POST   /login\nGET,POST /a/{b}\n", encoding="utf-8")
    assert baseline.approved(tmp_path, root=tmp_path) == ("GET /", "POST /login", "GET,POST /a/{b}")


def test_takes_the_nearest_list(tmp_path: Path) -> None:
    """One of several applications in a repository has its own; the others share that above them."""
    inner = tmp_path / "apps" / "shop"
    inner.mkdir(parents=True)
    (tmp_path / baseline.FILE).write_text("GET /\n", encoding="utf-8")
    assert baseline.approved(inner, root=tmp_path) == ("GET /",)
    (inner / baseline.FILE).write_text("GET /shop\n", encoding="utf-8")
    assert baseline.approved(inner, root=tmp_path) == ("GET /shop",)


def test_looks_no_further_than_the_project(tmp_path: Path) -> None:
    """A file above the project is somebody else's."""
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / baseline.FILE).write_text("GET /\n", encoding="utf-8")
    assert baseline.approved(project, root=project) is None


def test_tells_an_empty_list_from_none(tmp_path: Path) -> None:
    """Nothing approved means that nothing may be public."""
    (tmp_path / baseline.FILE).write_text("# nothing yet\n", encoding="utf-8")
    assert baseline.approved(tmp_path, root=tmp_path) == ()
