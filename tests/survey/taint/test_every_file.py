"""Every file of a project is read: one that is left out in silence would look as clean as one without a fault."""

from __future__ import annotations

from ringwork.survey.taint.analysis import analyse

FAULT = """import os
from flask import Flask, request

app = Flask(__name__)


@app.get("/")
def run():
    os.system(request.args["x"])
"""


def _found(root):
    facts = analyse(root)
    return facts.files, {flow.place.file for flow in facts.flows if flow.kind == "command"}


def test_reads_each_of_several_files_that_are_no_modules(tmp_path):
    """Migrations, scripts and folders with a dash have no dotted name; none of them stands in another's place."""
    names = ["0001_first.py", "0002_second.py", "my-tools/run.py", "my-tools/0003_third.py"]
    (tmp_path / "my-tools").mkdir()
    for name in names:
        (tmp_path / name).write_text(FAULT, encoding="utf-8")
    assert _found(tmp_path) == (4, set(names))


def test_reads_both_files_of_one_name(tmp_path):
    """Two roots of imports may each have a module of the same name."""
    names = ["one/src/views.py", "two/src/views.py"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(FAULT, encoding="utf-8")
    assert _found(tmp_path) == (2, set(names))
