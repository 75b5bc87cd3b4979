"""What was read is kept until something that it stands on changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.survey.flows import Entry, Flow, SourceFacts, Step, Strength, Unbound, Unread
from ringwork.survey.taint import analysis, files, keeping

FACTS = SourceFacts(
    flows=(
        Flow(
            kind="sql", strength=Strength.WEAK, sink="sqlite3.Cursor.execute", entry=Entry(kind="query", name="q"),
            steps=(Step(file="a.py", line=1, column=2, said="comes in"), Step(file="a.py", line=3, column=4, said="is executed")),
            function="a.f", routes=("GET /a",), detail="one", context="SELECT é",
        ),
    ),
    unread=(Unread(file="b.py", line=0, why="it is binary"),),
    unbound=(Unbound(model="flask", name="flask.x", why="none"),),
    files=2,
    lines=9,
)  # fmt: skip


class Reader:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> SourceFacts:
        self.asked += 1
        return FACTS


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("a = 1\n")
    (root / "c.py").write_text("c = 1\n")
    return root


def test_the_second_reading_is_the_kept_one(project: Path, tmp_path: Path) -> None:
    """Every field comes back as it was, and nothing is read again."""
    reader = Reader()
    for _ in range(2):
        assert keeping.kept(files.listing(project), reader, folder=tmp_path / "kept") == FACTS
    assert reader.asked == 1


@pytest.mark.parametrize("change", ["content", "new", "gone", "renamed", "unread"])
def test_whatever_changes_is_read_again(project: Path, tmp_path: Path, change: str) -> None:
    """Against findings of another day: no change of a file goes unseen."""
    reader = Reader()
    keeping.kept(files.listing(project), reader, folder=tmp_path / "kept")
    if change == "content":
        (project / "a.py").write_text("a = 2\n")
    elif change == "new":
        (project / "d.py").write_text("")
    elif change == "gone":
        (project / "c.py").unlink()
    elif change == "renamed":
        (project / "c.py").rename(project / "e.py")
    else:
        (project / "f.py").write_bytes(b"\0")
    keeping.kept(files.listing(project), reader, folder=tmp_path / "kept")
    assert reader.asked == 2


def test_another_engine_reads_again(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that was mended finds what the old one did not."""
    reader = Reader()
    keeping.kept(files.listing(project), reader, folder=tmp_path / "kept")
    monkeypatch.setattr(keeping, "_engine", lambda: "another")
    keeping.kept(files.listing(project), reader, folder=tmp_path / "kept")
    assert reader.asked == 2


@pytest.mark.parametrize("damaged", ["", "{", "[]", "{}", '{"flows": [{}], "unread": [], "unbound": [], "files": 1, "lines": 1}'])
def test_a_damaged_result_is_read_again(project: Path, tmp_path: Path, damaged: str) -> None:
    """Half a file is no result, and is replaced by a whole one."""
    reader = Reader()
    keeping.kept(files.listing(project), reader, folder=tmp_path / "kept")
    (path,) = (tmp_path / "kept").iterdir()
    path.write_text(damaged)
    assert keeping.kept(files.listing(project), reader, folder=tmp_path / "kept") == FACTS
    assert keeping.kept(files.listing(project), reader, folder=tmp_path / "kept") == FACTS
    assert reader.asked == 2


def test_a_folder_that_cannot_be_written_only_costs_time(project: Path, tmp_path: Path) -> None:
    """A read-only home ends no run."""
    (tmp_path / "kept").write_text("a file, no folder")
    reader = Reader()
    assert keeping.kept(files.listing(project), reader, folder=tmp_path / "kept") == FACTS
    assert reader.asked == 1


def test_a_file_that_goes_away_is_left_to_the_reader(project: Path, tmp_path: Path) -> None:
    """Between the listing and the reading a file may vanish; the reader names it."""
    listing = files.listing(project)
    (project / "a.py").unlink()
    assert keeping.kept(listing, Reader(), folder=tmp_path / "kept") == FACTS
    assert not (tmp_path / "kept").exists()


def test_of_many_projects_the_oldest_go(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that only grows is somebody's full disk."""
    monkeypatch.setattr(keeping, "_MOST_PROJECTS", 2)
    for number in range(4):
        (project / "a.py").write_text(f"a = {number}\n")
        keeping.kept(files.listing(project), Reader(), folder=tmp_path / "kept")
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_a_kept_analysis_is_the_analysis(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a pre-commit check shows the second time is what it showed the first time, and what it would show without keeping."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (project / "a.py").write_text("import hashlib\nhashlib.md5(b'a')\n")
    plain = analysis.analyse(project)
    assert plain.flows
    assert analysis.analyse(project, is_kept=True) == plain
    monkeypatch.setattr(analysis.Reading, "all", lambda *_, **__: SourceFacts())
    assert analysis.analyse(project, is_kept=True) == plain
