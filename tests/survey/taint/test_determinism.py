"""The same source gives the same flows, byte for byte: whatever the seed of hashes, and however many processes read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
