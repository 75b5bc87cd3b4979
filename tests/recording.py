"""What the tests of the breached clinics saw, kept for `./run sensitivity`, which ships it with the prover."""

from __future__ import annotations

import dataclasses
import json
import os
import uuid
from pathlib import Path

from ringwork.names import CheckId
from ringwork.prove.evidence import Verdict
from ringwork.prove.sensitivity import Entry, digest_of

FOLDER = "RINGWORK_SENSITIVITY"
"""The variable that names the folder; without it nothing is written."""


def record(check: CheckId, *, framework: str, verdict: Verdict, without: tuple[str, ...] = (), planted: str = "") -> None:
    """Note how one check ended on a clinic: with defences taken out, or with a planted fault."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    digest = digest_of(check.partition("/")[0])
    entry = Entry(check=check, framework=framework, digest=digest, verdict=verdict.value, without=without, planted=planted)
    Path(folder, f"{uuid.uuid4().hex}.json").write_text(json.dumps([dataclasses.asdict(entry)]), encoding="utf-8")
