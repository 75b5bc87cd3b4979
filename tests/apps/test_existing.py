"""Ordinary applications survive: their own suites pass in observe as they are, and in enforce with the lines that `adopt` prints."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXISTING = Path(__file__).parent / "existing"
SPA = ("--origin", "https://api.example", "--proxy", "10.0.0.5")
APPS = {
    "fastapi_bearer": ("orders:app", ()),
    "fastapi_forms": ("notes:app", ()),
    "fastapi_spa": ("api:app", SPA),
    "aiohttp_bearer": ("orders:app", ()),
    "aiohttp_forms": ("notes:app", ()),
    "aiohttp_spa": ("api:app", ("--origin", "https://api.example", "--proxy", "127.0.0.5")),
    "flask_bearer": ("orders:app", ()),
    "flask_forms": ("notes:app", ()),
    "flask_spa": ("api:app", SPA),
    "django_admin": ("library.wsgi:application", ()),
    "django_bearer": ("shop.wsgi:application", ()),
    "django_forms": ("office.wsgi:application", ()),
}
MOST_LINES = 10
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "suite")
MANAGE = ("manage.py", "test", "suite")
CALL = "\nfrom ringwork import protect\nprotect(app)\n"
HEADING = re.compile(r"(?P<file>[\w./-]+)(, after line (?P<at>\d+)|, at its end|, above its first line that begins with \[| \(new, .*\))?")
CHANGE = re.compile(r"  line (?P<number>\d+), (all of it|only its (?P<part>.*)), becomes  \(")
WHOLE = "all of it"
PROPOSED: dict[str, list[dict[str, Any]]] = {}
INSTALLED = "\nimport ringwork\nringwork.protect()\n"


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in APPS])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """A copy of one application, as its developer has it."""
    return Project(request.param, tmp_path)


class Project:
    """One application in a folder of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, (self.target, self.told) = name, APPS[name]
        self.is_django = name.startswith("django")
        self.folder = folder / name
        shutil.copytree(EXISTING / name, self.folder, ignore=shutil.ignore_patterns("__pycache__"))

    def run(self, *command: str, mode: str = "") -> subprocess.CompletedProcess[str]:
        """One command in the folder."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("RINGWORK_", "PYTEST_"))}
        environment |= {"PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": "1"} | ({"RINGWORK_MODE": mode} if mode else {})
        return subprocess.run([sys.executable, *command], cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def suite(self, mode: str = "") -> subprocess.CompletedProcess[str]:
        """The application's own tests."""
        return self.run(*(MANAGE if self.is_django else PYTEST), mode=mode)

    def attacks(self, mode: str = "") -> dict[str, Any]:
        """Which attacks worked."""
        done = self.run(str(EXISTING / "runner.py"), self.target, mode=mode)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def proposed(self) -> list[dict[str, Any]]:
        """The lines that `ringwork adopt` prints; asked for once, since every copy of an application begins with the same files."""
        if self.name in PROPOSED:
            return PROPOSED[self.name]
        done = self.run(str(Path(sys.executable).parent / "ringwork"), "adopt", self.target, *self.told, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        lines: list[dict[str, Any]] = json.loads(done.stdout)["lines"]
        return PROPOSED.setdefault(self.name, lines)

    def printed(self) -> str:
        """What `ringwork adopt` prints for a person."""
        done = self.run(str(Path(sys.executable).parent / "ringwork"), "adopt", self.target, *self.told)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def paste(self, text: str) -> int:
        """What a developer does who has nothing but the printed text: each line goes where its heading says. How many there were."""
        file, at, number, part = "", 0, 0, ""
        changes: list[tuple[str, int, str, str]] = []  # file, line that it stands at or goes after, what it replaces, text
        for line in text.partition("\nYours to decide:")[0].splitlines():  # the rest is a person's to say
            heading = HEADING.fullmatch(line)
            change = CHANGE.match(line)
            if heading:
                file, at = heading["file"], int(heading["at"] or 0)
            elif change:
                number, part = int(change["number"]), change["part"] or ""
            elif line.startswith("    ") and number:
                changes.append((file, number, part or WHOLE, line[4:]))
                number = 0
            elif line.startswith("  "):
                changes.append((file, at, "", line[2:]))
        numbered = sorted((one for one in reversed(changes) if one[1]), key=lambda one: -one[1])
        for name, place, old, new in [*numbered, *(one for one in changes if not one[1])]:
            path = self.folder / name
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            if old == WHOLE:
                lines[place - 1] = new
            elif old:
                assert old in lines[place - 1]
                lines[place - 1] = lines[place - 1].replace(old, new)
            else:
                lines.insert(place or len(lines), new)
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return len(changes)

    def write(self, lines: list[dict[str, Any]]) -> None:
        """What a developer does with them: those with a number in their place, from the last upward; the others at the end."""
        numbered = sorted((line for line in reversed(lines) if line["at"]), key=lambda one: -one["at"])
        for line in [*numbered, *(line for line in lines if not line["at"])]:
            path = self.folder / line["file"]
            text = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            if line["replaces"]:
                text[line["at"] - 1] = text[line["at"] - 1].replace(line["replaces"], line["text"])
            else:
                text.insert(line["at"] or len(text), line["text"])
            path.write_text("\n".join(text) + "\n", encoding="utf-8")

    def guard(self) -> None:
        """The one call, and nothing else."""
        package = self.target.partition(".")[0] if self.is_django else self.target.partition(":")[0]
        path = self.folder / package / "settings.py" if self.is_django else self.folder / f"{package}.py"
        path.write_text(path.read_text(encoding="utf-8") + (INSTALLED if self.is_django else CALL), encoding="utf-8")


@pytest.mark.slow
def test_suite_passes_in_observe_as_it_is(project: Project) -> None:
    """With protect() and RINGWORK_MODE=observe nothing of the application changes, so nothing of its suite does."""
    project.guard()
    done = project.suite("observe")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_suite_passes_in_enforce_with_the_printed_lines(project: Project) -> None:
    """At most ten lines, pasted from the text that adopt prints; no legitimate request of the suite is refused."""
    lines = project.proposed()
    assert len(lines) <= MOST_LINES, [line["text"] for line in lines]
    assert all(line["reason"] for line in lines)
    assert project.paste(project.printed()) == len(lines)
    done = project.suite("enforce")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_every_planted_attack_is_refused(project: Project) -> None:
    """Each works on the bare application, so that its refusal means something; with the printed lines none does."""
    bare = project.attacks()
    assert bare, "no attack is planted"
    assert all(worked is True for worked in bare.values()), bare
    project.write(project.proposed())
    guarded = project.attacks("enforce")
    assert not [name for name, worked in guarded.items() if worked is True], guarded
