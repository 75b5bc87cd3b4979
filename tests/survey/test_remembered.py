"""What a whole project told is told again without a reading, and only while all that it stands on is as it was."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ringwork.survey import flows, reading, remembered
from ringwork.survey.taint import shelf
from tests.house import graph

APP = """\
import os

from flask import Flask, render_template, request

app = Flask(__name__)


@app.get("/")
def index():
    os.system(request.args["word"])
    return render_template("note.html", note=request.args["note"])
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An application with a page, a script, a folder of data and a link."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    for name, text in {
        "app.py": APP,
        "templates/note.html": "{{ note|safe }}",
        "scripts/run": "#!/bin/sh\n",
        "config/app.yaml": "debug: false\n",
        "Dockerfile": "FROM python\nCOPY . .\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "linked.py").symlink_to(root / "app.py")
    return root


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that are really read from now on."""
    seen: list[Path] = []
    plain = reading.read

    def noted(root: Path, **given: int) -> flows.SourceFacts:
        seen.append(root)
        return plain(root, **given)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(reading, "read", noted)
    return seen


def kept_file(tmp_path: Path) -> Path:
    """The one file of what is kept of the whole."""
    (path,) = (tmp_path / "cache" / "ringwork").glob("whole-*.kept")
    return path


def test_an_unchanged_project_is_not_read(project: Path, readings: list[Path]) -> None:
    """Every field comes back as it was; and what it is worth looking at is in it."""
    plain = reading.read(project)
    readings.clear()
    assert [remembered.read(project) for _ in range(3)] == [plain] * 3
    assert readings == [project]
    assert {flow.kind for flow in plain.flows} >= {"command", "html", "ignore-rules"}


def test_touching_files_changes_nothing(project: Path, readings: list[Path]) -> None:
    """What counts is what stands in files, not when they were written."""
    remembered.read(project)
    for path in project.rglob("*"):
        os.utime(path, (1, 1))
    remembered.read(project)
    assert len(readings) == 1


def relinked(root: Path) -> None:
    """The link leads elsewhere, to the same bytes."""
    (root / "linked.py").unlink()
    (root.parent / "outside.py").write_text(APP)
    (root / "linked.py").symlink_to(root.parent / "outside.py")


def swapped(root: Path) -> None:
    """Two files change their names."""
    (root / "app.py").rename(root / "b.py")
    (root / "config" / "app.yaml").rename(root / "app.py")


def unfolded(root: Path) -> None:
    """A script makes way for a folder of its name."""
    (root / "scripts" / "run").unlink()
    (root / "scripts" / "run").mkdir()


CHANGES: dict[str, Callable[[Path], object]] = {
    "a byte of a module": lambda root: (root / "app.py").write_text(APP.replace("word", "wort")),
    "a page": lambda root: (root / "templates" / "note.html").write_text("{{ note }}"),
    "a setting": lambda root: (root / "config" / "app.yaml").write_text("debug: true\n"),
    "a script becomes one of Python": lambda root: (root / "scripts" / "run").write_text("#!/usr/bin/env python\n"),
    "a new module": lambda root: (root / "more.py").write_text(""),
    "a new folder": lambda root: (root / "more").mkdir(),
    "a new hidden file": lambda root: (root / ".env").write_text("SECRET=1\n"),
    "one that goes": lambda root: (root / "templates" / "note.html").unlink(),
    "another name": lambda root: (root / "app.py").rename(root / "web.py"),
    "names that are swapped": swapped,
    "a link that leads elsewhere": relinked,
    "a folder that becomes an environment": lambda root: (root / "config" / "pyvenv.cfg").write_text(""),
    "a file that grows too large": lambda root: (root / "app.py").write_bytes(b"#" * (2 * 1024 * 1024 + 1)),
    "a file that becomes a folder": unfolded,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_is_read(project: Path, readings: list[Path], change: Callable[[Path], object]) -> None:
    """One of everything that a reader may come by; what is told is what a reading without anything kept tells."""
    remembered.read(project)
    change(project)
    told = remembered.read(project)
    assert len(readings) == 2
    assert told == reading.read(project)


def test_what_is_changed_back_is_read_as_it_is(project: Path, readings: list[Path]) -> None:
    """One state is kept, the last one."""
    first = remembered.read(project)
    (project / "app.py").write_text("")
    assert remembered.read(project) != first
    (project / "app.py").write_text(APP)
    assert remembered.read(project) == first
    assert len(readings) == 3


@pytest.mark.parametrize("what", ["code or models", "parser"])
def test_another_reader_reads_again(project: Path, readings: list[Path], monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """What one engine told is no word of another one."""
    remembered.read(project)
    if what == "parser":
        monkeypatch.setattr("importlib.metadata.version", lambda name: "0.0")
        monkeypatch.setattr(shelf, "engine", shelf.engine.__wrapped__)
    else:
        monkeypatch.setattr(shelf, "engine", lambda: "another")
    remembered.read(project)
    assert len(readings) == 2


def test_what_reads_stands_in_what_the_engine_is_named_by() -> None:
    """Every module that a reading brings in is in one of the folders whose bytes are part of the name; so is whoever parses."""
    edges: dict[str, set[str]] = {}
    for found in graph.inner():
        edges.setdefault(found.source, set()).add(found.target)
    reached, waiting = set[str](), ["ringwork.survey.reading"]
    while waiting:
        name = waiting.pop()
        if name not in reached and name in graph.modules():
            reached.add(name)
            waiting.extend(edges.get(name, ()))
    rooms = {f"ringwork.{room.replace('/', '.')}" for room in shelf.ROOMS}
    alone = {f"ringwork.{name.removesuffix('.py')}" for name in shelf.ALONE}
    assert len(reached) > 100
    assert {name for name in reached if name not in rooms | alone and name.rpartition(".")[0] not in rooms} == set()
    outside = {found.root.replace("_", "-") for found in graph.third_party() if found.source in reached}
    assert outside == set(shelf.PARSERS)


@pytest.mark.parametrize("given", ["index", "exclude"])
def test_what_git_keeps_and_ignores_is_part_of_it(project: Path, readings: list[Path], given: str) -> None:
    """An environment file that git takes in is told, though no file of the project changed."""
    (project / ".env").write_text("SECRET_KEY=abcdefghij\n")
    subprocess.run(["git", "init", "-q", project], check=True)
    before = remembered.read(project)
    if given == "index":
        subprocess.run(["git", "-C", project, "add", ".env"], check=True)
    else:
        (project / ".git" / "info" / "exclude").write_text(".env\n")
    after = remembered.read(project)
    assert len(readings) == 2
    assert after == reading.read(project)
    assert after != before


def test_a_name_that_is_no_text_hides_no_answer_of_git(project: Path, readings: list[Path]) -> None:
    """A file of another time's encoding is part of the state, and git is asked of the others."""
    subprocess.run(["git", "init", "-q", project], check=True)
    (project / ".env").write_text("SECRET_KEY=abcdefghij\n")
    Path(os.fsdecode(bytes(project) + b"/caf\xe9.txt")).write_text("")
    remembered.read(project)
    remembered.read(project)
    (project / ".git" / "info" / "exclude").write_text(".env\n")
    remembered.read(project)
    assert len(readings) == 2


def test_what_is_written_meanwhile_is_not_kept(project: Path, monkeypatch: pytest.MonkeyPatch, readings: list[Path]) -> None:
    """Nobody knows which bytes were read: the next run reads."""
    noted = reading.read

    def interrupted(root: Path, **given: int) -> flows.SourceFacts:
        facts = noted(root, **given)  # type: ignore[arg-type] # passed on as they came
        (root / "app.py").write_text("")
        (root / "app.py").write_text(APP)
        return facts

    monkeypatch.setattr(reading, "read", interrupted)
    remembered.read(project)
    monkeypatch.setattr(reading, "read", noted)
    remembered.read(project)
    remembered.read(project)
    assert len(readings) == 2


class Forged:
    """What a forged file would have the reader run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("run by the reader",)


@pytest.mark.parametrize("form", ["empty", "half", "text", "forged", "another shape"])
def test_a_damaged_or_forged_file_is_read_over(
    project: Path, tmp_path: Path, readings: list[Path], capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """Only findings come out of it, and a whole one takes its place."""
    plain = remembered.read(project)
    path = kept_file(tmp_path)
    whole = path.read_bytes()
    digest = pickle.loads(whole)[0]
    path.write_bytes({
        "empty": b"", "half": whole[: len(whole) // 2], "text": b"{}",
        "forged": pickle.dumps((digest, Forged())), "another shape": pickle.dumps((digest, "facts")),
    }[form])  # fmt: skip
    assert remembered.read(project) == plain
    assert remembered.read(project) == plain
    assert len(readings) == 2
    assert capsys.readouterr().out == ""


def test_a_pipe_and_what_may_not_be_read_end_no_run(project: Path, readings: list[Path]) -> None:
    """They are part of the state, and nobody waits for a pipe."""
    os.mkfifo(project / "pipe")
    (project / "nowhere.py").symlink_to(project / "nowhere.py")
    assert remembered.read(project) == remembered.read(project) == reading.read(project)
    assert len(readings) == 2


LIGHT = {"ringwork.survey.taint.files", "ringwork.survey.taint.shelf"}
"""What is no more than names of files and their bytes."""


def loaded(project: Path) -> Iterator[str]:
    """What a check of this project loads, in a process of its own."""
    code = "import sys; from ringwork.cli import main; main.main(['check', '--no-tools', sys.argv[1]]); print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code, project], capture_output=True, text=True, check=True)
    yield from done.stdout.splitlines()


def test_a_check_of_an_unchanged_project_loads_nothing_that_reads(project: Path) -> None:
    """That would take longer than all the rest."""
    assert "ringwork.survey.taint.evaluator" in set(loaded(project))
    assert {name for name in loaded(project) if name.startswith("ringwork.survey.taint.")} == LIGHT
