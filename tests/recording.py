"""What the tests of the breached clinics saw, kept for `./run sensitivity`, which ships it with the prover."""

from __future__ import annotations

import dataclasses
import json
import os
import uuid
from pathlib import Path

from ringwork.prove.evidence import Report, Verdict
from ringwork.prove.sensitivity import Entry, digest_of

FOLDER = "RINGWORK_SENSITIVITY"
"""The variable that names the folder; without it nothing is written."""


def record(report: Report, *, framework: str, without: tuple[str, ...]) -> None:
    """Note each check of the controls in `without` that this run on a breached clinic saw violated."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    entries = [
        Entry(check=result.check, framework=framework, digest=digest_of(control), verdict=result.verdict.value, without=without)
        for result in report.results
        if (control := result.check.partition("/")[0]) in without and result.verdict is Verdict.VIOLATED
    ]
    text = json.dumps([dataclasses.asdict(entry) for entry in entries])
    Path(folder, f"{uuid.uuid4().hex}.json").write_text(text, encoding="utf-8")
