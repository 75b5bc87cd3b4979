"""The same source gives the same flows, byte for byte: whatever the seed of hashes, and however many processes read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ringwork.survey.taint import analysis
from tests.survey.taint import casefiles

READ = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from ringwork.survey.taint import analysis
analysis._SHARE = 2
print(json.dumps(asdict(analysis.analyse(Path(sys.argv[1]), jobs=int(sys.argv[2])))))
"""
SHARED = "import os, sqlite3\n\ndef run(text):\n    os.system(text)\n\ndef ask(text):\n    sqlite3.connect('a').execute('SELECT ' + text)\n"
VIEW = """
from flask import Flask, request
from shared import ask, run

app = Flask(__name__)

@app.route("/{number}")
def view_{number}():
    words = {{request.args.get(name) for name in ("a", "b", "c")}}
    for word in words:
        run(word)
        run("ls " + word)
    ask(request.form["d"])
    return "<p>" + request.args["e"]
"""


def _read(root: Path, seed: str, jobs: int) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    told = subprocess.run([sys.executable, "-c", READ, root, str(jobs)], env=environment, capture_output=True, check=True)
    return told.stdout


def test_seed_and_processes_leave_no_trace(tmp_path: Path) -> None:
    """Against reports that differ from run to run: what is new in one must be new in the source."""
    (tmp_path / "shared.py").write_text(SHARED)
    for number in range(7):
        (tmp_path / f"view{number}.py").write_text(VIEW.format(number=number))
    first = _read(tmp_path, "1", 1)
    assert b"view_6" in first
    assert b"os.system" in first
    assert _read(tmp_path, "2", 1) == first
    assert _read(tmp_path, "3", 2) == first


CIRCLES = """
import sqlite3

def many(word, number):
    return first(word, number) if number else word

def first(word, number):
    return second(word + str(number), number - 1)

def second(word, number):
    sqlite3.connect("a").execute("SELECT " + word)
    return many(word, number) if number > 2 else first(word, number + 1)

ONE = [TWO]
TWO = [ONE, many("id", 3)]
"""
CHOSEN = """
import os

def ask(word, number):
    if number == "never":
        os.system(word)

def run(word):
    os.system(word)
"""
MANY = "\n".join(f'    ask(word, "{{0}}{number}")' for number in range(12))
USE = """
from flask import Flask, request
from circles import {0}, ONE, TWO
from shared import ask, run

app = Flask(__name__)

@app.route("/{0}/<path:rest>")
def view_{0}(rest):
    word = {0}(request.args["word"], {1})
    for other in ONE + TWO:
        word += str(other)
{2}
    run(request.args["word"])
    return request.path
"""


def test_what_was_read_before_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a finding that comes and goes with the other modules that are read: each by itself or all together, it is the same."""
    (tmp_path / "shared.py").write_text(CHOSEN)
    (tmp_path / "circles.py").write_text(CIRCLES)
    for index, name in enumerate(("many", "first", "second")):
        (tmp_path / f"use{index}.py").write_text(USE.format(name, index, MANY.format(name)))
    for case in casefiles.read()[::3]:
        written = casefiles.write(case, case.frameworks[-1])
        for name, text in written.files.items():
            file = tmp_path / written.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    together = analysis.analyse(tmp_path)
    monkeypatch.setattr(analysis, "_ALONE", 1)
    assert analysis.analyse(tmp_path) == together
    assert {"circles.py", "shared.py"} <= {flow.place.file for flow in together.flows}
